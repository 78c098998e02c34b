"""Encoders as models of GraphNeT."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch, Data

from hitclr import fields
from hitclr.errors import HitclrError, MissingExtraError, SettingsError, did_you_mean
from hitclr.events import make_batch, with_edges
from hitclr.nn.width import encoder_width
from hitclr.optional import require

__all__ = ["graphnet_model"]

_PURPOSE = "hitclr.nn.graphnet_model"
_MODULE = "graphnet.models.gnn.gnn"
_URL = "git+https://github.com/graphnet-team/graphnet"
_COLUMNS = 4  # x, y, z and the time


def graphnet_model(encoder: nn.Module, *, features: Sequence[str], time: str | None) -> Any:
    """An encoder as a model of GraphNeT, to be the backbone of a ``StandardModel``.

    It undoes `to_graphnet`: with the same ``time``, it gives for a batch made by that what the
    encoder gives for the original. Of GraphNeT's own graphs it takes columns in that order. It
    takes the edges that the data have; where they have none, and the encoder wants some, it makes
    them.

    GraphNeT's ``save`` and ``save_state_dict`` keep the model. ``save_config`` does not: such a
    file can name only GraphNeT's own classes.

    Args:
        encoder: a module that maps a batch to [B, D] and has ``out_channels`` (or ``nb_outputs``).
            It gets numbers as they come: what standardised them in training is to be done before.
        features: the features that it was made for, in its order.
        time: which of them is the time, GraphNeT's fourth column; None for an encoder without,
            which does not get to see that column.

    Returns:
        A ``graphnet.models.gnn.gnn.GNN``, with ``nb_inputs``, 4 and the number of features other
        than the time, ``nb_outputs``, the width D, and the ``encoder``.

    Raises:
        MissingExtraError: GraphNeT is not installed, or another package of its name is.
        SettingsError: a feature is named twice, or the time is none of them.
        HitclrError: the encoder does not say how wide its representation is.
    """
    return _model_class()(encoder, features=tuple(features), time=time)


def __getattr__(name: str) -> Any:
    """The class of the models, which pickle looks for here: there is none without GraphNeT."""
    if name != "EncoderModel":
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return _model_class()


@functools.cache
def _model_class() -> Any:
    """GraphNeT's base class, with an encoder in it."""
    base = _base_class()

    class EncoderModel(base):  # type: ignore[valid-type,misc]
        """See `graphnet_model`."""

        def __init__(
            self, encoder: nn.Module, *, features: tuple[str, ...], time: str | None
        ) -> None:
            order = _order(features, time)
            super().__init__(_COLUMNS + len(features) - (time is not None), encoder_width(encoder))
            self.encoder = encoder
            self.features = features
            self._order = order

        def forward(self, data: Data) -> Tensor:
            """The representation [B, D] of GraphNeT's data.

            Raises:
                HitclrError: the data have another number of columns.
            """
            batch = _as_batch(data, self.nb_inputs, self.features, self._order)
            edges = getattr(self.encoder, "edges", None)
            if edges is not None and fields.EDGE_INDEX not in batch:
                batch = edges(batch)
            representation: Tensor = self.encoder(batch)
            return representation

    # Pickle finds classes by these, and with them GraphNeT's `save`.
    EncoderModel.__module__, EncoderModel.__qualname__ = __name__, "EncoderModel"
    return EncoderModel


def _order(features: tuple[str, ...], time: str | None) -> list[int]:
    """In which column of GraphNeT's ``x`` each feature is."""
    if len(set(features)) < len(features):
        message = f"{_PURPOSE}: a feature is named twice: {', '.join(features)}"
        raise SettingsError(message)
    if time is not None and time not in features:
        message = (
            f"{_PURPOSE}, time: expected one of the features {', '.join(features)}, or None, got "
            f"{time!r}. {did_you_mean(time, features)}"
        )
        raise SettingsError(message)
    others = [name for name in features if name != time]
    places = {name: _COLUMNS + place for place, name in enumerate(others)}
    return [_COLUMNS - 1 if name == time else places[name] for name in features]


def _as_batch(data: Data, columns: int, features: tuple[str, ...], order: list[int]) -> Batch:
    """GraphNeT's data, a batch or a single event, as a batch of hitclr."""
    if data.x.size(1) != columns:
        message = (
            f"expected {columns} inputs for each hit: x, y, z, the time and {columns - _COLUMNS} "
            f"more, for an encoder of the features {', '.join(features)}; got {data.x.size(1)}"
        )
        raise HitclrError(message)
    ptr = data.ptr if fields.PTR in data else torch.tensor([0, len(data.x)], device=data.x.device)
    hits = {fields.POS: data.x[:, :3], fields.X: data.x[:, order]}
    batch = make_batch(hits, {}, ptr, features)
    edge_index: Tensor | None = getattr(data, fields.EDGE_INDEX, None)
    return batch if edge_index is None else with_edges(batch, edge_index)


def _base_class() -> Any:
    """GraphNeT's ``GNN``.

    Raises:
        MissingExtraError: GraphNeT is not installed, or another package of its name is.
    """
    try:
        return require(_MODULE, purpose=_PURPOSE, install=_URL).GNN
    except (ImportError, MissingExtraError) as error:
        spec = find_spec("graphnet")
        folders = [] if spec is None else [*(spec.submodule_search_locations or ())]
        ours = any((Path(folder) / "models" / "gnn" / "gnn.py").exists() for folder in folders)
        if spec is None or ours:  # not there at all; or there, and lacks what it needs itself
            raise
        place = folders[0] if folders else str(spec.origin)
        raise MissingExtraError(_unrelated(place)) from error


def _unrelated(place: str) -> str:
    """What to say where ``import graphnet`` finds something that is not GraphNeT."""
    owners = sorted(set(metadata.packages_distributions().get("graphnet", [])))
    found = " and ".join(f"the distribution {one} {metadata.version(one)}" for one in owners)
    advice = f"pip uninstall {' '.join(owners)}" if owners else f"take {place} off Python's path"
    return (
        f"{_PURPOSE} needs GraphNeT (https://github.com/graphnet-team/graphnet), which is not on "
        f"PyPI. What is called graphnet here is {found or 'no installed distribution'}, in "
        f"{place}: an unrelated package, without {_MODULE}.\n"
        f"  what to do: {advice}, then pip install '{_URL}'"
    )
