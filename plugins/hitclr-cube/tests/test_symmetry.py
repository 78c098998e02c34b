import torch
from hitclr_cube import LatticeSymmetry

from hitclr.events import make_batch, ptr_from_counts
from hitclr.rng import generator

# No symmetry of the cube but the identity maps it onto itself.
SHAPE = torch.tensor([[0.0, 0, 0], [1, 0, 0], [2, 0, 0], [0, 1, 0], [0, 0, 4], [3, 1, 4]])


def make(copies):
    pos = SHAPE.repeat(copies, 1) + 0.5
    return make_batch(
        {"pos": pos, "x": torch.arange(len(pos))[:, None].float()},
        {"y": torch.zeros(copies, dtype=torch.int64)},
        ptr_from_counts(torch.full((copies,), len(SHAPE))),
        ("charge",),
    )


def shapes(view):
    """The events about their centres, each as a tuple."""
    pos = view.pos.reshape(-1, *SHAPE.shape)
    centre = (pos.amin(1, keepdim=True) + pos.amax(1, keepdim=True)) / 2
    return [tuple(event.flatten().tolist()) for event in pos - centre]


def handedness(event):
    a, b, c = (torch.tensor(event).reshape(-1, 3)[i] for i in (2, 3, 4))
    origin = torch.tensor(event).reshape(-1, 3)[0]
    return float(torch.linalg.det(torch.stack([a - origin, b - origin, c - origin])).sign())


def test_all_48_and_half_of_them_turns():
    found = set(shapes(LatticeSymmetry().view(make(2000), generator(1))[0]))
    assert len(found) == 48
    assert sum(handedness(event) for event in found) == 0
    turns = set(shapes(LatticeSymmetry(mirror=False).view(make(2000), generator(1))[0]))
    assert len(turns) == 24
    assert turns < found
    assert {handedness(event) for event in turns} == {1.0}


def test_all_alike():
    events = shapes(LatticeSymmetry().view(make(9600), generator(2))[0])
    counts = torch.tensor([events.count(event) for event in set(events)])
    # chi2 of 47 degrees of freedom: 47 +- 9.7
    assert float(((counts - 200.0) ** 2 / 200).sum()) < 47 + 5 * 9.7


def test_stays_on_the_lattice_about_its_centre(events):
    batch = events.batch(torch.arange(len(events)))
    view, draws = LatticeSymmetry().view(batch, generator(1))
    assert torch.equal(view.pos - 0.5, (view.pos - 0.5).round())
    for event in range(len(events)):
        hits = slice(int(batch.ptr[event]), int(batch.ptr[event + 1]))
        before, after = batch.pos[hits], view.pos[hits]
        shift = (after.amin(0) + after.amax(0) - before.amin(0) - before.amax(0)) / 2
        assert set(shift.tolist()) <= {0.0, -0.5}
    assert torch.equal(view.x, batch.x)
    assert draws.event["axes"].sort(1).values.tolist() == [[0, 1, 2]] * len(events)


def test_other_cell_sizes():
    batch = make(200)
    batch.pos = batch.pos * 0.38
    view, _ = LatticeSymmetry(size=0.38).view(batch, generator(1))
    cell = view.pos / 0.38 - 0.5
    assert torch.allclose(cell, cell.round(), atol=1e-4)
