"""Choosing the model of one epoch by a validator."""

from __future__ import annotations

import math
from typing import Any

import lightning as L
import torch
from torch import Tensor

from hitclr.errors import HitclrError, SettingsError
from hitclr.methods import Method
from hitclr.runs.prepare import Prepared
from hitclr.studies import class_scores, embed_events
from hitclr.studies.validators import Outputs

__all__ = ["LAST_EPOCH", "SCORE", "Selection"]

LAST_EPOCH = "last"
"""What ``select`` says where no validator is to choose."""

SCORE = "selection_score"
"""The name under which the score is logged."""


class Selection(L.Callback):
    """Scores the model at the end of each epoch, and keeps the weights of the best.

    Scores are of the validation events as they are, not of augmented views. Where weights are
    averaged, it is the average that is scored and kept. An epoch whose score is infinite, as where
    a loss overflowed, is not chosen; where all are, the last weights stay.

    Args:
        prepared: the run; without its validator, nothing is scored and the last weights stay.
        name: of the validator.
        batch_size: events per forward pass.

    Attributes:
        rows: one ``{"epoch", "score"}`` per epoch.

    Raises:
        SettingsError: there are no events to score, or the method does not classify as it trains.
    """

    def __init__(self, prepared: Prepared, name: str, batch_size: int) -> None:
        self.prepared = prepared
        self.name = name
        self.batch_size = batch_size
        self.rows: list[dict[str, Any]] = []
        self._best: dict[str, Tensor] = {}
        self._require_scorable()

    def _require_scorable(self) -> None:
        validator = self.prepared.validator
        if validator is None:
            return
        data = self.prepared.data
        lacking = ""
        if not data.splits["validation"].numel():
            lacking = "there are no validation events: make data.split.validation larger"
        elif validator.looks_at != "loss" and not self.prepared.method.classifies:
            lacking = (
                "the method gives no class scores while it trains: take `select: validation-loss`"
            )
        elif validator.looks_at in ("target", "truth") and not data.target["validation"].numel():
            lacking = (
                "there are no validation events of a target domain: name one under data.target, or "
                "give a sample with `labelled: false`"
            )
        elif validator.looks_at == "truth" and bool(
            (self.prepared.truth[data.target["validation"]] < 0).all()
        ):
            lacking = "the target's events have no labels: take another validator"
        if lacking:
            message = f"select: the validator {self.name} cannot score this run; {lacking}"
            raise SettingsError(message)

    def on_validation_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Called by Lightning."""
        validator = self.prepared.validator
        if validator is None or trainer.sanity_checking:
            return
        loss = trainer.callback_metrics.get("validation_loss")
        score = validator(self._outputs(None if loss is None else float(loss)))
        if math.isnan(score):
            message = (
                f"select: the validator {self.name} gave NaN in epoch {trainer.current_epoch}: the "
                f"training diverged; a lower optimizer.lr or trainer.gradient_clip helps"
            )
            raise HitclrError(message)
        if math.isfinite(score) and all(score > row["score"] for row in self._finite()):
            self._best = {
                name: value.detach().cpu().clone() for name, value in pl_module.state_dict().items()
            }
        self.rows.append({"epoch": trainer.current_epoch, "score": score})
        pl_module.log(SCORE, score)

    def _finite(self) -> list[dict[str, Any]]:
        """The rows of the epochs that may be chosen."""
        return [row for row in self.rows if math.isfinite(row["score"])]

    def _outputs(self, loss: float | None) -> Outputs:
        prepared = self.prepared
        data, labels = prepared.data, prepared.feed.store.labels
        source, target = data.splits["validation"], data.target["validation"]
        source = source[labels[source] >= 0]
        looks_at = "loss" if prepared.validator is None else prepared.validator.looks_at
        nothing = torch.zeros(0, dtype=torch.int64)
        source_scores = self._scores(source if looks_at == "source" else nothing)
        target_scores = self._scores(target if looks_at in ("target", "truth") else nothing)
        return Outputs(
            loss,
            source_scores,
            labels[source][: len(source_scores)],
            target_scores,
            prepared.truth[target][: len(target_scores)],
        )

    def _scores(self, events: Tensor) -> Tensor:
        """Class scores [K, C] of events [K]."""
        prepared = self.prepared
        method = prepared.method
        if not events.numel():
            return torch.zeros(0, method.num_classes)
        embedding = embed_events(
            method, prepared.feed, events, edges=prepared.edges, batch_size=self.batch_size
        ).embedding
        return class_scores(method, embedding)

    def restore(self, method: Method) -> None:
        """Give a method the weights of the best epoch."""
        if self._best:
            method.load_state_dict(self._best)

    def results(self) -> dict[str, Any]:
        """What was chosen and why, for the report."""
        best = max(self._finite(), key=lambda row: row["score"], default=None)
        return {
            "validator": self.name,
            "looks_at": None
            if self.prepared.validator is None
            else self.prepared.validator.looks_at,
            "epoch": None if best is None else best["epoch"],
            "scores": self.rows,
        }

    def state_dict(self) -> dict[str, Any]:
        """Called by Lightning."""
        return {"rows": self.rows, "best": self._best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Called by Lightning."""
        self.rows, self._best = list(state_dict["rows"]), dict(state_dict["best"])
