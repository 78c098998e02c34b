"""Embeddings out: row for row with the input entries, skipped entries marked."""

from __future__ import annotations

import dataclasses
import json
import sys

import awkward as ak
import numpy as np
import pyarrow.parquet as pq
import pytest
import uproot

from hitclr.config import override_settings
from hitclr.errors import CheckpointError, InputError, MissingExtraError, OutputError
from hitclr.io import Reason, load_schema
from hitclr.io.reading import iterate
from hitclr.plugins import load_plugins
from hitclr.runs import embed_files, load_model, train
from hitclr.runs.embed import _chunks, _group_names


@pytest.fixture(scope="module")
def plugins():
    return load_plugins()


@pytest.fixture(scope="module")
def trained(toy_settings, plugins, tmp_path_factory):
    out = tmp_path_factory.mktemp("trained") / "run"
    settings = override_settings(toy_settings, ["trainer.epochs=1", f"out={out}"])
    return train(settings, plugins, base=out)


def rows(path):
    """The columns of a file that was written, and what it says of itself."""
    if path.suffix == ".root":
        with uproot.open(path) as file:
            tree = file["hitclr"]
            columns = {name: tree[name].array(library="np") for name in tree.keys()}  # noqa: SIM118
            return columns, json.loads(file["hitclr_info"])
    table = pq.read_table(path)
    columns = {name: np.stack(table[name].to_numpy()) for name in table.column_names}
    return columns, json.loads(table.schema.metadata[b"hitclr"])


def same(one, two):
    assert one.keys() == two.keys()
    for name in one:
        np.testing.assert_allclose(one[name], two[name], atol=2e-5)


@pytest.mark.parametrize("name", ["out.root", "out.parquet"])
def test_rows_belong_to_entries(trained, plugins, toy_files, tmp_path, name):
    files = [toy_files["shower"], toy_files["track"]]
    assert embed_files(trained.model, files, tmp_path / name, plugins) == []
    found, info = rows(tmp_path / name)
    assert list(found) == ["file", "entry", "embedding", "status", "scores"]
    assert found["file"].tolist() == [0] * 60 + [1] * 60
    assert found["entry"].tolist() == [*range(60), *range(60)]
    assert info["classes"] == ["track", "shower"]
    assert info["files"] == [str(file) for file in files]
    np.testing.assert_allclose(found["scores"].sum(1), 1, rtol=1e-5)
    # The training read the tracks first; its own embeddings are the oracle.
    known = trained.evaluation.events
    order = np.r_[60:120, 0:60]
    np.testing.assert_allclose(found["embedding"], known["embedding"][order], atol=2e-5)
    np.testing.assert_allclose(found["scores"], known["scores"][order], atol=2e-5)


def test_a_friend_of_the_input(trained, plugins, tmp_path, make_columns, write):
    """Read beside the input, a row holds what the same event gives in a file of its own."""
    columns = make_columns(40, 3, "track")
    columns["run"] = np.arange(40)
    hits = columns["hit_x"].tolist()
    for bad in (0, 1, 17, 39):
        hits[bad][0] = float("inf")
    columns["hit_x"] = ak.Array(hits)
    path = write(tmp_path / "in.root", columns)
    embed_files(trained.model, [path], tmp_path / "out.root", plugins, on_bad_input="skip")
    picked = [5, 16, 18, 38]
    part = {name: values[picked] for name, values in columns.items()}
    embed_files(trained.model, [write(tmp_path / "part.root", part)], tmp_path / "p.root", plugins)
    alone, _ = rows(tmp_path / "p.root")
    with uproot.open(path) as data, uproot.open(tmp_path / "out.root") as friend:
        assert data["events"].num_entries == friend["hitclr"].num_entries
        both = zip(
            data["events"].iterate(["run"], step_size=7, library="np"),
            friend["hitclr"].iterate(["embedding", "status"], step_size=7, library="np"),
            strict=True,
        )
        found = {
            int(run): (status, embedding)
            for ours, theirs in both
            for run, status, embedding in zip(
                ours["run"], theirs["status"], theirs["embedding"], strict=True
            )
        }
    assert [run for run, (status, _) in found.items() if status] == [0, 1, 17, 39]
    for place, run in enumerate(picked):
        np.testing.assert_allclose(found[run][1], alone["embedding"][place], atol=2e-5)


def test_chunks_and_batches_do_not_matter(trained, plugins, toy_files, tmp_path, monkeypatch):
    files = [toy_files["track"]]
    embed_files(trained.model, files, tmp_path / "a.root", plugins)
    embed_files(trained.model, files, tmp_path / "b.root", plugins, batch_size=7)
    monkeypatch.setattr(iterate, "_CHUNK_BYTES", 4000)
    embed_files(trained.model, files, tmp_path / "c.root", plugins)
    one, _ = rows(tmp_path / "a.root")
    assert len(one["status"]) == 60
    same(one, rows(tmp_path / "b.root")[0])
    same(one, rows(tmp_path / "c.root")[0])


def test_labels_truth_and_hit_columns_are_not_needed(
    trained, plugins, tmp_path, make_columns, write
):
    columns = make_columns(5, 1, "track")
    data = {name: value for name, value in columns.items() if name.startswith("hit_")}
    whole, bare = write(tmp_path / "a.root", data), tmp_path / "b.root"
    del data["hit_module"]
    write(bare, data)
    embed_files(trained.model, [whole, bare], tmp_path / "o.root", plugins)
    found, _ = rows(tmp_path / "o.root")
    assert found["file"].tolist() == [0] * 5 + [1] * 5
    np.testing.assert_allclose(found["embedding"][:5], found["embedding"][5:], atol=2e-5)
    del data["hit_q"]
    write(bare, data)
    with pytest.raises(InputError, match="hit_q"):
        embed_files(trained.model, [whole, bare], tmp_path / "p.root", plugins)


def test_hit_columns_that_are_made_of_a_missing_branch_are_not_needed(
    plugins, toy_schema, tmp_path, make_columns, write
):
    schema = load_schema(
        {**toy_schema, "hit_columns": {"m": "next"}, "derive": {"next": "hit_module + 1"}}
    )
    data = make_columns(5, 1, "track")
    (chunk,) = _chunks(schema, write(tmp_path / "a.root", data))
    assert "hit_m" in chunk.hits
    del data["hit_module"]
    (chunk,) = _chunks(schema, write(tmp_path / "b.root", data))
    assert "hit_m" not in chunk.hits


def test_hit_columns_are_there_for_an_encoder_that_reads_them(
    trained, plugins, toy_files, tmp_path, monkeypatch
):
    model = load_model(trained.model, plugins)
    seen = []
    embed = model.method.embed

    def reading(batch):
        seen.append(batch.hit_module)
        return embed(batch)

    monkeypatch.setattr(model.method, "embed", reading)
    monkeypatch.setattr("hitclr.runs.embed.load_model", lambda *_: model)
    embed_files(trained.model, [toy_files["track"]], tmp_path / "o.root", plugins)
    with uproot.open(toy_files["track"]) as file:
        expected = ak.flatten(file["events"]["hit_module"].array())
    assert np.concatenate(seen).tolist() == expected.tolist()


def test_bad_entries_raise_or_are_marked(trained, plugins, tmp_path, make_columns, write):
    columns = make_columns(6, 2, "track")
    lists = columns["hit_x"].tolist()
    lists[3][0] = float("nan")
    columns["hit_x"] = ak.Array(lists)
    path = write(tmp_path / "bad.root", columns)
    out = tmp_path / "out.root"
    with pytest.raises(InputError, match="entry: 3"):
        embed_files(trained.model, [path], out, plugins)
    assert not out.exists()
    (skipped,) = embed_files(trained.model, [path], out, plugins, on_bad_input="skip")
    assert (skipped["reason"], skipped["count"]) == ("not finite", 1)
    found, info = rows(out)
    code = Reason.NOT_FINITE.code
    assert found["status"].tolist() == [0, 0, 0, code, 0, 0]
    assert info["status"][str(code)] == "not finite"
    assert np.isnan(found["embedding"]).all(axis=1).tolist() == [False] * 3 + [True] + [False] * 2
    assert found["entry"].tolist() == list(range(6))


def test_what_the_model_makes_no_number_of_is_bad_input(
    trained, plugins, tmp_path, make_columns, write
):
    """A charge that is a number, but too large to be squared, gives NaN."""
    columns = make_columns(6, 2, "track")
    charges = columns["hit_q"].tolist()
    charges[4][0] = 3e38
    charges[1][0] = float("nan")
    columns["hit_q"] = ak.Array(charges)
    path = write(tmp_path / "bad.root", columns)
    (skipped,) = embed_files(
        trained.model, [path], tmp_path / "o.root", plugins, on_bad_input="skip"
    )
    assert (skipped["reason"], skipped["count"]) == ("not finite", 2)
    found, _ = rows(tmp_path / "o.root")
    code = Reason.NOT_FINITE.code
    assert found["status"].tolist() == [0, code, 0, 0, code, 0]
    for name in ("embedding", "scores"):
        assert np.isnan(found[name]).all(1).tolist() == [False, True, False, False, True, False]
    charges[1][0] = 1.0
    columns["hit_q"] = ak.Array(charges)
    write(path, columns)
    with pytest.raises(InputError, match=r"from the model, (.|\n)*tree: events\n  entry: 4"):
        embed_files(trained.model, [path], tmp_path / "p.root", plugins)
    assert not (tmp_path / "p.root").exists()


@pytest.mark.parametrize("name", ["out.root", "out.parquet"])
def test_nothing_but_bad_entries(trained, plugins, tmp_path, make_columns, write, name):
    columns = make_columns(3, 2, "track")
    columns["hit_x"] = columns["hit_x"] * np.nan
    bad = write(tmp_path / "bad.root", columns)
    empty = write(tmp_path / "empty.root", {n: v[:0] for n, v in columns.items()})
    skipped = embed_files(
        trained.model, [empty, bad], tmp_path / name, plugins, on_bad_input="skip"
    )
    assert [(row["reason"], row["count"]) for row in skipped] == [
        ("not finite", 3),
        ("no entries", 1),
    ]
    found, _ = rows(tmp_path / name)
    assert found["file"].tolist() == [1, 1, 1]
    assert found["status"].tolist() == [Reason.NOT_FINITE.code] * 3
    assert np.isnan(found["scores"]).all()


FLAT_ROWS = {
    "contiguous": lambda number, _: np.arange(number),
    "any": lambda number, random: random.permutation(number),
}


@pytest.mark.parametrize("name", ["out.root", "out.parquet"])
@pytest.mark.parametrize("rows_are", list(FLAT_ROWS))
def test_rows_of_a_flat_tree_can_be_joined(
    trained, plugins, toy_schema, make_columns, write, tmp_path, monkeypatch, name, rows_are
):
    """Each row says which hits it belongs to: by their run and event, and by their first entry."""
    random = np.random.default_rng(3)
    columns = make_columns(30, 5, "shower")
    lists = columns["hit_x"].tolist()
    lists[7][1] = float("nan")
    columns["hit_x"] = ak.Array(lists)
    counts = ak.to_numpy(ak.num(columns["hit_x"]))
    event = np.repeat(np.arange(30), counts)
    hits = {n: ak.to_numpy(ak.flatten(v)) for n, v in columns.items() if n.startswith("hit_")}
    hits["daq.run"] = (2 + event // 9).astype(np.int32)
    hits["event"] = 2**53 + 1 + event % 9 * 1000
    order = FLAT_ROWS[rows_are](len(event), random)
    flat = write(tmp_path / "flat.root", {n: v[order] for n, v in hits.items()}, baskets=40)
    event = event[order]
    keys = {"layout": "flat", "group_by": ["daq.run", "event"], "rows": rows_are}
    schema = load_schema({**toy_schema, **keys})
    model = dataclasses.replace(load_model(trained.model, plugins), schema=schema)
    monkeypatch.setattr("hitclr.runs.embed.load_model", lambda *_: model)
    monkeypatch.setattr(iterate, "_CHUNK_BYTES", 4000)
    out = tmp_path / name
    embed_files(trained.model, [flat, flat], out, plugins, on_bad_input="skip", batch_size=7)
    found, info = rows(out)
    assert list(found) == [
        "file", "entry", "embedding", "status", "first_entry", "group_daq_run", "group_event",
        "scores",
    ]  # fmt: skip
    assert info["groups"] == {"group_daq_run": "daq.run", "group_event": "event"}
    assert found["file"].tolist() == [0] * 30 + [1] * 30
    assert found["entry"].tolist() == [*range(30), *range(30)]
    _, first = np.unique(event, return_index=True)
    first = np.sort(first)
    assert found["first_entry"].tolist() == [*first, *first]
    for group, branch in info["groups"].items():
        assert found[group].dtype == np.int64
        assert found[group].tolist() == [*hits[branch][order][first]] * 2
    bad = event[first] == 7
    assert (found["status"][:30] != 0).tolist() == bad.tolist()
    assert np.isnan(found["embedding"][:30][bad]).all()
    # The same events with an entry each: what the joined rows must hold.
    lists[7][1] = 0.0
    jagged = load_schema(toy_schema)
    plain = dataclasses.replace(model, schema=jagged)
    monkeypatch.setattr("hitclr.runs.embed.load_model", lambda *_: plain)
    path = write(tmp_path / "jagged.root", {**columns, "hit_x": ak.Array(lists)})
    embed_files(trained.model, [path], tmp_path / "j.root", plugins)
    known, _ = rows(tmp_path / "j.root")
    assert "first_entry" not in known
    np.testing.assert_allclose(
        found["embedding"][:30][~bad], known["embedding"][event[first]][~bad], atol=2e-5
    )


def test_groups_whose_names_differ_in_other_characters_alone(toy_schema):
    schema = load_schema({**toy_schema, "layout": "flat", "group_by": ["a.b", "a/b", "a_b"]})
    assert _group_names(schema) == {"group_a_b": "a.b", "group_a_b_": "a/b", "group_a_b__": "a_b"}


@pytest.mark.parametrize("name", ["out.root", "out.parquet"])
def test_an_interruption_keeps_what_was_there(trained, plugins, toy_files, tmp_path, name):
    (tmp_path / name).write_text("old")

    def interrupt(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        embed_files(
            trained.model,
            [toy_files["track"]],
            tmp_path / name,
            plugins,
            overwrite=True,
            progress=interrupt,
        )
    assert (tmp_path / name).read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_refusals(trained, plugins, toy_files, tmp_path):
    files = [toy_files["track"]]
    out = tmp_path / "out.root"
    embed_files(trained.model, files, out, plugins)
    with pytest.raises(OutputError, match="exists already"):
        embed_files(trained.model, files, out, plugins)
    embed_files(trained.model, files, out, plugins, overwrite=True)
    with pytest.raises(OutputError, match="is also an input"):
        embed_files(trained.model, files, files[0], plugins, overwrite=True)
    with pytest.raises(CheckpointError, match="there is no file"):
        embed_files(tmp_path / "none.ckpt", files, tmp_path / "o.root", plugins)
    cut = tmp_path / "cut.ckpt"
    cut.write_bytes(trained.model.read_bytes()[:5000])
    with pytest.raises(CheckpointError, match="not a readable checkpoint"):
        embed_files(cut, files, tmp_path / "o.root", plugins)
    with pytest.raises(OutputError, match=r"\.root or \.parquet"):
        embed_files(tmp_path / "none.ckpt", files, tmp_path / "out.csv", plugins)
    # A file whose entries cannot be counted cannot be skipped.
    with pytest.raises(InputError, match="no such file"):
        embed_files(
            trained.model, [tmp_path / "no.root"], tmp_path / "o.root", plugins, on_bad_input="skip"
        )


def test_a_missing_package_is_told_first(plugins, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'hitclr\[parquet\]'"):
        embed_files(tmp_path / "none.ckpt", [], tmp_path / "o.parquet", plugins)
