"""The peer: the loop small hedging bots run, over the exchange library's synchronous REST client.

Ask for the ticker, ask for the positions, add their deltas up, and send a market order where the sum is
outside the band; then again. Reads HEDGING_KEY and HEDGING_SECRET; runs until killed.
"""

import argparse
import os
import time

import ccxt

BACK_OFF_SECONDS = 0.1  # when the exchange says that there were too many requests


def run(rest: str, band: float, *, paced: bool) -> None:
    """Poll and hedge for ever; ``band`` in coin, ``paced`` as the library comes."""
    client = ccxt.deribit(
        {
            "apiKey": os.environ["HEDGING_KEY"],
            "secret": os.environ["HEDGING_SECRET"],
            "urls": {"api": {"rest": rest}},
            "enableRateLimit": paced,
        }
    )
    client.load_markets()
    symbol = "BTC/USD:BTC"
    while True:
        try:
            hedge(client, symbol, band)
        except ccxt.DDoSProtection:
            time.sleep(BACK_OFF_SECONDS)


def hedge(client: ccxt.deribit, symbol: str, band: float) -> None:
    """Look once, and trade where it is needed."""
    price = client.fetch_ticker(symbol)["last"]
    positions = client.fetch_positions()
    delta = sum(
        float(position["info"]["delta"])
        for position in positions
        if position["info"]["instrument_name"].startswith("BTC")
    )
    if abs(delta) > band:
        side = "sell" if delta > 0 else "buy"
        amount = max(10, round(abs(delta) * price / 10) * 10)
        client.create_order(symbol, "market", side, amount)


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rest", required=True)
    parser.add_argument("--band", type=float, required=True)
    parser.add_argument("--unpaced", action="store_true")
    given = parser.parse_args()
    run(given.rest, given.band, paced=not given.unpaced)


if __name__ == "__main__":
    main()
