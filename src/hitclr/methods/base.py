"""What every training method has in common."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import lightning as L
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch_geometric.data import Batch

from hitclr.nn import InputNorm, encoder_width

__all__ = ["Method", "Needs", "Optimisation"]


@dataclass(frozen=True)
class Needs:
    """What a method wants to be fed.

    Attributes:
        views: the number of views of each event in a training step.
        augmented: whether these are augmented; if not, they are the events as they are.
        labels: whether events of unknown class are of no use to it.
        weights: whether its loss takes account of the events' weights.
    """

    views: int = 1
    augmented: bool = False
    labels: bool = False
    weights: bool = False


@dataclass(frozen=True)
class Optimisation:
    """How the weights are updated: AdamW, linear warm-up, then a cosine to zero.

    Attributes:
        lr: the highest learning rate.
        weight_decay: on weight matrices; biases, scales and norms have none.
        warmup: the fraction of all steps in which the rate rises from 0.
    """

    lr: float = 1e-3
    weight_decay: float = 0.01
    warmup: float = 0.1


class Method(L.LightningModule):
    """A way to train an encoder.

    A subclass says what it `needs`, gives the `loss` of a step, and where it classifies,
    `logits`.

    Args:
        encoder: a module that maps a batch to [B, D].
        norm: standardises what enters the encoder; fitted on the training events.
        num_classes: the number of classes.
        optimisation: how the weights are updated.
    """

    needs: ClassVar[Needs] = Needs()

    def __init__(
        self,
        encoder: nn.Module,
        norm: InputNorm,
        num_classes: int,
        optimisation: Optimisation | None = None,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.norm = norm
        self.num_classes = num_classes
        self.width = encoder_width(encoder)
        self.optimisation = optimisation or Optimisation()

    def embed(self, batch: Batch) -> Tensor:
        """The representation of each event [B, D] float32."""
        embedding: Tensor = self.encoder(self.norm(batch))
        return embedding

    @abstractmethod
    def loss(self, views: Sequence[Batch]) -> Tensor:
        """The loss of one step, a scalar.

        Args:
            views: as many views of the same events as `needs` says, with edges.
        """

    @abstractmethod
    def logits(self, embedding: Tensor) -> Tensor:
        """Class scores before the softmax [B, C] from the representation [B, D]."""

    def predict(self, batch: Batch) -> Tensor:
        """The probability of each class [B, C] float32."""
        return self.logits(self.embed(batch)).softmax(-1)

    def training_step(self, views: Sequence[Batch], _: int) -> Tensor:
        """One step of Lightning's loop: the loss, logged as ``train_loss``."""
        loss = self.loss(views)
        self._log_loss("train_loss", loss, views)
        return loss

    def validation_step(self, views: Sequence[Batch], _: int) -> None:
        """The loss on validation events, logged as ``validation_loss``."""
        self._log_loss("validation_loss", self.loss(views), views)

    def _log_loss(self, name: str, loss: Tensor, views: Sequence[Batch]) -> None:
        self.log(
            name, loss, on_step=False, on_epoch=True, prog_bar=True, batch_size=views[0].num_graphs
        )

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """AdamW (Loshchilov and Hutter 2019) with warm-up and cosine decay (2017), per step."""
        weights = [p for p in self.parameters() if p.requires_grad]
        groups: list[dict[str, Any]] = [
            {
                "params": [p for p in weights if p.dim() > 1],
                "weight_decay": self.optimisation.weight_decay,
            },
            {"params": [p for p in weights if p.dim() <= 1], "weight_decay": 0.0},
        ]
        optimizer = torch.optim.AdamW(groups, lr=self.optimisation.lr)
        total = max(1, int(self.trainer.estimated_stepping_batches))
        rise = round(self.optimisation.warmup * total)

        def factor(step: int) -> float:
            if step < rise:
                return (step + 1) / (rise + 1)
            done = (step - rise) / max(1, total - rise)
            return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))

        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }
