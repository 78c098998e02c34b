"""Two processes with a part of the batch each train as one process with the whole batch.

Run as a script, this file is one of the two processes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from hitclr.losses import (
    BarlowTwinsLoss,
    ContrastiveLoss,
    GroupDROLoss,
    VICRegLoss,
    contrastive_loss,
    coral_loss,
    first_row,
    gather_rows,
    many_view_contrastive_loss,
    row_counts,
    vrex_penalty,
)

SIZES = (6, 5)


def data():
    generator = torch.Generator().manual_seed(4)
    inputs = torch.randn(sum(SIZES), 3, 7, generator=generator, dtype=torch.float64)
    labels = torch.tensor([0, 1, -1, 2, 0, 1, 1, 0, -1, 2, 3])
    return inputs, labels


def model():
    generator = torch.Generator().manual_seed(5)
    made = nn.Linear(7, 4).double()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator).double())
    return made


def many(z, labels):
    return many_view_contrastive_loss(z.unbind(1), labels, alpha=0.4, temperature=0.3, gather=True)


def group_dro(z, labels):
    module = GroupDROLoss(3, step=0.5, gather=True).double()
    module(z[:, 0].square().sum(1), labels.clamp(min=0) % 3)
    # The second loss depends on how the first one has moved the weights.
    return module(z[:, 1].square().sum(1), labels.clamp(min=0) % 3)


LOSSES = {
    **{
        f"contrastive-{alpha}": lambda z, labels, alpha=alpha: ContrastiveLoss(
            alpha=alpha, temperature=0.3, block=3, gather=True
        )(z[:, 0], z[:, 1], labels)
        for alpha in (0.0, 0.3, 1.0)
    },
    "three views": many,
    "vicreg": lambda z, _: VICRegLoss(gather=True)(z[:, 0], z[:, 1]),
    "barlow": lambda z, _: BarlowTwinsLoss(redundancy=0.3, gather=True)(z[:, 0], z[:, 1]),
    "group dro": group_dro,
    "vrex": lambda z, labels: vrex_penalty(
        gather_rows(z[:, 0].square().sum(1)), gather_rows(labels)
    ),
    "coral": lambda z, _: coral_loss(gather_rows(z[:, 0]), gather_rows(z[:, 1])),
    "apart": lambda z, labels: contrastive_loss(z[:, 0], z[:, 1], labels, alpha=0.3),
}


def results(network, inputs, labels):
    found = {}
    for name, loss in LOSSES.items():
        network.zero_grad()
        value = loss(network(inputs), labels)
        value.backward()
        found[name] = value.item(), [p.grad.clone() for p in network.parameters()]
    return found


def main(rank, folder):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    inputs, labels = data()
    own = slice(sum(SIZES[:rank]), sum(SIZES[: rank + 1]))
    found = results(DistributedDataParallel(model()), inputs[own], labels[own])
    counts = row_counts(labels[own])
    gathered = gather_rows(labels[own], counts)
    with torch.no_grad():
        plain = gather_rows(inputs[own])
    found["gathered"] = counts, first_row(counts), gathered, plain
    torch.save(found, Path(folder) / f"{rank}.pt")
    dist.barrier()
    # Not an ordinary exit: a thread of gloo may still hold the tensors of the last gather, and
    # aborts the process where it lets go of them while the interpreter ends.
    os._exit(0)


@pytest.fixture(scope="module")
def two_ranks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ranks")
    processes = [
        subprocess.Popen([sys.executable, "-W", "ignore", __file__, str(rank), str(folder)])
        for rank in range(2)
    ]
    assert [process.wait(timeout=240) for process in processes] == [0, 0]
    return [torch.load(folder / f"{rank}.pt") for rank in range(2)]


@pytest.fixture(scope="module")
def one_process():
    return results(model(), *data())


@pytest.mark.parametrize("name", LOSSES)
def test_two_ranks_equal_one(name, two_ranks, one_process):
    loss, gradients = one_process[name]
    mean = sum(rank[name][0] for rank in two_ranks) / 2
    differences = [abs(mean - loss)]
    for rank in two_ranks:
        differences += [
            float((mine - other).abs().max())
            for mine, other in zip(rank[name][1], gradients, strict=True)
        ]
    if name == "apart":
        assert min(differences[:2]) > 1e-3, "without gathering it is another loss"
    else:
        assert float(gradients[0].abs().max()) > 1e-2
        assert max(differences) < 1e-10


def test_rows_come_by_rank(two_ranks):
    inputs, labels = data()
    for rank, start in zip(two_ranks, (0, SIZES[0]), strict=True):
        counts, first, gathered, plain = rank["gathered"]
        assert counts == list(SIZES)
        assert first == start
        assert torch.equal(gathered, labels)
        assert torch.equal(plain, inputs)


def test_one_process_gathers_nothing():
    rows = torch.ones(4, 2, requires_grad=True)
    assert gather_rows(rows) is rows
    assert row_counts(rows) == [4]
    assert first_row([4]) == 0


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
