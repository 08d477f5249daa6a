"""Tables of the exposure page: positions, and what could not be valued."""

from decimal import Decimal

from components import format as fmt
from components.payload import Cell, Column, Row, Table
from components.theme import Tone, tone_of
from hedging.model.exposure import PositionExposure
from hedging.model.instrument import Kind
from hedging.model.smile import IvSource
from hedging.model.view import View

COLUMNS = (
    Column(id="instrument", label="Instrument", wide=True),
    Column(id="kind", label="Kind"),
    Column(id="expiry", label="Expiry"),
    Column(id="amount", label="Amount", number=True),
    Column(id="delta", label="Net Δ", unit="coin", number=True),
    Column(id="delta_black", label="Black Δ", unit="coin", number=True),
    Column(id="gamma", label="Gamma", unit="coin / 1 %", number=True),
    Column(id="vega", label="Vega", unit="USD / pt", number=True),
    Column(id="theta", label="Theta", unit="USD / day", number=True),
    Column(id="iv", label="IV", unit="%", number=True),
    Column(id="mark", label="Mark", number=True),
    Column(id="value", label="Value", unit="USD", number=True),
    Column(id="account", label="Account"),
)


_KINDS = {Kind.SPOT: "spot", Kind.PERPETUAL: "perp", Kind.FUTURE: "future", Kind.OPTION: "option"}


def positions(view: View) -> Table:
    """Every position in common units; those that could not be valued are listed, not zeroed."""
    rows = tuple(_row(each) for each in view.positions)
    gaps = len(view.gaps)
    foot = f"incomplete: {gaps} {'figure is' if gaps == 1 else 'figures are'} missing" if gaps else ""
    return Table(
        columns=COLUMNS,
        rows=rows,
        empty="no open position" if not gaps else "no position has a value: see what could not be valued",
        foot=foot,
        foot_tone=Tone.UNKNOWN,
    )


def _row(each: PositionExposure) -> Row:
    instrument = each.instrument
    gamma = fmt.gamma_per_percent(each.gamma_coin)
    vega, theta = fmt.vega_per_point(each.vega_usd), fmt.theta_per_day(each.theta_usd)
    expiry = instrument.expiry
    kind = f"{instrument.settlement[:3]} {_KINDS[instrument.kind]}{' · hedge' if each.is_hedge else ''}"
    option = instrument.kind is Kind.OPTION
    cells = (
        Cell(instrument.name, instrument.name),
        Cell(kind, kind, note="inv: settled in coin; lin: settled in dollars"),
        Cell(fmt.expiry(expiry) if expiry else "", expiry.timestamp() if expiry else -1.0),
        Cell(f"{_amount(each)} {each.instrument.amount_label}", each.amount, tone_of(each.amount)),
        _number(each.delta_net, fmt.coin(each.delta_net)),
        _number(each.delta_black, fmt.coin(each.delta_black)),
        _number(gamma, fmt.signed(gamma, 4)) if option else Cell("", 0.0),
        _number(vega, fmt.usd(vega)) if option else Cell("", 0.0),
        _number(theta, fmt.usd(theta)) if option else Cell("", 0.0),
        _volatility(each) if option else Cell(""),
        Cell(fmt.price(each.mark), each.mark),
        Cell(fmt.usd(each.value_usd), each.value_usd, tone_of(each.value_usd)),
        Cell(each.account, each.account),
    )
    return Row(id=f"{each.account}:{instrument.name}", cells=cells, group=instrument.underlying)


_IMPLIED = {
    IvSource.QUOTES: ("quotes", "implied by its bid and ask: the exchange states no volatility"),
    IvSource.MARK_PRICE: ("mark", "implied by its mark price: the exchange states no volatility"),
}


def _volatility(each: PositionExposure) -> Cell:
    """The volatility that values an option; where the exchange did not state it, what implied it."""
    if each.iv is None:
        return Cell(fmt.UNKNOWN, None, Tone.UNKNOWN)
    text = fmt.plain(each.iv * 100, 1)
    if each.iv_source not in _IMPLIED:
        return Cell(text, each.iv, note="stated by the exchange")
    word, note = _IMPLIED[each.iv_source]
    return Cell(f"{text} {word}", each.iv, Tone.NEAR, note)


def _amount(each: PositionExposure) -> str:
    lot = each.instrument.lot
    exponent = lot.normalize().as_tuple().exponent if isinstance(lot, Decimal) else 0
    digits = max(0, -exponent) if isinstance(exponent, int) else 0
    return fmt.signed(each.amount, min(digits, 4))


def _number(value: float, text: str) -> Cell:
    return Cell(text, value, tone_of(value))


GAP_COLUMNS = (
    Column(id="what", label="Not valued", wide=True),
    Column(id="reason", label="Because"),
    Column(id="detail", label="Detail", wide=True),
)


def gaps(view: View) -> Table:
    """What could not be valued; each of these blocks automatic orders that depend on it."""
    rows = tuple(
        Row(
            id=f"{number}:{gap.what}",
            cells=(
                Cell(gap.what, gap.what),
                Cell(gap.reason, gap.reason, Tone.NEAR),
                Cell(gap.detail, gap.detail),
            ),
            group=gap.underlying or "",
        )
        for number, gap in enumerate(view.gaps)
    )
    return Table(columns=GAP_COLUMNS, rows=rows, empty="every position and balance is valued")
