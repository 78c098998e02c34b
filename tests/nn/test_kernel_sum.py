"""The depthwise sum against its formula with the weight of every edge and channel written out."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hitclr.nn import kernel_sum as module
from hitclr.nn.kernel_sum import EdgeKernels, kernel_sum, ordered_edges


def inputs(hits, edges, channels, kernels, seed, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    edge_index = torch.randint(hits, (2, edges), generator=generator)
    tensors = (
        torch.randn(hits, channels, generator=generator, dtype=dtype),
        torch.randn(kernels, channels, generator=generator, dtype=dtype),
        torch.randn(kernels, edges, generator=generator, dtype=dtype),
    )
    return ordered_edges(edge_index), [tensor.requires_grad_() for tensor in tensors]


def fast(hits, mix, values, source, target):
    return kernel_sum(hits, mix, EdgeKernels(source, target, values, len(hits)))


def slow(hits, mix, values, source, target):
    messages = (values.T @ mix) * hits[source]
    return torch.zeros_like(hits).index_add(0, target, messages)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 9), st.integers(0, 30), st.integers(1, 5), st.integers(1, 4), st.integers(0, 99)
)
def test_value_and_gradients_equal_the_formula(hits, edges, channels, kernels, seed):
    (source, target), tensors = inputs(hits, edges, channels, kernels, seed)
    results = [function(*tensors, source, target) for function in (fast, slow)]
    torch.testing.assert_close(*results)
    weight = torch.randn(hits, channels, dtype=torch.float64)
    gradients = [torch.autograd.grad((result * weight).sum(), tensors) for result in results]
    for mine, other in zip(*gradients, strict=True):
        torch.testing.assert_close(mine, other)


def test_the_backward_pass_in_parts(monkeypatch):
    monkeypatch.setitem(module._CHUNK, "cpu", 7)
    (source, target), tensors = inputs(6, 25, 3, 2, 0)
    assert torch.autograd.gradcheck(lambda *args: fast(*args, source, target), tensors)


@pytest.mark.parametrize("wanted", range(3))
def test_gradient_of_one_input_alone(wanted):
    (source, target), tensors = inputs(6, 25, 3, 2, 1)
    for number, tensor in enumerate(tensors):
        tensor.requires_grad_(number == wanted)
    assert torch.autograd.gradcheck(lambda *args: fast(*args, source, target), tensors)


def test_two_sums_share_the_kernels():
    (source, target), (hits, mix, values) = inputs(6, 25, 3, 2, 2)
    edges = EdgeKernels(source, target, values, 6)
    ours = kernel_sum(kernel_sum(hits, mix, edges), 2 * mix, edges).square().sum()
    args = (values, source, target)
    theirs = slow(slow(hits, mix, *args), 2 * mix, *args).square().sum()
    for mine, other in zip(
        torch.autograd.grad(ours, (hits, mix, values)),
        torch.autograd.grad(theirs, (hits, mix, values)),
        strict=True,
    ):
        torch.testing.assert_close(mine, other)


def test_autocast_keeps_single_precision():
    (source, target), tensors = inputs(6, 25, 3, 2, 3, torch.float32)
    plain = fast(*tensors, source, target)
    plain_gradients = torch.autograd.grad(plain.square().sum(), tensors)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert fast(tensors[0].bfloat16(), *tensors[1:], source, target).dtype == torch.float32
        again = fast(*tensors, source, target)
        gradients = torch.autograd.grad(again.square().sum(), tensors)
    assert torch.equal(plain, again)
    for mine, other in zip(plain_gradients, gradients, strict=True):
        assert torch.equal(mine, other)


def test_edges_are_ordered_by_target():
    edge_index = torch.tensor([[5, 6, 7, 8], [2, 0, 1, 0]])
    source, target = ordered_edges(edge_index)
    assert source.tolist() == [6, 8, 7, 5]
    assert target.tolist() == [0, 0, 1, 2]
