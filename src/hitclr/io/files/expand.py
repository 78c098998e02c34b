"""From names, globs and text files of names to files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fsspec.utils import glob_translate

from hitclr.errors import InputError, SettingsError
from hitclr.io.files.names import LIST_MARK, FileName, file_name, identity
from hitclr.io.files.remote import file_system, in_words
from hitclr.io.policy import BadInput, Reason

__all__ = ["expand_files"]

_MAGIC = frozenset("*?[")
_REMOTE_MAGIC = frozenset("*[")


def expand_files(
    patterns: Sequence[str], *, base: Path, sample: str, bad_input: BadInput
) -> tuple[FileName, ...]:
    """The files that names, globs and text files of names stand for, each once.

    The files of a glob are sorted. A local name that looks like a glob and is a file's means that
    file. In a URL ``*`` and ``[`` make a glob, and ``?`` does not: it begins the query. Only
    protocols that list folders have globs, such as ``root://``; ``http://`` and ``https://`` do
    not.

    A text file of names has a name, glob or URL a line. Empty lines and those that begin with ``#``
    are left out. Relative names start from the text file's own folder. It is local, and it cannot
    name another text file of names.

    Args:
        patterns: file names, globs (``*``, ``?``, ``[..]``, ``**``), URLs, and text files of names
            (``@files.txt``). A local file whose name begins with ``@`` is written ``./@name``.
        base: the folder that relative ones start from.
        sample: the sample's name, for counts and messages.
        bad_input: the policy for a glob that matches nothing, or that no server answers, and for a
            text file without names. A plain name is passed on and checked when it is opened.

    Raises:
        InputError: a glob or text file gives no file, and the policy is ``raise``.
        MissingExtraError: the package for the protocol of a glob is not installed.
        SettingsError: a name cannot be a file's, a text file cannot be read, or a glob is for a
            server that does not list.
    """
    found_once: dict[str, FileName] = {}
    for pattern in patterns:
        where = f"sample {sample!r}"
        try:
            names = [(pattern, base, where)]
            if pattern.startswith(LIST_MARK):
                names = _names_in(pattern.removeprefix(LIST_MARK), base, where)
        except InputError as error:
            bad_input.refuse(error, sample=sample, unit="file")
            continue
        for name, folder, line in names:
            try:
                files = _matches(name, folder, line)
            except InputError as error:
                bad_input.refuse(error, sample=sample, unit="file")
                continue
            for file in files:
                found_once.setdefault(identity(file), file)
    return tuple(found_once.values())


def _file(name: str, base: Path, where: str) -> FileName:
    try:
        return file_name(name, base)
    except SettingsError as fault:
        message = f"{where}: {fault}"
        raise SettingsError(message) from fault


def _names_in(name: str, base: Path, where: str) -> list[tuple[str, Path, str]]:
    """The names in a text file, each with the folder it starts from and where it stands."""
    file = _file(name, base, where)
    if isinstance(file, str):
        message = f"{where}: {LIST_MARK}{name}: expected a local text file of names, got a URL"
        raise SettingsError(message)
    try:
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, ValueError) as fault:
        why = fault.strerror if isinstance(fault, OSError) else fault
        message = f"{where}: expected a text file of names, cannot read {file}: {why}"
        raise SettingsError(message) from fault
    names = [
        (line.strip(), file.parent, f"{where}, {file} line {number}")
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.strip().startswith("#")
    ]
    for nested, _, line in names:
        if nested.startswith(LIST_MARK):
            message = (
                f"{line}: {nested}: a text file of names cannot name another\n"
                f"  what to do: list both under `files`; for a file of that name write ./{nested}"
            )
            raise SettingsError(message)
    if not names:
        message = f"{where}: expected names of files, the text file has none"
        advice = "write one name, glob or URL a line"
        raise InputError(message, reason=Reason.MISSING_FILE, file=file, advice=advice)
    return names


def _matches(name: str, base: Path, where: str) -> list[FileName]:
    file = _file(name, base, where)
    if isinstance(file, str):
        return _remote_matches(file, where)
    magic = [i for i, part in enumerate(file.parts) if _MAGIC & set(part)]
    if not magic:
        return [file]
    root = Path(*file.parts[: magic[0]])
    try:
        if file.is_file():
            return [file]
        matches = root.glob(str(Path(*file.parts[magic[0] :])))
        found: list[FileName] = [*sorted(match for match in matches if not match.is_dir())]
    except (OSError, ValueError) as fault:
        message = f"{where}: {name} is not a pattern for files: {fault}"
        raise SettingsError(message) from fault
    if not found:
        advice = f"look into {root}; patterns start from {base} unless absolute"
        raise _no_match(where, file, advice)
    return found


def _remote_matches(url: str, where: str) -> list[FileName]:
    folder_and_name = url.split("://", 1)[1].partition("/")[2].partition("?")[0]
    if not _REMOTE_MAGIC & set(folder_and_name):
        return [url]
    system, path = file_system(url)
    if "http" in system.protocol:
        message = (
            f"{where}: {url}: a server of HTTP lists no files, so that a pattern has no use\n"
            f"  what to do: list the URLs in a text file and name it {LIST_MARK}FILE; for a * or [ "
            f"that is part of a name write %2A or %5B"
        )
        raise SettingsError(message)
    try:
        found: list[FileName] = [str(system.unstrip_protocol(p)) for p in _listed(system, path)]
    except Exception as error:
        message = f"{where}: cannot list the files that match the pattern: {in_words(error)}"
        advice = "check the URL and the network, or list the URLs in a text file"
        raise InputError(message, reason=Reason.MISSING_FILE, file=url, advice=advice) from error
    if not found:
        advice = "check the folder; list it with the tools of the server (xrdfs HOST ls FOLDER)"
        raise _no_match(where, url, advice)
    return found


def _listed(system: Any, pattern: str) -> list[str]:
    """The files on a server that match a pattern, sorted.

    As fsspec's own ``glob``, which passes over folders that it fails to list: their files would be
    missed without a word. Here the fault is raised.
    """
    system.invalidate_cache()
    parts = pattern.split("/")
    first = next(i for i, part in enumerate(parts) if _REMOTE_MAGIC & set(part))
    deepest = len(parts) - first if "**" not in pattern else None
    matching = re.compile(glob_translate(pattern))
    folders, depth, files = {"/".join(parts[:first]) or "/"}, 0, []
    seen = set(folders)
    while folders and depth != deepest:
        listed = [entry for folder in folders for entry in system.ls(folder, detail=True)]
        files += [entry["name"] for entry in listed if entry["type"] != "directory"]
        inner = {entry["name"].rstrip("/") for entry in listed if entry["type"] == "directory"}
        folders = inner - seen  # a server of XRootD lists an empty folder as its own content
        seen |= folders
        depth += 1
    return sorted(file for file in files if matching.match(file))


def _no_match(where: str, file: FileName, advice: str) -> InputError:
    message = f"{where}: expected files that match the pattern, there are none"
    return InputError(message, reason=Reason.MISSING_FILE, file=file, advice=advice)
