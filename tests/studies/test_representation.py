"""Effective rank, alignment, uniformity against closed forms."""

from __future__ import annotations

import math

import pytest
import torch

from hitclr.errors import HitclrError
from hitclr.studies.representation import alignment, effective_rank, uniformity


def orthogonal(size, columns, seed=0):
    random = torch.Generator().manual_seed(seed)
    q, _ = torch.linalg.qr(torch.randn(size, columns, generator=random, dtype=torch.float64))
    return q


@pytest.mark.parametrize("values", [[1.0, 1, 1, 1], [3.0, 1, 0, 0], [5.0, 4, 2, 1e-3]])
def test_effective_rank_of_known_singular_values(values):
    values = torch.tensor(values, dtype=torch.float64)
    embedding = orthogonal(20, 4) @ values.diag() @ orthogonal(4, 4, 1)
    shares = [v / float(values.sum()) for v in values.tolist() if v]
    expected = math.exp(-sum(p * math.log(p) for p in shares))
    assert effective_rank(embedding) == pytest.approx(expected, rel=1e-9)
    assert effective_rank(7 * embedding) == pytest.approx(expected, rel=1e-9)


def test_effective_rank_of_one_point_is_one():
    assert effective_rank(torch.tensor([[1.0, -2.0, 3.0]]).expand(9, 3)) == pytest.approx(1)
    assert effective_rank(torch.zeros(4, 3)) == 0


def test_effective_rank_does_not_centre():
    embedding = torch.tensor([[100.0, 1.0], [100.0, -1.0]])
    assert 1 < effective_rank(embedding) < 1.1


def test_alignment_by_angle():
    angles = torch.tensor([0.0, 1.0, 2.0, 3.0])
    first = torch.tensor([[2.0, 0.0]]).expand(4, 2)
    second = 5 * torch.stack([angles.cos(), angles.sin()], 1)
    expected = float((2 - 2 * angles.cos()).mean())
    assert alignment(first, second) == pytest.approx(expected, rel=1e-6)
    assert alignment(first, 3 * first) == 0
    assert alignment(first, -first) == pytest.approx(4)


def test_uniformity_by_pairs():
    # A square on the circle: of six pairs, four have a square distance of 2, and two of 4.
    square = torch.tensor([[3.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -2.0]])
    expected = math.log((4 * math.exp(-4) + 2 * math.exp(-8)) / 6)
    assert uniformity(square) == pytest.approx(expected, rel=1e-6)
    assert uniformity(torch.ones(5, 3)) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("function", [effective_rank, uniformity])
@pytest.mark.parametrize(
    "embedding",
    [torch.zeros(3), torch.zeros(0, 3), torch.zeros(3, 3).long(), torch.full((3, 2), math.nan)],
    ids=["vector", "empty", "whole numbers", "not finite"],
)
def test_refused(function, embedding):
    with pytest.raises(HitclrError, match=r"expected an embedding|not finite"):
        function(embedding)


def test_refused_pairs():
    with pytest.raises(HitclrError, match="two views of the same events"):
        alignment(torch.ones(3, 2), torch.ones(2, 2))
    with pytest.raises(HitclrError, match="B of 2 or more"):
        uniformity(torch.ones(1, 2))
