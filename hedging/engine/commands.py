"""Carries out what people ask: re-reads, re-checks, answers; the engine alone acts."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from hedging.engine.desk_state import DeskState
from hedging.engine.terms import TermsClerk
from hedging.errors import BadInput, VenueError, WorkflowError
from hedging.model.trading import (
    AutoSetting,
    Command,
    CommandKind,
    CommandState,
    Order,
    OrderState,
    Refusal,
    Ticket,
    TicketState,
    TradingState,
)
from hedging.workflow import authority
from hedging.workflow import order as orders
from hedging.workflow import ticket as tickets

Answer = tuple[CommandState, str]
DONE, REFUSED = CommandState.DONE, CommandState.REFUSED
CANCELLABLE = frozenset({OrderState.ACKED, OrderState.PARTIAL, OrderState.UNKNOWN})
CANCEL_WINDOW = timedelta(seconds=30)
MOST_CANCELS = 3  # of one order within the window
BETWEEN_CANCELS = timedelta(seconds=2)


class Clerk:
    """Answers pending commands but RELEASE; ``start`` begins the execution of an approved ticket."""

    def __init__(self, desk: DeskState, start: Callable[[Ticket], None]) -> None:
        self._desk = desk
        self._start = start
        self._terms = TermsClerk(desk)
        self._acts: dict[CommandKind, Callable[[Command], Answer]] = {
            CommandKind.APPROVE: self._approve,
            CommandKind.REJECT: self._reject,
            CommandKind.AUTO_SHADOW: self._shadow,
            CommandKind.AUTO_ARM: self._arm,
            CommandKind.AUTO_OFF: self._auto_off,
            CommandKind.REDUCE: self._reduce,
            CommandKind.HALT: self._halt,
            CommandKind.RESUME: self._resume,
        }

    def handle(self, command: Command) -> None:
        """Check the role, act, and store the answer."""
        late = authority.too_late(command, self._desk.now())
        refusal = authority.may(command.role, command.kind) or authority.nameless(command) or late
        try:
            if refusal is None and command.kind in self._terms.kinds:
                self._terms.handle(command)
                return
            answer = (REFUSED, refusal.reason) if refusal else self._acts[command.kind](command)
        except (WorkflowError, BadInput) as error:
            answer = (REFUSED, str(error))
        self._desk.blotter.settle(command, *answer)
        self._desk.wake()

    def halt(self, why: str, actor: str) -> None:
        """Latch, write it down, end automatic mode, close tickets, and cancel what rests."""
        desk = self._desk
        desk.latches.trip(why)
        before = desk.blotter.status
        if (before.state, before.halted_because, before.resume_asked_by) != (TradingState.HALTED, why, ""):
            desk.blotter.put_status(authority.halted(before, why), why, actor)
        for ticket in tuple(desk.blotter.tickets.values()):
            if ticket.state is TicketState.PROPOSED:
                desk.blotter.put_ticket(tickets.supersede(ticket, f"halted: {why}"))
            elif ticket.state is TicketState.APPROVED:
                desk.blotter.put_ticket(tickets.fail(ticket, f"halted: {why}"))

    def _approve(self, command: Command) -> Answer:
        ticket = self._named(command)
        if self._desk.blotter.status.state is TradingState.HALTED:
            return REFUSED, "trading is halted"
        approved = tickets.approve(
            ticket,
            f"{command.user} ({command.role.value})",
            (command.ref_version, command.ref_hash),
            self._desk.now(),
        )
        self._desk.blotter.put_ticket(approved)
        self._start(approved)
        return DONE, f"{ticket.id} approved; sending"

    def _reject(self, command: Command) -> Answer:
        ticket = self._named(command)
        person = f"{command.user} ({command.role.value})"
        self._desk.blotter.put_ticket(tickets.reject(ticket, person, command.reason, self._desk.now()))
        self._desk.blotter.rejections[ticket.underlying] = (self._desk.now(), ticket.delta_before)
        return DONE, f"{ticket.id} rejected"

    def _shadow(self, command: Command) -> Answer:
        self._set_auto(
            command, authority.shadowed(command.user, self._desk.now(), self._desk.blotter.status.auto)
        )
        return DONE, "automatic hedging decides in shadow; nothing is sent by itself"

    def _arm(self, command: Command) -> Answer:
        grounds = authority.Grounds(
            rules=self._desk.rules,
            status=self._desk.blotter.status,
            proofs=self._desk.assessment().proofs,
        )
        setting = authority.armed(command, grounds, self._desk.now())
        if isinstance(setting, Refusal):
            compared = f": {setting.value}, allowed {setting.bound}" if setting.bound else ""
            return REFUSED, f"{setting.reason}{compared}"
        self._set_auto(command, setting)
        self._desk.blotter.failed_in_a_row.clear()
        return DONE, f"armed for {command.minutes} min, until {setting.until:%H:%M:%S} UTC"

    def _auto_off(self, command: Command) -> Answer:
        off = authority.auto_off(self._desk.blotter.status.auto, f"switched off by {command.user}")
        self._set_auto(command, off)
        return DONE, "automatic hedging is off"

    def _set_auto(self, command: Command, setting: AutoSetting) -> None:
        status = replace(self._desk.blotter.status, auto=setting)
        self._desk.blotter.put_status(status, command.kind.value, command.user)

    def _reduce(self, command: Command) -> Answer:
        why = f"{command.user}: {command.reason or 'reduce'}"
        self._desk.blotter.put_status(authority.reducing(self._desk.blotter.status, why), why, command.user)
        return DONE, "only what shrinks delta and position is sent"

    def _halt(self, command: Command) -> Answer:
        why = f"{command.user}: {command.reason or 'halt'}"
        self.halt(why, command.user)
        return DONE, "halted: nothing more is sent"

    def _resume(self, command: Command) -> Answer:
        status = authority.resumed(self._desk.blotter.status, command.user, command.role)
        if isinstance(status, Refusal):
            return REFUSED, status.reason
        if status.state is not TradingState.ACTIVE:
            self._desk.blotter.put_status(status, "resuming was asked for", command.user)
            return DONE, "asked to resume; a second person must confirm"
        first = self._desk.blotter.status.resume_asked_by
        self._desk.blotter.put_status(status, f"resumed by {first} and {command.user}", command.user)
        self._desk.latches.clear()
        return DONE, "trading is active again; automatic hedging is off"

    def _named(self, command: Command) -> Ticket:
        for ticket in self._desk.blotter.tickets.values():
            if ticket.id == command.ref:
                return ticket
        raise WorkflowError(f"{command.ref} no longer waits; look at the newest ticket")


def _may_cancel(desk: DeskState, order: Order) -> bool:
    """Whether one more cancel of this order is due: a few at once help, a stream of them does not."""
    now = desk.now()
    tried = tuple(at for at in desk.cancels.get(order.client_id, ()) if now - at < CANCEL_WINDOW)
    if len(tried) >= MOST_CANCELS or (tried and now - tried[-1] < BETWEEN_CANCELS):
        return False
    desk.cancels[order.client_id] = (*tried, now)
    return True


async def cancel_resting(desk: DeskState) -> None:
    """Ask the venue to cancel each order of ours that may rest; only our own ids, never the account."""
    for order in tuple(desk.blotter.live.values()):
        if order.state not in CANCELLABLE or not _may_cancel(desk, order):
            continue
        session = desk.sessions[order.account].orders
        try:
            report = await session.run(session.cancel, order)
        except (VenueError, BadInput) as error:
            desk.latest_trouble = str(error)
            await asyncio.sleep(0)
            continue
        if report is not None:
            desk.blotter.put_order(orders.reported(desk.blotter.recent.get(order.client_id, order), report))
