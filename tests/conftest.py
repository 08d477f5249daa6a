"""Makes ``tests/support`` importable, and gives every folder the fake engine that lives there."""

import sys
from pathlib import Path

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent / "support"))

from evidence import Witness

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Witness(), "witness")


@pytest.fixture
def fake(tmp_path):
    """An engine that only writes views, samples and tickets, in a state folder of its own."""
    from fake_engine import FakeEngine

    engine = FakeEngine(tmp_path)
    yield engine
    engine.ledger.close()
    engine.series.close()
