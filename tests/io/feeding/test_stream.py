"""Streaming: the same batches as from memory, with bounded blocks, for any order of steps."""

from __future__ import annotations

import dataclasses
import gc
import pickle
import threading

import numpy as np
import pytest
import torch

from hitclr.data import BatchPlan
from hitclr.errors import InputError
from hitclr.events import blocks_of
from hitclr.io import BadInput, Sample, StoredFeed, load_schema, read_samples
from hitclr.io.feeding import StreamedFeed, event_files, hit_memory, stream

COUNTS = (40, 7, 25)


@pytest.fixture(scope="module")
def schema(toy_schema):
    return load_schema({**toy_schema, "max_hits": 17})


@pytest.fixture(scope="module")
def samples(tmp_path_factory, make_columns, write):
    folder = tmp_path_factory.mktemp("stream")
    files = [
        write(folder / f"{n}.root", make_columns(count, n, "track"), baskets=8)
        for n, count in enumerate(COUNTS)
    ]
    return [Sample("a", tuple(files[:2])), Sample("b", (files[2],))]


@pytest.fixture(scope="module")
def store(schema, samples):
    return read_samples(schema, samples, BadInput("skip"))


def streamed(store, schema, samples, buffer=64, **options):
    index = dataclasses.replace(store, hits={})
    return StreamedFeed(index, schema, samples, buffer, **options)


def same(one, two):
    assert sorted(one.keys()) == sorted(two.keys())
    for name in one.keys():  # noqa: SIM118 - a PyG batch iterates over pairs
        if isinstance(one[name], torch.Tensor):
            assert one[name].dtype == two[name].dtype
            assert torch.equal(one[name], two[name]), name
    return True


def test_the_store_knows_its_clusters(store):
    events = store.clusters.tolist()
    assert events[0] == 0
    assert events[-1] == len(store) < sum(COUNTS)
    ids = store.events["event_id"]
    for border in events[1:-1]:
        before, after = ids[border - 1].tolist(), ids[border].tolist()
        assert before[0] != after[0] or before[1] // 8 != after[1] // 8
    assert len(events) == 1 + 5 + 1 + 4


@pytest.mark.parametrize("buffer", [8, 24, 64, 1000])
@pytest.mark.parametrize("threads", [1, 2])
def test_batches_are_those_from_memory(store, schema, samples, buffer, threads):
    feed = streamed(store, schema, samples, buffer, threads=threads)
    plan = BatchPlan(
        torch.arange(len(store))[::2],
        5,
        3,
        blocks=blocks_of(store, buffer),
        buffer=buffer,
    )
    for epoch in range(2):
        steps = plan.steps(epoch)
        expected = list(StoredFeed(store).batches(steps))
        found = list(feed.batches(steps))
        assert len(found) == len(expected) == len(plan)
        assert all(same(a, b) for a, b in zip(found, expected, strict=True))


def test_no_steps_and_steps_far_apart(store, schema, samples):
    feed = streamed(store, schema, samples)
    assert list(feed.batches([])) == []
    steps = [torch.tensor([0, 20, len(store) - 1]), torch.tensor([1]), torch.tensor([0, 21])]
    for found, events in zip(feed.batches(steps), steps, strict=True):
        assert same(found, store.batch(events))


def most_held(plan, steps):
    """The largest number of blocks between their first use and their last."""
    dropped = set()
    most = 0
    for step in range(steps):
        most = max(most, len(set(plan.order[: plan.needed(step)]) - dropped))
        dropped |= set(plan.done(step))
    return most


def test_few_blocks_are_held_at_a_time(store, schema, samples, monkeypatch):
    """Those between first and last use, and two ahead: not all that were read."""
    plan = stream._Plan(BatchPlan(torch.arange(len(store)), 4, None).steps(0), blocks_of(store, 64))
    assert most_held(plan, len(store) // 4) <= 2
    assert sorted(plan.order) == plan.order == list(range(len(blocks_of(store, 64)) - 1))


def test_a_shuffled_order_needs_the_buffer_only(schema):
    """No more events lie between the first use of a block and its last than the buffer has."""
    ptr = torch.arange(4001)
    from hitclr.events import EventStore

    large = EventStore({}, {}, ptr, (), clusters=torch.arange(0, 4001, 20))
    buffer = 400
    blocks = blocks_of(large, buffer)
    plan = BatchPlan(torch.arange(4000), 10, 1, blocks=blocks, buffer=buffer)
    steps = plan.steps(0)
    needs = stream._Plan(steps, blocks)
    assert most_held(needs, len(steps)) * 20 <= buffer + 3 * 20
    order = torch.cat(list(steps))
    assert sorted(order.tolist()) == list(range(4000))
    mixed = [len({int(e) // 20 for e in step}) for step in steps]
    assert min(mixed) > 3, "each step has events of many blocks, also at both ends"


def test_a_file_that_changed_is_named(store, schema, samples, tmp_path, make_columns, write):
    other = write(tmp_path / "other.root", make_columns(40, 77, "track"), baskets=8)
    changed = [dataclasses.replace(samples[0], files=(other, samples[0].files[1])), samples[1]]
    with pytest.raises(InputError, match=r"the file .sample 'a'. was changed since") as caught:
        list(streamed(store, schema, changed).batches([torch.arange(10)]))
    assert caught.value.file == str(other)
    gone = [dataclasses.replace(samples[0], files=(tmp_path / "no.root",) * 2), samples[1]]
    with pytest.raises(InputError, match="no such file"):
        list(streamed(store, schema, gone).batches([torch.arange(10)]))


def test_a_file_in_use_stays_open(store, schema, samples, monkeypatch):
    """Several threads read from more files than stay open."""
    monkeypatch.setattr(event_files, "_OPEN_FILES", 1)
    files = event_files.EventFiles(store, schema, samples, 1)
    number = store.events["event_id"][:, 0]
    first, second, third = (torch.nonzero(number == n)[:, 0] for n in range(3))
    with files._opened(0):
        files.read(second)
        assert torch.equal(files.read(first).hits["pos"], store.select(first).hits["pos"])
        files.read(third)
        assert list(files._open) == [0, 2], "of those that nobody uses, the oldest was closed"
    files.close()


def reading_threads():
    return [thread for thread in threading.enumerate() if "hitclr-stream" in thread.name]


def test_leaving_early_ends_the_reading(store, schema, samples, monkeypatch):
    closed = []
    close = event_files.EventFiles.close
    monkeypatch.setattr(
        event_files.EventFiles, "close", lambda files: closed.append(files) or close(files)
    )
    steps = BatchPlan(torch.arange(len(store)), 4, None).steps(0)
    feed = streamed(store, schema, samples, threads=2)
    before = set(reading_threads())
    batches = feed.batches(steps)
    next(batches)
    assert len(set(reading_threads()) - before) == 2
    batches.close()
    assert len(closed) == 1
    for found, events in zip(feed.batches(steps), steps, strict=True):
        assert same(found, store.batch(events))
    assert len(set(reading_threads()) - before) == 2, "an epoch goes on with the threads there are"
    mine = set(reading_threads()) - before
    del feed, batches
    gc.collect()
    for thread in mine:
        thread.join(timeout=10)
        assert not thread.is_alive()


def test_a_feed_goes_to_another_process(store, schema, samples):
    feed = streamed(store, schema, samples)
    steps = [torch.arange(5)]
    first = next(iter(feed.batches(steps)))
    sent = pickle.loads(pickle.dumps(feed))  # noqa: S301 - made here
    assert same(first, next(iter(sent.batches(steps))))


def test_the_memory_of_a_block_is_used_again(store):
    memory = hit_memory.HitMemory(10)
    one, two = store.select(torch.tensor([0, 3])), store.select(torch.tensor([5]))
    kept = memory.keep(one)
    assert same(kept.store.batch(torch.arange(2)), one.batch(torch.arange(2)))
    place = {name: column.data_ptr() for name, column in kept.store.hits.items()}
    memory.drop(kept)
    again = memory.keep(two)
    assert {name: column.data_ptr() for name, column in again.store.hits.items()} == place
    assert same(again.store.batch(torch.tensor([0])), two.batch(torch.tensor([0])))
    third = memory.keep(store)  # has more hits than was said
    assert same(third.store.batch(torch.arange(len(store))), store.batch(torch.arange(len(store))))
    assert same(again.store.batch(torch.tensor([0])), two.batch(torch.tensor([0])))


def test_more_files_than_stay_open(schema, tmp_path, make_columns, write):
    files = tuple(write(tmp_path / f"{n}.root", make_columns(3, n, "track")) for n in range(12))
    samples = [Sample("many", files)]
    store = read_samples(schema, samples, BadInput("skip"))
    steps = [torch.arange(len(store)), torch.tensor([0, 5, len(store) - 1])]
    for found, events in zip(streamed(store, schema, samples).batches(steps), steps, strict=True):
        assert same(found, store.batch(events))
    assert np.unique(store.events["event_id"][:, 0]).size == 12
