"""A valued book: every figure of every position as a column, and the same as rows where somebody looks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import isnan

import numpy as np

from hedging.model.exposure import PositionExposure
from hedging.model.instrument import Kind, Settlement
from hedging.model.smile import IvSource
from hedging.model.snapshot import Gap
from hedging.risk.holdings import BoolArray, FloatArray, Holdings, IntArray
from hedging.units import epoch_microseconds


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Figures per position, shape (n,), units as in ``PositionExposure``; NaN where it could not be valued.

    ``smile_shift``: coins that the chosen smile convention adds to the delta. ``inverse``, ``hedge``: flags.
    ``expiry``: microseconds of the epoch, infinite where there is none.
    """

    quantity: FloatArray
    delta_black: FloatArray
    delta_net: FloatArray
    smile_shift: FloatArray
    gamma: FloatArray
    vega: FloatArray
    theta: FloatArray
    notional: FloatArray
    expiry: FloatArray
    inverse: BoolArray
    hedge: BoolArray

    def rows(self, wanted: IntArray) -> "Columns":
        """The same figures of some positions."""
        return Columns(*(getattr(self, name)[wanted] for name in self.__slots__))

    @classmethod
    def of(cls, positions: Sequence[PositionExposure]) -> "Columns":
        """Columns of valued rows."""
        instruments = [position.instrument for position in positions]
        expiries = [epoch_microseconds(each.expiry) if each.expiry else np.inf for each in instruments]

        def column(name: str) -> FloatArray:
            return np.array([getattr(position, name) for position in positions], dtype=np.float64)

        return cls(
            quantity=column("quantity_coin"),
            delta_black=column("delta_black"),
            delta_net=column("delta_net"),
            smile_shift=column("smile_shift"),
            gamma=column("gamma_coin"),
            vega=column("vega_usd"),
            theta=column("theta_usd"),
            notional=column("notional_usd"),
            expiry=np.array(expiries, dtype=np.float64),
            inverse=np.array([i.settlement is Settlement.INVERSE for i in instruments], dtype=np.bool_),
            hedge=np.array([position.is_hedge for position in positions], dtype=np.bool_),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """What each instrument was valued with, shape (m,): USD but ``mark`` (its own unit) and ``iv``."""

    mark: FloatArray
    index: FloatArray
    forward: FloatArray
    iv: FloatArray
    years: FloatArray


@dataclass(frozen=True, eq=False)
class ValuedBook:
    """A snapshot's positions in common units, and a gap for each instrument that has no value.

    ``valued``, shape (n,): whether the position has one. ``value``: USD, NaN where the venue sent no
    floating profit. ``iv_sources``: by instrument, where a volatility is from that the venue did not state.
    """

    holdings: Holdings
    columns: Columns
    marks: Marks
    value: FloatArray
    valued: BoolArray
    gaps: tuple[Gap, ...]
    iv_sources: Mapping[int, IvSource] = field(default_factory=dict)

    def derivatives(self, underlying: str) -> IntArray:
        """Rows of an underlying's positions other than spot."""
        own = self.holdings.own.get(underlying)
        if own is None:
            return np.empty(0, dtype=np.intp)
        return own[~self.holdings.spot[self.holdings.place[own]]]

    @cached_property
    def positions(self) -> tuple[PositionExposure, ...]:
        """The valued positions as rows, in the order of the snapshot."""
        columns = self.columns
        figures = np.column_stack(
            [
                columns.quantity,
                columns.delta_black,
                columns.delta_net,
                columns.smile_shift,
                columns.gamma,
                columns.vega,
                columns.theta,
                columns.notional,
                self.value,
            ]
        ).tolist()
        marks = self.marks
        market = np.column_stack((marks.mark, marks.forward, marks.iv, marks.years)).tolist()
        return tuple(
            self._row(number, figures[number], market[self.holdings.place[number]])
            for number in np.flatnonzero(self.valued).tolist()
        )

    def _row(self, number: int, figures: list[float], market: list[float]) -> PositionExposure:
        position = self.holdings.positions[number]
        quantity, black, net, shift, gamma, vega, theta, notional, value = figures
        mark, forward, iv, years = market
        is_option = position.instrument.kind is Kind.OPTION
        return PositionExposure(
            account=position.account,
            instrument=position.instrument,
            amount=float(position.amount),
            quantity_coin=quantity,
            delta_black=black,
            delta_net=net,
            smile_shift=None if isnan(shift) else shift,
            gamma_coin=gamma,
            vega_usd=vega,
            theta_usd=theta,
            value_usd=None if isnan(value) else value,
            notional_usd=notional,
            iv=iv if is_option else None,
            iv_source=self.iv_sources.get(int(self.holdings.place[number]), IvSource.MARK)
            if is_option
            else None,
            forward=forward if is_option else None,
            mark=mark,
            years=None if position.instrument.expiry is None else years,
            is_hedge=bool(self.columns.hedge[number]),
        )
