"""Finds what the machine must have installed for some tests."""

import os
import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium() -> str:
    """Path of an installed Chromium; without one the tests are skipped, or fail where it is required."""
    found = os.environ.get("CHROMIUM") or next((path for name in NAMES if (path := shutil.which(name))), None)
    if found:
        return found
    words = f"no Chromium found (tried CHROMIUM and {', '.join(NAMES)}); install one for the browser tests"
    if os.environ.get("HEDGING_REQUIRE_BROWSER"):
        pytest.fail(words)
    pytest.skip(words)
