"""How fast are all Greeks of many options, against the formulas written down with scipy.stats and QuantLib?

Two naive peers, both vectorised over all options and with the same eleven results: ``one function a Greek``
is the formula sheet as one types it first, each function working out d1, d2 and scipy.stats.norm for itself;
``shared parts`` works out d1, d2 and the density once, which is as far as NumPy goes without thought.
The repeats take turns, so that a busy machine is busy for all. One JSON line a row: nanoseconds per option
(median, p95 over the repeats) and the ratios to both peers of the same run.
Run: ``PYTHONPATH=. python bench/greeks.py [--options 100000] [--repeats 15]``.
"""

import argparse
import importlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import ModuleType

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from hedging.pricing import black76

Array = NDArray[np.float64]
FIRST = "scipy.stats, one function a Greek, eleven Greeks"
SHARED = "scipy.stats, shared parts, eleven Greeks"
LOOP_OPTIONS = 2_000  # a loop's time per option does not depend on how many there are


@dataclass(frozen=True)
class Book:
    """Random options: sign, forward, strike, years, vol, rate."""

    columns: tuple[Array, ...]

    @classmethod
    def of(cls, count: int) -> "Book":
        """A book of ``count`` crypto-like options, the same on every run."""
        rng = np.random.default_rng(20261122)
        forward = np.full(count, 100_000.0)
        strike = forward * np.exp(rng.normal(0.0, 0.3, count))
        years, vol = rng.uniform(0.003, 1.0, count), rng.uniform(0.3, 1.5, count)
        sign = rng.choice([-1.0, 1.0], count)
        return cls((sign, forward, strike, years, vol, np.zeros(count)))


def shared_parts(columns: tuple[Array, ...]) -> list[Array]:
    """The eleven Greeks with scipy.stats.norm, d1, d2 and the density worked out once."""
    sign, f, k, t, vol, r = columns
    root = np.sqrt(t)
    d1 = np.log(f / k) / (vol * root) + vol * root / 2
    d2 = d1 - vol * root
    discount = np.exp(-r * t)
    density = discount * stats.norm.pdf(d1)
    value = discount * sign * (f * stats.norm.cdf(sign * d1) - k * stats.norm.cdf(sign * d2))
    delta = sign * discount * stats.norm.cdf(sign * d1)
    gamma, vega = density / (f * vol * root), density * f * root
    return [
        value,
        delta,
        gamma,
        vega,
        r * value - density * f * vol / (2 * root),
        -density * d2 / vol,
        vega * d1 * d2 / vol,
        r * delta + density * d2 / (2 * t),
        -gamma / f * (d1 / (vol * root) + 1),
        gamma * (d1 * d2 - 1) / vol,
        gamma * (r + (1 - d1 * d2) / (2 * t)),
    ]


def _d1(f: Array, k: Array, t: Array, vol: Array) -> Array:
    return np.asarray((np.log(f / k) + 0.5 * vol**2 * t) / (vol * np.sqrt(t)))


def _d2(f: Array, k: Array, t: Array, vol: Array) -> Array:
    return np.asarray(_d1(f, k, t, vol) - vol * np.sqrt(t))


def _density(f: Array, k: Array, t: Array, vol: Array, r: Array) -> Array:
    return np.asarray(np.exp(-r * t) * stats.norm.pdf(_d1(f, k, t, vol)))


def one_function_a_greek(columns: tuple[Array, ...]) -> list[Array]:
    """The eleven Greeks with scipy.stats.norm, each from its own line of the formula sheet."""
    sign, *rest = columns
    f, k, t, vol, r = rest

    def value() -> Array:
        inner = f * stats.norm.cdf(sign * _d1(f, k, t, vol)) - k * stats.norm.cdf(sign * _d2(f, k, t, vol))
        return np.asarray(np.exp(-r * t) * sign * inner)

    def delta() -> Array:
        return np.asarray(sign * np.exp(-r * t) * stats.norm.cdf(sign * _d1(f, k, t, vol)))

    def gamma() -> Array:
        return np.asarray(_density(f, k, t, vol, r) / (f * vol * np.sqrt(t)))

    def vega() -> Array:
        return np.asarray(_density(f, k, t, vol, r) * f * np.sqrt(t))

    def product() -> Array:
        return _d1(f, k, t, vol) * _d2(f, k, t, vol)

    return [
        value(),
        delta(),
        gamma(),
        vega(),
        np.asarray(r * value() - _density(f, k, t, vol, r) * f * vol / (2 * np.sqrt(t))),
        np.asarray(-_density(f, k, t, vol, r) * _d2(f, k, t, vol) / vol),
        np.asarray(vega() * product() / vol),
        np.asarray(r * delta() + _density(f, k, t, vol, r) * _d2(f, k, t, vol) / (2 * t)),
        np.asarray(-gamma() / f * (_d1(f, k, t, vol) / (vol * np.sqrt(t)) + 1)),
        np.asarray(gamma() * (product() - 1) / vol),
        np.asarray(gamma() * (r + (1 - product()) / (2 * t))),
    ]


def quantlib_loop(library: ModuleType, columns: tuple[Array, ...]) -> float:
    """QuantLib's BlackCalculator, one option after the other: value, delta, gamma, vega, theta."""
    total = 0.0
    kinds = {1.0: library.Option.Call, -1.0: library.Option.Put}
    for sign, f, k, t, vol, _ in zip(*(column.tolist() for column in columns), strict=True):
        payoff = library.PlainVanillaPayoff(kinds[sign], k)
        answer = library.BlackCalculator(payoff, f, vol * t**0.5, 1.0)
        total += answer.value() + answer.deltaForward() + answer.gammaForward()
        total += answer.vega(t) + answer.theta(f, t)
    return total


def timings(calls: dict[str, Callable[[], object]], repeats: int, count: int) -> dict[str, Array]:
    """Nanoseconds per option of each repeat of each call, taken in turn after one call that warms up."""
    for call in calls.values():
        call()
    seconds = {name: np.empty(repeats) for name in calls}
    for repeat in range(repeats):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            seconds[name][repeat] = time.perf_counter() - start
    return {name: taken / count * 1e9 for name, taken in seconds.items()}


def line(row: str, times: Array, first: Array, shared: Array) -> str:
    """The JSON line of one row; the ratios are of medians, above 1 where the row is faster than the peer."""
    median = float(np.median(times))
    return json.dumps(
        {
            "bench": "greeks",
            "row": row,
            "ns_per_option_median": round(median, 1),
            "ns_per_option_p95": round(float(np.percentile(times, 95)), 1),
            "times_faster_than_one_function_a_greek": round(float(np.median(first)) / median, 2),
            "times_faster_than_shared_parts": round(float(np.median(shared)) / median, 2),
        }
    )


def main() -> None:
    """Measure and print every row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--options", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=15)
    wanted = parser.parse_args()
    columns = Book.of(wanted.options).columns
    calls: dict[str, Callable[[], object]] = {
        FIRST: partial(one_function_a_greek, columns),
        SHARED: partial(shared_parts, columns),
        "ours, eleven Greeks": partial(black76.greeks, *columns),
        "ours, five Greeks": partial(black76.core_greeks, *columns),
        "ours, price": partial(black76.price, *columns),
    }
    times = timings(calls, wanted.repeats, wanted.options)
    for name, taken in times.items():
        print(line(name, taken, times[FIRST], times[SHARED]))
    row = "QuantLib loop, five Greeks"
    try:
        library = importlib.import_module("QuantLib")
    except ImportError:
        print(json.dumps({"bench": "greeks", "row": row, "absent": "pip install QuantLib==1.44"}))
        return
    few = tuple(column[:LOOP_OPTIONS] for column in columns)
    looped = timings({row: lambda: quantlib_loop(library, few)}, 5, LOOP_OPTIONS)
    print(line(row, looped[row], times[FIRST], times[SHARED]))


if __name__ == "__main__":
    main()
