"""A real engine on the real paper exchange that hedges by other smile rules than Black's."""

from running import Exchange, ended

from hedging.ledger import OptionRecords
from hedging.model.exposure import ProofVerdict
from hedging.model.smile import SmileRule

RULES = {
    'hedge = "BTC-PERPETUAL"': 'hedge = "BTC-PERPETUAL"\nsmile = "sticky moneyness"',
    'hedge = "ETH-PERPETUAL"': 'hedge = "ETH-PERPETUAL"\nsmile = "minimum variance"',
}


def test_the_hedged_delta_carries_the_smile_and_what_cannot_be_known_is_a_gap(exchange: Exchange):
    exchange.changes.update(RULES)
    running = exchange.started()
    records = OptionRecords.open(running.state)

    def shown(underlying: str):
        return next(each for each in running.view().underlyings if each.underlying == underlying)

    def hedged():
        found = running.series.view() and shown("BTC").exposure
        return found if found and found.smile_shift else None

    def drawn_book():
        found = records.picture("BTC")
        return found if found and found.effects else None

    try:
        whole = running.wait("a delta with its smile", hedged)
        share = whole.numeraire.hedged_share * whole.equity
        assert abs(whole.delta - (whole.delta_net + share + whole.smile_shift)) < 1e-9
        assert 0.01 < abs(whole.smile_shift) < 0.5 * abs(whole.delta_net)
        view = running.view()
        rows = [row for row in view.positions if row.instrument.underlying == "BTC" and row.iv is not None]
        assert rows
        assert all(row.smile_shift for row in rows)

        # the exchange's own delta knows no smile, and is compared with what knows none either
        proofs = shown("BTC").proofs
        assert {proof.verdict for proof in proofs} == {ProofVerdict.GREEN}

        # nothing was recorded yet to fit minimum variance to: there is no delta, and the reason is said
        assert shown("ETH").exposure is None
        gaps = [gap for gap in view.gaps if gap.underlying == "ETH"]
        assert gaps
        assert all("minimum-variance delta of" in gap.detail and "are recorded" in gap.detail for gap in gaps)

        picture = running.wait("a picture of a book that has a delta", drawn_book)
        chosen = next(row for row in picture.effects if row.chosen)
        assert chosen.rule is SmileRule.STICKY_MONEYNESS
        assert abs(chosen.shift - whole.smile_shift) < 0.3 * abs(whole.smile_shift)  # a moment apart
        assert {drawn.slice.settlement_currency for drawn in picture.slices} == {"BTC", "USDC"}
        assert max(drawn.slice.error_vol for drawn in picture.slices) < 1e-3
        assert picture.trouble == ""
        assert records.latest() is not None
    finally:
        records.close()
        running.close()
        ended(running.process)
