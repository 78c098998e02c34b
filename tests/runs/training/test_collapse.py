"""Watching for collapse: what is looked at, what is said, and when."""

from __future__ import annotations

import lightning as L
import pytest
import torch
from torch import nn

from hitclr.runs.training import CollapseWatch, EmaWeights
from hitclr.runs.training.collapse import at_collapse
from hitclr.studies.representation import alignment, effective_rank, uniformity


class Point(nn.Module):
    """The same embedding for all events, but for a little; or all on one line."""

    out_channels = 6

    def __init__(self, line=False):
        super().__init__()
        self.line = line
        self.weight = nn.Parameter(torch.ones(6))

    def forward(self, batch):
        events = torch.arange(batch.num_graphs)
        amount = (1.0 - 2.0 * (events % 2))[:, None] if self.line else 1 + 1e-6 * events[:, None]
        return amount * self.weight


class Embedded(L.Callback):
    """Encodes the last two steps of the epoch anew, from the weights that they had."""

    def __init__(self, events):
        self.events, self.steps = events, []

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        if batch_idx < trainer.num_training_batches - 2:
            return
        kept = {name: value.clone() for name, value in pl_module.state_dict().items()}
        with torch.no_grad():
            self.steps.append([pl_module.encoder.forward(pl_module.norm(v)) for v in batch])
        pl_module.load_state_dict(kept)


def test_what_it_logs_is_of_both_views_in_the_last_steps(fit):
    again = Embedded(12)
    trainer, _ = fit(again, CollapseWatch(print, events=12), epochs=1)
    first = torch.cat([step[0] for step in again.steps])
    second = torch.cat([step[1] for step in again.steps])
    assert len(first) == 12
    metrics = trainer.callback_metrics
    assert float(metrics["rank"]) == pytest.approx(effective_rank(first), rel=1e-5)
    assert float(metrics["uniformity"]) == pytest.approx(uniformity(first), rel=1e-4)
    assert float(metrics["alignment"]) == pytest.approx(alignment(first, second), rel=1e-4)


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
def test_it_looks_at_a_compiled_encoder_too(fit, make, compiled):
    method = make()
    if compiled:
        method.encoder.compile(dynamic=True, backend="eager")
    trainer, _ = fit(CollapseWatch(print, events=12), EmaWeights(0.9), method=method, epochs=1)
    plain, _ = fit(CollapseWatch(print, events=12), EmaWeights(0.9), epochs=1)
    found, expected = (float(one.callback_metrics["rank"]) for one in (trainer, plain))
    assert found == pytest.approx(expected, rel=1e-4)


def test_a_method_of_one_view_is_left_alone(fit, make):
    trainer, _ = fit(CollapseWatch(print), method=make("classifier"), views=1, epochs=1)
    assert "rank" not in trainer.callback_metrics


def test_no_hook_stays_behind(fit, make):
    method = make()
    fit(CollapseWatch(print), method=method, epochs=1)
    assert not method.encoder._forward_hooks
    assert not method.criterion._forward_hooks
    with pytest.raises(RuntimeError, match="died"):
        fit(CollapseWatch(print), method=method, epochs=1, die_at=2)
    assert not method.encoder._forward_hooks


@pytest.mark.parametrize(("line", "text"), [(False, "at the same point"), (True, "on one line")])
def test_a_collapsed_representation_is_told_once(fit, make, line, text):
    method = make()
    method.encoder = Point(line)
    lines = []
    trainer, _ = fit(CollapseWatch(lines.append, first_epochs=99), method=method)
    (said,) = lines
    assert text in said
    assert "what to do" in said
    assert float(trainer.callback_metrics["rank"]) == pytest.approx(1, abs=0.05)


def test_a_loss_that_stays_at_its_collapsed_value_is_told(fit, make):
    """Six events of two views, all with one embedding: the loss is log(11) in all epochs."""
    method = make(batch_norm=False)
    method.encoder = Point()
    method.encoder.weight.requires_grad_(False)
    lines = []
    watch = CollapseWatch(lines.append, first_epochs=2)
    fit(watch, method=method)
    assert [line for line in lines if "After 2 epochs the contrastive loss is 2.398" in line]
    assert watch.stayed == pytest.approx((2.398, 2.398), abs=0.001)
    lines.clear()
    fit(CollapseWatch(lines.append, first_epochs=4), method=method)
    assert not [line for line in lines if "contrastive loss" in line]


def test_other_terms_of_the_loss_do_not_count(fit, make):
    class More(type(make())):
        def loss(self, views):
            return super().loss(views) + 100

    method = make(batch_norm=False)
    method.__class__ = More
    method.encoder = Point()
    method.encoder.weight.requires_grad_(False)
    lines = []
    fit(CollapseWatch(lines.append, first_epochs=2), method=method)
    assert [line for line in lines if "the contrastive loss is 2.398" in line]


def test_validation_does_not_count(fit):
    class Seen(L.Callback):
        def on_train_end(self, trainer, pl_module):
            self.events = watch._number

    watch, seen = CollapseWatch(print), Seen()
    fit(watch, seen, epochs=1)
    assert seen.events == 24


def test_a_training_that_learns_is_not_warned_of(fit):
    lines = []
    watch = CollapseWatch(lines.append)
    fit(watch, epochs=4)
    assert lines == []
    assert watch.stayed is None


def test_what_was_said_is_not_said_again_when_resumed(fit, make):
    def collapsed():
        method = make()
        method.encoder = Point()
        return method

    with pytest.raises(RuntimeError, match="died"):
        fit(CollapseWatch(print, first_epochs=99), method=collapsed(), die_at=6)
    lines = []
    fit(CollapseWatch(lines.append, first_epochs=99), method=collapsed(), resume=True)
    assert lines == []


def test_a_resumed_epoch_has_the_loss_of_all_its_steps(fit, make):
    class Sums(L.Callback):
        def on_train_end(self, trainer, pl_module):
            self.found = [float(watch._loss), watch._collapsed, watch._number]

    watch, whole = CollapseWatch(print), Sums()
    fit(watch, whole)
    with pytest.raises(RuntimeError, match="died"):
        fit(CollapseWatch(print), die_at=10)
    watch, resumed = CollapseWatch(print), Sums()
    fit(watch, resumed, resume=True)
    assert resumed.found == pytest.approx(whole.found)


def test_near_the_collapsed_loss():
    assert at_collapse(6.24, 6.24)
    assert at_collapse(6.15, 6.24)
    assert not at_collapse(5.8, 6.24)
