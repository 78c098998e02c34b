"""A compiled encoder, and what is said where it cannot be compiled."""

from __future__ import annotations

import copy

import pytest
import torch

from hitclr.errors import SettingsError
from hitclr.runs.training import compile_encoder, explained_compile_errors

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def test_a_compiled_encoder_is_called_and_gives_the_same(make, views, monkeypatch):
    method = make()
    batch, _ = views()
    expected = method.embed(batch)
    names = list(method.state_dict())
    calls = []

    def compile_(function, **options):
        calls.append(options)
        return function

    monkeypatch.setattr(torch, "compile", compile_)
    compile_encoder(method)
    assert calls == [{"backend": "inductor"}, {"dynamic": True, "backend": "inductor"}]
    assert list(method.state_dict()) == names
    torch.testing.assert_close(method.embed(batch), expected)


def test_a_backend_that_does_not_exist_is_an_error_of_the_settings(make):
    method = make()
    with pytest.raises(SettingsError, match=r"trainer.compile: .*\n.*trainer.compile: false"):
        compile_encoder(method, backend="no-such-compiler")
    assert method.encoder._compiled_call_impl is None


def test_a_platform_without_a_compiler_is_an_error_of_the_settings(make, monkeypatch):
    def refuse(function, **options):
        raise RuntimeError("not supported on this Python")

    monkeypatch.setattr(torch, "compile", refuse)
    with pytest.raises(SettingsError, match="not supported on this Python"):
        compile_encoder(make())


def test_a_compiler_that_fails_is_an_error_of_the_settings(make, views):
    def broken(graph, inputs):
        raise ValueError("no compiler here")

    method = make()
    method.encoder.compile(dynamic=True, backend=broken)
    with pytest.raises(SettingsError, match="no compiler here"), explained_compile_errors():
        method.embed(views()[0])


@pytest.mark.parametrize("kind", [ValueError, RuntimeError])
def test_other_errors_stay_what_they_are(kind):
    with pytest.raises(kind, match="mine"), explained_compile_errors():
        raise kind("mine")


def test_a_compiled_method_can_be_copied_for_averaging(make, views):
    method = make()
    method.encoder.compile(dynamic=True, backend="eager")
    batch, _ = views()
    again = copy.deepcopy(method)
    torch.testing.assert_close(again.embed(batch), method.embed(batch))
