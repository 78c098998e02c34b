"""The rows of ``io.py``: each measures one way from ROOT files to batches, in a process of its own.

`io.py` runs this file as ``PYTHON io_rows.py JOB``, where JOB is JSON, and reads the last line that
it prints, JSON too. Only the standard library is imported before the row is known: weaver-core's
environment has no hitclr, and memory is counted from what the row itself needs.
"""

from __future__ import annotations

import gc
import json
import resource
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

COLUMNS = ("hit_x", "hit_y", "hit_z", "hit_charge")
LABEL = "label"
TREE = "events"
BATCH = 256
BUFFER = 16_384
"""Events that a stream shuffles at a time: what ``hitclr train`` takes."""
FETCH_STEP = 0.1
"""What weaver-core reads at a time: a tenth of each file, which is one cluster of a full file."""


@dataclass(frozen=True)
class Job:
    """What to measure.

    Attributes:
        row: the name of the function.
        files: the files.
        warm_up: small files of the same form, read first.
        threads: reading threads.
        workers: workers of the DataLoader.
        epochs: how often a stream goes through the files.
        option: further choice of the row.
        length: the fixed length of weaver-core.
        folder: for what the row writes.
        twice: whether the row runs twice in its process, and the second time is measured.
    """

    row: str
    files: tuple[str, ...]
    warm_up: tuple[str, ...]
    threads: int = 1
    workers: int = 0
    epochs: int = 1
    option: str = ""
    length: int = 0
    folder: str = "."
    twice: bool = False


@dataclass(frozen=True)
class Measured:
    """What came out.

    Attributes:
        seconds: the wall time of what is measured.
        cpu_seconds: the CPU time of this process in it, all threads, without its workers.
        events: the events delivered in it.
        hits: the hits delivered in it, -1 where events are padded.
        also: further numbers of the row.
    """

    seconds: float
    cpu_seconds: float
    events: int
    hits: int
    also: dict[str, float] = field(default_factory=dict)


def write(files: Sequence[str], job: Job) -> Measured:
    """Write the files: as ``job.option`` says, ``{"events", "hits", "cluster"}``."""
    import awkward as ak
    import numpy as np
    import uproot

    settings = json.loads(job.option)
    kind = {"hit": "var * {x: float32, y: float32, z: float32, charge: float32}", LABEL: "int32"}
    clock = Clock()
    hits = 0
    for number, name in enumerate(files):
        draw = np.random.default_rng([0, number])
        with uproot.recreate(name, compression=uproot.ZSTD(1)) as file:
            tree = file.mktree(TREE, kind)
            for first in range(0, settings["events"], settings["cluster"]):
                size = min(settings["cluster"], settings["events"] - first)
                counts = np.ceil(draw.gamma(4.0, settings["hits"] / 4, size)).astype(np.int64)
                total = int(counts.sum())
                columns = {axis: draw.normal(0, 50, total).astype(np.float32) for axis in "xyz"}
                columns["charge"] = draw.gamma(2, 1, total).astype(np.float32)
                label = draw.integers(0, 2, size, dtype=np.int32)
                tree.extend({"hit": ak.unflatten(ak.zip(columns), counts), LABEL: label})
                hits += total
    return Measured(*clock.read(), settings["events"] * len(files), hits)


def count(files: Sequence[str], job: Job) -> Measured:
    """Count events and hits, and find the length that keeps 99 % of events whole."""
    import awkward as ak
    import numpy as np
    import uproot

    clock = Clock()
    trees = [f"{name}:{TREE}" for name in files]
    counts = ak.to_numpy(ak.num(uproot.concatenate(trees, COLUMNS[0])[COLUMNS[0]]))
    length = int(np.quantile(counts, 0.99, method="higher"))
    also = {"length": length, "lost_hits": float((counts - length)[counts > length].sum())}
    return Measured(*clock.read(), len(counts), int(counts.sum()), also)


def bare(files: Sequence[str], job: Job) -> Measured:
    """`uproot.iterate` and nothing else; ``job.option`` names another source than the default.

    With one thread uproot gets no executor: it works in the calling thread then. With more, one
    pool decompresses and interprets.
    """
    from concurrent.futures import ThreadPoolExecutor

    import uproot

    options: dict[str, Any] = {}
    if job.option:
        options["handler"] = getattr(uproot, job.option)
    if job.threads > 1:
        pool = ThreadPoolExecutor(job.threads)
        options |= {"decompression_executor": pool, "interpretation_executor": pool}
    clock = Clock()
    events = hits = 0
    trees = [f"{name}:{TREE}" for name in files]
    wanted = [*COLUMNS, LABEL]
    for chunk in uproot.iterate(trees, wanted, step_size="64 MB", library="ak", **options):
        events += len(chunk)
        hits += int(chunk[COLUMNS[0]].layout.offsets[-1])
    return Measured(*clock.read(), events, hits)


def cold(files: Sequence[str], job: Job) -> Measured:
    """ROOT files into an `EventStore`, as ``hitclr train`` does."""
    from hitclr.io import read_samples

    schema, samples, bad_input = _hitclr(files)
    clock = Clock()
    store = read_samples(schema, samples, bad_input, threads=job.threads)
    return Measured(*clock.read(), len(store), store.num_hits)


def feed(files: Sequence[str], job: Job) -> Measured:
    """A shuffled epoch of batches from a feed, ``job.option``, in the order of ``hitclr train``.

    The feed is opened before, which reads all files once: for the hits, the cache or the index. Of
    those that are warm then it is the second epoch, as it is of PyG's.
    """
    from tempfile import TemporaryDirectory

    import torch

    from hitclr.data import BatchPlan
    from hitclr.events import blocks_of
    from hitclr.io.feeding import Cache, open_feed

    kind: Any = job.option
    schema, samples, bad_input = _hitclr(files)
    with TemporaryDirectory(dir=job.folder) as folder:
        start = time.perf_counter()
        cache = None if kind == "memory" else Cache(Path(folder) / "cache")
        opened = open_feed(
            kind, schema, samples, bad_input, cache, buffer=BUFFER, threads=job.threads
        )
        ready = time.perf_counter()
        blocks = blocks_of(opened.store, BUFFER) if kind == "stream" else None
        events = torch.arange(len(opened.store))
        plan = BatchPlan(events, BATCH, seed=0, blocks=blocks, buffer=BUFFER)
        if kind != "stream":  # which reads in each
            _epoch(lambda: opened.batches(plan.steps(0)))
        epochs = [
            _epoch(lambda number=number: opened.batches(plan.steps(number)))
            for number in range(job.epochs)
        ]
    seconds, cpu, events, hits = (sum(values) for values in zip(*epochs, strict=True))
    return Measured(seconds, cpu, int(events), int(hits), {"prepare_s": ready - start})


def pyg(files: Sequence[str], job: Job) -> Measured:
    """A shuffled epoch of PyG's DataLoader over a list of `Data`; the list is made before.

    It is the second epoch, so that workers have started.
    """
    import torch
    from torch_geometric.data import Data
    from torch_geometric.loader import DataLoader

    from hitclr.io import read_samples

    store = read_samples(*_hitclr(files))
    start = time.perf_counter()
    counts = store.hits_per_event().tolist()
    pos, x = (torch.split(store.hits[name], counts) for name in ("pos", "x"))
    labels = torch.split(store.labels, 1)
    data = [Data(x=x, pos=pos, y=y) for pos, x, y in zip(pos, x, labels, strict=True)]
    made = time.perf_counter()
    kept = job.workers > 0
    loader = DataLoader(
        data, batch_size=BATCH, shuffle=True, num_workers=job.workers, persistent_workers=kept
    )
    _epoch(lambda: loader)
    return Measured(*_epoch(lambda: loader), {"prepare_s": made - start})


def weaver(files: Sequence[str], job: Job) -> Measured:
    """weaver-core's loader as its train.py builds it.

    It is the second epoch, so that workers have started; the first is given apart. ``job.option``:
    ``fetch``: from ROOT in each epoch, `FETCH_STEP` of each file at a time; ``memory``:
    ``--in-memory --fetch-step 1``, where the first epoch reads. There is no standardisation and no
    mask, as there is none on the other side.
    """
    import torch
    import uproot
    from torch.utils.data import DataLoader
    from weaver.utils.dataset import SimpleIterDataset

    config = Path(job.folder) / "weaver.yaml"
    inputs = {"hits": {"length": job.length, "vars": [[name, None] for name in COLUMNS]}}
    settings = {
        "treename": TREE,
        "inputs": inputs,
        "labels": {"type": "custom", "value": {"class": LABEL}},
    }
    config.write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML
    kept = job.option == "memory"
    data = SimpleIterDataset(
        {"_": list(files)},
        str(config),
        batch_size=BATCH,
        load_range_and_fraction=((0, 1), 1, 1),
        fetch_step=1 if kept else FETCH_STEP,
        infinity_mode=kept,
        in_memory=kept,
        name="train",
    )
    loader = DataLoader(
        data,
        batch_size=BATCH,
        drop_last=True,
        pin_memory=torch.cuda.is_available(),
        num_workers=job.workers,
        persistent_workers=job.workers > 0,
    )
    entries = sum(entries for _, _, entries in uproot.num_entries([f"{f}:{TREE}" for f in files]))
    steps = entries // BATCH if kept else None
    first, *_ = _padded_epoch(loader, steps)
    return Measured(*_padded_epoch(loader, steps), {"first_epoch_s": first})


def _hitclr(files: Sequence[str]) -> tuple[Any, Any, Any]:
    """Schema, samples and policy for the files."""
    from hitclr.io import BadInput, Sample, load_schema

    x, y, z, charge = COLUMNS
    schema = load_schema(
        {
            "name": "benchmark",
            "tree": TREE,
            "positions": {"branches": [x, y, z], "unit": "mm"},
            "features": [{"name": "charge", "branch": charge}],
            "label": {"columns": LABEL, "classes": {"one": 0, "two": 1}},
        }
    )
    return schema, [Sample("all", tuple(Path(name) for name in files))], BadInput("raise")


class Clock:
    """Wall time, and CPU time of this process, since it was made."""

    def __init__(self) -> None:
        self._start = time.perf_counter(), time.process_time()

    def read(self) -> tuple[float, float]:
        """Seconds of both."""
        wall, cpu = self._start
        return time.perf_counter() - wall, time.process_time() - cpu


def _epoch(batches: Callable[[], Iterable[Any]]) -> tuple[float, float, int, int]:
    """Times, events and hits of a pass through PyG batches."""
    clock = Clock()
    events = hits = 0
    for batch in batches():
        events += batch.num_graphs
        hits += batch.pos.size(0)
    return *clock.read(), events, hits


def _padded_epoch(loader: Iterable[Any], steps: int | None) -> tuple[float, float, int, int]:
    """The same for weaver-core's batches; its train.py, too, leaves an endless loader by break."""
    clock = Clock()
    events = 0
    for done, (inputs, _, _) in enumerate(loader, 1):
        events += inputs["hits"].size(0)
        if done == steps:
            break
    return *clock.read(), events, -1


ROWS: dict[str, Callable[[Sequence[str], Job], Measured]] = {
    row.__name__: row for row in (write, count, bare, cold, feed, pyg, weaver)
}


def main() -> None:
    """Run one row and print what it measured, with its memory in MB, as a line of JSON."""
    job = Job(**json.loads(sys.argv[1]))
    row = ROWS[job.row]
    if job.warm_up:
        row(job.warm_up, job)  # what is imported or compiled at first use
    gc.collect()
    before = _peak(resource.RUSAGE_SELF)
    if job.twice:
        row(job.files, job)  # a virtual machine is slow to give a process memory the first time
        gc.collect()
    measured = row(job.files, job)
    gc.collect()  # ends the workers, whose memory is known only then
    result = {
        "seconds": measured.seconds,
        "cpu_seconds": measured.cpu_seconds,
        "events": measured.events,
        "hits": measured.hits,
        "also": measured.also,
        "peak_mb": _peak(resource.RUSAGE_SELF),
        "growth_mb": _peak(resource.RUSAGE_SELF) - before,
        "worker_mb": _peak(resource.RUSAGE_CHILDREN) if job.workers else 0.0,
    }
    print(json.dumps(result))


def _peak(whose: int) -> float:
    kilobytes = resource.getrusage(whose).ru_maxrss
    return kilobytes / (1024 if sys.platform != "darwin" else 1024**2)


if __name__ == "__main__":
    main()
