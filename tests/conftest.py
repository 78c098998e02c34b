"""Small made-up ROOT files: two classes of events that a classifier can tell apart."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import torch
import uproot

from hitclr.detectors import (
    LIQUID_ARGON,
    Beam,
    Deposits,
    Detector,
    DetectorParameter,
    Throw,
    offsets,
    pack_cells,
    sum_cells,
    unpack_cells,
)
from hitclr.events import EventStore, ptr_from_counts
from hitclr.io import load_schema


def toy_columns(number: int, seed: int, kind: str) -> dict[str, Any]:
    """Columns of ``number`` events: hits along a line (``track``) or in a ball (``shower``)."""
    random = np.random.default_rng(seed)
    counts = random.integers(5, 20, number)
    total = int(counts.sum())
    event = np.repeat(np.arange(number), counts)
    centre = random.normal(0, 3, (number, 3))[event]
    if kind == "track":
        direction = random.normal(size=(number, 3))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        spread = random.uniform(-30, 30, (total, 1)) * direction[event]
        pos = centre + spread + random.normal(0, 0.5, (total, 3))
    else:
        pos = centre + random.normal(0, 6, (total, 3))
    jagged = {
        "hit_x": pos[:, 0],
        "hit_y": pos[:, 1],
        "hit_z": pos[:, 2],
        "hit_q": random.exponential(2.0, total),
        "hit_t": random.normal(1e8, 50, total),
        "hit_module": random.integers(800_000_000, 800_000_040, total).astype(np.uint32),
        "hit_trig": random.integers(0, 2, total).astype(np.uint64),
    }
    columns: dict[str, Any] = {
        name: ak.unflatten(values, counts) for name, values in jagged.items()
    }
    pdg = {"track": [13, -13], "shower": [11, -11]}[kind]
    columns["pdg"] = random.choice(pdg, number).astype(np.int32)
    columns["run"] = np.full(number, 17, dtype=np.int32)
    mothers = ak.unflatten(np.stack([columns["pdg"], np.full(number, 22)], 1).ravel(), 2)
    columns["truth_pdg"] = ak.values_astype(mothers, np.int32)
    energies = np.stack([random.uniform(1, 10, number), np.zeros(number)], 1).ravel()
    columns["truth_energy"] = ak.unflatten(energies, 2)
    return columns


def write_tree(
    path: Path, columns: dict[str, Any], tree: str = "events", baskets: int | None = None
) -> Path:
    """Write columns as a TTree, so many entries a basket, with counters kept out of the way."""
    with uproot.recreate(path) as file:
        types = {}
        for name, values in columns.items():
            array = ak.Array(values)
            if array.ndim == 1:
                types[name] = np.asarray(values).dtype
            else:
                types[name] = ak.types.ArrayType(array.type.content, 0).content
        file.mktree(tree, types, counter_name=lambda name: f"n_{name}")
        number = len(next(iter(columns.values())))
        step = baskets or max(number, 1)
        for start in range(0, number, step):
            file[tree].extend({name: part[start : start + step] for name, part in columns.items()})
    return path


@pytest.fixture(scope="session")
def make_columns() -> Callable[..., dict[str, Any]]:
    return toy_columns


@pytest.fixture(scope="session")
def write() -> Callable[..., Path]:
    return write_tree


@pytest.fixture(scope="session")
def toy_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One file of 60 tracks and one of 60 showers."""
    folder = tmp_path_factory.mktemp("toy")
    return {
        kind: write_tree(folder / f"{kind}.root", toy_columns(60, seed, kind))
        for seed, kind in enumerate(("track", "shower"))
    }


@pytest.fixture(scope="session")
def toy_schema() -> dict[str, Any]:
    """The schema of the made-up files, as YAML would hold it."""
    return {
        "name": "toy",
        "tree": "events",
        "positions": {"branches": ["hit_x", "hit_y", "hit_z"], "unit": "cm"},
        "features": [
            {"name": "charge", "branch": "hit_q", "unit": "pe"},
            {"name": "t", "branch": "hit_t", "unit": "ns", "relative_to": "median"},
        ],
        "hit_columns": {"module": "hit_module"},
        "observers": {"run": "run", "energy": {"branch": "truth_energy", "index": 0}},
    }


@pytest.fixture(scope="session")
def toy_settings(toy_files: dict[str, Path], toy_schema: dict[str, Any]) -> dict[str, Any]:
    """Settings of a run of seconds on the made-up files."""
    return {
        "schema": toy_schema,
        "data": {
            "samples": {kind: str(path) for kind, path in toy_files.items()},
            "split": {"validation": 0.15, "test": 0.25},
            "batch_size": 32,
        },
        "views": {
            "augmentations": [
                {"name": "rotation"},
                {"name": "hit-dropout", "fraction": [0.0, 0.2]},
                {"name": "charge-smear", "sigma": 0.1},
            ]
        },
        "encoder": {
            "name": "graph-convnext",
            "channels": 16,
            "depth": 2,
            "out_channels": 24,
            "k": 4,
        },
        "method": {"name": "contrastive"},
        "trainer": {"epochs": 4, "accelerator": "cpu"},
        "seed": 5,
    }


CELLS_SCHEMA = {
    "name": "cells",
    "tree": "events",
    "positions": {"branches": ["hit_x", "hit_y", "hit_z"], "unit": "cm"},
    "features": [
        {"name": "time", "branch": "hit_t", "unit": "ns"},
        {"name": "charge", "branch": "hit_q", "unit": "pe"},
    ],
    "hit_columns": {"deposits": "hit_deposits"},
    "label": {"columns": "pdg", "classes": {"track": 13, "shower": 11}},
    "key": "event",
    "axis": [0, 0, 1],
}


class Cells(Detector):
    """Cells of 1 cm that sum the energy; without noise, and nominally without a threshold."""

    name = "cells"
    title = "cells of 1 cm, for tests"
    material = LIQUID_ARGON
    step = 0.5
    parameters = (
        DetectorParameter("gain", "pe/MeV", 10.0, 8.0, 12.0, "charge per energy", minimum=0.0),
        DetectorParameter("threshold", "pe", 0.0, 0.0, 4.0, "least charge", minimum=0.0),
        DetectorParameter("noise", "pe", 0.0, 0.0, 0.5, "spread of the charge", minimum=0.0),
    )
    throws = (Throw("nominal", {"gain": 10.0, "threshold": 0.0, "noise": 0.0}),)
    beam = Beam(("muon", "electron"))
    schema = load_schema(CELLS_SCHEMA)
    minimum_hits = 4

    def respond(self, deposits, throws, generator):
        cell = torch.floor(deposits.pos).long()
        amounts = torch.stack([deposits.energy, deposits.energy * deposits.time], 1)
        ones = torch.ones(len(cell), dtype=torch.int64)
        packed, sums, number = sum_cells(pack_cells(deposits.event, cell), amounts, ones)
        event, cell = unpack_cells(packed)
        noise = torch.randn(event.numel(), generator=generator)
        charge = throws["gain"][event] * sums[:, 0] + throws["noise"][event] * noise
        time = sums[:, 1] / sums[:, 0]
        keep = charge > throws["threshold"][event]
        return EventStore(
            hits={
                "pos": cell[keep] + 0.5,
                "x": torch.stack([time, charge], 1)[keep],
                "hit_deposits": number[keep],
                "hit_truth": number[keep],
            },
            events=dict(deposits.truth),
            ptr=offsets(event[keep], len(deposits)),
            feature_names=("time", "charge"),
            feature_units=("ns", "pe"),
            position_unit="cm",
        )


@pytest.fixture(scope="session")
def cells() -> Cells:
    """A detector of a few lines."""
    return Cells()


@pytest.fixture(scope="session")
def cells_schema() -> dict[str, Any]:
    """The schema of its files, as YAML would hold it."""
    return CELLS_SCHEMA


@pytest.fixture(scope="session")
def make_deposits() -> Callable[..., Deposits]:
    """Deposits of events with the given numbers: lines (muons, even places) and balls."""

    def make(numbers: list[int], seed: int = 0) -> Deposits:
        random = torch.Generator().manual_seed(seed)
        count = len(numbers)
        ptr = ptr_from_counts(torch.randint(15, 40, (count,), generator=random))
        event = torch.repeat_interleave(torch.arange(count), ptr.diff())
        total = event.numel()
        muon = torch.arange(count) % 2 == 0
        along = (
            20
            * torch.rand(total, 1, generator=random)
            * torch.randn(count, 3, generator=random)[event].sign()
        )
        ball = 4 * torch.randn(total, 3, generator=random)
        return Deposits(
            ptr,
            torch.where(muon[event][:, None], along, ball),
            0.1 + torch.rand(total, generator=random),
            torch.full((total,), 0.5),
            torch.rand(total, generator=random),
            {
                "event": torch.tensor(numbers, dtype=torch.int64),
                "pdg": torch.where(muon, 13, 11),
                "energy": torch.rand(count, generator=random),
            },
        )

    return make


@pytest.fixture(scope="session")
def hitclr_here() -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command in this process, as wide as an ordinary terminal.

    A process of its own would import torch and its company anew, which takes longer than most
    commands: that is for what needs one, as signals do.
    """
    from hitclr.cli import main

    def run(*arguments: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        words = [str(argument) for argument in arguments]
        settings = {"COLUMNS": "100", "NO_COLOR": "1", "OMP_WAIT_POLICY": "PASSIVE", **environment}
        code = 0
        with (
            pytest.MonkeyPatch.context() as patch,
            contextlib.redirect_stdout(io.StringIO()) as out,
            contextlib.redirect_stderr(io.StringIO()) as errors,
        ):
            patch.chdir(cwd)
            patch.setattr(sys, "argv", ["hitclr", *words])
            for name, value in settings.items():
                patch.setenv(name, value)
            try:
                main()
            except SystemExit as stop:
                code = int(stop.code or 0)
        return subprocess.CompletedProcess(words, code, out.getvalue(), errors.getvalue())

    return run


@pytest.fixture(scope="session")
def train_without_page() -> Callable[..., Any]:
    """``train``, with all tables but not the page: to draw its pictures takes most of the time."""
    from hitclr.runs import train

    def run(*arguments: Any, **options: Any) -> Any:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys.modules[train.__module__], "write_report", lambda *_: None)
            return train(*arguments, **options)

    return run
