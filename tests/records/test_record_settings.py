"""How long records stay is a checked setting with its defaults in the core."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from hedging.model.retention import Retention
from hedging.settings import RecordSettings


def test_the_defaults_are_a_day_and_a_month_and_those_of_the_core():
    assert (
        RecordSettings().retention
        == Retention(fine=timedelta(days=1), keep=timedelta(days=30))
        == Retention()
    )


def test_the_file_says_hours_and_days():
    written = RecordSettings.model_validate({"fine_hours": 2, "keep_days": 7.5})
    assert written.retention == Retention(fine=timedelta(hours=2), keep=timedelta(days=7, hours=12))


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"keep_days": 0}, "greater than 0"),
        ({"keep_days": -1}, "greater than 0"),
        ({"keep_days": 4000}, "less than or equal to 3660"),
        ({"keep_days": "30"}, "valid number"),
        ({"keep_days": True}, "valid number"),
        ({"fine_hours": 0.5}, "greater than or equal to 1"),
        ({"fine_hours": 169}, "less than or equal to 168"),
        ({"fine_hours": float("nan")}, "finite"),
        ({"fine_hours": float("inf")}, "finite"),
        ({"keep_days": 0.5}, "fine_hours 24 is longer than keep_days 0.5: .* lower the one"),
        ({"keep_weeks": 4}, "Extra inputs"),
    ],
)
def test_what_makes_no_sense_is_refused(written, words):
    with pytest.raises(ValidationError, match=words):
        RecordSettings.model_validate(written)
