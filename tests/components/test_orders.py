"""Orders as rows: lifetime, state in words, slippage with its sign and unit, what to do next."""

from dataclasses import replace
from decimal import Decimal

import pytest

from components import format as fmt
from components import orders, quarantine
from components.theme import Tone
from hedging.model.trading import Lifetime, OrderState
from hedging.units import Side

HOSTILE = "<img src=http://evil.example/x> ![x](http://evil.example)"


@pytest.fixture
def view(fake):
    return fake.step()


@pytest.fixture
def sent(fake, view):
    ticket = next(ticket for ticket in view.tickets if ticket.underlying == "BTC")
    fake._send(ticket, "Tessa", view.at)
    return fake.orders[f"{ticket.id}-0-0"]


def cells(view, order):
    row = orders.table(replace(view, orders=(order,))).rows[0]
    return dict(zip((column.id for column in orders.COLUMNS), row.cells, strict=True))


@pytest.mark.parametrize(
    ("changes", "words", "tone"),
    [
        ({"state": OrderState.NEW}, "not sent yet", Tone.PLAIN),
        ({"state": OrderState.SENT}, "sent, no answer yet", Tone.PLAIN),
        ({"state": OrderState.ACKED}, "accepted", Tone.PLAIN),
        ({"state": OrderState.ACKED, "lifetime": Lifetime.RESTING}, "resting in the book", Tone.PLAIN),
        ({"state": OrderState.CANCELLED}, "cancelled", Tone.PLAIN),
        ({"state": OrderState.CANCELLED, "filled": Decimal(10)}, "cancelled, partly filled", Tone.PLAIN),
        ({"state": OrderState.UNKNOWN}, "UNKNOWN", Tone.BREACH),
        ({"state": OrderState.ABSENT}, "never arrived", Tone.PLAIN),
        ({"state": OrderState.QUARANTINED}, "QUARANTINED", Tone.BREACH),
    ],
)
def test_the_state_in_words(view, sent, changes, words, tone):
    found = cells(view, replace(sent, **changes))["state"]
    assert (found.text, found.tone) == (words, tone)


def test_every_state_and_lifetime_has_words(view, sent):
    for state in OrderState:
        for lifetime in Lifetime:
            assert cells(view, replace(sent, state=state, lifetime=lifetime))["state"].text


@pytest.mark.parametrize(
    ("lifetime", "words"), [(Lifetime.RESTING, "resting"), (Lifetime.IMMEDIATE, "at once")]
)
def test_the_lifetime(view, sent, lifetime, words):
    assert cells(view, replace(sent, lifetime=lifetime))["life"].text == words


def test_slippage_is_a_cost_where_positive_in_points_and_dollars(view, sent):
    paid = replace(
        sent, side=Side.SELL, filled=Decimal(100_000), decision_price=Decimal(100_000),
        average_price=Decimal(99_900),
    )  # fmt: skip
    found = cells(view, paid)
    assert (found["slip"].text, found["slip"].value) == ("+10.0", 10.0)
    assert (found["slip_usd"].text, found["slip_usd"].value) == ("+100", 100.0)
    units = {column.id: column.unit for column in orders.COLUMNS}
    assert (units["slip"], units["slip_usd"]) == ("bp", "USD")


def test_slippage_of_what_is_not_filled_is_no_number(view, sent):
    found = cells(view, replace(sent, filled=Decimal(0), average_price=None))
    for name in ("slip", "slip_usd", "average"):
        assert (found[name].text, found[name].value) == (fmt.UNKNOWN, None)


def test_dollars_of_an_instrument_that_the_view_does_not_name_are_not_known(view, sent):
    paid = replace(sent, instrument="ELSEWHERE", filled=Decimal(10), average_price=Decimal(99_900))
    found = cells(view, paid)
    assert found["slip"].value is not None
    assert (found["slip_usd"].text, found["slip_usd"].note) == (fmt.UNKNOWN, "not known in dollars")


def test_the_amount_has_its_unit(view, sent):
    assert cells(view, sent)["filled"].text.endswith(" USD")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (OrderState.UNKNOWN, "is being asked"),
        (OrderState.QUARANTINED, "risk releases it"),
        (OrderState.FILLED, ""),
    ],
)
def test_what_to_do_next(view, sent, state, words):
    found = cells(view, replace(sent, state=state))["next"].text
    assert words in found if words else found == ""


def test_the_card_of_a_quarantined_order_is_a_sentence_with_the_next_step(view, sent):
    held = replace(sent, state=OrderState.QUARANTINED, detail="a fill of no order of ours")
    shown = quarantine.words(held, orders.instruments(view))
    assert "No order goes to BTC-PERPETUAL until a person of risk has looked" in shown
    assert "a fill of no order of ours" in shown
    assert " USD, of which 0 is booked" in shown


def test_no_word_of_a_quarantined_order_is_markup(sent):
    hostile = replace(sent, client_id=HOSTILE, instrument=HOSTILE, account=HOSTILE, detail=HOSTILE)
    assert "<img" not in quarantine.words(hostile, {})
