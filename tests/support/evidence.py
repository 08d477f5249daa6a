"""Keeps what the tests showed of each control, for ``python -m hedging selfcheck``."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hedging.selfcheck import EVIDENCE, Evidence, record

ROOT = Path(__file__).parent.parent.parent


class Witness:
    """Listens to the outcome of every test that carries the mark ``control``."""

    def __init__(self, path: Path = ROOT / EVIDENCE) -> None:
        self._path = path
        self._shown: dict[str, list[Evidence]] = {}
        self._failed: set[str] = set()
        self._of: dict[str, tuple[str, ...]] = {}

    @pytest.hookimpl
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            ids = tuple(str(each) for mark in item.iter_markers("control") for each in mark.args)
            if ids:
                self._of[item.nodeid] = ids

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        ids = self._of.get(report.nodeid)
        if ids is None:
            return
        if report.failed:
            self._failed.add(report.nodeid)
        elif report.when == "call" and report.passed:
            figure = "; ".join(str(value) for name, value in report.user_properties if name == "figure")
            at = datetime.now(UTC).isoformat(timespec="seconds")
            for name in ids:
                self._shown.setdefault(name, []).append(Evidence(report.nodeid, figure, at))

    @pytest.hookimpl
    def pytest_sessionfinish(self) -> None:
        if self._shown or self._failed:
            record(self._path, self._shown, frozenset(self._failed))
