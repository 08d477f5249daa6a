"""Loads the libraries that the benchmarks measure beside ours; what cannot be loaded has its reason.

py_vollib_vectorized 0.1.1 does not run with py_lets_be_rational 1.1 (numba cannot compile its functions), and
fast-vollib cannot be resolved beside our pins for every Python. So both live in a folder of their own, with
what they need, which ``--peers FOLDER`` puts in front: ``pip install --no-deps --target FOLDER
fast-vollib==0.2.4 py_vollib_vectorized==0.1.1 py_lets_be_rational==1.0.1 py_vollib==1.0.1 numba==0.68.1
llvmlite==0.50.0``. Nothing of it is used outside the benchmarks.
"""

import importlib
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TypeVar

REPLACED = ("py_lets_be_rational", "py_vollib")
"""Packages of which the folder holds the version that its other packages need."""


Found = TypeVar("Found")


def tried(call: Callable[[], Found]) -> Found | str:
    """What the call gives, or why it does not work with the versions that are installed."""
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - a peer may fail in any way of its own, and that is its row
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return f"{type(error).__name__}: {' '.join(lines[:2])}"[:200]


def loaded(name: str) -> ModuleType | str:
    """The module, or why there is none."""
    return tried(partial(importlib.import_module, name))


def put_in_front(folder: Path) -> None:
    """Let imports from now on find ``folder`` first; modules imported before stay what they are."""
    for name in list(sys.modules):
        if name.split(".")[0] in REPLACED:
            del sys.modules[name]
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()


def absent(bench: str, row: str, why: str) -> str:
    """The JSON line of a peer that could not be measured."""
    return json.dumps({"bench": bench, "row": row, "absent": why})
