"""Risk extrapolation: the risk is the same on all samples."""

from __future__ import annotations

from torch import Tensor, nn

from hitclr.errors import SettingsError
from hitclr.losses import domain_risks, vrex_penalty
from hitclr.methods.across_domains import AcrossDomains
from hitclr.methods.base import Optimisation
from hitclr.methods.domains import check_weight
from hitclr.nn import InputNorm

__all__ = ["VREx"]


class VREx(AcrossDomains):
    """The mean of the samples' risks, plus their variance (Krueger et al. 2021, arXiv:2003.00688).

    What helps on some samples more than on others is not used. The paper's sum of risks is a mean
    here, so that ``weight`` does not depend on the number of samples.

    Args:
        encoder: a module that maps a batch to [B, D].
        norm: standardises what enters the encoder.
        num_classes: the number of classes.
        optimisation: how the weights are updated.
        label_smoothing: the share of each target that is spread over all classes.
        views: how many augmented views of each event a step has; 0 for the events as they are.
        batch_norm: whether the head normalises the representation first (`ClassHead`).
        weight: of the variance.
        anneal: the fraction of the training, 0 to 1, in which the variance has a weight of 1 at
            most: a high one from the start keeps all risks alike and high.

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
        weight: float = 10.0,
        anneal: float = 0.1,
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
        check_weight(weight)
        if not 0 <= anneal <= 1:
            message = f"vrex: expected anneal, a fraction of the training, 0 to 1; got {anneal!r}"
            raise SettingsError(message)
        self.weight = weight
        self.anneal = anneal

    def risk(self, losses: Tensor, domains: Tensor) -> Tensor:
        """The mean of the risks and their weighted variance; see `AcrossDomains.risk`."""
        weight = min(1.0, self.weight) if self.progress < self.anneal else self.weight
        _, risks = domain_risks(losses, domains)
        return risks.mean() + weight * vrex_penalty(losses, domains)
