"""Configuration: one TOML file validated before anything starts.

``load(path)`` either returns settings in which every value was checked, or raises SettingsError with one
line per mistake: where, what was found, and what to do.
"""

from hedging.settings.desk import AccountSettings, BandSettings, UnderlyingSettings
from hedging.settings.file import RecordSettings, Settings, SmileSettings, load
from hedging.settings.limits import (
    MEASURES,
    DeskLimitsSettings,
    LimitSettings,
    LimitsSettings,
    WiderLimitsSettings,
)
from hedging.settings.trading import AgeSettings, AutoSettings, ExecutionSettings, MarketSettings

__all__ = [
    "MEASURES",
    "AccountSettings",
    "AgeSettings",
    "AutoSettings",
    "BandSettings",
    "DeskLimitsSettings",
    "ExecutionSettings",
    "LimitSettings",
    "LimitsSettings",
    "MarketSettings",
    "RecordSettings",
    "Settings",
    "SmileSettings",
    "UnderlyingSettings",
    "WiderLimitsSettings",
    "load",
]
