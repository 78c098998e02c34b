"""CDAN's map against products one by one, and its sketch against what it promises."""

from __future__ import annotations

import pytest
import torch

from hitclr.errors import HitclrError, SettingsError
from hitclr.losses import ConditionalMap, multilinear_map, random_multilinear_map


def draw(number=5, features=4, classes=3, dtype=torch.float64):
    generator = torch.Generator().manual_seed(3)
    f = torch.randn(number, features, generator=generator, dtype=dtype)
    scores = torch.randn(number, classes, generator=generator, dtype=dtype)
    return f.requires_grad_(), scores.requires_grad_()


def test_all_products():
    f, scores = (tensor.detach() for tensor in draw())
    g = scores.softmax(1)
    made = multilinear_map(f, g)
    assert made.shape == (5, 12)
    for b in range(5):
        for i in range(4):
            for c in range(3):
                assert float(made[b, 3 * i + c]) == pytest.approx(float(f[b, i] * g[b, c]))


def test_the_sketch_term_by_term():
    f, scores = (tensor.detach() for tensor in draw())
    g = scores.softmax(1)
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(n, 6, generator=generator).double() for n in (4, 3))
    made = random_multilinear_map(f, g, a, b)
    for event in range(5):
        for d in range(6):
            left = sum(float(f[event, i] * a[i, d]) for i in range(4))
            right = sum(float(g[event, c] * b[c, d]) for c in range(3))
            assert float(made[event, d]) == pytest.approx(left * right / 6**0.5, abs=1e-12)


def test_the_sketch_keeps_inner_products():
    f, scores = (tensor.detach().float() for tensor in draw())
    layer = ConditionalMap(4, 3, limit=1, size=200_000, generator=torch.Generator().manual_seed(1))
    sketch = layer(f, scores)
    full = multilinear_map(f, scores.softmax(1))
    # The error falls with the root of the size: a few times 1/450 of the lengths.
    torch.testing.assert_close(sketch @ sketch.T, full @ full.T, rtol=0, atol=0.05)
    assert float((full @ full.T).abs().max()) > 1


@pytest.mark.parametrize(("limit", "width"), [(12, 12), (11, 8)])
def test_few_products_are_taken_and_many_are_sketched(limit, width):
    f, scores = draw()
    layer = ConditionalMap(4, 3, limit=limit, size=8, generator=torch.Generator().manual_seed(1))
    made = layer(f, scores)
    assert made.shape == (5, width)
    assert layer.out_channels == width
    if width == 12:
        assert torch.equal(made, multilinear_map(f, scores.softmax(1)))
    else:
        expected = random_multilinear_map(
            f, scores.softmax(1), layer.to_features.double(), layer.to_probabilities.double()
        )
        assert torch.equal(made, expected)


def test_the_paper_s_limit():
    assert ConditionalMap(1024, 4).out_channels == 4096
    drawn = ConditionalMap(1025, 4, generator=torch.Generator())
    assert drawn.out_channels == 1024
    for matrix in (drawn.to_features, drawn.to_probabilities):
        assert float(matrix.var()) == pytest.approx(1, abs=0.1)
        assert float(matrix.mean()) == pytest.approx(0, abs=0.1)


def test_the_matrices_are_stored_and_never_trained():
    layers = [
        ConditionalMap(4, 3, limit=1, size=8, generator=torch.Generator().manual_seed(seed))
        for seed in (1, 2)
    ]
    f, scores = draw()
    assert not list(layers[0].parameters())
    assert not torch.allclose(layers[0](f, scores), layers[1](f, scores))
    layers[1].load_state_dict(layers[0].state_dict())
    assert torch.equal(layers[0](f, scores), layers[1](f, scores))


@pytest.mark.parametrize("limit", [1, 100])
def test_gradient(limit):
    layer = ConditionalMap(4, 3, limit=limit, size=6, generator=torch.Generator().manual_seed(1))
    assert torch.autograd.gradcheck(layer, draw())


def test_autocast_changes_nothing():
    f, scores = draw(dtype=torch.float32)
    layer = ConditionalMap(4, 3, limit=1, size=6, generator=torch.Generator().manual_seed(1))
    plain = layer(f, scores)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(layer(f, scores), plain)
    assert layer(f.half(), scores.half()).dtype == torch.float32


def test_what_does_not_fit_is_refused():
    f, scores = draw()
    with pytest.raises(HitclrError, match=r"of the same events, got \(5, 4\) and \(4, 3\)"):
        multilinear_map(f, scores[:4])
    with pytest.raises(HitclrError, match=r"shapes \(4, d\) and \(3, d\), got"):
        random_multilinear_map(f, scores, torch.ones(4, 6), torch.ones(3, 5))
    with pytest.raises(HitclrError, match=r"shapes \(4, d\) and \(3, d\), got"):
        random_multilinear_map(f, scores, torch.ones(6), torch.ones(3, 6))
    with pytest.raises(SettingsError, match="a generator is needed"):
        ConditionalMap(100, 100)
    with pytest.raises(SettingsError, match="classes of 1 or more, got 0"):
        ConditionalMap(100, 0)
