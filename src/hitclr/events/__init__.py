"""Events in memory: the columnar store, and the PyG batch made from it."""

from hitclr.events.batch import (
    concat_batches,
    cut_events,
    event_fields,
    feature_index,
    feature_names,
    hit_fields,
    make_batch,
    regroup_events,
    replace_hits,
    select_events,
    with_edges,
)
from hitclr.events.blocks import blocks_of, shuffled
from hitclr.events.builder import StoreBuilder
from hitclr.events.names import FeatureNames
from hitclr.events.ragged import (
    batch_from_ptr,
    counts_from_ptr,
    gather_index,
    interleave,
    ptr_after_mask,
    ptr_from_counts,
    rows_where,
    take_rows,
)
from hitclr.events.store import EventStore

__all__ = [
    "EventStore",
    "FeatureNames",
    "StoreBuilder",
    "batch_from_ptr",
    "blocks_of",
    "concat_batches",
    "counts_from_ptr",
    "cut_events",
    "event_fields",
    "feature_index",
    "feature_names",
    "gather_index",
    "hit_fields",
    "interleave",
    "make_batch",
    "ptr_after_mask",
    "ptr_from_counts",
    "regroup_events",
    "replace_hits",
    "rows_where",
    "select_events",
    "shuffled",
    "take_rows",
    "with_edges",
]
