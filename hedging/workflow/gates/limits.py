"""C5 and I2: every hard limit of every scope holds in the worst case; what does not make it fuller passes."""

from dataclasses import dataclass, replace
from decimal import Decimal
from math import isfinite, nan

from hedging.errors import BadInput
from hedging.model.gates import Reading
from hedging.model.instrument import Instrument, Kind, Settlement
from hedging.model.limits import Limit, Measure, Scope, ScopeKind
from hedging.model.trading import Order, Refusal
from hedging.policy.sizing import coins_of, references
from hedging.risk.limits import measured
from hedging.risk.scopes import Part, ScopeParts
from hedging.workflow.gates.state import GateState
from hedging.workflow.order import worst_case

CONTROL = "C5"
SENTENCE = "every hard limit holds in the worst case"


@dataclass(frozen=True, slots=True)
class Change:
    """What an order may do to its underlying, where it fills: signed, in the units of a ``Part``."""

    order: Order
    part: Part


def check(order: Order, state: GateState) -> Refusal | None:
    """Refuse an order that makes a measure larger which is, or then would be, beyond its hard limit.

    Of the other orders alive, those that add to the measure fill, and none that takes from it. A measure
    that the order would raise and whose present value is not known refuses it; one that the order lowers or
    leaves alone does not, whatever the rest of its scope may be.
    """
    limits = [limit for limit in state.rules.limits if _inside(limit.scope, order)]
    if not limits:
        return None
    try:
        own = _own_change(order, state)
        others = tuple(_other_change(other, state) for other in state.live)
    except BadInput as error:
        return Refusal(control=CONTROL, reason=str(error))
    return next((no for limit in limits if (no := _refusal(limit, own, others, state))), None)


def readings(state: GateState) -> tuple[Reading, ...]:
    """Each limit of each scope that the order's underlying is in, with its measure as it is now."""
    return tuple(
        Reading(f"{limit.measure} of {limit.scope.words}", _present(limit, state), limit.hard, limit.unit)
        for limit in state.rules.limits
        if limit.scope.kind is not ScopeKind.UNDERLYING or limit.scope.name == state.underlying.underlying
    )


def _present(limit: Limit, state: GateState) -> float | None:
    found = state.scopes.get(limit.scope)
    value = None if found is None else measured(limit.measure, found)
    return value if value is not None and isfinite(value) else None


def _inside(scope: Scope, order: Order) -> bool:
    return {
        ScopeKind.UNDERLYING: scope.name == order.underlying,
        ScopeKind.ACCOUNT: scope.name == order.account,
        ScopeKind.VENUE: scope.name == order.venue,
        ScopeKind.BOOK: True,
    }[scope.kind]


def _refusal(limit: Limit, own: Change, others: tuple[Change, ...], state: GateState) -> Refusal | None:
    name, measure = own.order.underlying, limit.measure
    if own.part.figure(measure) == 0:
        return None
    found = state.scopes.get(limit.scope)
    if found is None:
        return _unknown(limit)
    alive = tuple(each for each in others if _inside(limit.scope, each.order))
    worst = _worst(found, own, alive, measure)
    before, after = worst.parts.get(name), worst.with_change(name, own.part)
    present = before.figure(measure) if before else 0.0
    then = after.parts[name]
    if then is not None and then.figure(measure) <= present:
        return None
    value = measured(measure, after)
    if value is None:
        return _unknown(limit)
    if value <= limit.hard:
        return None
    return Refusal(
        control=CONTROL,
        reason=f"the {measure} of {limit.scope.words} could become too large",
        value=f"{value:,.6g} {limit.unit}",
        bound=f"{limit.hard:,.6g} {limit.unit}",
    )


def _worst(found: ScopeParts, own: Change, alive: tuple[Change, ...], measure: Measure) -> ScopeParts:
    """The scope once every other order has filled that makes the measure worse for this one.

    One of the same underlying the other way adds to the gross notional alone: whether it fills is not known,
    and what it would take away may stay.
    """
    for each in alive:
        name, part = each.order.underlying, each.part
        if name != own.order.underlying:
            found = _larger(found, found.with_change(name, part), name, measure)
        elif each.order.side is own.order.side:
            found = found.with_change(name, part)
        else:
            found = found.with_change(name, Part(gross=part.gross, index=part.index))
    return found


def _larger(one: ScopeParts, other: ScopeParts, name: str, measure: Measure) -> ScopeParts:
    """Whichever has more of the measure in an underlying; what is not known stays so."""
    before, after = one.parts.get(name), other.parts[name]
    if before is None or after is None or after.figure(measure) > before.figure(measure):
        return other
    return one


def _unknown(limit: Limit) -> Refusal:
    return Refusal(
        control=CONTROL,
        reason=f"the {limit.measure} of {limit.scope.words} is not known, and the order would raise it",
        value="unknown",
        bound=f"{limit.hard:,.6g} {limit.unit}",
    )


def _own_change(order: Order, state: GateState) -> Change:
    """The order filled in full, on top of the position and of what else may fill the same way in it."""
    if state.quote is None or state.position is None:
        raise BadInput("the present position or its price is not known")
    price = Decimal(str(references(state.quote, state.rules.execution).price))
    same_way = sum(
        (
            worst_case(other)
            for other in state.live
            if (other.account, other.instrument_key) == (order.account, order.instrument_key)
            and other.side is order.side
        ),
        Decimal(0),
    )
    before = float(coins_of(state.instrument, state.position + same_way, price))
    coins = float(coins_of(state.instrument, order.amount * order.side, price))
    index = state.exposure.index if state.exposure else float(price)
    part = _part(state.instrument, coins, index, state)
    derivative = state.instrument.kind is not Kind.SPOT
    gross = (abs(before + coins) - abs(before)) * index if derivative else 0.0
    return Change(order, replace(part, gross=gross))


def _other_change(order: Order, state: GateState) -> Change:
    """What an order alive may still do; it is taken to add to the gross notional."""
    instrument = state.instruments.get(order.instrument_key)
    if instrument is None:
        raise BadInput(f"the instrument of {order.client_id}, which may still fill, is not known")
    coins = float(coins_of(instrument, worst_case(order), order.limit_price))
    found = (scope.parts.get(order.underlying) for scope in state.scopes.values())
    index = next((part.index for part in found if part is not None), float(order.limit_price))
    part = _part(instrument, coins, index, state)
    return Change(order, replace(part, gross=abs(part.net)))


def _part(instrument: Instrument, coins: float, index: float, state: GateState) -> Part:
    """Signed coins of an instrument as a part; an option's Greeks are not known here, and NaN says so."""
    item = next((each for each in state.rules.underlyings if each.underlying == instrument.underlying), None)
    share = item.numeraire.hedged_share if item else 0.0
    hedge = coins if item is not None and item.hedge_key == instrument.key else 0.0
    if instrument.kind is Kind.SPOT:
        return Part(delta=share * coins, hedge=hedge, index=index)
    if instrument.kind is Kind.OPTION:
        return Part(delta=nan, gamma=nan, vega=nan, theta=nan, net=coins * index, hedge=hedge, index=index)
    inverse = instrument.settlement is Settlement.INVERSE
    gamma = -(1 - share) * coins if inverse else 0.0
    return Part(delta=coins, gamma=gamma, net=coins * index, hedge=hedge, index=index)
