import math

import torch
from hitclr_km3net.light_source import source_distance
from torch_geometric.data import Batch, Data

from hitclr.rng import generator


def event(pos, **more):
    return Data(pos=pos.float(), **more)


def batch_of(*events):
    return Batch.from_data_list(list(events))


def turned(pos):
    """Turned and moved, so that no axis is special."""
    turn, _ = torch.linalg.qr(torch.randn(3, 3, generator=generator(1), dtype=torch.float64))
    return pos @ turn.T + torch.tensor([100.0, -30.0, 400.0], dtype=torch.float64)


def test_a_track():
    """Rings of radius 20 about a line of 500 m: all hits are as far from it."""
    z, angle = torch.meshgrid(
        torch.linspace(-250, 250, 201), torch.arange(12) * math.pi / 6, indexing="ij"
    )
    pos = torch.stack([20 * torch.cos(angle), 20 * torch.sin(angle), z], -1).reshape(-1, 3).double()
    distance = source_distance(batch_of(event(turned(pos))))
    inner = pos[:, 2].abs() < 240
    torch.testing.assert_close(
        distance[inner], torch.full_like(distance[inner], 20.0), rtol=0, atol=1e-3
    )
    # The estimate of the length is a little short, by the width.
    assert float(distance.max()) < 22


def test_a_shower():
    """The corners and faces of a cube: the source is its middle."""
    corners = torch.cartesian_prod(*[torch.tensor([-40.0, 40.0])] * 3).double()
    faces = 60 * torch.cat([torch.eye(3), -torch.eye(3)]).double()
    pos = torch.cat([corners, faces])
    distance = source_distance(batch_of(event(turned(pos))))
    torch.testing.assert_close(distance, pos.norm(dim=1), rtol=0, atol=0.2)


def test_one_hit_is_at_the_source():
    both = batch_of(event(torch.tensor([[5.0, 6.0, 7.0]])), event(torch.zeros(2, 3)))
    assert source_distance(both).tolist() == [0.0, 0.0, 0.0]


def test_noise_does_not_move_the_source():
    pos = torch.tensor([[0.0, 0, 0], [2.0, 0, 0], [0, 300.0, 0], [1.0, 5.0, 0]])
    trig = torch.tensor([1, 4, 0, 0])
    got = source_distance(batch_of(event(pos, hit_trig=trig)))
    torch.testing.assert_close(got[2:], torch.tensor([300.0, 5.0], dtype=torch.float64))
    alone = source_distance(batch_of(event(pos, hit_trig=torch.zeros(4).long())))
    torch.testing.assert_close(alone, source_distance(batch_of(event(pos))))


def test_events_do_not_see_each_other(batch):
    whole = source_distance(batch)
    ptr = batch.ptr.tolist()
    for number in (0, 7, 100):
        one = batch_of(batch[number])
        torch.testing.assert_close(source_distance(one), whole[ptr[number] : ptr[number + 1]])
