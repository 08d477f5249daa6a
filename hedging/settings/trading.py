"""The sections on trading: execution, ages, automatic mode, and when the market is not to be trusted."""

from typing import Annotated

from pydantic import Field, model_validator

from hedging.model.rules import ExecutionStyle
from hedging.settings.fields import Count, NotNegative, Positive, Section, Share

MOST_MESSAGES = 300  # a minute; the engine remembers the times of the last 400


class ExecutionSettings(Section):
    """How a ticket becomes orders; see ``hedging.model.rules.ExecutionRules`` for the units."""

    ticket_seconds: Positive = 120.0
    clip_usd: Positive = 300_000.0
    clip_pause_seconds: Annotated[NotNegative, Field(le=60)] = 0.7
    order_fence_seconds: Annotated[Positive, Field(le=60)] = 5.0
    venue_lag_seconds: Positive = 3.0
    max_order_usd: Positive = 2_000_000.0
    taker_fee: Annotated[NotNegative, Field(le=0.01)] = 0.0005
    collar_cap: Annotated[Positive, Field(le=0.05)] = 0.01
    collar_half_spreads: Positive = 3.0
    collar_extra: Annotated[NotNegative, Field(le=0.05)] = 0.002
    reference_agreement: Annotated[Positive, Field(le=0.05)] = 0.005
    initial_margin_headroom: Share = 0.3
    initial_margin_rate: Share = 0.05
    messages_per_second: Positive = 5.0
    messages_burst: Count = 10
    messages_per_minute: Annotated[Count, Field(le=MOST_MESSAGES)] = 60
    daily_orders: Count = 500
    orders_per_trade: Annotated[Count, Field(le=1000)] = 20
    drift_cap: Annotated[Positive, Field(le=0.2)] = 0.03
    drift_minutes: Annotated[Positive, Field(le=60)] = 5.0
    expiry_cutoff_minutes: Annotated[Positive, Field(le=1440)] = 30.0
    settlement_pause_seconds: Annotated[NotNegative, Field(le=3600)] = 60.0
    resting_seconds: Annotated[Positive, Field(le=300)] = 20.0
    style: ExecutionStyle = ExecutionStyle.MARKETABLE
    passive_seconds: Annotated[Positive, Field(le=60)] = 8.0
    slice_usd: Positive = 100_000.0
    slice_pause_seconds: Annotated[NotNegative, Field(le=60)] = 3.0
    slice_jitter: Share = 0.5

    @model_validator(mode="after")
    def _clip_passes(self) -> "ExecutionSettings":
        if self.clip_usd > self.max_order_usd:
            raise ValueError(
                f"clip_usd {self.clip_usd:g} lies above max_order_usd {self.max_order_usd:g}: "
                "no clip could be sent; lower the one or raise the other"
            )
        if self.slice_usd > self.max_order_usd:
            raise ValueError(
                f"slice_usd {self.slice_usd:g} lies above max_order_usd {self.max_order_usd:g}: "
                "no slice could be sent; lower the one or raise the other"
            )
        return self


class AgeSettings(Section):
    """Oldest input an order may rest on, in seconds."""

    touch: Positive = 2.0
    marks: Positive = 5.0
    position: Positive = 10.0
    margin: Positive = 30.0
    clock_offset: Positive = 0.5
    settle: Positive = 3.0


class AutoSettings(Section):
    """What arming automatic hedging takes, the most it is armed for, and how much repetition ends it."""

    max_minutes: Count = 60
    max_orders: Count = 40
    max_turnover_usd: Positive = 20_000_000.0
    shadow_minutes: Annotated[NotNegative, Field(le=10_080)] = 60.0
    repeats_10_minutes: Count = 6
    repeats_hour: Count = 20
    sign_flips: Count = 3
    turnover_to_target: Annotated[Positive, Field(ge=1)] = 3.0


class MarketSettings(Section):
    """What makes a market insane, so that only what shrinks is sent, and how long it must be quiet again."""

    stale_share: Annotated[Share, Field(lt=1)] = 0.3
    index_gap: Annotated[Positive, Field(le=0.5)] = 0.05
    index_seconds: Annotated[Positive, Field(ge=5, le=600)] = 60.0
    quiet_seconds: Annotated[Positive, Field(le=3600)] = 60.0
