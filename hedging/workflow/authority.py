"""Who may ask what, and whether automatic hedging may act now."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hedging.model.exposure import DeltaProof, ProofVerdict, Road
from hedging.model.rules import AutoRules
from hedging.model.trading import (
    AutoMode,
    AutoSetting,
    Command,
    CommandKind,
    Order,
    OrderState,
    Refusal,
    Role,
    TradingState,
    TradingStatus,
)
from hedging.workflow.terms import plain_name, same_person

TRADERS = frozenset({Role.TRADER, Role.RISK})
STOPPING = frozenset({CommandKind.HALT, CommandKind.REDUCE, CommandKind.AUTO_OFF})
GOOD_FOR = timedelta(seconds=30)  # how long a wish other than to stop may wait for the engine
_BY_ITSELF = "auto, armed by "
_PROVING = frozenset({Road.NET, Road.BLACK})
MAY: dict[CommandKind, frozenset[Role]] = {
    CommandKind.APPROVE: TRADERS,
    CommandKind.REJECT: TRADERS,
    CommandKind.AUTO_SHADOW: TRADERS,
    CommandKind.AUTO_ARM: TRADERS,
    CommandKind.AUTO_OFF: frozenset(Role),
    CommandKind.REDUCE: frozenset(Role),
    CommandKind.HALT: frozenset(Role),
    CommandKind.RESUME: TRADERS,
    CommandKind.RELEASE: frozenset({Role.RISK}),
    CommandKind.PROPOSE_TERMS: TRADERS,
    CommandKind.APPROVE_TERMS: frozenset({Role.RISK}),
    CommandKind.REJECT_TERMS: frozenset({Role.RISK}),
    CommandKind.WITHDRAW_TERMS: TRADERS,
}


def may(role: Role, kind: CommandKind) -> Refusal | None:
    """Refuse what the role does not allow; stopping is allowed to everybody."""
    if role in MAY[kind]:
        return None
    allowed = " or ".join(sorted(role.value for role in MAY[kind]))
    return Refusal(control="role", reason=f"{kind.value} needs the role {allowed}", value=role.value)


def nameless(command: Command) -> Refusal | None:
    """Refuse what nobody asked; a wish to stop is anybody's."""
    if command.kind in STOPPING or plain_name(command.user):
        return None
    return Refusal(control="C23", reason=f"{command.kind.value} needs the name of a person")


def too_late(command: Command, now: datetime) -> Refusal | None:
    """Refuse what waited while no engine could act; a wish to stop is never too late."""
    waited = (now - command.at).total_seconds()
    if command.kind in STOPPING or waited <= GOOD_FOR.total_seconds():
        return None
    return Refusal(
        control="C18",
        reason="it was asked too long before the engine could act; ask again",
        value=f"{waited:.0f} s",
        bound=f"{GOOD_FOR.total_seconds():g} s",
    )


def approver(auto: AutoSetting) -> str:
    """Who approves a ticket that automatic mode carries out.

    >>> by_itself(approver(AutoSetting(mode=AutoMode.ARMED, set_by="tess")))
    True
    """
    return f"{_BY_ITSELF}{auto.set_by}"


def by_itself(decided_by: str) -> bool:
    """Whether automatic mode approved it, not a person."""
    return decided_by.startswith(_BY_ITSELF)


def halted(status: TradingStatus, why: str) -> TradingStatus:
    """Everything off: nothing is sent, automatic mode ends, a pending wish to resume is void."""
    return replace(
        status,
        state=TradingState.HALTED,
        halted_because=why,
        resume_asked_by="",
        auto=auto_off(status.auto, f"halted: {why}"),
    )


def resumed(status: TradingStatus, user: str, role: Role) -> TradingStatus | Refusal:
    """Two different people, one of them risk, bring trading back; the first one only asks."""
    if status.state is not TradingState.HALTED:
        return Refusal(control="C2", reason="trading is not halted")
    if not plain_name(user):
        return Refusal(control="C2", reason="resuming needs the name of a person")
    if not status.resume_asked_by:
        return replace(status, resume_asked_by=f"{user} ({role.value})")
    if is_who_asked(status.resume_asked_by, user):
        return Refusal(control="C2", reason="a second person must resume, not the one who asked", value=user)
    first_role = Role(status.resume_asked_by.rpartition(" ")[2].strip("()"))
    if Role.RISK not in (role, first_role):
        return Refusal(control="C2", reason="one of the two who resume must have the role risk")
    return TradingStatus(auto=replace(status.auto, mode=AutoMode.OFF))


def is_who_asked(asked_by: str, user: str) -> bool:
    """Whether ``user`` is the person named in ``resume_asked_by``, in whatever spelling.

    >>> is_who_asked("Ann Lee (risk)", "ann  lee")
    True
    """
    return bool(asked_by) and same_person(asked_by.rpartition(" ")[0], user)


def auto_off(setting: AutoSetting, why: str) -> AutoSetting:
    """End automatic mode and keep why."""
    if setting.mode is AutoMode.OFF:
        return setting
    return replace(setting, mode=AutoMode.OFF, until=None, ended_because=why)


def armed(command: Command, rules: AutoRules, now: datetime) -> AutoSetting | Refusal:
    """Arm for the asked minutes inside the asked caps, none of which may exceed the desk's."""
    if not plain_name(command.user):
        return Refusal(control="C18", reason="arming needs the name of a person")
    if not 0 < command.minutes <= rules.max_minutes:
        return Refusal(
            control="C18",
            reason="the time to arm for is outside what is allowed",
            value=f"{command.minutes} min",
            bound=f"1 to {rules.max_minutes} min",
        )
    if not 0 < command.max_orders <= rules.max_orders:
        return Refusal(
            control="C18",
            reason="the cap on orders is outside what is allowed",
            value=str(command.max_orders),
            bound=f"1 to {rules.max_orders}",
        )
    if not 0 < command.max_turnover_usd <= rules.max_turnover_usd:
        return Refusal(
            control="C18",
            reason="the cap on turnover is outside what is allowed",
            value=f"{command.max_turnover_usd:,.0f} USD",
            bound=f"up to {rules.max_turnover_usd:,.0f} USD",
        )
    return AutoSetting(
        mode=AutoMode.ARMED,
        set_by=command.user,
        set_at=now,
        until=now + timedelta(minutes=command.minutes),
        max_orders=command.max_orders,
        max_turnover_usd=command.max_turnover_usd,
    )


def shadowed(user: str, now: datetime) -> AutoSetting:
    """Decide and record, never send."""
    return AutoSetting(mode=AutoMode.SHADOW, set_by=user, set_at=now)


def lapsed(setting: AutoSetting, now: datetime) -> AutoSetting:
    """End an armed mode whose time or caps are used up."""
    if setting.mode is not AutoMode.ARMED:
        return setting
    if setting.until is None or now >= setting.until:
        return auto_off(setting, "its time was over")
    if setting.orders_used >= setting.max_orders:
        return auto_off(setting, f"its cap of {setting.max_orders} orders was used")
    if setting.turnover_used_usd >= setting.max_turnover_usd:
        return auto_off(setting, f"its cap of {setting.max_turnover_usd:,.0f} USD turnover was used")
    return setting


def auto_refusals(
    status: TradingStatus, proofs: Sequence[DeltaProof], orders: Sequence[Order], blocked: Sequence[str]
) -> tuple[str, ...]:
    """Why automatic hedging would not act now, in words; empty when it would.

    A delta proof that is red by any road refuses. Each account and margin currency needs one, by net
    transaction or by the sum of Black, that is green or amber; a road that its venue does not offer, or
    offers in part, refuses only where no other one proves the same. No proof at all proves nothing.
    ``blocked`` names underlyings whose delta is not known.
    """
    reasons = []
    if status.state is not TradingState.ACTIVE:
        reasons.append(f"trading is {status.state.value}")
    reasons += [f"the delta of {name} is not fully known" for name in blocked]
    reasons += [
        f"the delta proof of {proof.underlying} on {proof.account} ({proof.currency}) is red by "
        f"{proof.road}: ours {proof.ours:+.3f}, venue {proof.venue:+.3f}"
        for proof in proofs
        if proof.verdict is ProofVerdict.RED
    ]
    reasons += [
        f"the delta of {first.underlying} on {first.account} ({first.currency}) cannot be proved: {first.why}"
        for first in _unproved(proofs)
        if first.underlying not in blocked
    ]
    if not (proofs or blocked):
        reasons.append("no venue states a delta that proves ours")
    reasons += [
        f"order {order.client_id} is {order.state.value}"
        for order in orders
        if order.state in {OrderState.UNKNOWN, OrderState.QUARANTINED}
    ]
    return tuple(reasons)


def _unproved(proofs: Sequence[DeltaProof]) -> tuple[DeltaProof, ...]:
    """The first proof of each account and margin currency whose delta no road proves or contradicts."""
    groups: dict[tuple[str, str, str], list[DeltaProof]] = {}
    for proof in proofs:
        groups.setdefault((proof.underlying, proof.account, proof.currency), []).append(proof)
    return tuple(group[0] for group in groups.values() if not any(map(_compared, group)))


def _compared(proof: DeltaProof) -> bool:
    return proof.road in _PROVING and proof.verdict is not ProofVerdict.UNKNOWN
