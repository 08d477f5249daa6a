"""A PostgreSQL of its own in a temporary folder, from the binaries that the pgserver wheel brings.

The wheel's own starter is not used: as root it adds a user to the machine and opens every folder above the
data for reading. Here root lends the server the number of nobody and a copy of the binaries that nobody can
reach; anybody else starts it as they are. It listens on a socket in its folder alone, not on the network.

By hand, for a bench: ``python tests/support/temporary_postgres.py --durable`` prints a URL and runs until
standard input ends.
"""

import argparse
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534
FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
SETTINGS = ("listen_addresses=", "max_connections=200", "shared_buffers=32MB", "logging_collector=off")


class NoPostgres(Exception):
    """There is no PostgreSQL to start; the text says why."""


@contextmanager
def temporary_postgres(*, durable: bool = False) -> Iterator[str]:
    """Give the SQLAlchemy URL of a fresh server's database ``postgres``; raises NoPostgres.

    ``durable`` keeps fsync on, as a server of a desk has it.
    """
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    try:
        binaries = _binaries(folder)
        data = folder / "data"
        data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            for path in (folder, data):
                os.chown(path, NOBODY, NOBODY)
        _run(binaries / "initdb", "-D", data, "-U", "desk", "--auth=trust", "--encoding=utf8", "--no-sync")
        settings = (*SETTINGS, f"unix_socket_directories={folder}", *(() if durable else FAST))
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [binaries / "postgres", "-D", data, *(f"--{each}" for each in settings)],
                stdout=log,
                stderr=log,
                cwd=folder,
                **_identity(),
            )
        try:
            yield _ready(server, folder)
        finally:
            server.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
            try:
                server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries(folder: Path) -> Path:
    """The wheel's folder of programs; for root a copy, since a virtual environment may lie in its home."""
    found = importlib.util.find_spec("pgserver")
    if found is None or found.origin is None:
        raise NoPostgres("the package pgserver is not installed: pip install -r requirements-dev.txt")
    package = Path(found.origin).parent
    if os.geteuid() == 0:
        copy = folder / "wheel"
        shutil.copytree(package / "pginstall", copy / "pgserver" / "pginstall", symlinks=True)
        libraries = package.parent / "pgserver.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, copy / "pgserver.libs")
        package = copy / "pgserver"
        subprocess.run(["chmod", "-R", "a+rX", copy], check=True)
        folder.chmod(0o755)
    return package / "pginstall" / "bin"


def _identity() -> dict[str, object]:
    """As whom the server runs: PostgreSQL refuses root."""
    return {"user": NOBODY, "group": NOBODY, "extra_groups": ()} if os.geteuid() == 0 else {}


def _run(*command: object) -> None:
    done = subprocess.run(
        [str(each) for each in command],
        capture_output=True,
        text=True,
        check=False,
        cwd="/tmp",
        env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
        **_identity(),
    )
    if done.returncode != 0:
        raise NoPostgres(f"{command[0]} failed: {done.stderr.strip()}")


def _ready(server: "subprocess.Popen[bytes]", folder: Path) -> str:
    """Wait until it accepts connections."""
    import psycopg

    for _ in range(200):
        if server.poll() is not None:
            break
        try:
            psycopg.connect(host=str(folder), user="desk", dbname="postgres", connect_timeout=5).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return f"postgresql+psycopg://desk@/postgres?host={folder}"
    raise NoPostgres(f"the server did not start: {(folder / 'log').read_text()[-2000:]}")


def main() -> None:
    """Run one until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--durable", action="store_true", help="keep fsync on")
    with temporary_postgres(durable=parser.parse_args().durable) as url:
        print(url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
