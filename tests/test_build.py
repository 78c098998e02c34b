"""Building from names and options."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
import yaml

from hitclr import build
from hitclr.augment import Chain, Choose, Rotation
from hitclr.build import (
    build_augmentation,
    build_deposits,
    build_method,
    build_samples,
    build_schema,
    build_views,
    construct,
    spell_out_schema,
    spell_out_views,
)
from hitclr.config import Spec, ViewSettings, make_settings
from hitclr.errors import InputError, SettingsError, UnknownNameError
from hitclr.io import BadInput, load_schema
from hitclr.methods import Classifier, Contrastive
from hitclr.plugins import Plugins, Registry, load_plugins
from hitclr.views import PairedViews, ResimulatedViews


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


@pytest.fixture
def with_cells(cells):
    """Registries with the detector of the tests."""
    plugins = Plugins()
    plugins.detectors.add("cells", cells, "test")
    return plugins


def again(**update):
    content = {"detector": "cells", "deposits": ["d*.root"], **update}
    return ViewSettings.model_validate({"resimulate": content})


def test_deposits_files_are_found_and_settings_checked_before_reading(
    with_cells, cells_schema, tmp_path
):
    schema = load_schema(cells_schema)
    for name in ("d2.root", "d1.root", "e.root"):
        (tmp_path / name).touch()
    files = build_deposits(again(), with_cells, schema, tmp_path)
    assert files == (tmp_path / "d1.root", tmp_path / "d2.root")
    assert build_deposits(ViewSettings(), with_cells, schema, tmp_path) == ()
    with pytest.raises(InputError, match="none"):
        build_deposits(again(deposits="x*.root"), with_cells, schema, tmp_path)
    with pytest.raises(UnknownNameError, match="Did you mean cells"):
        build_deposits(again(detector="cell"), with_cells, schema, tmp_path)
    with pytest.raises(SettingsError, match=r"views\.resimulate\.vary: .*no parameter 'gian'"):
        build_deposits(again(vary=["gian"]), with_cells, schema, tmp_path)
    with pytest.raises(SettingsError, match="between 0 and inf"):
        build_deposits(again(vary={"gain": [-1, 2]}), with_cells, schema, tmp_path)
    selecting = {**cells_schema, "select_hits": [{"branch": "hit_q", "min": 1}]}
    with pytest.raises(SettingsError, match=r"selects hits \(select_hits\)"):
        build_deposits(again(), with_cells, load_schema(selecting), tmp_path)
    time, charge = cells_schema["features"]
    shifting = {**cells_schema, "features": [{**time, "relative_to": "minimum"}, charge]}
    with pytest.raises(SettingsError, match=r"shifts time \(relative_to\)"):
        build_deposits(again(), with_cells, load_schema(shifting), tmp_path)


def test_views(with_cells, cells, cells_schema, make_deposits, monkeypatch):
    schema = load_schema(cells_schema)
    parts = {"d1.root": make_deposits([1, 2]), "d2.root": make_deposits([3, 4, 5])}
    parts["d3.root"] = parts["d2.root"].select(torch.tensor([0]))
    monkeypatch.setattr(build, "read_deposits", lambda path: parts[path.name])
    made = cells.respond(parts["d2.root"], cells.draw(3, torch.Generator(), []), torch.Generator())
    made.events["key"] = made.events["event"]
    made.events["y"] = torch.tensor([0, 1, 0])
    made.events["domain"] = torch.tensor([0, 0, 1])
    made.events["event_id"] = torch.zeros(3, 2, dtype=torch.int64)
    store = dataclasses.replace(made, domain_names=("a", "b"))
    files = [Path("d1.root"), Path("d2.root")]
    rows = torch.arange(3)
    half = again(vary="gain", probability=0.5)
    source = build_views(half, with_cells, schema, store, files, rows)
    assert isinstance(source, ResimulatedViews)
    assert source.probability == 0.5
    assert source.vary == ("gain",)
    assert source.deposits.truth["event"].tolist() == [3, 4, 5]
    with pytest.raises(SettingsError, match="3 of 3"):
        build_views(again(), with_cells, schema, store, files[:1], rows)
    part = build_views(again(), with_cells, schema, store, [Path("d3.root")], rows[:1])
    assert isinstance(part, ResimulatedViews), "events that are not trained on need no deposits"
    assert build_views(ViewSettings(), with_cells, schema, store, (), rows) is None
    store.events["key"][2] = 3
    store.events["event_id"][2, 0] = 1
    paired = build_views(ViewSettings(pair=("a", "b")), with_cells, schema, store, (), rows)
    assert isinstance(paired, PairedViews)


def test_schemas(plugins, toy_schema, tmp_path):
    def settings(schema):
        return make_settings({"schema": schema, "data": {"samples": {"a": "a"}}})

    (tmp_path / "s.yaml").write_text(yaml.safe_dump(toy_schema))
    from_file = build_schema(settings("s.yaml"), plugins, tmp_path)
    assert from_file == build_schema(settings(toy_schema), plugins, Path())
    with pytest.raises(UnknownNameError, match="no schema is called 'unknown'"):
        build_schema(settings("unknown"), plugins, Path())


def test_schema_makers(plugins, toy_schema, tmp_path, monkeypatch):
    """By name and options, in the settings or in a file; names of files start from its folder."""
    asked = []

    def make(geometry: Path, others: tuple[Path, ...] = (), scale: float = 1.0):
        asked.append((geometry, others, scale))
        return load_schema(toy_schema)

    makers = Registry("schema maker")
    makers.add("made", make, "test")
    monkeypatch.setattr(plugins, "schema_makers", makers)

    def settings(schema):
        return make_settings({"schema": schema, "data": {"samples": {"a": "a"}}})

    def build(schema):
        return build_schema(settings(schema), plugins, tmp_path)

    options = {"name": "made", "geometry": "g.txt", "others": ["a.txt", "/b.txt"], "scale": 2}
    assert build(options) == load_schema(toy_schema)
    folder = tmp_path / "schemas"
    folder.mkdir()
    (folder / "s.yaml").write_text(yaml.safe_dump({"name": "made", "geometry": "g.txt"}))
    build("schemas/s.yaml")
    assert asked == [
        (tmp_path / "g.txt", (tmp_path / "a.txt", Path("/b.txt")), 2.0),
        (folder / "g.txt", (), 1.0),
    ]
    with pytest.raises(SettingsError, match=r"the options of the schema maker 'made':\s+geometry"):
        build("made")
    with pytest.raises(SettingsError, match="Did you mean geometry"):
        build({"name": "made", "geometri": "g.txt"})
    spelled = spell_out_schema(settings(options), plugins, tmp_path)
    names = {"geometry": str(tmp_path / "g.txt"), "others": [str(tmp_path / "a.txt"), "/b.txt"]}
    assert spelled.schema_source == {**options, **names}
    for other in ("made", "schemas/s.yaml", toy_schema):
        assert spell_out_schema(settings(other), plugins, tmp_path) == settings(other)
    # A schema of its own may have the name of a maker.
    assert build({**toy_schema, "name": "made"}).name == "made"


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


def test_samples_from_names_and_servers(tmp_path):
    (tmp_path / "a.root").touch()
    (tmp_path / "names.txt").write_text("a.root\nhttps://host/b.root\n")

    def samples(**files):
        settings = make_settings({"schema": "toy", "data": {"samples": files}})
        return build_samples(settings, tmp_path, BadInput())

    first, second = samples(a="@names.txt", b="https://host/c.root")
    assert first.files == (tmp_path / "a.root", "https://host/b.root")
    assert second.files == ("https://host/c.root",)
    for other in ("./x/../a.root", "https://HOST:443/b.root"):
        with pytest.raises(SettingsError, match="is in two samples, 'a' and 'b'"):
            samples(a="@names.txt", b=other)


def test_views_by_a_detector(with_cells, monkeypatch):
    settings = make_settings(
        {
            "schema": "s.yaml",
            "data": {"samples": {"a": "a.root"}},
            "views": {"detector": "cells", "choose": 1},
        }
    )
    with pytest.raises(SettingsError, match="the detector 'cells' brings no augmentations"):
        spell_out_views(settings, with_cells)
    own = ({"name": "rotation", "axis": "z"}, {"name": "hit-dropout"})
    monkeypatch.setattr(type(with_cells.detectors.get("cells")), "augmentations", own)
    views = spell_out_views(settings, with_cells).views
    assert views == ViewSettings(augmentations=own, choose=1)
    plain = settings.model_copy(update={"views": views})
    assert spell_out_views(plain, with_cells) is plain
    both = {"detector": "cells", "augmentations": own}
    with pytest.raises(SettingsError, match="expected augmentations, or a detector whose own"):
        make_settings({**settings.model_dump(), "views": both})
    wrong = plain.model_copy(update={"views": ViewSettings(detector="cell")})
    with pytest.raises(UnknownNameError, match="Did you mean cells"):
        spell_out_views(wrong, with_cells)
