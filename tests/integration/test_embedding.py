"""Embeddings out: row for row with the input entries, skipped entries marked."""

from __future__ import annotations

import json

import awkward as ak
import numpy as np
import pytest
import uproot

from hitclr.config import override_settings
from hitclr.errors import CheckpointError, InputError, OutputError
from hitclr.io import Reason, reader
from hitclr.plugins import load_plugins
from hitclr.runs import embed_files, train


@pytest.fixture(scope="module")
def plugins():
    return load_plugins()


@pytest.fixture(scope="module")
def trained(toy_settings, plugins, tmp_path_factory):
    out = tmp_path_factory.mktemp("trained") / "run"
    settings = override_settings(toy_settings, ["trainer.epochs=1", f"out={out}"])
    return train(settings, plugins, base=out)


def rows(path):
    with uproot.open(path) as file:
        tree = file["hitclr"]
        arrays = {name: tree[name].array(library="np") for name in tree.keys()}  # noqa: SIM118
        return arrays, json.loads(file["hitclr_info"])


def test_rows_belong_to_entries(trained, plugins, toy_files, tmp_path):
    files = [toy_files["shower"], toy_files["track"]]
    out = tmp_path / "out.root"
    assert embed_files(trained.model, files, out, plugins) == []
    found, info = rows(out)
    expected = [[file, entry] for file in range(2) for entry in range(60)]
    assert found["event_id"].tolist() == expected
    assert info["classes"] == ["track", "shower"]
    assert info["files"] == [str(file) for file in files]
    np.testing.assert_allclose(found["scores"].sum(1), 1, rtol=1e-5)
    # The training read the tracks first; its own embeddings are the oracle.
    known = trained.evaluation.events
    order = np.r_[60:120, 0:60]
    np.testing.assert_allclose(found["embedding"], known["embedding"][order], atol=2e-5)
    np.testing.assert_allclose(found["scores"], known["scores"][order], atol=2e-5)


def test_chunks_do_not_matter(trained, plugins, toy_files, tmp_path, monkeypatch):
    embed_files(trained.model, [toy_files["track"]], tmp_path / "a.root", plugins)
    monkeypatch.setattr(reader, "_CHUNK_BYTES", 4000)
    embed_files(trained.model, [toy_files["track"]], tmp_path / "b.root", plugins)
    one, _ = rows(tmp_path / "a.root")
    two, _ = rows(tmp_path / "b.root")
    assert one["event_id"].tolist() == two["event_id"].tolist()
    np.testing.assert_allclose(one["embedding"], two["embedding"], atol=2e-5)


def test_labels_and_truth_are_not_needed(trained, plugins, tmp_path, make_columns, write):
    columns = make_columns(5, 1, "track")
    data = {name: value for name, value in columns.items() if name.startswith("hit_")}
    embed_files(trained.model, [write(tmp_path / "data.root", data)], tmp_path / "o.root", plugins)
    assert len(rows(tmp_path / "o.root")[0]["status"]) == 5


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
    assert found["event_id"][:, 1].tolist() == list(range(6))


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
        embed_files(tmp_path / "none.ckpt", files, tmp_path / "o", plugins)
    cut = tmp_path / "cut.ckpt"
    cut.write_bytes(trained.model.read_bytes()[:5000])
    with pytest.raises(CheckpointError, match="not a readable checkpoint"):
        embed_files(cut, files, tmp_path / "o", plugins)
    # A file whose entries cannot be counted cannot be skipped.
    with pytest.raises(InputError, match="no such file"):
        embed_files(
            trained.model, [tmp_path / "no.root"], tmp_path / "o", plugins, on_bad_input="skip"
        )
