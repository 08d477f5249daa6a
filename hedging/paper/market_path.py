"""Index prices through time: the process, scaled to the start prices and moved by the shocks."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hedging.paper.market_nouns import IndexName
from hedging.paper.market_shocks import Shocks
from hedging.paper.process import COINS, DYNAMICS, Block, MarketProcess, State

FloatArray = NDArray[np.float64]

INDICES = tuple(IndexName)  # column = underlying, + 2 when in USDC
_CALM, _WORST = math.log(1.5), math.log(20.0)  # realised over usual volatility where stress is 0 and 1

_SUMS_KEPT = 200


class SpotPath:
    """Index prices and stress at any kept time; answers depend on that time alone."""

    def __init__(
        self, process: MarketProcess, shocks: Shocks, start_ns: int, spots: Mapping[str, float]
    ) -> None:
        self._process = process
        self._shocks = shocks
        self._base = np.log([spots[coin] for coin in COINS]) - process.state(start_ns).log_spot
        self._sums: dict[int, FloatArray] = {}

    def indices(self, at_ns: int, state: State) -> FloatArray:
        """Index prices at ``at_ns`` in the order of INDICES, shape (4,)."""
        moves = self._shocks.log_moves(np.array([at_ns]))[0]
        dollars = np.exp(state.log_spot + self._base + moves)
        return np.concatenate((dollars, dollars * math.exp(-state.stable)))

    def block_indices(self, block: Block) -> tuple[NDArray[np.int64], FloatArray]:
        """Times (n,) and index prices (n, 4) at the fast rows of a block."""
        return self._rows(block, 1)

    def average(self, start_ns: int, end_ns: int) -> FloatArray | None:
        """Mean index prices (4,) sampled on the slow rows in [start, end); None where there is none."""
        total, count = np.zeros(len(INDICES)), 0
        for block in self._process.blocks(start_ns, end_ns):
            if start_ns <= block.start_ns and block.end_ns <= end_ns:
                total += self._sum(block)
                count += len(block.stable)
                continue
            times, prices = self._rows(block, block.slow_ns // block.step_ns)
            inside = prices[(times >= start_ns) & (times < end_ns)]
            total += inside.sum(axis=0)
            count += len(inside)
        return total / count if count else None

    def _sum(self, block: Block) -> FloatArray:
        """Sum over the slow rows of a block that is over: no shock can change it any more, so it is kept."""
        if block.start_ns not in self._sums:
            if len(self._sums) > _SUMS_KEPT:
                self._sums.clear()
            self._sums[block.start_ns] = self._rows(block, block.slow_ns // block.step_ns)[1].sum(axis=0)
        return self._sums[block.start_ns]

    def _rows(self, block: Block, every: int) -> tuple[NDArray[np.int64], FloatArray]:
        logs = block.log_spot[::every]
        times = block.start_ns + block.step_ns * every * np.arange(len(logs), dtype=np.int64)
        dollars = np.exp(logs + self._base + self._shocks.log_moves(times))
        stable = np.repeat(np.exp(-block.stable), len(logs) // len(block.stable), axis=0)
        return times, np.hstack((dollars, dollars * stable))

    def stress(self, at_ns: int, state: State, liveliness: float) -> FloatArray:
        """Stress of each underlying from 0 to 1: how far realised volatility is above its usual level."""
        usual = np.array([coin.volatility**2 for coin in DYNAMICS]) * liveliness**2
        ratio = (state.realised + self._shocks.energy(at_ns)) / usual
        excess = (0.5 * np.log(np.maximum(ratio, 1.0)) - _CALM) / (_WORST - _CALM)
        bounded: FloatArray = np.clip(excess, 0.0, 1.0)
        return bounded
