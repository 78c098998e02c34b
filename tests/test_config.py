"""Settings: short forms, overrides, and errors that name the nearest known key."""

from __future__ import annotations

import pytest
import yaml

from hitclr.config import load_settings, make_settings, override_settings
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


def test_plain_settings_read_back():
    content = {
        **LEAST,
        "views": {"augmentations": [{"name": "rotation", "axis": "z"}], "choose": 2},
        "data": {
            "samples": {"a": {"files": ["a", "b"], "label": {"columns": "p", "classes": {"x": 1}}}}
        },
    }
    settings = make_settings(content)
    assert make_settings(yaml.safe_load(yaml.safe_dump(settings.plain()))) == settings


@pytest.mark.parametrize(
    ("update", "match"),
    [
        ({"trainr": {}}, r"trainr: unknown key. Did you mean trainer\?"),
        ({"trainer": {"epoch": 3}}, r"trainer.epoch: unknown key. Did you mean epochs\?"),
        ({"data": {"samples": {"a": {"file": "x"}}}}, "Did you mean files"),
        ({"data": {"samples": {}}}, "data.samples"),
        ({"data": {"samples": {"a": "x"}, "split": {"test": 0.7, "validation": 0.5}}}, "add up"),
        ({"data": {"samples": {"a": "x"}, "on_bad_input": "ignore"}}, "'raise' or 'skip'"),
        ({"optimizer": {"lr": -1}}, "optimizer.lr"),
        ({"trainer": {"epochs": "many"}}, r"trainer.epochs: .*got 'many'"),
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
    settings = override_settings(LEAST, ["encoder.size=tiny", "method.alpha=1"])
    assert settings.encoder.model_dump() == {"name": "graph-convnext", "size": "tiny"}
    assert settings.method.model_dump() == {"name": "contrastive", "alpha": 1}


def test_a_key_that_stands_twice(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("schema: toy\ndata: {samples: {a: x.root, a: y.root}}")
    with pytest.raises(SettingsError, match="'a' stands twice"):
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
