import pytest
import torch
from hitclr_cube import NeighbourLight

from hitclr.errors import SchemaError, SettingsError
from hitclr.events import make_batch, ptr_from_counts
from hitclr.rng import generator
from hitclr.testing import make_events


def make(events):
    """A batch of events, each a list of (cell, charge)."""
    hits = [hit for event in events for hit in event]
    cell = torch.tensor([hit[0] for hit in hits], dtype=torch.float32)
    charge = torch.tensor([[hit[1]] for hit in hits], dtype=torch.float32)
    return make_batch(
        {
            "pos": cell + 0.5,
            "x": charge,
            "hit_crosstalk": torch.zeros(len(hits), dtype=torch.int64),
            "hit_channel": torch.arange(len(hits)),
        },
        {"y": torch.zeros(len(events), dtype=torch.int64)},
        ptr_from_counts(torch.tensor([len(event) for event in events])),
        ("charge",),
    )


TRACK = [((0, 0, z), 70.0) for z in range(5)]


def test_suspicious_hits():
    batch = make(
        [
            [
                *TRACK,
                ((1, 0, 2), 8.0),  # below 0.06 x (70 + 4.9) + 4 = 8.49
                ((0, 1, 2), 8.6),  # above it
                ((1, 1, 2), 4.9),  # below 0.06 x (8 + 8.6 + 4.2) + 4 = 5.25
                ((9, 9, 9), 3.0),  # nothing around: below 4
                ((9, 5, 9), 4.1),
                ((1, 1, 3), 4.2),  # one neighbour, 4.9: below 4.29
            ],
            [((0, 0, 0), 3.0)],  # the brightest of its event
            [((0, 0, 0), 3.0), ((1, 0, 0), 2.9)],
        ]
    )
    expected = [False] * 5 + [True, False, True, True, False, True] + [False] + [False, True]
    assert NeighbourLight().suspicious(batch).tolist() == expected


def test_neighbours_of_another_event_do_not_count():
    batch = make([[((0, 0, 0), 1000.0)], [((1, 0, 0), 20.0), ((5, 0, 0), 30.0)]])
    assert NeighbourLight().suspicious(batch).tolist() == [False, False, False]


def test_take_out():
    track = [*TRACK, ((1, 0, 2), 5.0), ((0, 1, 1), 6.0), ((3, 3, 3), 20.0)]
    batch = make([track] * 500)
    sure = NeighbourLight(take_out=1.0, put_in=0.0, dropped=1.0)
    view, _ = sure.view(batch, generator(1))
    assert view.ptr.diff().tolist() == [6] * 500
    never, _ = NeighbourLight(1.0, 0.0, dropped=0.0).view(batch, generator(1))
    assert torch.equal(never.x, batch.x)
    view, draws = NeighbourLight(take_out=1.0, put_in=0.0).view(batch, generator(1))
    lost = 8 - view.ptr.diff()
    assert set(lost.tolist()) == {0, 1, 2}
    # Half of them by the mean of U(0, 1); both with the mean of the square, 1/3.
    assert float(lost.double().mean()) == pytest.approx(1.0, abs=4 * (0.667 / 500) ** 0.5)
    assert float((lost == 2).double().mean()) == pytest.approx(1 / 3, abs=0.085)
    many = draws.event["dropped"] > 0.5
    assert lost[many].double().mean() > lost[~many].double().mean()


def test_put_in_around_one_hit():
    charge, part = 200.0, 0.05
    batch = make([[((0, 0, 0), charge)]] * 800)
    augmentation = NeighbourLight(0.0, 1.0, kept=1.0, crosstalk=part)
    view, _ = augmentation.view(batch, generator(1))
    new = (view.pos != 0.5).any(1)
    assert int(new.sum()) > 4000
    assert torch.equal((view.pos[new] - 0.5).abs().sum(1), torch.ones(int(new.sum())))
    assert torch.equal(view.hit_crosstalk, new.long())
    assert float(view.x[new].min()) >= 3
    # Poisson about 10, 3 or more.
    mean = part * charge
    below = sum(torch.exp(torch.tensor(-mean)) * mean**k / f for k, f in ((0, 1), (1, 1), (2, 2)))
    chance = 1 - float(below)
    rows = 4800
    assert int(new.sum()) == pytest.approx(
        rows * chance, abs=4 * (rows * chance * (1 - chance)) ** 0.5 + 1
    )
    assert float(view.x[new].sum()) == pytest.approx(rows * mean, rel=0.03)


def test_put_in_sums_over_neighbours_and_copies_from_the_brightest():
    # The cell between two hits has light of both; it is put where nothing was.
    batch = make([[((0, 0, 0), 4000.0), ((2, 0, 0), 6000.0)]])
    view, draws = NeighbourLight(0.0, 1.0, kept=1.0, crosstalk=0.1).view(batch, generator(1))
    assert view.ptr.tolist() == [0, 2 + 11]
    assert view.hit_channel[:2].tolist() == [0, 1]
    between = (view.pos == torch.tensor([1.5, 0.5, 0.5])).all(1)
    assert float(view.x[between]) == pytest.approx(1000, abs=5 * 1000**0.5)
    assert view.hit_channel[between].tolist() == [1]
    left = (view.pos == torch.tensor([-0.5, 0.5, 0.5])).all(1)
    assert float(view.x[left]) == pytest.approx(400, abs=5 * 400**0.5)
    assert view.hit_channel[left].tolist() == [0]
    assert draws.added["charge"].numel() == 11


def test_put_in_only_where_nothing_was(events):
    batch = events.batch(torch.arange(20))
    view, _ = NeighbourLight(0.0, 1.0, kept=1.0).view(batch, generator(1))
    cells = torch.cat([view.batch[:, None].float(), view.pos], 1)
    assert len(torch.unique(cells, dim=0)) == view.pos.size(0) > batch.pos.size(0)


def test_kept_is_a_fraction():
    batch = make([[((0, 0, 0), 2000.0)]] * 400)
    view, _ = NeighbourLight(0.0, 1.0, kept=0.25).view(batch, generator(1))
    assert view.pos.size(0) - 400 == pytest.approx(600, abs=4 * (2400 * 0.1875) ** 0.5)
    none, _ = NeighbourLight(0.0, 1.0, kept=0.0).view(batch, generator(1))
    assert none.pos.size(0) == 400


def test_how_often_each_happens():
    batch = make([[((0, 0, 0), 300.0)]] * 4000)
    draws = NeighbourLight().draw(batch, generator(1))
    share = torch.bincount(draws.event["mode"], minlength=3) / 4000
    assert share.tolist() == pytest.approx([0.25, 0.375, 0.375], abs=4 * (0.235 / 4000) ** 0.5)
    added = draws.added_ptr.diff()
    assert int(added[draws.event["mode"] != 2].sum()) == 0
    for name, low, high in (("dropped", 0, 1), ("kept", 0, 1), ("crosstalk", 0.02, 0.05)):
        drawn = draws.event[name]
        middle, width = (low + high) / 2, high - low
        assert low <= float(drawn.min()) <= float(drawn.max()) <= high
        assert float(drawn.mean()) == pytest.approx(middle, abs=4 * width / (12 * 4000) ** 0.5)


def test_refuses():
    with pytest.raises(SettingsError, match="take_out \\+ put_in"):
        NeighbourLight(0.6, 0.6)
    with pytest.raises(SettingsError, match="crosstalk"):
        NeighbourLight(crosstalk=2.0)
    with pytest.raises(SchemaError, match="charge"):
        NeighbourLight().view(make_events(features=("time",)), generator(1))
