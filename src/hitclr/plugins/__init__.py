"""The plugin host: hook specifications, registries, and the manager that fills them."""

from hitclr.plugins.info import PluginInfo
from hitclr.plugins.manager import DISABLE_VARIABLE, GROUP, Plugins, list_plugins, load_plugins
from hitclr.plugins.registry import Registered, Registrar, Registry

__all__ = [
    "DISABLE_VARIABLE",
    "GROUP",
    "PluginInfo",
    "Plugins",
    "Registered",
    "Registrar",
    "Registry",
    "list_plugins",
    "load_plugins",
]
