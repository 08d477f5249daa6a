"""Terms in words, drafts, what a change would do at once, and the cards and tables of versions."""

from dataclasses import replace
from datetime import timedelta

import pytest

from components import limits_terms, terms_draft, terms_effect, terms_history, terms_waiting, terms_words
from components.terms_draft import Bounds, Draft, Unfit
from components.theme import Tone
from hedging.desk import Person
from hedging.model.limits import WHOLE_BOOK, HedgeTarget, Limit, Measure, Numeraire
from hedging.model.smile import SmileRule
from hedging.model.terms import TermsChange, TermsSource, TermsState
from hedging.model.trading import Role
from hedging.workflow import terms as life

HOSTILE = "<img src=http://evil.example/x onerror=alert(1)>"


@pytest.fixture
def view(fake):
    return fake.step()


@pytest.fixture
def base(view):
    return view.terms.terms.of("BTC")


def draft_of(terms, **changes):
    band = terms.band
    whole = Draft(
        hedged_percent=100 * terms.numeraire.hedged_share,
        lower=band.lower,
        centre=band.centre,
        upper=band.upper,
        target=band.target,
        way_percent=100 * band.share,
        smile=terms.smile,
        max_order_coin=terms.max_order_coin,
        limits=tuple(terms_draft.shown(limit) for limit in terms.limits),
    )
    return replace(whole, **changes)


def with_terms(view, terms):
    return life.changed(view.terms.terms, TermsChange(underlyings=(terms,)))


def proposal(view, terms, **changes):
    change = TermsChange(underlyings=(terms,))
    made = life.propose(view.terms, change, "Tessa", "the book got smaller", view.at, view.terms.number + 1)
    return replace(made, **changes)


class TestWords:
    def test_a_narrower_band_is_one_line(self, view, base):
        narrow = replace(base, band=replace(base.band, lower=-3.0, upper=3.0))
        lines = [one.sentence for one in terms_words.changes(view.terms.terms, with_terms(view, narrow))]
        assert lines == ["BTC band: −5 … +5 BTC → −3 … +3 BTC"]

    def test_every_kind_of_change_is_said_in_the_desks_units(self, view, base):
        limits = tuple(
            replace(limit, soft=2e6, hard=5e6) if limit.measure is Measure.VEGA else limit
            for limit in base.limits
            if limit.measure is not Measure.GROSS_NOTIONAL
        )
        other = replace(
            base,
            numeraire=Numeraire(0.25),
            smile=SmileRule.STICKY_MONEYNESS,
            band=replace(base.band, target=HedgeTarget.PART, share=0.4, centre=1.0),
            limits=limits,
            max_order_coin=2.5,
        )
        lines = [one.sentence for one in terms_words.changes(view.terms.terms, with_terms(view, other))]
        assert lines == [
            "BTC numeraire: keep my coins → hedge 25% of equity",
            "BTC smile rule: sticky strike → sticky moneyness",
            "BTC band: −5 … +5 BTC → −5 … +5 BTC, centre 1",
            "BTC outside its band: hedge to its centre → hedge 40 % of the way to its centre",
            "BTC largest order: 10 BTC → 2.5 BTC",
            "BTC vega: soft 30,000, hard 40,000 USD / pt → soft 20,000, hard 50,000 USD / pt",
            "BTC gross notional: soft 18,750,000, hard 25,000,000 USD → none",
        ]

    def test_a_small_change_of_a_large_bound_is_not_rounded_away(self, base):
        limit = next(limit for limit in base.limits if limit.measure is Measure.GROSS_NOTIONAL)
        assert terms_words.limit_words(limit) != terms_words.limit_words(replace(limit, hard=25_010_000.0))

    def test_nothing_is_nothing(self, view):
        assert terms_words.changes(view.terms.terms, view.terms.terms) == ()


class TestDraft:
    def test_an_untouched_form_is_exactly_the_terms_in_force(self, base):
        scope = base.limits[0].scope
        theta = Limit(scope=scope, measure=Measure.THETA, soft=1e6 / 3, hard=999_999.7)
        assert 365 * (theta.hard / 365) != theta.hard or 365 * (theta.soft / 365) != theta.soft
        base = replace(base, limits=(*base.limits, theta))
        assert terms_draft.terms_of(draft_of(base), base) == base

    def test_vega_and_theta_are_typed_in_desk_units(self, base):
        vega = next(limit.scope for limit in base.limits)
        typed = Bounds(scope=vega, measure=Measure.THETA, soft=1_000.0, hard=2_000.0)
        made = terms_draft.terms_of(draft_of(base, limits=(typed,)), base)
        assert made.limits == (Limit(scope=vega, measure=Measure.THETA, soft=365_000.0, hard=730_000.0),)

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"lower": None}, "BTC band: give its lower edge"),
            ({"lower": 6.0}, "the lower edge has to lie below the centre"),
            ({"hedged_percent": None}, "from 0 to 100 %"),
            ({"hedged_percent": 101.0}, "from 0 to 100 %"),
            ({"max_order_coin": 0.0}, "largest order: give a number of BTC above zero"),
            ({"max_order_coin": None}, "largest order: give a number of BTC above zero"),
            ({"target": HedgeTarget.PART, "way_percent": None}, "how far towards the centre"),
        ],
    )
    def test_what_is_no_number_is_a_sentence(self, base, changes, says):
        found = terms_draft.terms_of(draft_of(base, **changes), base)
        assert isinstance(found, Unfit)
        assert any(says in sentence for sentence in found.sentences)

    @pytest.mark.parametrize(
        ("soft", "hard", "says"),
        [
            (5.0, None, "give both bounds, or neither"),
            (None, 5.0, "give both bounds, or neither"),
            (0.0, 5.0, "above zero"),
            (float("nan"), 5.0, "above zero"),
            (6.0, 5.0, "the soft bound 6 lies above the hard bound 5"),
        ],
    )
    def test_bounds_that_are_none_are_a_sentence_with_their_unit(self, soft, hard, says):
        each = Bounds(scope=WHOLE_BOOK, measure=Measure.GAMMA_1PCT, soft=soft, hard=hard)
        sentence = next(terms_draft.limit_sentences((each,)))
        assert says in sentence
        assert "whole book gamma for 1 % (USD / 1 %)" in sentence

    def test_premises_are_read_from_the_view(self, view):
        found = terms_draft.premises(view)
        assert found.lots["BTC"] == pytest.approx(10 / view.underlyings[0].exposure.index)
        assert (found.accounts, found.venues) == ({"main"}, {"paper"})
        bare = replace(view, hedges=())
        assert terms_draft.premises(bare).lots == {"BTC": None, "ETH": None}


class TestAtOnce:
    def lines(self, view, terms, smiles=None):
        return [line.text for line in terms_effect.at_once(view, smiles or {}, with_terms(view, terms))]

    def test_a_band_that_the_delta_has_left_asks_for_a_hedge(self, view, base):
        each = view.underlyings[0]
        inside = replace(view, underlyings=(replace(each, exposure=replace(each.exposure, delta_net=4.0)),))
        narrow = replace(base, band=replace(base.band, lower=-3.0, upper=3.0))
        found = terms_effect.at_once(inside, {}, with_terms(view, narrow))
        assert found[0].text.startswith(
            "BTC delta +4.00 lies 1.00 outside the band −3 … 3: it would ask to sell "
        )
        assert "USD of BTC-PERPETUAL" in found[0].text
        assert found[0].tone is Tone.NEAR

    def test_a_wider_one_asks_for_none(self, view, base):
        wide = replace(base, band=replace(base.band, lower=-19.0, upper=19.0))
        assert "no hedge is asked for" in self.lines(view, wide)[0]

    def test_another_numeraire_moves_delta_and_its_limit(self, view, base):
        found = self.lines(view, replace(base, numeraire=Numeraire(1.0)))
        delta = view.underlyings[0].exposure.delta_net + 120.0
        assert found[0].startswith(f"BTC delta +{delta:.2f} lies")
        assert any(line.startswith("BTC delta would be IN BREACH at once") for line in found)

    def test_a_lowered_limit_is_a_breach_at_once(self, view, base):
        used = next(each for each in view.limits if each.limit.measure is Measure.GROSS_NOTIONAL)
        limits = tuple(
            replace(limit, soft=used.value * 0.5, hard=used.value * 0.9)
            if limit.measure is Measure.GROSS_NOTIONAL
            else limit
            for limit in base.limits
        )
        assert any(
            "gross notional would be IN BREACH" in line
            for line in self.lines(view, replace(base, limits=limits))
        )

    def test_a_limit_that_is_gone_or_new_is_said(self, view, base):
        fewer = replace(base, limits=base.limits[:-1])
        assert "BTC hedge position would have no limit any more." in self.lines(view, fewer)
        more = Limit(scope=base.limits[0].scope, measure=Measure.THETA, soft=1.0, hard=2.0)
        found = self.lines(view, replace(base, limits=(*base.limits, more)))
        assert any("measured once the limit is in force" in line for line in found)

    def test_a_smile_rule_takes_its_shift_from_the_picture_or_says_why_not(self, view, base):
        from fake_smile import smile_view

        smiles = {"BTC": smile_view(base, 100_000.0, 1.0, view.at)}
        moved = replace(base, smile=SmileRule.STICKY_MONEYNESS)
        delta = view.underlyings[0].exposure.delta_net - 0.84
        assert self.lines(view, moved, smiles)[0].startswith(
            f"BTC delta {'+' if delta > 0 else '−'}{abs(delta):.2f}"
        )
        refused = replace(base, smile=SmileRule.MINIMUM_VARIANCE)
        assert "has not been fitted yet" in self.lines(view, refused, smiles)[0]
        assert "no sticky moneyness delta has been worked out" in self.lines(view, moved)[0]

    def test_an_unknown_delta_is_never_a_number(self, fake):
        fake.blackout = True
        view = fake.step()
        base = view.terms.terms.of("BTC")
        narrow = replace(base, band=replace(base.band, lower=-3.0, upper=3.0))
        found = terms_effect.at_once(view, {}, with_terms(view, narrow))
        assert found
        assert all(line.tone is Tone.UNKNOWN for line in found)


class TestCard:
    def test_it_says_what_changes_and_who_asked(self, view, base):
        version = proposal(view, replace(base, band=replace(base.band, lower=-3.0, upper=3.0)))
        html = terms_waiting.card(version, view, {})
        assert "BTC band: −5 … +5 BTC → −3 … +3 BTC" in html
        assert "proposed by Tessa" in html
        assert "the book got smaller" in html

    def test_it_carries_no_markup_from_outside(self, view, base):
        version = proposal(view, replace(base, max_order_coin=3.0), author=HOSTILE, reason=HOSTILE)
        hostile = replace(version.terms, underlyings=(replace(base, underlying=HOSTILE),))
        html = terms_waiting.card(replace(version, terms=hostile), view, {})
        assert "<img" not in html
        table = terms_history.table(
            [replace(version, terms=hostile, note=HOSTILE, ended_by=HOSTILE, ended_at=view.at)]
        )
        assert "<img" not in table

    @pytest.mark.parametrize(
        ("name", "role", "says"),
        [
            ("Tessa", Role.TRADER, "You proposed this"),
            (" tessa ", Role.RISK, "You proposed this"),
            ("Vera", Role.VIEWER, "the role viewer may not approve terms"),
            ("Theo", Role.TRADER, "ask risk"),
            ("Rafael", Role.RISK, ""),
        ],
    )
    def test_who_may_approve(self, view, base, name, role, says):
        version = proposal(view, replace(base, max_order_coin=3.0))
        found = terms_waiting.obstacle(version, view, Person(name, role))
        assert says.lower() in found.lower()
        assert bool(found) == bool(says)

    def test_a_proposal_on_an_older_version_has_to_be_made_again(self, view, base):
        version = proposal(view, replace(base, max_order_coin=3.0), based_on=0)
        assert "Version 1 is in force since" in terms_waiting.obstacle(
            version, view, Person("Rafael", Role.RISK)
        )


class TestInForce:
    def test_the_table_names_both_people_and_since_when(self, view, base):
        version = replace(
            view.terms,
            number=2,
            source=TermsSource.PERSON,
            author="Tessa",
            approver="Rafael",
            approved_at=view.at + timedelta(0),
        )
        table = limits_terms.table(replace(view, terms=version))
        assert "version 2, proposed by Tessa, approved by Rafael, since 20" in table.caption
        assert [row.cells[0].text for row in table.rows] == [
            "numeraire",
            "smile rule",
            "band",
            "largest order",
        ]
        assert table.rows[2].cells[1].text == "−5 … +5 BTC, hedge to its centre"

    def test_no_terms_yet_is_said(self, view):
        assert limits_terms.table(replace(view, terms=None)).empty == limits_terms.NO_TERMS


class TestHistory:
    def test_newest_first_with_changes_and_fate(self, view, base):
        first = view.terms
        second = proposal(view, replace(base, max_order_coin=3.0))
        rejected = replace(
            second,
            state=TermsState.REJECTED,
            ended_by="Rafael",
            ended_at=view.at,
            note="not before the fixing",
        )
        html = terms_history.table([rejected, first])
        assert html.index('data-row="2"') < html.index('data-row="1"')
        assert "BTC largest order: 10 BTC → 3 BTC" in html
        assert "rejected by Rafael" in html
        assert "not before the fixing" in html
        assert "the first terms of this book" in html

    def test_none_yet(self):
        assert "no version yet" in terms_history.table([])
