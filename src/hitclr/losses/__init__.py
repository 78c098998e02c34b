"""Losses as pure functions, with thin modules around those that have options."""

from hitclr.losses.barlow_twins import BarlowTwinsLoss, barlow_twins_loss
from hitclr.losses.conditional import ConditionalMap, multilinear_map, random_multilinear_map
from hitclr.losses.confusion import ClassConfusionLoss, class_confusion_loss
from hitclr.losses.contrastive import (
    ContrastiveLoss,
    contrastive_loss,
    many_view_contrastive_loss,
)
from hitclr.losses.coral import coral_loss
from hitclr.losses.entropy import certainty_weights, prediction_entropy
from hitclr.losses.gather import first_row, gather_rows, row_counts
from hitclr.losses.group_dro import GroupDROLoss, group_dro_loss
from hitclr.losses.mmd import MMDLoss, median_bandwidth, mmd_loss
from hitclr.losses.reversal import reversal_ramp, reverse_gradient
from hitclr.losses.schedule import AlphaSchedule, alpha_at
from hitclr.losses.vicreg import VICRegLoss, vicreg_loss
from hitclr.losses.vrex import domain_risks, vrex_penalty

__all__ = [
    "AlphaSchedule",
    "BarlowTwinsLoss",
    "ClassConfusionLoss",
    "ConditionalMap",
    "ContrastiveLoss",
    "GroupDROLoss",
    "MMDLoss",
    "VICRegLoss",
    "alpha_at",
    "barlow_twins_loss",
    "certainty_weights",
    "class_confusion_loss",
    "contrastive_loss",
    "coral_loss",
    "domain_risks",
    "first_row",
    "gather_rows",
    "group_dro_loss",
    "many_view_contrastive_loss",
    "median_bandwidth",
    "mmd_loss",
    "multilinear_map",
    "prediction_entropy",
    "random_multilinear_map",
    "reversal_ramp",
    "reverse_gradient",
    "row_counts",
    "vicreg_loss",
    "vrex_penalty",
]
