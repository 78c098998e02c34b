"""Batches as GraphNeT's models read them, and its backbones as encoders."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from hitclr import fields
from hitclr.errors import HitclrError, SchemaError, did_you_mean
from hitclr.events import FeatureNames, counts_from_ptr, feature_names
from hitclr.graphs import KNN
from hitclr.nn.width import encoder_width

__all__ = ["GraphNeTAdapter", "to_graphnet"]

_AXES = ("x", "y", "z")
_NO_TIME = "t"


def to_graphnet(batch: Batch, *, time: str | None) -> Batch:
    """A batch as the models of GraphNeT (JOSS 8, 4971, 2023) read it; it itself is not needed.

    Augment before, not after: positions are then in ``x``, too, where no augmentation looks.

    Args:
        batch: the events; they are not changed.
        time: the feature that is the time; None for a detector without times, where a column of
            zeros named ``t`` stands in its place.

    Returns:
        The batch, sharing what is not changed (``pos``, ``batch``, ``ptr``, edges, labels, event
        ids, observers, ``hit_*``), with

        - ``x`` [N, 3 + F] float32, [N, 4 + F] without a time: x, y, z, the time, then the other
          features in their order, in their units: nothing is scaled;
        - ``n_pulses`` [B] int32: the number of hits of each event;
        - ``features``: the names of the columns of ``x``; indexed with an event it gives them, as
          in a batch that PyG made of GraphNeT's graphs. ``feature_names`` says the same.

        It can be taken apart by ``to_data_list()``.

    Raises:
        SchemaError: the batch has no feature of the time's name; the message has those that there
            are.
    """
    names = feature_names(batch)
    if time is None:
        now, rest = torch.zeros_like(batch.pos[:, :1]), batch.x
        others = names or tuple(map(str, range(rest.size(1))))  # nothing names them
    else:
        column = _time_column(time, names)
        now = batch.x[:, column, None]
        rest = torch.cat([batch.x[:, :column], batch.x[:, column + 1 :]], 1)
        others = (*names[:column], *names[column + 1 :])
    made: Batch = copy.copy(batch)
    made.x = torch.cat([batch.pos, now, rest], 1)
    made.n_pulses = counts_from_ptr(batch.ptr).int()
    made.features = FeatureNames((*_AXES, time or _NO_TIME, *others))
    setattr(made, fields.FEATURE_NAMES, made.features)
    _one_row_per_event(made, "n_pulses", "features", fields.FEATURE_NAMES)
    return made


def _time_column(time: str, names: tuple[str, ...]) -> int:
    if time not in names:
        message = (
            f"GraphNeT's models read x, y, z and the time first: expected the time to be a hit "
            f"feature named {time!r}, the batch has {list(names)}. {did_you_mean(time, names)}\n"
            f"  what to do: name the feature that is the time, or, for a detector without times, "
            f"say time=None, which puts zeros there"
        )
        raise SchemaError(message)
    return names.index(time)


def _one_row_per_event(batch: Batch, *names: str) -> None:
    """Record, as PyG's collate does, that ``to_data_list()`` gives each event its row of some."""
    number = batch.num_graphs
    added = {
        "_slice_dict": dict.fromkeys(names, torch.arange(number + 1, device="cpu")),
        "_inc_dict": dict.fromkeys(names, torch.zeros(number, dtype=torch.int64, device="cpu")),
    }
    for record, more in added.items():
        # A copy of a batch shares its records; a batch that was made by hand has none.
        batch.__dict__[record] = {**batch.__dict__.get(record, {}), **more}


class GraphNeTAdapter(nn.Module):
    """Lets a backbone of GraphNeT read batches of hitclr, by `to_graphnet`.

    Such a backbone is called with a PyG batch. GraphNeT itself is not needed.

    Register a function that makes both: ``lambda in_channels: GraphNeTAdapter(DynEdge(3 +
    in_channels), time="t")``.

    Args:
        backbone: a module ``forward(batch) -> [B, D]`` with ``nb_outputs`` (or ``out_channels``).
        time: the feature that is the time; None for a detector without times, where the backbone
            then gets a column of zeros in its place.
        k: the number of neighbours of a hit.
        metric: features that count in the choice of neighbours, as in `KNN`.

    Attributes:
        out_channels: the width D of the representation.
        edges: the edge builder whose edges it wants.

    Raises:
        HitclrError: the backbone does not say how wide its representation is.
        SettingsError: ``k`` or the metric is out of range.
    """

    def __init__(
        self,
        backbone: nn.Module,
        *,
        time: str | None,
        k: int = 8,
        metric: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.time = time
        self.out_channels = encoder_width(backbone)
        self.edges = KNN(k, metric)

    def forward(self, batch: Batch) -> Tensor:
        """The representation [B, D] of a batch of events with edges.

        Raises:
            SchemaError: the batch has no feature of the time's name.
            HitclrError: the backbone wants another number of inputs, or gave another shape.
        """
        made = to_graphnet(batch, time=self.time)
        wanted = getattr(self.backbone, "nb_inputs", None)
        if isinstance(wanted, int) and wanted != made.x.size(1):
            message = (
                f"{type(self.backbone).__name__} wants {wanted} inputs for each hit, there are "
                f"{made.x.size(1)}: x, y, z, time and {made.x.size(1) - 4} more. Make it with "
                f"nb_inputs={made.x.size(1)}."
            )
            raise HitclrError(message)
        representation: Tensor = self.backbone(made)
        if representation.shape != (batch.num_graphs, self.out_channels):
            message = (
                f"expected from {type(self.backbone).__name__} a representation of shape "
                f"[{batch.num_graphs}, {self.out_channels}], one row for each event, got "
                f"{list(representation.shape)}. Make it with global pooling "
                f"(global_pooling_schemes)."
            )
            raise HitclrError(message)
        return representation
