"""What a ROOT file says twice: counts, places and checksums that uproot does not compare.

A flipped byte in uncompressed metadata leaves a file that opens: with fewer entries, an older
cycle of the tree, or a basket that belongs to another branch. The format states most such things
in two places. Here they are compared. What it states once, the values in an uncompressed basket
or page without checksum, no reader can verify.
"""

from __future__ import annotations

import copy
import struct
from typing import Any

import awkward as ak
import numpy as np
import uproot
import xxhash

from hitclr.errors import HitclrError
from hitclr.io.schema import Record

__all__ = [
    "ContradictionError",
    "check_branch",
    "check_keys",
    "check_lists",
    "check_pages",
    "check_tree",
    "checked",
]

_KEY = ("fNbytes", "fObjlen", "fKeylen", "fCycle", "fSeekKey", "fSeekPdir", "fClassName", "fName")
_CHECKSUM = struct.Struct("<Q")
_VECTOR = struct.Struct(">IHI")  # the bytes that follow, a version, how many there are


class ContradictionError(HitclrError):
    """Two statements of a file about itself differ."""


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise ContradictionError(what)


def check_keys(directory: Any, classes: tuple[str, ...]) -> None:
    """Compare the list of objects of one directory with the objects' own headers.

    Against a list that is too short, and a name or cycle that leads to another version of a tree.

    Args:
        directory: the uproot directory that holds the objects.
        classes: the class names of the objects to compare.

    Raises:
        ContradictionError: they differ.
    """
    place, length = directory.fSeekKeys, directory.fNbytesKeys
    if place == 0:
        return
    chunk = directory.file.source.chunk(place, place + length)
    cursor = uproot.source.cursor.Cursor(place)
    _key(directory, chunk, cursor)  # the list's own
    (number,) = struct.unpack(">I", cursor.bytes(chunk, 4, {}).tobytes())
    keys = [_key(directory, chunk, cursor) for _ in range(number)]
    # Some writers reserve more room than they need, and fill it with zeros.
    _require(
        not chunk.remainder(cursor.index, cursor, {}).any(),
        f"the list of objects goes on after the {number} that it says it has",
    )
    for key in keys:
        if key.fClassName not in classes:
            continue
        own = _key_at(directory, key.fSeekKey, key.fKeylen)
        for member in _KEY:
            listed, stated = getattr(key, member), getattr(own, member)
            _require(
                listed == stated,
                f"the list of objects says {member} = {listed!r} of {key.fName!r}, the object "
                f"itself {stated!r}",
            )


def _key(parent: Any, chunk: Any, cursor: Any) -> Any:
    """The description of an object at a place in the file; the cursor moves on behind it."""
    return uproot.reading.ReadOnlyKey(chunk, cursor, {}, parent.file, parent, read_strings=True)


def _key_at(parent: Any, place: int, length: int) -> Any:
    chunk = parent.file.source.chunk(place, place + length)
    return _key(parent, chunk, uproot.source.cursor.Cursor(place))


def check_tree(tree: Any) -> None:
    """Compare what a tree says about all its branches, once a file.

    Of a TTree, the baskets of all branches must lie apart and within the file, and the table of
    their first entries must rise from 0. Of an RNTuple, the lists of its pages must have their
    checksums; uproot compares those of its header and footer itself.

    Raises:
        ContradictionError: something does not fit.
    """
    if isinstance(tree, uproot.behaviors.RNTuple.HasFields):
        _check_page_lists(tree)
        return
    starts, stops = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for branch in tree.itervalues(recursive=True):
        number = branch.num_baskets - len(branch.embedded_baskets)
        entries = branch.member("fBasketEntry")[: number + 1]
        _require(
            number == 0 or (entries[0] == 0 and bool(np.all(np.diff(entries) >= 0))),
            f"the first entries of the baskets of {branch.name!r} do not rise from 0",
        )
        place = branch.member("fBasketSeek")[:number].astype(np.int64)
        starts.append(place)
        stops.append(place + branch.member("fBasketBytes")[:number])
    start, stop = np.concatenate(starts), np.concatenate(stops)
    order = np.argsort(start, kind="stable")
    start, stop = start[order], stop[order]
    apart = np.all(start < stop) and np.all(stop[:-1] <= start[1:])
    _require(
        bool(apart and (not len(start) or stop[-1] <= tree.file.fEND)),
        "the baskets of the branches overlap or lie outside the file",
    )


def _check_page_lists(ntuple: Any) -> None:
    for record in ntuple.footer.cluster_group_records:
        link = record.page_list_link
        chunk, cursor = ntuple.read_locator(link.locator, link.env_uncomp_size)
        raw = chunk.get(cursor.index, cursor.index + link.env_uncomp_size, cursor, {}).tobytes()
        (stated,) = _CHECKSUM.unpack(raw[-_CHECKSUM.size :])
        found = xxhash.xxh3_64_intdigest(raw[: -_CHECKSUM.size])
        _require(stated == found, "the list of pages has not the checksum that it states")


def check_branch(tree: Any, name: str) -> None:
    """Check that a branch has as many entries as the tree, and the name that its baskets have.

    Writers do give two branches one name; only then are the baskets looked at.

    Raises:
        ContradictionError: it is not so.
        ValueError: from uproot, the entries of the branch's baskets are not those of the branch.
    """
    if isinstance(tree, uproot.behaviors.RNTuple.HasFields):
        return
    number = tree[name].num_entries
    _require(
        number == tree.num_entries,
        f"the branch has {number} entries, the tree {tree.num_entries}",
    )
    _ = tree[name].entry_offsets  # uproot adds the baskets' entries up, and raises
    if list(tree.keys(recursive=True)).count(name) == 1:
        return
    for path, branch in tree.iteritems(recursive=True):
        if path == name and branch.num_baskets > len(branch.embedded_baskets):
            place, length = branch.member("fBasketSeek")[0], branch.member("fBasketBytes")[0]
            own = _key_at(tree, int(place), int(length)).fName
            _require(
                own == branch.name,
                f"a branch is called {branch.name!r} as another one, its baskets {own!r}",
            )


def checked(branch: Any, record: Record | None = None) -> Any:
    """The interpretation of a TTree's branch that also checks each basket that it gets.

    A basket states its length and number of entries, as the branch does; the entries that it
    divides its bytes into must follow one another. A vector of records states how many it has.

    Args:
        branch: the uproot branch.
        record: what its bytes are; None for what the file says.
    """
    interpretation = copy.copy(branch.interpretation) if record is None else _reading(record)
    offsets = branch.entry_offsets
    lengths = branch.member("fBasketBytes")

    def check(*, basket: Any, byte_offsets: Any, **_: Any) -> None:
        index = basket.basket_num
        number = offsets[index + 1] - offsets[index]
        where = f"basket {index}"
        _require(
            basket.num_entries == number,
            f"{where} has {basket.num_entries} entries, the branch says {number}",
        )
        if byte_offsets is not None:
            _require(
                byte_offsets[0] == 0 and bool(np.all(np.diff(byte_offsets) >= 0)),
                f"the entries of {where} do not follow one another",
            )
        if record is not None and record.vector:
            _check_vectors(basket.data, byte_offsets, record, where)
        if basket.is_embedded:
            return
        packed = basket.member("fNbytes")
        _require(
            packed == lengths[index],
            f"{where} has {packed} bytes, the branch says {lengths[index]}",
        )

    # uproot calls this before it interprets a basket; hooks are there to be set.
    interpretation.hook_before_basket_array = check
    return interpretation


def _reading(record: Record) -> Any:
    """The interpretation of a branch with records."""
    one = uproot.AsDtype(record.dtype)
    return uproot.AsJagged(one, header_bytes=_VECTOR.size) if record.vector else one


def _check_vectors(data: Any, offsets: Any, record: Record, where: str) -> None:
    """Compare the number of records that each vector of a basket states with its bytes."""
    starts = np.asarray(offsets[:-1], dtype=np.int64)
    rest = np.diff(np.asarray(offsets, dtype=np.int64)) - _VECTOR.size
    _require(bool(np.all(rest >= 0)), f"{where} has a vector that is shorter than its header")
    place = starts[:, np.newaxis] + np.arange(_VECTOR.size - 4, _VECTOR.size)
    stated = np.asarray(data)[place].view(">u4").ravel()
    wrong = np.flatnonzero(stated.astype(np.int64) * record.size != rest)
    _require(
        not wrong.size,
        f"{where} has a vector that says it has {stated[wrong[:1]].tolist()} records, in "
        f"{rest[wrong[:1]].tolist()} bytes of which the schema takes {record.size} for each",
    )


def check_pages(field: Any, start: int, stop: int) -> None:
    """Compare the pages of an RNTuple's field with their checksums, where they have any.

    Args:
        field: the uproot field.
        start: the first entry.
        stop: the entry after the last.

    Raises:
        ContradictionError: one differs.
    """
    ntuple = field.ntuple
    wanted = {field.field_id}
    for index, record in enumerate(ntuple.field_records):
        if record.parent_field_id in wanted:
            wanted.add(index)
    columns = [record.idx for record in ntuple.column_records if record.field_id in wanted]
    for cluster, pages in zip(ntuple.cluster_summaries, ntuple.page_link_list, strict=True):
        first = cluster.num_first_entry
        if first >= stop or first + cluster.num_entries <= start:
            continue
        for column in columns:
            for page in pages[column].pages if column < len(pages) else ():
                if page.has_checksum:
                    _check_page(ntuple, page.locator)


def check_lists(array: ak.Array, number: int) -> None:
    """Check that an array read from an RNTuple has all entries, and lists that follow one another.

    Raises:
        ContradictionError: it has another number, or lists that run backwards.
    """
    _require(len(array) == number, f"{len(array)} entries are there of {number}")
    layout = array.layout
    while layout.is_list and not layout.is_regular:
        starts, stops = np.asarray(layout.starts), np.asarray(layout.stops)
        _require(bool(np.all(starts <= stops)), "the lists run backwards")
        layout = layout.content


def _check_page(ntuple: Any, place: Any) -> None:
    end = place.offset + place.num_bytes
    raw = ntuple.file.source.chunk(place.offset, end + _CHECKSUM.size).raw_data
    found = xxhash.xxh3_64_intdigest(raw[: place.num_bytes])
    (stated,) = _CHECKSUM.unpack(bytes(raw[place.num_bytes :]))
    _require(found == stated, f"the page at byte {place.offset} has not the checksum it states")
