"""Events that a method can learn from, fed to it as it declares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from hitclr import fields
from hitclr.augment import Identity
from hitclr.data import EventDataModule, hide_labels
from hitclr.events import EventStore, counts_from_ptr
from hitclr.io import StoredFeed
from hitclr.methods import Needs
from hitclr.rng import generator
from hitclr.views import StoredViews

__all__ = ["CLASSES", "FEATURES", "TinyEncoder", "feed_for"]

CLASSES = ("minus", "plus")
FEATURES = ("a", "b")

_HITS = 3
_EACH = 48
_TARGET = 2
_SHIFTS = (0.0, 0.5, 1.5)


class TinyEncoder(nn.Module):
    """The mean over an event's hits of a small network: a method's checks are about the method.

    Attributes:
        out_channels: the width of the representation.
    """

    def __init__(self) -> None:
        super().__init__()
        self.out_channels = 8
        self.layers = nn.Sequential(
            nn.Linear(len(FEATURES), 16), nn.ReLU(), nn.Linear(16, self.out_channels)
        )

    def forward(self, batch: Batch) -> Tensor:
        """The representation [B, D] of a batch of events."""
        sums = batch.x.new_zeros(batch.num_graphs, self.out_channels)
        sums = sums.index_add(0, batch.batch, self.layers(batch.x))
        mean: Tensor = sums / counts_from_ptr(batch.ptr)[:, None]
        return mean


class _Thrown:
    """Views under other throws: the second feature of an event is moved, otherwise in each view."""

    def views(self, batch: Batch, generators: Sequence[torch.Generator]) -> list[Batch]:
        made = [view.clone() for view in StoredViews().views(batch, generators)]
        for view, random in zip(made, generators, strict=True):
            moved = 0.2 * (2 * torch.rand(view.num_graphs, generator=random) - 1)
            view.x[:, 1] += moved[view.batch]
        return made


def feed_for(needs: Needs, *, labels: bool = True, weights: bool = False) -> EventDataModule:
    """What feeds a method what it declares: views, labels, target.

    The events are of two classes in three samples, of which the last is the target.

    Args:
        needs: what the method declares.
        labels: whether the class of source events is known, to a method that does not need it, too.
        weights: whether the events have a weight.
    """
    store = _made_up(weights)
    everything = torch.arange(len(store))
    if not (labels or needs.labels):
        store = hide_labels(store, range(len(_SHIFTS)))
    elif needs.target != "labelled":
        store = hide_labels(store, (_TARGET,))
    return EventDataModule(
        StoredFeed(store),
        {"train": everything, "validation": everything[:0], "test": everything[:0]},
        needs,
        augmentation=Identity(),
        edges=None,
        batch_size=len(store),
        num_workers=0,
        seed=1,
        source=_Thrown(),
        targets=(_TARGET,),
    )


def _made_up(weights: bool) -> EventStore:
    random = generator(1, "learnable")
    number = _EACH * len(_SHIFTS)
    rows = torch.arange(number)
    label, domain = rows % 2, rows // _EACH
    sign = 2.0 * label - 1
    first = sign + 0.6 * torch.randn(number, generator=random)
    second = sign + 0.3 * torch.randn(number, generator=random) + torch.tensor(_SHIFTS)[domain]
    x = torch.stack([first, second], 1).repeat_interleave(_HITS, 0)
    store = EventStore(
        hits={
            fields.POS: torch.randn(number * _HITS, 3, generator=random),
            fields.X: x + 0.1 * torch.randn(x.shape, generator=random),
        },
        events={
            fields.LABEL: label,
            fields.EVENT_ID: torch.stack([domain, rows], 1),
            fields.DOMAIN: domain,
        },
        ptr=_HITS * torch.arange(number + 1),
        feature_names=FEATURES,
        class_names=CLASSES,
        domain_names=("first", "second", "target"),
    )
    if not weights:
        return store
    weight = 0.1 + 1.9 * torch.rand(number, generator=random)
    return replace(store, events={**store.events, fields.WEIGHT: weight})
