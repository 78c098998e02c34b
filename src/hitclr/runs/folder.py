"""The folder of a run: claiming it, what is in it, and whether a run in it can go on."""

from __future__ import annotations

import copy
import os
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hitclr.config import Settings
from hitclr.errors import CheckpointError, OutputError, SettingsError
from hitclr.io import FileName, Sample
from hitclr.io.feeding import describe_file
from hitclr.io.files import absolute_name
from hitclr.runs.checkpoint import read_record

__all__ = [
    "CACHE",
    "CHECKPOINTS",
    "LAST",
    "MODEL",
    "SETTINGS",
    "Interrupted",
    "absolute_settings",
    "claim_folder",
    "clear_folder",
    "describe_inputs",
    "require_same_inputs",
    "write_settings",
]

CACHE = "cache"
CHECKPOINTS = "checkpoints"
LAST = "last.ckpt"
MODEL = "model.ckpt"
SETTINGS = "run-settings.yaml"
_PRODUCTS = (
    CHECKPOINTS,
    "logs",
    "tensorboard",
    "report",
    "results.json",
    "events.npz",
    "views.npz",
    MODEL,
    SETTINGS,
)
_FREE_TO_CHANGE = (
    "out",
    "title",
    "notes",
    "data.num_workers",
    "data.threads",
    "data.cache",
    "trainer.accelerator",
    "trainer.checkpoint_minutes",
    "probe.",
)
_FILE_NAMES = (
    "schema",
    "data.samples.",
    "views.resimulate.deposits.",
    "pretrained.checkpoint",
)
_SHOWN = 5


@dataclass(frozen=True)
class Interrupted:
    """A run that is to go on.

    Attributes:
        checkpoint: its last one.
        record: the description of the run in it.
        epoch: the epoch that comes next.
        step: the step in it that comes next.
    """

    checkpoint: Path
    record: Mapping[str, Any]
    epoch: int
    step: int


def claim_folder(
    out: Path, settings: Settings, base: Path, *, resume: bool, overwrite: bool
) -> Interrupted | None:
    """Check that a folder is free for a run, or has the run that is to go on.

    Files may be named in another way than before, as in the settings in the folder of the run,
    where all names are absolute.

    Args:
        out: the folder.
        settings: of the run.
        base: the folder that relative file names in the settings start from.
        resume: whether a run in the folder is to go on.
        overwrite: whether one may be replaced.

    Returns:
        The run to go on with; None for a new run.

    Raises:
        OutputError: the folder cannot be made, holds a run already, or holds what is of no run and
            would be written over.
        CheckpointError: there is nothing to resume.
        SettingsError: the settings are not those of the run that is to go on.
    """
    last = out / CHECKPOINTS / LAST
    if not resume:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = f"cannot make the folder {out}: {error.strerror or error}"
            raise OutputError(message) from error
        _refuse_foreign(out)
        if not overwrite and (last.exists() or (out / MODEL).exists()):
            message = (
                f"the folder {out} holds a run already\n"
                f"  what to do: go on with it (--resume), choose another folder, or replace it "
                f"(--overwrite)"
            )
            raise OutputError(message)
        return None
    if not last.exists():
        message = (
            f"nothing to resume: there is no {last}\n  what to do: start the run without --resume"
        )
        raise CheckpointError(message)
    record, content = read_record(last)
    old, new = (_comparable(plain) for plain in (record["settings"], settings.plain()))
    known = "base" in record  # not of a run that an earlier version began
    old_places = (
        _comparable(absolute_settings(record["settings"], Path(record["base"]))) if known else {}
    )
    new_places = _comparable(absolute_settings(settings.plain(), base))
    changed = [
        f"  {key}: {old.get(key)!r} -> {new.get(key)!r}"
        for key in sorted({*old, *new})
        if old.get(key) != new.get(key)
        and not key.startswith(_FREE_TO_CHANGE)
        and not _same_place(key, old_places.get(key), new_places.get(key))
    ]
    if changed:
        message = (
            f"the settings differ from those of the run in {out}:\n" + "\n".join(changed) + "\n"
            "  what to do: resume with the old settings, or start a new run (out=FOLDER)"
        )
        raise SettingsError(message)
    loop = content["loops"]["fit_loop"]
    epoch = int(loop["epoch_progress"]["current"]["processed"])
    batches = loop["epoch_loop.batch_progress"]
    step = 0 if batches["is_last_batch"] else int(batches["current"]["processed"])
    return Interrupted(last, record, epoch, step)


def _refuse_foreign(out: Path) -> None:
    """Refuse a folder with files that are called as those of a run, and are of none."""
    marks = (SETTINGS, MODEL, f"{CHECKPOINTS}/{LAST}")
    if any(os.path.lexists(out / mark) for mark in marks):
        return
    there = [name for name in _PRODUCTS if os.path.lexists(out / name)]
    if there:
        message = (
            f"the folder {out} has {', '.join(there)}, which would be written over, and no "
            f"{SETTINGS} that would tell that a run left them\n"
            f"  what to do: choose another folder (out=FOLDER), or move them"
        )
        raise OutputError(message)


def _comparable(plain: dict[str, Any]) -> dict[str, Any]:
    """Settings by dotted key; the order of the samples counts, since it numbers the events."""
    return {**_flat(plain), "order of the samples": ", ".join(plain["data"]["samples"])}


def _same_place(key: str, one: Any, other: Any) -> bool:
    """Whether two values of a setting are absolute names of one file."""
    names = [value for value in (one, other) if isinstance(value, str) and "://" not in value]
    if not key.startswith(_FILE_NAMES) or len(names) < 2:
        return False
    return os.path.realpath(names[0]) == os.path.realpath(names[1])


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    """Nested settings by dotted key."""
    if isinstance(value, dict):
        pairs: Any = value.items()
    elif isinstance(value, list):
        pairs = enumerate(value)
    else:
        return {prefix: value}
    flat: dict[str, Any] = {}
    for key, item in pairs:
        flat.update(_flat(item, f"{prefix}.{key}" if prefix else str(key)))
    return flat


def describe_inputs(
    samples: Sequence[Sample],
    deposits: Sequence[FileName] = (),
    pretrained: Path | None = None,
) -> list[dict[str, str | int]]:
    """The files of a run with their fingerprints, to notice when they change.

    A file that cannot be read is described by what is wrong with it.

    Args:
        samples: the samples.
        deposits: the files that views are re-simulated from.
        pretrained: the trained model that the encoder is taken from.
    """
    files: list[tuple[str, FileName]] = [
        (sample.name, file) for sample in samples for file in sample.files
    ]
    files += [("views.resimulate.deposits", file) for file in deposits]
    if pretrained is not None:
        files.append(("pretrained.checkpoint", pretrained.resolve()))
    return [{"sample": name, **describe_file(file)} for name, file in files]


def require_same_inputs(run: Interrupted, record: Mapping[str, Any]) -> None:
    """Check that schema, files and what was skipped are those of the run that is resumed.

    Raises:
        CheckpointError: they are not.
    """
    old = run.record
    changed = [
        key for key in ("schema", "class_names", "inputs", "skipped") if old[key] != record[key]
    ]
    if changed:
        lines = _changed_files(old["inputs"], record["inputs"])
        shown = [f"\n  {line}" for line in lines[:_SHOWN]]
        if len(lines) > _SHOWN:
            shown.append(f"\n  and {len(lines) - _SHOWN} more")
        message = (
            f"the run in {run.checkpoint.parent.parent} cannot go on: its {' and '.join(changed)} "
            f"changed since it began{''.join(shown)}\n"
            f"  what to do: bring back the old files and schema, or start a new run (out=FOLDER)"
        )
        raise CheckpointError(message)


def _changed_files(old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> list[str]:
    """What became of the files of a run, a line for each that is not as it was."""
    before, now = ({(row["sample"], row["file"]): row for row in rows} for rows in (old, new))
    lines = []
    for key in dict.fromkeys([*before, *now]):
        sample, file = key
        if key not in now:
            lines.append(f"{file} ({sample}): it is no longer among the files")
        elif key not in before:
            lines.append(f"{file} ({sample}): it is new among the files")
        elif before[key] != now[key]:
            parts = [
                f"{name} {before[key].get(name, 'unknown')} -> {now[key].get(name, 'unknown')}"
                for name in dict.fromkeys([*before[key], *now[key]])
                if before[key].get(name) != now[key].get(name)
            ]
            lines.append(f"{file} ({sample}): {', '.join(parts)}")
    if not lines and list(old) != list(new):
        lines.append("the files come in another order")
    return lines


def clear_folder(out: Path, *, but: Collection[str] = ()) -> None:
    """Delete what an earlier run left in the folder, and nothing else.

    Args:
        out: the folder.
        but: names of what stays.

    Raises:
        OutputError: something cannot be deleted.
    """
    try:
        for name in _PRODUCTS:  # what tells that a run left the others comes last
            if name in but:
                continue
            product = out / name
            if product.is_dir() and not product.is_symlink():
                shutil.rmtree(product)
            else:
                product.unlink(missing_ok=True)
    except OSError as error:
        message = f"cannot delete the earlier run in {out}: {error.strerror or error}"
        raise OutputError(message) from error


def absolute_settings(settings: Mapping[str, Any], base: Path) -> dict[str, Any]:
    """Plain settings as they would stand in a file anywhere: absolute paths, URLs as they are.

    Args:
        settings: of a run, as plain values.
        base: the folder that relative file names in them start from.
    """
    plain = copy.deepcopy(dict(settings))
    schema = plain["schema"]
    if isinstance(schema, str) and Path(schema).suffix in (".yaml", ".yml"):
        plain["schema"] = str((base / Path(schema).expanduser()).resolve())
    for sample in plain["data"]["samples"].values():
        sample["files"] = [absolute_name(file, base) for file in sample["files"]]
    cache = plain["data"]["cache"]
    if cache not in (None, "run"):
        plain["data"]["cache"] = str(Path(cache).expanduser().absolute())
    resimulate = plain["views"]["resimulate"]
    if resimulate is not None:
        files = resimulate["deposits"]
        resimulate["deposits"] = [absolute_name(file, base) for file in files]
    pretrained = plain.get("pretrained")
    if pretrained is not None:
        checkpoint = Path(pretrained["checkpoint"]).expanduser()
        pretrained["checkpoint"] = str((base / checkpoint).resolve())
    return plain


def write_settings(out: Path, settings: Settings, base: Path) -> None:
    """Write the settings of a run into its folder, as a settings file that works anywhere.

    Raises:
        OutputError: the folder cannot be written.
    """
    try:
        text = yaml.safe_dump(
            absolute_settings(settings.plain(), base), sort_keys=False, allow_unicode=True
        )
        (out / SETTINGS).write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"cannot write into {out}: {error.strerror or error}"
        raise OutputError(message) from error
