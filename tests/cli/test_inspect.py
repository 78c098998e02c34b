"""``hitclr inspect``: what it shows, what it writes, what it refuses to overwrite."""

from __future__ import annotations

import shlex

import awkward as ak
import numpy as np
import pytest
import typer
import uproot
from rich.console import Console
from typer.testing import CliRunner

from hitclr.cli.inspect import inspect
from hitclr.errors import InputError, OutputError, SchemaError
from hitclr.io import load_schema
from hitclr.io.inspection.propose import propose_schema


def run(*arguments):
    app = typer.Typer()
    app.command()(inspect)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def show(*arguments):
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    # A line with the file's path is as long as the path.
    lines = [line for line in result.output.splitlines() if ".root" not in line]
    assert max(len(line) for line in lines) <= 80
    return result.output


def row(output, start):
    """The line of the table that begins with ``start``, as words."""
    (line,) = [line for line in output.splitlines() if line.startswith(start)]
    return line.split()


@pytest.fixture
def file(tmp_path, make_columns, write):
    columns = make_columns(30, 4, "shower")
    columns["bad"] = np.full(30, np.nan)
    return write(tmp_path / "a b.root", columns)


def test_shows_every_branch_of_a_small_tree(file):
    output = show(file)
    with uproot.open(file) as opened:
        tree = opened["events"]
        for name in tree.keys():  # noqa: SIM118 - a tree, not a mapping
            assert name in output
        x = tree["hit_x"].array()
        number = len(tree.keys())
    flat = ak.flatten(x)
    assert f"events  TTree, 30 entries, {number} branches" in output
    limits = [f"{np.min(flat):.4g}", f"{np.max(flat):.4g}"]
    mean = f"{len(flat) / 30:.4g}"
    assert row(output, "pos x") == ["pos", "x", "hit_x", "vector<double>", mean, *limits]
    assert row(output, "label ") == ["label", "pdg", "int32", "1", "-11", "11"]
    assert row(output, "hit id")[2] == "hit_module"
    assert row(output, "trigger?")[1] == "hit_trig"
    assert "bad has 30 NaN and 0 infinite values" in output
    assert "--all" not in output
    command = f"hitclr inspect {shlex.quote(str(file))} --write-schema schema.yaml"
    assert output.rstrip().endswith(command)


@pytest.fixture
def wide_file(tmp_path, make_columns, write):
    columns = {f"other[{i}]_with_a_rather_long_name": np.arange(9) for i in range(40)}
    columns |= make_columns(9, 4, "shower")
    return write(tmp_path / "wide.root", columns)


def test_wide_tree_is_folded(wide_file):
    output = show(wide_file)
    rows = output.partition("guess")[2].partition("…")[0].strip().splitlines()[1:]
    assert [row.split()[-5] for row in rows] == [
        "hit_x", "hit_y", "hit_z", "hit_t", "hit_q", "hit_module", "hit_trig", "pdg", "truth_pdg",
        "run", "truth_energy",
    ]  # fmt: skip
    with uproot.open(wide_file) as opened:
        number = len(opened["events"].keys())
    assert f"… {number - len(rows)} more, --all shows them" in output


def test_all_unfolds_with_whole_names(wide_file, monkeypatch):
    monkeypatch.setattr("hitclr.cli.inspect.console", Console(width=120))
    output = run(wide_file, "--all").output
    for i in range(40):
        assert f"other[{i}]_with_a_rather_long_name" in output
    assert "--all" not in output
    monkeypatch.setattr("hitclr.cli.inspect.console", Console(width=80))
    assert "…" not in run(wide_file, "--all").output


def test_wide_tree_without_hits_shows_its_lists_first(tmp_path, write):
    columns = {f"branch_{i:02}": np.arange(3) for i in range(30)}
    columns["numbers"] = ak.Array([[1.0], [], [2.0, 3.0]])
    output = show(write(tmp_path / "a.root", columns))
    rows = output.partition("guess")[2].partition("…")[0].strip().splitlines()[1:]
    assert rows[0].split() == ["numbers", "vector<double>", "1", "1", "3"]
    assert len(rows) == 24
    assert "No branches look like hit positions" in output
    assert "--write-schema schema.yaml" not in output


def test_trees_without_entries_come_last_and_short(tmp_path):
    with uproot.recreate(tmp_path / "a.root") as file:
        file.mktree("empty", {"hit_x": "var * float64"})
        file.mkrntuple("runs", {"run": np.arange(3)})
    output = show(tmp_path / "a.root")
    assert output.index("runs  RNTuple, 3 entries, 1 branch\n") < output.index("empty  TTree, no")
    assert "hit_x" not in output
    assert "hit_x" in show(tmp_path / "a.root", "--tree", "empty")
    assert "hit_x" in show(tmp_path / "a.root", "--all")


def test_hits_without_any_hit_are_told(tmp_path, write):
    empty = ak.Array([[], []])
    columns = {f"hit_{c}": ak.values_astype(empty, float) for c in "xyz"}
    output = " ".join(show(write(tmp_path / "a.root", columns)).split())
    assert "Note: there is not one hit in the first 2 entries" in output
    assert "No hits to look at" in output


def test_unreadable_branch_has_its_reason(file):
    with uproot.open(file) as opened:
        start = int(opened["events"]["truth_energy"].member("fBasketSeek")[0])
    raw = bytearray(file.read_bytes())
    key = int.from_bytes(raw[start + 14 : start + 16], "big")
    raw[start + key + 9 : start + key + 29] = bytes(20)
    file.write_bytes(raw)
    output = show(file)
    assert ["truth_energy", "unsupported"] in [line.split() for line in output.splitlines()]
    assert "truth_energy cannot be read: " in output


def test_file_without_trees(tmp_path):
    with uproot.recreate(tmp_path / "a.root") as file:
        file["histogram"] = np.histogram([1.0, 2.0])
    assert "no tree and no RNTuple" in show(tmp_path / "a.root")


def test_writes_the_proposed_schema(file, tmp_path):
    target = tmp_path / "schema.yaml"
    output = show(file, "--write-schema", target)
    assert target.read_text(encoding="utf-8") == propose_schema(file).text
    schema = load_schema(target)
    assert schema.positions.branches == ("hit_x", "hit_y", "hit_z")
    for used in ("pos z", "time", "charge", "hit_module", "label", "energy"):
        assert used in output
    assert "hit_trig" not in output
    checks = target.read_text(encoding="utf-8").count("CHECK: ")
    assert f"the {checks} lines marked CHECK" in output
    assert "hitclr train" in output


def test_dash_prints_the_schema_and_nothing_else(file):
    result = run(file, "--write-schema", "-")
    assert result.stdout == propose_schema(file).text


def test_an_existing_schema_stays(file, tmp_path):
    target = tmp_path / "schema.yaml"
    target.write_text("mine", encoding="utf-8")
    result = run(file, "--write-schema", target)
    assert isinstance(result.exception, OutputError)
    assert str(target) in str(result.exception)
    assert "--force" in str(result.exception)
    assert target.read_text(encoding="utf-8") == "mine"
    show(file, "--write-schema", target, "--force")
    load_schema(target)


def test_unwritable_target(file, tmp_path):
    result = run(file, "--write-schema", tmp_path / "nowhere" / "schema.yaml")
    assert isinstance(result.exception, OutputError)
    assert "in a folder that exists" in str(result.exception)


@pytest.mark.parametrize("write_schema", [False, True])
def test_errors_are_those_of_the_library(tmp_path, file, write_schema):
    target = tmp_path / "schema.yaml"
    more = ("--write-schema", target) if write_schema else ()
    assert isinstance(run(tmp_path / "missing.root", *more).exception, InputError)
    wrong = run(file, "--tree", "evnts", *more).exception
    assert isinstance(wrong, InputError)
    assert "the file has: events" in str(wrong)
    assert not target.exists()


def test_no_positions_and_no_schema_file(tmp_path, write):
    path = write(tmp_path / "a.root", {"run": np.arange(3)})
    result = run(path, "--write-schema", tmp_path / "schema.yaml")
    assert isinstance(result.exception, SchemaError)
    assert not (tmp_path / "schema.yaml").exists()
