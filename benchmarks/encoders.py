"""How fast each encoder is, and how far it comes in the same training time.

Events of a detector are simulated at its nominal throw. Each encoder trains as a classifier, with
one linear layer on its representation and cross-entropy, for the same wall time on the same number
of threads: AdamW, a warm-up, then a cosine to zero by the time that is used up. Finding the edges
is part of that time. Accuracy is that on events which none of them trained on. Beside hitclr's own
encoders there is what a user of PyG would build: DGCNN (Wang et al. 2019, arXiv:1801.07829) of
EdgeConv layers on the k nearest hits.

Every row comes from a process of its own, one after the other. Its memory is what the steps took at
their peak beyond the events and the weights, with what the C library has not given back.

On a machine that does other work as well equal wall time is not equal work, and threads wait for
each other: use ``--clock cpu --threads 1`` there, which counts the time that the process itself
got. The JSON file has the load of the machine.

    python benchmarks/encoders.py --seconds 60
    python benchmarks/encoders.py --detector lartpc --encoders voxel-convnext:tiny pointnet dgcnn
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch_geometric.data import Batch
from torch_geometric.nn import EdgeConv, global_max_pool, global_mean_pool

from hitclr.detectors import PARTICLES, Throws, shoot
from hitclr.events import EventStore
from hitclr.graphs import KNN
from hitclr.heap import trim_heap
from hitclr.nn import (
    ClassHead,
    DynEdge,
    GraphConvNeXt,
    InputNorm,
    PointNet,
    PointTransformer,
    VoxelConvNeXt,
    encoder_width,
)
from hitclr.plugins import load_plugins
from hitclr.rng import generator, seed_for

CELLS = {"cube": 1.0, "lartpc": 0.38}
SIZES = ("tiny", "small", "base")
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
WARM_UP = 0.1


class DGCNN(nn.Module):
    """Four EdgeConv layers side by side, then an MLP on the maximum and mean of an event's hits."""

    def __init__(self, in_channels: int, *, size: str = "small", k: int = 16) -> None:
        super().__init__()
        channels, self.out_channels = {"tiny": (32, 64), "small": (64, 128), "base": (128, 256)}[
            size
        ]
        self.edges = KNN(k)
        widths = [in_channels + 3] + 4 * [channels]
        self.layers = nn.ModuleList(
            EdgeConv(nn.Sequential(nn.Linear(2 * before, channels), nn.LeakyReLU(0.2)), aggr="max")
            for before in widths[:-1]
        )
        self.join = nn.Sequential(nn.Linear(4 * channels, 2 * channels), nn.LeakyReLU(0.2))
        self.head = nn.Linear(4 * channels, self.out_channels)

    def forward(self, batch: Batch) -> Tensor:
        """The representation [B, D] of a batch with edges."""
        hits = torch.cat([batch.pos, batch.x], 1)
        outputs = []
        for layer in self.layers:
            hits = layer(hits, batch.edge_index)
            outputs.append(hits)
        hits = self.join(torch.cat(outputs, 1))
        pooled = [pool(hits, batch.batch, batch.num_graphs) for pool in POOLS]
        result: Tensor = self.head(torch.cat(pooled, 1))
        return result


POOLS = (global_max_pool, global_mean_pool)

ENCODERS: dict[str, Callable[..., nn.Module]] = {
    "voxel-convnext": VoxelConvNeXt,
    "graph-convnext": GraphConvNeXt,
    "dynedge": DynEdge,
    "point-transformer": PointTransformer,
    "pointnet": PointNet,
    "dgcnn": DGCNN,
}


def simulate(name: str, count: int) -> EventStore:
    """Recorded events of a detector at its nominal throw, labelled by their particle."""
    detector = load_plugins().detectors.get(name)
    primaries = detector.beam.draw(0, count, np.random.default_rng(0))
    deposits = shoot(primaries, detector.material, np.random.default_rng(1), step=detector.step)
    nominal = Throws.same(detector.throw(), count)
    store = detector.respond(deposits, nominal, generator(0))
    store = store.select(torch.nonzero(store.hits_per_event() >= detector.minimum_hits).flatten())
    pdg = store.events["pdg"].long()
    label = torch.full_like(pdg, -1)
    for index, particle in enumerate(detector.beam.particles):
        label[torch.isin(pdg, torch.tensor(PARTICLES[particle]))] = index
    return EventStore(dict(store.hits), {"y": label}, store.ptr, store.feature_names)


def make(name: str, in_channels: int, cell: float) -> nn.Module:
    """The encoder that is called ``name`` or ``name:size``."""
    kind, _, size = name.partition(":")
    options = {"size": size or "small"}
    more = {"cell": cell} if kind == "voxel-convnext" else {}
    return ENCODERS[kind](in_channels, **options, **more)


def prepare(encoder: nn.Module, batch: Batch) -> Batch:
    """The batch with the edges that the encoder wants."""
    edges = getattr(encoder, "edges", None)
    return batch if edges is None else edges(batch)


def speed(job: Callable[[], object], clock: Callable[[], float], repeat: int) -> float:
    """The median time of a job in seconds, after a first time that does not count."""
    times = []
    for _ in range(repeat + 1):
        start = clock()
        job()
        times.append(clock() - start)
    return median(times[1:])


def peak_kib(*, afresh: bool = False) -> int:
    """The largest memory of this process since it was last taken afresh, in KiB (Linux)."""
    if afresh:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1])


def one(options: argparse.Namespace) -> dict[str, Any]:
    """One row: an encoder and a seed, in this process."""
    torch.set_num_threads(options.threads)
    clock = CLOCKS[options.clock]
    content = torch.load(options.store, weights_only=True)
    names = tuple(content["names"])
    store = EventStore(content["hits"], {"y": content["y"]}, content["ptr"], names)
    order = torch.randperm(len(store), generator=generator(0, "split"))
    test, train = order[: options.test], order[options.test :]
    torch.manual_seed(seed_for(options.seed, "weights"))
    encoder = make(options.one, len(names), options.cell)
    classes = int(store.labels.max()) + 1
    head = ClassHead(encoder_width(encoder), classes)
    parts = (store.batch(events) for events in train.split(options.batch))
    norm = InputNorm(len(names)).fit((part.x, part.pos) for part in parts)
    trim_heap()
    before = peak_kib(afresh=True)

    def logits(batch: Batch) -> Tensor:
        return head(encoder(norm(prepare(encoder, batch))))

    batch = store.batch(train[: options.batch])

    def forward() -> None:
        with torch.no_grad():
            logits(batch)

    def step() -> None:
        nn.functional.cross_entropy(logits(batch), batch.y).backward()

    load = [os.getloadavg()[0]]
    seconds = {"forward": speed(forward, clock, 3), "forward and backward": speed(step, clock, 3)}
    weights = [*encoder.parameters(), *head.parameters()]
    optimiser = torch.optim.AdamW(weights, lr=options.lr, weight_decay=0.01)
    draw, seen, start, done = generator(options.seed, "order"), 0, clock(), 0.0
    while done < 1:
        for events in train[torch.randperm(len(train), generator=draw)].split(options.batch):
            done = (clock() - start) / options.seconds
            if done >= 1:
                break
            rise, fall = done / WARM_UP, 0.5 * (1 + math.cos(math.pi * done))
            optimiser.param_groups[0]["lr"] = options.lr * min(rise, 1.0) * fall
            view = store.batch(events)
            optimiser.zero_grad()
            loss = nn.functional.cross_entropy(logits(view), view.y)
            loss.backward()
            optimiser.step()
            seen += len(events)
    load.append(os.getloadavg()[0])
    memory = peak_kib()
    right = 0
    encoder.eval()
    head.eval()
    with torch.no_grad():
        for events in test.split(options.batch):
            view = store.batch(events)
            right += int((logits(view).argmax(1) == view.y).sum())
    return {
        "encoder": options.one,
        "seed": options.seed,
        "parameters": sum(p.numel() for p in encoder.parameters()),
        "forward": len(batch.y) / seconds["forward"],
        "forward and backward": len(batch.y) / seconds["forward and backward"],
        "memory": (memory - before) / 1024,
        "seen": seen,
        "train loss": float(loss.detach()),
        "accuracy": right / len(test),
        "load": load,
    }


def table(rows: list[dict[str, Any]], test: int) -> str:
    """The rows as text, seeds averaged, the best accuracy first."""
    made: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        made.setdefault(row["encoder"], []).append(row)
    titles = ("weights", "forward", "and back", "memory", "trained")
    units = ("", "events/s", "events/s", "MiB", "events")
    lines = [" " * 24 + "".join(f" {word:>9}" for word in words) for words in (titles, units)]
    lines[0] += f" {'accuracy':>16}"

    def accuracy(name: str) -> float:
        return mean(row["accuracy"] for row in made[name])

    for name in sorted(made, key=accuracy, reverse=True):
        group = made[name]
        value = accuracy(name)
        # Of one training on so many test events; what seeds add to it only seeds can tell.
        error = math.sqrt(value * (1 - value) / test)
        lines.append(
            f"{name:24} {group[0]['parameters']:9d} "
            f"{mean(row['forward'] for row in group):9.0f} "
            f"{mean(row['forward and backward'] for row in group):9.0f} "
            f"{max(row['memory'] for row in group):9.0f} "
            f"{mean(row['seen'] for row in group):9.0f} {value:8.3f} ± {error:.3f}"
        )
    return "\n".join(lines)


def main() -> None:
    """Simulate, train all in turns, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--detector", default="cube", choices=sorted(CELLS))
    parser.add_argument("--events", type=int, default=12_000, help="to simulate")
    parser.add_argument("--test", type=int, default=2_000, help="of them, to test with")
    parser.add_argument("--seconds", type=float, default=60.0, help="of training for each encoder")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--size", default="small", choices=SIZES)
    parser.add_argument(
        "--encoders", nargs="+", metavar="NAME[:SIZE]", help=f"of {', '.join(ENCODERS)}"
    )
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--clock", default="wall", choices=list(CLOCKS))
    parser.add_argument("--json", type=Path, default=Path("encoders-benchmark.json"))
    for inner in ("--one", "--store", "--cell", "--seed"):  # for the processes of the rows
        kind = {"--cell": float, "--seed": int}.get(inner, str)
        parser.add_argument(inner, type=kind, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one(options)))
        return
    names = [
        name if ":" in name else f"{name}:{options.size}"
        for name in options.encoders or list(ENCODERS)
    ]
    for name in names:
        kind, _, size = name.partition(":")
        if kind not in ENCODERS or size not in SIZES:
            parser.error(f"no encoder {name}; there are {', '.join(ENCODERS)}, each in {SIZES}")
    start = time.perf_counter()
    store = simulate(options.detector, options.events)
    if len(store) <= options.test:
        parser.error(f"{len(store)} events leave none to train on; give more --events")
    hits = store.num_hits / len(store)
    print(
        f"{options.detector}: {len(store)} events of {hits:.0f} hits in the mean, {options.test} "
        f"of them to test with; {options.seconds:g} s ({options.clock}) of training, "
        f"{options.threads} thread(s), {options.seeds} seed(s)"
    )
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "events.pt"
        columns = {"hits": dict(store.hits), "y": store.labels, "ptr": store.ptr}
        torch.save({**columns, "names": list(store.feature_names)}, file)
        given = ("test", "seconds", "batch", "lr", "threads", "clock")
        shared = [f"--{name}={getattr(options, name)}" for name in given]
        shared += [f"--store={file}", f"--cell={CELLS[options.detector]}"]
        for seed in range(options.seeds):
            for name in names:
                row = [f"--one={name}", f"--seed={seed}", *shared]
                done = subprocess.run(  # noqa: S603 - this script
                    [sys.executable, __file__, *row],
                    check=True,
                    stdout=subprocess.PIPE,
                    text=True,
                )
                rows.append(json.loads(done.stdout))
                print(f"  {name}, seed {seed}: {rows[-1]['accuracy']:.3f}", file=sys.stderr)
    print(table(rows, options.test))
    took = time.perf_counter() - start
    print(f"all of it took {took:.0f} s")
    settings = {name: getattr(options, name) for name in ("detector", "events", "seeds", *given)}
    result = {"settings": settings, "hits_per_event": hits, "rows": rows, "seconds": took}
    options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
