"""Draws what docs/detectors shows of a detector: a gallery, and distributions under its throws.

    python docs/detectors/draw.py lartpc
    python docs/detectors/draw.py cube

The same true deposits are answered under each throw. It writes gallery-NAME.png, hits-NAME.png and
throws-NAME.png beside itself, and prints the table of NAME.md. It takes a minute or two.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hitclr.detectors import PARTICLES, Deposits, Detector, Throws, shoot
from hitclr.events import EventStore, batch_from_ptr
from hitclr.plugins import load_plugins
from hitclr.reports.hits_display import Event, draw_plane
from hitclr.reports.style import look, style, with_unit
from hitclr.rng import generator

HERE = Path(__file__).parent
GALLERY = {
    "lartpc": ("nominal", "all-plus", "all-minus", "lifetime-minus"),
    "cube": ("nominal", "kept-0", "kept-100", "threshold-plus"),
}
THROWS = {
    "lartpc": (
        "nominal",
        "field-plus",
        "field-minus",
        "diffusion-plus",
        "diffusion-minus",
        "lifetime-plus",
        "lifetime-minus",
        "all-plus",
        "all-minus",
        "all-plus-triple",
        "all-minus-triple",
    ),
    "cube": (
        "nominal",
        "kept-0",
        "kept-100",
        "crosstalk-plus",
        "crosstalk-minus",
        "light-yield-plus",
        "light-yield-minus",
        "threshold-plus",
        "threshold-minus",
        "dead-plus",
    ),
}
QUANTITIES = ("hits", "charge", "extent")


def deposits_of(detector: Detector, particle: str, events: int) -> Deposits:
    """Events of one class, at the detector's energies."""
    beam = detector.beam.change(particles=(particle,))
    primaries = beam.draw(0, events, np.random.default_rng([1, list(PARTICLES).index(particle)]))
    random = np.random.default_rng([2, list(PARTICLES).index(particle)])
    return shoot(primaries, detector.material, random, step=detector.step)


def respond(detector: Detector, deposits: Deposits, throw: str) -> EventStore:
    """The detector's answer under a throw, the same random numbers for each."""
    throws = Throws.same(detector.throw(throw), len(deposits))
    return detector.respond(deposits, throws, generator(3, "draw"))


def measure(store: EventStore, least: int) -> dict[str, NDArray[np.float64]]:
    """Hits, total charge, and extent of each recorded event.

    The extent is twice the root of the charge-weighted mean square distance from the centre.
    """
    event, count = batch_from_ptr(store.ptr), store.hits_per_event()
    charge, pos = store.hits["x"][:, 0].double(), store.hits["pos"].double()
    total = torch.zeros(len(store), dtype=torch.float64).index_add_(0, event, charge)
    safe = total.clamp(min=1e-9)
    centre = torch.zeros(len(store), 3, dtype=torch.float64)
    centre = centre.index_add_(0, event, charge[:, None] * pos) / safe[:, None]
    square = charge * (pos - centre[event]).square().sum(1)
    spread = torch.zeros(len(store), dtype=torch.float64).index_add_(0, event, square) / safe
    kept = count >= least
    values = (count.double(), total, 2 * spread.sqrt())
    return {n: v[kept].numpy() for n, v in zip(QUANTITIES, values, strict=True)}


def gallery(detector: Detector, sample: Mapping[str, Deposits], throws: Sequence[str]) -> Figure:
    """One event of each class under each of the throws."""
    figure = Figure(figsize=(3.1 * len(throws), 2.9 * len(sample)))
    grid = figure.subplots(len(sample), len(throws), squeeze=False)
    feature = detector.schema.features[0]
    for row, (particle, deposits) in zip(grid, sample.items(), strict=True):
        stores = [respond(detector, deposits, throw) for throw in throws]
        hits = stores[0].hits_per_event()
        chosen = torch.argsort(hits)[2 * len(hits) // 3].reshape(1)
        truth = deposits.select(chosen)
        batches = [store.batch(chosen) for store in stores]
        pos = batches[0].pos.numpy()
        plane = tuple(sorted(np.argsort(np.ptp(pos, 0))[1:].tolist()))
        centre = (pos.max(0) + pos.min(0)).astype(np.float64) / 2
        half = float(np.ptp(pos, 0).max()) * 0.55
        colours = None
        for axes, throw, batch in zip(row, throws, batches, strict=True):
            made = Event(
                "",
                batch.pos.numpy(),
                batch.x[:, 0].numpy(),
                feature.name,
                feature.unit,
                detector.schema.positions.unit,
                truth.pos.numpy(),
            )
            colours = draw_plane(axes, made, colours, plane, centre, half)
            energy = float(truth.truth["energy"][0])
            axes.set_title(f"{particle} {energy:.0f} MeV, {throw}: {len(batch.pos)} hits", size=8)
        bar = figure.colorbar(colours, ax=row, pad=0.01)
        bar.set_label(with_unit(feature.name, feature.unit))
    return figure


def histograms(detector: Detector, nominal: Mapping[str, Mapping[str, NDArray]]) -> Figure:
    """The distributions of each class at nominal."""
    figure = Figure(figsize=(11, 3.4))
    labels = {
        "hits": "hits per event",
        "charge": with_unit("total charge", detector.schema.features[0].unit),
        "extent": with_unit("extent", detector.schema.positions.unit),
    }
    for axes, quantity in zip(figure.subplots(1, 3), QUANTITIES, strict=True):
        every = np.concatenate([values[quantity] for values in nominal.values()])
        edges = np.linspace(0, np.percentile(every, 99.5), 40)
        for number, (particle, values) in enumerate(nominal.items()):
            axes.hist(values[quantity], edges, histtype="step", color=look(number)[0], lw=1.4)
            axes.plot([], [], color=look(number)[0], label=particle)
        axes.set_xlabel(labels[quantity])
        axes.set_ylabel("events")
    axes.legend()
    return figure


def ratios(results: Mapping[str, Mapping[str, Mapping[str, NDArray]]]) -> Figure:
    """The mean of each quantity under each throw over that at nominal."""
    throws = [name for name in results if name != "nominal"]
    figure = Figure(figsize=(11, 0.34 * len(throws) + 1.4))
    panels = figure.subplots(1, 3, sharey=True)
    for axes, quantity in zip(panels, QUANTITIES, strict=True):
        axes.axvline(1.0, color="#999999", lw=0.8)
        for number, particle in enumerate(results["nominal"]):
            base = results["nominal"][particle][quantity].mean()
            ratio = [results[throw][particle][quantity].mean() / base for throw in throws]
            place = np.arange(len(throws)) + 0.12 * (number - 2)
            colour, marker = look(number)
            axes.plot(ratio, place, marker, color=colour, ms=4.5, label=particle)
        axes.set_xlabel(f"{quantity} over nominal")
    panels[0].set_yticks(range(len(throws)), throws)
    panels[0].invert_yaxis()
    panels[2].legend(fontsize=8)
    return figure


def table(results: Mapping[str, Mapping[str, Mapping[str, NDArray]]], events: int) -> str:
    """Means per class and throw, and how many events are recorded, in Markdown."""
    particles = list(results["nominal"])
    lines = ["| throw | quantity | " + " | ".join(particles) + " |"]
    lines.append("|---|---|" + "---|" * len(particles))
    for throw, found in results.items():
        for quantity in QUANTITIES:
            cells = [f"{found[particle][quantity].mean():.4g}" for particle in particles]
            lines.append(f"| {throw} | {quantity} | " + " | ".join(cells) + " |")
        shares = [f"{len(found[particle]['hits']) / events:.1%}" for particle in particles]
        lines.append(f"| {throw} | recorded | " + " | ".join(shares) + " |")
    return "\n".join(lines)


def main() -> None:
    """Draw, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("detector", choices=sorted(THROWS))
    parser.add_argument("--events", type=int, default=1000, help="events per class")
    options = parser.parse_args()
    name, events = options.detector, options.events
    detector = load_plugins().detectors.get(name)
    sample = {p: deposits_of(detector, p, events) for p in detector.beam.particles}
    results = {
        throw: {
            particle: measure(respond(detector, deposits, throw), detector.minimum_hits)
            for particle, deposits in sample.items()
        }
        for throw in THROWS[name]
    }
    with style():
        few = {p: d.select(torch.arange(min(60, events))) for p, d in sample.items()}
        gallery(detector, few, GALLERY[name]).savefig(HERE / f"gallery-{name}.png", dpi=100)
        histograms(detector, results["nominal"]).savefig(HERE / f"hits-{name}.png", dpi=110)
        ratios(results).savefig(HERE / f"throws-{name}.png", dpi=110)
    print(table(results, events))


if __name__ == "__main__":
    main()
