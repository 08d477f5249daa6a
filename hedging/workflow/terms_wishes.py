"""What can be refused of a wish about the terms before the engine sees it: the screen says it at once.

The engine checks all of it again, on what it knows then.
"""

from hedging.errors import BadInput, WorkflowError
from hedging.model.limits import ScopeKind
from hedging.model.terms import DeskTerms, TermsVersion
from hedging.model.trading import Command, CommandKind
from hedging.model.view import View
from hedging.policy.sizing import lot_in_coin
from hedging.workflow import terms as versions
from hedging.workflow.terms_checks import Premises, flaws

ABOUT_TERMS = frozenset(
    {
        CommandKind.PROPOSE_TERMS,
        CommandKind.APPROVE_TERMS,
        CommandKind.REJECT_TERMS,
        CommandKind.WITHDRAW_TERMS,
    }
)


def refusal(command: Command, view: View | None) -> str:
    """Why the wish cannot be carried out as the engine's latest view is; empty where it may."""
    if view is None or view.terms is None:
        return "the engine has not said yet which terms are in force; try again in a moment"
    try:
        if command.kind is CommandKind.PROPOSE_TERMS:
            return "; ".join(_proposal_flaws(command, view, view.terms))
        _try_out(command, view, view.terms)
    except (BadInput, WorkflowError) as error:
        return str(error)
    return ""


def _proposal_flaws(command: Command, view: View, current: TermsVersion) -> tuple[str, ...]:
    if (command.ref_version, command.ref_hash) != (current.number, current.content_hash):
        return (f"version {current.number} of the terms is in force; look at it and propose again",)
    change = versions.change_of(command.body)
    fresh = versions.propose(current, change, command.user, command.reason, command.at, current.number + 1)
    return flaws(fresh.terms, _premises(view, current.terms, fresh.terms))


def _try_out(command: Command, view: View, current: TermsVersion) -> None:
    """Take the step on what is on the screen, and forget it; raises WorkflowError where it is not allowed."""
    named = next((each for each in view.proposals if each.number == command.ref_version), None)
    if named is None:
        raise WorkflowError(f"version {command.ref_version} of the terms does not wait for a decision")
    if command.kind is CommandKind.APPROVE_TERMS:
        versions.approve(named, current, command.user, command.ref_hash, command.at)
    elif command.kind is CommandKind.REJECT_TERMS:
        versions.reject(named, command.user, command.ref_hash, command.reason, command.at)
    else:
        versions.withdraw(named, command.user, command.ref_hash, command.reason, command.at)


def _premises(view: View, current: DeskTerms, new: DeskTerms) -> Premises:
    """What the view knows; which accounts and venues there are, the engine alone does."""
    lots: dict[str, float | None] = {terms.underlying: None for terms in current.underlyings}
    for hedge in view.hedges:
        if hedge.quote is not None and hedge.quote.index is not None:
            lots[hedge.instrument.underlying] = lot_in_coin(hedge.instrument, hedge.quote.index)
    scopes = [limit.scope for limit in new.wider]
    return Premises(
        lots=lots,
        accounts=frozenset(scope.name for scope in scopes if scope.kind is ScopeKind.ACCOUNT),
        venues=frozenset(scope.name for scope in scopes if scope.kind is ScopeKind.VENUE),
    )
