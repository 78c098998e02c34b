"""Where the photomultipliers are, for hits that say only which one they are of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hitclr.errors import SchemaError
from hitclr.io import LookupTable
from hitclr_km3net.detx import Detx

__all__ = ["pmt_table"]


def pmt_table(
    detectors: Sequence[Detx],
    *,
    det_id: str,
    dom_id: str,
    channel_id: str,
    detector: int | None = None,
) -> LookupTable:
    """The photomultipliers of one or more detectors, found by detector, module and channel.

    Columns: ``x``, ``y``, ``z`` in m; ``dx``, ``dy``, ``dz``; ``t0`` in ns; ``string``, ``floor``.

    Args:
        detectors: the detectors, each with an id of its own.
        det_id: the branch with the detector's id, one number per event.
        dom_id: the branch with the module of each hit.
        channel_id: the branch with the channel of each hit.
        detector: what the events call the detector, if not as its description does; for a single
            one.

    Raises:
        SchemaError: there is no detector, two have one id, or there are several and ``detector`` is
            given.
    """
    if not detectors or (detector is not None and len(detectors) > 1):
        message = (
            f"detx: expected {'one file, since detector is given' if detectors else 'a file'}, got "
            f"{len(detectors)}"
        )
        raise SchemaError(message)
    ids = [one.detector if detector is None else detector for one in detectors]
    for place, one in enumerate(ids):
        if one in ids[:place]:
            first = detectors[ids.index(one)].file
            message = (
                f"detx: expected one file for each detector, {first} and {detectors[place].file} "
                f"are both of detector {one}\n  what to do: give the one that holds for the runs"
            )
            raise SchemaError(message)

    def joined(values: Iterable[NDArray[Any]]) -> tuple[Any, ...]:
        return tuple(np.concatenate(list(values)).tolist())

    owners = (np.full(len(one.dom_id), own) for one, own in zip(detectors, ids, strict=True))
    return LookupTable(
        keys={
            det_id: joined(owners),
            dom_id: joined(one.dom_id for one in detectors),
            channel_id: joined(one.channel_id for one in detectors),
        },
        columns={
            **{
                name: joined(one.pos[:, axis] for one in detectors)
                for axis, name in enumerate(("x", "y", "z"))
            },
            **{
                name: joined(one.direction[:, axis] for one in detectors)
                for axis, name in enumerate(("dx", "dy", "dz"))
            },
            "t0": joined(one.t0 for one in detectors),
            "string": joined(one.string for one in detectors),
            "floor": joined(one.floor for one in detectors),
        },
    )
