"""Training fed from memory, mapped columns or a stream: the same run, to the last bit."""

from __future__ import annotations

import json

import lightning as L
import pytest
import torch

from hitclr.config import override_settings
from hitclr.errors import SettingsError
from hitclr.plugins import load_plugins

COMMON = ("data.shuffle_buffer=32", "data.batch_size=16", "trainer.epochs=3")


@pytest.fixture(scope="module")
def run(toy_settings, make_columns, write, tmp_path_factory, train_without_page):
    """Train on made-up files of several baskets, with overrides, into a folder of its own."""
    folder = tmp_path_factory.mktemp("feeds")
    plugins = load_plugins()
    files = {
        kind: str(write(folder / f"{kind}.root", make_columns(60, n, kind), baskets=9))
        for n, kind in enumerate(("track", "shower"))
    }

    def run(*overrides, out, **options):
        changes = [*COMMON, *overrides, f"data.cache={folder / 'cache'}", f"out={folder / out}"]
        changes += [f"data.samples.{kind}={file}" for kind, file in files.items()]
        settings = override_settings(toy_settings, changes)
        return train_without_page(settings, plugins, base=folder, **options)

    return run


@pytest.fixture(scope="module")
def reference(run):
    return run(out="reference")


def assert_same(first, second):
    one, two = (torch.load(done.model, weights_only=True)["state_dict"] for done in (first, second))
    assert one.keys() == two.keys()
    assert [name for name in one if not torch.equal(one[name], two[name])] == []
    results = [json.loads((done.out / "results.json").read_text()) for done in (first, second)]
    for key in ("history", "scores", "counts", "confusion"):
        assert results[0][key] == results[1][key]


@pytest.mark.filterwarnings("ignore:This DataLoader will create 4 worker:UserWarning")
@pytest.mark.parametrize("workers", [0, 1, 2, 4])
@pytest.mark.parametrize("feed", ["mapped", "stream"])
def test_all_feeds_and_workers_give_the_same_run(run, reference, feed, workers):
    done = run(f"data.feed={feed}", f"data.num_workers={workers}", out=f"{feed}{workers}")
    assert_same(done, reference)


class Die(L.Callback):
    """Fails like a dying job before a step."""

    def __init__(self, epoch: int, step: int) -> None:
        self.place = epoch, step

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx) -> None:
        if (trainer.current_epoch, batch_idx) == self.place:
            raise RuntimeError("the job died")


@pytest.mark.parametrize("place", [(1, 3), (1, 0), (0, 2)])
@pytest.mark.parametrize(("feed", "workers"), [("memory", 0), ("stream", 2)])
def test_a_run_goes_on_in_the_middle_of_an_epoch(run, reference, feed, workers, place):
    changes = (
        f"data.feed={feed}",
        f"data.num_workers={workers}",
        "trainer.checkpoint_minutes=1e-9",  # after every step
    )
    out = f"cut-{feed}-{place[0]}-{place[1]}"
    with pytest.raises(RuntimeError, match="the job died"):
        run(*changes, out=out, callbacks=[Die(*place)])
    assert_same(run(*changes, out=out, resume=True), reference)


def test_pairs_need_hits_at_hand(run):
    with pytest.raises(SettingsError, match=r"data\.feed: mapped"):
        run("data.feed=stream", "views.pair=[track, shower]", out="pair")
