"""Head, projector, probe, and how wide an encoder is."""

from __future__ import annotations

import math

import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from hitclr.errors import HitclrError
from hitclr.nn import ClassHead, LinearProbe, Projector, encoder_width


def data(seed=0):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(90) % 3
    centres = torch.randn(3, 5, generator=generator)
    noise = torch.randn(90, 5, generator=generator)
    return centres[labels] * 4 + noise * torch.tensor([1.0, 9.0, 0.1, 3.0, 1.0]) + 6, labels


def fitted_probe():
    x, labels = data()
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    model.fit(x.numpy(), labels.numpy())
    scaler, regression = model
    probe = LinearProbe(5, 3)
    numbers = (scaler.mean_, scaler.scale_, regression.coef_, regression.intercept_)
    probe.set_(*(torch.as_tensor(value) for value in numbers))
    return probe, model


def test_probe_is_scikit_learn():
    probe, model = fitted_probe()
    x, _ = data(seed=1)
    expected = torch.as_tensor(model.decision_function(x.numpy())).float()
    torch.testing.assert_close(probe(x), expected, rtol=1e-4, atol=1e-4)
    plain = probe(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(probe(x), plain)


def test_probe_is_stored_and_never_trained():
    probe, _ = fitted_probe()
    assert not list(probe.parameters())
    other = LinearProbe(5, 3)
    other.load_state_dict(probe.state_dict())
    x, _ = data()
    assert torch.equal(other(x), probe(x))
    assert bool(other.fitted)


def test_probe_passes_gradients_to_the_encoder():
    probe, _ = fitted_probe()
    x = data()[0].requires_grad_()
    probe(x)[:, 0].sum().backward()
    expected = probe.weight[0] / probe.scale
    torch.testing.assert_close(x.grad, expected.expand(90, 5))


def test_unfitted_probe_refuses():
    with pytest.raises(HitclrError, match="has not been fitted"):
        LinearProbe(5, 3)(torch.ones(2, 5))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"mean": torch.zeros(4)}, r"mean of shape \(5,\).*got \(4,\)"),
        ({"weight": torch.zeros(5, 3)}, r"weight of shape \(3, 5\)"),
        ({"bias": torch.full((3,), math.nan)}, "finite numbers for bias"),
        ({"scale": torch.zeros(5)}, "scales above 0, got 0.0"),
    ],
)
def test_probe_refuses_what_does_not_fit(change, match):
    good = {
        "mean": torch.ones(5),
        "scale": torch.ones(5),
        "weight": torch.ones(3, 5),
        "bias": torch.ones(3),
    }
    probe = LinearProbe(5, 3)
    with pytest.raises(HitclrError, match=match):
        probe.set_(**{**good, **change})
    assert not bool(probe.fitted)
    assert float(probe.mean.sum()) == 0


def test_head_is_a_linear_map_of_the_standardised_representation():
    torch.manual_seed(0)
    head = ClassHead(5, 3)
    x, _ = data()
    weight, bias = head.linear.weight, head.linear.bias
    standard = (x - x.mean(0)) / x.std(0, correction=0)
    torch.testing.assert_close(head(x), standard @ weight.T + bias, rtol=1e-4, atol=1e-4)
    assert [name for name, _ in head.named_parameters()] == ["linear.weight", "linear.bias"]
    for _ in range(100):
        head(x)
    standard = (x - x.mean(0)) / x.std(0)
    torch.testing.assert_close(head.eval()(x), standard @ weight.T + bias, rtol=1e-3, atol=1e-3)
    plain = ClassHead(5, 3, batch_norm=False)
    torch.testing.assert_close(plain(x), plain.linear(x))


def test_head_takes_a_batch_of_one_event():
    """The last batch of an epoch may be one; it has no variance to be divided by."""
    head = ClassHead(5, 3)
    x, _ = data()
    head(x)
    before = {name: value.clone() for name, value in head.state_dict().items()}
    one = head(x[:1])
    torch.testing.assert_close(one, head.eval()(x[:1]))
    assert all(torch.equal(value, before[name]) for name, value in head.state_dict().items())


def test_head_takes_given_statistics():
    head = ClassHead(5, 3)
    x, _ = data()
    mean, variance = torch.arange(5.0), torch.arange(1.0, 6.0)
    head.set_statistics(mean, variance)
    expected = head.linear((x - mean) / variance.sqrt())
    torch.testing.assert_close(head.eval()(x), expected, rtol=1e-4, atol=1e-4)
    with pytest.raises(HitclrError, match="got one without, which has no statistics"):
        ClassHead(5, 3, batch_norm=False).set_statistics(mean, variance)


@pytest.mark.parametrize("batch_norm", [True, False])
def test_projector_is_two_layers_with_a_linear_end(batch_norm):
    torch.manual_seed(0)
    projector = Projector(5, 16, 4, batch_norm=batch_norm).eval()
    x, _ = data()
    result = projector(x)
    assert result.shape == (90, 4)
    assert bool((result < 0).any())
    first, norm, _, last = projector.layers
    expected = last(norm(first(x)).clamp(min=0))
    torch.testing.assert_close(result, expected)
    assert isinstance(norm, nn.BatchNorm1d) == batch_norm
    assert (first.bias is None) == batch_norm


def test_projector_with_batch_norm_sees_the_batch():
    torch.manual_seed(0)
    x, _ = data()
    with_norm, without = Projector(5, 16, 4), Projector(5, 16, 4, batch_norm=False)
    assert not torch.allclose(with_norm(x)[:10], with_norm(x[:10]), atol=1e-3)
    torch.testing.assert_close(without(x)[:10], without(x[:10]))


def test_encoder_width():
    encoder = nn.Identity()
    encoder.nb_outputs = 7
    assert encoder_width(encoder) == 7
    encoder.out_channels = 9
    assert encoder_width(encoder) == 9


@pytest.mark.parametrize("value", [0, -3, 2.0, "wide"])
def test_a_width_that_is_no_number_is_named(value):
    encoder = nn.Identity()
    encoder.out_channels = value
    with pytest.raises(HitclrError, match=r"Identity\.out_channels"):
        encoder_width(encoder)


def test_an_encoder_without_a_width_is_named():
    with pytest.raises(HitclrError, match="encoder Identity does not say"):
        encoder_width(nn.Identity())
