"""Real files, cut and with flipped bytes: the right events, or an error that names the file.

The files are compressed with zlib, whose checksum covers the values and the description of the
tree. What it leaves open are the headers of objects and baskets, and the few baskets that did not
become smaller.
"""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
import uproot
from hitclr_km3net import OFFLINE, OFFLINE_SNAPSHOT
from km3net_testdata import data_path

from hitclr.errors import InputError
from hitclr.io import BadInput, Reason, Sample, read_samples

FLIPS = int(os.environ.get("DAMAGE_EXAMPLES", "12"))
FILES = {
    "usr-sample": (OFFLINE, 3),
    "mcv5.1.genhen_anumuNC.sirene.jte.jchain.aashower.sample": (OFFLINE_SNAPSHOT, 10),
}


def stop(*_):
    pytest.fail("reading does not end")


def read(schema, files, policy="raise"):
    bad_input = BadInput(policy)
    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 60)
    try:
        store = read_samples(schema, [Sample("s", tuple(files), label="any")], bad_input)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    columns = {**store.hits, **store.events, "ptr": store.ptr}
    return {name: column.numpy() for name, column in columns.items()}, bad_input


def same(one, other):
    return one.keys() == other.keys() and all(
        one[name].shape == other[name].shape and one[name].tobytes() == other[name].tobytes()
        for name in one
    )


@pytest.fixture(scope="module", params=FILES)
def case(request, tmp_path_factory):
    schema, number = FILES[request.param]
    good = Path(data_path(f"offline/{request.param}.root"))
    events, _ = read(schema, [good])
    assert len(events["y"]) == number
    return schema, good, events, tmp_path_factory.mktemp("damage") / "bad.root"


def check(case):
    """The error of the damaged file, or None where its events are right."""
    schema, good, events, bad = case
    number = len(events["y"])
    try:
        found, _ = read(schema, [bad])
    except InputError as caught:
        error = caught
    else:
        assert same(found, events)
        return None
    assert error.file == str(bad)
    found, bad_input = read(schema, [bad, good], "skip")
    rows = bad_input.table()
    if rows[0]["unit"] == "file":
        assert [(row["reason"], row["count"]) for row in rows] == [(error.reason, 1)]
    skipped = number if rows[0]["unit"] == "file" else sum(int(row["count"]) for row in rows)
    assert len(found["y"]) == 2 * number - skipped
    return error


@pytest.mark.parametrize("tenth", range(10))
def test_cut_at_every_tenth(case, tenth):
    _, good, _, bad = case
    raw = good.read_bytes()
    bad.write_bytes(raw[: len(raw) * tenth // 10])
    error = check(case)
    assert error is not None
    assert error.reason == Reason.DAMAGED_FILE


def places(good, where):
    """Byte positions in the file's own descriptions, or in what the schema reads."""
    with uproot.open(good) as file:
        tree = file["E"]
        headers, bodies = set(range(300)), set()
        headers |= set(range(file.fSeekKeys, file.fSeekKeys + file.fNbytesKeys))
        start = file.key("E").fSeekKey
        headers |= set(range(start, start + file.key("E").fNbytes))
        for branch in tree.itervalues(recursive=True, filter_name="hits*"):
            for index in range(branch.num_baskets):
                basket = branch.basket(index)
                start = int(branch.member("fBasketSeek")[index])
                body = start + basket.member("fKeylen")
                headers |= set(range(start, body))
                if basket.block_compression_info is not None:
                    bodies |= set(range(body, start + basket.member("fNbytes")))
    return np.array(sorted(headers if where == "headers" else bodies))


@pytest.mark.parametrize("where", ["headers", "baskets"])
def test_flipped_bytes(case, where):
    _, good, _, bad = case
    raw = good.read_bytes()
    chosen = np.random.default_rng(7)
    there = places(good, where)
    outcomes = []
    for _ in range(FLIPS):
        content = bytearray(raw)
        place = int(chosen.choice(there))
        mask = int(chosen.integers(1, 256))
        content[place] ^= mask
        bad.write_bytes(content)
        try:
            outcomes.append(check(case))
        except Exception as fault:
            fault.add_note(f"byte {place}, mask {mask}")
            raise
    assert any(outcome is not None for outcome in outcomes)
