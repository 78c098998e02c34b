"""One number for all throws."""

from __future__ import annotations

import numpy as np
import pytest

from hitclr.studies.robustness import area, quantities


def test_quantities():
    scores = np.array([[0.5, 0.7, 0.6], [0.9, 0.8, 0.1]])
    found = quantities(
        scores,
        ["low", "mid", "high"],
        nominal="mid",
        axes={"gain": {"low": 0.0, "mid": 1.0, "high": 4.0}, "noise": {"mid": 1.0, "far": 2.0}},
    )
    assert found["mean"] == pytest.approx([0.6, 0.6])
    assert found["worst"] == pytest.approx([0.5, 0.1])
    assert found["nominal"] == pytest.approx([0.7, 0.8])
    assert found["area gain"] == pytest.approx([(0.6 + 3 * 0.65) / 4, (0.85 + 3 * 0.45) / 4])
    assert "area noise" not in found, "a throw of it was not scored"
    some = quantities(scores[:, :1], ["low"], nominal="mid", axes={})
    assert sorted(some) == ["mean", "worst"]


def test_area_does_not_depend_on_order():
    x = np.array([0.0, 0.3, 1.0])
    y = np.array([0.2, 0.8, 0.4])
    shuffled = [2, 0, 1]
    assert area(y, x) == pytest.approx(area(y[shuffled], x[shuffled]))
    assert area(np.full(3, 0.6), x) == pytest.approx(0.6)
