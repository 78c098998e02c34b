"""Watching whether a representation collapses while it is trained."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import lightning as L
import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from hitclr.losses import ContrastiveLoss
from hitclr.methods import Method
from hitclr.studies.representation import alignment, effective_rank, uniformity

__all__ = ["CollapseWatch", "at_collapse"]

_ADVICE = (
    "  what to do: a longer optimizer.warmup, another temperature, `batch_norm: true` in the "
    "projector, a lower optimizer.lr, or milder augmentations"
)
_LINE = 1.5  # the rank below which events are on one line
_POINT = -0.1  # the uniformity above which they are at one point


def at_collapse(loss: float, collapsed: float, share: float = 0.02) -> bool:
    """Whether a loss is, within a share of it, that of a collapsed embedding."""
    return abs(loss - collapsed) <= share * abs(collapsed)


class CollapseWatch(L.Callback):
    """Logs how a representation fills its space, and says when it has collapsed.

    At the end of each epoch it logs ``rank``, ``alignment`` and ``uniformity`` of the encoder's
    output in the last steps (`hitclr.studies.representation`), for methods that train on two views
    or more. Nothing is encoded for it alone; of several processes, each looks at its own events,
    and means are logged.

    It says so, once each, when the rank is nearly 1, and when the mean contrastive loss of an
    epoch, other terms of the method's loss left out, is still that of a collapsed embedding,
    ``log(2B - 1)`` for two views of B events.

    Args:
        say: called with a line of text for people.
        events: so many of the last events are looked at.
        first_epochs: how many epochs the loss may take to leave its collapsed value.

    Attributes:
        stayed: the mean contrastive loss of the last epoch and that of a collapsed embedding, where
            the loss was still there; None where it was not, or is not known.
    """

    def __init__(
        self, say: Callable[[str], None], *, events: int = 512, first_epochs: int = 3
    ) -> None:
        self.say = say
        self.events = events
        self.first_epochs = first_epochs
        self._hooks: list[RemovableHandle] = []
        self._world = 1
        self._training = self._open = False
        self._parts: list[Tensor] = []
        self._steps: list[tuple[Tensor, Tensor | None]] = []
        self._said: list[str] = []
        self.stayed: tuple[float, float] | None = None
        self._reset_sums()

    def _reset_sums(self) -> None:
        self._loss: Tensor | float = 0.0
        self._collapsed = 0.0
        self._number = 0

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Called by Lightning; after the weights were copied for averaging, without the hook."""
        if not isinstance(pl_module, Method) or pl_module.needs.views < 2:
            return
        record = self._record
        if pl_module.encoder._compiled_call_impl is not None:
            # Hooks are within what is compiled.
            record = torch.compiler.disable(record)  # type: ignore[no-untyped-call]
        self._hooks.append(pl_module.encoder.register_forward_hook(record))
        self._world = trainer.world_size
        criterion = getattr(pl_module, "criterion", None)
        if isinstance(criterion, ContrastiveLoss):
            self._hooks.append(criterion.register_forward_hook(self._add_loss))

    def _record(self, module: nn.Module, arguments: Any, output: Tensor) -> None:
        if self._open:
            self._parts.append(output.detach())

    def _add_loss(self, criterion: ContrastiveLoss, arguments: Any, output: Tensor) -> None:
        if not self._training:
            return
        events = len(arguments[0])
        together = events * (self._world if criterion.gather else 1)
        self._loss = self._loss + output.detach().double() * events
        self._collapsed += math.log(2 * together - 1) * events
        self._number += events

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Called by Lightning."""
        if not self._hooks:
            return
        if batch_idx == 0:
            self._reset_sums()
        self._training = True
        left = trainer.num_training_batches - batch_idx
        self._open = (left - 1) * batch[0].num_graphs < self.events

    def on_train_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Called by Lightning."""
        self._training = self._open = False
        if self._parts:
            self._steps.append(_by_view(self._parts, batch))
            self._parts = []

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Called by Lightning."""
        steps, self._steps = self._steps, []
        firsts = [first for first, _ in steps]
        seconds = [second for _, second in steps if second is not None]
        first = torch.cat(firsts).float()[-self.events :] if firsts else torch.zeros(0, 0)
        if len(first) >= 2 and bool(first.isfinite().all()):
            second = torch.cat(seconds).float()[-self.events :] if seconds else None
            self._look(pl_module, first, second)
        self.stayed = None
        if self._number:
            loss, collapsed = float(self._loss) / self._number, self._collapsed / self._number
            if at_collapse(loss, collapsed):
                self.stayed = (loss, collapsed)
            if self.stayed and trainer.current_epoch + 1 >= self.first_epochs:
                self._warn(
                    "loss",
                    f"After {trainer.current_epoch + 1} epochs the contrastive loss is {loss:.3f}, "
                    f"about the {collapsed:.3f} of a model that gives every event the same "
                    f"embedding: it has learnt nothing yet.",
                )

    def _look(self, method: L.LightningModule, first: Tensor, second: Tensor | None) -> None:
        found = {"rank": effective_rank(first), "uniformity": uniformity(first)}
        if second is not None and bool(second.isfinite().all()):
            found["alignment"] = alignment(first, second)
        for name, value in found.items():
            method.log(name, value, sync_dist=True)
        if found["rank"] >= _LINE:
            return
        if found["uniformity"] > _POINT:
            self._warn(
                "point",
                f"The representation has collapsed: its effective rank is {found['rank']:.2f}, and "
                f"all events are nearly at the same point.",
            )
        else:
            self._warn(
                "line",
                f"The representation has an effective rank of {found['rank']:.2f}: all events lie "
                f"nearly on one line. With two classes and an alpha near 1 that may be as it "
                f"should; otherwise it has collapsed.",
            )

    def _warn(self, kind: str, text: str) -> None:
        if kind not in self._said:
            self._said.append(kind)
            self.say(f"{text}\n{_ADVICE}")

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Called by Lightning."""
        self._remove()

    def on_exception(
        self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException
    ) -> None:
        """Called by Lightning."""
        self._remove()

    def _remove(self) -> None:
        for hook in self._hooks:
            hook.remove()
        self._hooks, self._parts, self._steps = [], [], []
        self._training = self._open = False

    def state_dict(self) -> dict[str, Any]:
        """Called by Lightning."""
        return {
            "said": list(self._said),
            "stayed": None if self.stayed is None else list(self.stayed),
            "sums": [float(self._loss), self._collapsed, self._number],
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Called by Lightning."""
        self._said = list(state_dict["said"])
        stayed = state_dict["stayed"]
        self.stayed = None if stayed is None else (stayed[0], stayed[1])
        self._loss, self._collapsed, self._number = state_dict["sums"]


def _by_view(parts: Sequence[Tensor], batch: Sequence[Any]) -> tuple[Tensor, Tensor | None]:
    """The embeddings of the first and the second view; the second only where it can be told."""
    rows = torch.cat(list(parts))
    sizes = [view.num_graphs for view in batch]
    if len(rows) != sum(sizes):  # the method encodes something else, or nothing of some views
        return rows, None
    first, second, *_ = torch.split(rows, sizes)
    return first, second if len(first) == len(second) else None
