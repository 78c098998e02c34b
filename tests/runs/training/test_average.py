"""Which average the settings mean."""

from __future__ import annotations

import pytest

from hitclr.config import make_settings
from hitclr.errors import SettingsError
from hitclr.runs.training import EmaWeights, SwadWeights, weight_averaging


def settings(average, **more):
    trainer = {"average": average, **more.pop("trainer", {})}
    return make_settings(
        {"schema": "toy", "data": {"samples": {"a": "a"}}, "trainer": trainer, **more}
    )


def test_none():
    assert weight_averaging(settings("none"), validated=False) == []


def test_ema_needs_no_validation():
    (callback,) = weight_averaging(settings("ema"), validated=False)
    assert isinstance(callback, EmaWeights)


def test_swad_takes_its_options():
    chosen = {"name": "swad", "converge": 4, "overfit": 5, "tolerance": 1.2}
    (callback,) = weight_averaging(settings(chosen), validated=True)
    assert isinstance(callback, SwadWeights)
    valley = callback.valley
    assert (valley.converge, valley.overfit, valley.tolerance) == (4, 5, 1.2)


@pytest.mark.parametrize(
    ("more", "validated", "match"),
    [
        ({}, False, "no validation events"),
        ({"select": "validation-loss"}, True, "leave out select"),
        ({"trainer": {"early_stopping": 3}}, True, "leave out trainer.early_stopping"),
    ],
)
def test_swad_is_refused(more, validated, match):
    with pytest.raises(SettingsError, match=match):
        weight_averaging(settings("swad", **more), validated=validated)
