"""The contrastive loss against other implementations and closed forms."""

from __future__ import annotations

import math

import pytest
import torch
from pytorch_metric_learning import losses
from torch import nn

from hitclr.errors import HitclrError, SettingsError
from hitclr.losses import (
    AlphaSchedule,
    ContrastiveLoss,
    contrastive_loss,
    many_view_contrastive_loss,
)

ALPHAS = [0.0, 0.3, 1.0]


def views(number=12, size=7, seed=0, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    first, second = torch.randn(2, number, size, generator=generator, dtype=dtype)
    labels = torch.randint(0, 3, (number,), generator=generator)
    return first.mul_(3).requires_grad_(), second.requires_grad_(), labels


def slow_loss(views, labels, alpha, temperature):
    """The definition, term by term, in Python floats."""
    z = [[float(v) for v in row] for view in views for row in view]
    z = [[v / math.sqrt(sum(w * w for w in row)) for v in row] for row in z]
    number = len(z)
    events = list(range(len(labels))) * len(views)
    kinds = [int(label) for label in labels] * len(views)
    total = 0.0
    for i in range(number):
        s = [sum(a * b for a, b in zip(z[i], other, strict=True)) / temperature for other in z]
        others = [j for j in range(number) if j != i]
        norm = math.log(sum(math.exp(s[j]) for j in others))
        twins = [j for j in others if events[i] == events[j]]
        alike = [j for j in others if j in twins or kinds[i] == kinds[j] != -1]
        total -= (1 - alpha) * sum(s[j] - norm for j in twins) / len(twins)
        total -= alpha * sum(s[j] - norm for j in alike) / len(alike)
    return total / number


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
    slow = slow_loss((first, second), labels, alpha, 0.2)
    assert float(ours) == pytest.approx(slow, abs=1e-10)


@pytest.mark.parametrize("number", [3, 4])
@pytest.mark.parametrize("alpha", ALPHAS)
def test_more_than_two_views(alpha, number):
    generator = torch.Generator().manual_seed(3)
    many = torch.randn(number, 7, 5, generator=generator, dtype=torch.float64)
    labels = torch.tensor([0, 1, -1, 1, 0, -1, 1])
    ours = many_view_contrastive_loss(many.unbind(), labels, alpha=alpha, temperature=0.3, block=4)
    slow = slow_loss(many, labels, alpha, 0.3)
    assert float(ours) == pytest.approx(slow, abs=1e-10)


def test_one_view_is_not_enough():
    with pytest.raises(HitclrError, match="two views of each event or more, got 1"):
        many_view_contrastive_loss([torch.ones(3, 2)])


@pytest.mark.parametrize("block", [1, 5, 12, 23, 24, 100])
@pytest.mark.parametrize("alpha", ALPHAS)
def test_blocks_change_nothing(alpha, block):
    first, second, labels = views(dtype=torch.float64)
    labels[3] = -1
    z = nn.functional.normalize(torch.cat([first, second]), dim=1)
    kind = torch.where(labels < 0, -1 - torch.arange(12), labels).repeat(2)
    itself = torch.eye(24, dtype=torch.bool)
    twin = itself.roll(12, 0).double()
    alike = ((kind == kind[:, None]) & ~itself).double()
    weight = (1 - alpha) * twin + alpha * alike / alike.sum(1, keepdim=True)
    logs = (z @ z.T / 0.2).masked_fill(itself, -torch.inf).log_softmax(1)
    whole = -(weight * logs.masked_fill(itself, 0)).sum(1).mean()
    blocks = contrastive_loss(first, second, labels, alpha=alpha, temperature=0.2, block=block)
    torch.testing.assert_close(blocks, whole, rtol=0, atol=1e-12)
    for mine, other in zip(
        torch.autograd.grad(3 * blocks, (first, second)),
        torch.autograd.grad(3 * whole, (first, second)),
        strict=True,
    ):
        torch.testing.assert_close(mine, other, rtol=0, atol=1e-12)


def test_labels_may_be_any_numbers():
    first, second, labels = views(dtype=torch.float64)
    plain = contrastive_loss(first, second, labels, alpha=0.6)
    far = torch.tensor([-7, 900, 40])[labels]
    assert contrastive_loss(first, second, far, alpha=0.6) == plain
    small = torch.tensor([-128, 127, 4], dtype=torch.int8)[labels]
    assert contrastive_loss(first, second, small, alpha=0.6) == plain


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
    module = ContrastiveLoss(alpha=0.4, temperature=0.3, block=5)
    expected = contrastive_loss(first, second, labels, alpha=0.4, temperature=0.3)
    torch.testing.assert_close(module(first, second, labels), expected)
    assert "alpha=0.4, temperature=0.3, block=5, gather=False" in repr(module)


def test_module_passes_the_block_on(monkeypatch):
    given = []
    inner = "hitclr.losses.contrastive.log_norms"
    monkeypatch.setattr(inner, lambda a, c, first, block: (given.append(block), a.sum(1))[1])
    first, second, _ = views()
    ContrastiveLoss(block=5)(first, second)
    ContrastiveLoss()(first, second)
    assert given == [5, None]


def test_alpha_moves_over_the_training():
    first, second, labels = views()
    module = ContrastiveLoss(alpha=AlphaSchedule(0.0, 0.8, over=0.5))
    for progress, alpha in ((0.0, 0.0), (0.25, 0.4), (0.5, 0.8), (1.0, 0.8)):
        expected = contrastive_loss(first, second, labels, alpha=alpha)
        assert module(first, second, labels, progress=progress) == expected
    with pytest.raises(HitclrError, match="progress of the training is needed"):
        module(first, second, labels)
    with pytest.raises(HitclrError, match="so the labels of the events are needed"):
        module(first, second, progress=0.0)


def test_the_gradient_is_exact_when_it_is_taken_inside_autocast():
    first, second, labels = views()
    plain = torch.autograd.grad(contrastive_loss(first, second, labels), first)[0]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = torch.autograd.grad(contrastive_loss(first, second, labels), first)[0]
    assert torch.equal(plain, inside)


def test_the_gradient_can_be_taken_once():
    first, second, _ = views()
    with pytest.raises(HitclrError, match="expected one derivative"):
        torch.autograd.grad(contrastive_loss(first, second), first, create_graph=True)


def test_the_whole_matrix_is_never_in_memory():
    # Each saved tensor is of the size of the embeddings at most, whatever the batch.
    first, second, labels = views(number=300, size=4)
    sizes = []
    with torch.autograd.graph.saved_tensors_hooks(
        lambda saved: (sizes.append(saved.numel()), saved)[1], lambda saved: saved
    ):
        contrastive_loss(first, second, labels, alpha=0.5, block=8)
    assert 600 <= max(sizes) <= 600 * 4


@pytest.mark.parametrize(
    "options",
    [
        {"alpha": -0.1},
        {"alpha": 1.1},
        {"alpha": math.nan},
        {"temperature": 0.0},
        {"temperature": -1.0},
        {"temperature": math.inf},
        {"block": 0},
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
        (torch.ones(4, 3), torch.ones(4, 3), torch.zeros(4, 1).long(), r"shape \(4, 1\)"),
    ],
)
def test_tensors_that_do_not_fit_are_refused(first, second, labels, match):
    with pytest.raises(HitclrError, match=match):
        contrastive_loss(first, second, labels, alpha=0.5)
