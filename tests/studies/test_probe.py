"""The probe against scikit-learn's own pipeline."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from hitclr.errors import HitclrError
from hitclr.nn import LinearProbe
from hitclr.studies import fit_probe


def data(classes, seed=0):
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, 200)
    features = random.normal(size=(200, 5)) * [1, 10, 0.1, 1, 1] + 3
    features[:, 0] += labels
    return torch.from_numpy(features).float(), torch.from_numpy(labels)


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_probabilities_are_those_of_scikit_learn(classes):
    features, labels = data(classes)
    weights = fit_probe(features, labels, classes, inverse_penalty=0.3)
    probe = LinearProbe(5, classes)
    probe.set_(weights.mean, weights.scale, weights.weight, weights.bias)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=2000))
    expected = model.fit(features.double().numpy(), labels.numpy()).predict_proba(features.numpy())
    np.testing.assert_allclose(probe(features).softmax(-1).numpy(), expected, atol=2e-4)


def test_unknown_classes_are_left_out_and_constant_features_are_harmless():
    features, labels = data(3)
    features[:, 4] = 7.0
    half = labels.clone()
    half[::2] = -1
    found = fit_probe(features, half, 3)
    expected = fit_probe(features[1::2], labels[1::2], 3)
    assert torch.equal(found.weight, expected.weight)
    assert bool(torch.isfinite(found.weight).all())


def test_what_cannot_be_fitted():
    features, labels = data(2)
    for lacking, classes in ((torch.zeros_like(labels), 1), (labels, 3), (labels - 2, 2)):
        with pytest.raises(HitclrError, match="events of each class"):
            fit_probe(features, lacking, classes)
    features[3, 2] = float("nan")
    with pytest.raises(HitclrError, match="1 of 200 have NaN"):
        fit_probe(features, labels, 2)
