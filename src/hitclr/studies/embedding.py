"""Embedding and classifying events with a trained method."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from hitclr.augment import Augmentation
from hitclr.data import BatchPlan, ViewDataset, fed
from hitclr.graphs import EdgeBuilder
from hitclr.io import Feed
from hitclr.methods import Method
from hitclr.views import ViewSource

__all__ = ["Embedded", "class_scores", "embed_events"]


@dataclass(frozen=True)
class Embedded:
    """The representation of events.

    Attributes:
        embedding: [M, D] float32.
        labels: [M] int64, the class of each row, -1 where unknown.
    """

    embedding: Tensor
    labels: Tensor


@torch.inference_mode()
def embed_events(
    method: Method,
    feed: Feed,
    events: Tensor,
    *,
    edges: EdgeBuilder | None,
    batch_size: int,
    views: int = 0,
    augmentation: Augmentation | None = None,
    seed: int = 0,
    purpose: str = "embedding",
    source: ViewSource | None = None,
) -> Embedded:
    """The representation of events, or of augmented views of them.

    Args:
        method: the trained method.
        feed: the events.
        events: [M] int64, which of them, in rising order.
        edges: the edges that the encoder wants.
        batch_size: events per forward pass.
        views: how many views of each event; 0 for the events as they are.
        augmentation: what changes the hits of the views; None for nothing.
        seed: the seed of the views.
        purpose: other purposes draw other views.
        source: what gives the hits of the views before that; None for the events as they are.

    Returns:
        One row per event, in order; with views, all events' first views, then their second, ...
    """
    dataset = ViewDataset(
        feed.store,
        views=max(1, views),
        augmentation=augmentation if views else None,
        edges=edges,
        seed=seed,
        purpose=purpose,
        source=source if views else None,
    )
    rows: list[list[Tensor]] = [[] for _ in range(max(1, views))]
    with method.evaluating():
        for step in fed(BatchPlan(events, batch_size, None), feed):
            for number, view in enumerate(dataset[step]):
                rows[number].append(method.embed(view.to(method.device)).float().cpu())
    width = torch.empty(0, method.width)
    embedding = torch.cat([width, *(part for parts in rows for part in parts)])
    return Embedded(embedding, feed.store.labels[events].repeat(max(1, views)))


@torch.inference_mode()
def class_scores(method: Method, embedding: Tensor) -> Tensor:
    """The class scores before the softmax [M, C] float32 of a representation [M, D].

    Those of the trained method: a head that normalises does not do so by these events.
    """
    with method.evaluating():
        return method.logits(embedding.to(method.device)).float().cpu()
