"""Methods that learn from views: what differs between the views of an event is not kept.

Views under other throws have the strong feature moved, as the target has. By the stable one alone
95 % are right. The encoder is so narrow that it has to choose.
"""

from __future__ import annotations

import math

import pytest
import torch

from hitclr.errors import HitclrError, SettingsError
from hitclr.losses import (
    AlphaSchedule,
    barlow_twins_loss,
    contrastive_loss,
    coral_loss,
    vicreg_loss,
)
from hitclr.methods import (
    AugmentedClassifier,
    BarlowTwins,
    Classifier,
    Contrastive,
    ContrastiveCORAL,
    ContrastiveDANN,
    Joint,
    RandomThrows,
    VICReg,
)
from hitclr.rng import generator

TWO_VIEWS = (Contrastive, Joint, ContrastiveDANN, ContrastiveCORAL, VICReg, BarlowTwins)


def moved(by):
    return lambda b, noise: b + by


def scattered(b, noise):
    return 4 * noise


def trained(toy, kind, change, reach, seed=0, *, number=200, lr=1e-2, **options):
    """A method trained on views that move the strong feature by up to ``reach``, and the events."""
    store = toy.shifted(change, seed=seed)
    method = toy.make(kind, seed, width=2, **options)
    data = toy.feed(store, method.needs, source=toy.Thrown(reach), seed=seed)
    return toy.train(method, data, number=number, lr=lr), store


def target_accuracy(toy, *what, **options):
    found = []
    for seed in (0, 1):
        method, store = trained(toy, *what, seed=seed, **options)
        found.append(toy.accuracy(method, store, 1))
    return sum(found) / len(found)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (AugmentedClassifier, {}),
        (RandomThrows, {}),
        (Contrastive, {"alpha": 0.0}),
        (Joint, {"batch_norm": False}),  # its batch has the target, whose statistics would help
    ],
)
def test_views_under_other_throws_recover_the_target(toy, kind, options):
    assert target_accuracy(toy, kind, moved(3), 4.0, **options) > 0.9
    assert target_accuracy(toy, kind, moved(3), 0.0, **options) < 0.75


@torch.no_grad()
def unlikeness(toy, method, store):
    """How much of the representation's variance two throws of an event make, 0 to 1."""
    batch = store.batch(toy.half(store, 0, 1))
    random = [generator(9, number) for number in range(2)]
    first, second = [method.embed(view) for view in toy.Thrown(4.0).views(batch, random)]
    total = 2 * torch.cat([first, second]).var(0).sum()
    return float((first - second).square().sum(1).mean() / total)


@pytest.mark.parametrize("kind", [VICReg, BarlowTwins])
def test_without_negatives_views_agree_and_nothing_collapses(toy, kind):
    for seed in (0, 1):
        method, store = trained(toy, kind, moved(3), 4.0, seed, projection=8)
        assert unlikeness(toy, method, store) < 0.1
        assert toy.accuracy(method, store, 0) > 0.85
        method, store = trained(toy, kind, moved(3), 0.0, seed, projection=8)
        assert unlikeness(toy, method, store) > 0.3


@pytest.mark.parametrize(
    ("kind", "change", "reach", "options"),
    [
        (ContrastiveDANN, moved(2), 0.3, {"alpha": 0.0, "hidden": 32, "number": 300, "lr": 7e-3}),
        (ContrastiveCORAL, scattered, 0.6, {"alpha": 0.0, "weight": 100.0}),
    ],
)
def test_the_term_recovers_the_target(toy, kind, change, reach, options):
    found = target_accuracy(toy, kind, change, reach, **options)
    without = target_accuracy(toy, kind, change, reach, **{**options, "weight": 0.0})
    assert found > 0.75
    assert without < 0.65


def one_step(toy, kind, **options):
    store = toy.shifted(moved(2))
    method = toy.make(kind, **options)
    data = toy.feed(store, method.needs, source=toy.Thrown(1.0))
    views = next(iter(data.train_dataloader()))
    embedding = torch.cat([method.embed(view) for view in views])
    return method, views, embedding


def test_the_losses_are_those_of_the_projections(toy):
    for kind, loss, options in (
        (VICReg, vicreg_loss, {"invariance": 2.0, "variance": 3.0, "covariance": 4.0}),
        (BarlowTwins, barlow_twins_loss, {"redundancy": 0.1}),
        (Contrastive, contrastive_loss, {"alpha": 0.0, "temperature": 0.3}),
    ):
        method, views, embedding = one_step(toy, kind, projection=16, **options)
        first, second = method.projector(embedding).chunk(2)
        torch.testing.assert_close(method.loss(views), loss(first, second, **options))


def test_alpha_moves_with_the_progress(toy):
    schedule = AlphaSchedule(0.0, 1.0)
    method, views, embedding = one_step(toy, Contrastive, alpha=schedule)
    first, second = method.projector(embedding).chunk(2)
    for progress in (0.0, 0.25, 1.0):
        method.progress = progress
        expected = contrastive_loss(first, second, views[0].y, alpha=progress)
        torch.testing.assert_close(method.loss(views), expected)


def test_joint_is_a_sum_by_shares(toy):
    method, views, embedding = one_step(toy, Joint, share=0.3, alpha=0.5, batch_norm=False)
    assert bool((views[0].y < 0).any()), "the target's events are trained on, without labels"
    classified = Classifier.loss(method, views)
    first, second = method.projector(embedding).chunk(2)
    contrast = contrastive_loss(first, second, views[0].y, alpha=0.5)
    torch.testing.assert_close(method.loss(views), 0.3 * classified + 0.7 * contrast)
    for view in views:
        view.y = torch.full_like(view.y, -1)
    contrast = contrastive_loss(first, second)
    torch.testing.assert_close(method.loss(views), 0.7 * (0.5 * contrast + 0.5 * contrast))


@pytest.mark.parametrize("kind", [ContrastiveDANN, ContrastiveCORAL])
def test_the_term_is_of_both_views_and_left_out_in_validation(toy, kind):
    method, views, embedding = one_step(toy, kind, weight=2.0)
    target = torch.cat([view.domain for view in views]) == 1
    assert int(target.sum()) * 2 == len(embedding)
    with torch.no_grad():
        term = method.term(embedding, target)
        contrast = method.contrast(embedding, views[0].y)
        torch.testing.assert_close(method.loss(views), contrast + 2 * term)
        if kind is ContrastiveCORAL:
            torch.testing.assert_close(term, coral_loss(embedding[~target], embedding[target]))
        method.eval()
        alone = method.contrast(torch.cat([method.embed(view) for view in views]), views[0].y)
        torch.testing.assert_close(method.loss(views), alone)


def test_the_ramp_of_contrastive_dann(toy):
    for ramp in (True, False):
        method, _, embedding = one_step(toy, ContrastiveDANN, ramp=ramp)
        embedding = embedding.detach().requires_grad_()
        method.term(embedding, torch.arange(len(embedding)) % 2 == 1).backward()
        assert (float(embedding.grad.abs().max()) > 0) == (not ramp)


@pytest.mark.parametrize("kind", TWO_VIEWS)
def test_labels_of_the_target_never_reach_the_method(toy, kind):
    store = toy.shifted(moved(2))
    options = {} if kind in (VICReg, BarlowTwins) else {"alpha": 1.0}
    states = []
    for garbage in (0, 1):
        store.events["y"][store.events["domain"] == 1] = garbage
        method = toy.make(kind, **options)
        toy.train(method, toy.feed(store, kind.needs), number=10)
        states.append(method.state_dict())
    for name, value in states[0].items():
        assert torch.equal(value, states[1][name]), name


def test_what_a_probe_reads_out(toy):
    for kind in TWO_VIEWS:
        assert kind.classifies == (kind is Joint)
        method = toy.make(kind)
        if kind is not Joint:
            with pytest.raises(HitclrError, match="has not been fitted"):
                method.logits(torch.zeros(1, method.width))


def test_random_throws_wants_throws(toy):
    with pytest.raises(SettingsError, match=r"views\.resimulate"):
        toy.feed(toy.shifted(moved(2)), RandomThrows.needs)
    assert toy.make(RandomThrows).needs == RandomThrows.needs
    assert toy.make(RandomThrows).needs.views == toy.make(AugmentedClassifier).needs.views == 2
    assert toy.make(RandomThrows, views=3).needs.views == 3
    assert toy.make(RandomThrows, views=3).needs.thrown


@pytest.mark.parametrize(
    ("kind", "options", "part"),
    [
        (AugmentedClassifier, {"views": 0}, "1 or more"),
        (RandomThrows, {"views": 0}, "1 or more"),
        (Joint, {"share": 0.0}, "share"),
        (Joint, {"share": 1.5}, "share"),
        (Joint, {"alpha": 2.0}, "alpha"),
        (Contrastive, {"temperature": 0.0}, "temperature"),
        (VICReg, {"variance": -1.0}, "variance"),
        (BarlowTwins, {"redundancy": math.inf}, "redundancy"),
        (ContrastiveDANN, {"weight": -1.0}, "weight"),
        (ContrastiveDANN, {"hidden": 0}, "hidden"),
        (ContrastiveCORAL, {"weight": math.inf}, "weight"),
    ],
)
def test_options_are_checked(toy, kind, options, part):
    with pytest.raises(SettingsError, match=part):
        toy.make(kind, **options)
