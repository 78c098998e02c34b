"""Cut files and flipped bytes: the events are right, or an error names what is wrong.

What no reader can notice is left out, since the format states it once and without a checksum: the
values in an uncompressed basket or page, and in a zstd block, which ROOT and uproot write without
zstd's optional checksum. For such bytes the number of events is still right, or an error comes.
`DAMAGE_EXAMPLES` in the environment sets the number of flips for each format.
"""

from __future__ import annotations

import os
import resource
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hitclr.errors import InputError
from hitclr.io import BadInput, Reason, Sample, load_schema, read_samples

EXAMPLES = int(os.environ.get("DAMAGE_EXAMPLES", "15"))
EVENTS = 36
COMPRESSIONS = {
    "none": None,
    "zlib": uproot.ZLIB(4),
    "lz4": uproot.LZ4(4),
    "zstd": uproot.ZSTD(4),
}
FORMATS = [f"{kind}-{name}" for kind in ("ttree", "rntuple") for name in COMPRESSIONS]
SCHEMA = load_schema(
    {
        "name": "damage",
        "tree": "events",
        "positions": {"branches": ["hit_x", "hit_y", "hit_z"], "unit": "cm"},
        "features": [
            {"name": "charge", "branch": "hit_q"},
            {"name": "t", "branch": "hit_t", "relative_to": "median"},
        ],
        "hit_columns": {"module": "hit_module"},
        "observers": {"run": "run"},
        "key": "number",
    }
)


FLIPS = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


class HangError(BaseException):
    """Reading took too long; no `Exception`, so that nothing turns it into an error of a file."""


@pytest.fixture(autouse=True)
def _limits():
    """At most 2 GiB more memory than at the start."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 2 * 2**30, hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _stop(*_: Any) -> None:
    raise HangError


def read(files: list[Path], policy: str = "raise") -> tuple[Any, BadInput]:
    """The events of some files, within 20 seconds."""
    bad_input = BadInput(policy)
    before = signal.signal(signal.SIGALRM, _stop)
    signal.setitimer(signal.ITIMER_REAL, 20)
    try:
        return read_samples(SCHEMA, [Sample("s", tuple(files), label="a")], bad_input), bad_input
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def columns(seed: int) -> dict[str, ak.Array]:
    """36 events with 12 to 30 hits of few different values, so that they compress."""
    random = np.random.default_rng(seed)
    counts = random.integers(12, 30, EVENTS)
    total = int(counts.sum())
    found = {
        f"hit_{name}": ak.unflatten((random.integers(-4, 5, total) * 0.5).astype("f4"), counts)
        for name in "xyzq"
    }
    found["hit_t"] = ak.unflatten(random.integers(0, 9, total) * 1e6, counts)
    found["hit_module"] = ak.unflatten(random.integers(0, 50, total).astype("i4"), counts)
    found["run"] = ak.Array(random.integers(0, 9, EVENTS).astype("i4"))
    found["number"] = ak.Array(1000 * seed + np.arange(EVENTS))
    return found


def write(path: Path, name: str, seed: int = 1, parts: int = 3) -> Path:
    """A file with the events in several baskets or clusters."""
    kind, compression = name.split("-")
    whole = columns(seed)
    step = EVENTS // parts
    with uproot.recreate(path, compression=COMPRESSIONS[compression]) as file:
        if kind == "ttree":
            types = {name: array.type.content for name, array in whole.items()}
            tree = file.mktree("events", types, counter_name=lambda branch: f"n_{branch}")
        else:
            empty = {name: array[:0] for name, array in whole.items()}
            tree = file.mkrntuple("events", ak.zip(empty, depth_limit=1))
        for start in range(0, EVENTS, step):
            part = {name: array[start : start + step] for name, array in whole.items()}
            tree.extend(part if kind == "ttree" else ak.zip(part, depth_limit=1))
    return path


def unverifiable(path: Path) -> np.ndarray:
    """Which bytes of a good file [bytes] hold values without a checksum."""
    silent = np.zeros(path.stat().st_size, dtype=np.bool_)
    with uproot.open(path) as file:
        tree = file["events"]
        if isinstance(tree, uproot.TTree):
            for branch in tree.itervalues():
                for index, start in enumerate(branch.member("fBasketSeek")[: branch.num_baskets]):
                    basket = branch.basket(index)
                    body = start + basket.member("fKeylen")
                    packed = basket.block_compression_info
                    if packed is None:
                        silent[body : body + basket.border] = True
                    elif packed[0][0] == "ZSTD":
                        silent[body : start + basket.member("fNbytes")] = True
            return silent
        for cluster in tree.page_link_list:
            for page in (page for column in cluster for page in column.pages):
                start = page.locator.offset
                stop = start + page.locator.num_bytes
                if path.read_bytes()[start : start + 2] not in (b"ZL", b"L4"):
                    silent[start:stop] = True
    return silent


def arrays(store: Any) -> dict[str, np.ndarray]:
    found = {**store.hits, **store.events, "ptr": store.ptr}
    return {name: column.numpy() for name, column in found.items()}


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return one.keys() == other.keys() and all(
        one[name].dtype == other[name].dtype
        and one[name].shape == other[name].shape
        and one[name].tobytes() == other[name].tobytes()
        for name in one
    )


@dataclass(repr=False)
class Case:
    """A good file, its events, and a place for its damaged copies."""

    good: Path
    beside: Path
    bad: Path
    raw: bytes
    events: dict[str, np.ndarray]
    both: dict[str, np.ndarray]
    silent: np.ndarray

    def flipped(self, position: int, mask: int) -> Path:
        content = bytearray(self.raw)
        content[position] ^= mask
        self.bad.write_bytes(content)
        return self.bad

    def check(self) -> InputError | None:
        """Read the damaged file both ways; the error where there is one.

        Under ``skip`` a good file lies beside it, whose events must all be there.
        """
        error = None
        try:
            store, _ = read([self.bad])
        except InputError as caught:
            error = caught
        if error is not None:
            assert error.file == str(self.bad)
            store, bad_input = read([self.bad, self.beside], "skip")
            rows = bad_input.table()
            if rows[0]["unit"] == "file":
                assert [(row["reason"], row["count"]) for row in rows] == [(error.reason, 1)]
                assert len(store) == EVENTS
            else:
                assert len(store) == 2 * EVENTS - sum(int(row["count"]) for row in rows)
            self.compare(store)
            return error
        assert same(arrays(store), self.events)
        store, bad_input = read([self.bad, self.beside], "skip")
        assert bad_input.table() == []
        assert same(arrays(store), self.both)
        return None

    def compare(self, store: Any) -> None:
        """Every event that is there is the one with its id among the good ones."""
        whole = self.both
        ids = store.events["event_id"].numpy()
        rows = ids[:, 0] * EVENTS + ids[:, 1]
        hits = np.concatenate([np.arange(whole["ptr"][row], whole["ptr"][row + 1]) for row in rows])
        for name, column in store.hits.items():
            assert column.numpy().tobytes() == whole[name][hits].tobytes(), name
        for name, column in store.events.items():
            assert column.numpy().tobytes() == whole[name][rows].tobytes(), name


@pytest.fixture(scope="module", params=FORMATS)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    return make_case(tmp_path_factory.mktemp("damage"), request.param)


def make_case(folder: Path, name: str) -> Case:
    good, beside = write(folder / "good.root", name), write(folder / "beside.root", name, 2)
    return Case(
        good,
        beside,
        folder / "bad.root",
        good.read_bytes(),
        arrays(read([good])[0]),
        arrays(read([good, beside])[0]),
        unverifiable(good),
    )


def test_the_good_files_are_as_the_tests_need_them(case):
    assert len(case.events["y"]) == EVENTS
    with uproot.open(case.good) as file:
        tree = file["events"]
        if isinstance(tree, uproot.TTree):
            assert all(branch.num_baskets == 3 for branch in tree.itervalues())
        else:
            assert len([c for c in tree.cluster_summaries if c.num_entries]) == 3


@pytest.mark.parametrize("tenth", range(10))
def test_cut_at_every_tenth(case, tenth):
    case.bad.write_bytes(case.raw[: len(case.raw) * tenth // 10])
    error = case.check()
    assert error is not None
    assert error.reason == Reason.DAMAGED_FILE


@pytest.mark.parametrize("length", [1, 3, 4, 8, 16, 20, 40, 100, 200, 300, -100, -1])
def test_cut_within_the_header_or_near_the_end(case, length):
    case.bad.write_bytes(case.raw[:length])
    error = case.check()
    assert error is not None
    assert error.reason in (Reason.DAMAGED_FILE, Reason.NOT_ROOT)


@FLIPS
@given(place=st.integers(0, 2**32), mask=st.integers(1, 255))
def test_flipped_bytes_anywhere_else(case, place, mask):
    places = np.flatnonzero(~case.silent)
    case.flipped(int(places[place % len(places)]), mask)
    case.check()


@FLIPS
@given(place=st.integers(0, 2**32), mask=st.integers(1, 255))
def test_flipped_values_without_checksum_leave_the_number_of_events(case, place, mask):
    places = np.flatnonzero(case.silent)
    if len(places) == 0:
        return
    bad = case.flipped(int(places[place % len(places)]), mask)
    try:
        store, _ = read([bad])
    except InputError as caught:
        error: InputError | None = caught
    else:
        error = None
        assert len(store) == EVENTS
    assert error is None or error.file == str(bad)
