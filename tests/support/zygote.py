"""A process that has the engine imported, and forks one for each line it reads: a start without the imports.

A line is JSON: ``config``, ``environment`` and ``log`` (where what the engine says goes). The answer is the
process number. Children are reaped at once, so that a killed one is gone and not a zombie.
"""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Zygote:
    """The parent's side."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        )
        assert self._process.stdout.readline() == "ready\n"

    def engine(self, config: Path, environment: dict[str, str], log: Path) -> int:
        """Fork an engine; its process number."""
        asked = {"config": str(config), "environment": environment, "log": str(log)}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def killed(pid: int) -> None:
    """Kill -9, and wait until it is gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    until = time.monotonic() + 10
    while is_there(pid):
        assert time.monotonic() < until, "it does not go"
        time.sleep(0.001)


def main() -> None:
    from hedging.engine.start import run_engine
    from hedging.settings import load

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        pid = os.fork()
        if pid:
            print(pid, flush=True)
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for given, wanted in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(given, wanted)
        os.environ.update(asked["environment"])
        asyncio.run(run_engine(load(Path(asked["config"]))))
        os._exit(0)


if __name__ == "__main__":
    main()
