"""Efficiency and purity against scikit-learn's recall and precision."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import precision_score, recall_score

from hitclr.studies import confusion_matrix
from hitclr.studies.classes import class_scores


def test_they_are_recall_and_precision():
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 90)
    guess = np.where(random.random(90) < 0.6, labels, random.integers(0, 3, 90))
    names = ["e", "mu", "pi"]
    found = {
        score.metric: score for score in class_scores(confusion_matrix(labels, guess, 3), names)
    }
    recall, precision = (f(labels, guess, average=None) for f in (recall_score, precision_score))
    for place, name in enumerate(names):
        assert found[f"efficiency {name}"].value == pytest.approx(recall[place])
        assert found[f"purity {name}"].value == pytest.approx(precision[place])
        assert found[f"efficiency {name}"].events == (labels == place).sum()
        assert found[f"purity {name}"].events == (guess == place).sum()
        right = int(((labels == place) & (guess == place)).sum())
        wilson = binomtest(right, int((guess == place).sum())).proportion_ci(method="wilson")
        assert found[f"purity {name}"].high == pytest.approx(wilson.high)


def test_a_class_without_events_or_never_guessed_has_no_value():
    found = {s.metric: s for s in class_scores(np.array([[2, 0], [0, 0]]), ["a", "b"])}
    assert found["efficiency b"].value is None
    assert found["purity b"].value is None
    assert "taken" in found["purity b"].note
    assert found["purity a"].value == 1
