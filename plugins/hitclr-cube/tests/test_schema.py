import awkward as ak
import numpy as np
import pytest
import torch
import uproot
from hitclr_cube import CUBE, SCHEMA

from hitclr.events import batch_from_ptr
from hitclr.io import BadInput, Sample, load_schema, read_samples


@pytest.fixture
def simulated(events, tmp_path):
    """A file with the branches that the simulator writes."""
    kept = (events.hits_per_event() >= CUBE.minimum_hits).nonzero().flatten()
    store = events.select(kept)
    counts = store.hits_per_event().numpy()
    columns = {
        "hits_x": store.hits["pos"][:, 0],
        "hits_y": store.hits["pos"][:, 1],
        "hits_z": store.hits["pos"][:, 2],
        "hits_charge": store.hits["x"][:, 0],
        "hits_crosstalk": store.hits["hit_crosstalk"].int(),
    }
    branches = {name: ak.unflatten(c.numpy(), counts) for name, c in columns.items()}
    branches |= {name: column.numpy() for name, column in store.events.items()}
    path = tmp_path / "cube.root"
    with uproot.recreate(path) as file:
        file.mktree("events", {n: ak.type(v).content for n, v in branches.items()}).extend(branches)
    return path, store


def test_reads_what_was_simulated(simulated):
    path, store = simulated
    read = read_samples(SCHEMA, [Sample("cube", (path,))], BadInput())
    assert torch.equal(read.ptr, store.ptr)
    for name in ("pos", "x", "hit_crosstalk"):
        assert torch.equal(read.hits[name], store.hits[name])
    assert read.feature_names == store.feature_names
    assert read.feature_units == store.feature_units
    assert read.position_unit == store.position_unit
    assert read.class_names == CUBE.beam.particles == ("electron", "muon", "pion", "proton")
    codes = {11: 0, -11: 0, 13: 1, -13: 1, 211: 2, -211: 2, 2212: 3}
    assert read.labels.tolist() == [codes[code] for code in store.events["pdg"].tolist()]
    assert np.allclose(read.events["energy"], store.events["energy"])
    assert int(batch_from_ptr(read.ptr)[-1]) == len(store) - 1


def test_key_and_axis():
    assert SCHEMA.key is not None
    assert SCHEMA.key.branch == "event"
    assert SCHEMA.axis is None
    assert CUBE.schema is SCHEMA


def test_survives_yaml(tmp_path):
    (tmp_path / "cube.yaml").write_text(SCHEMA.to_yaml())
    assert load_schema(tmp_path / "cube.yaml") == SCHEMA
