"""What is shown of an underlying's smile: the fitted slices, and the hedge under each rule side by side."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from hedging.decide import assess
from hedging.model.instrument import Instrument
from hedging.model.rules import Rules, UnderlyingRules
from hedging.model.smile import DrawnSlice, RuleEffect, SmileRule, SmileView
from hedging.model.snapshot import Snapshot
from hedging.policy.sizing import amount_for, coins_of
from hedging.risk.numeraires import Hedging
from hedging.risk.smile_effects import Valued, rule_effects
from hedging.risk.smile_shift import Smiles

MOST_GAPS = 3


@dataclass(frozen=True, slots=True)
class SmileInputs:
    """The book, the rules and the listed instruments (by key) at the beginning of one round."""

    snapshot: Snapshot
    rules: Rules
    instruments: Mapping[str, Instrument]


@dataclass(frozen=True, slots=True)
class Drawn:
    """What one round found: slices with what they are drawn from, all that is known, and what went wrong."""

    slices: tuple[DrawnSlice, ...]
    known: Smiles
    fit_seconds: float
    trouble: str


def picture(item: UnderlyingRules, given: SmileInputs, drawn: Drawn, at: datetime) -> SmileView:
    """The picture of one underlying at ``at``."""
    hedge = given.instruments.get(item.hedge_key)
    effects, trouble = _effects(item, given, drawn.known, hedge)
    return SmileView(
        underlying=item.underlying,
        at=at,
        rule=item.smile,
        limits=given.rules.smile,
        hedge_instrument=item.hedge_instrument,
        amount_label="" if hedge is None else hedge.amount_label,
        slices=tuple(each for each in drawn.slices if each.slice.underlying == item.underlying),
        without=tuple(each for each in drawn.known.without if each.underlying == item.underlying),
        effects=effects,
        fits=tuple(each for each in drawn.known.fits if each.underlying == item.underlying),
        fit_seconds=drawn.fit_seconds,
        trouble="; ".join(text for text in (drawn.trouble, trouble) if text),
    )


def _effects(
    item: UnderlyingRules, given: SmileInputs, known: Smiles, hedge: Instrument | None
) -> tuple[tuple[RuleEffect, ...], str]:
    """The rules side by side, or why the book has no delta to compare them by.

    Valued as by sticky strike, so that a rule whose smile is missing does not hide what another would do.
    """
    plain = replace(given.rules, underlyings=(replace(item, smile=SmileRule.STICKY_STRIKE),))
    whole = assess(given.snapshot, plain)
    found = whole.exposures.get(item.underlying)
    quote = given.snapshot.quotes.get(item.hedge_key)
    if found is None or hedge is None or quote is None or quote.mark is None:
        gaps = [gap.detail for gap in whole.gaps if gap.underlying in {None, item.underlying}]
        reasons = "; ".join(gaps[:MOST_GAPS]) or f"{item.hedge_instrument} is not known"
        return (), f"no hedge can be compared: {reasons}"
    now = (given.snapshot.at, given.rules.smile)
    return rule_effects(
        Valued(found, whole.book, item.smile), known, _hedging(item, hedge, quote.mark), now
    ), ""


def _hedging(item: UnderlyingRules, hedge: Instrument, mark: float) -> Hedging:
    price = Decimal(str(mark))
    return Hedging(
        account=item.account,
        instrument=hedge,
        mark=mark,
        band=item.band,
        amount_for=lambda coins: amount_for(hedge, coins, mark),
        coins_of=lambda amount: float(coins_of(hedge, amount, price)),
    )
