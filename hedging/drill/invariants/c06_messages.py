"""C6: orders leave a fifth of the message budget to cancels."""

from hedging.drill.facts import Sent

ID = "C6"
SENTENCE = "orders leave a fifth of the message budget to cancels"


def sent(now: Sent) -> str:
    """No burst and no minute holds more orders than may be."""
    rules = now.state.rules.execution
    span = rules.messages_burst / rules.messages_per_second
    for seconds, budget in ((span, rules.messages_burst), (60.0, rules.messages_per_minute)):
        recent = sum(1 for age in now.earlier if age < seconds)
        if recent > 0.8 * budget + 1e-9:
            return f"{recent} orders within {seconds:g} s, allowed are {0.8 * budget:g}"
    return ""
