import pytest
import torch
from hitclr_cube import Voxelise

from hitclr.augment import PositionJitter, Rotation
from hitclr.events import make_batch, ptr_from_counts
from hitclr.rng import generator
from hitclr.testing import make_events


def totals(batch):
    sums = torch.zeros(batch.num_graphs, dtype=torch.float64)
    return sums.index_add_(0, batch.batch, batch.x[:, 0].double())


def test_hits_that_share_a_cell():
    pos = [[0.1, 0.2, 0.3], [5.5, 5.5, 5.5], [0.9, 0.8, 0.7], [-0.1, 0.2, 0.3], [0.1, 0.2, 0.3]]
    batch = make_batch(
        {
            "pos": torch.tensor(pos),
            "x": torch.tensor([[1.0, 10.0], [2.0, 5.0], [4.0, 30.0], [8.0, 50.0], [0.0, 6.0]]),
            "hit_crosstalk": torch.tensor([1, 0, 0, 1, 1]),
        },
        {"y": torch.zeros(2, dtype=torch.int64)},
        ptr_from_counts(torch.tensor([4, 1])),
        ("time", "charge"),
    )
    view, _ = Voxelise().view(batch, generator(1))
    assert view.ptr.tolist() == [0, 3, 4]
    centres = [[-0.5, 0.5, 0.5], [0.5, 0.5, 0.5], [5.5, 5.5, 5.5], [0.5, 0.5, 0.5]]
    assert view.pos.tolist() == centres
    assert view.x[:, 1].tolist() == [50.0, 40.0, 5.0, 6.0]
    assert view.x[:, 0].tolist() == pytest.approx([8.0, (10 + 120) / 40, 2.0, 0.0])
    assert view.hit_crosstalk.tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize("size", [1.0, 0.38, 4.0])
def test_charge_is_conserved(events, size):
    batch = events.batch(torch.arange(len(events)))
    for change in (Rotation(), PositionJitter(1.0)):
        moved, _ = change.view(batch, generator(1))
        view, _ = Voxelise(size=size).view(moved, generator(2))
        assert size < 1 or view.pos.size(0) < batch.pos.size(0)
        cells = torch.cat([view.batch[:, None].float(), view.pos], 1)
        assert len(torch.unique(cells, dim=0)) == view.pos.size(0)
        assert torch.allclose(totals(view), totals(batch), rtol=1e-6)


def test_on_the_lattice_it_changes_nothing_but_the_order(events):
    batch = events.batch(torch.arange(len(events)))
    view, _ = Voxelise().view(batch, generator(1))
    assert torch.equal(view.pos, batch.pos)  # the detector gives its hits in this order
    assert torch.equal(view.x, batch.x)
    assert torch.equal(view.hit_crosstalk, batch.hit_crosstalk)


def test_no_charge_at_all():
    batch = make_events(counts=(4,), features=("charge", "time"))
    batch.pos = torch.full((4, 3), 0.25)
    batch.x[:, 0] = 0.0
    view, _ = Voxelise().view(batch, generator(1))
    assert view.x[0, 0] == 0
    assert float(view.x[0, 1]) == pytest.approx(float(batch.x[:, 1].mean()))
