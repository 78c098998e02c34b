"""Group DRO: the sample with the highest risk counts most."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from hitclr.losses import GroupDROLoss
from hitclr.methods.across_domains import AcrossDomains
from hitclr.methods.base import Optimisation
from hitclr.nn import InputNorm

__all__ = ["GroupDRO"]

_WEIGHTS = "criterion.weights"


class GroupDRO(AcrossDomains):
    """The risk of the worst sample, by weights that move towards it (arXiv:1911.08731).

    Sagawa et al. 2020, algorithm 1, with the samples as groups. The weights of samples are stored
    with the model. Where a network can fit every event, all risks go to 0 and nothing is left to
    balance: the paper needs a strong ``optimizer.weight_decay``, or few epochs, then.

    Args:
        encoder: a module that maps a batch to [B, D].
        norm: standardises what enters the encoder.
        num_classes: the number of classes.
        optimisation: how the weights are updated.
        label_smoothing: the share of each target that is spread over all classes.
        views: how many augmented views of each event a step has; 0 for the events as they are.
        batch_norm: whether the head normalises the representation first (`ClassHead`).
        step: how fast the weights of samples move, the paper's eta, above 0.

    Raises:
        SettingsError: an option is out of range.
    """

    def __init__(
        self,
        encoder: nn.Module,
        norm: InputNorm,
        num_classes: int,
        optimisation: Optimisation | None = None,
        *,
        label_smoothing: float = 0.0,
        views: int = 0,
        batch_norm: bool = True,
        step: float = 0.01,
    ) -> None:
        super().__init__(
            encoder,
            norm,
            num_classes,
            optimisation,
            label_smoothing=label_smoothing,
            views=views,
            batch_norm=batch_norm,
        )
        # For as many samples as `before_training`, or a checkpoint, says.
        self.criterion = GroupDROLoss(1, step)

    def before_training(self, domains: Tensor) -> None:
        """Begin with equal weights of the samples that are trained on, and none of others."""
        weights = torch.zeros(int(domains.max()) + 1, device=self.criterion.weights.device)
        weights[domains.to(weights.device)] = 1 / len(domains)
        self.criterion.weights = weights

    def load_state_dict(self, state_dict: Mapping[str, Any], *options: Any, **more: Any) -> Any:
        """See `torch.nn.Module.load_state_dict`; takes the number of samples from there, too."""
        if _WEIGHTS in state_dict:
            self.criterion.weights = self.criterion.weights.new_zeros(state_dict[_WEIGHTS].shape)
        return super().load_state_dict(state_dict, *options, **more)

    def risk(self, losses: Tensor, domains: Tensor) -> Tensor:
        """The weighted risk, after the weights have moved; see `AcrossDomains.risk`."""
        loss: Tensor = self.criterion(losses, domains)
        return loss
