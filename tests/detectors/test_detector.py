"""The part of the detector's contract that the base class gives."""

import pytest
import torch

from hitclr.detectors import LIQUID_ARGON, Beam, Detector, DetectorParameter, Throw
from hitclr.errors import SettingsError
from hitclr.events import EventStore
from hitclr.io import Feature, Positions, Schema
from hitclr.rng import generator


class Plain(Detector):
    """One hit for each deposit."""

    name = "plain"
    title = "a detector for tests"
    material = LIQUID_ARGON
    step = 0.5
    parameters = (
        DetectorParameter("gain", "", 1.0, 0.9, 1.1, "gain", minimum=0.0),
        DetectorParameter("life", "us", 10.0, 1.0, 100.0, "life", "log-uniform", minimum=0.1),
    )
    throws = (
        Throw("nominal", {"gain": 1.0, "life": 10.0}),
        Throw("gain-plus", {"gain": 1.1, "life": 10.0}),
    )
    beam = Beam(("muon",))
    schema = Schema(
        name="plain",
        tree="events",
        positions=Positions(branches=("x", "y", "z"), unit="cm"),
        features=(Feature(name="charge", branch="q"),),
    )

    def respond(self, deposits, throws, generator):
        charge = deposits.energy * throws["gain"][deposits.event]
        return EventStore(
            {"pos": deposits.pos, "x": charge[:, None]},
            dict(deposits.truth),
            deposits.ptr,
            ("charge",),
        )


@pytest.fixture
def detector():
    return Plain()


def test_names_are_looked_up_with_help(detector):
    assert detector.throw().name == "nominal"
    assert detector.throw("gain-plus").values["gain"] == 1.1
    assert detector.parameter("life").unit == "us"
    with pytest.raises(SettingsError, match=r"no throw 'gain-pls'. Did you mean gain-plus"):
        detector.throw("gain-pls")
    with pytest.raises(SettingsError, match=r"no parameter 'gian'. Did you mean gain"):
        detector.parameter("gian")


def test_a_throw_with_changes(detector):
    nominal = detector.throw()
    changed = detector.change(nominal, {"life": 20.0})
    assert changed.values == {"gain": 1.0, "life": 20.0}
    assert changed.name == "life=20"
    assert detector.change(detector.throw("gain-plus"), {"life": 5.0}).name == "gain-plus, life=5"
    assert detector.change(nominal, {}) is nominal
    with pytest.raises(SettingsError, match=r"life: expected a number between 0\.1"):
        detector.change(nominal, {"life": 0.0})


def test_throws_drawn_per_event(detector):
    throws = detector.draw(500, generator(0))
    assert throws["gain"].min() >= 0.9
    assert throws["gain"].std() > 0.04
    assert throws["life"].max() > 50
    assert len(throws.channels.unique()) == 500
    only = detector.draw(500, generator(0), vary=["gain"])
    assert (only["life"] == 10).all()
    assert only["gain"].std() > 0.04
    ends = detector.draw(500, generator(0), vary={"life": (1.0, 2.0)})
    assert ends["life"].max() <= 2.001
    assert (ends["gain"] == 1).all()


@pytest.mark.parametrize("ends", [(2.0, 1.0), (0.0, 1.0), [1.0], 1.0, ["a", 2.0], [True, 2.0]])
def test_ends_that_cannot_be_drawn_between_are_refused(detector, ends):
    with pytest.raises(SettingsError, match="life"):
        detector.draw(5, generator(0), vary={"life": ends})
    with pytest.raises(SettingsError, match="no parameter 'gan'"):
        detector.draw(5, generator(0), vary=["gan"])


def test_drawing_depends_on_the_generator_alone(detector):
    one, two = detector.draw(5, generator(1)), detector.draw(5, generator(1))
    assert all(torch.equal(one[name], two[name]) for name in ("gain", "life"))
    assert torch.equal(one.channels, two.channels)
