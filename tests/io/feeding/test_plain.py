"""The digest of plain data."""

from __future__ import annotations

import hashlib
from enum import Enum
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitclr.errors import SettingsError
from hitclr.io.feeding import event_folder, fingerprint

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
parts = st.dictionaries(st.text(), plain, max_size=4)


def test_it_is_the_digest_of_canonical_json():
    text = '{"parts":{"a":[1,2.5,null,true],"\\u00b5":{"x":"\\udc80","y":""}},"version":1}'
    data = {"µ": {"y": "", "x": "\udc80"}, "a": (1, 2.5, None, True)}
    assert fingerprint(data) == hashlib.sha256(text.encode()).hexdigest()


@settings(max_examples=30, deadline=None)
@given(data=parts)
def test_the_order_of_keys_and_the_kind_of_mapping_do_not_matter(data):
    turned = MappingProxyType(dict(reversed(data.items())))
    assert fingerprint(turned) == fingerprint(data)


@settings(max_examples=30, deadline=None)
@given(first=parts, second=parts)
def test_other_data_have_another(first, second):
    assert (repr_of(first) == repr_of(second)) == (fingerprint(first) == fingerprint(second))


def repr_of(value):
    """1, 1.0 and True are equal in Python and differ here."""
    if isinstance(value, dict):
        return sorted((key, repr_of(part)) for key, part in value.items())
    return [repr_of(part) for part in value] if isinstance(value, list) else repr(value)


def test_another_version_has_another(monkeypatch):
    before = fingerprint({})
    monkeypatch.setattr("hitclr.io.feeding.plain.VERSION", event_folder.VERSION + 1)
    assert fingerprint({}) != before


def test_a_word_that_is_a_str_is_plain():
    class Word(str, Enum):
        A = "a"

    assert fingerprint({"w": Word.A}) == fingerprint({"w": "a"})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("nan"), r"fingerprint\.a: expected a finite number, got nan"),
        ([0, -float("inf")], r"fingerprint\.a\[1\]: expected a finite number, got -inf"),
        ({"b": Path("c")}, r"fingerprint\.a\.b: expected plain data .* got PosixPath"),
        ({1: 2}, r"fingerprint\.a: expected keys that are str, got 1"),
        ({1, 2}, "got set"),
        (b"1", "got bytes"),
        (np.int64(1), "got int64"),
    ],
)
def test_what_is_not_plain_is_refused(value, message):
    with pytest.raises(SettingsError, match=message):
        fingerprint({"a": value})
