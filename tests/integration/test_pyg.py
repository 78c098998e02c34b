"""hitclr's parts in pipelines of PyG, PyTorch and Lightning that know nothing of hitclr."""

from __future__ import annotations

import functools

import lightning as L
import pytest
import torch
import torch_geometric.transforms as T
from torch.utils.data import DataLoader
from torch_geometric import seed_everything
from torch_geometric.data import Batch, Data, InMemoryDataset
from torch_geometric.loader import DataLoader as PyGDataLoader

from hitclr.augment import ChargeScale, HitDropout, Rotation
from hitclr.data import BatchPlan, EventDataModule, ViewDataset
from hitclr.errors import AugmentationError
from hitclr.events import EventStore, counts_from_ptr, feature_names
from hitclr.graphs import KNN
from hitclr.io import StoredFeed
from hitclr.methods import Classifier, Contrastive
from hitclr.nn import GraphConvNeXt, InputNorm, encoder_width
from hitclr.plugins import load_plugins
from hitclr.testing import make_events
from hitclr.testing.builtin_examples import builtin_example
from hitclr.testing.compare import batch_difference, soundness_fault
from hitclr.testing.kit import Kit

PLUGINS = load_plugins()
BEFORE = (T.Center(), T.RandomScale((0.9, 1.1)), T.RandomJitter(0.01), T.RandomFlip(0))
AFTER = (T.RandomRotate(30, axis=2), T.NormalizeScale(), T.NormalizeFeatures())
EDGES = (KNN(2), T.ToUndirected(), T.Cartesian(), T.Distance())


@functools.cache
def kit(owner):
    return Kit(PLUGINS, owner, builtin_example)


def augmentation_and_batch(name, owner):
    """An augmentation as settings would make it, and some events with what it reads."""
    return kit(owner).prepare("augmentation", name)


EACH = sorted((entry.name, entry.owner) for entry in PLUGINS.augmentations)
each_one = pytest.mark.parametrize(("name", "owner"), EACH, ids=[name for name, _ in EACH])


def seeded(transform, data):
    seed_everything(3)  # some of PyG's transforms draw from Python's random numbers
    return transform(data)


@each_one
def test_every_augmentation_among_pygs_transforms_of_a_batch(name, owner):
    augmentation, batch = augmentation_and_batch(name, owner)
    given = batch.clone()
    transform = T.Compose([*BEFORE, augmentation, *AFTER])
    made = seeded(transform, batch)
    assert soundness_fault(given, made) is None
    assert batch_difference(given, batch) is None
    assert batch_difference(made, seeded(transform, batch)) is None
    with_edges = seeded(T.Compose([augmentation, *EDGES, T.Center()]), batch)
    assert with_edges.edge_attr.shape == (with_edges.num_edges, 4)
    again = seeded(T.Compose([augmentation, *AFTER]), with_edges)
    assert not {"edge_index", "edge_attr"} & set(again.keys())  # they were those of the old hits
    assert soundness_fault(given, again) is None


@each_one
def test_every_augmentation_among_pygs_transforms_of_an_event(name, owner):
    augmentation, batch = augmentation_and_batch(name, owner)
    transform = T.Compose([*BEFORE, augmentation, T.Center(), T.NormalizeFeatures()])
    events = batch.to_data_list()
    made = [seeded(transform, event) for event in events]
    assert {type(event) for event in made} == {Data}
    collated = Batch.from_data_list(made)
    assert soundness_fault(Batch.from_data_list(events), collated) is None
    # As a batch that PyG collated, it is augmented again.
    assert soundness_fault(collated, augmentation(collated)) is None


def test_what_pyg_transforms_give_is_what_both_give():
    batch = make_events(seed=1)
    made = seeded(T.Compose([T.Center(), ChargeScale(2.0)]), batch)
    assert torch.equal(made.pos, batch.pos - batch.pos.mean(0))
    charge = feature_names(batch).index("charge")
    assert torch.equal(made.x[:, charge], 2 * batch.x[:, charge])


@pytest.mark.parametrize(
    "transform", [T.FixedPoints(20), T.FixedPoints(33, replace=False), T.RemoveIsolatedNodes()]
)
def test_a_batch_whose_hits_pyg_took_from_their_events_is_refused(transform):
    batch = KNN(1)(make_events(seed=1))
    assert batch.num_nodes == 33
    with pytest.raises(AugmentationError, match=r"Rotation got .* use that one on single events"):
        T.Compose([transform, Rotation()])(batch)


class Events(InMemoryDataset):
    """A dataset of PyG, of single events of hitclr."""

    def __init__(self, store, transform):
        super().__init__(None, transform)
        self.data, self.slices = self.collate(store.batch(torch.arange(len(store))).to_data_list())


@pytest.fixture(scope="module")
def store():
    """Events of two classes, 5 to 9 hits each; the charge tells the class."""
    batch = make_events(seed=2, counts=[5 + n % 5 for n in range(48)], features=("charge", "time"))
    y = torch.arange(48) % 2
    x = batch.x + 4 * y[batch.batch, None]
    return EventStore(
        hits={"pos": batch.pos, "x": x},
        events={"y": y, "event_id": batch.event_id, "domain": torch.zeros_like(y)},
        ptr=batch.ptr,
        feature_names=("charge", "time"),
        class_names=("low", "high"),
        domain_names=("all",),
    )


def encoder():
    return GraphConvNeXt(2, size="tiny", k=3)


def norm_of(store):
    return InputNorm(2).fit([(store.hits["x"], store.hits["pos"])])


without_lightnings_advice = pytest.mark.filterwarnings(
    "ignore:.*does not have many workers",
    "ignore:You defined a `validation_step`",
    "ignore:.*treespec, LeafSpec:FutureWarning",
)


def trainer(epochs=2):
    return L.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


class Plain(L.LightningModule):
    """What a user of Lightning writes."""

    def __init__(self):
        super().__init__()
        self.encoder = encoder()
        self.head = torch.nn.Linear(encoder_width(self.encoder), 2)
        self.losses = []

    def training_step(self, batch, _):
        logits = self.head(self.encoder(self.encoder.edges(batch)))
        loss = torch.nn.functional.cross_entropy(logits, batch.y)
        self.log("loss", loss, batch_size=batch.num_graphs)
        self.losses.append(float(loss.detach()))
        return loss

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=3e-3)


@without_lightnings_advice
def test_a_dataset_and_loader_of_pyg_under_a_plain_trainer(store):
    transform = T.Compose([T.NormalizeScale(), HitDropout(0.2)])
    loader = PyGDataLoader(Events(store, transform), batch_size=16, shuffle=True)
    model = Plain()
    trainer(4).fit(model, train_dataloaders=loader)
    assert len(model.losses) == 12
    assert sum(model.losses[-3:]) < sum(model.losses[:3])


def views_of(store, views, augmentation=None):
    return ViewDataset(
        store,
        views=views,
        augmentation=augmentation,
        edges=KNN(3),
        seed=1,
        purpose="train views",
    )


@without_lightnings_advice
@pytest.mark.parametrize(("method", "views"), [(Classifier, 1), (Contrastive, 2)])
def test_views_and_methods_under_a_plain_trainer(store, method, views):
    """Without the settings, the data module and the runs of hitclr."""
    plan = BatchPlan(torch.arange(len(store)), 16, seed=1)
    loader = DataLoader(views_of(store, views, Rotation()), batch_size=None, sampler=plan)
    model = method(encoder(), norm_of(store), 2)
    before = [parameter.clone() for parameter in model.parameters()]
    fitted = trainer()
    fitted.fit(model, train_dataloaders=loader)
    assert fitted.global_step == 6
    assert float(fitted.callback_metrics["train_loss"]) > 0
    changed = [not torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True)]
    assert any(changed)


def test_loaders_of_the_data_module_go_anywhere(store):
    """Its loaders are torch's; each item is a list of views that PyG can take apart."""
    rows = torch.arange(len(store))
    data = EventDataModule(
        StoredFeed(store),
        {"train": rows, "validation": rows[:8], "test": rows[:0]},
        Contrastive.needs,
        augmentation=Rotation(),
        edges=KNN(3),
        batch_size=16,
        num_workers=0,
        seed=1,
    )
    loader = data.train_dataloader()
    assert type(loader) is DataLoader
    steps = list(loader)
    assert [len(views) for views in steps] == [2, 2, 2]
    seen = torch.cat([first.event_id for first, _ in steps])
    assert len(torch.unique(seen, dim=0)) == len(store)
    for first, second in steps:
        events = first.to_data_list()
        assert [event.num_nodes for event in events] == counts_from_ptr(first.ptr).tolist()
        assert torch.equal(Batch.from_data_list(events).edge_index, first.edge_index)
        assert torch.equal(first.event_id, second.event_id)


@pytest.mark.parametrize("workers", [0, 1])
def test_views_come_the_same_from_torchs_loader(store, workers):
    plan = BatchPlan(torch.arange(len(store)), 24, seed=1)
    dataset = views_of(store, 2, HitDropout(0.3))
    made = list(DataLoader(dataset, batch_size=None, sampler=plan, num_workers=workers))
    for views, step in zip(made, plan, strict=True):
        for got, expected in zip(views, dataset[step], strict=True):
            assert batch_difference(expected, got) is None
