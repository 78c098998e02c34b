"""The contrastive loss against other implementations and closed forms."""

from __future__ import annotations

import math

import pytest
import torch
from pytorch_metric_learning import losses

from hitclr.errors import HitclrError, SettingsError
from hitclr.losses import ContrastiveLoss, contrastive_loss

ALPHAS = [0.0, 0.3, 1.0]


def views(number=12, size=7, seed=0, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    first, second = torch.randn(2, number, size, generator=generator, dtype=dtype)
    labels = torch.randint(0, 3, (number,), generator=generator)
    return first.mul_(3).requires_grad_(), second.requires_grad_(), labels


def slow_loss(first, second, labels, alpha, temperature):
    """The definition, term by term, in Python floats."""
    z = [[float(v) for v in row] for row in [*first, *second]]
    z = [[v / math.sqrt(sum(w * w for w in row)) for v in row] for row in z]
    number = len(first)
    kinds = [int(label) for label in labels] * 2
    total = 0.0
    for i in range(2 * number):
        s = [sum(a * b for a, b in zip(z[i], other, strict=True)) / temperature for other in z]
        norm = math.log(sum(math.exp(s[j]) for j in range(2 * number) if j != i))
        twin = (i + number) % (2 * number)
        alike = [
            j for j in range(2 * number) if j != i and (j == twin or kinds[i] == kinds[j] != -1)
        ]
        total -= (1 - alpha) * (s[twin] - norm)
        total -= alpha * sum(s[j] - norm for j in alike) / len(alike)
    return total / (2 * number)


@pytest.mark.parametrize("temperature", [0.1, 0.7])
@pytest.mark.parametrize(
    ("alpha", "oracle"), [(0.0, "NTXentLoss"), (1.0, "SupConLoss")], ids=["ntxent", "supcon"]
)
def test_equals_pytorch_metric_learning(alpha, oracle, temperature):
    first, second, labels = views()
    ours = contrastive_loss(first, second, labels, alpha=alpha, temperature=temperature)
    kind = labels if alpha else torch.arange(len(first))
    theirs = getattr(losses, oracle)(temperature=temperature)(
        torch.cat([first, second]), torch.cat([kind, kind])
    )
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)
    for mine, other in zip(
        torch.autograd.grad(ours, (first, second)),
        torch.autograd.grad(theirs, (first, second)),
        strict=True,
    ):
        assert float(mine.abs().max()) > 1e-3
        torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_equals_the_definition(alpha):
    first, second, labels = views(dtype=torch.float64)
    labels[::4] = -1
    first, second = first.detach(), second.detach()
    ours = contrastive_loss(first, second, labels, alpha=alpha, temperature=0.2)
    assert float(ours) == pytest.approx(slow_loss(first, second, labels, alpha, 0.2), abs=1e-10)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_a_collapsed_embedding(alpha):
    same = torch.full((9, 4), 0.5)
    loss = contrastive_loss(same, same, torch.arange(9) % 2, alpha=alpha)
    assert float(loss) == pytest.approx(math.log(17), abs=1e-5)


def test_linear_in_alpha():
    first, second, labels = views(dtype=torch.float64)
    low, middle, high = (
        contrastive_loss(first, second, labels, alpha=alpha) for alpha in (0.0, 0.25, 1.0)
    )
    assert not torch.allclose(low, high, atol=0.1)
    torch.testing.assert_close(middle, 0.75 * low + 0.25 * high, rtol=0, atol=1e-12)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_the_order_of_events_and_views_does_not_matter(alpha):
    first, second, labels = views(dtype=torch.float64)
    order = torch.randperm(len(first), generator=torch.Generator().manual_seed(1))
    plain = contrastive_loss(first, second, labels, alpha=alpha)
    mixed = contrastive_loss(first[order], second[order], labels[order], alpha=alpha)
    swapped = contrastive_loss(second, first, labels, alpha=alpha)
    torch.testing.assert_close(plain, mixed, rtol=0, atol=1e-12)
    torch.testing.assert_close(plain, swapped, rtol=0, atol=1e-12)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_the_scale_of_embeddings_does_not_matter(alpha):
    first, second, labels = views(dtype=torch.float64)
    plain = contrastive_loss(first, second, labels, alpha=alpha)
    scaled = contrastive_loss(1e3 * first, 1e-3 * second, labels, alpha=alpha)
    torch.testing.assert_close(plain, scaled, rtol=0, atol=1e-10)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_gradient(alpha):
    first, second, labels = views(number=5, size=3, dtype=torch.float64)
    labels[0] = -1
    assert torch.autograd.gradcheck(
        lambda a, b: contrastive_loss(a, b, labels, alpha=alpha), (first, second)
    )


def test_unknown_labels_leave_only_the_twin():
    first, second, labels = views()
    unknown = torch.full_like(labels, -1)
    expected = contrastive_loss(first, second)
    for alpha in ALPHAS:
        loss = contrastive_loss(first, second, unknown, alpha=alpha)
        torch.testing.assert_close(loss, expected)


def test_labels_are_not_needed_at_alpha_zero():
    first, second, labels = views()
    assert contrastive_loss(first, second) == contrastive_loss(first, second, labels)


def test_one_event_has_nothing_to_tell_apart():
    first, second, _ = views(number=1)
    assert contrastive_loss(first, second).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_lifted(dtype):
    first, second, labels = views()
    low = contrastive_loss(first.to(dtype), second.to(dtype), labels, alpha=0.5, temperature=0.01)
    exact = contrastive_loss(
        first.to(dtype).double(), second.to(dtype).double(), labels, alpha=0.5, temperature=0.01
    )
    assert low.dtype == torch.float32
    torch.testing.assert_close(low.double(), exact, rtol=1e-5, atol=1e-5)


def test_autocast_changes_nothing():
    first, second, labels = views()
    plain = contrastive_loss(first, second, labels, alpha=0.5)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = contrastive_loss(first, second, labels, alpha=0.5)
    assert torch.equal(plain, inside)


def test_close_twins_at_a_low_temperature_stay_finite():
    first, _, labels = views()
    loss = contrastive_loss(first, first.detach(), labels, alpha=0.5, temperature=1e-3)
    loss.backward()
    assert bool(loss.isfinite())
    assert bool(first.grad.isfinite().all())


def test_module_passes_its_options_on():
    first, second, labels = views()
    module = ContrastiveLoss(alpha=0.4, temperature=0.3)
    expected = contrastive_loss(first, second, labels, alpha=0.4, temperature=0.3)
    assert module(first, second, labels) == expected
    assert "alpha=0.4, temperature=0.3" in repr(module)


@pytest.mark.parametrize(
    "options",
    [
        {"alpha": -0.1},
        {"alpha": 1.1},
        {"alpha": math.nan},
        {"temperature": 0.0},
        {"temperature": -1.0},
        {"temperature": math.inf},
    ],
)
def test_bad_options_are_refused(options):
    first, second, labels = views()
    with pytest.raises(SettingsError, match="got"):
        contrastive_loss(first, second, labels, **options)
    with pytest.raises(SettingsError, match="got"):
        ContrastiveLoss(**options)


@pytest.mark.parametrize(
    ("first", "second", "labels", "match"),
    [
        (torch.ones(4, 3), torch.ones(4, 2), torch.zeros(4).long(), r"\(4, 3\) and \(4, 2\)"),
        (torch.ones(4, 3), torch.ones(5, 3), torch.zeros(4).long(), r"\(4, 3\) and \(5, 3\)"),
        (torch.ones(4), torch.ones(4), torch.zeros(4).long(), r"\(4,\) and \(4,\)"),
        (torch.ones(0, 3), torch.ones(0, 3), torch.zeros(0).long(), "B of 1 or more"),
        (torch.ones(4, 3), torch.ones(4, 3), None, "alpha is 0.5, so the labels"),
        (torch.ones(4, 3), torch.ones(4, 3), torch.zeros(8).long(), r"got shape \(8,\)"),
        (torch.ones(4, 3), torch.ones(4, 3), torch.zeros(4), "float32"),
    ],
)
def test_tensors_that_do_not_fit_are_refused(first, second, labels, match):
    with pytest.raises(HitclrError, match=match):
        contrastive_loss(first, second, labels, alpha=0.5)
