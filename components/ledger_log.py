"""The ledger in sentences, and the trace of a decision: which check said what, in order."""

import json
from collections.abc import Mapping, Sequence

from components import format as fmt
from hedging.model.view import DecisionRun, Record


def sentence(record: Record) -> str:
    """One record in a plain sentence; a kind without one of its own shows its reference."""
    body = _body(record)
    words = {
        "ticket": _ticket,
        "command": _command,
        "order": _order,
        "fill": _fill,
        "trading": _trading,
        "lease": _lease,
        "inputs": _inputs,
    }.get(record.kind, _told)
    return words(record, body)


def _body(record: Record) -> Mapping[str, object]:
    try:
        found = json.loads(record.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _text(body: Mapping[str, object], name: str) -> str:
    value = body.get(name)
    return "" if value is None else str(value)


def _ticket(record: Record, body: Mapping[str, object]) -> str:
    state = _text(body, "state")
    by = f" by {_text(body, 'decided_by')}" if body.get("decided_by") else ""
    note = f" ({_text(body, 'note')})" if body.get("note") else ""
    return f"Ticket {record.ref} {state}{by}{note}: {_text(body, 'sentence')}"


def _command(_: Record, body: Mapping[str, object]) -> str:
    who = f"{_text(body, 'user')} ({_text(body, 'role')})"
    what = f"{_text(body, 'kind')} {_text(body, 'ref')}".strip()
    why = f", because {_text(body, 'reason')}" if body.get("reason") else ""
    state = _text(body, "state")
    if state == "pending":
        return f"{who} asked: {what}{why}"
    return f"The engine answered {who} on {what}: {state}. {_text(body, 'answer')}".strip()


def _side(body: Mapping[str, object]) -> str:
    return {"1": "buy", "-1": "sell", "BUY": "buy", "SELL": "sell"}.get(
        _text(body, "side"), _text(body, "side")
    )


def _order(record: Record, body: Mapping[str, object]) -> str:
    what = (
        f"{_side(body)} {_text(body, 'amount')} {_text(body, 'instrument')} at {_text(body, 'limit_price')}"
    )
    filled = f", filled {_text(body, 'filled')}" if _text(body, "filled") not in ("", "0") else ""
    detail = f": {_text(body, 'detail')}" if body.get("detail") else ""
    ticket = f"for ticket {_text(body, 'ticket_id')}"
    return f"Order {record.ref} {_text(body, 'state')}: {what}{filled}, {ticket}{detail}"


def _fill(_: Record, body: Mapping[str, object]) -> str:
    what = f"{_side(body)} {_text(body, 'amount')} {_text(body, 'instrument')} at {_text(body, 'price')}"
    own = f"order {_text(body, 'client_id')}" if body.get("client_id") else "a trade that is not ours"
    return f"Filled: {what}, {own}, fee {_text(body, 'fee')} {_text(body, 'fee_currency')}"


def _trading(_: Record, body: Mapping[str, object]) -> str:
    because = f": {_text(body, 'halted_because')}" if body.get("halted_because") else ""
    asked = f"; {_text(body, 'resume_asked_by')} asks to resume" if body.get("resume_asked_by") else ""
    auto = body.get("auto")
    mode = f"; automatic hedging {auto.get('mode', '')}" if isinstance(auto, dict) else ""
    return f"Trading is {_text(body, 'state')}{because}{asked}{mode}"


def _lease(record: Record, body: Mapping[str, object]) -> str:
    return f"Lease of {record.ref or _text(body, 'book')} held by {_text(body, 'holder') or record.actor}"


def _inputs(record: Record, _: Mapping[str, object]) -> str:
    return f"The inputs {record.ref[:12]}… of a decision were stored"


def _told(record: Record, body: Mapping[str, object]) -> str:
    said = ", ".join(
        f"{name} {value}" for name, value in body.items() if isinstance(value, str | int | float)
    )
    return f"{record.kind} {record.ref}: {said}" if said else f"{record.kind} {record.ref}".strip()


def matches(record: Record, words: str) -> bool:
    """Whether every word occurs in the record's sentence, kind, actor, reference or body."""
    text = f"{sentence(record)} {record.kind} {record.actor} {record.ref} {record.body}".lower()
    return all(word in text for word in words.lower().split())


def columns(records: Sequence[Record]) -> Mapping[str, Sequence[object]]:
    """The records as columns of a table, in the order given."""
    return {
        "No.": [record.sequence for record in records],
        "UTC": [fmt.date_time(record.at) for record in records],
        "Kind": [record.kind for record in records],
        "Actor": [record.actor for record in records],
        "What happened": [sentence(record) for record in records],
        "Reference": [record.ref for record in records],
        "Hash": [record.hash[:12] for record in records],
    }


def run_columns(runs: Sequence[DecisionRun]) -> Mapping[str, Sequence[object]]:
    """Runs of equal decisions as columns of a table, in the order given."""
    return {
        "From, UTC": [fmt.clock_time(run.first_at) for run in runs],
        "Until, UTC": [fmt.clock_time(run.decision.at) for run in runs],
        "Cycles": [run.cycles for run in runs],
        "Coin": [run.decision.underlying for run in runs],
        "Decided": [run.decision.outcome.value for run in runs],
        "Delta": [fmt.coin(run.decision.delta) for run in runs],
        "Why": [run.decision.reason for run in runs],
    }


def trace(run: DecisionRun) -> str:
    """One decision as HTML: every check in order with its verdict; outside words are escaped."""
    decision = run.decision
    rows = "".join(
        f"<tr><td>{number}</td><td>{'✓ passed' if verdict.passed else '✕ <b>not passed</b>'}</td>"
        f"<td><b>{fmt.escape_html(verdict.check)}</b></td><td>{fmt.escape_html(verdict.reason)}</td></tr>"
        for number, verdict in enumerate(decision.verdicts, 1)
    )
    ticket = f" · ticket {fmt.escape_html(decision.ticket_id)}" if decision.ticket_id else ""
    return (
        f'<div class="desk-trace" data-testid="trace"><h4>{fmt.escape_html(decision.underlying)} at '
        f"{fmt.date_time(decision.at)} UTC: {fmt.escape_html(decision.outcome)}</h4>"
        f"<p>{fmt.escape_html(decision.reason)}{ticket}</p><table><tbody>{rows}</tbody></table>"
        f'<p class="desk-soft">{run.cycles} cycles from {fmt.clock_time(run.first_at)} decided the same · '
        f"inputs {fmt.escape_html(decision.inputs_hash[:16])}</p></div>"
    )


def as_csv(records: Sequence[Record]) -> str:
    """The records as CSV with body and both hashes; a cell never starts a formula."""
    lines = ["sequence,at,kind,actor,ref,body,previous_hash,hash"]
    for record in records:
        cells = (
            str(record.sequence),
            record.at.isoformat(),
            record.kind,
            record.actor,
            record.ref,
            record.body,
            record.previous_hash,
            record.hash,
        )
        lines.append(",".join(_cell(cell) for cell in cells))
    return "\r\n".join(lines) + "\r\n"


def _cell(text: str) -> str:
    safe = "'" + text if text[:1] in "=+-@\t\r" else text
    return '"' + safe.replace('"', '""') + '"'
