"""Each control with the test that showed it last, and the figure it showed: what is missing is said.

Tests carry ``@pytest.mark.control("C9")`` and may record a figure; whoever runs them leaves the evidence in
``artifacts/evidence.json``. Evidence of another version of the source counts as missing.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from hedging.errors import BadInput

EVIDENCE = Path("artifacts/evidence.json")
SOURCE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Control:
    """One control or invariant: what it says, and the figure it must show."""

    id: str
    sentence: str
    wanted: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """A passed test: where it stands, what it measured in words, when it ended (ISO 8601, UTC)."""

    test: str
    figure: str
    at: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A control with its evidence, the newest last; none: it is missing."""

    control: Control
    evidence: tuple[Evidence, ...]


CONTROLS: tuple[Control, ...] = tuple(
    Control(*line)
    for line in (
        (
            "C1",
            "Kill: one decision blocks and cancels, by three latches",
            "1,000 kills: 0 sends begun 100 ms later",
        ),
        (
            "C2",
            "Reducing sends only what shrinks; automatic mode is off after a start",
            "100,000 books: raised 0 times",
        ),
        (
            "C3",
            "Limit prices inside the collar, and no drift from our own",
            "100,000 fuzzed quotes: 0 outside",
        ),
        ("C4", "Largest order in value and volume", "boundary ± one tick, every venue and kind"),
        ("C5", "Hard limits hold in the worst case, margin keeps its headroom", "1,000,000 steps: 0 beyond"),
        (
            "C6",
            "Message budget with a fifth kept for cancels",
            "10 times the load: sent is the bucket exactly",
        ),
        ("C7", "Each sent order counts at once", "8 threads at a limit of 100: accepted exactly 100"),
        ("C8", "Automatic mode that repeats itself ends until another person arms", "off after exactly N"),
        ("C9", "One attempt per intent, no transport retry", "1 on the wire per attempt, every route"),
        ("C10", "Nothing is sent on old data", "each feed frozen in turn: 0 orders"),
        ("C11", "Alerts", "p99 within 1 s over 200 breaches"),
        (
            "C12",
            "Reconciliation: the venue is the truth",
            "a fifth of the fills lost: equal in 15 s, 0 lots off",
        ),
        ("C13", "Dead man's switch, else nothing rests", "engine stopped: none rests after 20 s"),
        ("C14", "No self-trade", "0 in 10,000 schedules"),
        ("C15", "Reduce-only where it shrinks, and counted in full", "a venue that ignores it: limits hold"),
        (
            "C16",
            "Nothing new near expiry, settlement or maintenance",
            "200 expiries: 0 orders after the cut-off",
        ),
        ("C17", "Unit plausibility", "unit and sign faults: 0 orders"),
        ("C18", "What automatic mode needs to be armed", "each missing one refuses"),
        ("C19", "A venue that is down halts itself, without a storm", "scenario"),
        ("C20", "Load: 4 venues, 500 instruments each, 10 updates a second", "loop p99 within 250 ms"),
        ("C21", "This list", "within 60 s"),
        ("C22", "Backup, restore, reconcile", "net hedge error 0"),
        ("C23", "Every order has one intent, one actor, one approver", "all of them"),
        ("C24", "An insane market only reduces", "scenario"),
        ("I1", "At most one accepted order per intent, one live per instrument", "0 violations"),
        ("I2", "The worst case never passes a hard limit", "0 violations"),
        ("I3", "No over-hedge", "0 violations"),
        ("I4", "Calm a minute after the faults: nothing unknown, ledger is the venue", "0 violations"),
        ("I5", "Nothing sent on old, non-finite or off-tick input", "0 violations"),
        ("I6", "Nothing sent that is not durable, nothing 100 ms after a kill", "0 violations"),
        ("I7", "Each fill exactly once", "0 violations"),
        ("I8", "An approval is used once, for what was hashed, in time", "0 violations"),
        ("I9", "A stale lease never reaches the venue", "0 accepted of 200 pauses and 60 kills"),
        ("I10", "The audit chain verifies", "1,000 tampers: 1,000 found"),
        ("I11", "Without a commit nothing is sent", "0 violations"),
        ("I12", "A kill ends within 5 s, with three cancels an order at most", "0 violations"),
        ("I13", "Ready or safely halted within 5 s of a restart", "0 violations"),
        ("I14", "Never flat or settled while data is old or an order unknown", "0 violations"),
    )
)


def findings(path: Path) -> tuple[Finding, ...]:
    """Every control with what was shown of it for this source. Raises BadInput for a file that is none."""
    known = _read(path)
    return tuple(Finding(control, known.get(control.id, ())) for control in CONTROLS)


def missing(found: Sequence[Finding]) -> tuple[str, ...]:
    """Ids of the controls without evidence."""
    return tuple(each.control.id for each in found if not each.evidence)


def lines(found: Sequence[Finding]) -> Iterator[str]:
    """The list as a person reads it."""
    for each in found:
        mark = "shown  " if each.evidence else "MISSING"
        yield f"{each.control.id:<4} {mark} {each.control.sentence} (wanted: {each.control.wanted})"
        for one in each.evidence[-2:]:
            yield f"             {one.at[:16].replace('T', ' ')} UTC  {one.figure or 'passed'}  [{one.test}]"


def record(path: Path, shown: Mapping[str, Sequence[Evidence]], failed: frozenset[str]) -> None:
    """Add what a run of the tests showed; a test that failed takes its earlier evidence away."""
    known = {name: list(each) for name, each in _read(path).items()}
    for name, fresh in shown.items():
        again = {each.test for each in fresh}
        kept = [each for each in known.get(name, []) if each.test not in again]
        known[name] = [*kept, *fresh]
    for name, each in known.items():
        known[name] = [one for one in each if one.test not in failed]
    whole = {
        "source": fingerprint(),
        "controls": {k: [asdict(e) for e in v] for k, v in sorted(known.items())},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def fingerprint() -> str:
    """SHA-256 (hex) over every module of the package, by name and content."""
    digest = hashlib.sha256()
    for file in sorted(SOURCE.rglob("*.py")):
        digest.update(str(file.relative_to(SOURCE)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _read(path: Path) -> dict[str, tuple[Evidence, ...]]:
    if not path.exists():
        return {}
    try:
        whole = json.loads(path.read_text(encoding="utf-8"))
        if whole["source"] != fingerprint():
            return {}
        return {name: tuple(Evidence(**one) for one in each) for name, each in whole["controls"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(
            f"{path} holds no evidence that can be read: {error}; delete it and run the tests"
        ) from error
