"""A websocket client that subscribes and throws away: the load of a market-data reader, and its instants."""

import argparse
import asyncio
import json
import sys

import aiohttp


async def listen(url: str, names: list[str]) -> None:
    """Subscribe the ticker and the quote of every name, and read until killed."""
    async with aiohttp.ClientSession() as session, session.ws_connect(url, compress=0) as socket:
        channels = [f"ticker.{name}.100ms" for name in names] + [f"quote.{name}" for name in names]
        for start in range(0, len(channels), 200):
            part = {"channels": channels[start : start + 200]}
            frame = {"jsonrpc": "2.0", "id": start + 1, "method": "public/subscribe", "params": part}
            await socket.send_json(frame)
        async for _ in socket:
            pass


def main() -> None:
    """Run; the names come as a JSON list on standard input."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    asyncio.run(listen(parser.parse_args().url, json.loads(sys.stdin.readline())))


if __name__ == "__main__":
    main()
