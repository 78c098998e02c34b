"""Names of files: a path of this machine, or a URL."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote

from hitclr.errors import SettingsError

__all__ = ["LIST_MARK", "FileName", "absolute_name", "file_name", "identity", "is_remote"]

FileName: TypeAlias = Path | str
"""A file: a ``pathlib.Path`` on this machine, or a URL, a ``str`` with ``://`` in it."""

LIST_MARK = "@"
"""What a text file of names begins with, as in ``@files.txt``."""

_SERVER = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<login>[^/@]*@)?(?P<host>[^/]*)", re.I)
_USUAL_PORTS = {"http": ":80", "https": ":443", "root": ":1094", "roots": ":1094"}


def is_remote(file: FileName) -> bool:
    """Whether a file is a URL.

    >>> is_remote("https://host/a.root"), is_remote(Path("a.root"))
    (True, False)
    """
    return isinstance(file, str)


def file_name(name: str, base: Path) -> FileName:
    """A file from its name in settings or a list.

    Args:
        name: a local name (``~`` is the home folder), a ``file://`` URL, which becomes a path, or
            another URL.
        base: the folder that relative names start from.

    Raises:
        SettingsError: the home folder is not known, or a ``file://`` URL names another machine.
    """
    if "://" not in name:
        try:
            return base / Path(name).expanduser()
        except RuntimeError as fault:
            message = f"{name}: {fault}"
            raise SettingsError(message) from fault
    if not name.lower().startswith("file://"):
        scheme = name.split("://", 1)[0]
        return scheme.lower() + name.removeprefix(scheme)
    host, slash, path = name[len("file://") :].partition("/")
    if host not in ("", "localhost"):
        message = f"{name} names a file of the machine {host}: write file:///PATH, or a path"
        raise SettingsError(message)
    return Path(slash + unquote(path))


def absolute_name(name: str, base: Path) -> str:
    """A name, pattern or ``@`` text file of names as it may stand in settings anywhere.

    URLs stay as they are.

    Raises:
        SettingsError: as `file_name`.
    """
    if name.startswith(LIST_MARK):
        return LIST_MARK + absolute_name(name.removeprefix(LIST_MARK), base)
    return name if "://" in name else str(file_name(name, base))


def identity(file: FileName) -> str:
    """What two names of one file have in common.

    A path with links resolved; a URL with scheme and host in small letters, without the port that
    its scheme implies, and for HTTP without the fragment. Two servers, or two paths of one server,
    that hold the same file cannot be told so.

    >>> identity("HTTPS://Host:443/a.root#x")
    'https://host/a.root'
    """
    if not isinstance(file, str):
        return str(file.resolve())

    def plain(server: re.Match[str]) -> str:
        scheme, host = server["scheme"].lower(), server["host"].lower()
        host = host.removesuffix(_USUAL_PORTS.get(scheme, "//"))
        return f"{scheme}://{server['login'] or ''}{host}"

    url = _SERVER.sub(plain, file)
    return url.split("#")[0] if "http" in url.split("://")[0] else url
