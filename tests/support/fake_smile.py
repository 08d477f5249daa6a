"""A picture of a smile as the engine would store it: two fitted expiries, one refused, three rules."""

from datetime import datetime, timedelta
from math import exp, sqrt

from hedging.model.instrument import OptionKind
from hedging.model.smile import (
    DrawnSlice,
    MinimumVarianceFit,
    NoSmile,
    RuleEffect,
    SmileLimits,
    SmileRule,
    SmileSlice,
    SmileSource,
    SmileView,
    SmileViolation,
    SmileViolationKind,
)
from hedging.model.terms import Terms

A, B, RHO, M, SIGMA = 0.01, 0.09, -0.35, 0.02, 0.18


def vol(k: float, years: float) -> float:
    """Volatility of the curve at log-moneyness k."""
    variance = A + B * (RHO * (k - M) + sqrt((k - M) ** 2 + SIGMA**2))
    return sqrt(variance * sqrt(years / 0.1) / years)


def _drawn(underlying: str, spot: float, now: datetime, days: int) -> DrawnSlice:
    years = days / 365
    quotes = [-0.25 + 0.05 * step for step in range(11)]
    curve = [-0.28 + 0.014 * step for step in range(41)]
    violations = (
        (
            SmileViolation(
                source=SmileSource.QUOTES,
                kind=SmileViolationKind.BUTTERFLY,
                k=-0.2,
                strike=spot * exp(-0.2),
                amount=-0.004,
            ),
        )
        if days > 60
        else ()
    )
    fitted = SmileSlice(
        underlying=underlying,
        venue="paper",
        settlement_currency=underlying,
        expiry=now.replace(hour=8, minute=0, second=0, microsecond=0) + timedelta(days=days),
        a=A,
        b=B,
        rho=RHO,
        m=M,
        sigma=SIGMA,
        forward=spot * 1.002,
        years=years,
        quotes=len(quotes),
        left_out=3,
        lowest_k=quotes[0],
        highest_k=quotes[-1],
        error_vol=0.0023,
        violations=violations,
        fitted_at=now,
    )
    return DrawnSlice(
        slice=fitted,
        quote_k=tuple(quotes),
        quote_vol=tuple(vol(k, years) + 0.002 * (-1) ** n for n, k in enumerate(quotes)),
        quote_weight=tuple(exp(-((k / 0.15) ** 2)) for k in quotes),
        curve_k=tuple(curve),
        curve_vol=tuple(vol(k, years) for k in curve),
        words=tuple(f"quotes: {each.kind} at {each.strike:,.0f}" for each in violations),
    )


def smile_view(terms: Terms, spot: float, delta: float, now: datetime) -> SmileView:
    """Sticky strike and moneyness known; minimum variance refused for want of history."""
    name = terms.underlying
    effects = tuple(
        RuleEffect(
            rule=rule,
            chosen=rule is terms.smile,
            shift=shift,
            delta=None if shift is None else delta + shift,
            hedge=None if shift is None else -delta - shift,
            hedge_amount=None if shift is None else round((-delta - shift) * spot, -1),
            effect_coin=None if shift is None else -shift,
            effect_amount=None if shift is None else round(-shift * spot, -1),
            effect_lots=None if shift is None else -shift * spot / 10,
            refused=refused,
        )
        for rule, shift, refused in (
            (SmileRule.STICKY_STRIKE, 0.0, ""),
            (SmileRule.STICKY_MONEYNESS, -0.84, ""),
            (SmileRule.MINIMUM_VARIANCE, None, "the minimum-variance delta of calls has not been fitted yet"),
        )
    )
    without = NoSmile(
        underlying=name,
        venue="paper",
        settlement_currency=name,
        expiry=now + timedelta(days=2),
        reason="4 usable quotes, at least 6 are needed",
        at=now,
    )
    fit = MinimumVarianceFit(
        underlying=name,
        kind=OptionKind.CALL,
        a=None,
        b=None,
        c=None,
        gain=None,
        gain_unseen=None,
        observations=120,
        since=None,
        until=None,
        fitted_at=now,
        refused="120 moves recorded, at least 300 are needed",
    )
    return SmileView(
        underlying=name,
        at=now,
        rule=terms.smile,
        limits=SmileLimits(),
        hedge_instrument=f"{name}-PERPETUAL",
        amount_label="USD",
        slices=(_drawn(name, spot, now, 33), _drawn(name, spot, now, 96)),
        without=(without,),
        effects=effects,
        fits=(fit,),
        fit_seconds=0.21,
    )
