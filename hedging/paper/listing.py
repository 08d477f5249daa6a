"""What the paper exchange lists: instruments with Deribit's contract terms, and its expiry calendar."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from hedging.errors import BadInput

NEVER_NS = 32_503_708_800_000 * 1_000_000  # Deribit's expiry of what does not expire
DAY_NS = 86_400 * 1_000_000_000
EXPIRY_HOUR = 8  # UTC
STRIKES_PER_EXPIRY = 21
STRIKE_SPACING = 0.22  # in standard deviations of the log price at expiry


class ListingKind(StrEnum):
    """What is traded."""

    SPOT = "spot"
    PERPETUAL = "perpetual"
    FUTURE = "future"
    OPTION = "option"


class OptionType(StrEnum):
    """Right of an option, in Deribit's words."""

    CALL = "call"
    PUT = "put"


class SettlementPeriod(StrEnum):
    """Rhythm of the expiries an instrument belongs to, in Deribit's words."""

    PERPETUAL = "perpetual"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One listed instrument; amounts in USD for inverse futures and in coin otherwise, times in ns UTC.

    ``tick_size_steps`` holds (above_price, tick_size) pairs as Deribit sends them; prices of inverse
    options are in coin, all others in the quote currency. ``settlement_period`` is None for spot.
    """

    name: str
    kind: ListingKind
    underlying: str
    base_currency: str
    quote_currency: str
    counter_currency: str
    settlement_currency: str
    index_name: str
    inverse: bool
    contract_size: float
    min_trade_amount: float
    tick_size: float
    tick_size_steps: tuple[tuple[float, float], ...] = ()
    creation_ns: int
    expiration_ns: int = NEVER_NS
    settlement_period: SettlementPeriod | None = None
    strike: float | None = None
    option_type: OptionType | None = None
    maker_commission: float
    taker_commission: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Coin:
    """Contract terms that differ between the underlyings."""

    typical_volatility: float
    smallest_strike_step: float
    future_contract_usd: float
    future_tick: float
    option_minimum_coin: float
    linear_contract_coin: float
    linear_perpetual_tick: float
    linear_option_tick: float
    linear_option_steps: tuple[tuple[float, float], ...]
    linear_option_minimum_coin: float
    spot_tick: float
    spot_minimum_coin: float


_COINS = {
    "BTC": _Coin(
        typical_volatility=0.60,
        smallest_strike_step=500.0,
        future_contract_usd=10.0,
        future_tick=0.5,
        option_minimum_coin=0.1,
        linear_contract_coin=0.001,
        linear_perpetual_tick=1.0,
        linear_option_tick=5.0,
        linear_option_steps=((500.0, 10.0),),
        linear_option_minimum_coin=0.01,
        spot_tick=1.0,
        spot_minimum_coin=0.0001,
    ),
    "ETH": _Coin(
        typical_volatility=0.75,
        smallest_strike_step=5.0,
        future_contract_usd=1.0,
        future_tick=0.05,
        option_minimum_coin=1.0,
        linear_contract_coin=0.01,
        linear_perpetual_tick=0.05,
        linear_option_tick=0.2,
        linear_option_steps=((20.0, 0.5),),
        linear_option_minimum_coin=0.1,
        spot_tick=0.1,
        spot_minimum_coin=0.001,
    ),
}
UNDERLYINGS = tuple(_COINS)
LINEAR_OPTION_UNDERLYINGS = ("BTC",)


def expiry_tag(expiration_ns: int) -> str:
    """Deribit's spelling of an expiry date.

    >>> expiry_tag(1_795_766_400_000_000_000)
    '27NOV26'
    """
    day = datetime.fromtimestamp(expiration_ns // 1_000_000_000, tz=UTC).date()
    return f"{day.day}{day:%b%y}".upper()


def _expiry_ns(day: date) -> int:
    return int(datetime.combine(day, time(EXPIRY_HOUR), tzinfo=UTC).timestamp()) * 1_000_000_000


def _last_friday(year: int, month: int) -> date:
    after = date(year + month // 12, month % 12 + 1, 1)
    return after - timedelta(days=(after.weekday() - 4 - 1) % 7 + 1)


def _month_ends(first: date, months: Iterable[int]) -> list[date]:
    """Last Fridays, on or after ``first``, of the months counted from the month of ``first``."""
    ends = (
        _last_friday(first.year + (first.month - 1 + m) // 12, (first.month - 1 + m) % 12 + 1) for m in months
    )
    return [end for end in ends if end >= first]


@dataclass(frozen=True, slots=True)
class Calendar:
    """Expiries in ns UTC, ascending: of options, of dated futures and of USDC-linear options."""

    options: tuple[int, ...]
    futures: tuple[int, ...]
    linear_options: tuple[int, ...]
    period: Mapping[int, SettlementPeriod]


def calendar(now_ns: int) -> Calendar:
    """Deribit's expiry calendar as seen at ``now_ns``: two dailies, three Fridays, month and quarter ends.

    The first daily is tomorrow's 08:00 UTC; quarter ends reach ten months ahead.
    """
    first = datetime.fromtimestamp(now_ns // 1_000_000_000, tz=UTC).date() + timedelta(days=1)
    dailies = [first, first + timedelta(days=1)]
    friday = first + timedelta(days=(4 - first.weekday()) % 7)
    fridays = [friday + timedelta(weeks=week) for week in range(3)]
    months = _month_ends(first, range(5))[:3]
    quarters = [
        end for end in _month_ends(first, range(12)) if end.month % 3 == 0 and (end - first).days <= 310
    ]
    period = {_expiry_ns(day): SettlementPeriod.DAY for day in dailies}
    period |= {_expiry_ns(day): SettlementPeriod.WEEK for day in fridays}
    period |= {_expiry_ns(day): SettlementPeriod.MONTH for day in (*months, *quarters)}
    futures = list(dict.fromkeys([fridays[0], months[0], *quarters]))[:4]
    if len(futures) < 4:
        futures.append(months[1])
    return Calendar(
        options=tuple(sorted(period)),
        futures=tuple(sorted(_expiry_ns(day) for day in futures)),
        linear_options=tuple(
            sorted(_expiry_ns(day) for day in dict.fromkeys((fridays[1], months[1], quarters[1])))
        ),
        period=period,
    )


def _round_step(width: float, smallest: float) -> float:
    """Largest of 1, 2, 2.5, 5 × 10ⁿ that is not wider than ``width``, at least ``smallest``."""
    power = 10.0 ** math.floor(math.log10(width))
    return max(smallest, *(power * lead for lead in (1.0, 2.0, 2.5, 5.0) if power * lead <= width))


def strikes(underlying: str, spot: float, years: float) -> tuple[float, ...]:
    """Strikes around the money, evenly spread in standard deviations and rounded to the desk's steps.

    Args:
        underlying: BTC or ETH.
        spot: price in USD, positive.
        years: time to expiry; under a day counts as a day.

    Raises:
        BadInput: when the underlying is unknown or the spot not a positive number.
    """
    coin = _coin(underlying)
    if not (math.isfinite(spot) and spot > 0):
        raise BadInput(f"the spot of {underlying} is {spot}: give a positive number")
    deviation = coin.typical_volatility * math.sqrt(max(years, 1.0 / 365.0))
    half = STRIKES_PER_EXPIRY // 2
    found: dict[float, None] = {}
    for rung in range(-half, half + 1):
        target = spot * math.exp(rung * STRIKE_SPACING * deviation)
        step = _round_step(target * STRIKE_SPACING * deviation * 0.98, coin.smallest_strike_step)
        strike = round(target / step) * step
        while strike in found:
            strike += step
        found[strike] = None
    return tuple(sorted(found))


def _coin(underlying: str) -> _Coin:
    if underlying not in _COINS:
        raise BadInput(f"no contract terms for {underlying!r}: the paper exchange lists {', '.join(_COINS)}")
    return _COINS[underlying]


def _perpetuals_and_spot(underlying: str, creation_ns: int) -> list[Listing]:
    coin = _coin(underlying)
    inverse = Listing(
        name=f"{underlying}-PERPETUAL",
        kind=ListingKind.PERPETUAL,
        underlying=underlying,
        base_currency=underlying,
        quote_currency="USD",
        counter_currency="USD",
        settlement_currency=underlying,
        index_name=f"{underlying.lower()}_usd",
        inverse=True,
        contract_size=coin.future_contract_usd,
        min_trade_amount=coin.future_contract_usd,
        tick_size=coin.future_tick,
        creation_ns=creation_ns,
        settlement_period=SettlementPeriod.PERPETUAL,
        maker_commission=0.0,
        taker_commission=0.0005,
    )
    linear = replace(
        inverse,
        name=f"{underlying}_USDC-PERPETUAL",
        quote_currency="USDC",
        counter_currency="USDC",
        settlement_currency="USDC",
        index_name=f"{underlying.lower()}_usdc",
        inverse=False,
        contract_size=coin.linear_contract_coin,
        min_trade_amount=coin.linear_contract_coin,
        tick_size=coin.linear_perpetual_tick,
    )
    spot = Listing(
        name=f"{underlying}_USDC",
        kind=ListingKind.SPOT,
        underlying=underlying,
        base_currency=underlying,
        quote_currency="USDC",
        counter_currency="USDC",
        settlement_currency="USDC",
        index_name=f"{underlying.lower()}_usdc",
        inverse=False,
        contract_size=coin.spot_minimum_coin,
        min_trade_amount=coin.spot_minimum_coin,
        tick_size=coin.spot_tick,
        creation_ns=creation_ns,
        maker_commission=0.0,
        taker_commission=0.0,
    )
    return [spot, inverse, linear]


def _future(underlying: str, expiration_ns: int, period: SettlementPeriod, creation_ns: int) -> Listing:
    coin = _coin(underlying)
    return Listing(
        name=f"{underlying}-{expiry_tag(expiration_ns)}",
        kind=ListingKind.FUTURE,
        underlying=underlying,
        base_currency=underlying,
        quote_currency="USD",
        counter_currency="USD",
        settlement_currency=underlying,
        index_name=f"{underlying.lower()}_usd",
        inverse=True,
        contract_size=coin.future_contract_usd,
        min_trade_amount=coin.future_contract_usd,
        tick_size=coin.future_tick,
        creation_ns=creation_ns,
        expiration_ns=expiration_ns,
        settlement_period=period,
        maker_commission=-0.0001 if period is SettlementPeriod.WEEK else 0.0,
        taker_commission=0.0005,
    )


@dataclass(frozen=True, slots=True)
class _Chain:
    """One expiry of options on one underlying."""

    underlying: str
    expiration_ns: int
    period: SettlementPeriod
    creation_ns: int
    inverse: bool


def _option(chain: _Chain, strike: float, option_type: OptionType) -> Listing:
    coin = _coin(chain.underlying)
    quote = chain.underlying if chain.inverse else "USDC"
    prefix = chain.underlying if chain.inverse else f"{chain.underlying}_USDC"
    letter = "C" if option_type is OptionType.CALL else "P"
    return Listing(
        name=f"{prefix}-{expiry_tag(chain.expiration_ns)}-{strike:.0f}-{letter}",
        kind=ListingKind.OPTION,
        underlying=chain.underlying,
        base_currency=chain.underlying,
        quote_currency=quote,
        counter_currency="USD" if chain.inverse else "USDC",
        settlement_currency=quote,
        index_name=f"{chain.underlying.lower()}_{'usd' if chain.inverse else 'usdc'}",
        inverse=chain.inverse,
        contract_size=1.0,
        min_trade_amount=coin.option_minimum_coin if chain.inverse else coin.linear_option_minimum_coin,
        tick_size=0.0001 if chain.inverse else coin.linear_option_tick,
        tick_size_steps=((0.005, 0.0005),) if chain.inverse else coin.linear_option_steps,
        creation_ns=chain.creation_ns,
        expiration_ns=chain.expiration_ns,
        settlement_period=chain.period,
        strike=strike,
        option_type=option_type,
        maker_commission=0.0003,
        taker_commission=0.0003,
    )


def _chain_listings(chain: _Chain, spot: float) -> list[Listing]:
    years = (chain.expiration_ns - chain.creation_ns) / (365 * DAY_NS)
    return [
        _option(chain, strike, option_type)
        for strike in strikes(chain.underlying, spot, years)
        for option_type in OptionType
    ]


def listings(start_ns: int, spot_by_underlying: Mapping[str, float]) -> tuple[Listing, ...]:
    """Everything the exchange would list at ``start_ns`` with strikes around the given spots (USD).

    Raises:
        BadInput: when a spot is missing, not positive, or of an unknown underlying.
    """
    schedule = calendar(start_ns)
    rows: list[Listing] = []
    for underlying in UNDERLYINGS:
        if underlying not in spot_by_underlying:
            raise BadInput(f"no spot for {underlying}: give one for each of {', '.join(UNDERLYINGS)}")
        spot = spot_by_underlying[underlying]
        rows += _perpetuals_and_spot(underlying, start_ns)
        rows += [_future(underlying, at, schedule.period[at], start_ns) for at in schedule.futures]
        for at in schedule.options:
            rows += _chain_listings(_Chain(underlying, at, schedule.period[at], start_ns, inverse=True), spot)
        if underlying in LINEAR_OPTION_UNDERLYINGS:
            for at in schedule.linear_options:
                rows += _chain_listings(
                    _Chain(underlying, at, schedule.period[at], start_ns, inverse=False), spot
                )
    return tuple(rows)
