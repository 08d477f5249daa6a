"""C6: orders leave a fifth of the message budget to cancels."""

from hedging.drill.facts import Sent

ID = "C6"
SENTENCE = "orders leave a fifth of the message budget to cancels"


def sent(now: Sent) -> str:
    """No burst and no minute of this life, by the engine's clock, holds more orders than may be."""
    rules = now.state.rules.execution
    at = now.order.sent_at or now.now
    ages = [
        (at - each.sent_at).total_seconds()
        for each in now.orders
        if each.sent_at is not None and each.sent_at >= now.started_at
    ]
    span = rules.messages_burst / rules.messages_per_second
    for seconds, budget in ((span, rules.messages_burst), (60.0, rules.messages_per_minute)):
        recent = sum(1 for age in ages if 0 <= age < seconds)
        if recent > 0.8 * budget + 1e-9:
            return f"{recent} orders within {seconds:g} s, allowed are {0.8 * budget:g}"
    return ""
