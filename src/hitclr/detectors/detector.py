"""The contract of a detector: named parameters, and a response that turns deposits into hits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch

from hitclr.detectors.beam import Beam
from hitclr.detectors.deposits import Deposits
from hitclr.detectors.gun import Material
from hitclr.detectors.parameter import DetectorParameter
from hitclr.detectors.throw import Throw, Throws
from hitclr.errors import SettingsError, did_you_mean
from hitclr.events import EventStore
from hitclr.io import Schema

__all__ = ["Detector"]


class Detector(ABC):
    """A detector: its material, its parameters, and its response.

    From this one object come the simulator's ROOT files, the throws of a study, and views that are
    re-simulated during training. A subclass sets the class attributes and writes `respond`.

    Attributes:
        name: its name.
        title: what it is, in a few words.
        material: what the particles cross.
        step: the longest track piece of one deposit, in cm.
        parameters: all parameters, in order.
        throws: the throws with a name; the first is the nominal one.
        beam: the particles that are shot by default.
        schema: how its simulated files become events. Its features have the names of the columns
            of ``x`` that `respond` makes.
        augmentations: the augmentations that suit it, as in a settings file.
        minimum_hits: an event with fewer hits is not recorded.
        volume: the lower and the upper corner, in cm, of the box that all hits lie in; None for a
            detector that is no box.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    material: ClassVar[Material]
    step: ClassVar[float]
    parameters: ClassVar[tuple[DetectorParameter, ...]]
    throws: ClassVar[tuple[Throw, ...]]
    beam: ClassVar[Beam]
    schema: ClassVar[Schema]
    augmentations: ClassVar[tuple[Mapping[str, Any], ...]] = ()
    minimum_hits: ClassVar[int] = 4
    volume: ClassVar[tuple[tuple[float, float, float], tuple[float, float, float]] | None] = None

    @abstractmethod
    def respond(self, deposits: Deposits, throws: Throws, generator: torch.Generator) -> EventStore:
        """The hits that the detector makes of the deposits.

        It is batched, with no loop over events, and works on the device of the deposits.

        Args:
            deposits: of B events.
            throws: a setting for each event.
            generator: the source of all randomness, on the same device.

        Returns:
            The same B events in the same order, some perhaps without a hit, with the truth columns
            of the deposits as event columns. A hit's charge is the sum of all that fell into its
            voxel.
        """

    def parameter(self, name: str) -> DetectorParameter:
        """The parameter called ``name``.

        Raises:
            SettingsError: there is none; the message has the nearest names.
        """
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        known = [parameter.name for parameter in self.parameters]
        message = (
            f"the detector {self.name!r} has no parameter {name!r}. {did_you_mean(name, known)}"
        )
        raise SettingsError(message)

    def throw(self, name: str = "nominal") -> Throw:
        """The throw called ``name``.

        Raises:
            SettingsError: there is none; the message has the nearest names.
        """
        for throw in self.throws:
            if throw.name == name:
                return throw
        known = [throw.name for throw in self.throws]
        message = f"the detector {self.name!r} has no throw {name!r}. {did_you_mean(name, known)}"
        raise SettingsError(message)

    def change(self, throw: Throw, changes: Mapping[str, float]) -> Throw:
        """The throw with some values changed, as by ``--set``.

        Raises:
            SettingsError: there is no such parameter, or the response cannot be computed for the
                value.
        """
        if not changes:
            return throw
        checked = {name: self.parameter(name).check(value) for name, value in changes.items()}
        changed = ", ".join(f"{name}={value:g}" for name, value in checked.items())
        name = changed if throw.name == "nominal" else f"{throw.name}, {changed}"
        return Throw(name, {**throw.values, **checked}, throw.meaning)

    def draw(
        self,
        count: int,
        generator: torch.Generator,
        vary: Mapping[str, tuple[float, float]] | Sequence[str] | None = None,
    ) -> Throws:
        """A throw for each of ``count`` events from the priors, each with channels of its own.

        Args:
            count: how many.
            generator: the source of randomness; the result is on its device.
            vary: the parameters to draw, with other ends than those of the prior where it is a
                mapping; the rest stay nominal. All where it is None.

        Raises:
            SettingsError: there is no such parameter, or the ends are not two numbers in order
                for which the response can be computed.
        """
        names = [p.name for p in self.parameters] if vary is None else list(vary)
        ends = dict(vary) if isinstance(vary, Mapping) else {}
        for name in names:
            parameter = self.parameter(name)
            if name in ends:
                parameter.check_range(ends[name])
        values = {}
        for parameter in self.parameters:
            if parameter.name in names:
                drawn = parameter.draw(count, generator, ends.get(parameter.name))
            else:
                drawn = torch.full((count,), parameter.nominal, device=generator.device)
            values[parameter.name] = drawn
        channels = torch.randint(2**62, (count,), generator=generator, device=generator.device)
        return Throws(values, channels)
