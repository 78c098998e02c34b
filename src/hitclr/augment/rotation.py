"""Events turned as a whole."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor
from torch_geometric.data import Batch
from torch_geometric.utils import segment

from hitclr import fields
from hitclr.augment.base import Augmentation
from hitclr.augment.draws import Draws
from hitclr.augment.parameter import Parameter, check_axes, check_parameter, sample_parameter
from hitclr.errors import SchemaError, SettingsError
from hitclr.events import feature_names, replace_hits

__all__ = ["Rotation"]

_AXES = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}
_FULL_TURN = (0.0, 360.0)
_COMPONENTS = (".x", ".y", ".z")


class Rotation(Augmentation):
    """Turn each event, and its vector features with it.

    Three features ``v.x``, ``v.y``, ``v.z`` are the components of a vector, such as the direction
    in which a light sensor looks. The column ``axis`` of a batch, the direction that the detector
    singles out, is fixed in the detector and turns with nothing.

    Args:
        axis: the axis to turn about: ``x``, ``y``, ``z`` or a direction of any length. Without one,
            each event turns about its ``axis``, where the batch has that column (from the schema);
            where it has not, rotations are uniform among all (the Haar measure of SO(3)). ``any``
            makes them so whatever the batch has.
        angle: the angle in degrees, right-handed about the axis; drawn per event. Uniform in
            [0, 360) by default. Only with an axis, given or from the batch.
        about: the point that stays: the ``centroid`` of the event's hits (unweighted), or the
            ``origin`` of the coordinates.
        probability: the probability with which each event is changed.

    Raises:
        SettingsError: an argument is out of range, the axis has no length, or there is an angle
            with the axis ``any``.
    """

    keeps_distances = True

    def __init__(
        self,
        axis: Literal["x", "y", "z", "any"] | tuple[float, float, float] | None = None,
        angle: Parameter | None = None,
        about: Literal["centroid", "origin"] = "centroid",
        probability: float = 1.0,
    ) -> None:
        super().__init__(probability)
        if axis == "any" and angle is not None:
            message = "Rotation: an angle needs an axis, not any; give one, or leave the angle out"
            raise SettingsError(message)
        if about not in ("centroid", "origin"):
            message = f"Rotation, about: expected centroid or origin, got {about!r}"
            raise SettingsError(message)
        self.axis = axis if axis is None or axis == "any" else _direction(axis)
        self.angle = None if angle is None else check_parameter("Rotation, angle", angle)
        self.about = about

    def sample(self, batch: Batch, generator: torch.Generator) -> Draws:
        """Draw ``matrix`` [B, 3, 3] per event; ``centre`` [B, 3] is the point that stays.

        The centre is no random number, but a sum over hits: kept here, a replay does not repeat it
        and so cannot round it otherwise.

        Raises:
            SchemaError: there is an angle and no axis, neither given nor in the batch; or the
                ``axis`` of an event has no length.
        """
        number = batch.num_graphs
        axis = self._components(batch, generator.device)
        if axis is None:
            matrix = _uniform_rotations(number, generator)
        else:
            angle = _FULL_TURN if self.angle is None else self.angle
            matrix = _rotations_about(axis, sample_parameter(angle, number, generator))
        if self.about == "centroid":
            centre = segment(batch.pos, batch.ptr, reduce="mean")
        else:
            centre = batch.pos.new_zeros(number, 3)
        return Draws(batch.ptr, event={"matrix": matrix, "centre": centre})

    def _components(
        self, batch: Batch, device: torch.device
    ) -> Sequence[float] | Sequence[Tensor] | None:
        """The axis as three numbers, or three tensors [B]; None for rotations about any."""
        if isinstance(self.axis, tuple):
            return self.axis
        if self.axis == "any":
            return None
        if fields.AXIS not in batch:
            if self.angle is None:
                return None
            message = (
                "Rotation: an angle needs an axis, and neither the options nor the batch have one: "
                "give the option axis, or an axis to the schema, or leave the angle out"
            )
            raise SchemaError(message)
        axis = batch[fields.AXIS].to(device)
        length = axis.norm(dim=1, keepdim=True)
        if not bool((length > 0).all()):
            message = (
                "Rotation: expected a direction for each event in the batch's column axis, got "
                "zeros; a schema's axis makes unit vectors"
            )
            raise SchemaError(message)
        unit: Tensor = axis / length
        return unit.unbind(1)

    def transform(self, batch: Batch, draws: Draws) -> Batch:
        """Turn positions about the centre, and vector features.

        Raises:
            SchemaError: a feature is named as a component of a vector and the others are missing.
        """
        matrix = draws.event["matrix"].index_select(0, batch.batch)
        centre = draws.event["centre"].index_select(0, batch.batch)
        hits = {fields.POS: _turned(batch.pos - centre, matrix).add_(centre)}
        vectors = _vectors(feature_names(batch))
        if vectors:
            x = batch.x.clone()
            for columns in vectors:
                x[:, columns] = _turned(batch.x[:, columns], matrix)
            hits[fields.X] = x
        return replace_hits(batch, hits)


def _direction(axis: object) -> tuple[float, float, float]:
    """The unit vector of an axis given by name or by components."""
    if isinstance(axis, str):
        if axis not in _AXES:
            message = f"Rotation, axis: expected x, y, z, any or three components, got {axis!r}"
            raise SettingsError(message)
        return _AXES[axis]
    if not isinstance(axis, (tuple, list)):
        message = f"Rotation, axis: expected x, y, z, any or three components, got {axis!r}"
        raise SettingsError(message)
    x, y, z = check_axes("Rotation, axis", axis)
    length = math.sqrt(x * x + y * y + z * z)
    if length == 0:
        message = "Rotation, axis: expected a direction, got three zeros"
        raise SettingsError(message)
    return x / length, y / length, z / length


def _vectors(names: tuple[str, ...]) -> list[list[int]]:
    """The columns [3] of each vector among the features."""
    stems = dict.fromkeys(name[:-2] for name in names if name.endswith(_COMPONENTS))
    found = []
    for stem in stems:
        parts = [stem + component for component in _COMPONENTS]
        missing = [part for part in parts if part not in names]
        if missing:
            message = (
                f"Rotation: the features {stem}.x, .y and .z make a vector, the batch lacks "
                f"{' and '.join(missing)}. Add them to the schema, or give what is no vector "
                f"another name"
            )
            raise SchemaError(message)
        found.append([names.index(part) for part in parts])
    return found


def _turned(vectors: Tensor, matrix: Tensor) -> Tensor:
    """``matrix @ vector`` for each of the vectors [N, 3].

    Term by term, because a batched matrix product rounds differently for other batch sizes, and an
    event would then depend, in the last digit, on those beside it.
    """
    x, y, z = vectors.unsqueeze(2).unbind(1)
    first, second, third = matrix.unbind(2)
    turned = first * x
    turned += second * y
    turned += third * z
    return turned


def _uniform_rotations(count: int, generator: torch.Generator) -> Tensor:
    """Rotation matrices [count, 3, 3] float32, uniform on SO(3).

    From uniform unit quaternions: K. Shoemake, "Uniform Random Rotations", Graphics Gems III
    (1992), p. 124.
    """
    u = torch.rand(3, count, generator=generator, device=generator.device)
    first, second = torch.sqrt(1 - u[0]), torch.sqrt(u[0])
    a, b = 2 * math.pi * u[1], 2 * math.pi * u[2]
    return _matrices(
        first * torch.sin(a), first * torch.cos(a), second * torch.sin(b), second * torch.cos(b)
    )


def _rotations_about(axis: Sequence[float] | Sequence[Tensor], degrees: Tensor) -> Tensor:
    """Rotation matrices [count, 3, 3] by angles [count] in degrees, right-handed.

    Args:
        axis: the components of the unit vector to turn about: three numbers, or three tensors
            [count].
        degrees: the angles.
    """
    half = torch.deg2rad(degrees) / 2
    x, y, z = (component * torch.sin(half) for component in axis)
    return _matrices(x, y, z, torch.cos(half))


def _matrices(x: Tensor, y: Tensor, z: Tensor, w: Tensor) -> Tensor:
    """Rotation matrices [count, 3, 3] of the unit quaternions ``w + xi + yj + zk``."""
    xx, yy, zz, xy, xz, yz = x * x, y * y, z * z, x * y, x * z, y * z
    wx, wy, wz = w * x, w * y, w * z
    halves = (yy + zz, xy - wz, xz + wy, xy + wz, xx + zz, yz - wx, xz - wy, yz + wx, xx + yy)
    matrices = 2 * torch.stack(halves, -1).view(-1, 3, 3)
    matrices.diagonal(dim1=-2, dim2=-1).neg_().add_(1)
    return matrices
