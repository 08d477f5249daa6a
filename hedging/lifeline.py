"""Ends a child with its parent: its standard input is a pipe that closes however the parent dies."""

import asyncio
import os
import sys
import threading


async def parent_gone() -> None:
    """Return once standard input has reached its end."""
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()

    def wait() -> None:
        # os.read, because a thread inside a buffered read holds a lock the interpreter needs to end.
        while os.read(sys.stdin.fileno(), 4096):
            pass
        loop.call_soon_threadsafe(gone.set)

    # A daemon thread: the interpreter must be able to end while nothing has closed the pipe.
    threading.Thread(target=wait, name="lifeline", daemon=True).start()
    await gone.wait()
