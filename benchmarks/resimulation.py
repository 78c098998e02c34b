"""What a re-simulated view costs, against a training step and against generic augmentations.

One batch of events of a detector: its true deposits answered with parameters drawn per event, five
generic augmentations on its hits, and encoders forwards and backwards: the default one, a smaller
one, and one on a graph, whose edges are timed apart. All run in turns in one process, so that the
ratios hold where the absolute numbers depend on the machine.

    python benchmarks/resimulation.py --detector lartpc --threads 2
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch_geometric.data import Batch

from hitclr.augment import Chain, ChargeScale, ChargeSmear, HitDropout, PositionJitter, Rotation
from hitclr.detectors import Throws, shoot
from hitclr.events import ptr_from_counts
from hitclr.nn import GraphConvNeXt, InputNorm, PointNet
from hitclr.plugins import load_plugins
from hitclr.rng import generator

_DEFAULT = "pointnet, small"  # the default encoder


def medians(jobs: dict[str, Callable[[], object]], repeat: int) -> dict[str, float]:
    """The median wall time of each job in seconds; the jobs take turns."""
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for turn in range(repeat + 1):
        for name, job in jobs.items():
            start = time.perf_counter()
            job()
            if turn:  # the first turn warms up
                times[name].append(time.perf_counter() - start)
    return {name: median(values) for name, values in times.items()}


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--detector", default="lartpc")
    parser.add_argument("--events", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--json", type=Path, default=Path("resimulation-benchmark.json"))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)

    detector = load_plugins().detectors.get(options.detector)
    primaries = detector.beam.draw(0, options.events, np.random.default_rng(0))
    deposits = shoot(primaries, detector.material, np.random.default_rng(1), step=detector.step)
    nominal = Throws.same(detector.throw(), options.events)
    store = detector.respond(deposits, nominal, generator(0))
    recorded = torch.nonzero(store.hits_per_event() >= detector.minimum_hits)[:, 0]
    batch = store.select(recorded).batch(torch.arange(len(recorded)))
    generic = Chain([Rotation(), HitDropout(), ChargeSmear(), ChargeScale(), PositionJitter(0.3)])
    features = batch.x.size(1)
    default, smaller = PointNet(features), PointNet(features, size="tiny")
    on_graph = GraphConvNeXt(features)
    ready = InputNorm(features).fit([(batch.x, batch.pos)])(batch)
    graph = on_graph.edges(ready)
    random = generator(1)

    def resimulate() -> None:
        detector.respond(deposits, detector.draw(options.events, random), random)

    def step(encoder: torch.nn.Module, events: Batch) -> None:
        encoder.zero_grad()
        encoder(events).square().mean().backward()

    seconds = medians(
        {
            "re-simulation": resimulate,
            "generic augmentations": lambda: generic.view(batch, random),
            _DEFAULT: partial(step, default, ready),
            "pointnet, tiny": partial(step, smaller, ready),
            "graph-convnext, small": partial(step, on_graph, graph),
            "its edges (k-NN)": lambda: on_graph.edges(batch),
        },
        options.repeat,
    )
    reference = seconds[_DEFAULT]
    hits = int(ptr_from_counts(store.hits_per_event())[-1])
    print(
        f"{options.detector}: {options.events} events, {len(deposits.energy) / options.events:.0f} "
        f"deposits and {hits / options.events:.0f} hits an event, {options.threads} threads; "
        f"medians of {options.repeat}"
    )
    print(f"{'':22} {'ms':>8} {'of one forward-backward':>24}")
    for name, value in seconds.items():
        print(f"{name:22} {1000 * value:8.1f} {value / reference:24.3f}")
    result = {
        "settings": {name: value for name, value in vars(options).items() if name != "json"},
        "time_over_default_encoder": {name: value / reference for name, value in seconds.items()},
    }
    options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
