"""How much of a proxy offsets a position that it only moves alike: the minimum-variance hedge ratio.

h = Cov(s, f)/Var(f) of the changes of the position (s) and of the proxy (f): short h units of the proxy for
each unit held leaves the least variance, 1 − ρ² of it. A proxy that takes away less than a stated share of
the variance is refused, with the share it would have taken away: hedging with it adds a second risk.
Sources: L. Ederington, "The hedging performance of the new futures markets", J. Finance 34 (1979), 157–170;
J. Hull, Options, Futures, and Other Derivatives (10th ed., 2018), ch. 3; the exponential weights of
J.P. Morgan/Reuters, RiskMetrics Technical Document (4th ed., 1996), ch. 5.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from hedging.errors import BadInput

FloatArray = NDArray[np.float64]

LEAST_OBSERVATIONS = 30
STILL = 1e-12
"""A proxy whose standard deviation is below this share of its largest change is taken as not moving."""


@dataclass(frozen=True, slots=True)
class Equal:
    """All of the last ``window`` changes count alike, about their mean; None: all there are."""

    window: int | None = None

    def __post_init__(self) -> None:
        if self.window is not None and self.window < LEAST_OBSERVATIONS:
            raise BadInput(f"a window of {self.window} is too short; give at least {LEAST_OBSERVATIONS}")


@dataclass(frozen=True, slots=True)
class Exponential:
    """Each change counts ``decay`` (λ) times the one after it, about zero; the first one is the start."""

    decay: float = 0.94

    def __post_init__(self) -> None:
        if not 0 < self.decay < 1:
            raise BadInput(f"a decay of {self.decay} is none; give a number between 0 and 1, such as 0.94")


Weighting = Equal | Exponential


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyFit:
    """What the changes say of a proxy.

    ``ratio`` h in units of the proxy per unit of the position; ``correlation`` ρ; ``effectiveness`` ρ², the
    share of the position's variance that the hedge takes away; ``deviation`` of the position and
    ``deviation_hedged`` with the hedge, in the unit of its changes, over one period each.
    """

    weighting: Weighting
    ratio: float
    correlation: float
    effectiveness: float
    deviation: float
    deviation_hedged: float
    observations: int

    def contracts(self, position_value: float, contract_value: float) -> float:
        """Contracts of the proxy to sell for a position of that value: h·V/V_contract, not rounded.

        ``position_value`` signed and ``contract_value`` > 0, in one currency; of relative changes (returns).

        Raises BadInput where a value is none.
        """
        if not (isfinite(position_value) and isfinite(contract_value) and contract_value > 0):
            raise BadInput(f"no contracts for a position of {position_value} by {contract_value} a contract")
        return self.ratio * position_value / contract_value


class NoProxy(Enum):
    """Why a proxy may not be used."""

    TOO_FEW = "fewer than 30 common changes: record for longer"
    NOT_FINITE = "a change is no finite number: repair the record"
    STILL = "the position or the proxy did not move: nothing can be told from it"
    POOR_FIT = "the proxy takes away too little of the variance: choose another one"


@dataclass(frozen=True, slots=True)
class ProxyRefusal:
    """Why there is no ratio; ``fit`` where one was computed, else None."""

    reason: NoProxy
    observations: int
    fit: ProxyFit | None = None


def proxy_ratio(
    position: Sequence[float] | FloatArray,
    proxy: Sequence[float] | FloatArray,
    weighting: Weighting,
    least_effectiveness: float,
) -> ProxyFit | ProxyRefusal:
    """The minimum-variance ratio of a proxy, or why it may not be used.

    Args:
        position: changes of the position over equal periods, the newest last.
        proxy: changes of the proxy over the same periods.
        weighting: which of them count how much.
        least_effectiveness: the share of the variance it must take away, between 0 and 1.

    >>> moves = [0.01, -0.02] * 20
    >>> found = proxy_ratio(moves, [2 * move for move in moves], Equal(), 0.8)
    >>> round(found.ratio, 12), round(found.effectiveness, 12)
    (0.5, 1.0)

    Raises BadInput where the sequences do not fit each other, or ``least_effectiveness`` is none.
    """
    s, f = np.asarray(position, dtype=np.float64), np.asarray(proxy, dtype=np.float64)
    if s.shape != f.shape or s.ndim != 1:
        raise BadInput(f"{s.shape} changes of the position and {f.shape} of the proxy: give one row of each")
    if not 0 < least_effectiveness < 1:
        raise BadInput(f"least_effectiveness is {least_effectiveness}: give a share between 0 and 1")
    if isinstance(weighting, Equal) and weighting.window is not None:
        s, f = s[-weighting.window :], f[-weighting.window :]
    wanted = weighting.window if isinstance(weighting, Equal) and weighting.window else LEAST_OBSERVATIONS
    if s.size < wanted:
        return ProxyRefusal(NoProxy.TOO_FEW, s.size)
    if not bool(np.isfinite(s + f).all()):
        return ProxyRefusal(NoProxy.NOT_FINITE, s.size)
    fit = _fitted(s, f, weighting)
    if fit is None:
        return ProxyRefusal(NoProxy.STILL, s.size)
    if fit.effectiveness < least_effectiveness:
        return ProxyRefusal(NoProxy.POOR_FIT, s.size, fit)
    return fit


def _fitted(s: FloatArray, f: FloatArray, weighting: Weighting) -> ProxyFit | None:
    s_scale, f_scale = float(np.abs(s).max()), float(np.abs(f).max())
    if not (s_scale > 0 and f_scale > 0):
        return None
    s, f = s / s_scale, f / f_scale  # so that no square leaves the double range
    own, common, others = _moments(s, f, weighting)
    if not (own > STILL**2 and others > STILL**2):
        return None
    correlation = float(np.clip(common / np.sqrt(own * others), -1.0, 1.0))
    deviation = s_scale * float(np.sqrt(own))
    return ProxyFit(
        weighting=weighting,
        ratio=common / others * (s_scale / f_scale),
        correlation=correlation,
        effectiveness=correlation**2,
        deviation=deviation,
        deviation_hedged=deviation * float(np.sqrt((1 - correlation) * (1 + correlation))),
        observations=s.size,
    )


def _moments(s: FloatArray, f: FloatArray, weighting: Weighting) -> tuple[float, float, float]:
    """Variance of the position, covariance, variance of the proxy."""
    if isinstance(weighting, Equal):
        s, f, count = s - s.mean(), f - f.mean(), s.size - 1
        return float(s @ s) / count, float(s @ f) / count, float(f @ f) / count
    weights = weighting.decay ** np.arange(s.size - 1.0, -1.0, -1.0)
    weights[1:] *= 1 - weighting.decay  # m = λm + (1 − λ)x, begun at the first x
    return float(weights @ (s * s)), float(weights @ (s * f)), float(weights @ (f * f))
