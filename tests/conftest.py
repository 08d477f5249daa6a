"""Makes ``tests/support`` importable: small builders of nouns that several folders use."""

import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent / "support"))

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
