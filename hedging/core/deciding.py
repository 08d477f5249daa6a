"""One cycle: value the book, decide for each underlying, and let automatic mode act on it."""

from dataclasses import replace
from datetime import timedelta

from hedging.core import execution, watching
from hedging.core.effects import Decided as DecidedEffect
from hedging.core.effects import PutInputs
from hedging.core.events import Looked
from hedging.core.inputs import Inputs
from hedging.core.state import Market
from hedging.core.turn import Turn
from hedging.decide import Assessment, Decided, Situation, decide
from hedging.errors import WorkflowError
from hedging.model.rules import UnderlyingRules
from hedging.model.trading import AutoMode, Outcome, Ticket, TicketState
from hedging.workflow import ticket as tickets
from hedging.workflow.authority import approver, auto_refusals

AFTER_FAILURE = timedelta(seconds=5)


def take_look(turn: Turn, event: Looked) -> None:
    """Keep the market, and decide."""
    market = Market(
        quotes=event.quotes,
        smiles=event.smiles,
        gaps=event.gaps,
        indices_then=event.indices_then,
        instrument_troubles=event.instrument_troubles,
    )
    turn.set(market=market)
    whole = turn.value_book()
    if not turn.state.ready:
        return
    watching.watch(turn)
    inputs = turn.state.setup.encode(whole.snapshot, turn.state.rules)
    for item in turn.state.rules.underlyings:
        situation = _situation(turn, item, inputs.digest)
        decided = decide(turn.state.rules, item, whole.snapshot, whole, situation)
        turn.do(DecidedEffect(decided.decision))
        _apply(turn, item, decided, whole, inputs)


def expire_tickets(turn: Turn) -> None:
    """End what waited or was approved too long ago."""
    for ticket in tuple(turn.state.tickets.values()):
        if ticket.state is not TicketState.EXECUTING and turn.now >= ticket.expires_at:
            turn.put_ticket(tickets.expire(ticket, turn.now))


def _situation(turn: Turn, item: UnderlyingRules, digest: str) -> Situation:
    state = turn.state
    failed_at = state.failures.get(item.underlying)
    recent = failed_at is not None and turn.now - failed_at < AFTER_FAILURE
    return Situation(
        now=turn.now,
        inputs_hash=digest,
        instrument=state.setup.instruments.get(item.hedge_key),
        ticket=state.tickets.get(item.underlying),
        live=tuple(order for order in state.live if order.underlying == item.underlying),
        state=state.status.state,
        settled=state.accounts[item.account].settled,
        rejected=state.rejections.get(item.underlying),
        failed_at=failed_at if recent else None,
    )


def _apply(turn: Turn, item: UnderlyingRules, decided: Decided, whole: Assessment, inputs: Inputs) -> None:
    waiting = turn.state.tickets.get(item.underlying)
    if waiting is not None and decided.superseded:
        turn.put_ticket(tickets.supersede(waiting, decided.superseded))
    if decided.proposal is not None:
        shadow = turn.state.status.auto.mode is AutoMode.SHADOW
        ticket = replace(decided.proposal, shadow=shadow)
        turn.store(PutInputs(ticket.inputs_hash, inputs.body))
        turn.put_ticket(ticket)
        if shadow:
            turn.note("shadow", ticket.id, {"would have sent": ticket.sentence})
        _act_by_itself(turn, item, ticket, whole)
    elif decided.decision.outcome is Outcome.KEEP and waiting is not None:
        _act_by_itself(turn, item, waiting, whole)


def _act_by_itself(turn: Turn, item: UnderlyingRules, ticket: Ticket, whole: Assessment) -> None:
    """Approve and begin where automatic mode may do so now, in one commit with the proposal."""
    status = turn.state.status
    if ticket.state is not TicketState.PROPOSED or status.auto.mode is not AutoMode.ARMED:
        return
    proofs = [proof for proof in whole.proofs if proof.underlying == item.underlying]
    if auto_refusals(status, proofs, turn.state.live, ()):
        return
    seen = (ticket.version, ticket.content_hash)
    try:
        approved = tickets.approve(ticket, approver(status.auto), seen, turn.now)
        started = tickets.start(approved, turn.now)
    except WorkflowError:
        return
    turn.put_ticket(approved)
    turn.put_ticket(started)
    execution.begin(turn, started)
