"""Feeds through the cache: what was read, and skipped, is the same the second time."""

from __future__ import annotations

import pytest
import torch

from hitclr.errors import InputError
from hitclr.io import BadInput, LabelRule, Reason, Sample, load_schema
from hitclr.io.feeding import Cache, list_entries, open_feed
from hitclr.io.reading import iterate


@pytest.fixture
def root(tmp_path):
    return tmp_path / "cache"


def opened(kind, schema, samples, root, policy="skip", **options):
    bad = BadInput(policy)
    cache = None if root is None else Cache(root)
    return open_feed(kind, schema, samples, bad, cache, buffer=32, **options), bad


def same(one, two):
    assert list(one.events) == list(two.events)
    assert [n for n in one.events if one.events[n].dtype != two.events[n].dtype] == []
    assert (one.class_names, one.files) == (two.class_names, two.files)
    assert torch.equal(one.ptr, two.ptr)
    assert torch.equal(one.clusters, two.clusters)
    return all(
        torch.equal(one.events[n].nan_to_num(), two.events[n].nan_to_num()) for n in one.events
    )


def test_what_was_skipped_is_counted_again(toy_schema, toy_files, tmp_path, root):
    bad_file = tmp_path / "cut.root"
    bad_file.write_bytes(toy_files["track"].read_bytes()[:3000])
    schema = load_schema({**toy_schema, "max_hits": 15})
    samples = [Sample("track", (toy_files["track"], bad_file)), Sample("x", (toy_files["shower"],))]
    plain, counted = opened("memory", schema, samples, None)
    assert {row["reason"] for row in counted.table()} == {"too many hits", "damaged file"}
    for kind in ("mapped", "memory", "stream"):
        for _ in range(2):
            feed, again = opened(kind, schema, samples, root)
            assert same(feed.store, plain.store)
            assert again.table() == counted.table()
    assert len(list_entries(root)) == 2, "one with hits, one without"
    with pytest.raises(InputError, match="15 hits"):
        opened("mapped", schema, samples, root, policy="raise")


def test_a_file_that_breaks_off_is_taken_back_whole(
    toy_schema, make_columns, write, tmp_path, root, monkeypatch
):
    schema = load_schema(toy_schema)
    files = [write(tmp_path / f"{n}.root", make_columns(20, n, "track"), baskets=5) for n in (1, 2)]
    monkeypatch.setattr(iterate, "_CHUNK_BYTES", 100)
    judge_events = iterate.judge_events

    def breaking_off(*arguments):
        if arguments[0].file == files[0] and arguments[5] >= 10:
            raise InputError("cut", reason=Reason.DAMAGED_FILE, file=files[0])
        return judge_events(*arguments)

    monkeypatch.setattr(iterate, "judge_events", breaking_off)
    for kind in ("memory", "mapped", "stream"):
        feed, counted = opened(kind, schema, [Sample("a", tuple(files))], root)
        assert set(feed.store.events["event_id"][:, 0].tolist()) == {1}
        assert feed.store.events["event_id"][:, 1].tolist() == list(range(20))
        assert [(row["unit"], row["count"]) for row in counted.table()] == [("file", 1)]
        steps = [torch.arange(7), torch.arange(7, 20)]
        assert sum(batch.num_graphs for batch in feed.batches(steps)) == 20


def test_observers_of_several_types_and_lacking_ones(
    toy_schema, make_columns, write, tmp_path, root
):
    whole, bare = make_columns(8, 1, "track"), make_columns(8, 2, "track")
    del bare["run"]
    samples = [
        Sample("mc", (write(tmp_path / "mc.root", whole),)),
        Sample("data", (write(tmp_path / "data.root", bare),), labelled=False),
    ]
    schema = load_schema(toy_schema)
    for kind in ("memory", "mapped", "stream"):
        run = opened(kind, schema, samples, root)[0].store.events["run"]
        assert run.dtype == torch.float64
        assert run[:8].tolist() == [17] * 8
        assert bool(run[8:].isnan().all())


def test_another_order_of_classes_is_another_entry(toy_schema, toy_files, root):
    files = (toy_files["track"], toy_files["shower"])
    schema = load_schema(toy_schema)
    rules = [{"track": [13, -13], "shower": [11, -11]}, {"shower": [11, -11], "track": [13, -13]}]
    for rule in rules:
        samples = [Sample("all", files, LabelRule(columns="pdg", classes=rule))]
        feed, _ = opened("mapped", schema, samples, root)
        assert feed.store.class_names == tuple(rule)
        assert feed.store.labels[0] == list(rule).index("track")


def test_a_changed_file_is_read_anew(toy_schema, make_columns, write, tmp_path, root):
    path = write(tmp_path / "a.root", make_columns(8, 1, "track"))
    schema, samples = load_schema(toy_schema), [Sample("a", (path,))]
    assert len(opened("mapped", schema, samples, root)[0].store) == 8
    write(path, make_columns(9, 2, "track"))
    assert len(opened("mapped", schema, samples, root)[0].store) == 9


def test_what_is_not_in_memory_needs_a_cache(toy_schema, toy_files):
    with pytest.raises(ValueError, match="needs a cache"):
        opened("stream", load_schema(toy_schema), [Sample("a", (toy_files["track"],))], None)
