"""Write small ROOT files to try hitclr on: made-up tracks and showers, simulation and "data".

    python examples/make_events.py FOLDER

writes ``tracks.root`` and ``showers.root``, 500 events each, and ``data.root``: 300 events of both
kinds from a detector with a lower gain, fewer live channels and more noise than was simulated. The
geometry is a toy; no physics can be learnt from it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import uproot


def events(number: int, kinds: list[str], *, seed: int, gain: float, live: float) -> dict[str, Any]:
    """Columns of events: hits along a line (track) or around a point (shower), in cm, pe and ns."""
    random = np.random.default_rng(seed)
    kind = random.choice(kinds, number)
    counts = random.poisson(60, number) + 20
    event = np.repeat(np.arange(number), counts)
    total = int(counts.sum())
    direction = random.normal(size=(number, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    along = random.uniform(0, 1, total) * np.where(kind == "track", 120, 50)[event]
    width = np.where(kind == "track", 1.0, 9.0)[event] * (along / 60 + 0.2)
    pos = random.uniform(-50, 50, (number, 3))[event] + along[:, None] * direction[event]
    pos += random.normal(size=(total, 3)) * width[:, None]
    charge = gain * random.gamma(4.0, np.where(kind == "track", 1.0, 1.3)[event])
    time = 1e6 * random.random(number)[event] + along / 30 + random.normal(0, 1.0, total)
    keep = (charge > 1.0) & (random.random(total) < live)
    keep[np.cumsum(counts) - 1] = True  # an event keeps at least its last hit
    kept = np.bincount(event[keep], minlength=number)
    hits = {"x": pos[:, 0], "y": pos[:, 1], "z": pos[:, 2], "charge": charge, "time": time}
    columns: dict[str, Any] = {
        f"hit_{name}": ak.unflatten(values[keep].astype(np.float64), kept)
        for name, values in hits.items()
    }
    columns["pdg"] = np.where(kind == "track", 13, 11).astype(np.int32)
    columns["run"] = np.full(number, 1, dtype=np.int32)
    return columns


def write(path: Path, columns: dict[str, Any]) -> None:
    """Write the columns as the tree ``events``."""
    with uproot.recreate(path) as file:
        types = {name: "var * float64" if name.startswith("hit_") else np.int32 for name in columns}
        file.mktree("events", types)
        file["events"].extend(columns)


def main(folder: Path) -> None:
    """Write the three files."""
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "tracks.root", events(500, ["track"], seed=1, gain=1.0, live=1.0))
    write(folder / "showers.root", events(500, ["shower"], seed=2, gain=1.0, live=1.0))
    write(folder / "data.root", events(300, ["track", "shower"], seed=3, gain=0.7, live=0.8))
    print(f"wrote tracks.root, showers.root and data.root into {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
