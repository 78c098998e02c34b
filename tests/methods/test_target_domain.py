"""Methods that adapt to a target recover what the plain classifier loses on it.

The classifier takes the strong feature. By the stable one alone it is right in
``Phi(1 / hypot(0.6, 0.1 / sqrt(3)))`` = 95 % of the events.
"""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from hitclr.errors import HitclrError, SettingsError
from hitclr.losses import certainty_weights, multilinear_map
from hitclr.methods import CDAN, CORAL, DANN, MCC, MMD, AdaBN, Classifier, Oracle
from hitclr.methods.domain_head import DomainHead


def moved(by):
    return lambda b, noise: b + by


def stretched(b, noise):
    return 2 * b + 3


def scattered(b, noise):
    """No class in it, and a large spread."""
    return 4 * noise


def target_accuracy(toy, kind, change, *, number=200, progress=None, seeds=(0, 1), **options):
    """The mean over seeds of the accuracy on the target."""
    found = []
    for seed in seeds:
        store = toy.shifted(change, seed=seed)
        method = toy.make(kind, seed, **options)
        data = toy.feed(store, method.needs, seed=seed)
        toy.train(method, data, number=number, progress=progress)
        found.append(toy.accuracy(method, store, 1))
    return sum(found) / len(found)


@pytest.mark.parametrize(
    ("kind", "change", "options", "least", "most_without"),
    [
        (DANN, moved(2), {"hidden": 32, "number": 300}, 0.88, 0.6),
        (CDAN, moved(2), {"hidden": 32, "number": 300}, 0.85, 0.6),
        (CDAN, moved(2), {"hidden": 32, "number": 300, "entropy": False}, 0.85, 0.6),
        (MMD, moved(2), {}, 0.9, 0.6),
        (CORAL, scattered, {"weight": 100.0}, 0.8, 0.6),
        (MCC, moved(1.5), {}, 0.9, 0.8),
    ],
)
def test_the_term_recovers_the_target(toy, kind, change, options, least, most_without):
    """The head is not normalised here, as that alone adapts; see the next test."""
    options = {**options, "batch_norm": False}
    assert target_accuracy(toy, kind, change, **options) > least
    assert target_accuracy(toy, kind, change, **{**options, "weight": 0.0}) < most_without


def test_statistics_of_both_domains_adapt_too(toy):
    """What differs between domains varies much in the head's batch, and so counts little."""
    without = {"weight": 0.0, "number": 300}
    assert target_accuracy(toy, DANN, moved(2), batch_norm=False, **without) < 0.6
    assert target_accuracy(toy, DANN, moved(2), **without) > 0.85
    assert target_accuracy(toy, DANN, moved(2), hidden=32, number=300) > 0.92, "and the term helps"


@pytest.mark.parametrize("kind", [DANN, CDAN])
def test_the_reversed_gradient_does_it(toy, kind):
    """At the foot of the ramp the domain classifier learns, but the encoder is not told."""
    assert target_accuracy(toy, kind, moved(2), hidden=32, progress=0.0, batch_norm=False) < 0.65


def test_without_a_ramp_the_gradient_is_there_at_once(toy):
    store = toy.shifted(moved(2))
    for ramp in (True, False):
        method = toy.make(DANN, ramp=ramp)
        batch = store.batch(torch.arange(780, 820))
        target = batch.domain == 1
        embedding = method.embed(batch).detach().requires_grad_()
        method.term(embedding, torch.zeros(40, 2), target).backward()
        assert (float(embedding.grad.abs().max()) > 0) == (not ramp)


def test_adabn_takes_the_statistics_of_the_target(toy):
    store = toy.shifted(stretched)
    plain = toy.make(Classifier)
    toy.train(plain, toy.feed(store, plain.needs))
    assert toy.accuracy(plain, store, 1) < 0.7
    method = toy.make(AdaBN)
    data = toy.feed(store, method.needs)
    assert set(data.feed.store.events["domain"][data.splits["train"]].tolist()) == {0}
    target, data.target = data.target["train"], {"train": torch.zeros(0, dtype=torch.int64)}
    toy.train(method, data)
    assert toy.accuracy(method, store, 0) > 0.98
    assert toy.accuracy(method, store, 1) < 0.7, "the statistics are still those of the source"

    parts = [store.batch(part) for part in target.split(150)]  # the last one is smaller
    method.train()
    method.after_training(iter(parts))
    assert method.training
    method.eval()
    assert toy.accuracy(method, store, 1) > 0.98
    with torch.no_grad():
        normalised = method.head.norm(method.embed(store.batch(target)))
    torch.testing.assert_close(normalised.mean(0), torch.zeros(8), atol=1e-4, rtol=0)
    torch.testing.assert_close(normalised.std(0), torch.ones(8), atol=1e-3, rtol=0)

    other = toy.make(AdaBN, seed=5)
    other.load_state_dict(method.state_dict())
    batch = store.batch(target)
    torch.testing.assert_close(other.eval().predict(batch), method.predict(batch))
    for none in ([], [store.batch(target[:1])]):
        with pytest.raises(HitclrError, match="two training events of the target"):
            method.after_training(none)


def test_adabn_takes_them_from_the_encoder_as_it_predicts(toy):
    """Not as it trains, where dropout would add to the variance."""
    store = toy.shifted(stretched)
    batch = store.batch(toy.half(store, 1, 0))
    method = toy.make(AdaBN)
    method.encoder.layers.append(torch.nn.Dropout(0.5))
    method.train()
    method.after_training([batch])
    with torch.no_grad():
        encoded = method.eval().encoder(method.norm(batch))
    torch.testing.assert_close(method.head.norm.running_mean, encoded.mean(0))
    torch.testing.assert_close(method.head.norm.running_var, encoded.var(0))


def test_the_oracle_is_trained_on_the_target_alone(toy):
    store = toy.shifted(moved(3))
    method = toy.make(Oracle)
    data = toy.feed(store, method.needs)
    seen = torch.cat([views[0].domain for views in data.train_dataloader()])
    assert set(seen.tolist()) == {1}
    toy.train(method, data)
    assert toy.accuracy(method, store, 1) > 0.98
    assert toy.accuracy(method, store, 0) < 0.6
    with pytest.raises(SettingsError, match=r"data\.target"):
        toy.feed(store, method.needs, targets=())


@pytest.mark.parametrize("kind", [DANN, MMD, AdaBN])
def test_no_target_is_a_clear_error(toy, kind):
    with pytest.raises(SettingsError, match=r"no training events of one.*labelled: false"):
        toy.feed(toy.shifted(moved(2)), kind.needs, targets=())


@pytest.mark.parametrize("kind", [DANN, CDAN, MMD, CORAL, MCC, AdaBN])
def test_labels_of_the_target_never_reach_the_method(toy, kind):
    store = toy.shifted(moved(2))
    states = []
    for garbage in (0, 1):
        store.events["y"][store.events["domain"] == 1] = garbage
        method = toy.make(kind)
        toy.train(method, toy.feed(store, kind.needs), number=10)
        states.append(method.state_dict())
    for name, value in states[0].items():
        assert torch.equal(value, states[1][name]), name


@pytest.mark.parametrize("kind", [DANN, CDAN, MMD, CORAL, MCC])
def test_a_step_has_both_domains_and_validation_no_term(toy, kind):
    store = toy.shifted(moved(2))
    method = toy.make(kind)
    views = next(iter(toy.feed(store, kind.needs).train_dataloader()))
    assert views[0].domain.sum() * 2 == views[0].num_graphs
    source = views[0].y >= 0
    with torch.no_grad():
        logits = method.logits(method.embed(views[0]))
        plain = F.cross_entropy(logits[source], views[0].y[source])
        term = method.term(method.embed(views[0]), logits, ~source)
        torch.testing.assert_close(method.loss(views), plain + term)
        method.weight = 3.0
        torch.testing.assert_close(method.loss(views), plain + 3 * term)
        method.eval()
        logits = method.logits(method.embed(views[0]))
        plain = F.cross_entropy(logits[source], views[0].y[source])
        torch.testing.assert_close(method.loss(views), plain)


def test_both_domains_count_the_same():
    head = DomainHead(2, 4)
    random = torch.Generator().manual_seed(0)
    features, target = torch.randn(9, 2, generator=random), torch.arange(9) < 2
    scores = head.layers(features)[:, 0]
    expected = -(scores[target].sigmoid().log().mean() + (-scores[~target]).sigmoid().log().mean())
    torch.testing.assert_close(head(features, target, 1.0), expected / 2)
    weights = torch.rand(9, generator=random)
    ones, others = (
        (F.softplus(sign * scores) * weights)[rows].sum() / weights[rows].sum()
        for sign, rows in ((-1, target), (1, ~target))
    )
    torch.testing.assert_close(head(features, target, 1.0, weights), (ones + others) / 2)
    for layer in head.layers[::2]:
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    assert head(features, target, 1.0).item() == pytest.approx(math.log(2))


def test_cdan_looks_at_products_with_the_predictions(toy):
    method = toy.make(CDAN)
    random = torch.Generator().manual_seed(0)
    embedding = torch.randn(12, 8, generator=random, requires_grad=True)
    logits = torch.randn(12, 2, generator=random, requires_grad=True)
    target = torch.arange(12) < 5
    products = multilinear_map(embedding, logits.softmax(1))
    plain = method.domain_head(products, target, 0.0)
    weighted = method.domain_head(products, target, 0.0, certainty_weights(logits))
    torch.testing.assert_close(method.term(embedding, logits, target), weighted)
    method.term(embedding, logits, target).backward()
    assert logits.grad is None
    method.entropy = False
    torch.testing.assert_close(method.term(embedding, logits, target), plain)
    assert not torch.isclose(plain, weighted)


@pytest.mark.parametrize(
    ("kind", "options", "part"),
    [
        (DANN, {"hidden": 0}, "hidden of 1 or more"),
        (CDAN, {"hidden": 0}, "hidden of 1 or more"),
        (MMD, {"weight": -1.0}, "0 or more, got -1"),
        (CORAL, {"weight": math.nan}, "0 or more, got nan"),
        (MCC, {"temperature": 0.0}, "temperature"),
        (AdaBN, {"views": -1}, "views of 0 or more"),
    ],
)
def test_options_are_checked(toy, kind, options, part):
    with pytest.raises(SettingsError, match=part):
        toy.make(kind, **options)
