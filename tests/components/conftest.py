"""The fake engine of the app's tests, here too."""

import importlib.util
import sys
from pathlib import Path

import pytest

PATH = Path(__file__).parents[1] / "app" / "fake_engine.py"


def load_fake_engine():
    name = "tests_fake_engine"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, PATH)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture
def fake(tmp_path):
    engine = load_fake_engine().FakeEngine(tmp_path)
    yield engine
    engine.ledger.close()
    engine.series.close()
