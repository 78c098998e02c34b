import pytest
import torch
from hitclr_cube.geometry import (
    CUBES,
    SIDE,
    centre_of,
    cube_of,
    fibre_transmission,
    in_volume,
    number_of,
    numbered,
)
from hitclr_cube.light import attenuation


def test_cubes_and_centres():
    pos = torch.tensor([[-96.0, 0.0, 95.999], [0.2, -0.2, 1.0]])
    cube = cube_of(pos)
    assert cube.tolist() == [[0, 96, 191], [96, 95, 97]]
    assert centre_of(cube).tolist() == [[-95.5, 0.5, 95.5], [0.5, -0.5, 1.5]]


def test_the_volume_ends_where_it_ends():
    pos = torch.tensor([[-96.0, 0, 0], [96.0, 0, 0], [0, -96.01, 0], [0, 0, 95.99], [0, 0, 1e9]])
    assert in_volume(pos).tolist() == [True, False, False, True, False]


def test_numbers():
    number = torch.tensor([0, 1, SIDE, SIDE**2, 12345, CUBES - 1])
    cube = numbered(number)
    assert cube[:4].tolist() == [[0, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0]]
    assert bool(((cube >= 0) & (cube < SIDE)).all())
    assert torch.equal(number_of(cube), number)


def test_transmission():
    # About 1 in the middle, and each fibre on its own.
    middle, corner, edge = fibre_transmission(
        torch.tensor([[96, 96, 96], [0, 0, 0], [191, 95, 0]])
    ).tolist()
    far, centre, near, beside = attenuation(torch.tensor([191.5, 96.0, 0.5, 95.5])).tolist()
    assert middle == pytest.approx(1.0, abs=2e-3)
    assert corner == pytest.approx(near / centre, rel=1e-5)
    assert edge == pytest.approx((far + beside + near) / (3 * centre), rel=1e-5)
