"""Simulated files: the same for any number of processes; throws and deposits that fit together."""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import replace
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import torch
import uproot
from joblib.externals.loky import get_reusable_executor

from hitclr.detectors import LIQUID_ARGON, POLYSTYRENE, DepositsFile, Throw, read_deposits
from hitclr.errors import HitclrError, InputError, OutputError, PluginError, SettingsError
from hitclr.io import BadInput, Sample, read_samples
from hitclr.io.inspection.inspect import summarise_file
from hitclr.runs import simulate, simulation_block
from hitclr.runs.simulation_files import output_files

SMALL = {"events": 1100, "seed": 7, "energy": (5.0, 10.0)}


@pytest.fixture(scope="module")
def toy():
    """The detectors of the tests, importable like those of a plugin, also in worker processes."""
    get_reusable_executor().shutdown(wait=True)  # an earlier test's workers have another path
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parent)
        yield importlib.import_module("toy_detector")
        patch.delitem(sys.modules, "toy_detector")
    get_reusable_executor().shutdown(wait=True)


@pytest.fixture
def detector(toy):
    return toy.ToyDetector()


@pytest.fixture(scope="module")
def made(toy, tmp_path_factory):
    """Two throws with their deposits, made by two processes."""
    folder = tmp_path_factory.mktemp("made")
    detector = toy.ToyDetector()
    throws = [detector.throw("nominal"), detector.throw("low-gain")]
    result = simulate(
        detector,
        folder / "a-{throw}.root",
        throws=throws,
        deposits=folder / "deposits.root",
        processes=2,
        distribution="toy 1.0",
        **SMALL,
    )
    return folder, result


def content(path, tree="events"):
    with uproot.open(path) as file:
        return {name: branch.array() for name, branch in file[tree].items()}


def read_info(made):
    return DepositsFile(made[0] / "deposits.root").info


def same(one, two):
    assert list(one) == list(two)
    for name, values in one.items():
        assert ak.array_equal(values, two[name], dtype_exact=True), name


def test_the_same_for_any_number_of_processes(made, detector, tmp_path):
    folder, _ = made
    out = tmp_path / "one.root"
    simulate(detector, out, deposits=tmp_path / "deposits.root", processes=1, **SMALL)
    same(content(out), content(folder / "a-nominal.root"))
    for name in ("one.root", "deposits.root"):
        assert (tmp_path / name).exists()
    same(
        content(tmp_path / "deposits.root", "deposits"),
        content(folder / "deposits.root", "deposits"),
    )


def test_the_threads_of_torch_are_left_as_they_were(detector, tmp_path):
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        seen = []
        respond = type(detector).respond

        class Watched(type(detector)):
            def respond(self, *arguments):
                seen.append(torch.get_num_threads())
                return respond(self, *arguments)

        simulate(Watched(), tmp_path / "a.root", events=3, processes=1)
        assert seen == [1]
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_other_seeds_other_events(detector, tmp_path):
    for seed in (1, 2):
        simulate(detector, tmp_path / f"{seed}.root", events=20, seed=seed)
    simulate(detector, tmp_path / "default.root", events=20)
    first, second = (content(tmp_path / f"{seed}.root") for seed in (1, 2))
    assert not ak.array_equal(first["energy"], second["energy"])
    same(first, content(tmp_path / "default.root"))


class SameDeposits:
    """A file with the same deposits wherever it is read."""

    def __init__(self, deposits):
        self.deposits = deposits

    def read(self, start, stop):
        return self.deposits


def test_blocks_differ_in_events(made, detector):
    info = replace(read_info(made), events=2 * simulation_block.BLOCK, energy=(5.0, 5.5))
    job = simulation_block.Job(detector, (), info, None, keep_deposits=True)
    one, two = (simulation_block.make_block(job, start) for start in (0, simulation_block.BLOCK))
    assert not np.isin(one.deposits.events["energy"], two.deposits.events["energy"]).any()
    again = simulation_block.make_block(job, simulation_block.BLOCK)
    assert np.array_equal(again.deposits.rows["x"], two.deposits.rows["x"])


def test_blocks_and_throws_differ_in_noise(made, detector):
    """Throws without gain see nothing but noise."""
    info = replace(read_info(made), events=2 * simulation_block.BLOCK)
    throws = [Throw(f"{gain}", {"gain": gain, "noise": 1.0}) for gain in (0.0, 1e-9)]
    file = SameDeposits(read_deposits(made[0] / "deposits.root"))
    job = simulation_block.Job(detector, tuple(throws), info, file, keep_deposits=False)
    blocks = [simulation_block.make_block(job, start) for start in (0, simulation_block.BLOCK)]
    answers = [answer.rows["charge"] for block in blocks for answer in block.answers]
    assert all(len(charges) > 1000 for charges in answers)
    number = sum(map(len, answers))
    assert np.unique(np.concatenate(answers)).size > 0.95 * number
    again = simulation_block.make_block(job, 0).answers[1].rows["charge"]
    assert np.array_equal(again, answers[1])


def test_a_long_production_in_parts(made, detector, tmp_path):
    out = tmp_path / "rest.root"
    simulate(detector, out, **{**SMALL, "events": 100}, first_event=1000)
    whole, rest = content(made[0] / "a-nominal.root"), content(out)
    kept = whole["event"] >= 1000
    same({name: values[kept] for name, values in whole.items()}, rest)
    for bad in (-1000, 1, 999):
        with pytest.raises(SettingsError, match="multiple of 1000"):
            simulate(detector, tmp_path / "x.root", events=3, first_event=bad)


def test_branches_and_their_types(made, detector):
    with uproot.open(made[0] / "a-low-gain.root") as file:
        types = {name: branch.typename for name, branch in file["events"].items()}
        values = file["events"].arrays()
    axes = [f"{what}_{axis}" for what in ("vertex", "direction") for axis in "xyz"]
    assert types == {
        "event": "int64_t",
        "pdg": "int32_t",
        "energy": "float",
        **dict.fromkeys(axes, "float"),
        "nhits": "int32_t",
        **dict.fromkeys(("hits_x", "hits_y", "hits_z", "hits_charge"), "float[]"),
        "hits_deposits": "int32_t[]",
    }
    assert set(values["pdg"].tolist()) == {11, 13, -13}
    energy = ak.to_numpy(values["energy"])
    assert 5 <= energy.min() < 6 < 9 < energy.max() <= 10
    assert ak.all(ak.num(values["hits_x"]) >= detector.minimum_hits)
    assert ak.all(values["hits_x"] % 1 == 0.5)
    length = np.sqrt(sum(values[f"direction_{axis}"] ** 2 for axis in "xyz"))
    assert np.allclose(length, 1, atol=1e-6)


def test_throws_share_events_and_not_noise(made):
    folder, result = made
    nominal, low = (content(folder / f"a-{name}.root") for name in ("nominal", "low-gain"))
    both, of_nominal, of_low = np.intersect1d(nominal["event"], low["event"], return_indices=True)
    assert len(both) > 300
    assert ak.array_equal(nominal["energy"][of_nominal], low["energy"][of_low])
    ratio = ak.sum(low["hits_charge"][of_low]) / ak.sum(nominal["hits_charge"][of_nominal])
    assert ratio == pytest.approx(0.8, abs=0.02)
    one, two = nominal["hits_charge"][of_nominal][0], low["hits_charge"][of_low][0]
    assert len(one) != len(two) or not np.allclose(one * 0.8, two, rtol=1e-4)
    assert [file.throw.name for file in result.files] == ["nominal", "low-gain"]


def test_metadata(made, detector):
    folder, result = made
    path = folder / "a-low-gain.root"
    with uproot.open(path) as file:
        about = json.loads(file["simulation"])
        values = file["throw"].arrays(library="np")
        entries = file["events"].num_entries
        assert file.classnames(cycle=False)["simulation"] == "TObjString"
    assert about.pop("hitclr").count(".") >= 2
    assert about == {
        "format": 1,
        "detector": "toy",
        "distribution": "toy 1.0",
        "throw": "low-gain",
        "throw_meaning": "less charge",
        "parameters": {
            "gain": {"value": 8.0, "unit": "ADC/MeV"},
            "noise": {"value": 1.0, "unit": "ADC"},
        },
        "seed": 7,
        "events": 1100,
        "first_event": 0,
        "recorded": entries,
        "minimum_hits": 4,
        "particles": ["muon", "electron"],
        "energy": [5.0, 10.0],
        "low": [0.0, 0.0, 0.0],
        "high": [0.0, 0.0, 0.0],
        "material": "liquid argon",
        "step": 0.5,
        "deposits": str(folder / "deposits.root"),
        "units": {
            "energy": "MeV",
            "vertex": "cm",
            "hits": {"x": "cm", "y": "cm", "z": "cm", "charge": "ADC"},
        },
    }
    assert {name: value.tolist() for name, value in values.items()} == {
        "gain": [8.0],
        "noise": [1.0],
    }
    second = result.files[1]
    assert (second.path, second.recorded, second.dropped) == (path, entries, 1100 - entries)


def test_too_few_hits(made, detector, tmp_path):
    deposits = made[0] / "deposits.root"
    events = content(made[0] / "a-nominal.root")
    few = type("Few", (type(detector),), {"minimum_hits": 9})()
    result = simulate(few, tmp_path / "few.root", deposits=deposits, processes=1)
    kept = ak.num(events["hits_x"]) >= 9
    assert 0 < result.files[0].recorded == ak.sum(kept) < 1100
    same({name: values[kept] for name, values in events.items()}, content(tmp_path / "few.root"))
    blind = [detector.throw("blind")]
    result = simulate(detector, tmp_path / "none.root", deposits=deposits, throws=blind)
    assert (result.files[0].recorded, result.files[0].dropped) == (0, 1100)
    assert content(tmp_path / "none.root").keys() == events.keys()


def test_from_deposits_as_without(made, detector, tmp_path):
    folder, _ = made
    before = (folder / "deposits.root").read_bytes()
    for processes in (1, 2):
        out = tmp_path / f"{processes}.root"
        result = simulate(
            detector, out, deposits=folder / "deposits.root", processes=processes, seed=7
        )
        assert result.deposits is None
        same(content(out), content(folder / "a-nominal.root"))
    assert (folder / "deposits.root").read_bytes() == before
    direct = tmp_path / "direct.root"
    simulate(detector, direct, processes=2, **SMALL)
    same(content(direct), content(folder / "a-nominal.root"))


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"events": 1000}, ["--events: the file has 1100, wanted 1000"]),
        ({"seed": 8}, ["--seed: the file has 7, wanted 8"]),
        ({"particles": ("muon",)}, ["--particles: the file has muon, electron, wanted muon"]),
        ({"energy": (5.0, 11.0)}, ["--energy: the file has 5, 10, wanted 5, 11"]),
        ({"first_event": 1000}, ["--first-event: the file has 0, wanted 1000"]),
        ({"seed": 8, "events": 3}, ["--seed", "--events", "what to do"]),
    ],
)
def test_other_deposits_than_asked_for(made, detector, tmp_path, change, parts):
    with pytest.raises(SettingsError) as error:
        simulate(detector, tmp_path / "a.root", deposits=made[0] / "deposits.root", **change)
    for part in parts:
        assert part in str(error.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("attributes", "part"),
    [
        ({"material": POLYSTYRENE}, "material: the file has liquid argon, wanted polystyrene"),
        ({"step": 0.3}, "step: the file has 0.5, wanted 0.3"),
    ],
)
def test_deposits_for_another_detector(made, detector, tmp_path, attributes, part):
    other = type("Other", (type(detector),), attributes)()
    with pytest.raises(SettingsError, match=part):
        simulate(other, tmp_path / "a.root", deposits=made[0] / "deposits.root")


def test_deposits_that_cannot_be_read(detector, tmp_path, made):
    bad = tmp_path / "bad.root"
    bad.write_bytes(b"root" + bytes(100))
    with pytest.raises(InputError, match="damaged or cut short"):
        simulate(detector, tmp_path / "a.root", deposits=bad)
    whole = bytearray((made[0] / "deposits.root").read_bytes())
    with uproot.open(made[0] / "deposits.root") as file:
        basket = int(file["deposits/deposits_time"].member("fBasketSeek")[1])
    whole[basket + 40 : basket + 240] = bytes(200)  # zstd has no checksum, but a header
    bad.write_bytes(whole)
    with pytest.raises(HitclrError, match=r"damaged or cut short[\s\S]*deposits_time"):
        simulate(detector, tmp_path / "a.root", deposits=bad, processes=2)
    assert [path.name for path in tmp_path.iterdir()] == ["bad.root"]


@pytest.mark.parametrize("processes", [1, 2])
def test_a_response_that_fails_leaves_nothing_behind(toy, tmp_path, processes):
    with pytest.raises(PluginError) as error:
        simulate(
            toy.BrokenDetector(),
            tmp_path / "a.root",
            deposits=tmp_path / "d.root",
            processes=processes,
            **SMALL,
        )
    for part in ("1000 to 1100", "'broken'", "RuntimeError", "voltage is off", "toy_detector.py"):
        assert part in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_leaves_nothing_behind(detector, tmp_path):
    def interrupt(done, total):
        assert (done, total) == (1000, 2500)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(
            detector,
            tmp_path / "a.root",
            events=2500,
            energy=(5.0, 6.0),
            deposits=tmp_path / "d.root",
            processes=2,
            progress=interrupt,
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("count", "2 events for 3"),
        ("column", "hit column 'hit_x'"),
        (("x",), "feature 'x' .* cannot be written"),
        (("dir.x", "dir_x"), "feature 'dir_x' .* with 'a_b' for 'a.b'"),
    ],
)
def test_a_response_that_breaks_the_contract(detector, tmp_path, broken, said):
    class Wrong(type(detector)):
        def respond(self, deposits, throws, generator):
            store = super().respond(deposits, throws, generator)
            if broken == "count":
                return store.select(torch.arange(2))
            if broken == "column":
                store.hits["hit_x"] = store.hits["hit_deposits"]
                return store
            hits = {**store.hits, "x": store.hits["x"].repeat(1, len(broken))}
            units = ("ADC",) * len(broken)
            return replace(store, hits=hits, feature_names=broken, feature_units=units)

    with pytest.raises(PluginError, match=said):
        simulate(Wrong(), tmp_path / "a.root", events=3)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten_unasked(detector, tmp_path, monkeypatch):
    out = tmp_path / "a.root"
    out.write_text("precious")
    with monkeypatch.context() as patch:
        patch.setattr(simulation_block, "shoot", lambda *_: pytest.fail("it has begun"))
        with pytest.raises(OutputError, match="--overwrite"):
            simulate(detector, out, events=3)
    assert out.read_text() == "precious"
    simulate(detector, out, events=3, overwrite=True)
    assert len(content(out)["event"]) > 0


def test_one_of_two_files_is_there(detector, tmp_path):
    (tmp_path / "low-gain.root").touch()
    throws = [detector.throw("nominal"), detector.throw("low-gain")]
    with pytest.raises(OutputError, match=r"low-gain\.root exists already"):
        simulate(detector, tmp_path / "{throw}.root", throws=throws, events=3)
    assert [path.name for path in tmp_path.iterdir()] == ["low-gain.root"]


def test_a_file_that_cannot_be_written(detector, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="what to do"):
        simulate(detector, tmp_path / "file" / "a.root", events=3)
    with pytest.raises(OutputError, match="what to do"):
        simulate(detector, tmp_path / "a.root", events=3, deposits=tmp_path / "file" / "d.root")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_full_disk(detector, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(uproot.WritableTree, "extend", full)
    with pytest.raises(OutputError, match="No space left on device"):
        simulate(detector, tmp_path / "a.root", events=3, processes=1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({}, "--events: expected how many"),
        ({"events": 0}, "got 0"),
        ({"events": 3, "processes": 0}, "--processes"),
        ({"events": 3, "particles": ("kaon",)}, "kaon"),
        ({"events": 3, "energy": (9.0, 5.0)}, "energy"),
        ({"events": 3, "form": "hdf5"}, "ttree or rntuple"),
    ],
)
def test_arguments_that_cannot_be_used(detector, tmp_path, arguments, part):
    with pytest.raises(SettingsError, match=part):
        simulate(detector, tmp_path / "a.root", **arguments)
    assert list(tmp_path.iterdir()) == []


def test_out_and_deposits_are_one_file(detector, tmp_path):
    with pytest.raises(SettingsError, match="a name of its own"):
        simulate(detector, tmp_path / "a.root", events=3, deposits=tmp_path / "." / "a.root")


def test_names_of_files():
    throws = [Throw("nominal", {}), Throw("low, noise=2", {})]
    names = [path.name for path in output_files(Path("x/{throw}/a-{throw}.root"), throws)]
    assert names == ["a-nominal.root", "a-low_noise=2.root"]
    assert output_files(Path("a.root"), throws[:1]) == [Path("a.root")]
    with pytest.raises(SettingsError, match=r"a-\{throw\}\.root"):
        output_files(Path("a.root"), throws)
    with pytest.raises(SettingsError, match="one file"):
        output_files(Path("{throw}.root"), [throws[0], throws[0]])


@pytest.mark.parametrize("form", ["ttree", "rntuple"])
def test_reader_and_inspect_read_it(made, detector, tmp_path, form):
    out = tmp_path / "a.root"
    simulate(detector, out, deposits=made[0] / "deposits.root", form=form, processes=1)
    store = read_samples(detector.schema, [Sample(name="a", files=(out,))], BadInput())
    expected = content(made[0] / "a-nominal.root")
    assert store.hits_per_event().tolist() == ak.num(expected["hits_x"]).tolist()
    charge = torch.from_numpy(ak.to_numpy(ak.flatten(expected["hits_charge"])))
    assert torch.equal(store.hits["x"][:, 0], charge)
    names = np.array(store.class_names)[store.labels]
    electron = np.asarray(expected["pdg"] == 11)
    assert set(names[electron]) == {"electron"}
    assert set(names[~electron]) == {"muon"}
    trees = {tree.path: tree for tree in summarise_file(out).trees}
    assert trees["events"].kind == {"ttree": "TTree", "rntuple": "RNTuple"}[form]
    assert {branch.name for branch in trees["events"].hit_lists} == {
        f"hits_{name}" for name in ("x", "y", "z", "charge", "deposits")
    }
    assert trees["throw"].entries == 1


def test_deposits_are_those_of_the_gun(made, detector):
    deposits = read_deposits(made[0] / "deposits.root")
    assert len(deposits) == 1100
    assert deposits.truth["event"].tolist() == list(range(1100))
    assert {"material": LIQUID_ARGON.name, "step": 0.5}.items() <= json.loads(
        uproot.open(made[0] / "deposits.root")["simulation"]
    ).items()
    energy = deposits.truth["energy"].double()
    # Muons leave their rest energy too.
    electrons = deposits.truth["pdg"] == 11
    assert bool((deposits.total_energy()[electrons] <= energy[electrons] + 0.01).all())
    assert float(deposits.length.max()) <= 0.5 * 1.0001
