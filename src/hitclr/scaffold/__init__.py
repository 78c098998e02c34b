"""A new plugin's package, from the template that lies beside."""

from hitclr.scaffold.write import check_plugin_name, write_plugin

__all__ = ["check_plugin_name", "write_plugin"]
