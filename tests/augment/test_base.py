"""What the base class adds: activity, putting events back, errors, PyG's face."""

from __future__ import annotations

import pytest
import torch
from torch_geometric.data import Batch, Data
from torch_geometric.loader import DataLoader
from torch_geometric.transforms import Compose

from hitclr.augment import Augmentation, ChargeScale, Draws, HitDropout, Rotation, Translation
from hitclr.errors import AugmentationError, SchemaError, SettingsError
from hitclr.events import make_batch, replace_hits, select_events, with_edges
from hitclr.rng import generator
from hitclr.testing import make_events


class Stamp(Augmentation):
    """Writes a hit column and an observer, to see both put back."""

    reads = ("hit_module", "energy")
    writes = ("hit_module", "energy")

    def sample(self, batch, generator):
        return Draws(batch.ptr)

    def transform(self, batch, draws):
        made = replace_hits(batch, {"hit_module": batch.hit_module + 100})
        made.energy = batch.energy + 100
        return made


class Shorten(Augmentation):
    """Keeps the first hits of all events together, whatever events they are of."""

    def __init__(self, keeps_hits):
        super().__init__()
        self.keeps_hits = keeps_hits

    def sample(self, batch, generator):
        return Draws(batch.ptr)

    def transform(self, batch, draws):
        hits = {name: batch[name][:2] for name in ("pos", "x", "hit_module")}
        return replace_hits(batch, hits, batch.ptr.clamp(max=2))


def test_all_written_columns_are_put_back():
    batch = make_events(counts=(3, 1, 2) * 20)
    view, draws = Stamp(probability=0.5).view(batch, generator(1))
    active = draws.active
    assert torch.equal(view.energy, batch.energy + 100 * active)
    assert torch.equal(view.hit_module, batch.hit_module + 100 * active[batch.batch])
    assert torch.equal(view.pos, batch.pos)


def test_the_share_of_active_events_is_the_probability():
    batch = make_events(counts=(1,) * 10_000)
    active = Translation(1.0, probability=0.3).draw(batch, generator(1)).active
    assert abs(float(active.float().mean()) - 0.3) < 5 * (0.21 / 10_000) ** 0.5


def test_among_restricts_activity_without_changing_what_is_drawn():
    batch = make_events()
    among = torch.tensor([True, False, True, False, False, True])
    augmentation = Translation(1.0, probability=0.7)
    whole = augmentation.draw(batch, generator(1))
    some = augmentation.draw(batch, generator(1), among)
    assert torch.equal(some.active, whole.active & among)
    assert torch.equal(some.event["shift"], whole.event["shift"])


def test_draws_of_another_batch_are_refused():
    draws = Translation(1.0).draw(make_events(counts=(2, 3)), generator(1))
    for counts in ((3, 2), (2, 3, 1)):
        with pytest.raises(AugmentationError, match="Draw for this batch"):
            Translation(1.0).apply(make_events(counts=counts), draws)


@pytest.mark.parametrize("probability", [0.5, 1.0])
def test_a_sample_for_another_batch_is_refused(probability):
    class Elsewhere(Translation):
        def sample(self, batch, generator):
            return super().sample(make_events(counts=(1, 2)), generator)

    with pytest.raises(AugmentationError, match="Elsewhere: the draws were made for a batch of 2"):
        Elsewhere(1.0, probability=probability).view(make_events(), generator(1))


def test_an_emptied_event_is_an_error():
    with pytest.raises(AugmentationError, match=r"Shorten left 2 of 3 events without a hit"):
        Shorten(keeps_hits=False).view(make_events(counts=(4, 2, 1)), generator(1))


def test_a_false_keeps_hits_is_an_error():
    with pytest.raises(AugmentationError, match=r"made 2 hits of 7"):
        Shorten(keeps_hits=True).view(make_events(counts=(4, 2, 1)), generator(1))


def test_a_column_that_it_reads_and_the_batch_lacks_is_named():
    with pytest.raises(SchemaError, match=r"Stamp needs a batch with hit_module"):
        Stamp().view(make_events(hit_columns={}), generator(1))


@pytest.mark.parametrize("probability", [-0.1, 1.1, float("nan"), "often", True])
def test_a_wrong_probability_is_refused(probability):
    with pytest.raises(SettingsError, match="HitDropout, probability"):
        HitDropout(probability=probability)


@pytest.mark.parametrize("probability", [0.0, 0.5, 1.0])
def test_edges_are_left_behind_whether_or_not_an_event_is_active(probability):
    batch = with_edges(make_events(counts=(3, 2)), torch.tensor([[0, 4], [1, 3]]))
    view, _ = Rotation(probability=probability).view(batch, generator(1))
    assert "edge_index" not in view
    assert "edge_index" in batch


def test_draws_of_chosen_events():
    batch = make_events(counts=(3, 0, 2))
    draws = HitDropout((0.0, 1.0)).draw(batch, generator(1))
    some = draws.select(torch.tensor([2, 0]))
    assert some.ptr.tolist() == [0, 2, 5]
    assert torch.equal(some.hit["chance"], draws.hit["chance"][[3, 4, 0, 1, 2]])
    assert torch.equal(some.event["fraction"], draws.event["fraction"][[2, 0]])


def test_draws_of_added_hits_of_chosen_events():
    draws = Draws(
        torch.tensor([0, 1, 2]),
        event={"active": torch.ones(2, dtype=torch.bool)},
        added={"charge": torch.tensor([1.0, 2.0, 3.0])},
        added_ptr=torch.tensor([0, 2, 3]),
    )
    some = draws.select(torch.tensor([1, 0, 0]))
    assert some.added_ptr.tolist() == [0, 1, 3, 5]
    assert some.added["charge"].tolist() == [3.0, 1.0, 2.0, 1.0, 2.0]


def test_pyg_face_keeps_what_a_data_object_carries():
    data = Data(
        pos=torch.rand(4, 3),
        x=torch.rand(4, 1),
        edge_index=torch.tensor([[0], [1]]),
        edge_attr=torch.zeros(1),
        y=2,
        name="event 17",
        feature_names=("charge",),
    )
    got = ChargeScale((2.0, 3.0))(data)
    assert type(got) is Data
    assert (got.y, got.name, got.feature_names) == (2, "event 17", ("charge",))
    assert "edge_index" not in got
    assert "edge_attr" not in got
    assert bool((got.x > data.x).all())
    assert "edge_index" in data


def test_pyg_face_in_a_pipeline():
    events = make_events(counts=(5, 3, 1, 8)).to_data_list()
    transform = Compose([Rotation(), HitDropout(0.5)])
    torch.manual_seed(1)
    loader = DataLoader([transform(event) for event in events], batch_size=4)
    joined = next(iter(loader))
    assert joined.num_graphs == 4
    assert joined.pos.size(0) < 17
    again = ChargeScale()(joined)
    assert isinstance(again, Batch)
    assert torch.equal(again.pos, joined.pos)


def test_pyg_face_is_seeded_through_torch():
    batch, augmentation = make_events(), Translation(1.0)
    torch.manual_seed(1)
    first, second = augmentation(batch).pos, augmentation(batch).pos
    torch.manual_seed(1)
    again = augmentation(batch).pos
    assert torch.equal(first, again)
    assert not torch.equal(first, second)


def test_pyg_face_refuses_a_tensor_of_no_level():
    data = Data(pos=torch.rand(4, 3), normal=torch.rand(4, 3))
    with pytest.raises(SchemaError, match="'normal'"):
        Rotation()(data)


def test_pyg_face_on_events_without_features():
    data = Data(pos=torch.rand(4, 3), num_nodes=4)
    got = HitDropout(1.0)(data)
    assert got.pos.shape == (1, 3)
    assert got.num_nodes == 1


def test_an_event_does_not_depend_on_which_others_are_active():
    batch = make_events(counts=(5, 2, 7))
    augmentation = Rotation()
    draws = augmentation.draw(batch, generator(1))
    whole = augmentation.apply(batch, draws)
    among = torch.tensor([False, True, False])
    some = augmentation.apply(batch, augmentation.draw(batch, generator(1), among))
    middle = torch.tensor([1])
    assert torch.equal(select_events(some, middle).pos, select_events(whole, middle).pos)
    assert torch.equal(some.pos[:5], batch.pos[:5])


def test_a_batch_without_x_passes():
    ptr = torch.arange(0, 41, 2)
    batch = make_batch({"pos": torch.rand(40, 3)}, {"y": torch.zeros(20)}, ptr, ())
    view, draws = Rotation(probability=0.5).view(batch, generator(2))
    assert 0 < int(draws.active.sum()) < 20
    assert "x" not in view
