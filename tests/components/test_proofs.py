"""The delta proof in sentences, and the table behind them."""

from dataclasses import replace

import pytest

from components import format as fmt
from components import proofs
from components.theme import Tone
from hedging.model.exposure import ProofVerdict, Road


@pytest.fixture
def view(fake):
    return fake.step()


def changed(view, **changes):
    each = view.underlyings[0]
    first = replace(each.proofs[0], **changes)
    return replace(view, underlyings=(replace(each, proofs=(first, *each.proofs[1:])),))


def test_agreement_names_its_roads(view):
    line = proofs.proofs(view).lines[0]
    assert line.text == (
        "Our delta agrees with the exchange's by three roads: "
        "net transaction, sum of Black, equity + net (BTC, ETH)."
    )
    assert (line.account, line.tone) == ("main", Tone.GOOD)


def test_disagreement_says_by_how_much_where_and_what_it_stops(view):
    line = proofs.proofs(changed(view, ours=2.5, venue=1.0, verdict=ProofVerdict.RED)).lines[0]
    assert line.text == (
        "Our BTC delta is off the exchange's by +1.5000 BTC by net transaction (BTC margin; 0.0500 allowed). "
        "Automatic hedging stays off for it."
    )
    assert line.tone is Tone.BREACH


def test_amber_stops_nothing(view):
    line = proofs.proofs(changed(view, ours=1.1, venue=1.0, verdict=ProofVerdict.AMBER)).lines[0]
    assert "Automatic" not in line.text
    assert line.tone is Tone.NEAR


def test_what_could_not_be_valued_is_named(view):
    why = "without BTC-25DEC26-100000-C; the rest sums to +1.2000 by net transaction"
    found = proofs.proofs(changed(view, ours=None, verdict=ProofVerdict.UNKNOWN, why=why))
    assert "Not comparable: BTC by net transaction, without BTC-25DEC26-100000-C" in found.lines[0].text
    assert proofs.roads(changed(view, ours=None, why=why)).rows[0].cells[-1].text == why


def test_a_missing_venue_delta_is_unknown_not_zero(view):
    row = proofs.roads(changed(view, venue=None, verdict=ProofVerdict.UNKNOWN)).rows[0]
    cells = dict(zip((column.id for column in proofs.COLUMNS), row.cells, strict=True))
    assert (cells["venue"].text, cells["difference"].text) == (fmt.UNKNOWN, fmt.UNKNOWN)
    assert cells["difference"].value is None


def test_every_road_has_a_row_of_its_own(view):
    rows = proofs.roads(view).rows
    assert len({row.id for row in rows}) == len(rows) == 8
    assert {row.cells[3].text for row in rows} == {road.value for road in Road}


def test_nothing_stated_is_said(view):
    bare = replace(view, underlyings=tuple(replace(each, proofs=()) for each in view.underlyings))
    found = proofs.proofs(bare)
    assert found.lines == ()
    assert "nothing is proved" in found.empty
