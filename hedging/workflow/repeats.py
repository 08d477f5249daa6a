"""Repeated automatic execution (C8): how often automatic mode did the same thing, and what is too often.

The orders of one ticket are one execution. In one instrument, too often is: as many tickets on one side
within 10 minutes, or within an hour, as the rules name; as many changes of side within an hour; or orders of
one ticket that trade more than a multiple of what it set out to.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from math import isfinite

from hedging.model.gates import AutomaticExecution
from hedging.model.rules import AutoRules
from hedging.model.trading import Refusal
from hedging.units import Side

CONTROL = "C8"
HOUR = 60  # minutes


def repeated(
    history: Sequence[AutomaticExecution], rules: AutoRules, now: datetime, since: datetime | None
) -> Refusal | None:
    """Why automatic mode has to end now: its history leaves no room for one more ticket; None while it does.

    ``since``: executions before it do not count (``AutoSetting.repeats_from``).
    """
    return _too_often(history, rules, now, since, room_for=1)


def beyond(
    history: Sequence[AutomaticExecution], rules: AutoRules, now: datetime, since: datetime | None
) -> Refusal | None:
    """Refuse a history that is more than allowed, once the order that is to be sent has been added."""
    return _too_often(history, rules, now, since, room_for=0)


def tickets(
    history: Sequence[AutomaticExecution], now: datetime, minutes: float, since: datetime | None
) -> dict[str, Side]:
    """Each ticket of the last ``minutes`` with its side, by the time of its first order."""
    span = timedelta(minutes=minutes)
    found: dict[str, Side] = {}
    for each in sorted(history, key=lambda each: each.at):
        if now - each.at < span and (since is None or each.at >= since):
            found.setdefault(each.ticket_id, each.side)
    return found


def flips(history: Sequence[AutomaticExecution], now: datetime, since: datetime | None) -> int:
    """How often the side changed from one ticket to the next within the hour."""
    sides = list(tickets(history, now, HOUR, since).values())
    return sum(one is not other for one, other in pairwise(sides))


def _too_often(
    history: Sequence[AutomaticExecution],
    rules: AutoRules,
    now: datetime,
    since: datetime | None,
    *,
    room_for: int,
) -> Refusal | None:
    for instrument in dict.fromkeys(each.instrument for each in history):
        own = [each for each in history if each.instrument == instrument]
        counts = [(flips(own, now, since), rules.sign_flips, "changes of side in an hour")]
        for minutes, most in ((10, rules.repeats_10_minutes), (HOUR, rules.repeats_hour)):
            for side in Side:
                one_side = [each for each in own if each.side is side]
                words = f"automatic {side.name.lower()}s in {minutes} min"
                counts.append((len(tickets(one_side, now, minutes, since)), most, words))
        for count, most, words in counts:
            if count + room_for > most:
                return _refusal(f"{instrument} has had too many {words}", str(count), str(most))
    return _too_much(history, rules, since)


def _too_much(
    history: Sequence[AutomaticExecution], rules: AutoRules, since: datetime | None
) -> Refusal | None:
    """The first ticket whose orders traded more than a multiple of what it set out to trade."""
    turnover: dict[str, float] = {}
    for each in history:
        if since is not None and each.at < since:
            continue
        if not (isfinite(each.usd) and each.usd >= 0 and isfinite(each.target_usd) and each.target_usd > 0):
            return _refusal(
                f"what {each.ticket_id} traded is not known", f"{each.usd:g}", f"{each.target_usd:g}"
            )
        turnover[each.ticket_id] = turnover.get(each.ticket_id, 0.0) + each.usd
        most = rules.turnover_to_target * each.target_usd
        if turnover[each.ticket_id] > most:
            return _refusal(
                f"{each.ticket_id} traded more than it set out to",
                f"{turnover[each.ticket_id]:,.0f} USD",
                f"{most:,.0f} USD",
            )
    return None


def _refusal(reason: str, value: str, bound: str) -> Refusal:
    return Refusal(control=CONTROL, reason=reason, value=value, bound=bound)
