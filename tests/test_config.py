"""Settings: short forms, overrides, and errors that name the nearest known key."""

from __future__ import annotations

import pytest
import yaml

from hitclr.config import EmaSettings, SwadSettings, load_settings, make_settings, override_settings
from hitclr.errors import SettingsError

LEAST = {"schema": "toy", "data": {"samples": {"a": "a.root"}}}
AGAIN = {"detector": "d", "deposits": "d.root"}


def samples(**uses):
    return {"samples": {name: {"files": f"{name}.root", "use": use} for name, use in uses.items()}}


PAIR = samples(a="split", b="views")


def test_short_forms():
    settings = make_settings({**LEAST, "encoder": "mine", "method": {"name": "m", "alpha": 0.5}})
    assert settings.data.samples["a"].files == ("a.root",)
    assert settings.encoder.name == "mine"
    assert settings.method.options == {"alpha": 0.5}


def test_short_forms_of_the_trainer():
    trainer = make_settings({**LEAST, "trainer": {"average": "ema", "early_stopping": 4}}).trainer
    assert isinstance(trainer.average, EmaSettings)
    assert trainer.average.decay == 0.999
    assert trainer.early_stopping.patience == 4
    for nothing in ("none", None):
        assert make_settings({**LEAST, "trainer": {"average": nothing}}).trainer.average is None
    changes = ["trainer.average=swad", "trainer.average.converge=2"]
    swad = override_settings(LEAST, changes).trainer.average
    assert isinstance(swad, SwadSettings)
    assert (swad.converge, swad.overfit, swad.tolerance) == (2, 6, 1.3)


def test_plain_settings_read_back():
    content = {
        **LEAST,
        "views": {"augmentations": [{"name": "rotation", "axis": "z"}], "choose": 2},
        "trainer": {"average": {"name": "swad", "converge": 4}, "early_stopping": 3},
        "data": {
            "samples": {"a": {"files": ["a", "b"], "label": {"columns": "p", "classes": {"x": 1}}}}
        },
    }
    settings = make_settings(content)
    assert make_settings(yaml.safe_load(yaml.safe_dump(settings.plain()))) == settings


@pytest.mark.parametrize(
    ("update", "match"),
    [
        ({"trainr": {}}, r"trainr: unknown key. Did you mean trainer"),
        ({"trainer": {"epoch": 3}}, r"trainer.epoch: unknown key. Did you mean epochs\?"),
        ({"data": {"samples": {"a": {"file": "x"}}}}, "Did you mean files"),
        ({"data": {"samples": {}}}, "data.samples"),
        ({"data": {"samples": {"a": "x"}, "split": {"test": 0.7, "validation": 0.5}}}, "add up"),
        ({"data": {"samples": {"a": "x"}, "on_bad_input": "ignore"}}, "'raise' or 'skip'"),
        ({"optimizer": {"lr": -1}}, "optimizer.lr"),
        ({"trainer": {"epochs": "many"}}, r"trainer.epochs: .*got 'many'"),
        ({"trainer": {"average": "swa"}}, r"trainer.average: .*'ema', 'swad'"),
        (
            {"trainer": {"average": {"name": "ema", "decay": 1.0}}},
            r"average.ema.decay: .*less than",
        ),
        ({"trainer": {"average": {"name": "ema", "converge": 3}}}, "converge: unknown key"),
        ({"trainer": {"average": {"name": "swad", "tolerance": 0.9}}}, "average.swad.tolerance"),
        ({"trainer": {"early_stopping": 0}}, "early_stopping.patience"),
        ({"trainer": {"early_stopping": True}}, "trainer.early_stopping"),
        ({"method": {"alpha": 1}}, "method.name"),
        ({"views": {"pair": ["a"]}}, "two or more different samples"),
        ({"views": {"pair": ["a", "a"]}}, "two or more different samples"),
        ({"views": {"pair": ["a", "bb"]}}, "no sample is called 'bb'"),
        ({"views": {"resimulate": {"detector": "d"}}}, "views.resimulate.deposits"),
        ({"views": {"resimulate": {"detector": "d", "deposits": []}}}, "resimulate.deposits"),
        ({"views": {"resimulate": {**AGAIN, "probability": 1.5}}}, "resimulate.probability"),
        ({"views": {"resimulate": {**AGAIN, "vry": ["g"]}}}, "vry: unknown key. Did you mean vary"),
        ({"views": {"resimulate": {**AGAIN, "vary": {"g": [1]}}}}, "resimulate.vary"),
        ({"data": PAIR, "views": {"pair": ["a", "b"], "resimulate": AGAIN}}, "got both"),
        ({"data": {"samples": {"a": {"files": "x", "use": "views"}}}}, "does not name a"),
        (
            {"data": samples(a="split", b="views", c="views"), "views": {"pair": ["a", "b"]}},
            "which does not name c",
        ),
        *(
            ({"data": samples(a=one, b=two), "views": {"pair": ["a", "b"]}}, "pair: besides")
            for one, two in (
                ("split", "train"),
                ("split", "test"),
                ("test", "views"),
                ("validation", "validation"),
                ("views", "views"),
            )
        ),
    ],
)
def test_refused(update, match):
    with pytest.raises(SettingsError, match=match):
        make_settings({**LEAST, **update})


def test_where_the_hits_of_views_come_from():
    again = make_settings({**LEAST, "views": {"resimulate": AGAIN}}).views.resimulate
    assert (again.deposits, again.vary, again.probability) == (("d.root",), None, 1.0)
    for given, vary in (
        ("g", ("g",)),
        ([], ()),
        (["g", "h"], ("g", "h")),
        ({"g": [1, 2.5]}, {"g": (1.0, 2.5)}),
    ):
        content = {**LEAST, "views": {"resimulate": {**AGAIN, "vary": given}}}
        settings = make_settings(content)
        assert settings.views.resimulate.vary == vary
        assert make_settings(yaml.safe_load(yaml.safe_dump(settings.plain()))) == settings
    for data in (PAIR, samples(a="split", b="split"), samples(a="train", b="train", c="test")):
        settings = make_settings({**LEAST, "data": data, "views": {"pair": ["a", "b"]}})
        assert settings.views.pair == ("a", "b")
        assert make_settings(yaml.safe_load(yaml.safe_dump(settings.plain()))) == settings


def test_overrides():
    content = {**LEAST, "encoder": "mine", "views": {"augmentations": [{"name": "rotation"}]}}
    settings = override_settings(
        content,
        [
            "trainer.epochs=7",
            "views.augmentations.0.axis=z",
            "encoder.depth=3",
            "data.samples.b=[c.root, d.root]",
            "out=x=y",
        ],
    )
    assert settings.trainer.epochs == 7
    assert settings.views.augmentations[0].options == {"axis": "z"}
    assert settings.encoder.name == "mine"
    assert settings.encoder.options == {"depth": 3}
    assert settings.data.samples["b"].files == ("c.root", "d.root")
    assert settings.out == "x=y"
    assert content["encoder"] == "mine", "the mapping that was given is not changed"


def test_overrides_of_short_forms():
    settings = override_settings(LEAST, ["data.samples.a.use=test", "data.samples.b.files=[c]"])
    assert settings.data.samples["a"].files == ("a.root",)
    assert settings.data.samples["a"].use == "test"
    assert settings.data.samples["b"].files == ("c",)


def test_overrides_of_defaults():
    settings = override_settings(LEAST, ["encoder.size=tiny", "method.views=3"])
    assert settings.encoder.model_dump() == {"name": "pointnet", "size": "tiny"}
    assert settings.method.model_dump() == {"name": "classifier-aug", "views": 3}


def test_a_key_that_stands_twice(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("schema: toy\ndata: {samples: {a: x.root, a: y.root}}")
    with pytest.raises(SettingsError, match="'a' stands twice"):
        load_settings(path)


def test_a_merged_mapping(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("schema: toy\ndata: {samples: {a: &a {files: x.root}, b: {<<: *a}}}")
    with pytest.raises(SettingsError, match=r"merge keys \(<<\) are not read[^$]*line 2"):
        load_settings(path)


@pytest.mark.parametrize(
    ("override", "match"),
    [
        ("trainer.epochs", "expected an override like"),
        ("=3", "expected an override like"),
        ("seed.x.y=3", "leads nowhere"),
        ("views.augmentations.4.axis=z", "leads nowhere"),
        ("seed=[", "not valid YAML"),
        ("trainer.epoch=3", "Did you mean epochs"),
    ],
)
def test_wrong_overrides(override, match):
    content = {**LEAST, "seed": 1, "views": {"augmentations": []}}
    with pytest.raises(SettingsError, match=match):
        override_settings(content, [override])


def test_files(tmp_path):
    path = tmp_path / "a.yaml"
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(path)
    path.write_bytes(b"root\xf3\x00")
    with pytest.raises(SettingsError, match=r"expected YAML .*not a text file"):
        load_settings(path)
    path.write_text("a: [")
    with pytest.raises(SettingsError, match="not valid YAML"):
        load_settings(path)
    path.write_text("3")
    with pytest.raises(SettingsError, match="should hold a mapping"):
        load_settings(path)
    path.write_text(yaml.safe_dump(LEAST))
    assert load_settings(path, ["seed=4"]).seed == 4


@pytest.mark.parametrize(
    ("variable", "match"),
    [
        ({"bins": 0, "range": [0, 1]}, "one bin or more, got 0"),
        ({"bins": 5}, "needs `range: .low, high.`, or `spacing: quantile`"),
        (5, "needs `range"),
        ({"bins": 5, "range": [1, 1]}, r"edges that rise, two or more, got \[1.0, 1.0\]"),
        ([0, 2, 1], "edges that rise"),
        ([0], "edges that rise"),
        ([0, 1, float("inf")], "edges that rise"),
        ([float("nan"), 1], "edges that rise"),
        ([float("-inf"), 1], "expected finite edges"),
        ({"bins": [0, 1], "range": [0, 1]}, "here the edges are given"),
        ({"bins": [1, 2], "spacing": "log"}, "here the edges are given"),
        ({"bins": 3, "range": [0, 1], "spacing": "log"}, "begin above 0, got 0"),
        ({"bins": 3, "range": [0, 1], "spacing": "quantile"}, "by quantile have no range"),
        ({"bins": 3, "spacing": "quantiles"}, "spacing"),
        ({"bin": 3}, "data.reweight.variables.e.bin: unknown key. Did you mean bins"),
    ],
)
def test_bins_of_weights_that_are_refused(variable, match):
    data = {**LEAST["data"], "reweight": {"variables": {"e": variable}}}
    with pytest.raises(SettingsError, match=match):
        make_settings({**LEAST, "data": data})


def test_weights():
    assert make_settings(LEAST).data.reweight is None
    variables = {"e": {"bins": 3, "range": [1, 8], "spacing": "log"}, "c": [-1, 0, 1]}
    data = {**LEAST["data"], "reweight": {"variables": variables, "reference": "a"}}
    settings = make_settings({**LEAST, "data": data})
    found = settings.data.reweight
    assert (found.reference, found.equal_classes, found.max_ratio) == ("a", True, 10)
    assert found.variables["c"].bins == (-1, 0, 1)
    assert found.variables["e"].bins == 3
    assert make_settings(yaml.safe_load(yaml.safe_dump(settings.plain()))) == settings
    for wrong in ({}, {**variables, "third": [0, 1]}):
        data["reweight"]["variables"] = wrong
        with pytest.raises(SettingsError, match=r"data\.reweight\.variables"):
            make_settings({**LEAST, "data": data})
    data["reweight"] = {"variables": variables, "max_ratio": 0.5}
    with pytest.raises(SettingsError, match=r"data\.reweight\.max_ratio"):
        make_settings({**LEAST, "data": data})
