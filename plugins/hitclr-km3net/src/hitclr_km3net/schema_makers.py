"""Schemas for files whose hits say only which photomultiplier they are of.

Positions, directions and time offsets come from detector descriptions, ``.detx`` files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from hitclr.io import Column, Feature, HitSelection, Positions, Record, Schema
from hitclr_km3net.detx import Detx, read_detx
from hitclr_km3net.geometry import pmt_table
from hitclr_km3net.schemas import MC_LABEL, MC_LABEL_MUON, OFFLINE_SNAPSHOT

__all__ = ["km3net_daq", "km3net_offline_detx"]

_HITS = "Evt/hits/hits."
_EVENT = "KM3NET_EVENT/"

_POSITIONS = Positions(branches=("pmt.x", "pmt.y", "pmt.z"), unit="m")
_TIME = Feature(name="t", branch="time", unit="ns", relative_to="median")
_DIRECTIONS = tuple(Feature(name=f"dir.{axis}", branch=f"pmt.d{axis}") for axis in "xyz")

_LABELS = {"none": None, "neutrinos": MC_LABEL, "neutrinos-and-muons": MC_LABEL_MUON}

_HIT = {"dom_id": (0, ">i4"), "channel_id": (4, "u1"), "tdc": (5, "<u4"), "tot": (9, "u1")}
"""A hit as the data acquisition writes it; its time is in the order of bytes of the electronics."""

_RECORDS = {
    f"{_EVENT}KM3NETDAQ::JDAQEventHeader": Record(
        size=76,
        fields={
            "detector": (18, ">i4"),
            "run": (22, ">i4"),
            "frame": (26, ">i4"),
            "trigger_counter": (50, ">u8"),
        },
    ),
    f"{_EVENT}triggeredHits": Record(
        size=24, vector=True, fields={**_HIT, "trigger_mask": (16, ">u8")}
    ),
    f"{_EVENT}snapshotHits": Record(size=10, vector=True, fields=_HIT),
}
"""``KM3NETDAQ::JDAQEvent`` of Jpp, whose classes write themselves. Where an object stands in
another, its length and version, 6 bytes, come before it."""


def km3net_offline_detx(
    detx: Path | tuple[Path, ...],
    hits: Literal["triggered", "all"] = "triggered",
    classes: Literal["none", "neutrinos", "neutrinos-and-muons"] = "none",
    times: Literal["uncalibrated", "calibrated"] = "uncalibrated",
    detector: int | None = None,
) -> Schema:
    """The schema of offline files whose hits have no positions, or that are to get new ones.

    It is that of `OFFLINE`, with the positions, the directions and the time offsets of ``detx``,
    and the string of each hit besides.

    Args:
        detx: one detector description, or one for each detector.
        hits: those that a trigger used, or all.
        classes: none, each sample being of one class or of none; or those of `MC_LABEL` or
            `MC_LABEL_MUON`.
        times: whether the time offsets of the photomultipliers are to be added to the times, or are
            in them already.
        detector: what ``det_id`` is in the files, where that is not the description's id.

    Raises:
        SchemaError: a description cannot be used.
    """
    detectors = _read(detx)
    table = pmt_table(
        detectors,
        det_id="Evt/det_id",
        dom_id=f"{_HITS}dom_id",
        channel_id=f"{_HITS}channel_id",
        detector=detector,
    )
    added = " + pmt.t0" if times == "uncalibrated" else ""
    return Schema(
        name="km3net-offline-detx",
        description=f"KM3NeT offline files, {hits} hits; {_origin(detectors)}.",
        tree=OFFLINE_SNAPSHOT.tree,
        tables={"pmt": table},
        derive={**OFFLINE_SNAPSHOT.derive, "time": f"`{_HITS}t`{added}"},
        positions=_POSITIONS,
        features=(_TIME, Feature(name="tot", branch=f"{_HITS}tot", unit="ns"), *_DIRECTIONS),
        hit_columns={**OFFLINE_SNAPSHOT.hit_columns, "string": "pmt.string"},
        select_hits=(HitSelection(branch=f"{_HITS}trig", min=1),) if hits == "triggered" else (),
        label=_LABELS[classes],
        observers=OFFLINE_SNAPSHOT.observers,
    )


def km3net_daq(
    detx: Path | tuple[Path, ...],
    hits: Literal["triggered", "snapshot"] = "triggered",
    detector: int | None = None,
) -> Schema:
    """The schema of the data acquisition's files, with the tree ``KM3NET_EVENT``.

    Args:
        detx: one detector description, or one for each detector.
        hits: those that a trigger used, or all around them.
        detector: what the events call the detector, where that is not the description's id.

    Raises:
        SchemaError: a description cannot be used.
    """
    detectors = _read(detx)
    header, branch = f"{_EVENT}KM3NETDAQ::JDAQEventHeader", f"{_EVENT}{hits}Hits"
    table = pmt_table(
        detectors,
        det_id=f"{header}.detector",
        dom_id=f"{branch}.dom_id",
        channel_id=f"{branch}.channel_id",
        detector=detector,
    )
    columns = {"dom_id": f"{branch}.dom_id", "channel_id": f"{branch}.channel_id"}
    if hits == "triggered":
        columns["trig"] = f"{branch}.trigger_mask"
    return Schema(
        name="km3net-daq",
        description=f"KM3NeT data acquisition, {hits} hits; {_origin(detectors)}.",
        tree="KM3NET_EVENT",
        records={name: _RECORDS[name] for name in (header, branch)},
        tables={"pmt": table},
        derive={"time": f"`{branch}.tdc` + pmt.t0"},
        positions=_POSITIONS,
        features=(_TIME, Feature(name="tot", branch=f"{branch}.tot", unit="ns"), *_DIRECTIONS),
        hit_columns={**columns, "string": "pmt.string"},
        observers={
            "run_id": Column(branch=f"{header}.run"),
            "det_id": Column(branch=f"{header}.detector"),
            "frame": Column(branch=f"{header}.frame"),
            "trigger_counter": Column(branch=f"{header}.trigger_counter"),
        },
    )


def _read(detx: Path | tuple[Path, ...]) -> list[Detx]:
    return [read_detx(file) for file in ((detx,) if isinstance(detx, Path) else detx)]


def _origin(detectors: list[Detx]) -> str:
    told = ", ".join(f"{one.detector} ({one.file.name})" for one in detectors)
    return f"geometry and time offsets of detector {told}"
