"""Factors for weights: what they are to bring about, and a limit found by bisection."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hitclr.errors import HitclrError
from hitclr.events.reweight import measure_reweighting

NAMES = ("signal", "background")
EDGES = [torch.tensor([0.0, 1.0, 2.0, 4.0, 8.0], dtype=torch.float64)]


def events(seed=0, number=4000):
    """Falling spectra of two classes, with weights of both signs."""
    random = np.random.default_rng(seed)
    labels = (random.random(number) < 0.8).astype(np.int64)
    values = random.exponential(np.where(labels == 0, 2.5, 1.2), number)
    weights = random.choice([-0.2, 1.0, 2.0], number)
    return (torch.from_numpy(part) for part in (values[:, None], labels, weights))


def measure(values, labels, weights, edges=EDGES, names=NAMES, **changes):
    options = {"reference": None, "equal_classes": True, "max_ratio": None, **changes}
    return measure_reweighting(values, labels, weights, edges, names, **options)


def contents(edges, values, labels, weights):
    """The weights of each class and bin [C, K...], by numpy; the outer bins are open."""
    inside = [
        np.clip(column, edge[0], np.nextafter(edge[-1], 0))
        for column, edge in zip(values.numpy().T, [e.numpy() for e in edges], strict=True)
    ]
    return np.stack(
        [
            np.histogramdd(
                [column[labels.numpy() == label] for column in inside],
                [edge.numpy() for edge in edges],
                weights=weights.numpy()[labels.numpy() == label],
            )[0]
            for label in range(int(labels.max()) + 1)
        ]
    )


def test_every_bin_gets_the_same_content():
    values, labels, weights = events()
    assert (values > EDGES[0][-1]).any()  # outside, and counted in the last bin
    made = measure(values, labels, weights)
    before = contents(EDGES, values, labels, weights)
    np.testing.assert_allclose(made.sums.numpy(), before, rtol=1e-12)
    unweighted = contents(EDGES, values, labels, torch.ones_like(weights))
    np.testing.assert_array_equal(made.events.numpy(), unweighted)
    after = contents(EDGES, values, labels, weights * made.of(values, labels))
    np.testing.assert_allclose(after, weights.sum() / after.size, rtol=1e-12)


def test_classes_keep_their_content_where_that_is_asked_for():
    values, labels, weights = events()
    made = measure(values, labels, weights, equal_classes=False)
    after = contents(EDGES, values, labels, weights * made.of(values, labels))
    before = contents(EDGES, values, labels, weights).sum(1, keepdims=True)
    np.testing.assert_allclose(after, np.broadcast_to(before / 4, after.shape), rtol=1e-12)


@pytest.mark.parametrize("reference", [0, 1])
@pytest.mark.parametrize("equal", [True, False])
def test_all_classes_get_the_distribution_of_one(reference, equal):
    values, labels, weights = events()
    made = measure(values, labels, weights, reference=reference, equal_classes=equal)
    before = contents(EDGES, values, labels, weights)
    after = contents(EDGES, values, labels, weights * made.of(values, labels))
    shape = before[reference] / before[reference].sum()
    totals = np.full(2, before.sum() / 2) if equal else before.sum(1)
    np.testing.assert_allclose(after, totals[:, None] * shape, rtol=1e-12)


def test_two_variables():
    values, labels, weights = events()
    values = torch.cat([values, torch.cos(7 * values)], 1)
    edges = [*EDGES, torch.tensor([-1.0, 0.2, 1.0], dtype=torch.float64)]
    made = measure(values, labels, weights, edges)
    assert made.factors.shape == (2, 4, 2)
    after = contents(edges, values, labels, weights * made.of(values, labels))
    np.testing.assert_allclose(after, weights.sum() / 16, rtol=1e-12)


@pytest.mark.parametrize("limit", [1.0, 1.2, 2.0, 50.0])
@pytest.mark.parametrize("reference", [None, 0])
def test_the_limit(limit, reference):
    """min(c * factor, limit), with the mean 1; c by bisection."""
    values, labels, weights = events()
    options = {"reference": reference, "equal_classes": False}
    free = measure(values, labels, weights, **options).factors.numpy()
    made = measure(values, labels, weights, max_ratio=limit, **options)
    content = contents(EDGES, values, labels, weights)
    for label in range(2):
        low, high = 0.0, 1e6
        for _ in range(200):
            middle = 0.5 * (low + high)
            mean = np.average(np.minimum(middle * free[label], limit), weights=content[label])
            low, high = (middle, high) if mean < 1 else (low, middle)
        expected = np.minimum(high * free[label], limit)
        np.testing.assert_allclose(made.factors[label].numpy(), expected, rtol=1e-9)


def test_bins_without_events():
    """Of the class alone: the largest factor. Of the reference: 0, and the mean is still 1."""
    values = torch.tensor([[0.5], [0.5], [0.5], [1.5], [0.5], [3.0], [3.0]], dtype=torch.float64)
    labels = torch.tensor([0, 0, 0, 0, 1, 1, 1])
    weights = torch.ones(7, dtype=torch.float64)
    flat = measure(values, labels, weights, equal_classes=False)
    np.testing.assert_allclose(flat.factors[0], [2 / 3, 2, 2, 2])
    np.testing.assert_allclose(flat.factors[1], [1.5, 1.5, 0.75, 1.5])
    like = measure(values, labels, weights, equal_classes=False, reference=0)
    np.testing.assert_allclose(like.factors[0], [1, 1, 0, 0])
    # One of three background events can follow the signal: it counts for all three.
    np.testing.assert_allclose(like.factors[1], [3, 3, 0, 0])
    limited = measure(values, labels, weights, equal_classes=False, reference=0, max_ratio=1.0)
    np.testing.assert_allclose(limited.factors[1], [3, 3, 0, 0])
    late = torch.tensor([[1.0], [2.0], [-9.0], [99.0]], dtype=torch.float64)  # an edge is above
    np.testing.assert_allclose(flat.of(late, torch.ones(4).long()), [1.5, 0.75, 1.5, 1.5])


def test_events_without_weight_do_no_harm():
    values, labels, weights = events()
    weights[values[:, 0] > 4] = 0
    made = measure(values, labels, weights)
    after = contents(EDGES, values, labels, weights * made.of(values, labels))
    np.testing.assert_allclose(after[:, :3], weights.sum() / 6, rtol=1e-12)
    assert made.factors.isfinite().all()


def test_what_cannot_be_done():
    values, labels, weights = events()
    with pytest.raises(HitclrError, match="weights of the training events of signal add up to -"):
        measure(values, labels, torch.where((values[:, 0] > 4) & (labels == 0), -1.0, weights))
    cancelled = weights.clone()
    rare = ((values[:, 0] > 4) & (labels == 1)).nonzero()[:, 0]
    cancelled[rare] = 0.0
    cancelled[rare[:2]] = torch.tensor([1.0, -1.0], dtype=torch.float64)
    with pytest.raises(HitclrError, match="background add up to 0 in a bin"):
        measure(values, labels, cancelled)
    with pytest.raises(HitclrError, match="training events of tau with a positive sum"):
        measure(values, labels, weights, names=(*NAMES, "tau"))
    apart = torch.where(labels == 0, 0.5, 3.0).double()[:, None]
    with pytest.raises(HitclrError, match="no training event of background is in a bin"):
        measure(apart, labels, weights.abs(), reference=0)
