"""Folders of events against the stores in memory that they were written from."""

from __future__ import annotations

import copy
import errno
import json
import pickle
import resource
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hitclr.errors import InputError, OutputError, SettingsError
from hitclr.events import EventStore, StoreBuilder
from hitclr.io import Reason
from hitclr.io.feeding import EventFolderWriter, open_events
from hitclr.io.feeding.npy import ColumnForm, NpyWriter, map_npy
from hitclr.testing import make_events

FEATURES = ("charge", "time")
NAMES = {
    "feature_names": FEATURES,
    "feature_units": ("pe", ""),
    "position_unit": "m",
    "class_names": ("muon", "électron"),
    "domain_names": ("nominal",),
    "files": ("a.root", "b\udc80.root"),
}


def make_store(counts, seed=0):
    batch = make_events(seed, counts, FEATURES)
    hits = {name: batch[name] for name in ("x", "pos", "hit_module")}
    hits["hit_flag"] = batch.pos[:, 0] > 0
    events = {name: batch[name] for name in ("y", "event_id", "energy", "domain")}
    events["weight"] = batch.energy.double() * float("nan")
    return EventStore(hits, events, batch.ptr, **NAMES)


def write(folder, stores, metadata=None):
    with EventFolderWriter(folder) as writer:
        for store in stores:
            writer.append(store)
        writer.finish(**NAMES, metadata=metadata)
    return folder


def parts(store, count):
    return [store.select(chosen) for chosen in torch.arange(len(store)).tensor_split(count)]


def columns(thing):
    return {**thing.hits, **thing.events, "ptr": thing.ptr}


def same(first, second):
    """The same columns in the same order, to the bit."""
    assert list(first) == list(second)
    for name, column in first.items():
        assert column.dtype == second[name].dtype, name
        assert column.shape == second[name].shape, name
        assert column.numpy().tobytes() == second[name].numpy().tobytes(), name


@settings(max_examples=25, deadline=None)
@given(data=st.data(), counts=st.lists(st.integers(0, 6), max_size=8), seed=st.integers(0, 99))
def test_any_store_in_any_chunks_comes_back(tmp_path_factory, data, counts, seed):
    store = make_store(counts, seed)
    chunks = data.draw(st.integers(1, len(counts) + 2))
    folder = write(tmp_path_factory.mktemp("events") / "e", parts(store, chunks))
    mapped, _ = open_events(folder)
    same(columns(store), columns(mapped))
    for name, value in NAMES.items():
        assert getattr(mapped, name) == value
    if counts:
        picks = st.lists(st.integers(0, len(counts) - 1), max_size=10)
        chosen = torch.tensor(data.draw(picks), dtype=torch.int64)
        same(columns(store.select(chosen)), columns(mapped.select(chosen)))
        batches = [s.batch(chosen).to_dict() for s in (store, mapped)]
        names = [batch.pop("feature_names").names for batch in batches]
        same(*batches)
        assert names == [FEATURES, FEATURES]


@settings(max_examples=15, deadline=None)
@given(data=st.data(), counts=st.lists(st.integers(0, 2), max_size=8))
def test_clusters_are_joined_as_in_memory(tmp_path_factory, data, counts):
    stores = []
    for part in parts(make_store(counts), data.draw(st.integers(1, 4))):
        inner = data.draw(st.none() | st.lists(st.integers(0, len(part)), max_size=3))
        if inner is not None:
            part = replace(part, clusters=torch.tensor([0, *sorted(inner), len(part)]))
        stores.append(part)
    builder = StoreBuilder()
    for store in stores:
        builder.append(store)
    joined = builder.build()
    mapped, _ = open_events(write(tmp_path_factory.mktemp("events") / "e", stores))
    if mapped.clusters is None:
        assert joined.clusters.tolist() == [0, len(joined)]
    else:
        assert mapped.clusters.tolist() == joined.clusters.tolist()


def test_numpy_reads_the_columns(tmp_path):
    store = make_store((4, 0, 2))
    folder = write(tmp_path / "e", parts(store, 3))
    assert np.array_equal(np.load(folder / "hits" / "pos.npy"), store.hits["pos"])
    assert np.array_equal(np.load(folder / "ptr.npy"), [0, 4, 4, 6])
    assert sorted(path.name for path in folder.iterdir()) == [
        "clusters.npy",
        "events",
        "hits",
        "meta.json",
        "ptr.npy",
    ]


def test_the_header_keeps_its_length_while_rows_come(tmp_path):
    lengths = {len(ColumnForm("<f4", (10**power, 3)).header()) for power in range(16)}
    assert len(lengths) == 1


@pytest.mark.parametrize("counts", [(), (0, 0)])
def test_no_events_and_no_hits(tmp_path, counts):
    mapped, _ = open_events(write(tmp_path / "e", [make_store(counts)]))
    assert len(mapped) == len(counts)
    assert mapped.num_hits == 0
    assert mapped.hits["x"].shape == (0, 2)
    assert mapped.batch(torch.arange(len(counts))).pos.shape == (0, 3)


def test_metadata_come_back(tmp_path):
    metadata = {"title": "µ", "skipped": {"no hits": 3, "rate": 0.1}, "none": None, "t": [1, [2]]}
    _, back = open_events(write(tmp_path / "e", [make_store((1,))], metadata))
    assert back == metadata
    assert open_events(write(tmp_path / "f", [make_store((1,))]))[1] == {}


def test_changes_stay_in_the_process(tmp_path):
    store = make_store((2, 3))
    folder = write(tmp_path / "e", [store])
    mapped, _ = open_events(folder)
    mapped.hits["pos"].zero_()
    mapped.ptr.zero_()
    same(columns(store), columns(open_events(folder)[0]))


def test_a_file_larger_than_memory_is_mapped(tmp_path):
    form = ColumnForm("<f4", (1 << 40, 3))  # 12 TiB, all of it a hole
    path = tmp_path / "column.npy"
    with path.open("wb") as file:
        file.write(form.header())
        file.truncate(len(form.header()) + 12 * (1 << 40))
    column = map_npy(path, form)
    assert column.shape == form.shape
    assert column[-1].tolist() == [0, 0, 0]


def test_the_columns_are_pickled_by_path(tmp_path):
    store = make_store((200, 300))
    mapped, _ = open_events(write(tmp_path / "e", [store]))
    sent = pickle.dumps(mapped)
    assert len(sent) < 3000 < store.hits["pos"].nbytes
    same(columns(store), columns(pickle.loads(sent)))  # noqa: S301
    same(columns(store), columns(copy.deepcopy(mapped)))
    part = mapped.select(torch.tensor([1]))
    same(columns(store.select(torch.tensor([1]))), columns(pickle.loads(pickle.dumps(part))))  # noqa: S301


def test_a_worker_started_by_spawn_gets_them(tmp_path):
    store = make_store((2, 3, 4))
    mapped, _ = open_events(write(tmp_path / "e", [store]))
    loader = torch.utils.data.DataLoader(
        [mapped], batch_size=None, num_workers=1, multiprocessing_context="spawn"
    )
    (back,) = loader
    same(columns(store), columns(back))


def truncations():
    for name in ("meta.json", "ptr.npy", "hits/pos.npy", "hits/hit_flag.npy", "events/y.npy"):
        for left in (0.0, 0.01, 0.3, 0.6, 0.99):
            yield name, left


@pytest.mark.parametrize(("name", "left"), list(truncations()))
def test_truncated_files_are_told(tmp_path, name, left):
    folder = write(tmp_path / "e", [make_store((40, 50))], {"title": "t"})
    path = folder / name
    content = path.read_bytes()
    path.write_bytes(content[: int(left * len(content))])
    with pytest.raises(InputError, match=str(path)) as caught:
        open_events(folder)
    assert caught.value.reason == Reason.DAMAGED_FILE


def test_every_file_is_missed(tmp_path):
    folder = write(tmp_path / "e", [make_store((4, 5))])
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) == 12
    for path in files:
        content = path.read_bytes()
        path.unlink()
        with pytest.raises(InputError) as caught:
            open_events(folder)
        assert caught.value.reason == Reason.DAMAGED_FILE
        path.write_bytes(content)
    open_events(folder)


def edit(folder, **changes):
    path = folder / "meta.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 2}, "expected version 1 of the format, got 2"),
        ({"format": "parquet"}, "expected the format"),
        ({"metadata": 3}, "of another kind"),
        ({"files": None}, "of another kind"),
        ({"hits": {"pos": ["<f4"]}}, "of another kind"),
        ({"hits": {"pos": ["nonsense", [9, 3]]}}, "of another kind"),
        ({"hits": {"pos": [">f4", [9, 3]]}}, "begins differently"),
        ({"hits": {"pos": ["<f4", [9, 4]]}}, "has 236 bytes"),
        ({"events": {}, "ptr": ["<i8", [2]]}, "expected a column"),
        ({"clusters": ["<i8", []]}, "expected a column"),
        ({"hits": {}, "events": {"hits": ["<i8", [3]]}}, "there is none"),
    ],
)
def test_other_metadata_are_told(tmp_path, changes, message):
    folder = write(tmp_path / "e", [make_store((4, 5))])
    edit(folder, **changes)
    with pytest.raises(InputError, match=message) as caught:
        open_events(folder)
    assert caught.value.reason == Reason.DAMAGED_FILE


@pytest.mark.parametrize(
    ("name", "offsets"),
    [
        ("ptr", [1, 4, 9]),
        ("ptr", [0, 4, 8]),
        ("clusters", [1, 2]),
        ("clusters", [0, 1]),
    ],
)
def test_offsets_that_do_not_fit_are_told(tmp_path, name, offsets):
    folder = write(tmp_path / "e", [make_store((4, 5))])
    path = folder / f"{name}.npy"
    wrong = np.array(offsets, dtype=np.int64).tobytes()
    path.write_bytes(path.read_bytes()[: -len(wrong)] + wrong)
    with pytest.raises(InputError, match="expected offsets"):
        open_events(folder)


def test_a_header_of_another_column_is_told(tmp_path):
    folder = write(tmp_path / "e", [make_store((4, 5))])
    path = folder / "hits" / "pos.npy"
    path.write_bytes(path.read_bytes().replace(b"<f4", b"<i4"))
    with pytest.raises(InputError, match="begins differently"):
        open_events(folder)


def other_stores():
    base = make_store((2,))

    def changed(**changes):
        kept = {"hits": base.hits, "events": base.events, "ptr": base.ptr, **NAMES}
        return EventStore(**{**kept, **changes})

    fewer = {name: column for name, column in base.events.items() if name != "energy"}
    yield changed(events=fewer), "expected the columns of the stores before, events"
    yield changed(hits={**base.hits, "pos": base.hits["pos"].double()}), "stores before, hits"
    yield changed(hits={**base.hits, "pos": base.hits["pos"][:, :2]}), "stores before, hits"
    yield changed(feature_names=("time", "charge")), "expected the features of the stores before"
    yield changed(feature_names=("charge",)), "expected a name for each column of x"
    yield changed(hits={**base.hits, "pos": base.hits["pos"][1:]}), "2 rows, got 'pos'"
    yield changed(ptr=torch.tensor([1, 2])), "expected offsets of hits from 0"
    yield changed(clusters=torch.tensor([0, 2])), r"of clusters from 0 to 1, got \[0, 0, 2\]"
    yield changed(events={**base.events, "../y": base.labels}), "with a name for Python"
    yield changed(events={**base.events, "energy": base.events["energy"].bfloat16()}), "bfloat16"


@pytest.mark.parametrize(("store", "message"), list(other_stores()))
def test_other_stores_are_refused_before_anything_is_written(tmp_path, store, message):
    good = make_store((2, 1))
    with EventFolderWriter(tmp_path / "e") as writer:
        writer.append(good)
        with pytest.raises(OutputError, match=message):
            writer.append(store)
        writer.finish(**NAMES)
    same(columns(good), columns(open_events(tmp_path / "e")[0]))


def test_the_end_needs_events_their_features_and_plain_metadata(tmp_path):
    with EventFolderWriter(tmp_path / "e") as writer:
        with pytest.raises(OutputError, match="expected events before the end"):
            writer.finish(**NAMES)
        writer.append(make_store((2,)))
        with pytest.raises(OutputError, match="expected the feature names of the stores"):
            writer.finish(**{**NAMES, "feature_names": ("charge",)})
        with pytest.raises(SettingsError, match=r"metadata\.a\[1\]: expected a finite number"):
            writer.finish(**NAMES, metadata={"a": [1.0, float("nan")]})
        writer.finish(**NAMES)
        with pytest.raises(OutputError, match="the writer is finished"):
            writer.append(make_store((2,)))


def test_without_the_end_there_are_no_events(tmp_path):
    with (
        pytest.raises(OutputError, match="expected a call of finish"),
        EventFolderWriter(tmp_path / "e") as writer,
    ):
        writer.append(make_store((2,)))
    with pytest.raises(InputError, match="written last"):
        open_events(tmp_path / "e")


def test_a_folder_that_is_there_is_not_written_into(tmp_path):
    write(tmp_path / "e", [make_store((2,))])
    with pytest.raises(OutputError, match=r"cannot write .*/e: File exists\n  what to do"):
        EventFolderWriter(tmp_path / "e")


@pytest.fixture
def small_files():
    """No file may become larger than 20 kB."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_after_a_step_that_failed_there_is_no_going_on(tmp_path, small_files):
    writer = EventFolderWriter(tmp_path / "e")
    writer.append(make_store((1000,)))
    with pytest.raises(OutputError, match=r"cannot write .*: File too large\n  what to do"):
        writer.append(make_store((1000,)))
    with pytest.raises(OutputError, match="the writer is broken"):
        writer.finish(**NAMES)
    with pytest.raises(OutputError, match="the writer is broken"), writer:
        pass
    assert not (tmp_path / "e" / "meta.json").exists()


@pytest.mark.parametrize("method", ["append", "finish"])
def test_a_full_disk(monkeypatch, tmp_path, method):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(NpyWriter, method, full)
    with pytest.raises(OutputError, match="No space left on device"):
        write(tmp_path / "e", [make_store((2,))])
    assert not (tmp_path / "e" / "meta.json").exists()
