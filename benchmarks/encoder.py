"""How fast the standard encoder trains, against an EdgeConv stack of the same width and depth.

The other side is what a user of PyG would build for the same precomputed neighbours: DGCNN's
EdgeConv (Wang et al. 2019, arXiv:1801.07829) with residuals and the same read-out. Both run in
turns in one process, so that the ratio holds where the absolute numbers depend on the machine.

    python benchmarks/encoder.py --size tiny --threads 2
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch
from torch_geometric.nn import EdgeConv
from torch_geometric.utils import scatter

from hitclr.events import make_batch, ptr_from_counts
from hitclr.nn import GraphConvNeXt, InputNorm
from hitclr.rng import generator


class EdgeConvStack(nn.Module):
    """EdgeConv layers with residuals, then the mean and maximum of an event's hits."""

    def __init__(self, in_channels: int, channels: int, depth: int, out_channels: int) -> None:
        super().__init__()
        self.stem = nn.Linear(in_channels + 3, channels)
        self.layers = nn.ModuleList(
            EdgeConv(
                nn.Sequential(
                    nn.Linear(2 * channels, channels), nn.ReLU(), nn.Linear(channels, channels)
                )
            )
            for _ in range(depth)
        )
        self.head = nn.Linear(2 * channels, out_channels)

    def forward(self, batch: Batch) -> Tensor:
        """The representation [B, D] of a batch with edges."""
        hits = self.stem(torch.cat([batch.x, batch.pos], 1))
        for layer in self.layers:
            hits = hits + layer(hits, batch.edge_index)
        pooled = [
            scatter(hits, batch.batch, dim_size=batch.num_graphs, reduce=reduce)
            for reduce in ("mean", "max")
        ]
        result: Tensor = self.head(torch.cat(pooled, 1))
        return result


def tracks(events: int, hits: int) -> Batch:
    """Events of two noisy straight tracks each, in random directions."""
    draw = generator(0, "benchmark")
    ptr = ptr_from_counts(torch.full((events,), hits))
    ends = torch.randn(events, 2, 3, generator=draw)
    track = torch.randint(2, (events, hits), generator=draw)
    along = torch.rand(events, hits, 1, generator=draw)
    pos = 50 * along * ends[torch.arange(events)[:, None], track]
    pos = (pos + torch.randn(pos.shape, generator=draw)).reshape(-1, 3)
    x = torch.rand(len(pos), 2, generator=draw)
    return make_batch({"pos": pos, "x": x}, {}, ptr, ["charge", "time"])


def step(model: nn.Module, batch: Batch) -> Callable[[], None]:
    """One forward and backward pass."""

    def run() -> None:
        model.zero_grad()
        model(batch).square().mean().backward()

    return run


def best_times(jobs: dict[str, Callable[[], object]], repeat: int) -> dict[str, float]:
    """The shortest wall time of each job in seconds; the jobs take turns."""
    best = dict.fromkeys(jobs, float("inf"))
    for turn in range(repeat + 1):
        for name, job in jobs.items():
            start = time.perf_counter()
            job()
            if turn:  # the first turn warms up
                best[name] = min(best[name], time.perf_counter() - start)
    return best


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="tiny", choices=["tiny", "small", "base"])
    parser.add_argument("--events", type=int, default=256)
    parser.add_argument("--hits", type=int, default=230)
    parser.add_argument("--k", type=int, default=16)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--json", type=Path, default=Path("encoder-benchmark.json"))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)

    plain = tracks(options.events, options.hits)
    encoder = GraphConvNeXt(2, size=options.size, k=options.k)
    channels, depth = encoder.norm.normalized_shape[0], len(encoder.blocks)
    other = EdgeConvStack(2, channels, depth, encoder.out_channels)
    batch = InputNorm(2).fit([(plain.x, plain.pos)])(encoder.edges(plain))
    seconds = best_times(
        {
            "graph-convnext": step(encoder, batch),
            "EdgeConv stack": step(other, batch),
            "k-NN edges": lambda: encoder.edges(plain),
        },
        options.repeat,
    )

    reference = seconds["EdgeConv stack"]
    print(
        f"{options.events} events of {options.hits} hits, k = {options.k}, {channels} channels, "
        f"{depth} blocks, {options.threads} threads; forward and backward"
    )
    print(f"{'':16} {'events/s':>10} {'speed / EdgeConv':>17}")
    for name, value in seconds.items():
        print(f"{name:16} {options.events / value:10.0f} {reference / value:17.2f}")
    result = {
        "settings": {name: value for name, value in vars(options).items() if name != "json"},
        "speed_over_edgeconv": {name: reference / value for name, value in seconds.items()},
    }
    options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
