"""``hitclr inspect``: what it shows, what it writes, what it refuses to overwrite."""

from __future__ import annotations

import dataclasses
import re
import shlex

import awkward as ak
import numpy as np
import pytest
import typer
import uproot
import yaml
from rich.console import Console
from typer.testing import CliRunner

from hitclr.cli.inspect import inspect
from hitclr.errors import InputError, OutputError, SchemaError, SettingsError, UnknownNameError
from hitclr.io import load_schema
from hitclr.io.inspection import check, check_schema
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


@pytest.fixture
def flat_file(tmp_path, write):
    """A tree with an entry for each hit: 20 events of two runs, whose numbers begin anew."""
    event = np.repeat(np.arange(20), 5)
    random = np.random.default_rng(1)
    columns = {name: random.normal(size=100) for name in ("hit_x", "hit_y", "hit_z", "hit_t")}
    columns |= {"run": event // 10, "event": event % 10, "label": event % 2}
    return write(tmp_path / "flat.root", columns)


def test_a_flat_tree_from_first_look_to_check(flat_file, tmp_path):
    output = show(flat_file)
    assert "TTree, 100 entries (each a hit), 7 branches" in output
    assert row(output, "pos y")[2] == "hit_y"
    assert "--write-schema schema.yaml" in output
    target = tmp_path / "schema.yaml"
    output = show(flat_file, "--write-schema", target)
    keys = [line.split()[2] for line in output.splitlines() if line.startswith("event key")]
    assert keys == ["run", "event"]
    schema = load_schema(target)
    assert (schema.layout, schema.group_by, schema.rows) == ("flat", ("run", "event"), "contiguous")
    output = show(flat_file, "--check", target)
    assert "20 of 20 groups of hits become events" in output
    assert "entries" not in output
    # Without the run there are events whose hits are apart.
    target.write_text(target.read_text().replace("  - run ", "  # run "))
    result = run(flat_file, "--check", target)
    assert result.exit_code == 1
    assert "begin at entry 0 and again at entry 50" in " ".join(result.output.split())


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


def test_several_files_one_after_the_other(file, wide_file):
    output = show(file, wide_file)
    assert output.index(str(file)) < output.index(str(wide_file))
    assert output.count("events  TTree") == 2


def test_a_schema_is_guessed_from_one_file(file, wide_file, tmp_path):
    target = tmp_path / "schema.yaml"
    result = run(file, wide_file, "--write-schema", target)
    assert isinstance(result.exception, SettingsError)
    assert "got 2" in str(result.exception)
    assert not target.exists()


RULE = {"columns": "pdg", "classes": {"track": [13, -13], "shower": [11, -11]}}


@pytest.fixture
def schema(tmp_path, toy_schema):
    path = tmp_path / "toy.yaml"
    path.write_text(yaml.safe_dump(toy_schema | {"label": RULE}, sort_keys=False))
    return path


def checked(*arguments, code=0):
    """What is printed, whose first line is the verdict."""
    result = run(*arguments)
    assert result.exit_code == code, result.output
    lines = [line for line in result.output.splitlines() if ".root" not in line]
    assert max(len(line) for line in lines) <= 80
    return result.output.lstrip()


def test_a_schema_that_fits(schema, toy_files):
    files = list(toy_files.values())
    output = checked(*files, "--check", schema)
    assert output.startswith("The schema fits: 120 of 120 entries become events.\n")
    found = check_schema(load_schema(schema), files)
    assert row(output, "track ") == ["track", "60", "50.0%"]
    assert row(output, "shower ") == ["shower", "60", "50.0%"]
    hits = found.hits
    numbers = (hits.minimum, hits.quantile(0.5), hits.mean, hits.quantile(0.99), hits.maximum)
    (told,) = re.findall(r"hits per event.*\n +(.*)", output)
    assert told.split()[:5] == [f"{number:.4g}" for number in numbers]
    energy = found.columns[-1] if found.columns[-1].name == "energy" else found.columns[-2]
    numbers = (energy.minimum, energy.mean, energy.deviation, energy.maximum)
    (told,) = re.findall(r" energy .*", output)
    assert told.split() == ["energy", *(f"{number:.4g}" for number in numbers)]
    (told,) = re.findall(r"  run .*", output)
    assert told.split() == ["run", "17", "17", "0", "17", "constant"]
    assert row(output, "feature")[:3] == ["feature", "charge", "pe"]
    assert "There is no NaN and no inf among the hits." in output
    assert "hitclr train" in output
    for file in files:
        (line,) = [line for line in output.splitlines() if file.name in line]
        assert line.split()[1:] == ["60", "60"]


def test_bars_are_as_long_as_their_bins_are_full(tmp_path, write, schema, make_columns):
    columns = make_columns(30, 4, "shower")
    counts = np.repeat([1, 2, 4], [20, 5, 5])
    for name in columns:
        if name.startswith("hit_"):
            columns[name] = ak.concatenate(
                [columns[name][i : i + 1, :n] for i, n in enumerate(counts)]
            )
    output = checked(write(tmp_path / "a.root", columns), "--check", schema, code=1)
    (told,) = re.findall(r"hits per event.*\n(.*)", output)
    assert told.rstrip().endswith(" █▂ ▂")


def test_what_is_wrong_comes_first_and_the_rest_is_told(
    schema, tmp_path, toy_files, make_columns, write
):
    columns = make_columns(40, 3, "shower")
    columns["pdg"][5] = 22
    energies = ak.to_list(columns["truth_energy"])
    energies[:2] = [[], []]
    columns["truth_energy"] = ak.Array(energies)
    charges = ak.to_list(columns["hit_q"])
    charges[8][0] = charges[9][0] = float("nan")
    columns["hit_q"] = ak.Array(charges)
    faulty = write(tmp_path / "faulty.root", columns)
    gone = tmp_path / "gone.root"
    output = checked(gone, faulty, "--check", schema, code=1)
    words = " ".join(output.split())
    assert words.startswith(
        "The schema does not fit: 37 of 40 entries become events, 1 of 2 files cannot be used, no "
        "event is of class track."
    )
    (line,) = [line for line in output.splitlines() if "gone.root" in line and "missing" in line]
    assert line.split()[1:] == ["missing", "file"]
    (line,) = [line for line in output.splitlines() if "faulty.root" in line and "40" in line]
    assert line.split()[1:3] == ["40", "37"]
    assert f"  file: {gone}\n" in output
    assert f"  file: {faulty}\n" in output
    assert "1 file: missing file\n" in output
    assert "2 entries: not finite. The first:\n" in output
    assert "1 entry: unknown label\n" in output
    for line in ("  entry: 8\n", "  branch: hit_q\n", "  entry: 5\n", "  branch: pdg\n"):
        assert line in output
    assert output.count("what to do: ") == 3
    assert row(output, "track ") == ["track", "none"]
    assert row(output, "shower ") == ["shower", "37", "100.0%", "2"]
    assert row(output, "(of no class)")[-1] == "1"
    (told,) = re.findall(r" energy .*", output)
    assert told.split()[-2:] == ["2", "NaN"]
    assert "Not in these numbers: 2 entries with NaN" in words
    assert "hitclr train" not in output


def test_a_class_without_events_is_enough(schema, toy_files):
    output = checked(toy_files["track"], "--check", schema, code=1)
    assert "no event is of class shower" in " ".join(output.split())


def test_nothing_that_can_be_read(schema, file, tmp_path):
    output = checked(tmp_path / "gone.root", "--check", schema, code=1)
    assert output.startswith("The schema does not fit: 1 of 1 file cannot be used.\n")
    assert "hits per event" not in output


def test_deselected_events_are_told(tmp_path, toy_schema, toy_files):
    path = tmp_path / "some.yaml"
    path.write_text(yaml.safe_dump(toy_schema | {"select": "pdg == 13"}, sort_keys=False))
    output = " ".join(checked(*toy_files.values(), "--check", path).split())
    number = check_schema(load_schema(path), list(toy_files.values())).events
    assert output.startswith(
        f"The schema fits: {number} of 120 entries become events, the schema leaves out "
        f"{120 - number} by its selection."
    )
    assert "The schema has no label" in output


def test_many_files_are_folded_the_bad_ones_stay(schema, tmp_path, toy_files):
    good = [toy_files["track"], *[toy_files["shower"]] * 14]
    gone = [tmp_path / f"gone_{number}.root" for number in range(3)]
    output = checked(*good, *gone, "--check", schema, code=1)
    missing = [line for line in output.splitlines() if line.rstrip().endswith(" missing file")]
    assert [line.split(".root")[0][-6:] for line in missing] == ["gone_0", "gone_1", "gone_2"]
    assert "… 6 more, all of them good; --all shows them" in output
    output = run(*good, *gone, "--check", schema, "--all").output
    assert "…" not in output
    assert "--all" not in output
    gone = [tmp_path / f"gone_{number}.root" for number in range(14)]
    output = checked(*good, *gone, "--check", schema, code=1)
    assert "… 17 more, 2 of them with faults; --all" in output


def test_ctrl_c_shows_what_was_counted(schema, toy_files, monkeypatch):
    real = check.iterate_file
    files = list(toy_files.values())

    def interrupted(schema, labelling, classes, file):
        if file == files[1]:
            raise KeyboardInterrupt
        for chunk in real(schema, labelling, classes, file):
            yield dataclasses.replace(chunk, total=1234)

    monkeypatch.setattr(check, "iterate_file", interrupted)
    output = checked(*files, "--check", schema, code=130)
    assert output.startswith("Interrupted; up to there 60 of 60 entries become events")
    assert "read to 60 of 1,234" in output
    assert row(output, "track ") == ["track", "60", "100.0%"]
    output = checked(files[1], "--check", schema, code=130)
    assert output.startswith("Interrupted; up to there nothing was read.")


def test_a_registered_schema(toy_files):
    with pytest.raises(UnknownNameError, match="no schema is called 'km3net-ofline'"):
        raise run(toy_files["track"], "--check", "km3net-ofline").exception


def test_a_schema_that_is_none(tmp_path, toy_files):
    path = tmp_path / "schema.yaml"
    path.write_text("name: half")
    assert isinstance(run(toy_files["track"], "--check", path).exception, SchemaError)


@pytest.mark.parametrize("more", [("--tree", "events"), ("--write-schema", "-")])
def test_a_check_goes_with_no_guess(schema, toy_files, more):
    result = run(toy_files["track"], "--check", schema, *more)
    assert isinstance(result.exception, SettingsError)
