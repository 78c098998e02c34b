"""What hitclr itself brings, through the same hooks that outside packages use."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from hitclr import augment, graphs, hookimpl, methods
from hitclr.augment import Augmentation
from hitclr.graphs import EdgeBuilder
from hitclr.methods import Method
from hitclr.nn import DynEdge, GraphConvNeXt, PointNet, PointTransformer, VoxelConvNeXt
from hitclr.plugins.hookspecs import HOOK_VERSION
from hitclr.plugins.registry import Registrar
from hitclr.studies import Metric, metrics, validators
from hitclr.studies.validators import Validator

__all__ = [
    "register_augmentations",
    "register_edges",
    "register_encoders",
    "register_methods",
    "register_metrics",
    "register_validators",
]

HITCLR_HOOKS = HOOK_VERSION


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
    registrar.add("voxel-convnext", VoxelConvNeXt)
    registrar.add("dynedge", DynEdge)
    registrar.add("point-transformer", PointTransformer)
    registrar.add("pointnet", PointNet)


@hookimpl
def register_methods(registrar: Registrar[type[Method]]) -> None:
    """The training methods."""
    registrar.add("contrastive", methods.Contrastive)
    registrar.add("joint", methods.Joint)
    registrar.add("contrastive-dann", methods.ContrastiveDANN)
    registrar.add("contrastive-coral", methods.ContrastiveCORAL)
    registrar.add("vicreg", methods.VICReg)
    registrar.add("barlow-twins", methods.BarlowTwins)
    registrar.add("classifier", methods.Classifier)
    registrar.add("classifier-aug", methods.AugmentedClassifier)
    registrar.add("random-throws", methods.RandomThrows)
    registrar.add("oracle", methods.Oracle)
    registrar.add("dann", methods.DANN)
    registrar.add("cdan", methods.CDAN)
    registrar.add("mmd", methods.MMD)
    registrar.add("coral", methods.CORAL)
    registrar.add("mcc", methods.MCC)
    registrar.add("adabn", methods.AdaBN)
    registrar.add("vrex", methods.VREx)
    registrar.add("groupdro", methods.GroupDRO)


@hookimpl
def register_validators(registrar: Registrar[type[Validator]]) -> None:
    """The validators."""
    registrar.add("validation-loss", validators.ValidationLoss)
    registrar.add("source-loss", validators.SourceLoss)
    registrar.add("source-accuracy", validators.SourceAccuracy)
    registrar.add("entropy", validators.Entropy)
    registrar.add("bnm", validators.NuclearNorm)
    registrar.add("snd", validators.SoftDensity)
    registrar.add("target-accuracy", validators.TargetAccuracy)


@hookimpl
def register_metrics(registrar: Registrar[Metric]) -> None:
    """The metrics, the most important first: a report's summary is of the first."""
    registrar.add("accuracy", metrics.accuracy)
    registrar.add("largest-class", metrics.largest_class)
    registrar.add("balanced-accuracy", metrics.balanced_accuracy)
    registrar.add("AUC", metrics.auc)
