"""Branches whose bytes the schema describes: what is read, and what contradicts itself."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot

from hitclr.errors import InputError
from hitclr.io import BadInput, Reason, Sample, load_schema, read_samples

COUNTS = (2, 1, 3, 5, 1)
FIELDS = {"id": (0, ">i4"), "t": (4, "<u4"), "q": (8, "u1")}


def hits_of(event: int) -> list[tuple[int, int, int]]:
    return [
        (1000 * event - hit, 70_000 + 300 * hit + event, 3 * hit + event)
        for hit in range(COUNTS[event])
    ]


def vector(event: int, stated: int | None = None) -> bytes:
    """A vector as ROOT writes it: what follows and a version, how many, and the hits."""
    hits = hits_of(event)
    body = b"".join(struct.pack(">i", i) + struct.pack("<IB", t, q) for i, t, q in hits)
    number = len(hits) if stated is None else stated
    return struct.pack(">IHI", (len(body) + 6) | 0x40000000, 9, number) + body


def header(event: int) -> bytes:
    return bytes(6) + struct.pack(">i", 40 + event) + bytes(2)


def write(path: Path, vectors: list[bytes]) -> Path:
    lists = ak.unflatten(
        np.frombuffer(b"".join(vectors), dtype=np.uint8), [len(one) for one in vectors]
    )
    heads = np.frombuffer(b"".join(map(header, range(len(vectors)))), dtype=np.uint8)
    with uproot.recreate(path) as file:
        file.mktree("events", {"hits": "var * uint8", "head": "12 * uint8"})
        file["events"].extend({"hits": lists, "head": heads.reshape(len(vectors), 12)})
    return path


def schema(size: int = 9) -> Any:
    return load_schema(
        {
            "name": "records",
            "tree": "events",
            "records": {
                "hits": {"size": size, "vector": True, "fields": FIELDS},
                "head": {"size": 12, "fields": {"run": [6, ">i4"]}},
            },
            "derive": {"x": "1.0 * hits.id"},
            "positions": {"branches": ["x", "hits.t", "hits.q"], "unit": "m"},
            "features": [{"name": "q", "branch": "hits.q"}],
            "hit_columns": {"id": "hits.id"},
            "observers": {"run": "head.run"},
        }
    )


def read(path: Path, size: int = 9) -> Any:
    return read_samples(schema(size), [Sample("s", (path,))], BadInput())


def test_records(tmp_path: Path) -> None:
    store = read(write(tmp_path / "a.root", [vector(event) for event in range(5)]))
    assert store.hits_per_event().tolist() == list(COUNTS)
    expected = [hit for event in range(5) for hit in hits_of(event)]
    assert store.hits["pos"].tolist() == [list(map(float, hit)) for hit in expected]
    assert store.hits["hit_id"].tolist() == [number for number, _, _ in expected]
    assert store.events["run"].tolist() == [40, 41, 42, 43, 44]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({3: vector(3, stated=4)}, r"says it has \[4\] records, in \[45\] bytes"),
        ({3: vector(3)[:-1]}, r"says it has \[5\] records, in \[44\] bytes"),
        ({4: vector(4)[:8]}, "shorter than its header"),
    ],
)
def test_vectors_that_contradict_themselves(
    tmp_path: Path, change: dict[int, bytes], told: str
) -> None:
    path = write(tmp_path / "a.root", [change.get(event, vector(event)) for event in range(5)])
    with pytest.raises(InputError, match=told) as caught:
        read(path)
    assert (caught.value.reason, caught.value.branch) == (Reason.DAMAGED_FILE, "hits")


def test_another_size_than_that_of_the_schema(tmp_path: Path) -> None:
    path = write(tmp_path / "a.root", [vector(event) for event in range(5)])
    with pytest.raises(InputError, match="the schema takes 10 for each"):
        read(path, size=10)


def test_members_that_are_not_there(tmp_path: Path) -> None:
    path = write(tmp_path / "a.root", [vector(event) for event in range(5)])
    other = schema().model_copy(update={"derive": {"x": "hits.ident"}})
    with pytest.raises(InputError, match="a member 'ident' of the structure"):
        read_samples(other, [Sample("s", (path,))], BadInput())
