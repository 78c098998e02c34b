"""Which files a study simulates, and what they are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from hitclr.errors import SettingsError
from hitclr.runs.study.inputs import plan_inputs, simulate_inputs


def test_files_are_found_whatever_the_throws_are_called(make_study, plugins, tmp_path):
    """The files that cells read are those that are written, and are written once."""
    names = ["low gain", "a, b", "old (1)", "kept-0.5", "gain=8+x_y"]
    study = make_study(
        domains={
            "first try": {"throw": "nominal"},
            "mixed (2)": {"throws": {"at, all": "nominal", "low": "low-gain"}},
        },
        throws={name: {"set": {"gain": 8.0 + i}} for i, name in enumerate(names)},
        methods={"dann": {"method": "dann", "target": "each"}},
    )
    inputs = plan_inputs(study, plugins, tmp_path, tmp_path)
    named = {
        "train": {"first_try", "mixed_2_--at_all", "mixed_2_--low"},
        "test": {"low_gain", "a_b", "old_1_", "kept-0.5", "gain=8+x_y"},
        "target": {"low_gain", "a_b", "old_1_", "kept-0.5", "gain=8+x_y"},
    }
    expected = {
        tmp_path / "data" / kind / f"{name}.root" for kind, some in named.items() for name in some
    }
    groups = [*inputs.domains.values(), inputs.throws, inputs.targets]
    assert {Path(one.files[0]) for group in groups for one in group.values()} == expected
    assert list(inputs.throws) == names, "they are called as the study calls them"
    simulate_inputs(study, inputs, plugins, tmp_path, processes=1)
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "data").rglob("*.root")}
    assert set(written) == expected
    simulate_inputs(study, inputs, plugins, tmp_path, processes=1)
    assert written == {path: path.stat().st_mtime_ns for path in written}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"throws": {"a b": "nominal", "a_b": "low-gain"}}, "to test, 'a b' and 'a_b',.* a_b.root"),
        ({"domains": {"a,b": "nominal", "a b": "low-gain"}}, "to train, 'a,b' and 'a b'"),
        (
            {"domains": {"m": {"throws": {"x y": "nominal", "x(y": "low-gain"}}}},
            r"to train, 'm--x y' and 'm--x\(y', would have one file, m--x_y.root",
        ),
        (
            {"domains": {"m--low-gain": "nominal", "m": {"throws": ["nominal", "low-gain"]}}},
            "one file, m--low-gain.root",
        ),
    ],
)
def test_two_throws_with_one_file(make_study, plugins, tmp_path, changes, said):
    study = make_study(methods={"plain": "classifier"}, **changes)
    with pytest.raises(SettingsError, match=said + r"[^\n]*\n  what to do: rename one"):
        plan_inputs(study, plugins, tmp_path, tmp_path)


def test_a_name_of_each_kind_may_have_the_same_file_name(make_study, plugins, tmp_path):
    """A domain and a throw are in folders of their own."""
    study = make_study(
        domains={"a b": "nominal"}, throws={"a_b": "nominal"}, methods={"plain": "classifier"}
    )
    inputs = plan_inputs(study, plugins, tmp_path, tmp_path)
    assert inputs.domains["a b"]["a b"].files == (str(tmp_path / "data/train/a_b.root"),)
    assert inputs.throws["a_b"].files == (str(tmp_path / "data/test/a_b.root"),)
