"""Samples: named groups of files, with what is known of their class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hitclr.errors import InputError, SettingsError
from hitclr.io.policy import BadInput, Reason
from hitclr.io.schema import LabelRule, Schema

__all__ = ["Sample", "Use", "class_names", "expand_files"]

Use = Literal["split", "train", "validation", "test", "views"]
_MAGIC = frozenset("*?[")


@dataclass(frozen=True)
class Sample:
    """A named group of files.

    Attributes:
        name: the sample's name; events carry its index as their ``domain``.
        files: the files, in the order in which they are read.
        label: the class of all its events, a rule for it, or None for the schema's rule (and,
            where the schema has none, the sample's own name).
        labelled: whether the class is known at all; without, ``y`` is -1.
        use: ``split``: divided into training, validation and test; or given whole to one of them;
            or ``views``: only other events' views are made of them. Without a label or a rule, such
            a sample is no class of its own, its events are of unknown class.
    """

    name: str
    files: tuple[Path, ...]
    label: str | LabelRule | None = None
    labelled: bool = True
    use: Use = "split"

    def labelling(self, schema: Schema) -> str | LabelRule | None:
        """The class or rule that holds for this sample under ``schema``; None if unlabelled."""
        if not self.labelled:
            return None
        if self.label is not None:
            return self.label
        if schema.label is None and self.use == "views":
            return None
        return schema.label if schema.label is not None else self.name


def class_names(schema: Schema, samples: Sequence[Sample]) -> tuple[str, ...]:
    """All classes that the samples may have, in order of first mention."""
    names: list[str] = []
    for sample in samples:
        labelling = sample.labelling(schema)
        if isinstance(labelling, str):
            names.append(labelling)
        elif labelling is not None:
            names.extend(labelling.classes)
    return tuple(dict.fromkeys(names))


def expand_files(
    patterns: Sequence[str], *, base: Path, sample: str, bad_input: BadInput
) -> tuple[Path, ...]:
    """The files that names and glob patterns stand for, each once, sorted within a pattern.

    Args:
        patterns: file names or globs (``*``, ``?``, ``[..]``, ``**``).
        base: the folder that relative ones start from.
        sample: the sample's name, for counts and messages.
        bad_input: the policy for a pattern that matches nothing. A plain name is passed on and
            checked when it is opened.

    Raises:
        InputError: a pattern matches nothing and the policy is ``raise``.
        SettingsError: a name is a URL or cannot be a file's.
    """
    files: list[Path] = []
    for pattern in patterns:
        if "://" in pattern:
            message = (
                f"sample {sample!r}: {pattern} is a URL, and only local files are read\n"
                f"  what to do: mount the storage, or copy the files"
            )
            raise SettingsError(message)
        try:
            path = base / Path(pattern).expanduser()
        except RuntimeError as fault:
            message = f"sample {sample!r}: {pattern}: {fault}"
            raise SettingsError(message) from fault
        magic = [i for i, part in enumerate(path.parts) if _MAGIC & set(part)]
        if not magic:
            files.append(path)
            continue
        root = Path(*path.parts[: magic[0]])
        try:
            matches = root.glob(str(Path(*path.parts[magic[0] :])))
            found = sorted(match for match in matches if match.is_file())
        except ValueError as fault:
            message = f"sample {sample!r}: {pattern} is not a pattern for files: {fault}"
            raise SettingsError(message) from fault
        if not found:
            message = f"sample {sample!r}: expected files that match the pattern, there are none"
            error = InputError(
                message,
                reason=Reason.MISSING_FILE,
                file=path,
                advice=f"look into {root}; patterns start from {base} unless absolute",
            )
            bad_input.refuse(error, sample=sample, unit="file")
        files.extend(found)
    found_once: dict[Path, Path] = {}
    for file in files:
        found_once.setdefault(file.resolve(), file)
    return tuple(found_once.values())
