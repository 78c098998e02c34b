"""`hitclr display`: which event, by which schema, and what goes wrong."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
import uproot

from hitclr.errors import HitclrError, OutputError, SettingsError, UnknownNameError
from hitclr.plugins import Plugins, load_plugins
from hitclr.runs import simulate
from hitclr.runs.display import display_event, read_event, schema_for


@pytest.fixture(scope="module")
def toy():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parent)
        yield importlib.import_module("toy_detector").ToyDetector()
        patch.delitem(sys.modules, "toy_detector")


@pytest.fixture(scope="module")
def files(toy, tmp_path_factory):
    folder = tmp_path_factory.mktemp("display")
    simulate(
        toy,
        folder / "hits.root",
        events=20,
        seed=1,
        first_event=1000,
        deposits=folder / "deposits.root",
        processes=1,
    )
    return folder / "hits.root", folder / "deposits.root"


@pytest.fixture
def plugins(toy):
    made = Plugins()
    made.detectors.add("toy", toy, "tests")
    made.schemas.add("toy-detector", toy.schema, "tests")
    return made


def test_the_schema_is_that_of_the_simulated_detector(files, toy, plugins):
    assert schema_for(files[0], plugins) is toy.schema
    assert schema_for(files[0], plugins, "toy-detector") is toy.schema
    guessed = schema_for(files[0], load_plugins())  # the detector is not installed
    assert guessed.positions.branches == toy.schema.positions.branches
    with pytest.raises(UnknownNameError, match="toy-detector"):
        schema_for(files[0], plugins, "toy-detectr")


def test_the_event_asked_for_is_drawn(files, toy):
    hits, deposits = files
    with uproot.open(hits) as file:
        tree = file["events"].arrays(library="np")
    for entry in (0, 7):
        made = read_event(hits, entry, toy.schema, deposits)
        assert made.pos[:, 0] == pytest.approx(tree["hits_x"][entry])
        assert made.value == pytest.approx(tree["hits_charge"][entry])
        assert f"event {tree['event'][entry]}" in made.title
        # Cells of 1 cm: each hit has a deposit within the diagonal of half a cell.
        apart = np.linalg.norm(made.pos[:, None] - made.true_pos[None], axis=2).min(1)
        assert apart.max() < 0.87 + 1e-3
        by_id = read_event(hits, int(tree["event"][entry]), toy.schema, by_id=True)
        assert (by_id.pos == made.pos).all()
        assert by_id.true_pos is None


def test_a_picture_is_written(files, plugins, tmp_path):
    out = tmp_path / "new" / "event.png"
    display_event(files[0], 3, out, plugins, deposits=files[1])
    assert out.read_bytes()[:4] == b"\x89PNG"
    display_event(files[0], 3, out.with_suffix(".pdf"), plugins)
    assert out.with_suffix(".pdf").read_bytes()[:4] == b"%PDF"


def test_what_goes_wrong_is_said(files, toy, plugins, tmp_path):
    with pytest.raises(SettingsError, match="expected an entry from 0 to 19, got 20"):
        read_event(files[0], 20, toy.schema)
    with pytest.raises(SettingsError, match="no event has the id 7 in event"):
        read_event(files[0], 7, toy.schema, by_id=True)
    keyless = toy.schema.model_copy(update={"key": None})
    with pytest.raises(SettingsError, match="has no key"):
        read_event(files[0], 7, keyless, by_id=True)
    with pytest.raises(SettingsError, match="no event ids"):
        read_event(files[0], 7, keyless, files[1])
    with pytest.raises(OutputError, match="cannot write"):
        display_event(files[0], 3, tmp_path / "event.nonsense", plugins)
    with pytest.raises(HitclrError, match="no such file"):
        display_event(tmp_path / "none.root", 3, tmp_path / "event.png", plugins)
