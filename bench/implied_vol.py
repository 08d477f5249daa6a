"""How fast is implied volatility, against py_lets_be_rational and QuantLib in a loop?

One JSON line a row: nanoseconds per option (median, p95 over the repeats), the ratio to py_lets_be_rational
of the same run, and the largest error of the volatility found. The options are out of the money, as quoted.
Run: ``python bench/implied_vol.py [--options 100000] [--repeats 15]``.
"""

import argparse
import importlib
import json
import time
import warnings
from collections.abc import Callable
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from hedging.pricing import black76
from hedging.pricing.implied_vol import implied_vols

Array = NDArray[np.float64]
LOOP_OPTIONS = 2_000  # a loop's time per option does not depend on how many there are


def options(count: int) -> tuple[tuple[Array, ...], Array]:
    """Sign, forward, strike, years, price of crypto-like quotes, and the volatility in each."""
    rng = np.random.default_rng(20261122)
    years, vol = rng.uniform(0.003, 1.0, count), rng.uniform(0.3, 1.5, count)
    forward = np.full(count, 100_000.0)
    strike = forward * np.exp(rng.normal(0.0, 1.5, count) * vol * np.sqrt(years))
    sign = np.where(strike >= forward, 1.0, -1.0)
    return (sign, forward, strike, years, black76.price(sign, forward, strike, years, vol)), vol


def rational_loop(library: ModuleType, columns: tuple[Array, ...]) -> Array:
    """Jäckel's algorithm in Python, one option after the other."""
    solve = library.implied_volatility_from_a_transformed_rational_guess
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return np.array([solve(price, f, k, t, sign) for sign, f, k, t, price in rows])


def quantlib_loop(library: ModuleType, columns: tuple[Array, ...]) -> Array:
    """QuantLib's blackFormulaImpliedStdDev, one option after the other."""
    kinds = {1.0: library.Option.Call, -1.0: library.Option.Put}
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return np.array(
        [library.blackFormulaImpliedStdDev(kinds[s], k, f, price) / t**0.5 for s, f, k, t, price in rows]
    )


def timings(call: Callable[[], object], repeats: int, count: int) -> Array:
    """Nanoseconds per option of each repeat, after one call that warms up."""
    call()
    seconds = np.empty(repeats)
    for repeat in range(repeats):
        start = time.perf_counter()
        call()
        seconds[repeat] = time.perf_counter() - start
    return seconds / count * 1e9


def line(row: str, times: Array, peer: Array | None, error: float) -> str:
    """The JSON line of one row; the ratio is of medians, above 1 where the row is faster than the peer."""
    ratio = None if peer is None else round(float(np.median(peer) / np.median(times)), 2)
    return json.dumps(
        {
            "bench": "implied_vol",
            "row": row,
            "ns_per_option_median": round(float(np.median(times)), 1),
            "ns_per_option_p95": round(float(np.percentile(times, 95)), 1),
            "times_faster_than_py_lets_be_rational": ratio,
            "largest_relative_error": error,
        }
    )


def loop_row(
    module: str, solve: Callable[[ModuleType, tuple[Array, ...]], Array], few: tuple[Array, ...], vol: Array
) -> tuple[Array, float] | None:
    """Times and error of a peer, or nothing where it is not installed."""
    try:
        library = importlib.import_module(module)
    except ImportError:
        return None
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        found = solve(library, few)
        times = timings(lambda: solve(library, few), 5, few[0].size)
    return times, float(np.max(np.abs(found / vol[: found.size] - 1)))


def main() -> None:
    """Measure and print every row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--options", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=15)
    wanted = parser.parse_args()
    columns, vol = options(wanted.options)
    few = tuple(column[:LOOP_OPTIONS] for column in columns)
    peer = loop_row("py_lets_be_rational", rational_loop, few, vol)
    times = timings(lambda: implied_vols(*columns), wanted.repeats, wanted.options)
    error = float(np.max(np.abs(implied_vols(*columns).vol / vol - 1)))
    print(line("ours", times, peer[0] if peer else None, error))
    others = {
        "py_lets_be_rational loop": (peer, "py_lets_be_rational==1.1.2"),
        "QuantLib loop": (loop_row("QuantLib", quantlib_loop, few, vol), "QuantLib==1.44"),
    }
    for row, (measured, package) in others.items():
        if measured is None:
            print(json.dumps({"bench": "implied_vol", "row": row, "absent": f"pip install {package}"}))
        else:
            print(line(row, measured[0], peer[0] if peer else None, measured[1]))


if __name__ == "__main__":
    main()
