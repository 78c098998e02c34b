import math

import pytest
import torch
from hitclr_km3net import WaterAttenuation
from hitclr_km3net.light_source import source_distance

from hitclr.errors import SettingsError
from hitclr.rng import generator


def kept(batch, augmentation, seed=1):
    """Which hits are left [N]: those of a view that carries the number of each."""
    batch.hit_number = torch.arange(batch.pos.size(0))
    view, _ = augmentation.view(batch, generator(seed))
    keep = torch.zeros(batch.pos.size(0), dtype=torch.bool)
    keep[view.hit_number] = True
    return keep


@pytest.mark.parametrize(
    ("options", "more"),
    [
        ({"absorption_m": 40.0, "scattering_m": 265.0}, 1 / 40 - 1 / 60),
        ({"absorption_m": 60.0, "scattering_m": 100.0}, 1 / 100 - 1 / 265),
        (
            {"absorption_m": 50.0, "nominal_absorption_m": 70.0, "scattering_m": 265.0},
            1 / 50 - 1 / 70,
        ),
        (
            {"absorption_m": 60.0, "scattering_m": 90.0, "nominal_scattering_m": 100.0},
            1 / 90 - 1 / 100,
        ),
    ],
)
def test_hits_are_lost_with_distance(batch, options, more):
    keep = kept(batch, WaterAttenuation(**options))
    distance = source_distance(batch)
    expected = torch.exp(-more * distance)
    for low, high in ((0, 20), (20, 50), (50, 100), (100, 200)):
        here = (distance >= low) & (distance < high)
        spread = math.sqrt(float((expected * (1 - expected))[here].sum()))
        assert int(here.sum()) > 500
        assert abs(int(keep[here].sum()) - float(expected[here].sum())) < 5 * spread + 1


def test_nominal_water_changes_nothing(batch):
    assert kept(batch, WaterAttenuation(60.0, 265.0)).all()
    # Drawn between two equal ends, it is rounded.
    lengths = {"absorption_m": (67.3, 67.3), "nominal_absorption_m": 67.3}
    assert kept(batch, WaterAttenuation(scattering_m=265.0, **lengths)).all()


@pytest.mark.parametrize(
    "options",
    [
        {"absorption_m": 61.0},
        {"scattering_m": (200.0, 300.0)},
        {"absorption_m": 0.0},
        {"nominal_scattering_m": -1.0},
    ],
)
def test_refusals(options):
    with pytest.raises(SettingsError, match=next(iter(options))):
        WaterAttenuation(**options)
