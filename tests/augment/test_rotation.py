from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation as Reference

from hitclr.augment import Rotation
from hitclr.errors import SchemaError, SettingsError
from hitclr.events import event_fields, feature_names, hit_fields, make_batch
from hitclr.rng import generator
from hitclr.testing import check_augmentation, make_events

MANY = 20_000


@pytest.fixture(scope="module")
def haar():
    """Matrices [MANY, 3, 3] of uniform rotations."""
    batch = make_events(counts=(1,) * MANY)
    return Rotation().draw(batch, generator(3)).event["matrix"].double()


def test_uniform_rotations_are_rotations(haar):
    unit = torch.eye(3, dtype=torch.float64).expand_as(haar)
    torch.testing.assert_close(haar @ haar.transpose(1, 2), unit, atol=2e-6, rtol=0)
    torch.testing.assert_close(
        torch.linalg.det(haar), torch.ones(MANY, dtype=torch.float64), atol=2e-6, rtol=0
    )


def test_uniform_rotations_have_the_moments_of_the_haar_measure(haar):
    # Under the Haar measure an element has mean 0 and variance 1/3, the trace mean 0 and mean
    # square 1 (characters are orthonormal); a uniform angle about a random axis gives a mean of 1.
    five_sigma = 5 / math.sqrt(MANY)
    assert haar.mean(0).abs().max() < five_sigma * math.sqrt(1 / 3)
    assert (haar.pow(2).mean(0) - 1 / 3).abs().max() < five_sigma * math.sqrt(4 / 45)
    trace = haar.diagonal(dim1=1, dim2=2).sum(1)
    assert abs(float(trace.mean())) < five_sigma
    assert abs(float(trace.pow(2).mean()) - 1) < five_sigma * float(trace.pow(2).std())


@pytest.mark.parametrize("axis", ["x", "y", "z", (1.0, -2.0, 0.5)])
@pytest.mark.parametrize("angle", [0.0, 30.0, 200.0])
def test_matrices_are_those_of_scipy(axis, angle):
    batch = make_events(counts=(2,))
    matrix = Rotation(axis, angle).draw(batch, generator(0)).event["matrix"][0]
    vector = np.eye(3)["xyz".index(axis)] if isinstance(axis, str) else np.array(axis)
    turn = Reference.from_rotvec(math.radians(angle) * vector / np.linalg.norm(vector))
    np.testing.assert_allclose(matrix.numpy(), turn.as_matrix(), atol=1e-6)


def test_about_z_keeps_z_and_the_distance_to_the_axis():
    batch = make_events(counts=(9, 4))
    view, _ = Rotation("z", about="origin").view(batch, generator(1))
    torch.testing.assert_close(view.pos[:, 2], batch.pos[:, 2])
    torch.testing.assert_close(view.pos[:, :2].norm(dim=1), batch.pos[:, :2].norm(dim=1))
    assert (view.pos[:, :2] - batch.pos[:, :2]).abs().max() > 0.1


def test_a_quarter_turn_about_z_is_right_handed():
    batch = make_events(counts=(1, 1))
    batch.pos[:] = torch.tensor([[1.0, 0.0, 5.0], [0.0, 2.0, 0.0]])
    view, _ = Rotation("z", 90.0, about="origin").view(batch, generator(1))
    expected = torch.tensor([[0.0, 1.0, 5.0], [-2.0, 0.0, 0.0]])
    torch.testing.assert_close(view.pos, expected, atol=1e-6, rtol=0)


def test_the_angle_is_uniform_by_default():
    batch = make_events(counts=(1,) * MANY)
    matrix = Rotation("z").draw(batch, generator(2)).event["matrix"]
    angle = torch.rad2deg(torch.atan2(matrix[:, 1, 0], matrix[:, 0, 0])) % 360
    counts = torch.histc(angle, 36, 0, 360)
    chi2 = float(((counts - MANY / 36) ** 2 / (MANY / 36)).sum())
    assert chi2 < 35 + 5 * math.sqrt(2 * 35)


def test_each_event_turns_about_its_own_centroid():
    batch = make_events(counts=(9, 1, 4))
    view, _ = Rotation().view(batch, generator(1))
    for before, after in zip(batch.to_data_list(), view.to_data_list(), strict=True):
        torch.testing.assert_close(after.pos.mean(0), before.pos.mean(0), atol=1e-5, rtol=0)
    # one hit is its own centroid
    torch.testing.assert_close(view.pos[9], batch.pos[9])


def test_events_turn_differently():
    batch = make_events(counts=(2, 2))
    matrix = Rotation().draw(batch, generator(1)).event["matrix"]
    assert (matrix[0] - matrix[1]).abs().max() > 0.1


def test_vectors_turn_with_the_positions_and_scalars_stay():
    batch = make_events(features=("dir.y", "charge", "dir.x", "dir.z"))
    view, draws = Rotation().view(batch, generator(1))
    columns = [2, 0, 3]
    matrix = draws.event["matrix"][batch.batch]
    expected = torch.einsum("nij,nj->ni", matrix, batch.x[:, columns])
    torch.testing.assert_close(view.x[:, columns], expected)
    assert torch.equal(view.x[:, 1], batch.x[:, 1])


def test_a_vector_with_a_missing_component_is_refused():
    batch = make_events(features=("dir.x", "charge", "dir.z"))
    with pytest.raises(SchemaError, match=r"dir\.x, \.y and \.z.*lacks dir\.y"):
        Rotation().view(batch, generator(1))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"axis": "w"}, "expected x, y, z, any or three components, got 'w'"),
        ({"axis": (0, 0, 0)}, "three zeros"),
        ({"axis": (1, 0)}, "three for x, y and z"),
        ({"axis": 3.0}, "three components"),
        ({"axis": "z", "angle": (20, 10)}, "lower end first"),
        ({"axis": "any", "angle": 30.0}, "needs an axis"),
        ({"angle": (20, 10)}, "lower end first"),
        ({"about": "vertex"}, "centroid or origin"),
        ({"probability": 1.5}, "Rotation, probability"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(SettingsError, match=message):
        Rotation(**arguments)


# -- the axis of a detector ------------------------------------------------------------------


def with_axes(counts=(9, 1, 4), axes=((0.0, 0.0, 1.0), (1.0, 0.0, 0.0), (2.0, -1.0, 2.0))):
    batch = make_events(counts=counts, features=("dir.x", "dir.y", "dir.z"))
    events = {**event_fields(batch), "axis": torch.tensor(axes)}
    return make_batch(hit_fields(batch), events, batch.ptr, feature_names(batch))


def test_events_turn_about_the_axis_of_the_batch():
    batch = with_axes()
    view, draws = Rotation(about="origin").view(batch, generator(1))
    for event, axis in enumerate(batch.axis.double()):
        unit = axis / axis.norm()
        matrix = draws.event["matrix"][event].double()
        torch.testing.assert_close(matrix @ unit, unit, atol=1e-6, rtol=0)
        assert (matrix - torch.eye(3)).abs().max() > 0.01
        own = batch.batch == event
        for name in ("pos", "x"):
            before, after = batch[name][own].double(), view[name][own].double()
            torch.testing.assert_close(after @ unit, before @ unit, atol=1e-4, rtol=0)
            torch.testing.assert_close(after.norm(dim=1), before.norm(dim=1), atol=1e-5, rtol=1e-6)


def test_the_axis_is_fixed_in_the_detector():
    batch = with_axes()
    for rotation in (Rotation(), Rotation("x"), Rotation("any")):
        assert torch.equal(rotation.view(batch, generator(1))[0].axis, batch.axis)


@pytest.mark.parametrize("angle", [30.0, 200.0])
def test_angles_about_the_axis_of_the_batch_are_right_handed(angle):
    batch = with_axes()
    matrices = Rotation(angle=angle).draw(batch, generator(0)).event["matrix"]
    for matrix, axis in zip(matrices, batch.axis, strict=True):
        vector = math.radians(angle) * axis.numpy() / np.linalg.norm(axis)
        expected = Reference.from_rotvec(vector).as_matrix()
        np.testing.assert_allclose(matrix.numpy(), expected, atol=1e-6)


def test_angles_about_the_axis_of_the_batch_are_uniform():
    batch = make_events(counts=(1,) * MANY)
    batch.axis = torch.tensor([[0.0, 0.0, 1.0]]).repeat(MANY, 1)
    matrix = Rotation().draw(batch, generator(2)).event["matrix"]
    about_z = Rotation("z").draw(batch, generator(2)).event["matrix"]
    torch.testing.assert_close(matrix, about_z, atol=1e-6, rtol=0)


def test_any_axis_is_any_whatever_the_batch_has(haar):
    batch = make_events(counts=(1,) * MANY)
    batch.axis = torch.tensor([[0.0, 0.0, 1.0]]).repeat(MANY, 1)
    matrix = Rotation("any").draw(batch, generator(3)).event["matrix"]
    assert torch.equal(matrix.double(), haar)


def test_a_given_axis_comes_before_that_of_the_batch():
    batch = with_axes()
    view, _ = Rotation("y", about="origin").view(batch, generator(1))
    torch.testing.assert_close(view.pos[:, 1], batch.pos[:, 1])


def test_a_rotation_about_the_axis_of_the_batch_keeps_the_contract():
    check_augmentation(Rotation(), with_axes())
    check_augmentation(Rotation(angle=(0.0, 90.0), about="origin"), with_axes())


def test_what_the_batch_must_have():
    with pytest.raises(SchemaError, match="an angle needs an axis, and neither"):
        Rotation(angle=30.0).view(make_events(), generator(0))
    batch = with_axes(axes=((0.0, 0.0, 1.0), (0.0, 0.0, 0.0), (1.0, 0.0, 0.0)))
    with pytest.raises(SchemaError, match="column axis, got zeros"):
        Rotation().view(batch, generator(0))
