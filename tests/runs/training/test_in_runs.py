"""All callbacks together in runs of files, that die and are resumed."""

from __future__ import annotations

import csv

import lightning as L
import pytest
import torch

from hitclr.config import override_settings
from hitclr.plugins import load_plugins
from hitclr.runs import load_model


class Die(L.Callback):
    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        if trainer.global_step == 6:
            raise RuntimeError("the job died")


WANTED = {
    "ema": ["trainer.average={name: ema, decay: 0.9}", "trainer.early_stopping=9"],
    "swad": ["trainer.average={name: swad, converge: 1, overfit: 9}"],
}


# No checkpoint but at the ends of epochs; each has three steps.
CHANGES = ["trainer.epochs=3", "encoder.depth=1", "encoder.channels=8"]


@pytest.fixture(scope="module")
def plugins():
    return load_plugins()


@pytest.fixture(scope="module")
def plain(toy_settings, plugins, tmp_path_factory, train_without_page):
    """A run without any of it."""
    folder = tmp_path_factory.mktemp("plain")
    settings = override_settings(toy_settings, [*CHANGES, f"out={folder / 'run'}"])
    return train_without_page(settings, plugins, base=folder)


@pytest.mark.parametrize("average", ["ema", "swad"])
def test_a_resumed_run_has_the_same_averaged_model(
    toy_settings, plugins, plain, tmp_path, average, train_without_page
):
    base = {"base": tmp_path}

    def settings(out):
        changes = [*CHANGES, *WANTED[average], f"out={tmp_path / out}"]
        return override_settings(toy_settings, changes)

    whole = train_without_page(settings("whole"), plugins, **base)
    with pytest.raises(RuntimeError, match="died"):
        train_without_page(settings("dead"), plugins, callbacks=[Die()], **base)
    resumed = train_without_page(settings("dead"), plugins, resume=True, **base)
    one, two, other = (torch.load(run.model, weights_only=True) for run in (whole, resumed, plain))
    for name, value in one["state_dict"].items():
        assert torch.equal(value, two["state_dict"][name]), name
    name = "projector.layers.0.weight"
    assert not torch.equal(one["state_dict"][name], other["state_dict"][name])
    assert one.keys() == other.keys(), "nothing but the model is kept of the average"
    assert whole.model.stat().st_size < 1.1 * plain.model.stat().st_size
    load_model(whole.model, plugins)
    (log,) = whole.out.glob("logs/version_*/metrics.csv")
    with log.open() as lines:
        rows = list(csv.DictReader(lines))
    for name in ("events_per_s", "rank", "alignment", "uniformity", "validation_loss"):
        assert len([row for row in rows if row[name]]) == 3, name
