"""A compiled encoder, and what is said where torch cannot compile it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from hitclr.errors import SettingsError
from hitclr.methods import Method

__all__ = ["compile_encoder", "explained_compile_errors"]


def compile_encoder(method: Method, *, backend: str = "inductor") -> None:
    """Have torch compile a method's encoder, for batches of any size.

    The names of its weights stay what they are, so that checkpoints are the same with and without.
    It is compiled when it is first called; whether torch can compile anything at all is tried here.

    Args:
        method: the method; its encoder is changed in place.
        backend: torch's name of the compiler.

    Raises:
        SettingsError: torch cannot compile here.
    """
    try:
        torch.compile(_tried, backend=backend)(torch.ones(2))
    except RuntimeError as error:  # also from a Python or a platform that torch has no compiler for
        raise _explained(error) from error
    method.encoder.compile(dynamic=True, backend=backend)


@contextmanager
def explained_compile_errors() -> Iterator[None]:
    """In here, what torch raises when it cannot compile is told as an error of the settings.

    Raises:
        SettingsError: torch cannot compile.
    """
    try:
        yield
    except RuntimeError as error:
        if not type(error).__module__.startswith(("torch._dynamo", "torch._inductor")):
            raise
        raise _explained(error) from error


def _tried(values: torch.Tensor) -> torch.Tensor:
    return values * 2 + 1


def _explained(error: Exception) -> SettingsError:
    said = " ".join(str(error).split("\n\n")[0].split())  # below is advice on torch
    return SettingsError(
        f"trainer.compile: torch cannot compile the encoder here: {type(error).__name__}: {said}\n"
        f"  what to do: take `trainer.compile: false`. Compiling needs a C++ compiler (g++ or "
        f"clang) on the CPU, and Triton on a GPU; some encoders cannot be compiled."
    )
