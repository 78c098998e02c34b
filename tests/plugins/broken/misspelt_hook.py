"""Has a hook whose name lacks a letter."""

from __future__ import annotations

import hitclr


@hitclr.hookimpl
def register_augmentation(registrar):
    registrar.add("misspelt-identity", object)
