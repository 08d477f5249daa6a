"""How fast is implied volatility, against py_lets_be_rational and QuantLib loops and the vectorised peers?

One JSON line a row: nanoseconds per option (median, p95 over the repeats), the ratio to py_lets_be_rational
of the same run, and how far the volatilities found are from those in the prices: the largest relative error
and how many rows in a hundred thousand are off by more than 1e-9. The options are out of the money, as
quoted; the repeats take turns. py_lets_be_rational is measured as it comes, in plain Python. A peer that is
not installed, or does not run with these versions, is a row with its reason (``--peers``: bench/peers.py).
Run: ``PYTHONPATH=. python bench/implied_vol.py [--options 100000] [--repeats 15] [--peers FOLDER]``.
"""

import argparse
import json
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from bench.peers import absent, loaded, put_in_front, tried
from hedging.pricing import black76
from hedging.pricing.implied_vol import implied_vols

Array = NDArray[np.float64]
Columns = tuple[Array, ...]
LOOP = "py_lets_be_rational loop"
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
    """QuantLib's blackFormulaImpliedStdDev, one option after the other, to 1e-12 instead of its 1e-6."""
    goal = (1.0, 0.0, library.nullDouble(), 1e-12, 100)
    kinds = {1.0: library.Option.Call, -1.0: library.Option.Put}
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return np.array(
        [
            library.blackFormulaImpliedStdDev(kinds[s], k, f, price, *goal) / t**0.5
            for s, f, k, t, price in rows
        ]
    )


def vectorised(solve: Callable[..., Array], columns: tuple[Array, ...], **chosen: str) -> Array:
    """A peer with the interface of vollib, all options at once."""
    sign, f, k, t, price = columns
    flag = np.where(sign > 0, "c", "p")
    return np.asarray(solve(price, f, k, np.zeros_like(f), t, flag, return_as="numpy", **chosen))


def timings(calls: dict[str, tuple[Callable[[], Array], int]], repeats: int) -> dict[str, Array]:
    """Nanoseconds per option of each repeat of each call, taken in turn after one call that warms up."""
    found = {row: np.empty(repeats) for row in calls}
    for call, _ in calls.values():
        call()
    for repeat in range(repeats):
        for row, (call, count) in calls.items():
            start = time.perf_counter()
            call()
            found[row][repeat] = (time.perf_counter() - start) / count * 1e9
    return found


def line(row: str, times: Array, peer: Array | None, error: Array) -> str:
    """The JSON line of one row; the ratio is of medians, above 1 where the row is faster than the peer."""
    ratio = None if peer is None else round(float(np.median(peer) / np.median(times)), 2)
    return json.dumps(
        {
            "bench": "implied_vol",
            "row": row,
            "ns_per_option_median": round(float(np.median(times)), 1),
            "ns_per_option_p95": round(float(np.percentile(times, 95)), 1),
            "times_faster_than_py_lets_be_rational": ratio,
            "largest_relative_error": float(f"{np.max(error):.2e}"),
            "wrong_in_100000": round(float(np.mean(~(error < 1e-9)) * 1e5), 1),
        }
    )


def peer_calls(
    columns: Columns, few: Columns, folder: Path | None
) -> dict[str, tuple[Callable[[], Array] | str, int]]:
    """Each peer's call and how many options it takes, or why there is none; the plain loop comes first."""
    rational, quantlib = loaded("py_lets_be_rational"), loaded("QuantLib")
    if folder is not None:
        put_in_front(folder)
    fast, numba, vollib = (loaded(name) for name in ("fast_vollib", "numba", "py_vollib_vectorized"))

    def call_of(library: ModuleType | str, call: Callable[[ModuleType], Array]) -> Callable[[], Array] | str:
        return library if isinstance(library, str) else partial(call, library)

    def fast_vollib(backend: str) -> Callable[[ModuleType], Array]:
        return lambda library: vectorised(library.fast_implied_volatility_black, columns, backend=backend)

    count, every = few[0].size, columns[0].size
    return {
        LOOP: (call_of(rational, lambda library: rational_loop(library, few)), count),
        "QuantLib loop": (call_of(quantlib, lambda library: quantlib_loop(library, few)), count),
        "fast-vollib, NumPy": (call_of(fast, fast_vollib("numpy")), every),
        "fast-vollib, numba": (
            numba if isinstance(numba, str) else call_of(fast, fast_vollib("numba")),
            every,
        ),
        "py_vollib_vectorized, numba": (
            call_of(
                vollib,
                lambda library: vectorised(library.vectorized_implied_volatility_black, columns),
            ),
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
    columns, vol = options(wanted.options)
    few = tuple(column[:LOOP_OPTIONS] for column in columns)
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    peers = peer_calls(columns, few, wanted.peers)
    calls: dict[str, tuple[Callable[[], Array], int]] = {
        "ours": (lambda: implied_vols(*columns).vol, wanted.options)
    }
    answers = {"ours": implied_vols(*columns).vol}
    for row, (call, count) in peers.items():
        answer = call if isinstance(call, str) else tried(call)
        if isinstance(call, str) or isinstance(answer, str):
            print(absent("implied_vol", row, str(answer)))
        else:
            calls[row], answers[row] = (call, count), answer
    times = timings(calls, wanted.repeats)
    for row, answer in answers.items():
        print(line(row, times[row], times.get(LOOP), np.abs(answer / vol[: answer.size] - 1)))


if __name__ == "__main__":
    main()
