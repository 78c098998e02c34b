"""Building from names and options."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import yaml

from hitclr.augment import Chain, Choose, Rotation
from hitclr.build import (
    build_augmentation,
    build_method,
    build_schema,
    construct,
)
from hitclr.config import Spec, ViewSettings, make_settings
from hitclr.errors import SettingsError, UnknownNameError
from hitclr.methods import Classifier, Contrastive
from hitclr.plugins import Registry, load_plugins


@pytest.fixture(scope="module")
def plugins():
    return load_plugins()


def spec(name, **options):
    return Spec.model_validate({"name": name, **options})


def test_options_are_checked_against_the_signature(plugins):
    made = construct(plugins.augmentations, spec("rotation", axis="z", probability=0.5))
    assert isinstance(made, Rotation)
    assert made.probability == 0.5
    with pytest.raises(SettingsError, match=r"axs: unknown key. Did you mean axis"):
        construct(plugins.augmentations, spec("rotation", axs="z"))
    with pytest.raises(SettingsError, match=r"rotation.*\n.*axis"):
        construct(plugins.augmentations, spec("rotation", axis="w"))
    with pytest.raises(UnknownNameError, match="Did you mean rotation"):
        construct(plugins.augmentations, spec("rotatoin"))


def test_given_arguments_are_no_options():
    registry: Registry[object] = Registry("thing")

    def make(first: int, second: int = 2, **more: int) -> tuple[int, int, dict[str, int]]:
        return first, second, more

    registry.add("thing", make, "test")
    assert construct(registry, spec("thing", second="5", third=7), 1) == (1, 5, {"third": 7})


def test_augmentations(plugins):
    assert build_augmentation(ViewSettings(), plugins) is None
    parts = [{"name": "rotation"}, {"name": "hit-dropout", "fraction": [0, 0.3]}]
    chain = build_augmentation(ViewSettings(augmentations=parts), plugins)
    assert isinstance(chain, Chain)
    assert isinstance(
        build_augmentation(ViewSettings(augmentations=parts, choose=2), plugins), Choose
    )


def test_schemas(plugins, toy_schema, tmp_path):
    def settings(schema):
        return make_settings({"schema": schema, "data": {"samples": {"a": "a"}}})

    (tmp_path / "s.yaml").write_text(yaml.safe_dump(toy_schema))
    from_file = build_schema(settings("s.yaml"), plugins, tmp_path)
    assert from_file == build_schema(settings(toy_schema), plugins, Path())
    with pytest.raises(UnknownNameError, match="no schema is called 'unknown'"):
        build_schema(settings("unknown"), plugins, Path())


@pytest.mark.parametrize(
    ("name", "kind"), [("contrastive", Contrastive), ("classifier", Classifier)]
)
def test_weights_depend_on_the_seed_alone(plugins, toy_settings, name, kind):
    def build(seed):
        settings = make_settings({**toy_settings, "method": name, "seed": seed})
        return build_method(settings, plugins, num_features=2, num_classes=2)

    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = build(1)
    assert isinstance(first, kind)
    assert torch.equal(state, torch.get_rng_state())
    torch.manual_seed(2)
    second, other = build(1), build(2)
    same = [torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True)]
    assert all(same)
    weights = zip(first.parameters(), other.parameters(), strict=True)
    assert not all(torch.equal(a, b) for a, b in weights)
