"""Methods that compare labelled samples do not use what tells the class in some of them only.

By the stable feature alone ``Phi(1 / hypot(1.2, 0.1 / sqrt(3)))`` = 80 % are right in any domain.
"""

from __future__ import annotations

import lightning as L
import pytest
import torch
import torch.nn.functional as F

from hitclr.errors import SettingsError
from hitclr.methods import Classifier, GroupDRO, VREx

SEEDS = (0, 1)


def accuracies(toy, kind, agreement, **options):
    """The mean accuracy over seeds on the last domain, which has no labels, and the methods."""
    found, methods = [], []
    last = len(agreement) - 1
    for seed in SEEDS:
        store = toy.spurious(agreement, seed=seed)
        method = toy.make(kind, seed, **options)
        data = toy.feed(store, method.needs, targets=(last,), batch_size=128, seed=seed)
        toy.train(method, data)
        found.append(toy.accuracy(method, store, last))
        methods.append(method)
    return sum(found) / len(found), methods


def test_vrex_does_not_use_what_differs(toy):
    agreement = (0.95, 0.7, 0.05)
    assert accuracies(toy, Classifier, agreement)[0] < 0.55
    assert accuracies(toy, VREx, agreement, weight=0.0)[0] < 0.55
    assert accuracies(toy, VREx, agreement, weight=100.0)[0] > 0.68


def test_group_dro_does_not_give_up_the_minority(toy):
    agreement = (0.95, 0.95, 0.95, 0.05, 0.05)
    without, methods = accuracies(toy, GroupDRO, agreement, step=1e-9)
    assert without < 0.68
    for method in methods:
        torch.testing.assert_close(method.criterion.weights, torch.full((4,), 0.25))
    found, methods = accuracies(toy, GroupDRO, agreement, step=0.1)
    assert found > 0.75
    for method in methods:  # the one sample has as much weight as the three
        assert 0.4 < float(method.criterion.weights[3]) < 0.6


def one_step(toy, kind, **options):
    store = toy.spurious((0.95, 0.7, 0.05))
    method = toy.make(kind, **options)
    data = toy.feed(store, kind.needs, targets=(2,))
    (view,) = next(iter(data.train_dataloader()))
    losses = F.cross_entropy(method.predict(view).log(), view.y, reduction="none")
    return method, view, [losses[view.domain == domain].mean() for domain in (0, 1)]


def test_the_loss_of_vrex(toy):
    method, view, (one, other) = one_step(toy, VREx, weight=5.0, anneal=0.5)
    mean, variance = (one + other) / 2, (one - other) ** 2 / 4
    for progress, weight in ((0.0, 1.0), (0.49, 1.0), (0.5, 5.0), (1.0, 5.0)):
        method.progress = progress
        torch.testing.assert_close(method.loss([view]), mean + weight * variance)
    method.weight, method.progress = 0.25, 0.0
    torch.testing.assert_close(method.loss([view]), mean + 0.25 * variance)
    plain = F.cross_entropy(method.eval().predict(view).log(), view.y)
    torch.testing.assert_close(method.loss([view]), plain)


def test_the_loss_of_group_dro(toy):
    method, view, risks = one_step(toy, GroupDRO, step=0.5)
    method.before_training(torch.tensor([0, 1]))
    weights = (0.5 * torch.stack(risks)).softmax(0)
    torch.testing.assert_close(method.loss([view]), weights @ torch.stack(risks))
    torch.testing.assert_close(method.criterion.weights, weights.detach())
    plain = F.cross_entropy(method.eval().predict(view).log(), view.y)
    torch.testing.assert_close(method.loss([view]), plain)
    torch.testing.assert_close(method.criterion.weights, weights.detach())


def test_samples_that_are_not_trained_on_have_no_weight(toy):
    method = toy.make(GroupDRO)
    method.before_training(torch.tensor([0, 2]))
    assert method.criterion.weights.tolist() == [0.5, 0.0, 0.5]


def test_views_and_unlabelled_events(toy):
    method, view, (one, other) = one_step(toy, VREx, weight=0.0)
    torch.testing.assert_close(method.loss([view, view]), (one + other) / 2)
    hidden = view.clone()
    hidden.y = torch.where(view.domain == 1, -1, view.y)
    torch.testing.assert_close(method.loss([hidden]), one)


def test_lightning_tells_group_dro_its_samples_and_a_checkpoint_has_the_weights(toy, tmp_path):
    store = toy.spurious((0.95, 0.05, 0.95))
    method = toy.make(GroupDRO, step=0.1)
    data = toy.feed(store, method.needs, targets=(0,))  # so that the first sample is not trained on
    trainer = L.Trainer(
        max_steps=5,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        use_distributed_sampler=False,
        limit_val_batches=0,
    )
    with pytest.warns(match="."):  # Lightning's advice on workers, and torch's on itself
        trainer.fit(method, data)
    weights = method.criterion.weights
    assert weights.shape == (3,)
    assert float(weights[0]) == 0
    assert float(weights.sum()) == pytest.approx(1)
    assert float(weights[1]) != float(weights[2])
    trainer.save_checkpoint(tmp_path / "model.ckpt")
    content = torch.load(tmp_path / "model.ckpt", weights_only=True)
    other = toy.make(GroupDRO, seed=3)
    other.load_state_dict(content["state_dict"])
    assert torch.equal(other.criterion.weights, weights)
    batch = store.batch(toy.half(store, 1, 1))
    torch.testing.assert_close(other.predict(batch), method.predict(batch))


@pytest.mark.parametrize("kind", [VREx, GroupDRO])
def test_one_labelled_sample_is_too_few(toy, kind):
    with pytest.raises(SettingsError, match="2 or more, and there is only first"):
        toy.feed(toy.spurious((0.95, 0.7)), kind.needs, targets=(1,))


@pytest.mark.parametrize(
    ("kind", "options", "part"),
    [
        (VREx, {"weight": -1.0}, "0 or more, got -1"),
        (VREx, {"anneal": 1.5}, "got 1.5"),
        (GroupDRO, {"step": 0.0}, "step"),
    ],
)
def test_options_are_checked(toy, kind, options, part):
    with pytest.raises(SettingsError, match=part):
        toy.make(kind, **options)
