"""Who may ask what, and whether automatic hedging may act now."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import isfinite

from hedging.model.exposure import DeltaProof, ProofVerdict, Road
from hedging.model.limits import Measure
from hedging.model.rules import AutoRules, Rules
from hedging.model.trading import (
    AutoMode,
    AutoSetting,
    Command,
    CommandKind,
    Order,
    OrderState,
    ReducedBy,
    Refusal,
    Role,
    TradingState,
    TradingStatus,
)
from hedging.workflow.terms import plain_name, same_person

TRADERS = frozenset({Role.TRADER, Role.RISK})
STOPPING = frozenset({CommandKind.HALT, CommandKind.REDUCE, CommandKind.AUTO_OFF})
GOOD_FOR = timedelta(seconds=30)  # how long a wish other than to stop may wait for the engine
LONGEST_UNCOUNTED = timedelta(minutes=2)  # longer between two counts: the engine did not run all the while
_BY_ITSELF = "auto, armed by "
_LIMITED = (Measure.DELTA, Measure.HEDGE_POSITION)  # of each underlying, before automatic mode may act
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What arming rests on at this moment: the rules in force, the book's switch, the delta proofs."""

    rules: Rules
    status: TradingStatus
    proofs: tuple[DeltaProof, ...]


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


def armed_by(decided_by: str) -> str:
    """Who armed the automatic mode that approved; else what is given.

    >>> armed_by("auto, armed by tess"), armed_by("ann (trader)")
    ('tess', 'ann (trader)')
    """
    return decided_by.removeprefix(_BY_ITSELF)


def halted(status: TradingStatus, why: str) -> TradingStatus:
    """Everything off: nothing is sent, automatic mode ends, a pending wish to resume is void."""
    return replace(
        status,
        state=TradingState.HALTED,
        halted_because=why,
        resume_asked_by="",
        auto=auto_off(status.auto, f"halted: {why}"),
        reduced_because="",
        reduced_by=None,
        quiet_since=None,
    )


def reducing(status: TradingStatus, why: str, by: ReducedBy = ReducedBy.PERSON) -> TradingStatus:
    """Only what shrinks delta and position may be sent; automatic mode ends.

    A halt is never loosened by it, and what a person reduced does not become the market's, which would
    lift by itself. A person's wish voids a pending one to resume.
    """
    if status.state is TradingState.HALTED:
        return status
    if status.reduced_by is ReducedBy.PERSON and by is ReducedBy.MARKET:
        return status
    return replace(
        status,
        state=TradingState.REDUCING,
        reduced_because=why,
        reduced_by=by,
        quiet_since=None,
        resume_asked_by="",
        auto=auto_off(status.auto, f"reducing: {why}"),
    )


def resumed(status: TradingStatus, user: str, role: Role) -> TradingStatus | Refusal:
    """Two different people, one of them risk, bring trading back from a halt or from reducing.

    The first one only asks; automatic mode is off afterwards.
    """
    if status.state is TradingState.ACTIVE:
        return Refusal(control="C2", reason="trading is neither halted nor reducing")
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
    return replace(setting, mode=AutoMode.OFF, until=None, ended_because=why, shadow_counted_at=None)


def tripped(setting: AutoSetting, why: str) -> AutoSetting:
    """End automatic mode because it repeats itself (C8): whoever armed it may not arm it again next."""
    if setting.mode is not AutoMode.ARMED:
        return setting
    off = auto_off(setting, f"it repeated itself: {why}")
    return replace(off, tripped_by_use=why, tripped_armed_by=setting.set_by)


def armed(command: Command, grounds: Grounds, now: datetime) -> AutoSetting | Refusal:
    """Arm for the asked minutes inside the asked caps, where everything that it takes is there (C18)."""
    before = shadow_counted(grounds.status.auto, now)
    refusal = (
        _wrong_person(command, before)
        or _not_prepared(grounds, before)
        or _outside_caps(command, grounds.rules.auto)
    )
    if refusal:
        return refusal
    return AutoSetting(
        mode=AutoMode.ARMED,
        set_by=command.user,
        set_at=now,
        until=now + timedelta(minutes=command.minutes),
        max_orders=command.max_orders,
        max_turnover_usd=command.max_turnover_usd,
        shadow_seconds_seen=before.shadow_seconds_seen,
        repeats_from=now if before.tripped_by_use else before.repeats_from,
    )


def _wrong_person(command: Command, before: AutoSetting) -> Refusal | None:
    if not plain_name(command.user):
        return Refusal(control="C18", reason="arming needs the name of a person")
    if before.tripped_by_use and same_person(before.tripped_armed_by, command.user):
        return Refusal(
            control="C8",
            reason=f"another person must arm: what {before.tripped_armed_by} armed repeated itself, "
            f"{before.tripped_by_use}",
            value=command.user,
        )
    return None


def _not_prepared(grounds: Grounds, before: AutoSetting) -> Refusal | None:
    """The first of state, limits, proof and shadow that is not as arming needs it."""
    rules, state = grounds.rules, grounds.status.state
    if state is not TradingState.ACTIVE:
        return Refusal(control="C18", reason=f"trading is {state.value}", bound=TradingState.ACTIVE.value)
    for item in rules.underlyings:
        found = {limit.measure for limit in item.limits if isfinite(limit.hard) and limit.hard > 0}
        missing = [measure.value for measure in _LIMITED if measure not in found]
        if missing:
            reason = f"{item.underlying} has no limit for its {' and its '.join(missing)}"
            return Refusal(control="C18", reason=reason)
    unproved = _not_green(rules, grounds.proofs)
    if unproved:
        return Refusal(control="C18", reason=f"arming needs a green delta proof: {unproved}")
    if before.shadow_seconds_seen >= rules.auto.shadow_minutes * 60:
        return None
    return Refusal(
        control="C18",
        reason="it has not decided in shadow long enough",
        value=f"{before.shadow_seconds_seen / 60:.0f} min",
        bound=f"{rules.auto.shadow_minutes:g} min",
    )


def _outside_caps(command: Command, rules: AutoRules) -> Refusal | None:
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
    return None


def shadowed(user: str, now: datetime, before: AutoSetting) -> AutoSetting:
    """Decide and record, never send; shadow time seen before and what repeated itself stay known."""
    counted = shadow_counted(before, now)
    return AutoSetting(
        mode=AutoMode.SHADOW,
        set_by=user,
        set_at=now,
        shadow_seconds_seen=counted.shadow_seconds_seen,
        shadow_counted_at=now,
        tripped_by_use=before.tripped_by_use,
        tripped_armed_by=before.tripped_armed_by,
        repeats_from=before.repeats_from,
    )


def shadow_counted(setting: AutoSetting, now: datetime) -> AutoSetting:
    """Count the shadow time since the last count; to be done at least every two minutes.

    A longer time does not count, for then the engine did not decide all the while; nor does one that our
    clock went back in.
    """
    if setting.mode is not AutoMode.SHADOW:
        return setting
    since = setting.shadow_counted_at
    passed = timedelta(0) if since is None else now - since
    counts = timedelta(0) < passed <= LONGEST_UNCOUNTED
    seen = setting.shadow_seconds_seen + (passed.total_seconds() if counts else 0.0)
    return replace(setting, shadow_seconds_seen=seen, shadow_counted_at=now)


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


def _not_green(rules: Rules, proofs: Sequence[DeltaProof]) -> str:
    """Whose delta is not proved as arming needs it, in words: green by a proving road, and red by none."""
    red = next((proof for proof in proofs if proof.verdict is ProofVerdict.RED), None)
    if red is not None:
        return f"{red.underlying} on {red.account} ({red.currency}) is red by {red.road}"
    for item in rules.underlyings:
        if not any(proof.underlying == item.underlying for proof in proofs):
            return f"no venue states a delta of {item.underlying}"
    for group in _groups(proofs):
        if not any(proof.road in _PROVING and proof.verdict is ProofVerdict.GREEN for proof in group):
            first = group[0]
            return f"{first.underlying} on {first.account} ({first.currency}) is not green"
    return ""


def _unproved(proofs: Sequence[DeltaProof]) -> tuple[DeltaProof, ...]:
    """The first proof of each account and margin currency whose delta no road proves or contradicts."""
    return tuple(group[0] for group in _groups(proofs) if not any(map(_compared, group)))


def _groups(proofs: Sequence[DeltaProof]) -> tuple[list[DeltaProof], ...]:
    """Proofs by underlying, account and margin currency."""
    groups: dict[tuple[str, str, str], list[DeltaProof]] = {}
    for proof in proofs:
        groups.setdefault((proof.underlying, proof.account, proof.currency), []).append(proof)
    return tuple(groups.values())


def _compared(proof: DeltaProof) -> bool:
    return proof.road in _PROVING and proof.verdict is not ProofVerdict.UNKNOWN
