"""Asks for what the hook does not give."""

from __future__ import annotations

import hitclr


@hitclr.hookimpl
def after_training(settings, model):
    pass
