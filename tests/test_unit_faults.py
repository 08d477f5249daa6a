"""C17: a figure in a wrong unit or with a wrong sign is a gap or a red proof; automatic mode sends nothing.

What the exchange sends goes through its parsers, the core, ``assess``, ``decide`` and the refusals of
automatic mode. The exchange's own deltas are those of the scalar twin, not of our valuation.
"""

from copy import deepcopy
from dataclasses import replace
from datetime import timedelta

import pytest
from nouns import NOW, band, option, perpetual, rules, underlying_rules

from bench.black_twin import net_delta
from bench.known_book import KnownBook
from hedging.decide import Situation, assess, decide
from hedging.errors import BadInput
from hedging.model.exposure import ProofVerdict
from hedging.model.instrument import OptionKind, Settlement
from hedging.model.snapshot import GapReason
from hedging.model.trading import AutoMode, AutoSetting, Outcome, TradingState, TradingStatus
from hedging.venues import deribit
from hedging.workflow.authority import auto_refusals

PERPETUAL, CALL = perpetual(), option(OptionKind.CALL, 100_000.0)
PUT = option(OptionKind.PUT, 90_000.0)
HELD = {PERPETUAL.name: (PERPETUAL, 600_000), CALL.name: (CALL, 40), PUT.name: (PUT, -25)}
NOW_MS = int(NOW.timestamp() * 1000)
ARMED = TradingStatus(
    auto=AutoSetting(mode=AutoMode.ARMED, set_by="ann", until=NOW + timedelta(minutes=5), max_orders=5)
)


def tickers():
    def ticker(name, mark, **more):
        return {
            "instrument_name": name,
            "timestamp": NOW_MS,
            "state": "open",
            "mark_price": mark,
            "index_price": 100_000.0,
            "best_bid_price": mark * 0.99999,
            "best_bid_amount": 1e6,
            "best_ask_price": mark * 1.00001,
            "best_ask_amount": 1e6,
            **more,
        }

    smile = {"underlying_price": 100_500.0, "mark_iv": 60.0, "greeks": {"delta": 0.5}}
    return {
        PERPETUAL.name: ticker(PERPETUAL.name, 100_020.0),
        CALL.name: ticker(CALL.name, 0.077, **smile),
        PUT.name: ticker(PUT.name, 0.031, **{**smile, "greeks": {"delta": -0.25}}),
    }


def black_delta(position, quote):
    """Black's delta: what the twin finds where no premium is taken off."""
    linear = replace(position.instrument, settlement=Settlement.LINEAR)
    return net_delta(replace(position, instrument=linear), quote, NOW)


def world():
    """What the exchange sends of one account when all is well."""
    sent = tickers()
    rows, total = [], 0.0
    for name, (instrument, size) in HELD.items():
        row = {
            "instrument_name": name,
            "size": size,
            "direction": "buy" if size > 0 else "sell",
            "average_price": sent[name]["mark_price"],
            "floating_profit_loss": 0.0,
            "delta": 0.0,
        }
        held = deribit.position(row, "main", {name: instrument}, NOW)
        quote = deribit.quote(sent[name], None, NOW)
        row["delta"] = black_delta(held, quote)
        total += net_delta(held, quote, NOW)
        rows.append(row)
    summary = {
        "currency": "BTC",
        "equity": 30.0,
        "available_funds": 25.0,
        "initial_margin": 3.0,
        "maintenance_margin": 2.0,
        "delta_total": total,
    }
    return {"tickers": sent, "positions": {row["instrument_name"]: row for row in rows}, "summary": summary}


def outcome(sent):
    """Assessment, decision and refusals of automatic mode on what was sent."""
    item = underlying_rules(band=band(-2.0, 2.0))
    desk = rules(item)
    book = KnownBook({"main": "deribit"}, desk, {each.key: each for each, _ in HELD.values()}, NOW)
    known = {name: instrument for name, (instrument, _) in HELD.items()}
    for raw in sent["tickers"].values():
        try:
            book.take_quote(deribit.quote(raw, None, NOW))
        except BadInput:
            continue  # a push that is refused counts as not received
    try:
        read = tuple(deribit.position(raw, "main", known, NOW) for raw in sent["positions"].values())
        book.take_positions("main", tuple(each for each in read if each), NOW)
        book.take_balances("main", (deribit.balance(sent["summary"], "main", NOW),), NOW)
    except BadInput:
        pass  # a read with one bad entry is no read
    snapshot = book.snapshot(NOW)
    whole = assess(snapshot, desk)
    situation = Situation(
        now=NOW,
        inputs_hash="x",
        instrument=PERPETUAL,
        ticket=None,
        live=(),
        state=TradingState.ACTIVE,
        settled=True,
        rejected=None,
        failed_at=None,
    )
    decided = decide(desk, item, snapshot, whole, situation).decision
    blocked = [] if "BTC" in whole.exposures else ["BTC"]
    return whole, decided.outcome, auto_refusals(ARMED, whole.proofs, (), blocked)


def scaled(place, field, factor, names=None):
    def fault(sent):
        rows = sent[place] if place == "summary" else None
        if rows is not None:
            rows[field] *= factor
            return
        for name in names or sent[place]:
            if field in sent[place][name]:
                sent[place][name][field] *= factor

    return fault


def flipped_position(name):
    def fault(sent):
        row = sent["positions"][name]
        row["size"] = -row["size"]
        row["direction"] = "buy" if row["size"] > 0 else "sell"

    return fault


def put(place, name, field, value):
    def fault(sent):
        sent[place][name][field] = value

    return fault


def all_prices(name, factor):
    def fault(sent):
        for field in ("mark_price", "index_price", "best_bid_price", "best_ask_price", "underlying_price"):
            if field in sent["tickers"][name]:
                sent["tickers"][name][field] *= factor

    return fault


P, C = PERPETUAL.name, CALL.name
FAULTS = {
    "venue total x 100": scaled("summary", "delta_total", 100),
    "venue total with the wrong sign": scaled("summary", "delta_total", -1),
    "venue total in dollars": scaled("summary", "delta_total", 100_000),
    "venue total in thousands": scaled("summary", "delta_total", 0.001),
    "delta of positions x 100": scaled("positions", "delta", 100),
    "delta of positions with the wrong sign": scaled("positions", "delta", -1),
    "delta of one option with the wrong sign": scaled("positions", "delta", -1, [C]),
    "delta of the perpetual in dollars": scaled("positions", "delta", 100_000, [P]),
    "volatility as a fraction": scaled("tickers", "mark_iv", 0.01),
    "volatility of one option as a fraction": scaled("tickers", "mark_iv", 0.01, [C]),
    "volatility in percent of percent": scaled("tickers", "mark_iv", 100),
    "volatility 0": put("tickers", C, "mark_iv", 0.0),
    "volatility over 500 %": put("tickers", C, "mark_iv", 501.0),
    "volatility under 1 %": put("tickers", C, "mark_iv", 0.99),
    "negative volatility": put("tickers", C, "mark_iv", -60.0),
    "delta of a ticker x 100": put("tickers", C, "greeks", {"delta": 55.0}),
    "perpetual counted in contracts of 10 USD": scaled("positions", "size", 0.1, [P]),
    "perpetual counted in coin": scaled("positions", "size", 1e-5, [P]),
    "options counted in tenths": scaled("positions", "size", 10, [C, PUT.name]),
    "options counted in hundredths": scaled("positions", "size", 0.01, [C, PUT.name]),
    "every amount x 100": scaled("positions", "size", 100),
    "a position with the wrong sign": flipped_position(C),
    "a direction that contradicts the size": put("positions", C, "direction", "sell"),
    "mark of the perpetual x 1000": scaled("tickers", "mark_price", 1000, [P]),
    "mark of the perpetual / 1000": scaled("tickers", "mark_price", 0.001, [P]),
    "index x 1000": scaled("tickers", "index_price", 1000),
    "index of the hedge x 1000": scaled("tickers", "index_price", 1000, [P]),
    "index of an option / 1000": scaled("tickers", "index_price", 0.001, [C]),
    "forward x 1000": scaled("tickers", "underlying_price", 1000),
    "forward in thousands": scaled("tickers", "underlying_price", 0.001, [C]),
    "forward as a share of the index": put("tickers", C, "underlying_price", 1.005),
    "every price of the hedge x 1000": all_prices(P, 1000),
    "every price of an option x 1000": all_prices(C, 1000),
    "a price as text": put("tickers", P, "mark_price", "a lot"),
    "a price that is no number": put("tickers", P, "index_price", float("nan")),
    "an amount that is no number": put("positions", C, "size", float("nan")),
}


def test_with_nothing_wrong_automatic_mode_would_trade():
    whole, decided, refusals = outcome(world())
    assert {proof.verdict for proof in whole.proofs} == {ProofVerdict.GREEN}
    assert len(whole.proofs) == 3
    assert whole.gaps == ()
    assert (decided, refusals) == (Outcome.PROPOSE, ())


@pytest.mark.control("C17")
@pytest.mark.parametrize("name", FAULTS)
def test_a_wrong_unit_or_sign_is_seen_and_nothing_is_sent(name):
    sent = deepcopy(world())
    FAULTS[name](sent)
    assert sent != world()
    whole, decided, refusals = outcome(sent)
    red = [proof for proof in whole.proofs if proof.verdict is ProofVerdict.RED]
    gaps = [gap for gap in whole.gaps if gap.underlying in {None, "BTC"}]
    assert red or gaps
    assert refusals, "automatic mode would have sent an order"
    assert decided is Outcome.UNVALUED or red


@pytest.mark.control("C17")
@pytest.mark.parametrize(
    "name",
    [
        "volatility as a fraction",
        "volatility over 500 %",
        "volatility under 1 %",
        "mark of the perpetual x 1000",
        "index of an option / 1000",
        "forward in thousands",
    ],
)
def test_what_no_market_shows_is_a_gap_whatever_the_proof_says(name):
    sent = deepcopy(world())
    FAULTS[name](sent)
    del sent["summary"]["delta_total"]  # nothing to compare with: the gap must do it alone
    sent["summary"] |= {"currency": "USDC", "delta_total_map": {}}
    whole, _, _ = outcome(sent)
    assert GapReason.IMPLAUSIBLE in {gap.reason for gap in whole.gaps}
    assert any("a wrong unit?" in gap.detail for gap in whole.gaps)


@pytest.mark.parametrize("move", [-0.08, -0.02, 0.02, 0.08])
def test_a_jump_is_no_disagreement_and_a_wrong_sign_is_seen_with_the_next_total(move):
    """The total comes once a second; the jump comes 0.7 s after one, the wrong sign with the next."""
    known = {name: instrument for name, (instrument, _) in HELD.items()}
    sent, desk = world(), rules(underlying_rules(band=band(-2.0, 2.0)))
    book = KnownBook({"main": "deribit"}, desk, {each.key: each for each, _ in HELD.values()}, NOW)

    def quotes(at, factor):
        for raw in sent["tickers"].values():
            moved = {
                **raw,
                "timestamp": int(at.timestamp() * 1000),
                **{f: raw[f] * factor for f in ("index_price", "underlying_price") if f in raw},
            }
            if "underlying_price" not in raw:
                moved["mark_price"] = raw["mark_price"] * factor
            book.take_quote(deribit.quote(moved, None, at))

    def verdicts(at):
        return {proof.verdict for proof in assess(book.snapshot(at), desk).proofs}

    quotes(NOW, 1.0)
    read = (deribit.position(raw, "main", known, NOW) for raw in sent["positions"].values())
    book.take_positions("main", tuple(each for each in read if each), NOW)
    book.take_balances("main", (deribit.balance(sent["summary"], "main", NOW),), NOW)
    assert verdicts(NOW) == {ProofVerdict.GREEN}
    jumped, stated = NOW + timedelta(seconds=0.7), NOW + timedelta(seconds=1.0)
    quotes(jumped, 1.0 + move)
    assert verdicts(jumped) == {ProofVerdict.GREEN}
    wrong = {**sent["summary"], "delta_total": -sent["summary"]["delta_total"]}
    book.take_balance(deribit.balance(wrong, "main", stated))
    assert ProofVerdict.RED in verdicts(stated)


def test_the_hedge_is_looked_at_while_none_of_it_is_held():
    sent = world()
    del sent["positions"][P]
    held = net_delta(deribit.position(world()["positions"][P], "main", {P: PERPETUAL}, NOW), _quote(P), NOW)
    sent["summary"]["delta_total"] -= held
    whole, decided, refusals = outcome(sent)
    assert (decided, refusals, whole.gaps) == (Outcome.PROPOSE, (), ())
    sent["tickers"][P]["index_price"] *= 1000
    whole, decided, refusals = outcome(sent)
    (gap,) = whole.gaps
    assert "a wrong unit?" in gap.detail
    assert decided is Outcome.UNVALUED
    assert refusals


def _quote(name):
    return deribit.quote(world()["tickers"][name], None, NOW)
