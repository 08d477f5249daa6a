"""Builders of nouns with plausible defaults; every test says what it cares about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hedging.model.book import Balance, Position
from hedging.model.exposure import Exposure
from hedging.model.instrument import AmountUnit, Instrument, Kind, OptionKind, Settlement
from hedging.model.limits import Band, HedgeTarget, Limit, Measure, Numeraire, Scope, ScopeKind
from hedging.model.market import Quote
from hedging.model.rules import Rules, UnderlyingRules
from hedging.model.snapshot import Snapshot
from hedging.model.trading import Leg, Order, OrderState, Ticket, TicketState, TradingStatus
from hedging.risk.scopes import Part, ScopeParts
from hedging.units import Side
from hedging.workflow.gates.state import GateState
from hedging.workflow.ticket import content_hash

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
INDEX = 100_000.0
BTC = Scope(ScopeKind.UNDERLYING, "BTC")


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def perpetual(**changes) -> Instrument:
    """The inverse perpetual: USD amounts, lot 10."""
    instrument = Instrument(
        venue="deribit",
        name="BTC-PERPETUAL",
        symbol="BTC/USD:BTC",
        kind=Kind.PERPETUAL,
        settlement=Settlement.INVERSE,
        underlying="BTC",
        settlement_currency="BTC",
        amount_unit=AmountUnit.USD,
        lot=Decimal(10),
        minimum=Decimal(10),
        tick=Decimal("0.5"),
        index="btc_usd",
    )
    return replace(instrument, **changes)


def linear_perpetual(**changes) -> Instrument:
    """The USDC perpetual: coin amounts."""
    return perpetual(
        **{
            "name": "BTC_USDC-PERPETUAL",
            "settlement": Settlement.LINEAR,
            "settlement_currency": "USDC",
            "amount_unit": AmountUnit.COIN,
            "lot": Decimal("0.001"),
            "minimum": Decimal("0.001"),
            **changes,
        }
    )


def future(days: float = 30, **changes) -> Instrument:
    return perpetual(
        **{"name": "BTC-FUTURE", "kind": Kind.FUTURE, "expiry": NOW + timedelta(days=days), **changes}
    )


def option(kind: OptionKind, strike: float, years: float = 0.1, **changes) -> Instrument:
    """An inverse option that expires ``years`` after NOW (to the microsecond)."""
    return perpetual(
        **{
            "name": f"BTC-{strike:g}-{kind.name}",
            "kind": Kind.OPTION,
            "amount_unit": AmountUnit.COIN,
            "lot": Decimal("0.1"),
            "minimum": Decimal("0.1"),
            "tick": Decimal("0.0001"),
            "strike": strike,
            "option_kind": kind,
            "expiry": NOW + timedelta(days=365 * years),
            **changes,
        }
    )


def linear_option(kind: OptionKind, strike: float, years: float = 0.1, **changes) -> Instrument:
    return option(
        kind,
        strike,
        years,
        **{
            "name": f"BTC_USDC-{strike:g}-{kind.name}",
            "settlement": Settlement.LINEAR,
            "settlement_currency": "USDC",
            **changes,
        },
    )


def quote(instrument: Instrument | str = "BTC-PERPETUAL", **changes) -> Quote:
    """A fresh two-sided market around INDEX."""
    name = instrument if isinstance(instrument, str) else instrument.name
    whole = Quote(
        venue="deribit" if isinstance(instrument, str) else instrument.venue,
        instrument=name,
        bid=INDEX - 0.5,
        ask=INDEX + 0.5,
        bid_size=1e6,
        ask_size=1e6,
        mark=INDEX,
        index=INDEX,
        forward=INDEX,
        iv=0.6,
        venue_delta=None,
        venue_at=NOW,
        received_at=NOW,
        touch_received_at=NOW,
    )
    return replace(whole, **changes)


def position(instrument: Instrument, amount: float | str | Decimal, **changes) -> Position:
    whole = Position(
        account="main",
        instrument=instrument,
        amount=Decimal(str(amount)),
        average_price=None,
        floating_pnl=0.0,
        venue_delta=None,
        received_at=NOW,
    )
    return replace(whole, **changes)


def balance(currency: str = "BTC", equity: float = 50.0, **changes) -> Balance:
    whole = Balance(
        account="main",
        currency=currency,
        equity=equity,
        available=equity,
        initial_margin=0.0,
        maintenance_margin=0.0,
        delta_total=(),
        received_at=NOW,
    )
    return replace(whole, **changes)


def band(lower: float = -5.0, upper: float = 5.0, **changes) -> Band:
    return replace(Band(lower=lower, centre=0.0, upper=upper, target=HedgeTarget.EDGE), **changes)


def underlying_rules(**changes) -> UnderlyingRules:
    whole = UnderlyingRules(
        underlying="BTC",
        account="main",
        venue="deribit",
        hedge_instrument="BTC-PERPETUAL",
        numeraire=Numeraire(0.0),
        band=band(),
        limits=(
            Limit(scope=BTC, measure=Measure.HEDGE_POSITION, soft=40.0, hard=60.0),
            Limit(scope=BTC, measure=Measure.DELTA, soft=10.0, hard=30.0),
        ),
        max_order_coin=5.0,
    )
    return replace(whole, **changes)


def rules(item: UnderlyingRules | None = None, **changes) -> Rules:
    return replace(Rules(underlyings=(item or underlying_rules(),)), **changes)


def exposure(delta: float = 0.0, **changes) -> Exposure:
    whole = Exposure(
        underlying="BTC",
        at=NOW,
        numeraire=Numeraire(0.0),
        index=INDEX,
        equity=0.0,
        delta=delta,
        delta_net=delta,
        delta_hedge=0.0,
        delta_primary=delta,
        gamma_coin=0.0,
        gamma_black_coin=0.0,
        vega_usd=0.0,
        theta_usd=0.0,
        gross_notional_usd=0.0,
        hedge_position=0.0,
    )
    return replace(whole, **changes)


def snapshot(positions=(), quotes=None, balances=None, **changes) -> Snapshot:
    whole = Snapshot(
        at=NOW,
        positions=tuple(positions),
        balances=(balance(),) if balances is None else tuple(balances),
        quotes={q.key: q for q in (quotes if quotes is not None else (quote(),))},
    )
    return replace(whole, **changes)


def leg(**changes) -> Leg:
    whole = Leg(
        account="main",
        instrument="BTC-PERPETUAL",
        side=Side.SELL,
        amount=Decimal(300_000),
        amount_unit="USD",
        quantity_coin=Decimal(3),
        worst_price=Decimal("99800.0"),
        reference_price=Decimal("100000.0"),
        reduce_only=False,
    )
    return replace(whole, **changes)


def ticket(**changes) -> Ticket:
    """A proposed ticket whose hash fits what it says."""
    whole = Ticket(
        id="T261120120000000-BTC",
        version=1,
        underlying="BTC",
        state=TicketState.PROPOSED,
        created_at=NOW,
        expires_at=NOW + seconds(120),
        legs=(leg(),),
        delta_before=8.0,
        delta_after=5.0,
        band_lower=-5.0,
        band_upper=5.0,
        target=4.9,
        index=INDEX,
        cost_usd=150.0,
        numeraire="keep my coins",
        sentence="sell",
        reason="because",
        inputs_hash="inputs",
        content_hash="",
    )
    whole = replace(whole, **changes)
    if "content_hash" in changes:
        return whole
    return replace(whole, content_hash=content_hash(whole.legs, whole.expires_at, whole.inputs_hash))


def order(**changes) -> Order:
    """An attempt that has not left yet."""
    whole = Order(
        client_id="T261120120000000-BTC-0-0",
        ticket_id="T261120120000000-BTC",
        leg=0,
        clip=0,
        account="main",
        venue="deribit",
        instrument="BTC-PERPETUAL",
        underlying="BTC",
        side=Side.SELL,
        amount=Decimal(100_000),
        limit_price=Decimal("99900.0"),
        reduce_only=False,
        state=OrderState.NEW,
        created_at=NOW,
        fence_at=NOW + seconds(5),
        actor="engine",
        approver="ann (trader)",
        decision_price=Decimal("100000.0"),
    )
    return replace(whole, **changes)


def gate_state(**changes) -> GateState:
    """A state in which ``order()`` passes every gate."""
    item = changes.get("underlying") or underlying_rules()
    whole = GateState(
        now=NOW,
        rules=rules(item),
        underlying=item,
        instrument=perpetual(),
        status=TradingStatus(),
        latches=(),
        quote=quote(),
        exposure=exposure(8.0),
        position=Decimal(0),
        position_at=NOW,
        last_fill_at=None,
        balance=balance(),
        live=(),
        messages=(),
        clock_offset_seconds=0.0,
        scopes=scopes(changes.get("exposure", exposure(8.0))),
        instruments={perpetual().key: perpetual()},
    )
    return replace(whole, **changes)


def scopes(whole: Exposure | None) -> dict[Scope, ScopeParts]:
    """The one underlying's scope, from its exposure."""
    if whole is None:
        return {BTC: ScopeParts(BTC, {"BTC": None}, None)}
    part = Part(
        delta=whole.delta,
        gamma=whole.gamma_coin,
        hedge=whole.hedge_position,
        vega=whole.vega_usd,
        theta=whole.theta_usd,
        gross=whole.gross_notional_usd,
        index=whole.index,
    )
    return {BTC: ScopeParts(BTC, {"BTC": part}, whole.equity * whole.index)}
