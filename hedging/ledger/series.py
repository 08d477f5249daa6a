"""What is shown and drawn but never proved: the latest view, samples of exposure, decision runs."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, and_, delete, insert, select, true, update

from hedging.ledger.codec import decode, encode, nanoseconds, utc
from hedging.ledger.database import Database
from hedging.ledger.migration import SERIES_MIGRATIONS, migrate
from hedging.ledger.series_schema import DRIFTS, EXPOSURES, RUNS, VIEWS
from hedging.model.view import DecisionRun, ExposureSample, View

FILE = "series.sqlite"


class Series:
    """The second file: commits survive a crash of the process but need not survive a power cut.

    Safe to share between threads and to open from several processes. Every method raises LedgerError,
    in words, where the database cannot do what is asked.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        migrate(database, SERIES_MIGRATIONS)

    @classmethod
    def open(cls, folder: Path) -> "Series":
        """Open the time series in ``folder``, making both where absent."""
        return cls(Database.at_path(folder / FILE, "NORMAL"))

    def close(self) -> None:
        """Close the file; the series must not be used afterwards."""
        self._database.close()

    def put_view(self, view: View) -> None:
        """Replace the view; raises LedgerError naming the field where a number is not finite."""
        values = {"sequence": view.sequence, "body": encode(view).encode()}
        with self._database.writing() as connection:
            if connection.execute(update(VIEWS).values(values)).rowcount == 0:
                connection.execute(insert(VIEWS).values(id=1, **values))

    def view_sequence(self) -> int:
        """Sequence of the stored view, 0 before the first: cheap enough to poll."""
        with self._database.reading() as connection:
            return int(connection.execute(select(VIEWS.c.sequence)).scalar_one_or_none() or 0)

    def view(self) -> View | None:
        """The latest view; None before the first."""
        with self._database.reading() as connection:
            body = connection.execute(select(VIEWS.c.body)).scalar_one_or_none()
        return None if body is None else decode(View, body)

    def add_samples(self, samples: Iterable[ExposureSample]) -> None:
        """Store points of the drift's history; the same underlying and time again replaces the point."""
        points = list(samples)
        if not points:
            return
        exposures, drifts = [_exposure_row(each) for each in points], [_drift_row(each) for each in points]
        with self._database.writing() as connection:
            connection.execute(insert(EXPOSURES).prefix_with("OR REPLACE"), exposures)
            connection.execute(insert(DRIFTS).prefix_with("OR REPLACE"), drifts)

    def samples(self, underlying: str, since: datetime) -> tuple[ExposureSample, ...]:
        """Points of one underlying at or after ``since``, oldest first."""
        same = and_(EXPOSURES.c.at_ns == DRIFTS.c.at_ns, EXPOSURES.c.underlying == DRIFTS.c.underlying)
        query = select(DRIFTS, EXPOSURES.c.index_usd, EXPOSURES.c.delta_coin).select_from(
            DRIFTS.outerjoin(EXPOSURES, same)
        )
        query = query.where(DRIFTS.c.underlying == underlying, DRIFTS.c.at_ns >= nanoseconds(since))
        with self._database.reading() as connection:
            return tuple(_sample(row) for row in connection.execute(query.order_by(DRIFTS.c.at_ns)))

    def put_decision_runs(self, runs: Iterable[DecisionRun]) -> None:
        """Store runs; one that starts when a stored run of its underlying does replaces it."""
        rows = [_run_row(run) for run in runs]
        with self._database.writing() as connection:
            for row in rows:
                same = (RUNS.c.underlying == row["underlying"], RUNS.c.first_ns == row["first_ns"])
                if connection.execute(update(RUNS).where(*same).values(row)).rowcount == 0:
                    connection.execute(insert(RUNS).values(row))

    def decision_runs(
        self,
        underlying: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 200,
    ) -> tuple[DecisionRun, ...]:
        """Runs that touch the time from ``since`` to ``until`` (None: unbounded), newest first."""
        query = select(RUNS.c.body).where(
            true() if underlying is None else RUNS.c.underlying == underlying,
            true() if since is None else RUNS.c.last_ns >= nanoseconds(since),
            true() if until is None else RUNS.c.first_ns <= nanoseconds(until),
        )
        newest = query.order_by(RUNS.c.last_ns.desc(), RUNS.c.id.desc()).limit(limit)
        with self._database.reading() as connection:
            return tuple(decode(DecisionRun, body) for body in connection.execute(newest).scalars())

    def prune(self, before: datetime) -> int:
        """Delete samples and runs that ended before ``before``; return how many."""
        bound = nanoseconds(before)
        with self._database.writing() as connection:
            connection.execute(delete(EXPOSURES).where(EXPOSURES.c.at_ns < bound))
            samples = connection.execute(delete(DRIFTS).where(DRIFTS.c.at_ns < bound)).rowcount
            return samples + connection.execute(delete(RUNS).where(RUNS.c.last_ns < bound)).rowcount


def _exposure_row(sample: ExposureSample) -> dict[str, object]:
    encode(sample)  # refuses what is not finite: the database would keep it as NULL
    return {
        "at_ns": nanoseconds(sample.at),
        "underlying": sample.underlying,
        "index_usd": sample.index,
        "delta_coin": sample.delta,
    }


def _drift_row(sample: ExposureSample) -> dict[str, object]:
    return {
        "at_ns": nanoseconds(sample.at),
        "underlying": sample.underlying,
        "band_lower_coin": sample.band_lower,
        "band_upper_coin": sample.band_upper,
        "ratio_held": sample.ratio_held,
        "ratio_wanted": sample.ratio_wanted,
    }


def _sample(row: Row[Any]) -> ExposureSample:
    return ExposureSample(
        at=utc(row.at_ns),
        underlying=row.underlying,
        index=row.index_usd,
        delta=row.delta_coin,
        band_lower=row.band_lower_coin,
        band_upper=row.band_upper_coin,
        ratio_held=row.ratio_held,
        ratio_wanted=row.ratio_wanted,
    )


def _run_row(run: DecisionRun) -> dict[str, object]:
    return {
        "underlying": run.decision.underlying,
        "first_ns": nanoseconds(run.first_at),
        "last_ns": nanoseconds(run.decision.at),
        "body": encode(run),
    }
