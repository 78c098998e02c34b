"""What the labels of the target would choose: the measure of a choice without them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lightning as L
from torch import Tensor

from hitclr.data import SPLITS
from hitclr.methods import Method
from hitclr.runs.evaluate import Evaluation
from hitclr.runs.prepare import Prepared
from hitclr.studies import class_scores, embed_events

__all__ = ["OracleChoice"]


class OracleChoice(L.Callback):
    """Keeps the weights of the epoch that is best on the target by its labels, beside the others.

    The choice is by the accuracy on the target's validation events; both models are compared on the
    test events, so that the oracle's is not the better one by luck alone. Nothing of it goes into
    the model that is kept. It takes a method that classifies while it trains, and labelled
    validation events of a target; without, it does nothing.

    Args:
        prepared: the run.
        batch_size: events per forward pass.
    """

    def __init__(self, prepared: Prepared, batch_size: int) -> None:
        self.prepared = prepared
        self.batch_size = batch_size
        events = prepared.data.target["validation"]
        self._events = events[prepared.truth[events] >= 0]
        self._scores: list[float] = []
        self._best: dict[str, Tensor] = {}

    def on_validation_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Called by Lightning."""
        method = self.prepared.method
        if trainer.sanity_checking or not method.classifies or not self._events.numel():
            return
        score = self._accuracy(method, self._events)
        if all(score > other for other in self._scores):
            self._best = {
                name: value.detach().cpu().clone() for name, value in pl_module.state_dict().items()
            }
        self._scores.append(score)

    def _accuracy(self, method: Method, events: Tensor) -> float:
        embedding = embed_events(
            method,
            self.prepared.feed,
            events,
            edges=self.prepared.edges,
            batch_size=self.batch_size,
        ).embedding
        guessed = class_scores(method, embedding).argmax(1)
        return float((guessed == self.prepared.truth[events]).double().mean())

    def compare(self, evaluation: Evaluation, finish: Callable[[], None]) -> dict[str, Any]:
        """The accuracy on the test events of the model that is kept, and of the oracle's.

        The model is left as it was.

        Args:
            evaluation: of the model that is kept.
            finish: what is done to a model once it is trained.

        Returns:
            ``by_validator``, ``by_oracle`` and ``oracle_epoch``; None where they are not known.
        """
        events = evaluation.events
        test = (events["split"] == SPLITS.index("test")) & (events["y"] >= 0)
        found: dict[str, Any] = dict.fromkeys(("by_validator", "by_oracle", "oracle_epoch"))
        if not test.any() or not events["scores"].shape[1]:
            return found
        right = events["scores"][test].argmax(1) == events["y"][test]
        found["by_validator"] = float(right.mean())
        if not self._best:
            return found
        method, split = self.prepared.method, evaluation.splits["test"]
        kept = {name: value.detach().clone() for name, value in method.state_dict().items()}
        method.load_state_dict(self._best)
        finish()
        found["by_oracle"] = self._accuracy(method, split[self.prepared.truth[split] >= 0])
        method.load_state_dict(kept)
        found["oracle_epoch"] = self._scores.index(max(self._scores))
        return found

    def state_dict(self) -> dict[str, Any]:
        """Called by Lightning."""
        return {"scores": self._scores, "best": self._best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Called by Lightning."""
        self._scores, self._best = list(state_dict["scores"]), dict(state_dict["best"])
