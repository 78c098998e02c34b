from dataclasses import replace

import numpy as np
import pytest

from hitclr.reports.event_table import EventTable
from hitclr.reports.projection import obstacle, project


def table(embedding, split=None):
    m = len(embedding)
    return EventTable(
        embedding=np.asarray(embedding, dtype=np.float64),
        label=np.zeros(m, dtype=np.int64),
        domain=np.zeros(m, dtype=np.int64),
        split=np.zeros(m, dtype=np.int64) if split is None else np.asarray(split),
        event_id=np.zeros((m, 2), dtype=np.int64),
        scores=np.zeros((m, 0)),
    )


@pytest.fixture
def cloud():
    rng = np.random.default_rng(1)
    embedding = rng.normal(3, [1, 5, 0.2, 2], (60, 4))
    return table(embedding, rng.integers(0, 3, 60))


def test_components_are_those_of_the_training_events(cloud):
    projection = project(cloud)
    train = cloud.embedding[cloud.split == 0]
    _, values, axes = np.linalg.svd(train - train.mean(axis=0))
    expected = (cloud.embedding - train.mean(axis=0)) @ axes[:2].T
    np.testing.assert_allclose(np.abs(projection.points), np.abs(expected), atol=1e-10)
    np.testing.assert_allclose(projection.shares, (values**2 / (values**2).sum())[:2])
    assert projection.fitted_on == "the training events"
    assert projection.left_out == 0


def test_the_same_table_gives_the_same_points(cloud):
    np.testing.assert_array_equal(project(cloud).points, project(cloud).points)


def test_events_that_are_not_finite_are_left_out(cloud):
    embedding = cloud.embedding.copy()
    embedding[3, 1], embedding[7, 0] = np.nan, np.inf
    projection = project(replace(cloud, embedding=embedding))
    assert projection.left_out == 2
    assert set(range(60)) - set(projection.rows.tolist()) == {3, 7}
    keep = np.delete(np.arange(60), [3, 7])
    kept = project(replace(table(cloud.embedding[keep], cloud.split[keep])))
    np.testing.assert_array_equal(projection.points, kept.points)


@pytest.mark.parametrize("train", [[], [0], [0, 1]])
def test_without_training_events_that_differ_all_are_used(cloud, train):
    embedding = cloud.embedding.copy()
    embedding[1] = embedding[0]
    split = np.full(60, 2)
    split[train] = 0
    projection = project(table(embedding, split))
    assert projection.fitted_on.startswith("all events")
    np.testing.assert_allclose(projection.points.mean(axis=0), 0, atol=1e-10)


def test_one_column_keeps_its_values_along_the_axis():
    projection = project(table([[1.0], [4.0], [2.0]]))
    assert len(projection.shares) == 1
    assert projection.shares[0] == pytest.approx(1.0)
    offsets = projection.points[:, 0] - projection.points[0, 0]
    np.testing.assert_allclose(np.abs(offsets), [0, 3, 1])
    assert len(set(projection.points[:, 1].tolist())) == 3


def test_two_events_have_one_direction():
    projection = project(table([[0.0, 0.0, 0.0], [3.0, 4.0, 0.0]]))
    assert projection.shares == pytest.approx((1.0,))
    assert abs(np.subtract(*projection.points[:, 0])) == pytest.approx(5.0)


@pytest.mark.parametrize(("width", "directions"), [(0.01, 1), (0.2, 2)])
def test_a_second_direction_that_is_too_thin_to_be_seen_is_none(width, directions):
    long = np.arange(100.0)
    projection = project(table(np.stack([long, 100 * width * np.cos(long)], 1)))
    assert len(projection.shares) == directions
    assert len(np.unique(projection.points[:, 1])) == 100


@pytest.mark.parametrize(
    ("embedding", "words"),
    [
        (np.zeros((0, 3)), "there is none among 0"),
        ([[1.0, 2.0]], "there is one among 1"),
        ([[1.0, 2.0], [np.nan, 0.0]], "there is one among 2"),
        (np.ones((5, 3)), "collapsed"),
        ([[1.0, 2.0], [1.0, 2.5]], ""),
    ],
)
def test_what_stands_in_the_way_of_a_map_is_said(embedding, words):
    reason = obstacle(table(embedding))
    assert words in reason
    assert bool(reason) == bool(words)
