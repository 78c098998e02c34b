"""Two processes see disjoint parts of the events that together are the whole, in equal steps."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
import yaml

from hitclr.data import BatchPlan, Share
from hitclr.events import EventStore, blocks_of

SCRIPT = """
import os, sys, torch
from pathlib import Path
import torch.distributed as dist
from hitclr.data import EventDataModule
from hitclr.io import BadInput, Sample, StoredFeed, load_schema
from hitclr.io.feeding import Cache, open_feed
from hitclr.methods import Needs

rank, folder, schema, *files = sys.argv[1:]
folder = Path(folder)
dist.init_process_group(
    "gloo", init_method=f"file://{folder / 'meet'}", rank=int(rank), world_size=2
)
samples = [Sample(Path(file).stem, (Path(file),)) for file in files]
for kind in ("memory", "stream"):
    feed = open_feed(
        kind, load_schema(schema), samples, BadInput(), Cache(folder / "cache"), buffer=32
    )
    every = torch.arange(len(feed.store))
    module = EventDataModule(
        feed,
        {"train": every[:-21], "validation": every[-21:-10], "test": every[-10:]},
        Needs(),
        augmentation=None,
        edges=None,
        batch_size=8,
        num_workers=0,
        seed=3,
        buffer=32,
    )
    loaders = {"train": module.train_dataloader, "validation": module.val_dataloader}
    seen = {name: [views[0].event_id for views in make()] for name, make in loaders.items()}
    torch.save(seen, folder / f"{kind}-{rank}.pt")
    dist.barrier()
os._exit(0)  # a thread of gloo may abort an interpreter that ends
"""


@pytest.fixture(scope="module")
def shared(toy_files, toy_schema, tmp_path_factory):
    """The folder where two processes wrote which events they saw."""
    folder = tmp_path_factory.mktemp("shared")
    schema = folder / "schema.yaml"
    schema.write_text(yaml.safe_dump(toy_schema))
    files = [str(toy_files[name]) for name in ("track", "shower")]
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT]
    processes = [
        subprocess.Popen([*command, str(rank), str(folder), str(schema), *files])
        for rank in range(2)
    ]
    assert [process.wait(timeout=240) for process in processes] == [0, 0]
    return folder


@pytest.mark.parametrize("kind", ["memory", "stream"])
def test_two_processes_share_the_events(shared, kind):
    one, two = (torch.load(shared / f"{kind}-{rank}.pt") for rank in range(2))
    for name, total in (("train", 120 - 21), ("validation", 11)):
        assert len(one[name]) == len(two[name]) > 0, "equal steps"
        ids = [tuple(row) for part in (one, two) for row in torch.cat(part[name]).tolist()]
        assert len(ids) == len(set(ids)) == total, "disjoint, and together the whole"
    files_seen = [set(torch.cat(part["train"])[:, 0].tolist()) for part in (one, two)]
    assert files_seen == [{0, 1}, {0, 1}], "each has events of both files"


@pytest.mark.parametrize("world", [1, 2, 3, 7])
@pytest.mark.parametrize("buffer", [None, 16, 1000])
@pytest.mark.parametrize("number", [21, 22, 97])
def test_shares_for_any_number_of_processes(world, buffer, number):
    ptr = torch.arange(201)
    store = EventStore({}, {}, ptr, (), clusters=torch.arange(0, 201, 10))
    events = torch.arange(200)[:: 200 // number][:number]
    options = {} if buffer is None else {"blocks": blocks_of(store, buffer), "buffer": buffer}
    for epoch in range(2):
        plans = [
            BatchPlan(events, 4, 1, share=Share(rank, world), **options) for rank in range(world)
        ]
        steps = [plan.steps(epoch) for plan in plans]
        assert len({len(own) for own in steps}) == 1
        assert len(steps[0]) == len(plans[0])
        sizes = [step.numel() for own in steps for step in own]
        assert 1 <= min(sizes) <= max(sizes) <= 4
        everything = torch.cat([step for own in steps for step in own])
        assert sorted(everything.tolist()) == events.tolist()
