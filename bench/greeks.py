"""How fast are all Greeks of many options, against the formulas written down with scipy.stats and QuantLib?

One JSON line a row: nanoseconds per option (median, p95 over the repeats) and the ratio to the first peer of
the same run. Run: ``python bench/greeks.py [--options 100000] [--repeats 15]``.
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


def naive(columns: tuple[Array, ...]) -> list[Array]:
    """The eleven Greeks as the textbook prints them, vectorised, with scipy.stats.norm."""
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


def timings(call: Callable[[], object], repeats: int, count: int) -> Array:
    """Nanoseconds per option of each repeat, after one call that warms up."""
    call()
    seconds = np.empty(repeats)
    for repeat in range(repeats):
        start = time.perf_counter()
        call()
        seconds[repeat] = time.perf_counter() - start
    return seconds / count * 1e9


def line(row: str, times: Array, peer: Array) -> str:
    """The JSON line of one row; the ratio is of medians, above 1 where the row is faster than the peer."""
    return json.dumps(
        {
            "bench": "greeks",
            "row": row,
            "ns_per_option_median": round(float(np.median(times)), 1),
            "ns_per_option_p95": round(float(np.percentile(times, 95)), 1),
            "times_faster_than_scipy_stats": round(float(np.median(peer) / np.median(times)), 2),
        }
    )


def main() -> None:
    """Measure and print every row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--options", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=15)
    wanted = parser.parse_args()
    columns = Book.of(wanted.options).columns
    peer = timings(lambda: naive(columns), wanted.repeats, wanted.options)
    print(line("scipy.stats, eleven Greeks", peer, peer))
    ours: dict[str, Callable[..., object]] = {
        "ours, eleven Greeks": black76.greeks,
        "ours, five Greeks": black76.core_greeks,
        "ours, price": black76.price,
    }
    for name, function in ours.items():
        times = timings(partial(function, *columns), wanted.repeats, wanted.options)
        print(line(name, times, peer))
    row = "QuantLib loop, five Greeks"
    try:
        library = importlib.import_module("QuantLib")
    except ImportError:
        print(json.dumps({"bench": "greeks", "row": row, "absent": "pip install QuantLib==1.44"}))
        return
    few = tuple(column[:LOOP_OPTIONS] for column in columns)
    print(line(row, timings(lambda: quantlib_loop(library, few), 5, LOOP_OPTIONS), peer))


if __name__ == "__main__":
    main()
