"""From settings and events to weights."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from hitclr.config import ReweightSettings, make_settings
from hitclr.errors import HitclrError, SettingsError
from hitclr.events import EventStore
from hitclr.io import load_schema
from hitclr.plugins import load_plugins
from hitclr.runs.reweight import require_reweighting, reweight

NUMBER = 600


@pytest.fixture
def store():
    """Events of two classes, and some unlabelled, with an energy and a direction; no hits."""
    random = np.random.default_rng(1)
    labels = random.choice([-1, 0, 1], NUMBER, p=[0.1, 0.6, 0.3])
    energy = 10 ** random.uniform(0, np.where(labels == 0, 1.0, 2.0), NUMBER)
    energy[labels < 0] = np.nan
    return EventStore(
        hits={},
        events={
            "y": torch.from_numpy(labels),
            "event_id": torch.stack([torch.zeros(NUMBER).long(), torch.arange(NUMBER)], 1),
            "domain": torch.zeros(NUMBER, dtype=torch.int64),
            "energy": torch.from_numpy(energy),
            "up": torch.from_numpy(random.uniform(-1, 1, NUMBER)),
        },
        ptr=torch.zeros(NUMBER + 1, dtype=torch.int64),
        feature_names=("q",),
        class_names=("track", "shower"),
        files=("a.root",),
    )


@pytest.fixture
def splits():
    rows = torch.arange(NUMBER)
    return {"train": rows[:400], "validation": rows[400:500], "test": rows[500:]}


def settings(**changes):
    content = {"variables": {"energy": {"bins": 4, "range": [1, 100], "spacing": "log"}}}
    return ReweightSettings.model_validate({**content, "max_ratio": None, **changes})


def with_columns(store, **columns):
    return dataclasses.replace(store, events={**store.events, **columns})


def test_training_alone_decides_and_validation_is_weighted(store, splits):
    made = reweight(settings(), store, splits)
    weight, labels = made.store.events["weight"], store.labels
    assert weight.dtype == torch.float32
    edges = np.geomspace(1, 100, 5)
    np.testing.assert_allclose(made.table["variables"][0]["edges"], edges)
    train, validation = splits["train"], splits["validation"]
    known = train[labels[train] >= 0]
    for label in (0, 1):
        own = known[labels[known] == label]
        content, _ = np.histogram(store.events["energy"][own], edges, weights=weight[own])
        some = content > 0
        np.testing.assert_allclose(content[some], len(known) / 2 / some.sum(), rtol=1e-5)
        # A validation event has the weight of a training event of its class and bin.
        late = validation[labels[validation] == label]
        bins = [np.digitize(store.events["energy"][rows], edges) for rows in (own, late)]
        for place in set(bins[0].tolist()) & set(bins[1].tolist()):
            values = weight[own][bins[0] == place], weight[late][bins[1] == place]
            assert torch.cat(values).unique().numel() == 1
    rest = torch.cat([splits["test"], (labels < 0).nonzero()[:, 0]])
    assert (weight[rest] == 1).all()
    assert made.store.ptr is store.ptr
    changed = store.events["energy"].clone()
    changed[splits["test"]] = float("nan")
    changed[validation] = 3.0
    again = reweight(settings(), with_columns(store, energy=changed), splits)
    assert torch.equal(again.store.events["weight"][train], weight[train])


def test_the_schemas_weight_is_multiplied(store, splits):
    given = torch.rand(NUMBER, generator=torch.Generator().manual_seed(0)) + 0.5
    made = reweight(settings(), with_columns(store, weight=given), splits)
    weight, labels = made.store.events["weight"], store.labels
    assert torch.equal(weight[splits["test"]], given[splits["test"]])
    own = splits["train"][labels[splits["train"]] == 1]
    content, _ = np.histogram(
        store.events["energy"][own], np.geomspace(1, 100, 5), weights=weight[own]
    )
    np.testing.assert_allclose(content, content.mean(), rtol=1e-5)
    assert made.table["sums"][1] == pytest.approx(
        np.histogram(
            store.events["energy"][own], np.geomspace(1, 100, 5), weights=given[own].double()
        )[0].tolist()
    )


def test_bins(store, splits):
    train = splits["train"][store.labels[splits["train"]] >= 0]
    variables = {"energy": {"bins": 5, "spacing": "quantile"}, "up": [-1, 0, 0.5, 1]}
    made = reweight(settings(variables=variables), store, splits)
    energy, up = made.table["variables"]
    assert (energy["name"], up["edges"]) == ("energy", [-1, 0, 0.5, 1])
    counts, _ = np.histogram(store.events["energy"][train], energy["edges"])
    assert counts.max() - counts.min() <= 1
    assert np.shape(made.table["factors"]) == (2, 5, 3)
    linear = {"up": {"bins": 2, "range": [-1, 1]}}
    made = reweight(settings(variables=linear), store, splits)
    assert made.table["variables"][0]["edges"] == [-1, 0, 1]
    tied = with_columns(store, up=torch.zeros(NUMBER, dtype=torch.float64))
    quantiles = {"up": {"bins": 2, "spacing": "quantile"}}
    with pytest.raises(SettingsError, match="have no width: the edges would be 0, 0, 0"):
        reweight(settings(variables=quantiles), tied, splits)


def test_what_is_told(store, splits):
    made = reweight(settings(variables={"energy": [2, 5, 20]}, reference="track"), store, splits)
    labels = store.labels[splits["train"]]
    energy = store.events["energy"][splits["train"]]
    weight = made.store.events["weight"][splits["train"]]
    for label, row in enumerate(made.table["classes"]):
        own = labels == label
        assert row["events"] == int(own.sum())
        assert row["outside"] == int(((energy[own] < 2) | (energy[own] > 20)).sum()) > 0
        assert row["largest"] == pytest.approx(float(weight[own].max()))
        assert row["smallest"] == pytest.approx(float(weight[own].min()))
        effective = weight[own].double().sum() ** 2 / (weight[own].double() ** 2).sum()
        assert row["effective"] == pytest.approx(float(effective), rel=1e-5)
        assert row["zero"] == 0
        assert f"{row['effective']:.0f} of {row['events']} {row['class']}" in made.line
    assert "by energy (as in track)" in made.line
    outside = sum(row["outside"] for row in made.table["classes"])
    assert f"nearest: {outside}." in made.line
    made = reweight(settings(variables={"energy": [1, 10, 100]}, reference="track"), store, splits)
    none = int(((labels == 1) & (energy >= 10)).sum())
    assert [row["zero"] for row in made.table["classes"]] == [0, none]
    assert f"none there: {none}." in made.line


def test_events_without_the_variable_are_an_error(store, splits):
    for value in (float("nan"), float("inf")):
        energy = store.events["energy"].clone()
        place = splits["validation"][store.labels[splits["validation"]] >= 0][2]
        energy[place] = value
        with pytest.raises(HitclrError, match=f"1 have none, such as entry {place} of a.root"):
            reweight(settings(), with_columns(store, energy=energy), splits)


def test_the_reference_is_a_class(store, splits):
    with pytest.raises(SettingsError, match=r"got 'tracks'\. Did you mean track"):
        reweight(settings(reference="tracks"), store, splits)


def test_what_is_needed(toy_settings, toy_schema):
    plugins, schema = load_plugins(), load_schema(toy_schema)

    def require(method, variable):
        data = {**toy_settings["data"], "reweight": {"variables": {variable: [1, 2]}}}
        content = {**toy_settings, "data": data, "method": method}
        require_reweighting(make_settings(content), schema, plugins)

    require("classifier", "energy")
    with pytest.raises(SettingsError, match=r"no 'enrgy'\. Did you mean energy"):
        require("classifier", "enrgy")
    with pytest.raises(SettingsError, match="the method contrastive does not weigh events"):
        require("contrastive", "energy")
    require_reweighting(make_settings({**toy_settings, "method": "contrastive"}), schema, plugins)
