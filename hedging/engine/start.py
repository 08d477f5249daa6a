"""Brings an engine up from its settings, everything checked before anything is started, and down again."""

import asyncio
import gc
import json
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from hedging import clock
from hedging.core.account import Account
from hedging.core.effects import Commit, PutStatus
from hedging.core.inputs import InputsEncoder
from hedging.core.starting import restored
from hedging.core.state import Setup
from hedging.engine.accounts import Accounts, checked_instruments, open_accounts
from hedging.engine.desk_state import DeskState, Surroundings, desk_of
from hedging.engine.head_exports import head_exports, heads_of
from hedging.engine.history import price_history
from hedging.engine.holding import take_lease
from hedging.engine.latches import Latches
from hedging.engine.loop import Loop, Parts
from hedging.engine.publisher import Identity, Publisher
from hedging.engine.recording import Recorder
from hedging.engine.smiles import live_smiles
from hedging.engine.terms import WAITING, premises_of, taken_up
from hedging.engine.venue_calls import Places
from hedging.errors import HedgingError, LeaseLost, LedgerError, SettingsError
from hedging.ledger import Lease, Ledger, Series
from hedging.lifeline import parent_gone
from hedging.model.instrument import Instrument
from hedging.model.rules import Rules
from hedging.model.terms import TermsVersion
from hedging.model.venue_profile import PROFILES
from hedging.policy.sizing import lot_in_coin
from hedging.settings import Settings
from hedging.venues.stream import AccountStream, MarketStream, StreamEvents
from hedging.workflow.authority import halted
from hedging.workflow.terms import terms_of, with_terms
from hedging.workflow.terms_checks import Premises, flaws

POINTER = "current"
SWITCH_SECONDS = 0.0005  # Python's own 5 ms is what an order would wait each time the loop reads prices


class Ends(Enum):
    """What ends an engine beside a failure."""

    BY_SIGNAL = "signal"
    WITH_STDIN = "standard input or signal"


@dataclass(frozen=True, slots=True)
class Records:
    """The two files of the state folder, and the lease on the book."""

    ledger: Ledger
    series: Series
    lease: Lease


async def run_engine(settings: Settings, ends: Ends = Ends.BY_SIGNAL) -> None:
    """Run the engine of one book until SIGTERM, SIGINT, or, where asked for, the end of standard input.

    Raises HedgingError with a clear text, and nothing left running, where the settings, the keys, the venue
    or the ledger do not allow a start.
    """
    accounts = open_accounts(settings)
    try:
        checked = await _checked(settings, accounts)
        records = _records(settings)
        try:
            await _serve(settings, accounts, checked, records, ends)
        finally:
            _close(records)
    finally:
        accounts.close()


@dataclass(frozen=True, slots=True)
class Checked:
    """What the venues list, by key, and what the desk's terms are held against."""

    instruments: dict[str, Instrument]
    premises: Premises


async def _checked(settings: Settings, accounts: Accounts) -> Checked:
    """Keys, instruments, terms against lots: every reason not to start, before anything is opened."""
    lots: dict[str, float | None] = {}
    instruments = await checked_instruments(accounts, tuple(settings.underlyings))
    for item in settings.rules.underlyings:
        hedge = instruments.get(item.hedge_key)
        if hedge is None or hedge.underlying != item.underlying:
            raise SettingsError(
                f"underlyings.{item.underlying}.hedge is {item.hedge_instrument!r}, "
                f"which the venue does not list as an instrument of {item.underlying}"
            )
        session = accounts.trading[item.account].reads
        (quote,) = await session.run(session.tickers, [hedge.name])
        if quote.index is None:
            raise SettingsError(f"the venue gives no index price with {hedge.name}; the lot has no delta")
        lots[item.underlying] = lot_in_coin(hedge, quote.index)
    premises = premises_of(settings.rules, lots)
    found = flaws(terms_of(settings.rules), premises)
    if found:
        raise SettingsError("\n  ".join(("the terms of the configuration cannot be used:", *found)))
    return Checked(instruments, premises)


def _records(settings: Settings) -> Records:
    ledger = Ledger.open(settings.state)
    try:
        lease = take_lease(ledger, settings.book, clock.utc_now())
    except LedgerError:
        ledger.close()
        raise
    return Records(ledger, Series.open(settings.state), lease)


def _close(records: Records) -> None:
    try:
        records.ledger.release_lease(records.lease)
    except LedgerError as error:  # it runs out by itself; why the engine ends must not be lost for this
        print(f"the lease was not released: {error}", file=sys.stderr)
    records.series.close()
    records.ledger.close()


async def _serve(
    settings: Settings,
    accounts: Accounts,
    checked: Checked,
    records: Records,
    ends: Ends,
) -> None:
    asked = settings.ledger
    heads = heads_of(asked.heads, asked.head_key, asked.head_seconds, settings.state)
    recorder = Recorder(records.ledger, records.lease, clock.utc_now)
    terms = taken_up(recorder, settings.rules, checked.premises, clock.utc_now())
    rules, addresses = with_terms(settings.rules, terms.terms), accounts.addresses
    woken = asyncio.Event()
    around = Surroundings(clock.utc_now, Latches(settings.state), woken.set)
    desk = _desk(rules, accounts, checked.instruments, recorder, around)
    desk.show_terms(records.ledger.terms(settings.book, WAITING))
    identity = Identity(settings.book, settings.mode, clock.utc_now())
    publisher = Publisher(desk, records.series, identity, settings.records.retention)
    markets = [MarketStream(addresses[0], clock.utc_now, StreamEvents(on_quote=desk.take_quote))]
    loop = Loop(Parts(desk, publisher, markets), woken)
    pushed = StreamEvents(on_fill=loop.on_pushed, on_report=loop.on_pushed, on_balance=loop.on_pushed)
    streams = [*markets, *(AccountStream(address, clock.utc_now, pushed) for address in addresses)]
    markets[0].add(sorted(item.hedge_instrument for item in rules.underlyings))
    markets[0].add_tickers(settings.watch)
    for stream in streams:
        stream.start()
    _announce(settings, terms)
    _favour_latency()
    try:
        async with (
            price_history(desk, addresses, settings.state),
            live_smiles(desk, addresses, settings.state, settings.records.retention.keep),
            head_exports(desk, heads),
        ):
            await _until_stopped(loop, desk, ends)
    finally:
        for stream in streams:
            await stream.stop()


def _desk(
    rules: Rules,
    accounts: Accounts,
    instruments: Mapping[str, Instrument],
    recorder: Recorder,
    around: Surroundings,
) -> DeskState:
    """The desk on what the ledger holds; nothing was asked yet."""
    hedges: dict[str, tuple[str, ...]] = {}
    for item in rules.underlyings:
        hedges[item.account] = (*hedges.get(item.account, ()), item.hedge_instrument)
    places = Places(accounts.trading, accounts.readers, instruments, hedges)
    setup = Setup(
        rules=rules,
        instruments=instruments,
        profiles={profile.name: profile for profile in PROFILES},
        encode=InputsEncoder().encode,
    )
    known = (
        Account(name=name, venue=places.reads(name).venue, trades=name in accounts.trading)
        for name in places.names
    )
    state = restored(setup, known, recorder.stored(instruments), recorder.lease.expires_at)
    return desk_of(state, places, recorder, around)


def _favour_latency() -> None:
    """Let an order's thread have its turn at once, and look for no garbage among what lives for ever."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.freeze()


def _announce(settings: Settings, terms: TermsVersion) -> None:
    """Say on standard output that the engine is ready, and under which version of the terms."""
    pointer = settings.state.parent / POINTER
    pointer.write_text(str(settings.state.resolve()) + "\n", encoding="utf-8")
    version = {"number": terms.number, "author": terms.author, "reason": terms.reason}
    line = {"event": "ready", "book": settings.book, "state": str(settings.state), "mode": settings.mode}
    print(json.dumps({**line, "terms": version}), flush=True)


async def _until_stopped(loop: Loop, desk: DeskState, ends: Ends) -> None:
    running = asyncio.get_running_loop()
    task = asyncio.ensure_future(loop.run())
    for number in (signal.SIGTERM, signal.SIGINT):
        running.add_signal_handler(number, task.cancel)
    if ends is Ends.WITH_STDIN:
        lifeline = asyncio.ensure_future(parent_gone())
        lifeline.add_done_callback(lambda _: task.cancel())
    try:
        await task
    except asyncio.CancelledError:
        await desk.cancel_own()
        return
    except BaseExceptionGroup as group:
        await _give_up(desk, group)


async def _give_up(desk: DeskState, group: BaseExceptionGroup[BaseException]) -> None:
    """The outermost catch: latch, write down why where the ledger still takes it, cancel, and end."""
    causes = "; ".join(f"{type(error).__name__}: {error}" for error in _leaves(group))
    desk.latches.trip(f"the engine stopped: {causes}")
    lost = group.subgroup(LeaseLost) is not None
    if not lost:
        try:
            status = halted(desk.state.status, f"the engine stopped: {causes}")
            desk.recorder.carry_out(Commit((PutStatus(status, causes, "engine"),)))
        except LedgerError as error:
            causes = f"{causes}; and the ledger did not take it: {error}"
        await desk.cancel_own()
    raise HedgingError(f"the engine stopped: {causes}") from group


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    leaves: list[BaseException] = []
    for error in group.exceptions:
        leaves += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return leaves


def state_folder(given: Path | None) -> Path:
    """The state folder asked for, or the one of the engine started last in ``./state``.

    Raises SettingsError where neither is there.
    """
    if given is not None:
        return given
    pointer = Path("state") / POINTER
    try:
        return Path(pointer.read_text(encoding="utf-8").strip())
    except OSError as error:
        raise SettingsError(
            "no engine was started from this folder; name its state folder with --state"
        ) from error
