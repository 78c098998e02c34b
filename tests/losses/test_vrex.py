"""Risks of domains and their variance, by hand."""

from __future__ import annotations

import statistics

import pytest
import torch

from hitclr.errors import HitclrError
from hitclr.losses import domain_risks, vrex_penalty


def draw():
    generator = torch.Generator().manual_seed(2)
    losses = torch.rand(11, generator=generator, dtype=torch.float64).requires_grad_()
    return losses, torch.tensor([4, 0, 4, 9, 0, 4, 4, 9, 0, 4, 0])


def by_hand(losses, domains):
    groups = {}
    for loss, domain in zip(losses.tolist(), domains.tolist(), strict=True):
        groups.setdefault(domain, []).append(loss)
    return {domain: statistics.fmean(group) for domain, group in sorted(groups.items())}


def test_risks():
    losses, domains = draw()
    expected = by_hand(losses, domains)
    present, risks = domain_risks(losses, domains)
    assert present.tolist() == list(expected) == [0, 4, 9]
    assert risks.tolist() == pytest.approx(list(expected.values()), abs=1e-12)


def test_penalty():
    losses, domains = draw()
    expected = statistics.pvariance(by_hand(losses, domains).values())
    assert vrex_penalty(losses, domains).item() == pytest.approx(expected, abs=1e-12)


def test_one_domain_has_no_variance():
    losses = torch.tensor([1.0, 5.0], requires_grad=True)
    penalty = vrex_penalty(losses, torch.tensor([2, 2]))
    penalty.backward()
    assert penalty.item() == 0
    assert losses.grad.tolist() == [0, 0]


def test_gradient():
    losses, domains = draw()
    assert torch.autograd.gradcheck(lambda values: vrex_penalty(values, domains), losses)
    assert torch.autograd.gradcheck(lambda values: domain_risks(values, domains)[1], losses)


def test_half_precision_is_lifted():
    losses, domains = draw()
    assert vrex_penalty(losses.half(), domains).dtype == torch.float32


@pytest.mark.parametrize(
    ("losses", "domains", "match"),
    [
        (torch.tensor(1.0), torch.tensor(0), "reduction='none'"),
        (torch.ones(0), torch.zeros(0).long(), "B of 1 or more"),
        (torch.ones(3), torch.zeros(2).long(), r"as domains, shape \(3,\)"),
        (torch.ones(3), torch.zeros(3), "float32"),
    ],
)
def test_what_does_not_fit_is_refused(losses, domains, match):
    with pytest.raises(HitclrError, match=match):
        vrex_penalty(losses, domains)
