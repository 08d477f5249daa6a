"""A view whose exposures, positions and hedges really belong together: valued from one snapshot."""

from dataclasses import replace

from nouns import NOW, balance, option, perpetual, position, quote, rules, snapshot, underlying_rules

from hedging.decide import assess
from hedging.model.exposure import PositionExposure
from hedging.model.instrument import OptionKind
from hedging.model.rules import Rules
from hedging.model.snapshot import Snapshot
from hedging.model.trading import AutoSetting, TradingState
from hedging.model.view import Feed, HedgeMarket, UnderlyingView, VenueMode, View

CALL = option(OptionKind.CALL, 110_000.0, 0.1)
PUT = option(OptionKind.PUT, 90_000.0, 0.02)
PERPETUAL = perpetual()


def held_snapshot(**changes) -> Snapshot:
    """Short a call and a put, long the perpetual beyond the band, ten coins of equity."""
    held = (position(CALL, -20), position(PUT, -15), position(PERPETUAL, 1_223_450))
    quotes = (
        quote(CALL, mark=0.0312, forward=100_700.0, iv=0.553),
        quote(PUT, mark=0.0021, forward=100_200.0, iv=0.681),
        quote(PERPETUAL, mark=100_033.25),
    )
    return replace(snapshot(held, quotes, (balance(equity=10.123456789),)), **changes)


def valued_view(found: Snapshot | None = None, item=None, book_rules: Rules | None = None, **changes) -> View:
    """The view that an engine would publish of a snapshot."""
    found = held_snapshot() if found is None else found
    book_rules = book_rules or rules(item or underlying_rules())
    whole = assess(found, book_rules)
    made = View(
        sequence=7,
        at=found.at,
        book="test",
        mode=VenueMode.PAPER,
        engine_started_at=NOW,
        ready=True,
        status="running",
        trading_state=TradingState.ACTIVE,
        halted_because="",
        resume_asked_by="",
        auto=AutoSetting(),
        auto_refusals=(),
        feeds=(Feed(name="marks", received_at=NOW, limit_seconds=5.0),),
        gaps=whole.gaps,
        underlyings=tuple(
            UnderlyingView(
                underlying=one.underlying,
                exposure=whole.exposures.get(one.underlying),
                drift=whole.drifts.get(one.underlying),
                profile=None,
                ladder=(),
                proofs=(),
                decision=None,
                hedge_instrument=one.hedge_instrument,
            )
            for one in book_rules.underlyings
        ),
        positions=tuple(whole.positions),
        limits=(),
        tickets=(),
        orders=(),
        balances=found.balances,
        hedges=(HedgeMarket(instrument=PERPETUAL, quote=found.quotes.get(PERPETUAL.key)),),
    )
    return replace(made, **changes)


def held(view: View, name: str) -> PositionExposure:
    return next(each for each in view.positions if each.instrument.name == name)
