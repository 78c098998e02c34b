import numpy as np
import torch
from hitclr_km3net import VerticalRotation

from hitclr.rng import generator


def test_turns_positions_and_directions_by_one_angle(batch):
    view, _ = VerticalRotation().view(batch, generator(1))
    assert torch.allclose(view.pos[:, 2], batch.pos[:, 2], atol=1e-3)
    assert torch.equal(view.x[:, :2], batch.x[:, :2])
    assert torch.allclose(view.x[:, 4], batch.x[:, 4], atol=1e-6)
    angles = []
    for event in range(batch.num_graphs):
        rows = batch.batch == event
        old, new = (b.pos[rows, :2].double().numpy() for b in (batch, view))
        centre = old.mean(0)
        old, new = ((p - centre) @ [1, 1j] for p in (old, new))
        turn = np.vdot(old, new)
        turn /= abs(turn)
        np.testing.assert_allclose(new, old * turn, atol=2e-3)
        looks, turned = (b.x[rows, 2:4].double().numpy() @ [1, 1j] for b in (batch, view))
        np.testing.assert_allclose(turned, looks * turn, atol=1e-4)
        angles.append(np.angle(turn))
    assert len(np.unique(np.round(angles, 3))) > 100


def test_angle(batch):
    view, _ = VerticalRotation(90.0).view(batch, generator(2))
    assert torch.allclose(view.x[:, 2], -batch.x[:, 3], atol=1e-6)
    assert torch.allclose(view.x[:, 3], batch.x[:, 2], atol=1e-6)
