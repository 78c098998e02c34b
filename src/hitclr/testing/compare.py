"""Judging batches and draws in tests: the first fault in words, at the smallest event."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch_geometric.data import Batch

from hitclr import fields
from hitclr.augment import Draws
from hitclr.events import (
    batch_from_ptr,
    counts_from_ptr,
    event_fields,
    feature_names,
    hit_fields,
)

__all__ = [
    "batch_difference",
    "columns_of",
    "draws_difference",
    "draws_fault",
    "rows_that_differ",
    "soundness_fault",
]


def columns_of(batch: Batch) -> dict[str, Tensor]:
    """All hit columns and event columns of a batch."""
    return {**hit_fields(batch), **event_fields(batch)}


def rows_that_differ(expected: Tensor, got: Tensor, tolerance: float = 0.0) -> Tensor:
    """The rows [R] int64 in which two tensors of one shape [M, ...] differ.

    NaN equals NaN. The tolerance is relative to the largest finite number in ``expected`` and
    holds for floating-point tensors only.
    """
    if expected.numel() == 0:
        return torch.zeros(0, dtype=torch.int64, device=expected.device)
    same = (expected == got) | ((expected != expected) & (got != got))
    if tolerance > 0 and expected.is_floating_point():
        largest = expected.abs().nan_to_num(0.0, 0.0, 0.0).max()
        same |= (expected - got).abs() <= tolerance * largest
    return (~same).reshape(same.size(0), -1).any(1).nonzero().flatten()


def batch_difference(expected: Batch, got: Batch, *, tolerance: float = 0.0) -> str | None:
    """What differs between two batches, in words, or None.

    Args:
        expected: the batch to compare with.
        got: the batch that is judged.
        tolerance: see `rows_that_differ`.
    """
    one, two = columns_of(expected), columns_of(got)
    if one.keys() != two.keys():
        return f"expected the columns {sorted(one)}, got {sorted(two)}"
    if feature_names(expected) != feature_names(got):
        return f"expected the features {feature_names(expected)}, got {feature_names(got)}"
    if not torch.equal(expected.ptr, got.ptr):
        sizes = [counts_from_ptr(batch.ptr).tolist() for batch in (expected, got)]
        return f"expected events of {sizes[0]} hits, got {sizes[1]}"
    for name, column in one.items():
        fault = _column_difference(name, column, two[name], expected, tolerance)
        if fault is not None:
            return fault
    return None


def draws_difference(expected: Draws, got: Draws) -> str | None:
    """Which drawn parameter differs between two draws, in words, or None."""
    one, two = dict(_parameters(expected)), dict(_parameters(got))
    if one.keys() != two.keys():
        return f"expected the parameters {sorted(one)}, got {sorted(two)}"
    for name, value in one.items():
        other = two[name]
        if value.dtype != other.dtype or value.shape != other.shape:
            return (
                f"parameter {name}: expected {tuple(value.shape)} {value.dtype}, got "
                f"{tuple(other.shape)} {other.dtype}"
            )
        rows = rows_that_differ(value, other)
        if rows.numel() > 0:
            row = int(rows[0])
            return (
                f"parameter {name}, row {row}: expected {value[row].tolist()}, got "
                f"{other[row].tolist()}"
            )
    return None


def soundness_fault(before: Batch, view: Batch) -> str | None:
    """Why ``view`` is no batch of the same kind and events as ``before``, in words, or None."""
    if view.num_graphs != before.num_graphs or view.ptr.numel() != before.ptr.numel():
        return f"expected {before.num_graphs} events, got {view.num_graphs}"
    one, two = columns_of(before), columns_of(view)
    if one.keys() != two.keys():
        return f"expected the columns {sorted(one)}, got {sorted(two)}"
    if feature_names(before) != feature_names(view):
        return f"expected the features {feature_names(before)}, got {feature_names(view)}"
    if int(view.ptr[0]) != 0 or not torch.equal(view.batch, batch_from_ptr(view.ptr)):
        return "expected batch and ptr to agree on which event a hit belongs to"
    for name, column in two.items():
        like = one[name]
        rows = int(view.ptr[-1]) if fields.is_hit_field(name) else like.size(0)
        if column.shape != (rows, *like.shape[1:]):
            return (
                f"column {name!r}: expected the shape {(rows, *like.shape[1:])}, got "
                f"{tuple(column.shape)}"
            )
        if (column.dtype, column.device) != (like.dtype, like.device):
            return (
                f"column {name!r}: expected {like.dtype} on {like.device}, got "
                f"{column.dtype} on {column.device}"
            )
        if bool(like.isfinite().all()) and not bool(column.isfinite().all()):
            return f"column {name!r}: expected finite numbers, got NaN or infinite ones"
    sizes = [data.num_nodes for data in view.to_data_list()]
    if sizes != counts_from_ptr(view.ptr).tolist():
        return f"to_data_list() gives events of {sizes} hits, make the batch with make_batch"
    return None


def draws_fault(draws: Draws, device: torch.device) -> str | None:
    """Which parameter does not fit the batch of ``draws.ptr``, or is elsewhere, or None."""
    events, hits = draws.ptr.numel() - 1, int(draws.ptr[-1])
    added = 0 if draws.added_ptr is None else int(draws.added_ptr[-1])
    levels = (
        ("event", draws.event, events),
        ("hit", draws.hit, hits),
        ("added", draws.added, added),
    )
    for level, values, rows in levels:
        for name, value in values.items():
            if value.dim() == 0 or value.size(0) != rows:
                return (
                    f"parameter {name!r} per {level}: expected {rows} rows, got the shape "
                    f"{tuple(value.shape)}"
                )
            if value.device != device:
                return f"parameter {name!r}: expected it on {device}, got {value.device}"
    for child in draws.children:
        own = events if child.events is None else child.events.numel()
        if child.ptr.numel() - 1 != own:
            return f"a child was drawn for {child.ptr.numel() - 1} events instead of {own}"
        fault = draws_fault(child, device)
        if fault is not None:
            return fault
    return None


def _column_difference(
    name: str, one: Tensor, two: Tensor, batch: Batch, tolerance: float
) -> str | None:
    if one.dtype != two.dtype or one.shape != two.shape:
        return (
            f"column {name!r}: expected {tuple(one.shape)} {one.dtype}, got "
            f"{tuple(two.shape)} {two.dtype}"
        )
    rows = rows_that_differ(one, two, tolerance)
    if rows.numel() == 0:
        return None
    counts = counts_from_ptr(batch.ptr)
    events = batch.batch[rows] if fields.is_hit_field(name) else rows
    smallest = int(counts[events].argmin())
    row, event = int(rows[smallest]), int(events[smallest])
    place = f", hit {row - int(batch.ptr[event])}" if fields.is_hit_field(name) else ""
    return (
        f"column {name!r}, event {event} of {int(counts[event])} hits{place}: expected "
        f"{one[row].tolist()}, got {two[row].tolist()}"
    )


def _parameters(draws: Draws, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    yield f"{prefix}ptr", draws.ptr
    for level, values in (("event", draws.event), ("hit", draws.hit), ("added", draws.added)):
        for name, value in values.items():
            yield f"{prefix}{level}.{name}", value
    if draws.added_ptr is not None:
        yield f"{prefix}added_ptr", draws.added_ptr
    if draws.events is not None:
        yield f"{prefix}events", draws.events
    for number, child in enumerate(draws.children):
        yield from _parameters(child, f"{prefix}children[{number}].")
