"""Backbones of GraphNeT as encoders."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from hitclr.errors import HitclrError
from hitclr.events import counts_from_ptr, feature_index
from hitclr.graphs import KNN
from hitclr.nn.width import encoder_width

__all__ = ["GraphNeTAdapter"]


class GraphNeTAdapter(nn.Module):
    """Lets a backbone of GraphNeT (JOSS 8, 4971, 2023) read batches of hitclr.

    Such a backbone is called with a PyG batch. It reads ``x`` with the columns x, y, z, time and
    then the rest, ``edge_index``, ``batch``, and ``n_pulses``, the number of hits of each event.
    Here positions are ``pos``, and time is a feature, if there is one. GraphNeT itself is not
    needed.

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
        made: Batch = copy.copy(batch)
        made.x = torch.cat([batch.pos, *self._columns(batch)], 1)
        made.n_pulses = counts_from_ptr(batch.ptr)
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

    def _columns(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The time [N, 1], and the other features [N, ...] in their order."""
        if self.time is None:
            return torch.zeros_like(batch.pos[:, :1]), batch.x
        column = feature_index(batch, self.time)
        rest = torch.cat([batch.x[:, :column], batch.x[:, column + 1 :]], 1)
        return batch.x[:, column, None], rest
