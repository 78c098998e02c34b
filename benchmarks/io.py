"""How fast events come out of ROOT files, against bare uproot, PyG's DataLoader and weaver-core.

The files are generated: jagged branches x, y, z and charge in float32, an integer per event, zstd
at level 1 (uproot unpacks it faster than zlib, so that whatever is added to uproot shows more),
clusters of 2,000 events. They are in the page cache when they are read. Every number comes from a
process of its own with one torch thread, so that its peak memory is its own; the rows that read
ROOT run twice in it and the second time counts, since a virtual machine may take longer to give a
process memory for the first time than all else takes. The rows take turns, medians are quoted.

    python benchmarks/io.py --weaver WEAVER_ENVIRONMENT/bin/python
    python benchmarks/io.py --quick

weaver-core needs an environment of its own:

    python -m venv weaver && weaver/bin/pip install weaver-core==0.5.3 torch
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from io_rows import BATCH, FETCH_STEP, Job

PLAIN_SOURCE = "MultithreadedFileSource"
WARM_UP = {"events": 600, "hits": 30, "cluster": 300}


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes:
        name: what is measured.
        row: the function in ``io_rows.py``.
        threads: reading threads.
        workers: workers of the DataLoader.
        option: further choice of the function.
        files: the number of files, 0 for the two.
        epochs: how often a stream goes through them.
    """

    name: str
    row: str
    threads: int = 1
    workers: int = 0
    option: str = ""
    files: int = 0
    epochs: int = 1

    @property
    def copies(self) -> float:
        """How often it delivers the events of the two files."""
        return (self.files or 2) / 2 * self.epochs


ROWS = (
    *(Row(f"bare uproot.iterate, {n} thread(s)", "bare", n) for n in (1, 2)),
    *(Row(f"  same, plain file source, {n}", "bare", n, option=PLAIN_SOURCE) for n in (1, 2)),
    *(Row(f"hitclr cold, {n} thread(s)", "cold", n) for n in (1, 2)),
    *(Row(f"hitclr streaming, {n} thread(s)", "feed", n, option="stream") for n in (1, 2)),
    *(Row(f"weaver-core fetching, {n} worker(s)", "weaver", 1, n, "fetch") for n in (0, 2)),
    Row("hitclr warm, in memory", "feed", option="memory"),
    Row("hitclr warm, memory-mapped", "feed", option="mapped"),
    *(Row(f"PyG DataLoader, {n} worker(s)", "pyg", 1, n) for n in (0, 2)),
    *(Row(f"weaver-core in memory, {n} worker(s)", "weaver", 1, n, "memory") for n in (0, 2)),
)


class Bench:
    """Runs rows on files.

    Args:
        folder: where the files are, or are written.
        weaver: a Python that has weaver-core.
    """

    def __init__(self, folder: Path, weaver: str | None) -> None:
        self.folder, self.weaver = folder, weaver
        self.warm_up: tuple[str, ...] = ()
        self.files: tuple[str, ...] = ()
        self.length = 0

    def run(self, row: Row) -> dict[str, Any]:
        """What a row measured, or ``{"why_not": ...}``."""
        python = self.weaver if row.row == "weaver" else sys.executable
        if python is None:
            return {"why_not": "no --weaver PYTHON given; --help says how to make one"}
        job = Job(
            row=row.row,
            files=self._linked(row.files) if row.files else self.files,
            warm_up=self.warm_up,
            threads=row.threads,
            workers=row.workers,
            epochs=row.epochs,
            option=row.option,
            length=self.length,
            folder=str(self.folder),
            twice=row.row in ("bare", "cold", "feed"),
        )
        return self._start(python, job)

    def prepare(self, settings: Mapping[str, int]) -> dict[str, Any]:
        """Write the files where they are not there yet, and count what is in them."""
        self.warm_up = self._written("small", WARM_UP)
        self.files = self._written("file", settings)
        counted = self._start(sys.executable, Job("count", self.files, ()))
        self.length = int(counted["also"]["length"])
        return counted

    def _written(self, stem: str, settings: Mapping[str, int]) -> tuple[str, ...]:
        tag = "-".join(str(settings[key]) for key in ("events", "hits", "cluster"))
        names = tuple(str(self.folder / f"{stem}-{tag}-{n}.root") for n in range(2))
        done = self.folder / f"{stem}-{tag}.done"
        if not done.exists():
            self._start(sys.executable, Job("write", names, (), option=json.dumps(dict(settings))))
            done.touch()
        return names

    def _linked(self, number: int) -> tuple[str, ...]:
        names = []
        for n in range(number):
            link = self.folder / f"link-{n}.root"
            link.unlink(missing_ok=True)
            link.hardlink_to(self.files[n % len(self.files)])
            names.append(str(link))
        return tuple(names)

    @staticmethod
    def _start(python: str, job: Job) -> dict[str, Any]:
        script = Path(__file__).with_name("io_rows.py")
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
        done = subprocess.run(  # noqa: S603 - the user's own Python
            [python, str(script), json.dumps(asdict(job))],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
        if done.returncode:
            print(done.stderr, file=sys.stderr)
            message = f"the row {job.row} ({job.option}) failed, its error is above"
            raise SystemExit(message)
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return result


def summary(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The median of each number over the repeats of a row."""
    if "why_not" in results[0]:
        return results[0]
    numbers = {name: median(r[name] for r in results) for name in results[0] if name != "also"}
    also = {name: median(r["also"][name] for r in results) for name in results[0]["also"]}
    speed = numbers["events"] / numbers["seconds"]
    cpu = numbers["events"] / numbers["cpu_seconds"]
    return {**numbers, "also": also, "events_per_s": speed, "events_per_cpu_s": cpu}


def ratios(found: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[float, float]]:
    """The ratios that matter, in wall and in CPU time, where both sides were measured."""
    bare, plain = "bare uproot.iterate, {} thread(s)", "  same, plain file source, {}"
    pairs = {}
    for way in ("cold", "streaming"):
        for n in (1, 2):
            mine = f"hitclr {way}, {n} thread(s)"
            pairs[f"{way} / bare, {n} thread(s)"] = mine, bare.format(n)
            pairs[f"{way} / bare with a plain file source, {n}"] = mine, plain.format(n)
    graphs = [name for name in found if name.startswith("PyG")]
    if graphs:
        best = max(graphs, key=lambda name: found[name]["events_per_s"])
        for way in ("in memory", "memory-mapped"):
            pairs[f"warm {way} / {best}"] = f"hitclr warm, {way}", best
    return {
        title: (
            found[one]["events_per_s"] / found[other]["events_per_s"],
            found[one]["events_per_cpu_s"] / found[other]["events_per_cpu_s"],
        )
        for title, (one, other) in pairs.items()
        if one in found and other in found
    }


def show(found: Mapping[str, Mapping[str, Any]], bytes_per_event: float) -> None:
    """Print the table."""
    head = ("events/s", "MB/s", "seconds", "CPU s", "peak MB", "growth MB", "worker MB")
    print(f"{'':34} " + " ".join(f"{title:>9}" for title in head))
    for name, row in found.items():
        if "why_not" in row:
            print(f"{name:34} {row['why_not']}")
            continue
        rate = row["events_per_s"]
        also = "".join(f"  {key} {value:.2f}" for key, value in row["also"].items())
        worker = f"{row['worker_mb']:9.0f}" if row["worker_mb"] else f"{'':9}"
        print(
            f"{name:34} {rate:9.0f} {rate * bytes_per_event / 1e6:9.1f} {row['seconds']:9.3f} "
            f"{row['cpu_seconds']:9.3f} "
            f"{row['peak_mb']:9.0f} {row['growth_mb']:9.0f} {worker}{also}"
        )


def check(name: str, result: Mapping[str, Any], counted: Mapping[str, Any], copies: float) -> None:
    """Stop where a row did not deliver all events and hits; weaver-core drops its last batches."""
    if "why_not" in result or name.startswith("weaver"):
        return
    for what in ("events", "hits"):
        if result[what] != counted[what] * copies:
            message = f"{name}: {result[what]} {what}, expected {counted[what] * copies:.0f}"
            raise SystemExit(message)


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, help="keep the files here and use them again")
    parser.add_argument("--weaver", help="a Python that has weaver-core", metavar="PYTHON")
    parser.add_argument("--events", type=int, default=20_000, help="events in each of two files")
    parser.add_argument("--hits", type=int, default=300, help="hits in an event, mean")
    parser.add_argument("--files", type=int, default=0, help="memory at so many files, too (20)")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="small files, each row once")
    parser.add_argument(
        "--only", nargs="*", default=[""], help="rows with one of these in the name"
    )
    parser.add_argument("--json", type=Path, default=Path("io-benchmark.json"))
    options = parser.parse_args()
    if options.quick:
        options.events, options.hits, options.repeat = 1_000, 100, 1
    rows = list(ROWS)
    if options.files:
        n = options.files
        rows.append(Row(f"hitclr cold, {n} files", "cold", files=n))
        # The same number of steps, so that what an allocator keeps as time goes is the same.
        many = Row(f"hitclr streaming, {n} files", "feed", option="stream", files=n)
        few = Row(f"  same, 2 files, {n // 2} epochs", "feed", option="stream", epochs=n // 2)
        rows += [many, few]
    rows = [row for row in rows if any(part in row.name for part in options.only)]
    with ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        bench = Bench(folder.resolve(), options.weaver)
        counted = bench.prepare({"events": options.events, "hits": options.hits, "cluster": 2000})
        size = sum(Path(name).stat().st_size for name in bench.files) / 1e6
        results: dict[str, list[dict[str, Any]]] = {row.name: [] for row in rows}
        for _ in range(options.repeat):
            for row in rows:
                result = bench.run(row)
                check(row.name, result, counted, row.copies)
                results[row.name].append(result)
    found = {name: summary(values) for name, values in results.items()}
    hits = counted["hits"] / counted["events"]
    print(
        f"2 files of {options.events} events, {hits:.0f} hits an event, 4 float32 columns, "
        f"{size:.0f} MB on disk (zstd 1); batches of {BATCH}; medians of {options.repeat}\n"
        f"weaver-core: padded to {bench.length} hits, which keeps 99 % of events whole and loses "
        f"{100 * counted['also']['lost_hits'] / counted['hits']:.2f} % of hits; fetch step "
        f"{FETCH_STEP}"
    )
    show(found, 16 * hits)
    compared = ratios(found)
    print(f"{'speed as a ratio':52} {'wall':>6} {'CPU':>6}  (CPU: without that of workers)")
    for name, (wall, cpu) in compared.items():
        print(f"{name:52} {wall:6.2f} {cpu:6.2f}")
    settings = {name: str(value) for name, value in vars(options).items() if name != "json"}
    report = {"settings": settings, "length": bench.length, "rows": found, "ratios": compared}
    options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
