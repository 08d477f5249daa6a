"""One book of four venues: the paper exchange in its own process, the others replayed on loopback."""

import math
import os
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from listings import bybit_listing
from replay import Failure, Replay, binance_answers, bybit_answers, okx_answers
from running import Exchange, RunningDemo, connected, ended, ready

from hedging.clock import utc_now
from hedging.model.exposure import PositionExposure, ProofVerdict
from hedging.model.snapshot import GapReason
from hedging.model.view import UnderlyingView, View

ANSWERS = {"okx": okx_answers, "bybit": bybit_answers, "binance": binance_answers}
SHARED_MARK = 1234.5  # USDT; the option of the same name at the paper exchange is priced in BTC
ACCOUNT = """[[accounts]]
name = "{venue}"
venue = "{venue}"
mode = "paper"
rest = "{rest}"
key_env = "{key}_KEY"
secret_env = "{key}_SECRET"

"""


class Venues:
    """The replayed exchanges, and an engine that holds all four in one book."""

    def __init__(self, exchange: Exchange) -> None:
        self.replays = {venue: Replay() for venue in ANSWERS}
        for venue, replay in self.replays.items():
            replay.answers = ANSWERS[venue](utc_now)
        held = exchange.asked("private_get_get_positions", {"currency": "any"})
        names = [raw["instrument_name"] for raw in held if float(raw["size"])]
        self.shared = next(n for n in sorted(names) if n.startswith("BTC-") and n.count("-") == 3)
        _list_at_bybit(self.replays["bybit"], self.shared)

    def close(self) -> None:
        for replay in self.replays.values():
            replay.close()


def _list_at_bybit(replay: Replay, name: str) -> None:
    """A position of 3 in an option that bears the name of one held at the paper exchange."""
    answers = replay.answers
    instruments: Any = answers["/v5/market/instruments-info"]
    positions: Any = answers["/v5/position/list"]
    tickers: Any = answers["/v5/market/tickers"]

    def listed(query: Any) -> object:
        found = instruments(query)
        if query.get("baseCoin") == "BTC":
            found["result"]["list"].append(bybit_listing(name))
        return found

    def held(query: Any) -> object:
        found = positions(query)
        if query["category"] == "option":
            (put,) = found["result"]["list"]
            found["result"]["list"] = [put, put | {"symbol": name, "size": "3"}]
        return found

    def priced(query: Any) -> object:
        found = tickers(query)
        if query.get("baseCoin") == "BTC":
            (put,) = found["result"]["list"]
            call = name.endswith("C")
            own = {"symbol": name, "markPrice": str(SHARED_MARK), "delta": "0.5" if call else "-0.5"}
            found["result"]["list"] = [put, put | own]
        return found

    answers["/v5/market/instruments-info"] = listed
    answers["/v5/position/list"] = held
    answers["/v5/market/tickers"] = priced


@pytest.fixture(scope="module")
def venues(module_exchange: Exchange) -> Iterator[Venues]:
    found = Venues(module_exchange)
    yield found
    found.close()


@pytest.fixture(scope="module")
def running(module_exchange: Exchange, venues: Venues) -> Iterator[RunningDemo]:
    blocks = "".join(
        ACCOUNT.format(venue=venue, rest=replay.address, key=venue.upper())
        for venue, replay in venues.replays.items()
    )
    module_exchange.changes |= {
        "[underlyings.BTC]\n": f"{blocks}[underlyings.BTC]\n",
        "[execution]\n": "[ages]\nposition = 4\n\n[execution]\n",
    }
    names = [f"{venue.upper()}_{what}" for venue in ANSWERS for what in ("KEY", "SECRET")]
    before = dict(os.environ)
    os.environ.update(dict.fromkeys(names, "planted"), HEDGING_PASSPHRASE="planted-passphrase")
    process = module_exchange.engine()
    try:
        ready(process)
        demo = connected(process, module_exchange.folder / "state", module_exchange.line["control"])
        yield demo
        demo.close()
    finally:
        ended(process)
        os.environ.clear()
        os.environ.update(before)


def shown(view: View, underlying: str = "BTC") -> UnderlyingView:
    return next(each for each in view.underlyings if each.underlying == underlying)


def by_key(view: View) -> dict[str, PositionExposure]:
    return {position.instrument.key: position for position in view.positions}


def valued(running: RunningDemo) -> View:
    """The first view in which BTC and ETH have an exposure."""

    def found() -> View | None:
        view = running.series.view()  # none at all right after the start
        return view if view and shown(view).exposure and shown(view, "ETH").exposure else None

    view = running.wait("an exposure of BTC and ETH", found, 30)
    assert isinstance(view, View)
    return view


def test_one_exposure_of_four_venues(running: RunningDemo, venues: Venues) -> None:
    view = valued(running)
    found = by_key(view)
    venues_of_btc = {
        position.instrument.venue for position in view.positions if position.instrument.underlying == "BTC"
    }
    assert venues_of_btc == {"deribit", "okx", "bybit", "binance"}
    exposure = shown(view).exposure
    assert exposure is not None
    own = [position for position in view.positions if position.instrument.underlying == "BTC"]
    assert exposure.delta_net == pytest.approx(sum(position.delta_net for position in own), rel=1e-12)
    okx_swap = found["okx:BTC-USD-SWAP"]
    assert okx_swap.quantity_coin == pytest.approx(-7 * 100 / 90_000, rel=1e-12)  # contracts of 100 USD
    okx_call = next(p for p in own if p.account == "okx" and p.instrument.kind.value == "option")
    assert okx_call.quantity_coin == pytest.approx(-2.5, rel=1e-12)  # 250 x ctVal 1 x ctMult 0.01
    assert found["okx:ETH-USDT-SWAP"].quantity_coin == pytest.approx(12.0, rel=1e-12)
    # coins that carry no margin of their own count as equity: 2.5 at OKX, 2.5 at Bybit, 0.5 at Binance
    deribit = next(each.equity for each in view.balances if (each.account, each.currency) == ("paper", "BTC"))
    assert exposure.equity == pytest.approx(deribit + 5.5, abs=0.05)


def test_names_that_two_venues_share_are_two_instruments(running: RunningDemo, venues: Venues) -> None:
    found = by_key(valued(running))
    here, there = found[f"deribit:{venues.shared}"], found[f"bybit:{venues.shared}"]
    assert (here.instrument.settlement_currency, there.instrument.settlement_currency) == ("BTC", "USDC")
    assert (there.amount, there.mark) == (3.0, SHARED_MARK)
    assert here.mark is not None
    assert here.mark < 1  # in BTC
    assert (found["bybit:BTCUSDT"].amount, found["binance:BTCUSDT"].amount) == (0.5, 0.25)


def test_feeds_are_as_old_as_the_oldest_of_all_accounts(running: RunningDemo) -> None:
    valued(running)

    def known() -> View | None:  # what is held of other underlyings may be priced a moment later
        view = running.view()
        return view if all(feed.received_at for feed in view.feeds) else None

    view = running.wait("every feed", known)
    assert isinstance(view, View)
    ages = {feed.name: feed.received_at for feed in view.feeds}
    for name in ("positions", "margin"):
        age = (view.at - ages[name]).total_seconds()  # type: ignore[operator]
        assert 0 <= age < 5
    assert (view.at - ages["marks"]).total_seconds() < 5  # type: ignore[operator]
    assert {balance.account for balance in view.balances} == {"paper", "okx", "bybit", "binance"}


def test_an_instrument_that_is_not_listed_is_a_gap_and_no_smaller_number(
    running: RunningDemo, venues: Venues
) -> None:
    valued(running)
    replay = venues.replays["okx"]
    well: Any = replay.answers["/api/v5/account/positions"]
    unknown = well["data"][1] | {"instId": "BTC-USD-990101-1-C"}
    replay.answers["/api/v5/account/positions"] = {"code": "0", "data": [*well["data"], unknown]}
    gap = running.wait(
        "a gap that names it",
        lambda: next((g for g in running.view().gaps if g.what == "BTC-USD-990101-1-C"), None),
    )
    assert (gap.reason, gap.underlying) == (GapReason.UNKNOWN_INSTRUMENT, None)  # type: ignore[attr-defined]
    running.wait("no exposure", lambda: shown(running.view()).exposure is None)
    replay.answers["/api/v5/account/positions"] = well
    valued(running)


def test_a_venue_that_is_away_takes_the_number_away(running: RunningDemo, venues: Venues) -> None:
    before = shown(valued(running)).exposure
    assert before is not None
    replay = venues.replays["okx"]
    well = dict(replay.answers)
    replay.answers = dict.fromkeys(well, Failure.GATEWAY)
    seen: list[float] = []

    def away() -> bool:
        found = shown(running.view()).exposure
        if found is not None:
            seen.append(found.delta_net)
        return found is None

    running.wait("no exposure", away, 20)
    # until then it is the whole book's number, never that of three venues: -2.5 options at OKX are 1.2 BTC
    assert all(math.isclose(each, before.delta_net, abs_tol=0.6) for each in seen), (before.delta_net, seen)
    details = [gap.detail for gap in running.view().gaps]
    assert any("okx" in detail or "BTC-USD" in detail for detail in details), details
    replay.answers = well
    after = by_key(valued(running))
    assert after["okx:BTC-USD-SWAP"].amount == -7


def test_a_position_that_a_person_changes_elsewhere_is_followed(running: RunningDemo, venues: Venues) -> None:
    valued(running)
    replay = venues.replays["okx"]
    well: Any = replay.answers["/api/v5/account/positions"]
    option, swap, linear = well["data"]
    replay.answers["/api/v5/account/positions"] = {"code": "0", "data": [option, swap | {"pos": "9"}, linear]}
    running.wait("nine contracts", lambda: by_key(running.view())["okx:BTC-USD-SWAP"].amount == -9)
    replay.answers["/api/v5/account/positions"] = {"code": "0", "data": [option, linear]}
    running.wait("none", lambda: "okx:BTC-USD-SWAP" not in by_key(running.view()))
    replay.answers["/api/v5/account/positions"] = well
    running.wait("seven again", lambda: "okx:BTC-USD-SWAP" in by_key(running.view()))
    assert Decimal(str(by_key(valued(running))["okx:BTC-USD-SWAP"].amount)) == Decimal(-7)


def test_the_delta_is_proved_against_another_venue_too(running: RunningDemo, venues: Venues) -> None:
    own = [p for p in valued(running).positions if (p.account, p.instrument.underlying) == ("okx", "BTC")]
    net, black = sum(p.delta_net for p in own), sum(p.delta_black for p in own)
    replay = venues.replays["okx"]
    well = replay.answers["/api/v5/account/greeks"]

    def told(off: float) -> dict[str, object]:
        entry = {"ccy": "BTC", "deltaBS": str(black + off), "deltaPA": str(net + off), "ts": "1795348800000"}
        return {"code": "0", "data": [entry]}

    def verdicts() -> set[ProofVerdict]:
        return {proof.verdict for proof in shown(running.view()).proofs if proof.account == "okx"}

    replay.answers["/api/v5/account/greeks"] = told(0.0)
    running.wait("agreement", lambda: verdicts() == {ProofVerdict.GREEN})
    replay.answers["/api/v5/account/greeks"] = told(1.0)
    running.wait("disagreement", lambda: ProofVerdict.RED in verdicts())
    replay.answers["/api/v5/account/greeks"] = well


def test_orders_are_sent_to_deribit_alone(running: RunningDemo, venues: Venues) -> None:
    view = valued(running)
    assert {shown(view).hedge_instrument, shown(view, "ETH").hedge_instrument} == {
        "BTC-PERPETUAL",
        "ETH-PERPETUAL",
    }
    for replay in venues.replays.values():
        assert replay.requests
        assert not [path for path, _, _ in replay.requests if "order" in path.lower()]


def test_an_account_elsewhere_cannot_hedge(module_exchange: Exchange, running: RunningDemo) -> None:
    told = module_exchange.refusal(
        {'[underlyings.BTC]\naccount = "paper"': '[underlyings.BTC]\naccount = "okx"'}
    )
    assert "underlyings.BTC.account is 'okx', which is at okx: accounts there are only read" in told
