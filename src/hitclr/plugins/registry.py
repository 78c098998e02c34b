"""Named things with owners: what plugins register and everything else looks up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from hitclr.errors import DuplicateNameError, PluginError, UnknownNameError, did_you_mean

__all__ = ["Registered", "Registrar", "Registry"]

T = TypeVar("T")


@dataclass(frozen=True)
class Registered(Generic[T]):
    """One registered object.

    Attributes:
        name: its name.
        owner: the plugin that brought it.
        value: the object.
    """

    name: str
    owner: str
    value: T


class Registry(Generic[T]):
    """All objects of one kind (encoders, methods, ...) by name.

    Args:
        kind: what they are, in the singular, for messages.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, Registered[T]] = {}

    def add(self, name: str, value: T, owner: str) -> None:
        """Add an object.

        Raises:
            DuplicateNameError: another plugin has the name already.
            PluginError: this plugin has it already, or the name is empty or has characters that a
                command line does not like.
        """
        if not name or not all(c.isalnum() or c in "-_." for c in name):
            message = (
                f"plugin {owner!r}: {name!r} cannot be the name of a {self.kind}: use letters, "
                f"digits, '-', '_' and '.'"
            )
            raise PluginError(message)
        if name in self._entries and self._entries[name].owner == owner:
            message = f"plugin {owner!r} registers the {self.kind} {name!r} twice"
            raise PluginError(message)
        if name in self._entries:
            message = (
                f"two plugins register the {self.kind} {name!r}: {self._entries[name].owner!r} "
                f"and {owner!r}. Uninstall one of them, or disable it with "
                f"HITCLR_DISABLE_PLUGINS."
            )
            raise DuplicateNameError(message)
        self._entries[name] = Registered(name, owner, value)

    def get(self, name: str) -> T:
        """The object called ``name``.

        Raises:
            UnknownNameError: nobody registered it; the message has the nearest names.
        """
        if name not in self._entries:
            message = (
                f"no {self.kind} is called {name!r}. {did_you_mean(name, list(self._entries))} "
                f"`hitclr plugins` lists what is installed."
            )
            raise UnknownNameError(message)
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

    def __init__(self, registry: Registry[T], owner: str) -> None:
        self._registry = registry
        self._owner = owner

    def add(self, name: str, value: T) -> None:
        """Register ``value`` under ``name``.

        Raises:
            DuplicateNameError: the name is taken.
            PluginError: the name is not usable.
        """
        self._registry.add(name, value, self._owner)
