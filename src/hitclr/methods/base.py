"""What every training method has in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import lightning as L
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch_geometric.data import Batch

from hitclr.methods.schedules import Schedule, learning_rate_factor
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
        target: what it sees of the target domain: ``all``: nothing in particular, its events are
            trained on like others, without their labels; ``beside``: each step has as many of them,
            without their labels, as of the source; ``labelled``: they alone are trained on, with
            their labels; ``after``: none, until `Method.after_training` looks at them, without
            their labels.
        domains: how many labelled samples there must be at least.
        thrown: whether the hits of views must come from other throws than the events' own:
            ``views.resimulate`` or ``views.pair``.
    """

    views: int = 1
    augmented: bool = False
    labels: bool = False
    weights: bool = False
    target: Literal["all", "beside", "labelled", "after"] = "all"
    domains: int = 1
    thrown: bool = False


@dataclass(frozen=True)
class Optimisation:
    """How the weights are updated: by AdamW, with a learning rate that moves.

    Attributes:
        lr: the highest learning rate.
        weight_decay: on weight matrices; biases, scales and norms have none.
        warmup: the fraction of all steps in which the rate rises.
        schedule: how the rate moves; see `learning_rate_factor`.
    """

    lr: float = 1e-3
    weight_decay: float = 0.01
    warmup: float = 0.1
    schedule: Schedule = "cosine"


class Method(L.LightningModule):
    """A way to train an encoder.

    A subclass says what it `needs`, gives the `loss` of a step, and where it classifies,
    `logits`. What it needs may depend on its options: then it sets ``needs`` as it is made.

    Args:
        encoder: a module that maps a batch to [B, D].
        norm: standardises what enters the encoder; fitted on the training events.
        num_classes: the number of classes.
        optimisation: how the weights are updated.

    Attributes:
        needs: what it wants to be fed.
        progress: how much of the training is done, from 0 to 1; for what changes as training goes.
        classifies: whether `logits` can be had as it trains, and not only from a probe afterwards.
    """

    needs: Needs = Needs()
    classifies: ClassVar[bool] = True

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
        self.progress = 0.0

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

    def before_training(self, domains: Tensor) -> None:
        """Called once before the first step; by itself it does nothing.

        Args:
            domains: [K] int64, from which samples the training events are, in rising order.
        """

    def after_training(self, target: Iterable[Batch]) -> None:
        """Called once when training is over; by itself it does nothing.

        Args:
            target: the training events of the target domain as they are, without their labels, with
                edges, on the method's device.
        """

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Within it the method is in evaluation mode, after it in the one that it was in."""
        training = self.training
        self.eval()
        try:
            yield
        finally:
            self.train(training)

    def predict(self, batch: Batch) -> Tensor:
        """The probability of each class [B, C] float32."""
        return self.logits(self.embed(batch)).softmax(-1)

    def on_train_batch_start(self, *_: Any) -> None:
        """Called by Lightning."""
        total = max(1, int(self.trainer.estimated_stepping_batches))
        self.progress = min(1.0, self.trainer.global_step / total)

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
            name,
            loss,
            on_step=False,
            on_epoch=True,
            prog_bar=True,
            batch_size=views[0].num_graphs,
            sync_dist=True,
        )

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101) and its schedule, per step."""
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
        chosen = self.optimisation

        def factor(step: int) -> float:
            return learning_rate_factor(chosen.schedule, step, total, chosen.warmup)

        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }
