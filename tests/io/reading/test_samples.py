"""Samples and globs."""

from __future__ import annotations

from pathlib import Path

import pytest

from hitclr.errors import InputError, SettingsError
from hitclr.io import BadInput, LabelRule, Sample, class_names, expand_files, load_schema


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deep").mkdir()
    for name in ("b.root", "a.root", "deep/c.root", "a.txt"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["*.root"], ["a.root", "b.root"]),
        (["**/*.root"], ["a.root", "b.root", "deep/c.root"]),
        (["b.root", "*.root"], ["b.root", "a.root"]),
        (["dee?/[a-c].root"], ["deep/c.root"]),
        (["gone.root"], ["gone.root"]),
    ],
)
def test_globs(folder, patterns, expected):
    files = expand_files(patterns, base=folder, sample="s", bad_input=BadInput())
    assert [str(file.relative_to(folder)) for file in files] == expected
    absolute = [str(folder / pattern) for pattern in patterns]
    assert expand_files(absolute, base=Path("/"), sample="s", bad_input=BadInput()) == files


def test_a_glob_without_a_match(folder):
    with pytest.raises(InputError, match=r"sample 's'.*there are none"):
        expand_files(["*.rot"], base=folder, sample="s", bad_input=BadInput())
    bad = BadInput("skip")
    assert expand_files(["*.rot"], base=folder, sample="s", bad_input=bad) == ()
    assert bad.table()[0]["reason"] == "missing file"


def test_names_that_are_no_files(folder):
    for name in ("root://host//a.root", "~nobody-here/a.root", "**.root"):
        with pytest.raises(SettingsError, match="sample 's'"):
            expand_files([name], base=folder, sample="s", bad_input=BadInput())


def test_one_file_under_two_names_is_read_once(folder):
    files = expand_files(
        ["a.root", "deep/../a.root"], base=folder, sample="s", bad_input=BadInput()
    )
    assert files == (folder / "a.root",)


def test_where_the_class_comes_from(toy_schema):
    rule = LabelRule(columns="pdg", classes={"a": 1, "b": 2})
    plain = load_schema(toy_schema)
    ruled = plain.model_copy(update={"label": rule})
    sample = Sample("name", ())
    assert sample.labelling(plain) == "name"
    assert sample.labelling(ruled) == rule
    assert Sample("name", (), "c").labelling(ruled) == "c"
    assert Sample("name", (), "c", labelled=False).labelling(ruled) is None
    assert class_names(ruled, [Sample("x", (), "b"), sample]) == ("b", "a")


def test_a_sample_for_views_is_no_class_of_its_own(toy_schema):
    rule = LabelRule(columns="pdg", classes={"a": 1})
    schema, ruled = load_schema(toy_schema), load_schema({**toy_schema, "label": rule})
    sample = Sample("throw", (Path("a"),), use="views")
    assert sample.labelling(schema) is None
    assert sample.labelling(ruled) == rule
    assert Sample("throw", (Path("a"),), "b", use="views").labelling(schema) == "b"
    assert class_names(schema, [Sample("nominal", (Path("b"),)), sample]) == ("nominal",)
