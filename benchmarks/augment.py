"""How long two views of a batch take, against a loop over events in plain torch.

The seven generic augmentations of arXiv:2502.07724, of which two are drawn for each view of each
event, with replacement. The loop does to each event by itself what the paper's data set does, and
joins the views to a PyG batch; hitclr does all events at once. Both run in turns in one process,
for about as long a turn.
Besides, each of hitclr's views is made again event by event, from the draws that were made for the
batch, and compared.

    python benchmarks/augment.py
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch
from torch import Tensor
from torch_geometric.data import Batch, Data

from hitclr.augment import (
    ChargeScale,
    ChargeSmear,
    Choose,
    HitDropout,
    Identity,
    PositionJitter,
    Rotation,
    Translation,
)
from hitclr.events import make_batch, ptr_from_counts, select_events
from hitclr.rng import generator

TURN = 0.1
"""The least seconds of a turn: a job is called as often as they last."""

DROPOUT, SMEAR, SCALE, JITTER, SHIFT = 0.1, 0.1, 0.1, 0.3, 10.0


def events(number: int, hits: int) -> Batch:
    """Made-up events: a cloud of hits about the origin, with a charge."""
    random = generator(0)
    shape = torch.distributions.Gamma(torch.tensor(4.0), torch.tensor(4.0 / hits))
    torch.manual_seed(0)
    ptr = ptr_from_counts(shape.sample((number,)).ceil().long())
    total = int(ptr[-1])
    pos = 20 * torch.randn(total, 3, generator=random)
    charge = torch.rand(total, 1, generator=random) + 0.5
    return make_batch({"pos": pos, "x": charge}, {"y": torch.zeros(number).long()}, ptr, ["charge"])


def rotate(pos: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """About the origin, uniform in SO(3): a random unit quaternion."""
    w, i, j, k = torch.nn.functional.normalize(torch.randn(4), dim=0).tolist()
    matrix = torch.tensor(
        [
            [1 - 2 * (j * j + k * k), 2 * (i * j - k * w), 2 * (i * k + j * w)],
            [2 * (i * j + k * w), 1 - 2 * (i * i + k * k), 2 * (j * k - i * w)],
            [2 * (i * k - j * w), 2 * (j * k + i * w), 1 - 2 * (i * i + j * j)],
        ]
    )
    return pos @ matrix.T, x


def drop(pos: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """Each hit with probability `DROPOUT`, but never the last one."""
    keep = torch.rand(len(pos)) >= DROPOUT
    if not bool(keep.any()):
        keep[0] = True
    return pos[keep], x[keep]


ONE_BY_ONE: tuple[Callable[[Tensor, Tensor], tuple[Tensor, Tensor]], ...] = (
    lambda pos, x: (pos, x),
    rotate,
    drop,
    lambda pos, x: (pos, x * (1 + SMEAR * torch.randn(len(x), 1))),
    lambda pos, x: (pos, x * (1 + SCALE * torch.randn(()))),
    lambda pos, x: (pos + SHIFT * (2 * torch.rand(3) - 1), x),
    lambda pos, x: (pos + JITTER * torch.randn(len(pos), 3), x),
)


def loop(singles: list[Data], views: int, choose: int) -> list[Batch]:
    """Views event by event, each joined to a batch."""
    made: list[list[Data]] = [[] for _ in range(views)]
    for event in singles:
        for view in made:
            pos, x = event.pos, event.x
            for which in torch.randint(len(ONE_BY_ONE), (choose,)).tolist():
                pos, x = ONE_BY_ONE[which](pos, x)
            view.append(Data(pos=pos, x=x, y=event.y))
    return [Batch.from_data_list(view) for view in made]


def largest_difference(augmentation: Choose, batch: Batch) -> float:
    """Between a view of all events at once and one event after the other, by the same draws."""
    view, draws = augmentation.view(batch, generator(5))
    worst = 0.0
    for number in range(batch.num_graphs):
        one = torch.tensor([number])
        alone = augmentation.apply(select_events(batch, one), draws.select(one))
        among = select_events(view, one)
        if alone.pos.shape != among.pos.shape:
            message = f"event {number} has other hits by itself"
            raise SystemExit(message)
        for name in ("pos", "x"):
            worst = max(worst, float((alone[name] - among[name]).abs().max()))
    return worst


def seconds_a_call(job: Callable[[], object]) -> float:
    """The mean of one turn."""
    calls, start = 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < TURN:
        job()
        calls += 1
    return spent / calls


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=256)
    parser.add_argument("--hits", type=int, default=230, help="hits in an event, mean")
    parser.add_argument("--views", type=int, default=2)
    parser.add_argument("--choose", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=15, help="turns")
    parser.add_argument("--json", type=Path, default=Path("augment-benchmark.json"))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    # glibc returns freed memory beyond twice the largest block freed so far, and here would fault
    # the same pages in again at each call. A process that has read files or trained does not.
    torch.empty(1 << 22)
    batch = events(options.events, options.hits)
    singles = batch.to_data_list()
    parts = [
        Identity(),
        Rotation(),
        HitDropout(DROPOUT),
        ChargeSmear(SMEAR),
        ChargeScale((1 - SCALE, 1 + SCALE)),
        Translation(SHIFT),
        PositionJitter(JITTER),
    ]
    augmentation = Choose(parts, options.choose)
    random = generator(1)
    jobs = {
        "loop over events, plain torch": lambda: loop(singles, options.views, options.choose),
        "hitclr, all events at once": lambda: augmentation.views([batch] * options.views, random),
    }
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for turn in range(options.repeat + 1):
        for name, job in jobs.items():
            seconds = seconds_a_call(job)
            if turn:  # the first turn warms up
                times[name].append(seconds)
    middle = {name: median(values) for name, values in times.items()}
    least = {name: min(values) for name, values in times.items()}
    slow, fast = middle.values()
    difference = largest_difference(augmentation, batch)
    print(
        f"{options.views} views of {options.events} events, {len(batch.pos) / options.events:.0f} "
        f"hits an event, {options.choose} of {len(parts)} augmentations for each view of each "
        f"event; {options.threads} thread(s), medians of {options.repeat} turns"
    )
    for name, value in middle.items():
        print(
            f"{name:32} {1e3 * value:9.1f} ms {options.events * options.views / value:9.0f} views/s"
            f" (quickest turn {1e3 * least[name]:.1f} ms)"
        )
    print(f"ratio {slow / fast:.1f}; largest difference to one by one {difference:.1e}")
    settings = {name: str(value) for name, value in vars(options).items() if name != "json"}
    report = {
        "settings": settings,
        "seconds": middle,
        "seconds_of_quickest_turn": least,
        "ratio": slow / fast,
        "largest_difference": difference,
    }
    options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
