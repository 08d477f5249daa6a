"""``python -m hedging.paper``: the paper exchange alone."""

import asyncio
from contextlib import suppress

import click

from hedging.paper.server import PaperOptions, serve


@click.command()
@click.option("--port", default=0, show_default=True, help="Port on 127.0.0.1; 0 takes any free one.")
@click.option("--seed", default=1, show_default=True, help="Same seed and commands, same market.")
@click.option("--speed", default=1.0, show_default=True, help="Simulated seconds a real second.")
@click.option("--liveliness", default=1.0, show_default=True, help="How busy the simulated crowd is.")
def main(port: int, seed: int, speed: float, liveliness: float) -> None:
    """Run the paper exchange until interrupted; one JSON line on stdout says where."""
    options = PaperOptions(
        port=port,
        seed=seed,
        speed=speed,
        liveliness=liveliness,
        print_ready=click.echo,
    )
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(options))


if __name__ == "__main__":
    main()
