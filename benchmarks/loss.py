"""How fast and lean the contrastive loss is, against the paper's form of it and a library's.

The paper's form (arXiv:2502.07724) takes the cosine similarity of all pairs by broadcasting, which
makes a tensor [2B, 2B, D]. The library is pytorch-metric-learning. Its SupConLoss with the events
as classes is the loss at alpha 0, too. Its NTXentLoss makes a tensor of all positive times all
negative pairs, (2B)^2 (2B - 2) numbers, so that it is measured on fewer events.

Each case is the loss and its gradient for two views of each event. It runs in a process of its
own, after a small batch that warms up, and in several rounds in which the cases take turns; what
is printed are medians over the rounds. Memory is how far the process's resident set rises above
where it was before the case. The last row is a large batch; its total memory is that of the whole
process. OpenMP's threads sleep while they wait, as under the command ``hitclr``. Needs Linux.

    python benchmarks/loss.py --events 672 --threads 2
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch
from pytorch_metric_learning import losses
from torch import Tensor
from torch.nn.functional import cosine_similarity

from hitclr.losses import contrastive_loss
from hitclr.rng import generator

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]
TEMPERATURE = 0.1
PAPER = "paper's form, alpha 0.5"
OURS = "hitclr, alpha 0.5"
OURS_SAME_EVENT = "hitclr, alpha 0"
NTXENT = "library NTXentLoss"


def ours(alpha: float) -> Loss:
    """The loss of hitclr."""

    def loss(first: Tensor, second: Tensor, labels: Tensor) -> Tensor:
        return contrastive_loss(first, second, labels, alpha=alpha, temperature=TEMPERATURE)

    return loss


def paper(first: Tensor, second: Tensor, labels: Tensor) -> Tensor:
    """The same loss at alpha 0.5, from similarities by broadcasting."""
    views = torch.cat([first, second])
    similarity = cosine_similarity(views[:, None], views[None], dim=-1) / TEMPERATURE
    itself = torch.eye(len(views), dtype=torch.bool)
    twin = itself.roll(len(first), 0).float()
    kind = torch.cat([labels, labels])
    alike = ((kind == kind[:, None]) & ~itself).float()
    weight = 0.5 * twin + 0.5 * alike / alike.sum(1, keepdim=True)
    norm = similarity.masked_fill(itself, -torch.inf).logsumexp(1)
    return (norm - (weight * similarity).sum(1)).mean()


def library(name: str, *, events_as_classes: bool) -> Loss:
    """A loss of pytorch-metric-learning."""
    module = getattr(losses, name)(temperature=TEMPERATURE)

    def loss(first: Tensor, second: Tensor, labels: Tensor) -> Tensor:
        kind = torch.arange(len(first)) if events_as_classes else labels
        result: Tensor = module(torch.cat([first, second]), kind.repeat(2))
        return result

    return loss


CASES: dict[str, Loss] = {
    OURS_SAME_EVENT: ours(0.0),
    OURS: ours(0.5),
    "hitclr, alpha 1": ours(1.0),
    "library SupConLoss on events": library("SupConLoss", events_as_classes=True),
    "library SupConLoss": library("SupConLoss", events_as_classes=False),
    PAPER: paper,
    NTXENT: library("NTXentLoss", events_as_classes=True),
}


def resident(field: str) -> float:
    """A line of the process's memory in MB: ``VmRSS`` now, ``VmHWM`` at its highest."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1000
    message = f"{field} is not in /proc/self/status"
    raise SystemExit(message)


def step(loss: Loss, events: int, size: int) -> Callable[[], float]:
    """One forward and backward pass, which returns the loss."""
    draw = generator(0, "benchmark")
    first, second = torch.randn(2, events, size, generator=draw)
    labels = torch.randint(5, (events,), generator=draw)
    first.requires_grad_()
    second.requires_grad_()

    def run() -> float:
        first.grad = second.grad = None
        value = loss(first, second, labels)
        value.backward()
        return value.item()

    return run


def measure(case: str, events: int, size: int, repeat: int) -> dict[str, float]:
    """Memory of the first pass, and the median time of the passes after it, in this process."""
    step(CASES[case], 8, size)()
    run = step(CASES[case], events, size)
    # Forgets the highest level so far, which imports may have set.
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    before = resident("VmRSS")
    value = run()
    highest = resident("VmHWM")
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return {
        "loss": value,
        "ms": 1000 * median(seconds),
        "extra_mb": highest - before,
        "total_mb": highest,
    }


def measure_apart(
    case: str, events: int, repeat: int, options: argparse.Namespace
) -> dict[str, float]:
    """`measure` in a fresh process."""
    command = [sys.executable, __file__, "--case", case, "--events", str(events)]
    command += ["--size", str(options.size), "--threads", str(options.threads)]
    command += ["--repeat", str(repeat)]
    environment = {"OMP_WAIT_POLICY": "PASSIVE", **os.environ}
    done = subprocess.run(  # noqa: S603
        command, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=672)
    parser.add_argument("--few-events", type=int, default=128, help="for NTXentLoss")
    parser.add_argument("--many-events", type=int, default=8192)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeat", type=int, default=15, help="passes in a round; the paper: 1")
    parser.add_argument("--json", type=Path, default=Path("loss-benchmark.json"))
    parser.add_argument("--case", help="measure one case in this process and print JSON")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.case:
        print(json.dumps(measure(options.case, options.events, options.size, options.repeat)))
        return

    rows = {case: (case, options.events, options.repeat) for case in CASES}
    rows[PAPER] = (PAPER, options.events, 1)
    del rows[NTXENT]
    compared = list(rows)
    for case in (OURS_SAME_EVENT, NTXENT):
        rows[f"{case}, {options.few_events} events"] = (case, options.few_events, options.repeat)
    rows[f"{OURS}, {options.many_events} events"] = (OURS, options.many_events, 1)
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in rows}
    for _ in range(options.rounds):
        for name, (case, events, repeat) in rows.items():
            rounds[name].append(measure_apart(case, events, repeat, options))
    found = {
        name: {key: median(one[key] for one in several) for key in several[0]}
        for name, several in rounds.items()
    }

    print(
        f"{options.events} events, two views each, {options.size} numbers a view, "
        f"{options.threads} threads; forward and backward; medians of {options.rounds} rounds"
    )
    reference = found[PAPER]
    head = ("loss", "ms", "extra MB", "total MB", "times faster", "times leaner")
    print(f"{'':36}" + "".join(f"{name:>13}" for name in head))
    for name, row in found.items():
        line = f"{name:36}{row['loss']:13.5f}{row['ms']:13.1f}{row['extra_mb']:13.1f}"
        line += f"{row['total_mb']:13.0f}"
        if name in compared:
            line += f"{reference['ms'] / row['ms']:13.1f}"
            line += f"{reference['extra_mb'] / row['extra_mb']:13.1f}"
        print(line)
    result = {
        "settings": {
            name: value for name, value in vars(options).items() if name not in ("json", "case")
        },
        "results": found,
    }
    options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
