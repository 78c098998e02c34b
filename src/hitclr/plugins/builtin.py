"""What hitclr itself brings, through the same hooks that outside packages use."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from hitclr import augment, graphs, hookimpl, methods
from hitclr.augment import Augmentation
from hitclr.graphs import EdgeBuilder
from hitclr.methods import Method
from hitclr.nn import GraphConvNeXt
from hitclr.plugins.registry import Registrar

__all__ = [
    "register_augmentations",
    "register_edges",
    "register_encoders",
    "register_methods",
]


@hookimpl
def register_augmentations(registrar: Registrar[type[Augmentation]]) -> None:
    """The augmentations that fit any detector."""
    registrar.add("identity", augment.Identity)
    registrar.add("rotation", augment.Rotation)
    registrar.add("hit-dropout", augment.HitDropout)
    registrar.add("charge-smear", augment.ChargeSmear)
    registrar.add("charge-scale", augment.ChargeScale)
    registrar.add("charge-threshold", augment.ChargeThreshold)
    registrar.add("translation", augment.Translation)
    registrar.add("position-jitter", augment.PositionJitter)


@hookimpl
def register_edges(registrar: Registrar[Callable[..., EdgeBuilder]]) -> None:
    """The edge builders."""
    registrar.add("knn", graphs.KNN)
    registrar.add("radius", graphs.Radius)


@hookimpl
def register_encoders(registrar: Registrar[Callable[..., nn.Module]]) -> None:
    """The encoders."""
    registrar.add("graph-convnext", GraphConvNeXt)


@hookimpl
def register_methods(registrar: Registrar[type[Method]]) -> None:
    """The training methods."""
    registrar.add("contrastive", methods.Contrastive)
    registrar.add("classifier", methods.Classifier)
