"""Each check of a method passes sound ones and catches a mistake."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from hitclr.methods import DANN, Classifier, Contrastive, Needs
from hitclr.testing import METHOD_CHECKS, check_method
from hitclr.testing.learnable import feed_for

CHECKS = {check.name: check for check in METHOD_CHECKS}


class NoMethod(nn.Module):
    def __init__(self, encoder, norm, num_classes):
        super().__init__()


class NoNeeds(Classifier):
    needs = None


class NoViews(Classifier):
    needs = Needs(views=0, labels=True)


class WantsTwo(Classifier):
    """Looks at a second view that it does not declare."""

    def loss(self, views):
        return super().loss(views[1:2])


class WantsLabels(Classifier):
    """Does not declare that it needs labels."""

    needs = Needs()


class WantsWeights(Classifier):
    """Cannot do without weights."""

    def loss(self, views):
        return super().loss(views) * views[0].weight.mean()


class NoLoss(Classifier):
    def loss(self, views):
        return super().loss(views).detach()


class ManyLosses(Classifier):
    def loss(self, views):
        return self.cross_entropy(views[0], self.logits(self.embed(views[0])))


class NoWeights(Classifier):
    """Declares weights, and drops them."""

    def loss(self, views):
        plain = [view.clone() for view in views]
        for view in plain:
            if "weight" in view:
                del view["weight"]
        return super().loss(plain)


class Climbs(Classifier):
    def loss(self, views):
        return -super().loss(views)

    def training_step(self, views, _):
        return self.loss(views)


class Ascends(Classifier):
    """A reversed gradient, as after a wrong sign."""

    def loss(self, views):
        loss = super().loss(views)
        return 2 * loss.detach() - loss


class WrongRepresentation(Classifier):
    def embed(self, batch):
        return super().embed(batch)[:3]


class WrongClasses(Classifier):
    def predict(self, batch):
        return super().predict(batch)[:, :1]


class NoProbabilities(Classifier):
    def predict(self, batch):
        return self.logits(self.embed(batch))


class Forgets(Classifier):
    """Learns a number that its state does not have."""

    def __init__(self, *given, **options):
        super().__init__(*given, **options)
        self.offset = torch.zeros(())

    def loss(self, views):
        self.offset = self.offset + 1
        return super().loss(views)

    def embed(self, batch):
        return super().embed(batch) + self.offset


class ForgetsClasses(Forgets):
    def embed(self, batch):
        return Classifier.embed(self, batch)

    def logits(self, embedding):
        return super().logits(embedding) + self.offset * torch.tensor([1.0, 0.0])


CASES = [
    (NoMethod, "declares_its_needs", "got NoMethod"),
    (NoNeeds, "declares_its_needs", "as needs, got None"),
    (NoViews, "declares_its_needs", "got 0 and 1"),
    (WantsTwo, "needs_no_more_than_it_declares", "it raised"),
    (WantsLabels, "needs_no_more_than_it_declares", "1 view(s), no labels"),
    (WantsWeights, "needs_no_more_than_it_declares", "weight"),
    (NoLoss, "needs_no_more_than_it_declares", "does not depend on any weight"),
    (ManyLosses, "needs_no_more_than_it_declares", "one number, got [96]"),
    (NoWeights, "minds_weights_if_declared", "of equal weights and of weights 0.1 to 2"),
    (Ascends, "steps_lower_the_loss", "over 10 steps"),
    (WrongRepresentation, "gives_representations_and_scores", "embed: expected finite"),
    (WrongClasses, "gives_representations_and_scores", "predict: expected [144, 2]"),
    (NoProbabilities, "gives_representations_and_scores", "sum to 1"),
    (Forgets, "comes_back_from_a_checkpoint", "embed: the first event"),
    (ForgetsClasses, "comes_back_from_a_checkpoint", "predict: the first event"),
]


@pytest.mark.parametrize(("kind", "name", "words"), CASES, ids=[c[0].__name__ for c in CASES])
def test_a_mistake_is_caught_by_its_check(kind, name, words):
    with pytest.raises(AssertionError) as caught:
        CHECKS[name](kind)
    assert f"{kind.__name__} breaks the contract: {CHECKS[name].title}" in str(caught.value)
    assert words in str(caught.value)
    with pytest.raises(AssertionError):
        check_method(kind)


def test_every_check_has_a_mistake_that_it_catches():
    assert {name for _, name, _ in CASES} == set(CHECKS)
    assert all(len(check.why) > 20 for check in CHECKS.values())


@pytest.mark.parametrize("kind", [Classifier, Contrastive, DANN])
def test_a_sound_method_passes(kind):
    check_method(kind)


def test_it_is_fed_with_what_it_declares():
    (view,) = next(iter(feed_for(Needs(labels=True)).train_dataloader()))
    assert set(view.y.tolist()) == {0, 1}
    assert 2 not in view.domain
    assert "weight" not in view
    (view,) = next(iter(feed_for(Needs(), labels=False).train_dataloader()))
    assert set(view.y.tolist()) == {-1}
    (view,) = next(iter(feed_for(Needs(labels=True, target="beside")).train_dataloader()))
    assert set(view.y[view.domain == 2].tolist()) == {-1}
    (view,) = next(iter(feed_for(Needs(labels=True, target="labelled")).train_dataloader()))
    assert set(view.domain.tolist()) == {2}
    assert set(view.y.tolist()) == {0, 1}
    one, two = next(iter(feed_for(Needs(views=2, augmented=True)).train_dataloader()))
    assert not torch.equal(one.x, two.x)
    (view,) = next(iter(feed_for(replace(Needs(), weights=True), weights=True).train_dataloader()))
    assert view.weight.unique().numel() > 100
