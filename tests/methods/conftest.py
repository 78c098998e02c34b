"""A toy on which it is known what each method should do.

An event has three hits with two features: a stable, noisy one, ``a``, that tells the class in every
domain, and a strong one, ``b``, that tells it on the source only.
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from hitclr.augment import Identity
from hitclr.data import EventDataModule, hide_labels
from hitclr.events import EventStore
from hitclr.io import StoredFeed
from hitclr.nn import InputNorm
from hitclr.rng import generator
from hitclr.studies import embed_events, fit_probe
from hitclr.views import StoredViews

HITS = 3
EPOCHS = 4  # of different steps; then they come again
NOISE_OF_A = 0.6
NOISE_OF_B = 0.3


class Points(nn.Module):
    """The mean over the hits of a small network."""

    def __init__(self, linear=False, width=8):
        super().__init__()
        self.out_channels = width
        between = nn.Identity() if linear else nn.ReLU()
        self.layers = nn.Sequential(nn.Linear(2, 16), between, nn.Linear(16, self.out_channels))

    def forward(self, batch):
        sums = torch.zeros(batch.num_graphs, self.out_channels)
        return sums.index_add(0, batch.batch, self.layers(batch.x)) / batch.ptr.diff()[:, None]


class Thrown:
    """Views under throws of a detector: ``b`` is moved, otherwise in each event and view."""

    def __init__(self, reach):
        self.reach = reach

    def views(self, batch, generators):
        made = [view.clone() for view in StoredViews().views(batch, generators)]
        for view, random in zip(made, generators, strict=True):
            moved = self.reach * (2 * torch.rand(view.num_graphs, generator=random) - 1)
            view.x[:, 1] += moved[view.batch]
        return made


def make_store(y, a, b, domain, seed=0):
    """Events of classes ``y`` from their two features and domains, each [M]."""
    random = generator(seed, "hits")
    number = len(y)
    x = torch.stack([a, b], 1).repeat_interleave(HITS, 0)
    return EventStore(
        hits={
            "pos": torch.randn(number * HITS, 3, generator=random),
            "x": (x + 0.1 * torch.randn(number * HITS, 2, generator=random)).float(),
        },
        events={
            "y": y,
            "event_id": torch.stack([domain, torch.arange(number)], 1),
            "domain": domain,
        },
        ptr=HITS * torch.arange(number + 1),
        feature_names=("a", "b"),
        class_names=("minus", "plus"),
        domain_names=("first", "second", "third", "fourth", "fifth")[: int(domain.max()) + 1],
    )


def shifted(move, number=800, seed=0):
    """A source and a target domain, 1, in which ``move`` changes ``b`` [M], given ``sign`` [M]."""
    random = generator(seed, "shifted")
    y = torch.arange(2 * number) % 2
    sign = 2.0 * y - 1
    domain = (torch.arange(2 * number) >= number).long()
    a = sign + NOISE_OF_A * torch.randn(2 * number, generator=random)
    b = sign + NOISE_OF_B * torch.randn(2 * number, generator=random)
    b = torch.where(domain == 1, move(b, torch.randn(2 * number, generator=random)), b)
    return make_store(y, a, b, domain, seed)


def spurious(agreement, number=800, seed=0):
    """Domains in which ``b`` tells the class in a part of the events, and else the other class.

    ``a`` is of more noise here.
    """
    random = generator(seed, "spurious")
    total = number * len(agreement)
    y = torch.arange(total) % 2
    sign = 2.0 * y - 1
    domain = torch.arange(total) // number
    agree = torch.rand(total, generator=random) < torch.tensor(agreement)[domain]
    a = sign + 2 * NOISE_OF_A * torch.randn(total, generator=random)
    b = torch.where(agree, sign, -sign) + NOISE_OF_B * torch.randn(total, generator=random)
    return make_store(y, a, b, domain, seed)


def half(store, domain, part):
    """The even (0) or odd (1) pairs of events of a domain."""
    rows = torch.arange(len(store))
    return rows[(store.events["domain"] == domain) & (rows // 2 % 2 == part)]


def make(kind, seed=0, *, linear=True, width=8, **options):
    """A method on the toy's encoder, its first weights by the seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return kind(Points(linear, width), InputNorm(2), 2, **options)


def feed(store, needs, *, targets=(1,), batch_size=64, source=None, seed=0):
    """What feeds a method: even pairs of events are for training, odd ones for the test."""
    rows = torch.arange(len(store))
    even = rows // 2 % 2 == 0
    known = store if needs.target == "labelled" else hide_labels(store, targets)
    return EventDataModule(
        StoredFeed(known),
        {"train": rows[even], "validation": rows[:0], "test": rows[~even]},
        needs,
        augmentation=Identity(),
        edges=None,
        batch_size=batch_size,
        num_workers=0,
        seed=seed,
        source=source,
        targets=targets,
    )


def train(method, data, *, number=200, lr=5e-3, progress=None):
    """Train a method for a number of steps in a plain loop; ``progress`` holds it at a value."""
    store = data.feed.store
    train = data.splits["train"]
    method.norm.fit([(store.batch(train).x, store.batch(train).pos)])
    method.before_training(torch.unique(store.events["domain"][train]))
    optimizer = torch.optim.AdamW(method.parameters(), lr=lr, weight_decay=1e-3)
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, number)
    method.train()
    steps = []
    for epoch in range(EPOCHS):
        data.resume_at = (epoch, 0)
        steps += list(data.train_dataloader())
    for step in range(number):
        method.progress = step / number if progress is None else progress
        optimizer.zero_grad()
        method.loss(steps[step % len(steps)]).backward()
        optimizer.step()
        rate.step()
    target = data.target["train"]
    if len(target):
        method.after_training([store.batch(target)])
    if hasattr(method, "probe"):
        known = train[store.labels[train] >= 0]
        seen = embed_events(method, data.feed, known, edges=None, batch_size=1000)
        weights = fit_probe(seen.embedding, seen.labels, 2)
        method.probe.set_(weights.mean, weights.scale, weights.weight, weights.bias)
    return method.eval()


@torch.no_grad()
def accuracy(method, store, domain):
    """The fraction of right predictions on the test events of a domain."""
    batch = store.batch(half(store, domain, 1))
    return float((method.predict(batch).argmax(1) == batch.y).float().mean())


@pytest.fixture(scope="session")
def toy():
    """All of the above."""
    return SimpleNamespace(
        Points=Points,
        Thrown=Thrown,
        accuracy=accuracy,
        feed=feed,
        half=half,
        make=make,
        make_store=make_store,
        shifted=shifted,
        spurious=spurious,
        train=train,
    )
