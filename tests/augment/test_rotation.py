from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation as Reference

from hitclr.augment import Rotation
from hitclr.errors import SchemaError, SettingsError
from hitclr.rng import generator
from hitclr.testing import make_events

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
        ({"axis": "w"}, "expected x, y, z or three components, got 'w'"),
        ({"axis": (0, 0, 0)}, "three zeros"),
        ({"axis": (1, 0)}, "three for x, y and z"),
        ({"axis": 3.0}, "three components"),
        ({"axis": "z", "angle": (20, 10)}, "lower end first"),
        ({"angle": 30.0}, "needs an axis"),
        ({"about": "vertex"}, "centroid or origin"),
        ({"probability": 1.5}, "Rotation, probability"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(SettingsError, match=message):
        Rotation(**arguments)
