"""Training with weights by energy: from each feed the same, kept in the checkpoint, reported."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from hitclr.config import override_settings
from hitclr.errors import SettingsError
from hitclr.plugins import load_plugins
from hitclr.runs import load_model, train
from hitclr.runs.checkpoint import read_record
from hitclr.runs.prepare import prepare

WEIGHTED = (
    "method=classifier",
    "trainer.epochs=1",
    "data.shuffle_buffer=32",
    "data.reweight={variables: {energy: {bins: 3, range: [1, 10]}, run: [16, 18]}, max_ratio: 4}",
)


@pytest.fixture(scope="module")
def plugins():
    return load_plugins()


@pytest.fixture(scope="module")
def settings(toy_settings, tmp_path_factory):
    folder = tmp_path_factory.mktemp("weighted")

    def settings(*more):
        name = f"run{len(list(folder.iterdir()))}"
        where = (f"out={folder / name}", f"data.cache={folder / 'cache'}")
        (folder / name).mkdir()
        return override_settings(toy_settings, [*WEIGHTED, *where, *more])

    return settings


@pytest.fixture(scope="module")
def done(settings, plugins, tmp_path_factory):
    return train(settings(), plugins, base=tmp_path_factory.mktemp("base"))


@pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")
@pytest.mark.parametrize("more", [("data.num_workers=1",), ("data.num_workers=0",)])
@pytest.mark.parametrize("feed", ["memory", "mapped", "stream"])
def test_every_batch_has_its_weights(settings, plugins, done, tmp_path, feed, more):
    prepared = prepare(settings(f"data.feed={feed}", *more), plugins, base=tmp_path)
    content = torch.zeros(2, dtype=torch.float64)
    bins = torch.zeros(2, 3, dtype=torch.float64)
    for (batch,) in prepared.data.train_dataloader():
        own = prepared.data.feed.store.events["weight"]
        place = torch.searchsorted(torch.tensor([4.0, 7.0]), batch.energy.float(), right=True)
        content.index_add_(0, batch.y, batch.weight.double())
        bins.view(-1).index_add_(0, 3 * batch.y + place, batch.weight.double())
        assert batch.weight.dtype == torch.float32
        assert torch.isin(batch.weight, own).all()
        assert batch.weight.unique().numel() > 2
    number = prepared.data.splits["train"].numel()
    np.testing.assert_allclose(content, number / 2, rtol=1e-5)
    np.testing.assert_allclose(bins, number / 6, rtol=1e-5)
    (batch,) = next(iter(prepared.data.val_dataloader()))
    assert batch.weight.unique().numel() > 1
    record, _ = read_record(done.model)
    assert prepared.reweighting == record["reweighting"]


def test_weights_change_the_training(settings, plugins, done, tmp_path):
    other = train(settings("data.reweight=null"), plugins, base=tmp_path)
    one, two = (torch.load(run.model, weights_only=True)["state_dict"] for run in (done, other))
    assert not torch.equal(one["head.linear.weight"], two["head.linear.weight"])
    assert json.loads((other.out / "results.json").read_text())["reweighting"] is None
    assert "Weights of the training events" not in other.report.read_text()


def test_the_table_is_kept_and_shown(done, plugins):
    record, _ = read_record(done.model)
    table = record["reweighting"]
    assert [variable["name"] for variable in table["variables"]] == ["energy", "run"]
    assert np.shape(table["factors"]) == (2, 3, 1)
    assert json.loads((done.out / "results.json").read_text())["reweighting"] == table
    reweight = load_model(done.model, plugins).settings.data.reweight
    assert reweight.variables["energy"].range == (1, 10)
    page = done.report.read_text()
    assert "Weights of the training events, by energy and run: flat" in page
    assert f'<td class="n">{table["classes"][0]["effective"]:,.0f}</td>' in page
    assert (done.report.parent / "weights.png").is_file()


def test_a_method_that_does_not_weigh_refuses(settings, plugins, tmp_path):
    with pytest.raises(SettingsError, match="the method contrastive does not weigh events"):
        prepare(settings("method=contrastive"), plugins, base=tmp_path)
