"""The augmentation against the response itself."""

import pytest
import torch
from hitclr_lartpc import LARTPC, Drift

from hitclr.errors import SchemaError, SettingsError
from hitclr.rng import generator
from hitclr.testing import check_augmentation, make_events


def fixed(field=0.5, lifetime=2200.0, **options):
    return Drift({"field": (field, field), "lifetime": (lifetime, lifetime)}, **options)


def test_contract(batch):
    check_augmentation(Drift(), batch)
    check_augmentation(Drift(vary=["lifetime"], probability=0.5), batch)
    made_up = make_events(features=("time", "charge"), hit_columns={"channel": 9})
    check_augmentation(Drift(), made_up)


def test_nominal_values_change_nothing(batch):
    view, _ = fixed().view(batch, generator(0))
    torch.testing.assert_close(view.pos, batch.pos)
    torch.testing.assert_close(view.x, batch.x)


@pytest.mark.parametrize(
    "changes",
    [{"field": 0.55}, {"field": 0.45}, {"lifetime": 500.0}, {"field": 0.45, "lifetime": 5000.0}],
)
@pytest.mark.parametrize("way", [5.0, 25.0, 42.0])
@pytest.mark.parametrize("upwards", [False, True])
def test_it_does_what_the_response_does(make_line, throws_of, changes, way, upwards):
    """On a minimum-ionising track at a given way to the pixels, under the same throw."""
    track = make_line(way, energy=2.1 * 0.25)
    track.pos[:, 0] += torch.linspace(-1, 1, len(track.pos))  # across voxels, not within one
    if upwards:  # the volume at the other end drifts the other way
        track.pos[:, 0] *= -1
    before, after = (
        LARTPC.respond(track, throws_of(**throw), generator(1)).batch(torch.tensor([0]))
        for throw in ({}, changes)
    )
    view, _ = fixed(**changes).view(before, generator(2))
    ours, theirs = (float(of.x.sum() / before.x.sum()) for of in (view, after))
    assert ours == pytest.approx(theirs, abs=0.01)

    def middle(of):
        return float((of.pos[:, 0] * of.x[:, 0]).sum() / of.x.sum())

    assert middle(view) == pytest.approx(middle(after), abs=0.06)


def test_each_event_has_its_own(batch):
    view, draws = Drift().view(batch, generator(0))
    assert 0.45 <= draws.event["field"].min() < draws.event["field"].max() <= 0.55
    assert 500 <= draws.event["lifetime"].min() < draws.event["lifetime"].max() <= 5000
    torch.testing.assert_close(view.pos[:, 1:], batch.pos[:, 1:])
    _, draws = Drift(vary="field").view(batch, generator(0))
    assert (draws.event["lifetime"] == 2200).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"vary": ["feld"]}, "no 'feld'.*field"),
        ({"vary": {"field": (0.6, 0.4)}}, "Drift, vary: field: expected the lower end first"),
        ({"vary": {"lifetime": (1.0, 5000.0)}}, "lifetime: expected a number between"),
        ({"vary": {"field": 0.5}}, "expected a range"),
        ({"vary": {"field": [0.45]}}, "expected a range"),
        ({"vary": {"field": ["a", 0.5]}}, "expected a number between .* got 'a'"),
        ({"dedx": 0}, "dedx"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(SettingsError, match=message):
        Drift(**options)


def test_without_a_charge():
    with pytest.raises(SchemaError, match="charge"):
        Drift().view(make_events(features=("time",)), generator(0))
