"""What people ask: re-read, re-checked, answered; an approval is used once, for what was on the screen."""

from collections.abc import Callable
from dataclasses import replace

from hedging.core import execution, sweeps
from hedging.core.effects import SettleCommand, Unlatch
from hedging.core.events import Asked, OpenOrdersRead, Wished
from hedging.core.halting import halt
from hedging.core.queries import QueryKind
from hedging.core.state import Release
from hedging.core.turn import Turn, without
from hedging.errors import BadInput, WorkflowError
from hedging.model.trading import (
    AutoSetting,
    Command,
    CommandKind,
    CommandState,
    OrderState,
    Refusal,
    Ticket,
    TradingState,
)
from hedging.workflow import authority
from hedging.workflow import ticket as tickets

Answer = tuple[CommandState, str]
DONE, REFUSED = CommandState.DONE, CommandState.REFUSED


def take_command(turn: Turn, event: Asked) -> None:
    """Check the role, act, and answer in one commit; before the engine is ready one may only stop."""
    command = event.command
    if not turn.state.ready and command.kind not in authority.STOPPING:
        return
    late = authority.too_late(command, turn.now)
    refusal = authority.may(command.role, command.kind) or authority.nameless(command) or late
    if refusal is not None:
        _settle(turn, command, (REFUSED, refusal.reason))
        return
    if command.kind is CommandKind.RELEASE:
        _begin_release(turn, command)
        return
    try:
        answer = ACTS[command.kind](turn, command)
    except (WorkflowError, BadInput) as error:
        answer = (REFUSED, str(error))
    _settle(turn, command, answer)


def take_wish(turn: Turn, event: Wished) -> None:
    """Carry out what somebody asked without the ledger; there is nobody to answer."""
    if event.kind is CommandKind.REDUCE:
        _reduced(turn, event.user, event.why)
    else:
        off = authority.auto_off(turn.state.status.auto, f"switched off by {event.user}: {event.why}")
        turn.set_auto(off, event.why, event.user)


def conclude_releases(turn: Turn, event: OpenOrdersRead) -> None:
    """Let quarantined orders go that the venue, asked after the wish, does not list any more."""
    listed = {report.client_id for report in event.reports}
    for release in tuple(turn.state.releases.values()):
        mine = [turn.state.orders[each] for each in release.orders if each in turn.state.orders]
        if event.asked_at < release.asked_at or any(o.account != event.account for o in mine):
            continue
        turn.set(releases=without(turn.state.releases, release.key))
        working = [order.client_id for order in mine if order.client_id in listed]
        if working:
            words = f"{working[0]} still works at the exchange; cancel it there first"
            turn.store(SettleCommand(release.key, REFUSED, words))
            continue
        held = [order for order in mine if order.state is OrderState.QUARANTINED]
        for order in held:
            words = f"released by {release.user}: {release.reason or 'looked at'}"
            turn.put_order(replace(order, state=OrderState.CANCELLED, detail=words))
        sweeps.ask(turn, event.account, QueryKind.POSITIONS)
        words = f"{len(held)} released; the exchange says that nothing of it works any more"
        turn.store(SettleCommand(release.key, DONE, words))


def give_up_releases(turn: Turn, account: str, why: str) -> None:
    """Answer the wishes that wait for a venue which did not answer."""
    for release in tuple(turn.state.releases.values()):
        accounts = {turn.state.orders[each].account for each in release.orders if each in turn.state.orders}
        if account in accounts:
            turn.set(releases=without(turn.state.releases, release.key))
            words = f"the exchange did not say what works there: {why}"
            turn.store(SettleCommand(release.key, REFUSED, words))


def _settle(turn: Turn, command: Command, answer: Answer) -> None:
    turn.store(SettleCommand(command.key, *answer))


def _approve(turn: Turn, command: Command) -> Answer:
    ticket = _named(turn, command)
    if turn.state.status.state is TradingState.HALTED:
        return REFUSED, "trading is halted"
    seen = (command.ref_version, command.ref_hash)
    approved = tickets.approve(ticket, f"{command.user} ({command.role.value})", seen, turn.now)
    started = tickets.start(approved, turn.now)
    turn.put_ticket(approved)
    turn.put_ticket(started)
    execution.begin(turn, started)
    return DONE, f"{ticket.id} approved; sending"


def _reject(turn: Turn, command: Command) -> Answer:
    ticket = _named(turn, command)
    person = f"{command.user} ({command.role.value})"
    turn.put_ticket(tickets.reject(ticket, person, command.reason, turn.now))
    rejected = {**turn.state.rejections, ticket.underlying: (turn.now, ticket.delta_before)}
    turn.set(rejections=rejected)
    return DONE, f"{ticket.id} rejected"


def _shadow(turn: Turn, command: Command) -> Answer:
    _set_auto(turn, command, authority.shadowed(command.user, turn.now, turn.state.status.auto))
    return DONE, "automatic hedging decides in shadow; nothing is sent by itself"


def _arm(turn: Turn, command: Command) -> Answer:
    grounds = authority.Grounds(
        rules=turn.state.rules,
        status=turn.state.status,
        proofs=turn.state.assessment(turn.now).proofs,
    )
    setting = authority.armed(command, grounds, turn.now)
    if isinstance(setting, Refusal):
        compared = f": {setting.value}, allowed {setting.bound}" if setting.bound else ""
        return REFUSED, f"{setting.reason}{compared}"
    _set_auto(turn, command, setting)
    turn.set(failed_in_a_row={})
    return DONE, f"armed for {command.minutes} min, until {setting.until:%H:%M:%S} UTC"


def _auto_off(turn: Turn, command: Command) -> Answer:
    off = authority.auto_off(turn.state.status.auto, f"switched off by {command.user}")
    _set_auto(turn, command, off)
    return DONE, "automatic hedging is off"


def _set_auto(turn: Turn, command: Command, setting: AutoSetting) -> None:
    turn.set_auto(setting, command.kind.value, command.user)


def _reduce(turn: Turn, command: Command) -> Answer:
    return _reduced(turn, command.user, command.reason or "reduce")


def _reduced(turn: Turn, user: str, reason: str) -> Answer:
    why = f"{user}: {reason}"
    turn.put_status(authority.reducing(turn.state.status, why), why, user)
    if turn.state.status.state is TradingState.HALTED:
        return DONE, "trading is halted, which is stricter, and stays so"
    return DONE, "only what shrinks delta and position is sent"


def _halt(turn: Turn, command: Command) -> Answer:
    halt(turn, f"{command.user}: {command.reason or 'halt'}", command.user)
    return DONE, "halted: nothing more is sent"


def _resume(turn: Turn, command: Command) -> Answer:
    before = turn.state.status
    status = authority.resumed(before, command.user, command.role)
    if isinstance(status, Refusal):
        return REFUSED, status.reason
    if status.state is not TradingState.ACTIVE:
        turn.put_status(status, "resuming was asked for", command.user)
        return DONE, "asked to resume; a second person must confirm"
    turn.put_status(status, f"resumed by {before.resume_asked_by} and {command.user}", command.user)
    turn.do(Unlatch())
    turn.set(latches=())
    return DONE, "trading is active again; automatic hedging is off"


def _begin_release(turn: Turn, command: Command) -> None:
    """A wish to let go is answered when the venue has said what still works there."""
    if command.key in turn.state.releases:
        return
    held = [
        order
        for order in turn.state.live
        if order.state is OrderState.QUARANTINED and command.ref in {order.client_id, order.instrument}
    ]
    if not held:
        _settle(turn, command, (REFUSED, f"nothing quarantined matches {command.ref!r}"))
        return
    lag = turn.state.rules.execution.venue_lag_seconds
    early = [order for order in held if (turn.now - order.fence_at).total_seconds() < lag]
    if early:
        words = (
            f"{early[0].client_id} may still arrive until its time fence has passed; try again in a moment"
        )
        _settle(turn, command, (REFUSED, words))
        return
    release = Release(
        key=command.key,
        user=command.user,
        reason=command.reason,
        orders=tuple(order.client_id for order in held),
        asked_at=turn.now,
    )
    turn.set(releases={**turn.state.releases, command.key: release})
    for account in {order.account for order in held}:
        sweeps.ask(turn, account, QueryKind.OPEN_ORDERS)


def _named(turn: Turn, command: Command) -> Ticket:
    for ticket in turn.state.tickets.values():
        if ticket.id == command.ref:
            return ticket
    raise WorkflowError(f"{command.ref} no longer waits; look at the newest ticket")


ACTS: dict[CommandKind, Callable[[Turn, Command], Answer]] = {
    CommandKind.APPROVE: _approve,
    CommandKind.REJECT: _reject,
    CommandKind.AUTO_SHADOW: _shadow,
    CommandKind.AUTO_ARM: _arm,
    CommandKind.AUTO_OFF: _auto_off,
    CommandKind.REDUCE: _reduce,
    CommandKind.HALT: _halt,
    CommandKind.RESUME: _resume,
}
