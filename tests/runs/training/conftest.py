"""A method of a few weights, and a trainer that takes no time."""

from __future__ import annotations

import warnings

import lightning as L
import pytest
import torch
from torch import nn

from hitclr.events import make_batch
from hitclr.methods import Classifier, Contrastive
from hitclr.methods.base import Optimisation
from hitclr.nn import InputNorm
from hitclr.runs.checkpoints import checkpoints


class Mean(nn.Module):
    """Batch normalisation and a linear layer on the mean of an event's features."""

    out_channels = 6

    def __init__(self):
        super().__init__()
        self.batch_norm = nn.BatchNorm1d(3)
        self.linear = nn.Linear(3, 6)

    def forward(self, batch):
        total = torch.zeros(batch.num_graphs, 3).index_add(0, batch.batch, batch.x)
        return self.linear(self.batch_norm(total / 3))


def make_views(events=6, views=2, seed=0):
    """Views of events of two classes, which the features tell apart; the views differ a little."""
    random = torch.Generator().manual_seed(seed)
    y = torch.arange(events) % 2
    x = torch.randn(3 * events, 3, generator=random) + 2.0 * y.repeat_interleave(3)[:, None]
    pos = torch.randn(3 * events, 3, generator=random)
    ptr = torch.arange(0, 3 * events + 1, 3)
    return [
        make_batch(
            {"pos": pos, "x": x + 0.1 * torch.randn(x.shape, generator=random)},
            {"y": y},
            ptr,
            ("a", "b", "c"),
        )
        for _ in range(views)
    ]


class _Steps(torch.utils.data.Sampler):
    """The same steps in each epoch; the first begins where an interrupted one ended."""

    def __init__(self, steps, start):
        self.steps, self.start = steps, start

    def __len__(self):
        return self.steps

    def __iter__(self):
        start, self.start = self.start, 0
        yield from range(start, self.steps)


def make_loader(steps=4, views=2, seed=0, start=0):
    items = [make_views(views=views, seed=seed + step) for step in range(steps)]
    return torch.utils.data.DataLoader(items, batch_size=None, sampler=_Steps(steps, start))


def make_method(kind="contrastive", lr=0.05, seed=0, **options):
    torch.manual_seed(seed)
    make = Contrastive if kind == "contrastive" else Classifier
    norm = InputNorm(3)
    norm.set_(
        torch.tensor([0.1, 0.7, 0.3]),
        torch.tensor([1.3, 0.9, 1 / 3]),
        torch.tensor([0.1, 0.2, 0.3]),
        torch.tensor(1.7),
    )
    return make(Mean(), norm, 2, Optimisation(lr=lr), **options)


@pytest.fixture
def fit(tmp_path):
    """Train a method with callbacks; gives the trainer and the method.

    ``stop_in`` ends it like a dying job, in a step or at the beginning of an epoch; ``resume`` goes
    on from the last checkpoint.
    """

    class Die(L.Callback):
        def __init__(self, step):
            self.step = step

        def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
            if trainer.global_step == self.step:
                raise RuntimeError("the job died")

    def fit(
        *callbacks,
        method=None,
        epochs=3,
        steps=4,
        views=2,
        die_at=None,
        resume=False,
        logger=False,
        validated=True,
    ):
        method = make_method() if method is None else method
        written = checkpoints(tmp_path / "checkpoints", "last.ckpt", 0)
        dying = [] if die_at is None else [Die(die_at)]
        trainer = L.Trainer(
            max_epochs=epochs,
            accelerator="cpu",
            logger=logger,
            callbacks=[*dying, *callbacks, *written],
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            limit_val_batches=None if validated else 0,
            log_every_n_steps=1,
            default_root_dir=tmp_path,
        )
        last = tmp_path / "checkpoints" / "last.ckpt"
        start = torch.load(last, weights_only=True)["global_step"] % steps if resume else 0
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*treespec, LeafSpec.*", FutureWarning)
            warnings.filterwarnings("ignore", ".*does not have many workers.*")
            warnings.filterwarnings("ignore", ".*exists and is not empty.*")
            warnings.filterwarnings("ignore", ".*dataloader is not resumable.*")
            trainer.fit(
                method,
                make_loader(steps, views, start=start),
                make_loader(2, views, seed=100),
                ckpt_path=last if resume else None,
                weights_only=True,
            )
        return trainer, method

    return fit


@pytest.fixture
def make():
    return make_method


@pytest.fixture
def loader():
    return make_loader


@pytest.fixture
def views():
    return make_views
