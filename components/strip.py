"""The status strip: what money, which state, how old, what is wrong, what waits."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from components import format as fmt
from components.theme import Tone
from hedging.desk import Phase, Scene
from hedging.model.limits import BreachLevel
from hedging.model.trading import AutoMode, AutoSetting, OrderState, TicketState, TradingState
from hedging.model.view import View

WAITING = frozenset({TicketState.PROPOSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedAge:
    """A feed with the time of its last word (ms) and how old it may be (s)."""

    name: str
    at: int | None
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """What the strip draws; times in ms since 1970, ages are counted in the browser.

    ``changed`` differs whenever the native buttons on the page have to be drawn anew.
    """

    phase: str
    note: str
    mode: str = ""
    book: str = ""
    at: int | None = None
    started: int | None = None
    ready: bool = False
    state: str = ""
    state_tone: Tone = Tone.UNKNOWN
    state_note: str = ""
    auto: str = ""
    auto_note: str = ""
    auto_tone: Tone = Tone.PLAIN
    auto_until: int | None = None
    feeds: tuple[FeedAge, ...] = ()
    hard: int = 0
    soft: int = 0
    unknown_limits: int = 0
    breaches_note: str = ""
    waiting: int = 0
    terms: int = 0
    proposals: int = 0
    terms_note: str = ""
    unknown_orders: int = 0
    held_orders: int = 0
    gaps: int = 0
    gaps_note: str = ""
    changed: str = ""


def strip(scene: Scene) -> Strip:
    """The strip's content at one instant."""
    view = scene.view
    if view is None:
        return Strip(phase=scene.phase, note=scene.note, changed=scene.phase)
    waiting = sum(ticket.state in WAITING for ticket in view.tickets)
    return Strip(
        phase=Phase.RUNNING,
        note=view.status,
        mode=view.mode,
        book=view.book,
        at=fmt.milliseconds(view.at),
        started=fmt.milliseconds(view.engine_started_at),
        ready=view.ready,
        state=view.trading_state,
        state_tone=_state_tone(view),
        state_note=_state_note(view),
        auto=_auto_word(view.auto),
        auto_note=_auto_note(view.auto),
        auto_tone=Tone.NEAR if view.auto.mode is AutoMode.ARMED else Tone.PLAIN,
        auto_until=fmt.milliseconds(view.auto.until) if view.auto.mode is not AutoMode.OFF else None,
        feeds=tuple(
            FeedAge(name=feed.name, at=fmt.milliseconds(feed.received_at), limit=feed.limit_seconds)
            for feed in view.feeds
        ),
        hard=_count(view, BreachLevel.HARD),
        soft=_count(view, BreachLevel.SOFT),
        unknown_limits=_count(view, BreachLevel.UNKNOWN),
        breaches_note=breaches_note(view),
        waiting=waiting,
        terms=view.terms.number if view.terms else 0,
        proposals=len(view.proposals),
        terms_note=_terms_note(view),
        unknown_orders=sum(order.state is OrderState.UNKNOWN for order in view.orders),
        held_orders=sum(order.state is OrderState.QUARANTINED for order in view.orders),
        gaps=len(view.gaps),
        gaps_note=_joined(f"{gap.what}: {gap.reason}" for gap in view.gaps[:6]),
        changed=mark(view),
    )


def _terms_note(view: View) -> str:
    """Which version is in force, and what waits."""
    version = view.terms
    if version is None:
        return "the engine has not said which terms are in force"
    by = f"version {version.number} by {version.author}, approved by {version.approver}"
    waits = _joined(f"version {each.number} by {each.author} waits" for each in view.proposals)
    return f"{by}; {waits}" if waits else by


def mark(view: View) -> str:
    """A word that changes exactly when a native button has to appear, change or go."""
    tickets = ",".join(f"{ticket.id}.{ticket.version}.{ticket.state}" for ticket in view.tickets)
    state = (
        f"{view.trading_state}|{view.resume_asked_by}|{view.reduced_because}|{view.auto.mode}|"
        f"{view.auto.set_at}|{view.auto.tripped_by_use}"
    )
    held = ",".join(order.client_id for order in view.orders if order.state is OrderState.QUARANTINED)
    terms = (
        f"{view.terms.number if view.terms else 0}:{','.join(str(each.number) for each in view.proposals)}"
    )
    return f"{state}|{tickets}|{','.join(view.auto_refusals)}|{terms}|{held}"


def _count(view: View, level: BreachLevel) -> int:
    return sum(each.level is level for each in view.limits)


def breaches_note(view: View) -> str:
    """The breached limits in words."""
    return _joined(
        f"{each.limit.scope.words} {each.limit.measure}: {each.level}"
        for each in view.limits
        if each.level is not BreachLevel.INSIDE
    )


def _joined(parts: Iterable[str]) -> str:
    return "; ".join(parts)


def _state_tone(view: View) -> Tone:
    if view.trading_state is TradingState.HALTED:
        return Tone.BREACH
    return Tone.NEAR if view.trading_state is TradingState.REDUCING else Tone.PLAIN


def _state_note(view: View) -> str:
    words = {
        TradingState.ACTIVE: "orders may be sent once approved",
        TradingState.REDUCING: f"only what shrinks may be sent: {view.reduced_because or 'no reason given'}",
        TradingState.HALTED: f"nothing is sent: {view.halted_because or 'no reason given'}",
    }
    asked = f"; {view.resume_asked_by} asks to resume" if view.resume_asked_by else ""
    return words[view.trading_state] + asked


def _auto_word(auto: AutoSetting) -> str:
    return {AutoMode.OFF: "off", AutoMode.SHADOW: "shadow", AutoMode.ARMED: "armed"}[auto.mode]


def _auto_note(auto: AutoSetting) -> str:
    if auto.mode is AutoMode.OFF:
        return f"a person approves every hedge. {auto.ended_because}".strip()
    by = f"by {auto.set_by} at {_at(auto.set_at)}"
    if auto.mode is AutoMode.SHADOW:
        return f"decides and records, never sends; {by}"
    used = f"{auto.orders_used} of {auto.max_orders} orders"
    turnover = f"{fmt.plain(auto.turnover_used_usd, 0)} of {fmt.plain(auto.max_turnover_usd, 0)} USD"
    return f"approves by itself; {by}; used {used}, {turnover}"


def _at(at: datetime | None) -> str:
    return f"{fmt.clock_time(at)} UTC"
