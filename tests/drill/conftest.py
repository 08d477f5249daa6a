"""What the drill's worker processes need of the process that starts them."""

import sys
from types import ModuleType

import pytest


@pytest.fixture(autouse=True)
def plain_main(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers import the main module anew, which may be a page by now that a test of the app has run."""
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))
