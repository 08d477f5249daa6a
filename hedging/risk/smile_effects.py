"""The book under each smile rule, side by side: its delta, the hedge it asks for, what the choice moves."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from hedging.model.exposure import DriftState, Exposure
from hedging.model.smile import RuleEffect, SmileLimits, SmileRule
from hedging.model.snapshot import Gap
from hedging.risk.drift import drift
from hedging.risk.numeraires import Hedging
from hedging.risk.smile_shift import Smiles, smile_shift
from hedging.risk.valued import ValuedBook

MOST_REASONS = 3


@dataclass(frozen=True, slots=True)
class Valued:
    """An underlying's exposure under the rule that is chosen, and the book it sums up."""

    exposure: Exposure
    book: ValuedBook
    chosen: SmileRule


def rule_effects(
    valued: Valued, known: Smiles, hedging: Hedging, now: tuple[datetime, SmileLimits]
) -> tuple[RuleEffect, ...]:
    """One row for each rule; a rule whose smiles or fit may not be used has the reason instead of figures."""
    return tuple(_effect(rule, valued, known, hedging, now) for rule in SmileRule)


def _effect(
    rule: SmileRule, valued: Valued, known: Smiles, hedging: Hedging, now: tuple[datetime, SmileLimits]
) -> RuleEffect:
    chosen = rule is valued.chosen
    found = smile_shift(rule, valued.exposure.underlying, valued.book, known, now)
    if found.gaps:
        return _refused(rule, _reasons(found.gaps), chosen=chosen)
    whole = valued.exposure
    own = valued.book.derivatives(whole.underlying)
    shift = float(found.shift[own].sum())
    delta = whole.delta_net + whole.numeraire.hedged_share * whole.equity + shift
    under = drift(replace(whole, delta=delta, delta_primary=delta - whole.delta_hedge), hedging.band)
    change = 0.0 if under.state is DriftState.INSIDE else under.target - under.delta
    amount = hedging.amount_for(abs(change)) if change else Decimal(0)
    sign = -1 if change < 0 else 1
    lots = (0.0 - shift) / hedging.coins_of(hedging.instrument.lot)
    return RuleEffect(
        rule=rule,
        chosen=chosen,
        shift=shift,
        delta=delta,
        hedge=sign * hedging.coins_of(amount) if amount else 0.0,
        hedge_amount=sign * float(amount),
        effect_coin=0.0 - shift,
        effect_amount=lots * float(hedging.instrument.lot),
        effect_lots=lots,
    )


def _refused(rule: SmileRule, reason: str, *, chosen: bool) -> RuleEffect:
    return RuleEffect(
        rule=rule,
        chosen=chosen,
        shift=None,
        delta=None,
        hedge=None,
        hedge_amount=None,
        effect_coin=None,
        effect_amount=None,
        effect_lots=None,
        refused=reason,
    )


def _reasons(gaps: Sequence[Gap]) -> str:
    more = len(gaps) - MOST_REASONS
    text = "; ".join(gap.detail for gap in gaps[:MOST_REASONS])
    return f"{text}; and {more} more" if more > 0 else text
