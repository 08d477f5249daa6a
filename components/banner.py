"""While trading is not free: the banner that says why, by whom, and which way leads back."""

from components.format import clock_time, escape_html
from hedging.model.trading import ReducedBy, TradingState
from hedging.model.view import View

TWO_PEOPLE = "two people bring trading back, one of them of risk"
BY_ITSELF = "it lifts by itself once the market has been sane for a while"


def banner(view: View) -> str:
    """The banner as HTML with outside words escaped; empty while trading is active."""
    if view.trading_state is TradingState.HALTED:
        because = view.halted_because or "no reason given"
        return _html("halted", "HALTED", f"nothing is sent: {because}", _asked(view) or TWO_PEOPLE)
    if view.trading_state is TradingState.REDUCING:
        because = view.reduced_because or "no reason given"
        said = f"only what shrinks delta and position is sent: {because}"
        return _html("reducing", "REDUCING", said, _asked(view) or _way_back(view))
    return ""


def _asked(view: View) -> str:
    asked = view.resume_asked_by
    return f"{asked} asks to resume: a second person of risk confirms" if asked else ""


def _way_back(view: View) -> str:
    if view.reduced_by is ReducedBy.PERSON:
        return TWO_PEOPLE
    if view.reduced_by is ReducedBy.MARKET:
        at = f", at {clock_time(view.lifts_at)} UTC if nothing more happens" if view.lifts_at else ""
        return f"{BY_ITSELF}{at}"
    return f"{TWO_PEOPLE}; where the market caused it, {BY_ITSELF}"


def _html(name: str, word: str, said: str, way: str) -> str:
    return (
        f'<div class="desk-halted desk-{name}" data-testid="{name}"><b>{word}</b> '
        f'<span>{escape_html(said)}</span><span class="desk-way-back" data-testid="way-back">'
        f"{escape_html(way)}</span></div>"
    )
