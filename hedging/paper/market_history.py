"""The market's memory: minute bars of indices and perpetuals, accrued funding, delivery prices."""

from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from hedging.paper.listing import DAY_NS, EXPIRY_HOUR
from hedging.paper.market_frame import SETTLEMENT_NS
from hedging.paper.market_hash import key, uniforms
from hedging.paper.market_nouns import Candle, DeliveryPrice, VolatilityPoint
from hedging.paper.market_path import INDICES, SpotPath
from hedging.paper.process import MINUTE_NS, PERPETUALS, Block

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SERIES = (*INDICES, *PERPETUALS)  # columns of the bars
KEPT_MINUTES = 14 * 1440
HOUR_NS = 60 * MINUTE_NS
_MINUTES_PER_YEAR = 365 * 1440
_VOLUME_COINS = {"BTC": 12.0, "ETH": 160.0}  # of a perpetual in a quiet minute


class Bars:
    """Minute bars of SERIES: start times (n,), open, high, low, close (n, 4, 8), accrued funding (n, 4)."""

    def __init__(self, times_ns: IntArray, prices: FloatArray, accrued: FloatArray) -> None:
        self.times_ns = times_ns
        self.prices = prices
        self.accrued = accrued


def block_bars(block: Block, path: SpotPath, until_ns: int) -> Bars:
    """Bars of a block's rows before ``until_ns``."""
    times, index = path.block_indices(block)
    ratio = block.slow_ns // block.step_ns
    premium = np.repeat(block.premium, ratio, axis=0)
    series = np.hstack((index, index * (1.0 + premium)))
    accrued = np.repeat(block.accrued, ratio, axis=0)
    inside = times < until_ns
    times, series, accrued = times[inside], series[inside], accrued[inside]
    minutes = times // MINUTE_NS * MINUTE_NS
    if not len(times):
        return Bars(minutes, np.empty((0, 4, len(SERIES))), accrued)
    starts = np.flatnonzero(np.diff(minutes, prepend=-1))
    last = np.append(starts[1:], len(times) - 1)  # a bar closes where the next one opens
    close = series[last]
    high = np.maximum(np.maximum.reduceat(series, starts), close)
    low = np.minimum(np.minimum.reduceat(series, starts), close)
    prices = np.stack((series[starts], high, low, close), axis=1)
    return Bars(minutes[starts], prices, accrued[last])


class History:
    """Bars and delivery prices of the past, from the warm-up week on."""

    def __init__(self, seed: int, path: SpotPath, warm_up: tuple[Block, ...]) -> None:
        self._stream = key(seed, "volume")
        self._path = path
        self._kept, *self._pending = [block_bars(block, path, block.end_ns) for block in warm_up]
        self._deliveries: list[tuple[datetime, FloatArray]] = []
        self._deliver_warm_up(warm_up[0].start_ns, warm_up[-1].end_ns)

    def absorb(self, finished: list[Block]) -> None:
        """Take over blocks that the path has left behind."""
        self._pending += [block_bars(block, self._path, block.end_ns) for block in finished]

    def deliver(self, at_ns: int, prices: FloatArray) -> None:
        """Record the delivery prices (4,) of the indices at an 08:00 UTC."""
        self._deliveries.append((datetime.fromtimestamp(at_ns // 1_000_000_000, tz=UTC), prices))

    def deliveries(self, column: int) -> list[DeliveryPrice]:
        """Delivery prices of one index, newest first."""
        return [DeliveryPrice(at.date(), float(prices[column])) for at, prices in reversed(self._deliveries)]

    def finished(self) -> Bars:
        """All kept bars of blocks that are over."""
        if self._pending:
            self._kept = _joined([self._kept, *self._pending])
            self._pending = []
        return self._kept

    def bars(self, current: Bars) -> Bars:
        """All kept bars and those that are still growing."""
        return _joined([self.finished(), current])

    def candles(
        self, bars: Bars, column: int, span: tuple[int, int], resolution_minutes: int
    ) -> list[Candle]:
        """Candles that start in [span), merged from minute bars; their volume is made up."""
        width = resolution_minutes * MINUTE_NS
        bucket = bars.times_ns // width * width
        inside = (bucket >= span[0] // width * width) & (bucket < span[1])
        times, prices = bucket[inside], bars.prices[inside, :, column]
        volume = self._volumes(bars.times_ns[inside], prices, column)
        starts = np.flatnonzero(np.diff(times, prepend=-1))
        if not len(starts):
            return []
        ends = np.append(starts[1:], len(times)) - 1
        rows = zip(
            (times[starts] // 1_000_000).tolist(),
            prices[starts, 0].tolist(),
            np.maximum.reduceat(prices[:, 1], starts).tolist(),
            np.minimum.reduceat(prices[:, 2], starts).tolist(),
            prices[ends, 3].tolist(),
            np.add.reduceat(volume, starts).tolist(),
            strict=True,
        )
        return [Candle(*row) for row in rows]

    def volatility(self, bars: Bars, column: int) -> list[VolatilityPoint]:
        """Volatility realised over the day before each full hour, in percent a year, oldest first."""
        closes = np.log(bars.prices[:, 3, column])
        squared = np.concatenate(([0.0], np.cumsum(np.diff(closes) ** 2)))
        ends = np.flatnonzero(bars.times_ns % HOUR_NS == 0)
        ends = ends[ends >= 1440]
        yearly = (squared[ends] - squared[ends - 1440]) * (_MINUTES_PER_YEAR / 1440)
        percent = 100.0 * np.sqrt(yearly)
        return list(map(VolatilityPoint, (bars.times_ns[ends] // 1_000_000).tolist(), percent.tolist()))

    def _volumes(self, times_ns: IntArray, prices: FloatArray, column: int) -> FloatArray:
        coins = _VOLUME_COINS["BTC" if column % 2 == 0 else "ETH"]
        swing = prices[:, 1] / prices[:, 2] - 1.0
        luck = uniforms(self._stream + column, times_ns // MINUTE_NS)
        volumes: FloatArray = np.round(coins * (0.4 - 0.6 * np.log(luck)) * (1.0 + 500.0 * swing), 3)
        return volumes

    def _deliver_warm_up(self, start_ns: int, end_ns: int) -> None:
        bars = self.finished()
        first = start_ns // DAY_NS * DAY_NS + EXPIRY_HOUR * HOUR_NS
        for at_ns in range(first, end_ns, DAY_NS):
            inside = (bars.times_ns >= at_ns - SETTLEMENT_NS) & (bars.times_ns < at_ns)
            if inside.sum() * MINUTE_NS >= SETTLEMENT_NS:
                self.deliver(at_ns, bars.prices[inside, 3, : len(INDICES)].mean(axis=0))


def _joined(parts: list[Bars]) -> Bars:
    """Bars in a row, cut to the kept length; of a minute that two parts have, the later stays."""
    times = np.concatenate([part.times_ns for part in parts])
    last = np.append(np.diff(times) > 0, values=True)
    return Bars(
        times[last][-KEPT_MINUTES:],
        np.concatenate([part.prices for part in parts])[last][-KEPT_MINUTES:],
        np.concatenate([part.accrued for part in parts])[last][-KEPT_MINUTES:],
    )


def accrued_at(bars: Bars, column: int, at_ns: int, now: tuple[int, float]) -> float:
    """Funding accrued up to a time, interpolated between minutes, held at both ends of what is known.

    ``now`` is the present time and what has accrued by then.
    """
    times = np.append(bars.times_ns + MINUTE_NS, now[0])
    return float(np.interp(at_ns, times, np.append(bars.accrued[:, column], now[1])))
