"""The command line: thin, it parses, calls and prints."""

from hitclr.cli.app import app, main

__all__ = ["app", "main"]
