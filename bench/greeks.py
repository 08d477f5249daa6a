"""How fast are all Greeks of many options, against scipy.stats formulas, QuantLib and the vectorised peers?

Two naive peers, both vectorised over all options and with the same eleven results: ``one function a Greek``
is the formula sheet as one types it first, each function working out d1, d2 and scipy.stats.norm for itself;
``shared parts`` works out d1, d2 and the density once, which is as far as NumPy goes without thought.
The repeats take turns, so that a busy machine is busy for all. One JSON line a row: nanoseconds per option
(median, p95 over the repeats) and the ratios to both peers of the same run; for ours ``largest_error``
against 60 digits on every five-hundredth option (of each Greek relative to its largest value), for the
others ``largest_difference`` to ours on all they took. What a peer needs and lacks is its row: see
bench/peers.py for ``--peers``.
Run: ``PYTHONPATH=. python bench/greeks.py [--options 100000] [--repeats 15] [--peers FOLDER]``.
"""

import argparse
import json
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from bench.peers import absent, loaded, put_in_front, tried
from hedging.pricing import black76

Array = NDArray[np.float64]
Results = dict[str, Array]
FIRST = "scipy.stats, one function a Greek, eleven Greeks"
SHARED = "scipy.stats, shared parts, eleven Greeks"
NAMES = tuple(field.name for field in fields(black76.Greeks))
CHECKED = 500  # every so many options are worked out with 60 digits
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


def quantlib_loop(library: ModuleType, columns: tuple[Array, ...]) -> Results:
    """QuantLib's BlackCalculator, one option after the other: value, delta, gamma, vega, theta."""
    rows = []
    kinds = {1.0: library.Option.Call, -1.0: library.Option.Put}
    for sign, f, k, t, vol, _ in zip(*(column.tolist() for column in columns), strict=True):
        payoff = library.PlainVanillaPayoff(kinds[sign], k)
        answer = library.BlackCalculator(payoff, f, vol * t**0.5, 1.0)
        first = (answer.value(), answer.deltaForward(), answer.gammaForward())
        rows.append((*first, answer.vega(t), answer.theta(f, t)))
    return dict(zip(NAMES[:5], np.array(rows).T, strict=True))


def vollib(library: ModuleType, columns: tuple[Array, ...], **chosen: str) -> Results:
    """A peer with the interface of vollib: delta, gamma, vega, theta (and rho), in raw units here."""
    sign, f, k, t, vol, r = columns
    flag = np.where(sign > 0, "c", "p")
    found = library.get_all_greeks(flag, f, k, t, r, vol, model="black", return_as="dict", **chosen)
    scale = {"delta": 1.0, "gamma": 1.0, "vega": 100.0, "theta": 365.0}
    return {name: np.asarray(found[name]) * by for name, by in scale.items()}


def ours(columns: tuple[Array, ...]) -> Results:
    """All eleven."""
    found = black76.greeks(*columns)
    return {name: getattr(found, name) for name in NAMES}


def exact(mpmath: ModuleType, columns: tuple[Array, ...]) -> Results:
    """The eleven Greeks of the shared formulas, option by option with 60 digits."""
    mpmath.mp.dps = 60
    rows = []
    for sign, f, k, t, vol, r in zip(*([mpmath.mpf(x) for x in c.tolist()] for c in columns), strict=True):
        root = mpmath.sqrt(t)
        d1 = mpmath.log(f / k) / (vol * root) + vol * root / 2
        d2 = d1 - vol * root
        discount = mpmath.exp(-r * t)
        density = discount * mpmath.npdf(d1)
        delta = sign * discount * mpmath.ncdf(sign * d1)
        value = f * delta - discount * sign * k * mpmath.ncdf(sign * d2)
        gamma, vega = density / (f * vol * root), density * f * root
        higher = (
            r * value - density * f * vol / (2 * root),
            -density * d2 / vol,
            vega * d1 * d2 / vol,
            r * delta + density * d2 / (2 * t),
            -gamma / f * (d1 / (vol * root) + 1),
            gamma * (d1 * d2 - 1) / vol,
            gamma * (r + (1 - d1 * d2) / (2 * t)),
        )
        rows.append([float(x) for x in (value, delta, gamma, vega, *higher)])
    return dict(zip(NAMES, np.array(rows).T, strict=True))


def distance(one: Results, other: Results) -> float:
    """The largest difference of any Greek both have, relative to the largest value of that Greek."""
    gaps = [np.abs(one[name] - other[name]).max() / np.abs(other[name]).max() for name in one]
    return float(f"{max(gaps):.2e}")


def timings(calls: dict[str, tuple[Callable[[], object], int]], repeats: int) -> dict[str, Array]:
    """Nanoseconds per option of each repeat of each call, taken in turn after one call that warms up."""
    for call, _ in calls.values():
        call()
    found = {name: np.empty(repeats) for name in calls}
    for repeat in range(repeats):
        for name, (call, count) in calls.items():
            start = time.perf_counter()
            call()
            found[name][repeat] = (time.perf_counter() - start) / count * 1e9
    return found


def line(row: str, times: dict[str, Array], checked: dict[str, float]) -> str:
    """The JSON line of one row; the ratios are of medians, above 1 where the row is faster than the peer."""
    median = float(np.median(times[row]))
    found: dict[str, object] = {
        "bench": "greeks",
        "row": row,
        "ns_per_option_median": round(median, 1),
        "ns_per_option_p95": round(float(np.percentile(times[row], 95)), 1),
        "times_faster_than_one_function_a_greek": round(float(np.median(times[FIRST])) / median, 2),
        "times_faster_than_shared_parts": round(float(np.median(times[SHARED])) / median, 2),
    }
    return json.dumps(found | checked)


def peer_calls(
    columns: tuple[Array, ...], few: tuple[Array, ...], folder: Path | None
) -> dict[str, tuple[Callable[[], Results] | str, int]]:
    """Each library's call and how many options it takes, or why there is none."""
    quantlib = loaded("QuantLib")
    if folder is not None:
        put_in_front(folder)
    fast, numba, vectorised = (loaded(name) for name in ("fast_vollib", "numba", "py_vollib_vectorized"))

    def call_of(
        library: ModuleType | str, call: Callable[[ModuleType], Results]
    ) -> Callable[[], Results] | str:
        return library if isinstance(library, str) else partial(call, library)

    every = columns[0].size
    jitted = call_of(fast, lambda library: vollib(library, columns, backend="numba"))
    return {
        "QuantLib loop, five Greeks": (call_of(quantlib, lambda ql: quantlib_loop(ql, few)), few[0].size),
        "fast-vollib, NumPy, five Greeks": (
            call_of(fast, lambda library: vollib(library, columns, backend="numpy")),
            every,
        ),
        "fast-vollib, numba, five Greeks": (numba if isinstance(numba, str) else jitted, every),
        "py_vollib_vectorized, numba, five Greeks": (
            call_of(vectorised, lambda library: vollib(library, columns)),
            every,
        ),
    }


def main() -> None:
    """Measure and print every row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--options", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--peers", type=Path)
    wanted = parser.parse_args()
    warnings.simplefilter("ignore")
    columns = Book.of(wanted.options).columns
    every, few = wanted.options, tuple(column[:LOOP_OPTIONS] for column in columns)
    calls: dict[str, tuple[Callable[[], object], int]] = {
        FIRST: (partial(one_function_a_greek, columns), every),
        SHARED: (partial(shared_parts, columns), every),
        "ours, eleven Greeks": (partial(black76.greeks, *columns), every),
        "ours, five Greeks": (partial(black76.core_greeks, *columns), every),
        "ours, price": (partial(black76.price, *columns), every),
    }
    all_ours = ours(columns)
    sample, digits = slice(None, None, CHECKED), loaded("mpmath")
    checked: dict[str, dict[str, float]] = {name: {} for name in calls}
    if not isinstance(digits, str):
        truth = exact(digits, tuple(column[sample] for column in columns))
        error = distance({name: found[sample] for name, found in all_ours.items()}, truth)
        checked |= {name: {"largest_error": error} for name in calls if name.startswith("ours")}
    for name, naive in ((FIRST, one_function_a_greek), (SHARED, shared_parts)):
        answer = dict(zip(NAMES, naive(columns), strict=True))
        checked[name] = {"largest_difference": distance(answer, all_ours)}
    for row, (call, count) in peer_calls(columns, few, wanted.peers).items():
        found = call if isinstance(call, str) else tried(call)
        if isinstance(call, str) or isinstance(found, str):
            print(absent("greeks", row, str(found)))
            continue
        calls[row] = (call, count)
        checked[row] = {"largest_difference": distance(found, {n: all_ours[n][:count] for n in found})}
    times = timings(calls, wanted.repeats)
    for row in calls:
        print(line(row, times, checked[row]))


if __name__ == "__main__":
    main()
