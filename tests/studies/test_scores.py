"""Scores against closed forms and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, roc_auc_score

from hitclr.plugins import Plugins, builtin
from hitclr.plugins.info import PluginInfo
from hitclr.studies import Estimate, ScoredEvents
from hitclr.studies import confusion_matrix as ours
from hitclr.studies import score_events as score_all
from hitclr.studies.metrics import auc_shares, bootstrap_estimate
from hitclr.studies.scores import measure

_PLUGINS = Plugins()
_PLUGINS.add(builtin, PluginInfo("hitclr", "hitclr", "0"))
METRICS = {entry.name: entry.value for entry in _PLUGINS.metrics}


def score_events(labels, scores, *, seed):
    """The scores of the metrics that hitclr brings, none of which looks at embeddings."""
    return score_all(labels, scores, np.zeros((len(labels), 2), np.float32), METRICS, seed=seed)


def data(number, classes, seed=0):
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, number)
    logits = random.normal(size=(number, classes))
    logits[np.arange(number), labels] += 0.7
    scores = np.exp(logits)
    return labels, (scores / scores.sum(1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("classes", [2, 4])
def test_values_are_those_of_scikit_learn(classes):
    labels, scores = data(80, classes)
    found = {score.metric: score for score in score_events(labels, scores, seed=1)}
    predicted = scores.argmax(1)
    assert found["accuracy"].value == (predicted == labels).mean()
    assert found["balanced accuracy"].value == pytest.approx(
        balanced_accuracy_score(labels, predicted)
    )
    exact = scores.astype(float)
    exact /= exact.sum(1, keepdims=True)
    auc = roc_auc_score(labels, exact[:, 1] if classes == 2 else exact, multi_class="ovo")
    assert found["AUC"].value == pytest.approx(auc, abs=1e-12)
    assert found["largest class"].value == np.bincount(labels).max() / 80
    for score in found.values():
        assert score.events == 80
        assert score.low < score.value < score.high
    np.testing.assert_array_equal(
        ours(labels, predicted, classes), confusion_matrix(labels, predicted)
    )


@pytest.mark.parametrize("classes", [2, 4])
def test_the_shares_of_events_are_those_of_the_definition(classes):
    """Of all pairs of events one by one; the area is the mean of the shares of a class."""
    labels, scores = data(60, classes)
    scores = np.round(scores, 1).astype(float) + 0.05  # with ties
    scores /= scores.sum(1, keepdims=True)
    area, shares = auc_shares(labels, scores)
    assert area == pytest.approx(
        roc_auc_score(labels, scores[:, 1] if classes == 2 else scores, multi_class="ovo")
    )
    slow = np.zeros(60)
    pairs = [(0, 1)] if classes == 2 else [(a, b) for a in range(4) for b in range(4) if a != b]
    for other, own in pairs:
        mine, theirs = np.flatnonzero(labels == own), np.flatnonzero(labels == other)
        for x in mine:
            for y in theirs:
                higher, equal = scores[x, own] > scores[y, own], scores[x, own] == scores[y, own]
                won = (float(higher) + 0.5 * float(equal)) / len(pairs)
                slow[x] += won / len(theirs)
                slow[y] += won / len(mine)
    assert shares == pytest.approx(slow)


@pytest.mark.parametrize("classes", [2, 4])
def test_intervals_are_as_wide_as_those_of_the_bootstrap(classes):
    labels, scores = data(400, classes)
    found = {score.metric: score for score in score_events(labels, scores, seed=1)}
    exact = scores / scores.sum(1, keepdims=True)

    def balanced(events, weights):
        shares = [
            weights[:, labels == c] @ (events.predicted[labels == c] == c)
            / weights[:, labels == c].sum(1)
            for c in range(classes)
        ]  # fmt: skip
        return np.mean(shares, axis=0)

    def area(weights):
        times = weights.astype(int)
        return np.array(
            [auc_shares(np.repeat(labels, t), np.repeat(exact, t, axis=0))[0] for t in times]
        )

    events = ScoredEvents(labels, exact, np.zeros((400, 1), np.float32), 3)
    for name, weighted in (("balanced accuracy", lambda w: balanced(events, w)), ("AUC", area)):
        drawn = bootstrap_estimate(events, weighted)
        assert drawn.value == pytest.approx(found[name].value)
        width = found[name].high - found[name].low
        assert width == pytest.approx(drawn.high - drawn.low, rel=0.12)
        assert found[name].low == pytest.approx(drawn.low, abs=0.15 * width)


def test_wilson_interval_closed_form():
    labels = np.array([0] * 10)
    scores = np.array([[0.9, 0.1]] * 8 + [[0.1, 0.9]] * 2, dtype=np.float32)
    accuracy = score_events(labels, scores, seed=0)[0]
    z, n, p = 1.959963984540054, 10, 0.8
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    assert (accuracy.low, accuracy.high) == pytest.approx((middle - half, middle + half))


def test_unknown_labels_one_class_and_no_events():
    labels, scores = data(40, 2)
    mixed = np.where(np.arange(40) < 20, labels, -1)
    assert score_events(mixed, scores, seed=0) == score_events(labels[:20], scores[:20], seed=0)
    (one,) = score_events(np.zeros(5, dtype=int), scores[:5], seed=0)
    assert one.metric == "accuracy"
    assert "one class" in one.note
    (none,) = score_events(np.full(3, -1), scores[:3], seed=0)
    assert (none.value, none.events) == (None, 0)


def test_intervals_cover_the_truth():
    """Of 60 samples of 100 events with true accuracy 0.7, most intervals hold 0.7."""
    random = np.random.default_rng(3)
    covered = 0
    for _ in range(60):
        right = random.random(100) < 0.7
        scores = np.stack([right, ~right], 1).astype(np.float32)
        accuracy = score_events(np.zeros(100, dtype=int), scores, seed=0)[0]
        covered += accuracy.low <= 0.7 <= accuracy.high
    assert covered >= 51  # 95 % of 60 is 57; fewer than 51 has a probability of 1e-3


def test_blocks_are_only_a_matter_of_memory(monkeypatch):
    labels, scores = data(50, 2)
    events = ScoredEvents(labels, scores.astype(float), np.zeros((50, 1), np.float32), 1)

    def accuracy(weights):
        return weights @ (events.predicted == labels) / weights.sum(1)

    whole = bootstrap_estimate(events, accuracy)
    monkeypatch.setattr("hitclr.studies.metrics._BLOCK", 50 * 7)
    found = bootstrap_estimate(events, accuracy)
    assert found.value == whole.value
    assert found.low == pytest.approx(whole.low, abs=1e-9)
    assert whole.low < whole.value < whole.high


def test_a_class_of_one_event_leaves_no_interval():
    rare = np.array([0] * 2_000 + [1])
    answers = np.random.default_rng(0).random((2001, 2)).astype(np.float32)
    answers /= answers.sum(1, keepdims=True)
    found = {score.metric: score for score in score_events(rare, answers, seed=0)}
    assert found["AUC"].low is None
    assert "too few events" in found["AUC"].note
    balanced = found["balanced accuracy"]
    assert balanced.high - balanced.low > 0.35, "one event tells little of its class"


@pytest.mark.parametrize("scores", [[[0.6, 0.4], [0.6, 0.4]], [[0.6, 0.4], [0.4, 0.6]]])
def test_an_interval_of_no_width_is_none(scores):
    """All events are alike, or all classes apart: no event moves the area."""
    labels = np.arange(30) % 2
    answers = np.array(scores, dtype=np.float32)[labels]
    area = score_events(labels, answers, seed=0)[3]
    assert area.metric == "AUC"
    assert area.value in (0.5, 1.0)
    assert area.low is area.high is None
    assert "no interval" in area.note


def test_a_metric_sees_the_events_of_known_class():
    labels, scores = data(30, 2)
    labels[:10] = -1
    embedding = np.arange(60, dtype=np.float32).reshape(30, 2)
    seen = []

    def metric(events):
        seen.append(events)
        return Estimate(0.5, 0.4, 0.6, "a note")

    found = score_all(labels, scores, embedding, {"my-own": metric, "none": lambda e: None}, seed=7)
    (one,) = found
    assert (one.metric, one.value, one.low, one.high) == ("my own", 0.5, 0.4, 0.6)
    assert (one.events, one.note) == (20, "a note")
    (events,) = seen
    np.testing.assert_array_equal(events.labels, labels[10:])
    np.testing.assert_array_equal(events.scores, scores[10:].astype(float))
    np.testing.assert_array_equal(events.embedding, embedding[10:])
    np.testing.assert_array_equal(events.predicted, scores[10:].argmax(1))
    assert events.present.tolist() == [0, 1]
    assert events.seed == 7


EVENTS = ScoredEvents(np.zeros(2, int), np.eye(2), np.zeros((2, 1), np.float32), 0)


@pytest.mark.parametrize(
    ("given", "estimate"),
    [
        (0.25, Estimate(0.25)),
        (np.float32(0.25), Estimate(0.25)),
        (None, None),
        (float("nan"), Estimate(None, note="the metric gave nan")),
        (Estimate(float("inf"), 0.0, 1.0), Estimate(None, note="the metric gave inf")),
        (Estimate(0.5, float("nan"), 1.0, "why"), Estimate(0.5, note="why")),
        (Estimate(None, note="too few"), Estimate(None, note="too few")),
    ],
)
def test_what_a_metric_may_give(given, estimate):
    found = measure(lambda events: given, EVENTS)
    assert found == estimate
    if found is not None:
        assert type(found.value) in (float, type(None)), "as JSON has it"


@pytest.mark.parametrize("given", ["0.5", [0.5], np.zeros(2), Estimate("0.5")])
def test_what_a_metric_may_not_give(given):
    with pytest.raises(TypeError):
        measure(lambda events: given, EVENTS)
