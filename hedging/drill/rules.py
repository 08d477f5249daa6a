"""The terms a drill's desk works under."""

from hedging.drill.market import UNDERLYING
from hedging.drill.plan import Plan
from hedging.model.limits import Band, Limit, Measure, Numeraire, Scope, ScopeKind
from hedging.model.rules import AccountPlace, AutoRules, ExecutionRules, Rules, UnderlyingRules

HALF_BAND = 1.0
HARD_POSITION = 25.0
HARD_DELTA = 60.0


def rules_of(plan: Plan) -> Rules:
    """The rules of a schedule."""
    scope = Scope(ScopeKind.UNDERLYING, UNDERLYING)
    item = UnderlyingRules(
        underlying=UNDERLYING,
        account="main",
        venue=plan.profile.name,
        hedge_instrument="BTC-HEDGE",
        numeraire=Numeraire(0.0),
        band=Band(lower=-HALF_BAND, centre=0.0, upper=HALF_BAND, target=plan.target),
        limits=(
            Limit(scope=scope, measure=Measure.DELTA, soft=HARD_DELTA / 2, hard=HARD_DELTA),
            Limit(scope=scope, measure=Measure.HEDGE_POSITION, soft=HARD_POSITION / 2, hard=HARD_POSITION),
        ),
        max_order_coin=10.0,
    )
    return Rules(
        underlyings=(item,),
        accounts=tuple(AccountPlace(name, plan.profile.name) for name in plan.accounts),
        execution=ExecutionRules(
            style=plan.style,
            clip_usd=40_000.0 if plan.strict else 150_000.0,
            passive_seconds=4.0,
            messages_per_second=1.0 if plan.strict else 5.0,
            messages_burst=5 if plan.strict else 10,
            ticket_seconds=30.0 if plan.strict else 120.0,
        ),
        auto=AutoRules(
            shadow_minutes=0.0,
            repeats_10_minutes=2 if plan.strict else 6,
            sign_flips=1 if plan.strict else 3,
        ),
    )
