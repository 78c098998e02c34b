"""Results as parquet."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hitclr.io.writing import ParquetWriter


def test_types_and_metadata(tmp_path):
    columns = {
        "entry": np.dtype("<i8"),
        "vector": np.dtype(("<f4", (3,))),
        "status": np.dtype("<i1"),
    }
    path = tmp_path / "out.parquet"
    about = {"classes": ["é", "b"], "status": {1: "x"}}
    with ParquetWriter(path, "hitclr", columns, about) as out:
        out.extend(
            {
                "status": np.zeros(4, dtype=np.int8),
                "vector": np.full((4, 3), np.nan, dtype=np.float32),
                "entry": np.arange(4),
            }
        )
    schema = pq.read_schema(path)
    assert dict(zip(schema.names, schema.types, strict=True)) == {
        "entry": pa.int64(),
        "vector": pa.list_(pa.float32(), 3),
        "status": pa.int8(),
    }
    expected = {"classes": ["é", "b"], "status": {"1": "x"}}
    assert json.loads(schema.metadata[b"hitclr"]) == expected
    assert json.loads(pq.read_metadata(path).metadata[b"hitclr"]) == expected
    # NaN and not null: what skips nulls would lose rows.
    assert pq.read_table(path)["vector"].combine_chunks().flatten().null_count == 0
    assert len(pq.read_table(path)["vector"].combine_chunks().flatten()) == 12
