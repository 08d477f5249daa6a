"""The sections on accounts and underlyings: where the desk trades, and what it hedges how."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from hedging.model.limits import Band, HedgeTarget, Numeraire, Scope, ScopeKind
from hedging.model.rules import UnderlyingRules
from hedging.model.smile import SmileRule
from hedging.model.view import VenueMode
from hedging.settings.fields import Finite, Positive, Section, Share
from hedging.settings.limits import LimitsSettings

VenueName = Literal["deribit", "okx", "bybit", "binance"]
HEDGED_AT = "deribit"  # where orders are sent; accounts elsewhere are read
ON_THIS_MACHINE = re.compile(r"http://(127\.0\.0\.1|localhost)(:\d+)?/?")


def _hedged_share(value: object) -> object:
    """Share of equity hedged, from the words the file may use for it."""
    named = {"coin": 0.0, "usd": 1.0}
    if isinstance(value, str) and value not in named:
        raise ValueError("write 'coin', 'usd', or the share of equity to hedge, between 0 and 1")
    return named[value] if isinstance(value, str) else value


class AccountSettings(Section):
    """One account at one venue; secrets are named, never written here."""

    name: str = Field(min_length=1)
    venue: VenueName
    mode: VenueMode
    key_env: str = Field(default="HEDGING_KEY", min_length=1)
    secret_env: str = Field(default="HEDGING_SECRET", min_length=1)  # the name of a variable, not a secret
    passphrase_env: str = Field(default="HEDGING_PASSPHRASE", min_length=1)
    secrets_file: Path | None = None
    rest: str | None = None
    ws: str | None = None

    @model_validator(mode="after")
    def _addresses(self) -> "AccountSettings":
        paper = self.mode is VenueMode.PAPER
        if self.venue == HEDGED_AT and paper != bool(self.rest and self.ws):
            raise ValueError(
                "rest and ws are given for mode = 'paper', and only there: testnet and live have their own"
            )
        if self.venue != HEDGED_AT:
            here = ON_THIS_MACHINE.fullmatch(self.rest or "") is not None
            if self.ws is not None or paper != here or (self.rest is not None and not here):
                raise ValueError(
                    f"mode = 'paper' at {self.venue} is a server on this machine: give rest as "
                    "'http://127.0.0.1:PORT' and no ws; testnet and live have their own addresses"
                )
        return self


class BandSettings(Section):
    """Deltas in coin between which nothing is done."""

    lower: Finite
    upper: Finite
    centre: Finite = 0.0
    target: HedgeTarget = HedgeTarget.EDGE
    share: Share = 0.5

    @model_validator(mode="after")
    def _ordered(self) -> "BandSettings":
        if not self.lower < self.centre < self.upper:
            raise ValueError(
                f"a band needs lower < centre < upper, got {self.lower:g}, {self.centre:g}, {self.upper:g}"
            )
        return self


class UnderlyingSettings(Section):
    """How one underlying is hedged."""

    account: str
    hedge: str
    numeraire: Annotated[Share, BeforeValidator(_hedged_share)] = 0.0
    max_order_coin: Positive
    band: BandSettings
    limits: LimitsSettings
    smile: SmileRule = SmileRule.STICKY_STRIKE

    @model_validator(mode="after")
    def _inside_limits(self) -> "UnderlyingSettings":
        widest = max(abs(self.band.lower), abs(self.band.upper))
        if widest > self.limits.delta.hard:
            raise ValueError(
                f"the band reaches {widest:g}, beyond the hard delta limit {self.limits.delta.hard:g}"
            )
        if self.max_order_coin > self.limits.hedge_position.hard:
            raise ValueError(
                f"max_order_coin {self.max_order_coin:g} lies beyond the hard limit of the hedge position, "
                f"{self.limits.hedge_position.hard:g}: lower the one or raise the other"
            )
        return self

    def rules(self, underlying: str, venue: str) -> UnderlyingRules:
        """The nouns the core reads."""
        return UnderlyingRules(
            underlying=underlying,
            account=self.account,
            venue=venue,
            hedge_instrument=self.hedge,
            numeraire=Numeraire(self.numeraire),
            band=Band(**self.band.model_dump()),
            limits=self.limits.limits(Scope(ScopeKind.UNDERLYING, underlying)),
            max_order_coin=self.max_order_coin,
            smile=self.smile,
        )
