"""One number for all throws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import trapezoid

from hitclr.errors import HitclrError
from hitclr.studies.robustness import area_weights, quantity_weights


def test_quantities_by_hand():
    curve = np.array([0.5, 0.7, 0.6])
    axes = {"gain": {"high": 4.0, "low": 0.0, "mid": 1.0}, "noise": {"mid": 1.0, "far": 2.0}}
    weights = quantity_weights(curve, ["low", "mid", "high"], nominal="mid", axes=axes)
    found = {name: float(curve @ weight) for name, weight in weights.items()}
    area = (1 * (0.5 + 0.7) / 2 + 3 * (0.7 + 0.6) / 2) / 4
    expected = {"mean": 0.6, "worst": 0.5, "nominal": 0.7, "area gain": area}
    assert found == pytest.approx(expected), "of noise a throw is not there"
    some = quantity_weights(curve[:1], ["low"], nominal="mid", axes={"gain": {"low": 1.0}})
    assert sorted(some) == ["mean", "worst"]


def test_area_is_that_of_trapezia_in_any_order():
    random = np.random.default_rng(0)
    x, y = random.uniform(-3, 9, 7), random.random(7)
    order = np.argsort(x)
    expected = trapezoid(y[order], x[order]) / (x.max() - x.min())
    assert area_weights(x) @ y == pytest.approx(expected)
    assert area_weights(1e-6 * x) @ y == pytest.approx(expected)
    assert area_weights([2.0, 1.0]).sum() == 1


@pytest.mark.parametrize("places", [[], [1.0], [2.0, 2.0]])
def test_no_area_over_one_point(places):
    with pytest.raises(HitclrError, match="two or more values"):
        area_weights(places)
