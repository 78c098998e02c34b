"""Named things with owners: what plugins register and everything else looks up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from hitclr.errors import (
    DuplicateNameError,
    PluginError,
    UnknownNameError,
    did_you_mean,
    nearest,
)
from hitclr.plugins.faults import how_to_leave_out

__all__ = ["Registered", "Registrar", "Registry"]

T = TypeVar("T")


@dataclass(frozen=True)
class Registered(Generic[T]):
    """One registered object.

    Attributes:
        name: its name.
        owner: the plugin that brought it.
        value: the object.
        source: the distribution of that plugin, with its version; empty where it has none.
    """

    name: str
    owner: str
    value: T
    source: str = ""

    def __str__(self) -> str:
        return f"{self.owner!r} ({self.source})" if self.source else repr(self.owner)


class Registry(Generic[T]):
    """All objects of one kind (encoders, methods, ...) by name.

    Args:
        kind: what they are, in the singular, for messages.
        where: says in a sentence where an unknown name may come from; empty where nothing is known.
    """

    def __init__(self, kind: str, where: Callable[[str], str] = lambda _: "") -> None:
        self.kind = kind
        self._where = where
        self._entries: dict[str, Registered[T]] = {}

    def add(self, name: str, value: T, owner: str, source: str = "") -> None:
        """Add an object.

        Args:
            name: its name.
            value: the object.
            owner: the plugin that brings it.
            source: the distribution of that plugin, with its version.

        Raises:
            DuplicateNameError: another plugin has the name already.
            PluginError: this plugin has it already, or the name is empty or has characters that a
                command line does not like.
        """
        if not name or not all(c.isalnum() or c in "-_." for c in name):
            message = (
                f"{name!r} cannot be the name of a {self.kind}: use letters, digits, '-', '_' and "
                f"'.'"
            )
            raise PluginError(message)
        entry = Registered(name, owner, value, source)
        first = self._entries.setdefault(name, entry)
        if first is entry:
            return
        if first.owner == owner:
            message = f"it registers the {self.kind} {name!r} twice"
            raise PluginError(message)
        message = (
            f"two plugins register the {self.kind} {name!r}: {first} and {entry}\n"
            f"  what to do: give one another name, or leave a plugin out: {how_to_leave_out(owner)}"
        )
        raise DuplicateNameError(message)

    def get(self, name: str) -> T:
        """The object called ``name``.

        Raises:
            UnknownNameError: nobody registered it; the message has the nearest names, and the
                plugin that brings it where one is known.
        """
        if name not in self._entries:
            where, known = self._where(name), list(self._entries)
            said = [f"no {self.kind} is called {name!r}."]
            if nearest(name, known) or not where:
                said.append(did_you_mean(name, known))
            if where:
                said.append(where)
            said.append("`hitclr plugins` lists what is installed.")
            raise UnknownNameError(" ".join(said))
        return self._entries[name].value

    def remove_owner(self, owner: str) -> None:
        """Take out everything that ``owner`` brought."""
        self._entries = {n: e for n, e in self._entries.items() if e.owner != owner}

    def __iter__(self) -> Iterator[Registered[T]]:
        return iter(self._entries.values())

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted(self._entries)


class Registrar(Generic[T]):
    """What a registration hook is given: it adds to one registry in one plugin's name."""

    def __init__(self, registry: Registry[T], owner: str, source: str = "") -> None:
        self._registry = registry
        self._owner = owner
        self._source = source

    def add(self, name: str, value: T) -> None:
        """Register ``value`` under ``name``.

        Raises:
            DuplicateNameError: the name is taken.
            PluginError: the name is not usable.
        """
        self._registry.add(name, value, self._owner, self._source)
