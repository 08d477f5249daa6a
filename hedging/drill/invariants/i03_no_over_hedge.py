"""I3: no over-hedge: after a fill the delta lies between where it was and the far side of the band."""

from hedging.drill.facts import Traded

ID = "I3"
SENTENCE = "no over-hedge: after a fill the delta lies between where it was and the far side of the band"


def traded(now: Traded) -> str:
    """A buy never takes the delta above the band, a sell never below."""
    band, spare = now.item.band, now.allowance + 2 * now.lot + 1e-6
    over = now.after - band.upper if now.fill.side > 0 else band.lower - now.after
    if over <= spare:
        return ""
    words = f"{now.fill.side.name.lower()} {now.fill.amount} of {now.order.client_id}"
    return f"{words} took the delta to {now.after:+.3f}, {over:.3f} past the band, {spare:.3f} explained"
