"""What is known of a plugin."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["PluginInfo"]


@dataclass
class PluginInfo:
    """One plugin: where it comes from, what it brought, or why it is not in use.

    Attributes:
        name: the name of its entry point; ``hitclr`` for the built-ins.
        distribution: the distribution that installs it.
        version: the version of that distribution.
        provides: the names that it registered, by kind; under ``hooks`` the other hooks that it
            has.
        error: why it is not in use; empty where it is.
        disabled: whether it was left out because somebody asked for that.
    """

    name: str
    distribution: str
    version: str
    provides: dict[str, list[str]] = field(default_factory=dict)
    error: str = ""
    disabled: bool = False

    @property
    def source(self) -> str:
        """The distribution and its version."""
        return f"{self.distribution} {self.version}"

    @property
    def title(self) -> str:
        """What messages call it.

        >>> PluginInfo("cube", "hitclr-cube", "1.2").title
        "plugin 'cube' (hitclr-cube 1.2)"
        """
        return f"plugin {self.name!r} ({self.source})"
