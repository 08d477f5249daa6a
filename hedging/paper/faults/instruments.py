"""Instruments that faults can be told to act on."""

from enum import StrEnum


class Perpetual(StrEnum):
    """A perpetual, by name."""

    BTC = "BTC-PERPETUAL"
    ETH = "ETH-PERPETUAL"
