"""One event of a ROOT file as a picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from hitclr import fields
from hitclr.build import find_schema
from hitclr.detectors import DepositsFile
from hitclr.errors import OutputError, SettingsError
from hitclr.io import Schema
from hitclr.io.files import open_root
from hitclr.io.inspection.propose import propose_schema
from hitclr.io.reading import Chunk, read_single
from hitclr.plugins import Plugins
from hitclr.reports.hits_display import Event, draw_event
from hitclr.reports.style import style

__all__ = ["display_event", "read_event", "schema_for"]


def schema_for(file: Path, plugins: Plugins, schema: str | None = None) -> Schema:
    """The schema that a file is to be read with.

    Args:
        file: the ROOT file.
        plugins: the registries.
        schema: a registered schema's name or a YAML file. Without one: that of the detector that
            the file was simulated with, where it was and the detector is installed, else a first
            guess.

    Raises:
        UnknownNameError: no such schema is registered.
        InputError: the file cannot be read.
        SchemaError: the schema is not valid, or none can be guessed.
    """
    if schema is not None:
        return find_schema(schema, plugins, Path())
    name = _simulation(file).get("detector")
    if isinstance(name, str) and name in plugins.detectors:
        return plugins.detectors.get(name).schema
    return propose_schema(file).schema


def _simulation(file: Path) -> dict[str, Any]:
    """What ``hitclr simulate`` noted in the file; nothing where it did not write it."""
    with open_root(file) as directory:
        if "simulation" not in directory:
            return {}
        try:
            found = json.loads(str(directory["simulation"]))
        except json.JSONDecodeError:
            return {}
    return found if isinstance(found, dict) else {}


def read_event(
    file: Path, event: int, schema: Schema, deposits: Path | None = None, *, by_id: bool = False
) -> Event:
    """Read one event to be drawn.

    Args:
        file: the ROOT file.
        event: the entry in the tree, or the event's id.
        schema: how branches become events.
        deposits: the file with the true deposits.
        by_id: whether ``event`` is the id in the schema's key column.

    Raises:
        InputError: the file cannot be read, or the event is at fault.
        SettingsError: there is no such entry or id.
    """
    classes = tuple(schema.label.classes) if schema.label is not None else ()
    chunk = read_single(schema, classes, file, event, by_key=by_id)
    feature = _coloured(schema)
    true_pos = None
    if deposits is not None:
        true_pos = _deposits_of(chunk, deposits, file)
    return Event(
        title=_title(chunk, schema, classes, file, chunk.start),
        pos=chunk.hits[fields.POS],
        value=chunk.hits[fields.X][:, feature],
        value_name=schema.features[feature].name,
        value_unit=schema.features[feature].unit,
        unit=schema.positions.unit,
        true_pos=true_pos,
    )


def _coloured(schema: Schema) -> int:
    """The feature that gives the colour: the charge where there is one, else the first."""
    names = [feature.name for feature in schema.features]
    return names.index("charge") if "charge" in names else 0


def _deposits_of(chunk: Chunk, deposits: Path, file: Path) -> Any:
    key = chunk.events.get(fields.KEY)
    if key is None:
        message = f"{file} has no event ids by its schema, so its events have no known deposits"
        raise SettingsError(message)
    source = DepositsFile(deposits)
    event = int(key[0])
    place = event - source.info.first_event
    if not 0 <= place < len(source):
        message = f"{deposits} has no event {event}: it holds {len(source)} events"
        raise SettingsError(message)
    return source.read(place, place + 1).pos.numpy()


def _title(chunk: Chunk, schema: Schema, classes: tuple[str, ...], file: Path, entry: int) -> str:
    parts = [f"{file.name}, entry {entry}"]
    if fields.KEY in chunk.events:
        parts.append(f"event {int(chunk.events[fields.KEY][0])}")
    if classes and chunk.labels[0] >= 0:
        parts.append(classes[int(chunk.labels[0])])
    if "energy" in chunk.events and np.isfinite(chunk.events["energy"][0]):
        parts.append(f"energy {float(chunk.events['energy'][0]):.4g}")
    parts.append(f"{len(chunk.hits[fields.POS])} hits")
    return ", ".join(parts)


def display_event(
    file: Path,
    event: int,
    out: Path,
    plugins: Plugins,
    *,
    schema: str | None = None,
    deposits: Path | None = None,
    by_id: bool = False,
) -> Event:
    """Draw one event of a ROOT file into a picture.

    Args:
        file: the ROOT file.
        event: the entry in the tree, or the event's id.
        out: the picture; its suffix says which kind (png, pdf, svg).
        plugins: the registries.
        schema: as for `schema_for`.
        deposits: the file with the true deposits, drawn under the hits.
        by_id: whether ``event`` is the id in the schema's key column.

    Raises:
        HitclrError: file, event or schema do not do, or the picture cannot be written.
    """
    made = read_event(file, event, schema_for(file, plugins, schema), deposits, by_id=by_id)
    with style():
        figure = draw_event(made)
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            figure.savefig(out)
        except (OSError, ValueError) as error:
            message = f"cannot write {out}: {error}"
            raise OutputError(message) from error
    return made
