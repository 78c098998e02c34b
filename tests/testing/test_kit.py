"""The kit over what hitclr itself registers, and how it makes what it checks."""

from __future__ import annotations

import pytest
import torch

from hitclr.augment import Augmentation, Draws
from hitclr.errors import PluginError, SchemaError
from hitclr.events import feature_index, feature_names, replace_hits
from hitclr.io import load_schema
from hitclr.nn import PointNet
from hitclr.plugins import PluginInfo, Plugins, builtin
from hitclr.testing import Example, make_events
from hitclr.testing.builtin_examples import builtin_example
from hitclr.testing.installed import PLUGIN_CHECKS, InstalledPlugin
from hitclr.testing.kit import CHECKS, Kit

SCHEMA = load_schema(
    {
        "name": "mine",
        "tree": "events",
        "positions": {"branches": ["x", "y", "z"], "unit": "cm"},
        "features": [{"name": "q", "branch": "q", "unit": "pe"}],
        "hit_columns": {"channel": "channel"},
    }
)


def built_in():
    plugins = Plugins()
    plugins.add(builtin, PluginInfo("hitclr", "hitclr", "1"))
    return Kit(plugins, "hitclr", builtin_example)


@pytest.mark.parametrize(("kind", "name"), list(built_in().registered()))
def test_what_hitclr_registers_passes(kind, name):
    subject, *context = built_in().prepare(kind, name)
    for check in CHECKS[kind]:
        check(subject, *(one.clone() for one in context))


class Scale(Augmentation):
    """Multiply a feature, which must be there.

    Args:
        factor: a factor.
        probability: the probability with which each event is changed.
    """

    writes = ("x",)
    feature = "q"

    def __init__(self, factor: float, probability: float = 1.0) -> None:
        super().__init__(probability)
        self.factor = factor

    def sample(self, batch, generator):
        return Draws(batch.ptr)

    def transform(self, batch, draws):
        x = batch.x.clone()
        x[:, feature_index(batch, self.feature)] *= self.factor
        return replace_hits(batch, {"x": x})


class Default(Scale):
    def __init__(self, factor: float = 2.0, probability: float = 1.0) -> None:
        super().__init__(factor, probability)


class Foreign(Default):
    feature = "no-such-feature"


def kit_of(example=None, schemas=(), detectors=(), **registered):
    plugins = Plugins()
    for kind, values in {**registered, "schemas": schemas, "detectors": detectors}.items():
        for name, value in dict(values).items():
            plugins.registries()[kind].add(name, value, "mine")
    plugins.augmentations.add("of-another", Default, "another")
    return Kit(plugins, "mine", lambda kind, name: example)


def test_it_takes_what_the_plugin_registers_and_no_more(cells):
    kit = kit_of(
        augmentations={"b": Default, "a": Default},
        schemas={"mine": SCHEMA},
        detectors={"cells": cells},
        encoders={"net": PointNet},
    )
    assert list(kit.registered()) == [
        ("detector", "cells"),
        ("schema", "mine"),
        ("augmentation", "a"),
        ("augmentation", "b"),
        ("encoder", "net"),
    ]


def test_events_come_from_the_plugins_schemas():
    augmentation, batch = kit_of(augmentations={"a": Default}, schemas={"s": SCHEMA}).prepare(
        "augmentation", "a"
    )
    assert augmentation.factor == 2.0
    assert feature_names(batch) == ("q",)
    assert "hit_channel" in batch
    assert 1 < batch.num_graphs < 10


def test_events_come_from_the_plugins_detectors_first(cells):
    kit = kit_of(encoders={"net": PointNet}, schemas={"s": SCHEMA}, detectors={"cells": cells})
    make, batch = kit.prepare("encoder", "net")
    assert feature_names(batch) == ("time", "charge")
    assert int(batch.ptr.diff().min()) >= cells.minimum_hits
    assert (make.__name__, type(make(2))) == ("net", PointNet)


def test_events_are_made_up_with_what_is_read():
    class Reads(Default):
        feature = "charge"
        reads = ("hit_channel", "axis")

    _, batch = kit_of(augmentations={"a": Reads}, schemas={"s": SCHEMA}).prepare(
        "augmentation", "a"
    )
    assert feature_names(batch)[0] == "charge"
    assert {"hit_channel", "axis"} <= set(batch.keys())


def test_the_authors_example_comes_first():
    given = make_events(7)
    kit = kit_of(Example({"factor": 3.0}, given), augmentations={"a": Scale})
    augmentation, batch = kit.prepare("augmentation", "a")
    assert augmentation.factor == 3.0
    assert batch is given
    make, batch = kit_of(Example({"size": "tiny"}, given), encoders={"net": PointNet}).prepare(
        "encoder", "net"
    )
    assert make(2).out_channels == 64
    assert batch is given


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("augmentation", Scale, ["factor", "Example(options={...})", "('augmentation', 'a')"]),
        ("augmentation", Foreign, ["no events that the kit", "no-such-feature", "batch=..."]),
        ("encoder", lambda number, width: None, ["width", "Example(options={...})"]),
    ],
)
def test_an_example_is_asked_for(kind, value, words):
    with pytest.raises(PluginError) as caught:
        kit_of(**{f"{kind}s": {"a": value}}).prepare(kind, "a")
    for word in words:
        assert word in str(caught.value)


def test_an_encoder_that_no_events_suit():
    class Choosy(PointNet):
        def forward(self, batch):
            message = "needs times"
            raise SchemaError(message)

    with pytest.raises(PluginError, match=r"(?s)needs times.*Example\(batch=\.\.\.\)"):
        kit_of(encoders={"a": Choosy}).prepare("encoder", "a")


def test_what_is_broken_otherwise_is_left_to_the_checks():
    class Breaks(Default):
        def transform(self, batch, draws):
            return torch.zeros(1) @ torch.zeros(2)

    class BreaksToo(PointNet):
        def forward(self, batch):
            return torch.zeros(1) @ torch.zeros(2)

    kit = kit_of(augmentations={"a": Breaks}, encoders={"e": BreaksToo})
    for kind, name in kit.registered():
        subject, batch = kit.prepare(kind, name)
        with pytest.raises(AssertionError, match="RuntimeError"):
            CHECKS[kind][2](subject, batch)


def test_an_example_that_is_none():
    with pytest.raises(PluginError, match=r"expected a hitclr\.testing\.Example or None, got 7"):
        kit_of(7, augmentations={"a": Default}).prepare("augmentation", "a")


def test_a_schema_that_a_detector_has_and_nobody_registers(cells):
    check = {check.name: check for check in PLUGIN_CHECKS}["registers_its_detectors_schemas"]
    registered = kit_of(detectors={"cells": cells}, schemas={"cells": cells.schema})
    check(InstalledPlugin("mine", registered.plugins))
    for schemas, words in (({}, "nowhere"), ({"other": cells.schema}, "as other")):
        kit = kit_of(detectors={"cells": cells}, schemas=schemas)
        with pytest.raises(AssertionError, match=f"'cells', which is registered {words}"):
            check(InstalledPlugin("mine", kit.plugins))
