"""I3: no over-hedge: after a fill the delta lies between where it was and the far side of the band."""

from hedging.drill.facts import Sent, Traded
from hedging.policy.sizing import coins_of

ID = "I3"
SENTENCE = "no over-hedge: after a fill the delta lies between where it was and the far side of the band"
SPARE_COINS = 0.35  # the price of the moment between decision and wire, and a lot or two


def sent(now: Sent) -> str:
    """By what the engine itself knows, all of the order leaves the delta inside the band's far edge."""
    if now.known is None or now.thawed:
        return ""
    change = float(coins_of(now.instrument, now.order.amount, now.order.limit_price)) * now.order.side
    after, band = now.known + change, now.item.band
    over = after - band.upper if change > 0 else band.lower - after
    if over <= SPARE_COINS:
        return ""
    return (
        f"{now.order.client_id} of {change:+.3f} would take a delta known as {now.known:+.3f} past the band"
    )


def traded(now: Traded) -> str:
    """A buy never takes the delta above the band, a sell never below."""
    band, spare = now.item.band, now.allowance + 2 * now.lot + 1e-6
    over = now.after - band.upper if now.fill.side > 0 else band.lower - now.after
    if over <= spare:
        return ""
    words = f"{now.fill.side.name.lower()} {now.fill.amount} of {now.order.client_id}"
    return f"{words} took the delta to {now.after:+.3f}, {over:.3f} past the band, {spare:.3f} explained"
