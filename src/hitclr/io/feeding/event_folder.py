"""Events in a folder on disk: ``meta.json`` and one ``.npy`` file for each column.

::

    meta.json            the form of every column, the names, further metadata
    ptr.npy              [B+1] int64
    clusters.npy         [C+1] int64
    hits/<name>.npy      [N, ...]
    events/<name>.npy    [B, ...]

``meta.json`` is written last: a folder without it is not whole. `numpy.load` reads the columns.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hitclr.errors import InputError
from hitclr.events import EventStore
from hitclr.io.feeding.mapped import MappedColumns
from hitclr.io.feeding.npy import MADE_ANEW, READABLE, ColumnForm, map_npy
from hitclr.io.policy import Reason

__all__ = [
    "CLUSTERS",
    "EVENTS",
    "FORMAT",
    "HITS",
    "META",
    "NAMES",
    "PTR",
    "VERSION",
    "is_event_folder",
    "open_events",
    "read_meta",
]

FORMAT = "hitclr events"
VERSION = 1
"""Goes up whenever the files or what stands in them changes."""

META, HITS, EVENTS = "meta.json", "hits", "events"
PTR, CLUSTERS = "ptr", "clusters"
NAMES = ("feature_names", "feature_units", "class_names", "domain_names", "files")
"""The lists of names of an `EventStore`."""

_FILES = {META, f"{PTR}.npy", f"{CLUSTERS}.npy"}
_INT64 = np.dtype(np.int64).str


def open_events(folder: Path) -> tuple[EventStore, dict[str, Any]]:
    """Open a folder of events.

    Args:
        folder: the folder.

    Returns:
        The events, and the metadata that were stored with them. The columns are mapped into memory:
        what is used is read from the disk. Other processes get hits and events by path, see
        `MappedColumns`.

    Raises:
        InputError: the folder is missing, damaged or of another version (reason
            `Reason.DAMAGED_FILE`), or it cannot be read (reason `Reason.MISSING_FILE`).
    """
    folder = folder.absolute()
    meta = read_meta(folder)
    try:
        forms = {level: _forms(meta[level]) for level in (HITS, EVENTS)}
        offsets = _forms({name: meta[name] for name in (PTR, CLUSTERS)})
        lists: dict[str, Any] = {name: tuple(map(str, meta[name])) for name in NAMES}
        unit, metadata = str(meta["position_unit"]), dict(meta["metadata"])
        clusters = map_npy(folder / f"{CLUSTERS}.npy", offsets[CLUSTERS])
        store = EventStore(
            hits=MappedColumns(folder / HITS, forms[HITS]),
            events=MappedColumns(folder / EVENTS, forms[EVENTS]),
            ptr=map_npy(folder / f"{PTR}.npy", offsets[PTR]),
            clusters=clusters if meta["clusters_known"] else None,
            position_unit=unit,
            **lists,
        )
        whole = (
            offsets[PTR] == ColumnForm(_INT64, (len(store) + 1,))
            and offsets[CLUSTERS] == ColumnForm(_INT64, (len(clusters),))
            and int(store.ptr[0]) == int(clusters[0]) == 0
            and int(clusters[-1]) == len(store)
            and all(form.shape[0] == store.num_hits for form in forms[HITS].values())
            and all(form.shape[0] == len(store) for form in forms[EVENTS].values())
        )
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as fault:
        what = f"expected {META} to describe events, something is missing or of another kind"
        raise InputError(
            what, reason=Reason.DAMAGED_FILE, file=folder / META, advice=MADE_ANEW
        ) from fault
    if not whole:
        what = "expected offsets that begin with 0 and end with the number of hits or events"
        raise InputError(what, reason=Reason.DAMAGED_FILE, file=folder, advice=MADE_ANEW)
    return store, metadata


def read_meta(folder: Path) -> dict[str, Any]:
    """What stands in ``meta.json``.

    Raises:
        InputError: as `open_events`.
    """
    path = folder / META
    try:
        content = json.loads(path.read_text(encoding="ascii"))
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as fault:
        what = "expected a folder of events, it lacks the file that is written last"
        raise InputError(what, reason=Reason.DAMAGED_FILE, file=path, advice=MADE_ANEW) from fault
    except OSError as fault:
        what = f"the folder of events cannot be read: {fault.strerror or fault}"
        raise InputError(what, reason=Reason.MISSING_FILE, file=path, advice=READABLE) from fault
    except (ValueError, RecursionError) as fault:
        what = f"expected JSON, the file is damaged: {fault}"
        raise InputError(what, reason=Reason.DAMAGED_FILE, file=path, advice=MADE_ANEW) from fault
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        what = f"expected the format {FORMAT!r}, the file says something else"
        raise InputError(what, reason=Reason.DAMAGED_FILE, file=path, advice=MADE_ANEW)
    if content.get("version") != VERSION:
        what = f"expected version {VERSION} of the format, got {content.get('version')!r}"
        raise InputError(what, reason=Reason.DAMAGED_FILE, file=path, advice=MADE_ANEW)
    return content


def is_event_folder(folder: Path) -> bool:
    """Tell whether a folder holds nothing but events, whole or in part."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    for place, folders, files in os.walk(folder):
        if Path(place) == folder:
            known = {HITS, EVENTS}.issuperset(folders) and _FILES.issuperset(files)
        else:
            known = not folders and all(name.endswith(".npy") for name in files)
        if not known:
            return False
    return True


def _forms(described: Mapping[str, Any]) -> dict[str, ColumnForm]:
    """The forms of columns, from what `ColumnForm` is as JSON."""
    forms = {}
    for name, (dtype, shape) in described.items():
        forms[name] = ColumnForm(np.dtype(dtype).str, tuple(map(int, shape)))
    return forms
