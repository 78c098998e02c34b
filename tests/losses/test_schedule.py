"""Alpha over the training."""

from __future__ import annotations

import math

import pytest
from pydantic import TypeAdapter, ValidationError

from hitclr.errors import HitclrError, SettingsError
from hitclr.losses import AlphaSchedule, alpha_at


@pytest.mark.parametrize(
    ("schedule", "points"),
    [
        (AlphaSchedule(0.0, 1.0), {0: 0, 0.3: 0.3, 1: 1}),
        (AlphaSchedule(0.8, 0.2, over=0.5), {0: 0.8, 0.25: 0.5, 0.5: 0.2, 0.9: 0.2, 1: 0.2}),
        (
            AlphaSchedule(0.2, 1.0, "cosine", over=0.8),
            {0: 0.2, 0.2: 0.2 + 0.8 * (1 - math.sqrt(0.5)) / 2, 0.4: 0.6, 0.8: 1.0, 1: 1.0},
        ),
    ],
    ids=["linear", "falling", "cosine"],
)
def test_values(schedule, points):
    for progress, alpha in points.items():
        assert schedule.at(progress) == pytest.approx(alpha, abs=1e-12)
        assert alpha_at(schedule, progress) == schedule.at(progress)


def test_cosine_is_flat_at_both_ends():
    schedule = AlphaSchedule(0.0, 1.0, "cosine", over=0.5)
    for end in (0.0, 0.499):
        assert schedule.at(end + 0.001) - schedule.at(end) < 1e-4


@pytest.mark.parametrize("shape", ["linear", "cosine"])
def test_it_stays_in_range(shape):
    schedule = AlphaSchedule(1.0, 0.0, shape, over=0.7)
    values = [schedule.at(step / 1000) for step in range(1001)]
    assert all(0 <= value <= 1 for value in values)
    assert values == sorted(values, reverse=True)


def test_settings_are_checked():
    adapter = TypeAdapter(float | AlphaSchedule)
    made = adapter.validate_python({"start": 0, "end": 1, "shape": "cosine", "over": 0.5})
    assert made == AlphaSchedule(0.0, 1.0, "cosine", 0.5)
    with pytest.raises(ValidationError, match="ower"):
        adapter.validate_python({"start": 0, "end": 1, "ower": 0.5})
    with pytest.raises(SettingsError, match="end between"):
        adapter.validate_python({"start": 0, "end": 2})


def test_a_number_holds_all_along():
    assert alpha_at(0.4) == alpha_at(0.4, 0.9) == 0.4


def test_a_schedule_needs_the_progress():
    with pytest.raises(HitclrError, match="progress of the training is needed"):
        alpha_at(AlphaSchedule(0.0, 1.0))


@pytest.mark.parametrize("progress", [-0.1, 1.1, math.nan, 250])
def test_a_progress_that_is_no_fraction_is_refused(progress):
    with pytest.raises(HitclrError, match="divide the step by the number of steps"):
        AlphaSchedule(0.0, 1.0).at(progress)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"start": -0.1}, "start between 0 and 1, got -0.1"),
        ({"end": 1.1}, "end between 0 and 1, got 1.1"),
        ({"end": math.nan}, "end between"),
        ({"shape": "step"}, "linear or cosine, got 'step'"),
        ({"over": 0.0}, "got 0.0"),
        ({"over": 1.5}, "got 1.5"),
    ],
)
def test_bad_options_are_refused(options, match):
    with pytest.raises(SettingsError, match=match):
        AlphaSchedule(**{"start": 0.0, "end": 1.0, **options})
