"""The study file: what it may say, and what is said of what it may not."""

from __future__ import annotations

import pytest
import yaml

from hitclr.config import load_study
from hitclr.errors import SettingsError

STUDY = {
    "detector": "toy",
    "simulation": {"train": 100, "test": 50},
    "domains": ["nominal"],
    "throws": {"nominal": "nominal", "low": {"set": {"gain": 8.0}}},
    "settings": {"trainer": {"epochs": 3}},
    "methods": {"plain": "classifier", "dann": {"method": {"name": "dann"}, "target": "each"}},
    "seeds": [1, 2],
    "sizes": {"small": {"seeds": [1], "simulation.train": 20, "settings.trainer.epochs": 1}},
}


@pytest.fixture
def write(tmp_path):
    def written(**changes):
        path = tmp_path / "study.yaml"
        path.write_text(yaml.safe_dump({**STUDY, **changes}))
        return path

    return written


def test_short_forms(write):
    study = load_study(write())
    assert study.domains["nominal"].throw == "nominal"
    assert study.throws["low"].set == {"gain": 8.0}
    assert study.methods["plain"].method.name == "classifier"
    assert study.methods["dann"].target == "each"
    files = load_study(write(throws={"data": {"files": "data.root", "target": "more.root"}}))
    assert files.throws["data"].files == ("data.root",)
    assert files.throws["data"].target == ("more.root",)


def test_a_size_and_overrides(write):
    small = load_study(
        write(), ["settings.trainer.epochs=2", "methods.dann.target=[low]"], size="small"
    )
    assert small.seeds == (1,)
    assert small.simulation.train == 20
    assert small.settings["trainer"]["epochs"] == 2, "an override comes after the size"
    assert small.methods["dann"].target == ("low",)
    assert load_study(write()).seeds == (1, 2)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seeds": [1, 1]}, "stands twice"),
        ({"detector": None}, "takes `detector: NAME`"),
        ({"simulation": None}, "takes `detector: NAME`"),
        ({"settings": {"seed": 3}}, "settings.seed: the study sets it"),
        ({"settings": {"data": {"samples": {}}}}, "settings.data.samples: the study sets it"),
        ({"methods": {"a": {"method": "classifier", "settings": {"out": "x"}}}}, "a.settings.out"),
        ({"methods": {"a": {"method": "classifier", "domains": ["nomnal"]}}}, "mean nominal"),
        ({"methods": {}}, "at least 1"),
        (
            {"methods": {"a": {"method": "classifier", "seeds": [3]}}},
            r"methods.a.seeds: expected some of the study's seeds \[1, 2\], got \[3\]",
        ),
        ({"methods": {"a/b": "classifier"}}, "cannot be a name"),
        ({"throws": {"..": "nominal"}}, "cannot be a name"),
        ({"domains": {"mc": {"files": "a.root", "throw": "x"}}}, "got both"),
        ({"methdos": {}}, "methods"),
        ({"sizes": [1]}, "expected named sets"),
    ],
)
def test_what_does_not_go(write, changes, said):
    with pytest.raises(SettingsError, match=said):
        load_study(write(**changes))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"data": None}, r"settings\.data: expected a mapping, such as {.*}, got nothing\n.*do"),
        ({"data": ["a.root"]}, r"settings\.data: expected a mapping, .* got \['a.root'\]"),
        ({"data": "a.root"}, r"settings\.data: expected a mapping, .* got 'a.root'"),
        ({"data": {"split": None}}, r"settings\.data\.split: expected a mapping, .* got nothing"),
        ({"data": {"split": 0.2}}, r"settings\.data\.split: expected a mapping, .* got 0\.2"),
        ({"views": None}, r"settings\.views: expected a mapping, .* got nothing"),
        ({"views": "cube"}, r"settings\.views: expected a mapping, .* got 'cube'"),
        ({"views": ["rotation"]}, r"settings\.views: expected a mapping, .* got \['rotation'\]"),
    ],
)
def test_what_the_study_adds_to_is_a_mapping(write, settings, said):
    with pytest.raises(SettingsError, match=rf"\(top level\): {said}"):
        load_study(write(settings=settings))
    method = {"method": "classifier", "settings": settings}
    with pytest.raises(SettingsError, match=rf"methods\.a\.{said}"):
        load_study(write(methods={"a": method}))


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("target", "low", r"such as `target: \[low\]`, or `target: each` for all \(got 'low'\)"),
        ("leave_out", True, r"such as `leave_out: \[...\]`, or `leave_out: each` for all"),
        ("domains", "nominal", r"such as `domains: \[nominal\]` \(got 'nominal'\)"),
        ("domains", {"nominal": "nominal"}, r"such as `domains: \[...\]`"),
        ("seeds", 1, r"such as `seeds: \[1\]` \(got 1\)"),
        ("target", [], "one or more, or `target: each` for all; or leave `target` out"),
        ("leave_out", [], "one or more, or `leave_out: each` for all; or leave `leave_out` out"),
        ("domains", [], "one or more; or leave `domains` out"),
        ("seeds", [], "one or more; or leave `seeds` out"),
        ("target", ["low", "nominal", "low"], "'low' stands twice"),
        ("leave_out", ["gain", "gain"], "'gain' stands twice"),
        ("domains", ["nominal", "nominal"], "'nominal' stands twice"),
        ("seeds", [2, 2], "2 stands twice"),
    ],
)
def test_some_of_all_are_a_list_of_each_once(write, key, value, said):
    methods = {"a": {"method": "dann", key: value}}
    with pytest.raises(SettingsError, match=rf"methods\.a\.{key}: .*{said}") as caught:
        load_study(write(methods=methods, shifts={"gain": {}}))
    assert str(caught.value).count("\n") == 1, "one fault, one line"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seeds": 3}, r"seeds: expected a list, such as `seeds: \[3\]`"),
        ({"seeds": []}, "seeds: expected one or more; or leave `seeds` out"),
        ({"seeds": [1, "1"]}, "seeds: 1 stands twice"),
        ({"domains": ["nominal", "nominal"]}, "domains: 'nominal' stands twice"),
        ({"throws": ["low-gain", "low-gain"]}, "throws: 'low-gain' stands twice"),
        ({"domains": {"d": {"throws": ["a", "a"]}}}, r"domains\.d\.throws: 'a' stands twice"),
        ({"domains": [{"throw": "nominal"}]}, "domains: expected names of throws in the list"),
    ],
)
def test_lists_of_the_study(write, changes, said):
    with pytest.raises(SettingsError, match=said):
        load_study(write(**changes))


def test_an_unknown_size(write):
    with pytest.raises(SettingsError, match="small"):
        load_study(write(), size="smal")


def test_shifts_and_several_throws(write):
    shifts = {"gain": {"parameters": "gain", "views": ["charge-scale"]}}
    methods = {"plain": {"method": "classifier", "leave_out": "each"}}
    domains = {"mixed": {"throws": ["nominal", "low-gain"]}}
    study = load_study(write(shifts=shifts, methods=methods, domains=domains))
    assert study.shifts["gain"].parameters == ("gain",)
    assert [part.throw for part in study.domains["mixed"].parts] == ["nominal", "low-gain"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"methods": {"a": {"method": "classifier", "leave_out": "each"}}}, "no shifts to leave"),
        (
            {
                "shifts": {"gain": {}},
                "methods": {"a": {"method": "dann", "target": "each", "leave_out": "each"}},
            },
            "methods without a target",
        ),
        (
            {
                "shifts": {"gain": {}},
                "methods": {"a": {"method": "classifier", "leave_out": ["gian"]}},
            },
            "mean gain",
        ),
        (
            {"shifts": {"gain": {}}, "throws": {"x": {"files": "a.root", "shift": "gian"}}},
            "throws.x.shift: no shift is called 'gian'",
        ),
        ({"shifts": {"a": {"parameters": "g"}, "b": {"parameters": "g"}}}, "'g' is in two"),
        ({"shifts": {"a/b": {}}}, "cannot be a name"),
        ({"domains": {"d": {"throws": ["nominal"]}}}, "at least 2"),
        ({"domains": {"d": {"throws": ["a", "b"], "throw": "c"}}}, "several throws, or one"),
        ({"throws": {"t": {"throws": ["a", "b"]}}}, "only training domains have several"),
    ],
)
def test_what_does_not_go_with_shifts_and_throws(write, changes, said):
    with pytest.raises(SettingsError, match=said):
        load_study(write(**changes))


FIRST = {"method": "contrastive"}


@pytest.mark.parametrize(
    ("first", "then", "changes"),
    [
        (FIRST, {}, {}),
        (FIRST, {"target": "each"}, {}),
        ({**FIRST, "target": "each"}, {"target": "each"}, {}),
        ({**FIRST, "target": "each"}, {"target": ["low"]}, {}),
        ({**FIRST, "target": ["low"]}, {"target": ["low"]}, {}),
        ({**FIRST, "leave_out": "each"}, {"leave_out": ["gain"]}, {"shifts": {"gain": {}}}),
        (FIRST, {"settings": {"pretrained": {"train": "none"}}}, {}),
        (FIRST, {"settings": {"pretrained": None}}, {}),
    ],
)
def test_a_method_begins_with_another(write, first, then, changes):
    methods = {"first": first, "then": {"method": "classifier", "begin_with": "first", **then}}
    assert load_study(write(methods=methods, **changes)).methods["then"].begin_with == "first"


@pytest.mark.parametrize(
    ("first", "then", "said"),
    [
        (FIRST, {"begin_with": "frist"}, "then.begin_with: no method is called 'frist'.*first"),
        (FIRST, {"begin_with": "then"}, "'then' begins with another encoder itself"),
        ({**FIRST, "begin_with": "other"}, {}, "'first' begins with another encoder itself"),
        (
            {**FIRST, "domains": ["low-gain"]},
            {},
            "then.domains: .* 'first', which has no training for nominal",
        ),
        ({**FIRST, "seeds": [1]}, {}, "then.seeds: .* no training for 2"),
        ({**FIRST, "target": "each"}, {}, "then.target: .* no training for no target"),
        ({**FIRST, "target": ["low"]}, {"target": "each"}, "then.target: .* for each"),
        ({**FIRST, "target": ["low"]}, {"target": ["nominal"]}, "then.target: .* for nominal"),
        ({**FIRST, "target": ["low"]}, {}, "then.target: .* for no target"),
        (FIRST, {"leave_out": "each"}, "then.leave_out: .* no training for gain"),
        (FIRST, {"settings": {"pretrained": "m.ckpt"}}, "sets pretrained.checkpoint by itself"),
        (FIRST, {"settings": {"pretrained": {"checkpoint": "m"}}}, "sets pretrained.checkpoint"),
    ],
)
def test_what_a_method_cannot_begin_with(write, first, then, said):
    methods = {
        "other": "classifier",
        "first": first,
        "then": {"method": "classifier", "begin_with": "first", **then},
    }
    domains = ["nominal", "low-gain"]
    with pytest.raises(SettingsError, match=said):
        load_study(write(methods=methods, shifts={"gain": {}}, domains=domains))
