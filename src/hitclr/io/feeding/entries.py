"""The entries of a cache: where they lie, what they are, and how they are removed."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from filelock import FileLock, Timeout

from hitclr.errors import InputError, OutputError
from hitclr.io.feeding.event_folder import META, is_event_folder, read_meta
from hitclr.io.feeding.npy import READABLE
from hitclr.io.feeding.output import writing

__all__ = ["KEY", "Entry", "clear", "entry_lock", "list_entries", "part_folder", "remove_entry"]

KEY = re.compile(r"[0-9a-f]{64}")
_PART = re.compile(rf"\.({KEY.pattern})\.part")


@dataclass(frozen=True)
class Entry:
    """An entry of a cache.

    Attributes:
        key: what it is kept under.
        folder: the folder of its events.
        size: the bytes of its files.
        made: when it was made.
        used: when it was last asked for.
        title: the ``title`` of its metadata, or nothing.
    """

    key: str
    folder: Path
    size: int
    made: datetime
    used: datetime
    title: str


def list_entries(root: Path) -> list[Entry]:
    """The entries of a cache, the one used last first.

    Damaged ones are among them, without a title. What is no entry of a cache is not.

    Args:
        root: the cache's folder; where there is none there are no entries.

    Raises:
        InputError: the folder cannot be read.
    """
    entries = [entry for key in _keys(root, KEY) if (entry := _entry(root, key)) is not None]
    return sorted(entries, key=lambda entry: entry.used, reverse=True)


def clear(root: Path, older_than_days: float | None = None) -> list[Entry]:
    """Remove entries, and what builders that were killed left behind.

    Entries whose key a builder has locked stay, and so does everything that is no entry.

    Args:
        root: the cache's folder.
        older_than_days: only entries that were not used for longer than this; None for all.

    Returns:
        The entries that were removed.

    Raises:
        InputError: the folder cannot be read.
        OutputError: an entry cannot be removed.
    """
    before = None
    if older_than_days is not None:
        before = datetime.now(timezone.utc) - timedelta(days=older_than_days)
    removed = []
    for entry in list_entries(root):
        if (before is None or entry.used < before) and _remove_unlocked(root, entry.key):
            removed.append(entry)
    for key in _keys(root, _PART):
        _remove_unlocked(root, key, only_part=True)
    return removed


def entry_lock(root: Path, key: str) -> FileLock:
    """The lock that who builds or removes an entry holds."""
    return FileLock(root / f".{key}.lock")


def part_folder(root: Path, key: str) -> Path:
    """Where an entry is built, and where it is taken to before it is removed."""
    return root / f".{key}.part"


def remove_entry(root: Path, key: str, *, only_part: bool = False) -> None:
    """Remove an entry and what a killed builder of it left. The caller holds its lock.

    Args:
        root: the cache's folder.
        key: the entry's key.
        only_part: leave the entry itself.

    Raises:
        OutputError: it cannot be removed, or it is a folder that holds other things.
    """
    part = part_folder(root, key)
    _remove_folder(part)
    entry = root / key
    if not only_part and os.path.lexists(entry):
        _refuse_other_things(entry)
        with writing(entry):
            entry.rename(part)  # at once, so that nobody opens half of it
        _remove_folder(part)


def _remove_folder(folder: Path) -> None:
    if os.path.lexists(folder):
        _refuse_other_things(folder)
        with writing(folder):
            shutil.rmtree(folder)


def _refuse_other_things(folder: Path) -> None:
    if not is_event_folder(folder):
        message = (
            f"{folder} is in the way: expected an entry of the cache, it is or holds something "
            f"else\n  what to do: move it elsewhere, or name another folder for the cache"
        )
        raise OutputError(message)


def _remove_unlocked(root: Path, key: str, *, only_part: bool = False) -> bool:
    """Remove an entry unless somebody builds it; tell whether it was removed."""
    lock = entry_lock(root, key)
    with writing(root):
        try:
            lock.acquire(timeout=0)
        except Timeout:  # an OSError
            return False
    try:
        remove_entry(root, key, only_part=only_part)
    finally:
        lock.release()
    return True


def _keys(root: Path, pattern: re.Pattern[str]) -> list[str]:
    """The keys of the folders of events whose names fit the pattern."""
    try:
        found = [(pattern.fullmatch(path.name), path) for path in root.iterdir()]
    except FileNotFoundError:
        return []
    except OSError as fault:
        what = f"the cache's folder cannot be read: {fault.strerror or fault}"
        raise InputError(what, reason="unreadable folder", file=root, advice=READABLE) from fault
    return sorted(
        match[match.lastindex or 0] for match, path in found if match and is_event_folder(path)
    )


def _entry(root: Path, key: str) -> Entry | None:
    """What there is to say about an entry; None if it has just been removed."""
    folder = root / key
    try:
        title = str(read_meta(folder).get("metadata", {}).get("title", ""))
    except (InputError, AttributeError):
        title = ""
    try:
        meta = folder / META
        size = sum(
            Path(place, name).stat().st_size
            for place, _, names in os.walk(folder)
            for name in names
        )
        made = (meta if meta.is_file() else folder).stat().st_mtime
        used = folder.stat().st_mtime
    except FileNotFoundError:
        return None
    return Entry(key, folder, size, _moment(made), _moment(used), title)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)
