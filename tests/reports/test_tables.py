import json
import shutil

import numpy as np
import pytest

from hitclr.errors import OutputError
from hitclr.reports import read_tables


def test_tables_hold_what_was_written(write, content):
    tables = read_tables(write())
    assert tables.results.counts[0].label == "track"
    assert tables.results.scores[0].split == "test"
    assert tables.results.confusion[0].matrix == ((24, 3), (5, 12))
    assert tables.results.settings == content["results"]["settings"]
    for key, name in (("embedding", "embedding"), ("y", "label"), ("split", "split")):
        np.testing.assert_array_equal(getattr(tables.events, name), content["events"][key])
    np.testing.assert_array_equal(tables.views.first.x, content["views"]["first_x"])
    assert tables.views.feature_units == ("ns", "p.e.")
    assert tables.views.event_id == (0, 12)
    assert len(tables.views.steps) == 3


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None])
def test_a_number_that_is_not_finite_reads_as_none(write, content, value):
    content["results"]["scores"][0]["low"] = value
    content["results"]["history"][3]["train_loss"] = value
    results = read_tables(write()).results
    assert results.scores[0].low is None
    assert results.history[3].train_loss is None
    assert results.scores[0].high == 0.909


def test_an_infinite_score_of_an_epoch_reads_as_none(write, content):
    content["results"]["selection"] = {
        "validator": "validation-loss",
        "looks_at": "loss",
        "epoch": 1,
        "scores": [{"epoch": 0, "score": None}, {"epoch": 1, "score": -0.3}],
    }
    chosen = read_tables(write()).results.selection
    assert [row.score for row in chosen.scores] == [None, -0.3]


@pytest.mark.parametrize("file", ["results.json", "events.npz", "views.npz"])
def test_a_missing_file_is_named(write, file):
    directory = write()
    (directory / file).unlink()
    with pytest.raises(OutputError, match="which is not there") as error:
        read_tables(directory)
    assert str(directory / file) in str(error.value)


@pytest.mark.parametrize("file", ["results.json", "events.npz", "views.npz"])
@pytest.mark.parametrize("damage", [b"", b"\x00\xff rubbish"])
def test_a_damaged_file_is_named(write, file, damage):
    directory = write()
    (directory / file).write_bytes(damage)
    with pytest.raises(OutputError, match="cannot be read") as error:
        read_tables(directory)
    assert file in str(error.value)


def test_a_truncated_or_altered_array_file_is_named(write):
    directory = write()
    path = directory / "events.npz"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(OutputError, match=r"events\.npz"):
        read_tables(directory)
    path.write_bytes(whole[:2000] + b"\x55" * 50 + whole[2050:])
    with pytest.raises(OutputError, match=r"events\.npz"):
        read_tables(directory)


def test_one_bare_array_is_not_an_array_file(write):
    directory = write()
    np.save(directory / "bare.npy", np.zeros(3))
    shutil.move(directory / "bare.npy", directory / "views.npz")
    with pytest.raises(OutputError, match=r"views\.npz"):
        read_tables(directory)


def test_pickled_objects_are_refused(write, content):
    content["views"]["steps"] = np.array([{"a": 1}], dtype=object)
    with pytest.raises(OutputError, match=r"views\.npz, which cannot be read: Object arrays"):
        read_tables(write())


KEYS = [
    "title", "created", "versions", "seed", "method", "encoder", "settings", "notes", "classes",
    "samples", "position_unit", "counts", "skipped", "scores", "confusion", "history", "seconds",
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS)
def test_a_missing_key_of_the_results_is_named(write, content, key):
    del content["results"][key]
    with pytest.raises(OutputError, match=rf"(?m)results\.json[^\n]*\n  {key}: "):
        read_tables(write())


def test_every_key_of_the_results_is_asked_for(content):
    del content["results"]["fed"]  # which earlier versions did not write
    assert sorted(KEYS) == sorted(content["results"])


@pytest.mark.parametrize(
    ("where", "key", "shown"),
    [
        (("counts", 1), "class", "counts.1.class"),
        (("scores", 0), "metric", "scores.0.metric"),
        (("skipped", 2), "reason", "skipped.2.reason"),
        (("history", 5), "train_loss", "history.5.train_loss"),
        (("method",), "name", "method"),
    ],
)
def test_a_missing_key_in_a_row_is_named(write, content, where, key, shown):
    row = content["results"]
    for part in where:
        row = row[part]
    del row[key]
    with pytest.raises(OutputError) as error:
        read_tables(write())
    assert f"  {shown}: " in str(error.value)


def test_results_that_are_no_mapping_are_refused(write):
    directory = write()
    (directory / "results.json").write_text(json.dumps([1, 2]))
    with pytest.raises(OutputError, match=r"results\.json"):
        read_tables(directory)


def test_a_confusion_matrix_has_a_row_and_a_column_for_each_class(write, content):
    content["results"]["confusion"].append({"set": "test", "sample": "", "matrix": [[1, 2, 3]]})
    with pytest.raises(OutputError, match=r"confusion\.1\.matrix.*2 rows of 2 numbers"):
        read_tables(write())


@pytest.mark.parametrize(
    ("table", "key"),
    [("events", key) for key in ("embedding", "y", "domain", "split", "event_id", "scores")]
    + [
        ("views", key)
        for key in (
            *("event_pos", "event_x", "first_pos", "first_x", "second_pos", "second_x"),
            *("feature_names", "feature_units", "event_id", "colour", "steps"),
        )
    ],
)
def test_a_missing_array_is_named(write, content, table, key):
    del content[table][key]
    with pytest.raises(OutputError, match=rf"the key '{key}' in the result table .*{table}\.npz"):
        read_tables(write())


@pytest.mark.parametrize(
    ("table", "key", "change", "match"),
    [
        ("events", "y", lambda a: a[:-1], r"the shape \[M = 222\].*got \[221\]"),
        ("events", "event_id", lambda a: a[:, :1], r"the shape \[M = 222, 2\]"),
        ("events", "embedding", lambda a: a[:, 0], r"the shape \[M, D\]"),
        ("events", "embedding", lambda a: a[:, :0], "at least one column"),
        ("events", "embedding", lambda a: a.astype(str), "float values"),
        ("events", "y", lambda a: a.astype(float), "int values"),
        ("events", "scores", lambda a: a[:, :1], "a column for each of 2 classes, or none"),
        ("events", "y", lambda a: a + 1, "values from -1 to 1"),
        ("events", "y", lambda a: a - 2, "values from -1 to 1"),
        ("events", "domain", lambda a: a - 1, "values from 0 to 1"),
        ("events", "split", lambda a: a + 1, "values from 0 to 2"),
        ("views", "first_x", lambda a: a[:-1], "hits of first"),
        ("views", "event_pos", lambda a: a[:, :2], "hits of event"),
        ("views", "feature_units", lambda a: a[:1], r"\[F = 2\]"),
        ("views", "event_id", lambda a: a[:1], r"\[2\]"),
        ("views", "colour", lambda a: np.array("colour"), r"\['t', 'charge'\]"),
        ("views", "colour", lambda a: np.array(["t"]), r"the shape \[\]"),
    ],
)
def test_arrays_that_do_not_fit_are_named(write, content, table, key, change, match):
    content[table][key] = change(content[table][key])
    with pytest.raises(OutputError, match=match) as error:
        read_tables(write())
    assert f"{table}.npz" in str(error.value)
    assert f"key: {key}\n" in str(error.value)


def test_no_class_scores_and_unknown_labels_are_fine(write, content):
    content["events"]["scores"] = content["events"]["scores"][:, :0]
    content["events"]["y"][:] = -1
    tables = read_tables(write())
    assert tables.events.scores.shape == (222, 0)
    assert (tables.events.label == -1).all()
