"""What is shown, drawn and recorded but never proved: the latest view, the records, decision runs."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Row, and_, func, insert, select, true, update

from hedging.errors import LedgerError
from hedging.ledger import series_reading
from hedging.ledger.codec import decode, encode, nanoseconds, utc
from hedging.ledger.database import Database
from hedging.ledger.migration import SERIES_MIGRATIONS, migrate
from hedging.ledger.series_marks import MarkFrame
from hedging.ledger.series_points import EVER, DriftPoint, ExposurePoint, Kind, Moment, Span
from hedging.ledger.series_schema import DRIFTS, EXPOSURES, RUNS, VIEWS
from hedging.ledger.series_thinning import Thinning
from hedging.ledger.series_writing import point_row, write_moment, write_rows
from hedging.model.retention import Retention
from hedging.model.view import DecisionRun, ExposureSample, View

FILE = "series.sqlite"
BATCH = 20_000
"""Rows of one part, unless told otherwise: some megabytes."""


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

    def add(self, moment: Moment) -> None:
        """Store all of one instant in one transaction; the same instant again replaces its points.

        Raises LedgerError naming the field where a number is not finite; nothing is stored then.
        """
        with self._database.writing() as connection:
            write_moment(connection, moment)

    def add_samples(self, samples: Iterable[ExposureSample]) -> None:
        """Store the drift's history alone; the same underlying and time again replaces the point."""
        points = list(samples)
        exposures = [point_row(each.at, _exposure(each)) for each in points]
        drifts = [point_row(each.at, _drift(each)) for each in points]
        with self._database.writing() as connection:
            write_rows(connection, EXPOSURES, exposures)
            write_rows(connection, DRIFTS, drifts)

    def samples(
        self, underlying: str, since: datetime, step: timedelta | None = None
    ) -> tuple[ExposureSample, ...]:
        """Points of one underlying at or after ``since``, oldest first; with ``step`` the last of each.

        Steps are counted from 1970, so that the same points come back as time goes on. Raises
        LedgerError where the step is not above zero.
        """
        if step is not None and step <= timedelta():
            raise LedgerError(f"a step of {step} gives no points: ask for more than zero")
        mine = and_(DRIFTS.c.underlying == underlying, DRIFTS.c.at_ns >= nanoseconds(since))
        same = and_(EXPOSURES.c.at_ns == DRIFTS.c.at_ns, EXPOSURES.c.underlying == DRIFTS.c.underlying)
        query = select(DRIFTS, EXPOSURES.c.index_usd, EXPOSURES.c.delta_coin).select_from(
            DRIFTS.outerjoin(EXPOSURES, same)
        )
        if step is not None:
            length = step // timedelta(microseconds=1) * 1000
            latest = select(func.max(DRIFTS.c.at_ns)).where(mine).group_by(DRIFTS.c.at_ns // length)
            query = query.where(DRIFTS.c.at_ns.in_(latest))
        with self._database.reading() as connection:
            rows = connection.execute(query.where(mine).order_by(DRIFTS.c.at_ns))
            return tuple(_sample(row) for row in rows)

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

    def rows(self, kind: Kind, span: Span, size: int = BATCH) -> Iterator[Sequence[Row[Any]]]:
        """Recorded rows of any kind but marks and decisions, oldest first, about ``size`` at a time.

        Each part is one committed state; points that are thinned while the next part is awaited are
        not in it.
        """
        return series_reading.row_batches(self._database, kind, span, size)

    def marks(self, span: Span, size: int = BATCH) -> Iterator[list[MarkFrame]]:
        """Recorded frames of marks as ``rows``; ``size`` counts the marks in them."""
        return series_reading.frame_batches(self._database, span, size)

    def runs(self, span: Span, size: int = 1000) -> Iterator[list[DecisionRun]]:
        """Decision runs that ended in ``span``, in order of their end, as ``rows``."""
        for rows in series_reading.row_batches(self._database, Kind.DECISIONS, span, size):
            yield [decode(DecisionRun, row.body) for row in rows]

    def extent(self, kind: Kind, span: Span = EVER) -> series_reading.Extent:
        """How many rows of ``kind`` there are in ``span``, and from when to when."""
        return series_reading.extent(self._database, kind, span)

    def size(self) -> series_reading.FileSize:
        """Bytes of the file, and how many of them are free for later writes."""
        return series_reading.file_size(self._database)

    def thinning(self, retention: Retention) -> Thinning:
        """What lets the records grow old; its ``step`` is to be called now and then."""
        return Thinning(self._database, retention)


def _exposure(sample: ExposureSample) -> ExposurePoint:
    encode(sample)  # refuses what is not finite by the name that the caller knows
    return ExposurePoint(underlying=sample.underlying, index_usd=sample.index, delta_coin=sample.delta)


def _drift(sample: ExposureSample) -> DriftPoint:
    return DriftPoint(
        underlying=sample.underlying,
        band_lower_coin=sample.band_lower,
        band_upper_coin=sample.band_upper,
        ratio_held=sample.ratio_held,
        ratio_wanted=sample.ratio_wanted,
    )


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
