"""The delta proof: one sentence per account, and behind it every road with its tolerance and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from components import format as fmt
from components.payload import Cell, Column, Row, Table
from components.theme import Tone
from hedging.model.exposure import DeltaProof, ProofVerdict
from hedging.model.view import View

WORST_FIRST = (ProofVerdict.RED, ProofVerdict.AMBER, ProofVerdict.UNKNOWN, ProofVerdict.GREEN)
PROOF_TONE = {
    ProofVerdict.GREEN: Tone.GOOD,
    ProofVerdict.AMBER: Tone.NEAR,
    ProofVerdict.RED: Tone.BREACH,
    ProofVerdict.UNKNOWN: Tone.UNKNOWN,
}
_COUNTS = ("no road", "one road", "two roads", "three roads")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofLine:
    """What one account proves, in a sentence."""

    id: str
    account: str
    word: str
    text: str
    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Proofs:
    """A sentence for each account, or why there is nothing to compare."""

    lines: tuple[ProofLine, ...]
    empty: str = "the exchange has not sent its own delta yet: nothing is proved"


def proofs(view: View) -> Proofs:
    """The sentences of a view."""
    found = _all(view)
    accounts = dict.fromkeys(proof.account for proof in found)
    lines = tuple(_line(account, [p for p in found if p.account == account]) for account in accounts)
    return Proofs(lines=lines)


def roads(view: View) -> Table:
    """Every road of every account and margin currency: sent to whom has opened it."""
    rows = tuple(_row(proof) for proof in _all(view))
    return Table(columns=COLUMNS, rows=rows, empty="the exchange has not sent its own delta yet")


def _all(view: View) -> list[DeltaProof]:
    return [proof for each in view.underlyings for proof in each.proofs]


def worst(found: Sequence[DeltaProof]) -> ProofVerdict:
    """The worst of some verdicts; unknown where there is none."""
    verdicts = {proof.verdict for proof in found} or {ProofVerdict.UNKNOWN}
    return next(verdict for verdict in WORST_FIRST if verdict in verdicts)


def off_by(proof: DeltaProof) -> float | None:
    """Ours minus the exchange's, in coin; None where either is not known."""
    return None if proof.ours is None or proof.venue is None else proof.ours - proof.venue


def _line(account: str, own: Sequence[DeltaProof]) -> ProofLine:
    verdict = worst(own)
    return ProofLine(
        id=f"proof-account-{account}",
        account=account,
        word=verdict,
        text=sentence(own),
        tone=PROOF_TONE[verdict],
    )


def sentence(own: Sequence[DeltaProof]) -> str:
    """What the proofs of one account say together."""
    bad = [p for p in own if p.verdict in {ProofVerdict.RED, ProofVerdict.AMBER}]
    if bad:
        parts = "; ".join(_off(proof) for proof in bad)
        blocked = any(proof.verdict is ProofVerdict.RED for proof in bad)
        return parts + (". Automatic hedging stays off for it." if blocked else ".")
    agreeing = [proof for proof in own if proof.verdict is ProofVerdict.GREEN]
    unknown = _unknown([proof for proof in own if proof.verdict is ProofVerdict.UNKNOWN])
    if not agreeing:
        return f"Our delta cannot be compared with the exchange's: {unknown}."
    roads = list(dict.fromkeys(proof.road.value for proof in agreeing))
    coins = ", ".join(dict.fromkeys(proof.underlying for proof in agreeing))
    agrees = (
        f"Our delta agrees with the exchange's by {_COUNTS[min(len(roads), 3)]}: {', '.join(roads)} ({coins})"
    )
    return f"{agrees}. Not comparable: {unknown}." if unknown else f"{agrees}."


def _off(proof: DeltaProof) -> str:
    return (
        f"Our {proof.underlying} delta is off the exchange's by {fmt.signed(off_by(proof), 4)} "
        f"{proof.underlying} by {proof.road} ({proof.currency} margin; "
        f"{fmt.plain(proof.tolerance, 4)} allowed)"
    )


def _unknown(found: Sequence[DeltaProof]) -> str:
    parts = dict.fromkeys(f"{proof.underlying} by {proof.road}, {proof.why}".rstrip(", ") for proof in found)
    return "; ".join(parts)


COLUMNS = (
    Column(id="account", label="Account"),
    Column(id="currency", label="Margin"),
    Column(id="underlying", label="Coin"),
    Column(id="road", label="Road"),
    Column(id="ours", label="Ours", unit="coin", number=True),
    Column(id="venue", label="Exchange", unit="coin", number=True),
    Column(id="difference", label="Off by", unit="coin", number=True),
    Column(id="tolerance", label="Allowed", unit="coin", number=True),
    Column(id="verdict", label="Proof"),
    Column(id="why", label="Why so much is allowed, and what is missing", wide=True),
)


def _row(proof: DeltaProof) -> Row:
    off = off_by(proof)
    cells = (
        Cell(proof.account, proof.account),
        Cell(proof.currency, proof.currency),
        Cell(proof.underlying, proof.underlying),
        Cell(proof.road, proof.road),
        Cell(fmt.signed(proof.ours, 4), proof.ours),
        Cell(fmt.signed(proof.venue, 4), proof.venue),
        Cell(fmt.signed(off, 4), off),
        Cell(fmt.plain(proof.tolerance, 4), proof.tolerance),
        Cell(proof.verdict, proof.verdict, PROOF_TONE[proof.verdict]),
        Cell(proof.why, proof.why),
    )
    return Row(id=f"{proof.account}:{proof.currency}:{proof.underlying}:{proof.road}", cells=cells)
