"""What is checked of code: the units in docstrings, and Python's work for each event."""

from __future__ import annotations

from typing import Literal

import pytest
import torch

from hitclr.augment import Parameter, Translation
from hitclr.testing import make_events
from hitclr.testing.augmentation_code import difference_on, gives_the_same_on_a_gpu
from hitclr.testing.batches import crowded_event, regroup_hits, with_columns
from hitclr.testing.documented import documentation_fault
from hitclr.testing.work import FEW, MANY, loop_fault


def kind_of(text, hint="Parameter", default="1.0"):
    """A class with one option, described by ``text``."""
    code = f"def __init__(self, width: {hint} = {default}): pass"
    space = {"Parameter": Parameter, "Literal": Literal}
    exec(code, space)  # noqa: S102 - the hints are what is tested
    docs = f"A class.\n\n    Args:\n        width: {text}\n        other: text.\n    "
    return type("Kind", (), {"__init__": space["__init__"], "__doc__": docs})


@pytest.mark.parametrize(
    "text",
    [
        "the width in ns; drawn per event.",
        "the width, cm.",
        "the field in kV/cm.",
        "the probability that it happens.",
        "a Factor.",
        "the\n            relative width.",
        "the width, in the unit of ``pos``.",
        "the width in ticks as a unit.",
        "the charge in photo-electrons.",
        "how much in %.",
        "how many are drawn.",
    ],
)
def test_units_and_pure_numbers(text):
    assert documentation_fault(kind_of(text)) is None


@pytest.mark.parametrize("text", ["the width.", "the size of things; drawn per event.", "a mess."])
@pytest.mark.parametrize(
    ("hint", "default"),
    [("Parameter", "1.0"), ("float | None", "None"), ("tuple[int, int]", "None"), ("str", "2")],
)
def test_no_unit(text, hint, default):
    fault = documentation_fault(kind_of(text, hint, default))
    assert "'width' has no unit" in fault
    assert text in fault
    assert "The rule: " in fault
    assert "the word unit" in fault


@pytest.mark.parametrize(
    ("hint", "default"),
    [("bool", "True"), ("str", "'a'"), ("Literal['x', 'y']", "'x'"), ("str | None", "None")],
)
def test_options_that_are_no_numbers(hint, default):
    assert documentation_fault(kind_of("something.", hint, default)) is None


def test_an_option_that_is_not_described():
    class Base:
        """A base.

        Args:
            first: in cm.
        """

        def __init__(self, first: float = 1.0) -> None: ...

    class Derived(Base):
        """Something else."""

        def __init__(self, first: float = 1.0, second: float = 1.0) -> None: ...

    assert documentation_fault(Base) is None
    assert "'second' is a number" in documentation_fault(Derived)


def loops_by(step):
    def run(events, hits):
        return lambda: [step(event) for event in range(events)]

    return run


def test_a_loop_is_seen_and_told_by_its_work_for_each_event():
    def step(event):
        return event + 1

    fault = loop_fault(loops_by(step))
    assert f"for {MANY[0]} events of {MANY[1]} hits" in fault
    assert "more for each event" in fault


def test_the_same_work_for_any_number_of_events():
    def run(events, hits):
        column = torch.ones(events * hits)

        def call():
            if events > FEW[0]:  # a branch that some events need
                for _ in range(100):
                    column.sum()
            return column * 2

        return call

    assert loop_fault(run) is None
    assert FEW[0] * FEW[1] == MANY[0] * MANY[1]


def test_tracing_is_as_it_was_afterwards():
    import sys

    before = sys.gettrace()
    with pytest.raises(ZeroDivisionError):
        loop_fault(lambda events, hits: lambda: 1 // 0)
    loop_fault(lambda events, hits: lambda: None)
    assert sys.gettrace() is before


def test_regrouped_hits():
    batch = make_events(1, (3, 2))
    got = regroup_hits(batch, 4, 2)
    assert got.ptr.tolist() == [0, 2, 4, 6, 8]
    assert torch.equal(got.pos, batch.pos[[0, 1, 2, 3, 4, 0, 1, 2]])
    assert got.event_id[:, 1].tolist() == [0, 1, 0, 1]


def test_a_crowded_event():
    got = crowded_event(make_events(1), 500)
    assert got.ptr.tolist() == [0, 500]
    assert len(torch.unique(got.pos, dim=0)) == 500


def test_columns_that_are_missing_are_made_up():
    batch = make_events(1)
    got = with_columns(batch, ["hit_module", "hit_channel", "axis", "run"])
    assert torch.equal(got.hit_module, batch.hit_module)
    assert got.hit_channel.shape == (batch.pos.size(0),)
    assert torch.allclose(got.axis.norm(dim=1), torch.ones(batch.num_graphs))
    assert got.run.shape == (batch.num_graphs,)


class Elsewhere(Translation):
    """Applies something else whenever it is asked."""

    calls = 0

    def transform(self, batch, draws):
        type(self).calls += 1
        view = super().transform(batch, draws)
        view.pos = view.pos + self.calls
        return view


def test_devices_are_compared():
    batch = make_events(1)
    assert difference_on("cpu", Translation(1.0), batch) is None
    assert "the same draws on cpu: column 'pos'" in difference_on("cpu", Elsewhere(1.0), batch)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_a_gpu_is_compared_where_there_is_one():
    assert gives_the_same_on_a_gpu(Translation(1.0), make_events(1)) is None
