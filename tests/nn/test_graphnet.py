"""Between hitclr and GraphNeT, whose models read x, y, z, time and the rest."""

from __future__ import annotations

import importlib
import pickle
import sys

import pytest
import torch
from torch import nn
from torch_geometric.data import Batch, Data

from hitclr.errors import HitclrError, MissingExtraError, SchemaError, SettingsError
from hitclr.events import feature_names, make_batch
from hitclr.graphs import KNN
from hitclr.nn import (
    DynEdge,
    GraphNeTAdapter,
    PointNet,
    encoder_model,
    encoder_width,
    graphnet_model,
    to_graphnet,
)


class Recorder(nn.Module):
    """Keeps what it was given."""

    def __init__(self, nb_inputs=6, nb_outputs=7):
        super().__init__()
        self.nb_inputs = nb_inputs
        self.nb_outputs = nb_outputs

    def forward(self, data):
        self.data = data
        return data.x.new_ones(data.num_graphs, 7)


def batch():
    generator = torch.Generator().manual_seed(0)
    hits = {
        "pos": torch.randn(5, 3, generator=generator),
        "x": torch.randn(5, 3, generator=generator),
    }
    events = {"y": torch.tensor([1, 0]), "event_id": torch.tensor([[0, 7], [0, 9]])}
    return make_batch(hits, events, torch.tensor([0, 3, 5]), ["charge", "t", "hlc"])


def test_a_batch_as_graphnet_reads_it():
    given = KNN(1)(batch())
    made = to_graphnet(given, time="t")
    charge, t, hlc = given.x.unbind(1)
    assert torch.equal(made.x, torch.stack([*given.pos.unbind(1), t, charge, hlc], 1))
    assert made.n_pulses.tolist() == [3, 2]
    assert made.n_pulses.dtype == torch.int32  # as GraphNeT's own
    assert made.features[1] == ("x", "y", "z", "t", "charge", "hlc")
    assert feature_names(made) == made.features[0]
    for name in ("pos", "batch", "ptr", "edge_index", "y", "event_id"):
        assert made[name] is given[name]
    assert feature_names(given) == ("charge", "t", "hlc")
    assert given.x.size(1) == 3


def test_its_events_can_be_collated_anew():
    """GraphNeT's loaders do that, without events of one pulse."""
    given = to_graphnet(KNN(1)(batch()), time="t")
    graphs = given.to_data_list()
    assert [graph.features for graph in graphs] == [given.features[0]] * 2
    again = Batch.from_data_list([graph for graph in graphs if graph.n_pulses > 1])
    for name in ("x", "pos", "batch", "ptr", "edge_index", "y", "event_id", "n_pulses"):
        assert torch.equal(again[name], given[name])
    assert again.features[0] == given.features[0]


def test_zeros_stand_for_the_time_only_where_that_is_said():
    given = batch()
    with pytest.raises(
        SchemaError, match=r"'time', the batch has \['charge', 't', 'hlc'\]"
    ) as said:
        to_graphnet(given, time="time")
    assert "time=None" in str(said.value)
    made = to_graphnet(given, time=None)
    assert torch.equal(made.x, torch.cat([given.pos, torch.zeros(5, 1), given.x], 1))
    assert made.features[0] == ("x", "y", "z", "t", "charge", "t", "hlc")


def test_features_without_names_are_numbered():
    given = make_batch(
        {"pos": torch.ones(2, 3), "x": torch.ones(2, 2)}, {}, torch.tensor([0, 2]), ()
    )
    assert to_graphnet(given, time=None).features[0] == ("x", "y", "z", "t", "0", "1")


def test_columns_come_as_graphnet_has_them():
    backbone = Recorder()
    encoder = GraphNeTAdapter(backbone, time="t", k=1)
    assert encoder_width(encoder) == 7
    given = encoder.edges(batch())
    assert encoder(given).shape == (2, 7)
    seen = backbone.data
    charge, t, hlc = given.x.unbind(1)
    assert torch.equal(seen.x, torch.stack([*given.pos.unbind(1), t, charge, hlc], 1))
    assert seen.n_pulses.tolist() == [3, 2]
    assert torch.equal(seen.edge_index, given.edge_index)
    assert torch.equal(seen.batch, given.batch)
    assert given.x.size(1) == 3
    assert "n_pulses" not in given


def test_without_a_time_there_are_zeros_in_its_place():
    backbone = Recorder(nb_inputs=7)
    given = batch()
    GraphNeTAdapter(backbone, time=None)(given)
    assert torch.equal(backbone.data.x, torch.cat([given.pos, torch.zeros(5, 1), given.x], 1))


def test_what_does_not_fit_is_named():
    with pytest.raises(SchemaError, match="'time'"):
        GraphNeTAdapter(Recorder(), time="time")(batch())
    with pytest.raises(HitclrError, match="nb_inputs=6"):
        GraphNeTAdapter(Recorder(nb_inputs=5), time="t")(batch())
    with pytest.raises(HitclrError, match=r"\[2, 4\].*\[2, 7\]"):
        GraphNeTAdapter(Recorder(nb_outputs=4), time="t")(batch())
    with pytest.raises(HitclrError, match="how wide"):
        GraphNeTAdapter(nn.Linear(1, 1), time="t")
    with pytest.raises(SettingsError, match="at least 1"):
        GraphNeTAdapter(Recorder(), time="t", k=0)


GNN = """
from abc import ABCMeta, abstractmethod

from torch import nn


class Saver(ABCMeta):
    # as GraphNeT keeps the arguments of each model
    def __call__(cls, *args, **kwargs):
        made = super().__call__(*args, **kwargs)
        made._config = (cls.__name__, args, kwargs)
        return made


class GNN(nn.Module, metaclass=Saver):
    def __init__(self, nb_inputs, nb_outputs):
        super().__init__()
        self._nb_inputs, self._nb_outputs = nb_inputs, nb_outputs

    @property
    def nb_inputs(self):
        return self._nb_inputs

    @property
    def nb_outputs(self):
        return self._nb_outputs

    @abstractmethod
    def forward(self, data):
        ...
"""


@pytest.fixture
def put(tmp_path, monkeypatch):
    """Put files where Python finds packages."""

    def forget():
        encoder_model._model_class.cache_clear()
        for name in [name for name in sys.modules if name.split(".")[0] == "graphnet"]:
            del sys.modules[name]

    def put(files):
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        monkeypatch.syspath_prepend(tmp_path)
        importlib.invalidate_caches()

    forget()
    yield put
    forget()


@pytest.fixture
def graphnet(put):
    """A stand-in of GraphNeT, with the names and attributes that it has."""
    packages = ["graphnet", "graphnet/models", "graphnet/models/gnn"]
    put({f"{name}/__init__.py": "" for name in packages} | {"graphnet/models/gnn/gnn.py": GNN})


FEATURES = ("charge", "t", "hlc")


@pytest.mark.parametrize("time", ["t", "charge", None])
def test_an_encoder_as_graphnets_model_undoes_the_columns(graphnet, time):
    encoder = DynEdge(3, size="tiny", k=1)
    model = graphnet_model(encoder, features=FEATURES, time=time)
    assert isinstance(model, importlib.import_module("graphnet.models.gnn.gnn").GNN)
    assert model.nb_inputs == (7 if time is None else 6)
    assert model.nb_outputs == encoder.out_channels
    assert {f"encoder.{name}" for name in encoder.state_dict()} == set(model.state_dict())
    given = batch()
    expected = encoder(encoder.edges(given))
    assert torch.equal(model(to_graphnet(encoder.edges(given), time=time)), expected)
    assert torch.equal(model(to_graphnet(given, time=time)), expected)  # it makes the edges


def test_it_takes_graphs_that_graphnet_made(graphnet):
    model = graphnet_model(DynEdge(2, size="tiny"), features=("charge", "t"), time="t")
    graphs = []
    for number in (4, 2):
        edges = torch.tensor([[1, 0], [0, 1]])
        graphs.append(Data(x=torch.rand(number, 5), edge_index=edges))
        graphs[-1].n_pulses = torch.tensor(number, dtype=torch.int32)
        graphs[-1].features = ["dom_x", "dom_y", "dom_z", "dom_time", "charge"]
    both = model(Batch.from_data_list(graphs))
    assert both.shape == (2, model.nb_outputs)
    torch.testing.assert_close(model(graphs[0]), both[:1])
    # The edges count that it has.
    other = graphs[0].clone()
    other.edge_index = torch.tensor([[2], [0]])
    assert not torch.allclose(model(other), both[:1])


def test_it_can_be_pickled(graphnet):
    """As GraphNeT saves models, and as processes hand them on."""
    model = graphnet_model(PointNet(3, size="tiny"), features=FEATURES, time="t")
    given = to_graphnet(batch(), time="t")
    again = pickle.loads(pickle.dumps(model))  # noqa: S301
    assert torch.equal(again(given), model(given))
    with pytest.raises(ImportError, match="EncoderModle"):
        from hitclr.nn.encoder_model import EncoderModle  # noqa: F401


def test_what_does_not_fit_the_encoder_is_named(graphnet):
    encoder = PointNet(3, size="tiny")
    with pytest.raises(SettingsError, match=r"charge, t, hlc.*'time'"):
        graphnet_model(encoder, features=FEATURES, time="time")
    with pytest.raises(SettingsError, match="twice: t, t"):
        graphnet_model(encoder, features=("t", "t"), time="t")
    with pytest.raises(HitclrError, match="how wide"):
        graphnet_model(nn.Linear(1, 1), features=FEATURES, time="t")
    with pytest.raises(HitclrError, match=r"6 inputs.*charge, t, hlc; got 7"):
        graphnet_model(encoder, features=FEATURES, time="t")(to_graphnet(batch(), time=None))


URL = r"pip install 'git\+https://github.com/graphnet-team/graphnet'"


def told():
    with pytest.raises(MissingExtraError, match=f"graphnet_model needs(?s:.*){URL}") as said:
        graphnet_model(PointNet(1, size="tiny"), features=("t",), time="t")
    return str(said.value)


def test_without_graphnet_its_address_is_given(put, monkeypatch):
    monkeypatch.setitem(sys.modules, "graphnet", None)  # as if it were not there
    monkeypatch.setattr(encoder_model, "find_spec", lambda name: None)
    assert "is not installed" in told()


def test_the_unrelated_package_of_that_name_is_told_apart(put, tmp_path):
    info = "graphnet-0.1.2.dist-info"
    metadata = "Metadata-Version: 2.1\nName: graphnet\nVersion: 0.1.2\n"
    put({"graphnet/__init__.py": "class Graph: ...", f"{info}/METADATA": metadata})
    put({f"{info}/top_level.txt": "graphnet", f"{info}/RECORD": "graphnet/__init__.py,,"})
    message = told()
    assert f"the distribution graphnet 0.1.2, in {tmp_path / 'graphnet'}: an unrelated" in message
    assert "without graphnet.models.gnn.gnn" in message
    assert "pip uninstall graphnet, then pip install" in message


@pytest.mark.parametrize("content", ["", "import no_such_module_here"])
def test_a_folder_or_file_of_that_name_is_told_apart(put, tmp_path, content):
    put({"graphnet.py": content})
    message = told()
    assert f"no installed distribution, in {tmp_path / 'graphnet.py'}" in message
    assert f"take {tmp_path / 'graphnet.py'} off Python's path" in message


def test_what_graphnet_itself_lacks_is_said_as_it_is(graphnet, put):
    put({"graphnet/models/__init__.py": "import torch_scatter_that_is_not_there"})
    with pytest.raises(ModuleNotFoundError, match="torch_scatter_that_is_not_there"):
        graphnet_model(PointNet(1), features=("t",), time="t")
