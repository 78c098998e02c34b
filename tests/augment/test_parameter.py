from __future__ import annotations

import math

import pytest
from pydantic import TypeAdapter

from hitclr.augment import Normal, Parameter, check_axes, check_parameter, sample_parameter
from hitclr.errors import SettingsError
from hitclr.rng import generator

MANY = 20_000


def test_a_number_is_itself():
    assert sample_parameter(2, 3, generator(0)).tolist() == [2.0, 2.0, 2.0]


def test_a_range_is_uniform():
    drawn = sample_parameter((-1.0, 3.0), MANY, generator(0)).double()
    assert -1 <= float(drawn.min()) < -0.99
    assert 2.99 < float(drawn.max()) <= 3
    assert abs(float(drawn.mean()) - 1) < 5 * 4 / math.sqrt(12 * MANY)


def test_a_normal_distribution_is_clamped():
    limits = Normal(mean=1.0, deviation=2.0, minimum=0.0, maximum=4.0)
    drawn = sample_parameter(limits, MANY, generator(0)).double()
    below, above = ((drawn == end).double().mean() for end in (0.0, 4.0))
    for share, expected in ((below, 0.30854), (above, 0.06681)):  # Phi(-1/2), Phi(-3/2)
        assert abs(float(share) - expected) < 5 * math.sqrt(expected * (1 - expected) / MANY)
    free = sample_parameter(Normal(mean=1.0, deviation=2.0), MANY, generator(0)).double()
    assert abs(float(free.mean()) - 1) < 5 * 2 / math.sqrt(MANY)
    assert abs(float(free.std()) - 2) < 5 * 2 / math.sqrt(2 * MANY)


@pytest.mark.parametrize(
    "value", [0.5, 0, 1, (0.0, 1.0), [0.2, 0.3], Normal(deviation=1, minimum=0, maximum=1)]
)
def test_good_parameters_pass(value):
    assert check_parameter("p", value, low=0.0, high=1.0) is value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (2.0, "between 0 and 1, got 2"),
        ((0.5, 2.0), "between 0 and 1, got 2"),
        ((0.5, 0.2), "lower end first"),
        ((0.1, 0.2, 0.3), "a number or a range"),
        ((0.1,), "a number or a range"),
        (math.nan, "finite"),
        ((0.0, math.nan), "finite"),
        ("0.5", "finite number, got '0.5'"),
        (True, "finite number, got True"),
        (None, "finite number, got None"),
        (Normal(mean=0.5, deviation=1, minimum=0), "a maximum"),
        (Normal(mean=0.5, deviation=1, maximum=1), "a minimum"),
        (Normal(mean=0.5, deviation=1, minimum=-1, maximum=1), "minimum: expected"),
        (Normal(mean=5, deviation=1, minimum=0, maximum=1), "got 5"),
        (Normal(mean=0.5, deviation=1, minimum=0.9, maximum=0.1), "lower end first"),
    ],
)
def test_bad_parameters_are_refused(value, message):
    with pytest.raises(SettingsError, match=message):
        check_parameter("p", value, low=0.0, high=1.0)


def test_limits_on_one_side():
    with pytest.raises(SettingsError, match="at least 1, got 0"):
        check_parameter("p", 0.0, low=1.0)
    with pytest.raises(SettingsError, match="at most 1, got 2"):
        check_parameter("p", 2.0, high=1.0)


def test_axes():
    assert check_axes("d", (1, 2, 3)) == (1.0, 2.0, 3.0)
    assert check_axes("d", 2) == (2.0, 2.0, 2.0)
    with pytest.raises(SettingsError, match="three for x, y and z"):
        check_axes("d", (1, 2))


@pytest.mark.parametrize(
    ("plain", "expected"),
    [
        (0.5, 0.5),
        ([0, 1], (0.0, 1.0)),
        ({"distribution": "normal", "deviation": 2}, Normal(deviation=2)),
    ],
)
def test_settings_files_can_hold_each_form(plain, expected):
    assert TypeAdapter(Parameter).validate_python(plain) == expected
