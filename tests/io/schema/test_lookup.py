"""Tables of numbers that are found by integers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from hitclr.errors import SchemaError
from hitclr.io import LookupTable, Schema, load_schema


def table_of(keys: np.ndarray[Any, Any], **columns: list[float]) -> LookupTable:
    names = "abc"[: keys.shape[1]]
    made = {name: tuple(column.tolist()) for name, column in zip(names, keys.T, strict=True)}
    return LookupTable.model_validate({"keys": made, "columns": columns})


@pytest.mark.parametrize("gaps", [1, 7])
def test_rows_are_those_of_a_dictionary(gaps: int) -> None:
    """With and without gaps among the values of a key."""
    random = np.random.default_rng(1)
    keys = np.unique(random.integers(-4, 5, (150, 3)) * gaps, axis=0)
    random.shuffle(keys)
    table = table_of(keys, x=list(map(float, range(len(keys)))))
    wanted = random.integers(-6 * gaps, 7 * gaps, (2000, 3))
    wanted[::2] = keys[random.integers(len(keys), size=1000)]
    rows, depth = table.find(list(wanted.T))
    row_of = {tuple(key): row for row, key in enumerate(keys.tolist())}
    assert rows.tolist() == [row_of.get(tuple(key), -1) for key in wanted.tolist()]
    for row, key, known in zip(rows, wanted.tolist(), depth, strict=True):
        begins = [any(other[:n] == key[:n] for other in keys.tolist()) for n in (1, 2, 3)]
        assert known == sum(begins)
        assert (row >= 0) == (known == 3)
    assert 500 < (rows < 0).sum() < 1500


def test_large_keys_do_not_overflow() -> None:
    big = 2**62
    table = table_of(np.array([[big, -big, 0], [-big, big, 5]]), x=[1.5, 2.5])
    rows, _ = table.find([np.array([-big, big]), np.array([big, big]), np.array([5, 0])])
    assert rows.tolist() == [1, -1]


def test_numbers_of_rows() -> None:
    table = table_of(np.array([[3], [1]]), x=[0.5, 1.5], string=[7, 8])
    rows, _ = table.find([np.array([1, 2, 3])])
    assert table.take("string", rows).tolist() == [8, 0, 7]
    assert table.take("string", rows).dtype == np.int64
    np.testing.assert_array_equal(table.take("x", rows), [1.5, np.nan, 0.5])


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ({"keys": {"a": [1, 2, 1]}, "columns": {"x": [1, 2, 3]}}, "more than once, .* a 1"),
        ({"keys": {"a": [1]}, "columns": {"x": [1, 2]}}, "as many numbers .* a 1, x 2"),
        ({"keys": {"a": []}, "columns": {"x": []}}, "as many numbers"),
        ({"keys": {"a": [1]}, "columns": {}}, "columns"),
        ({"keys": {"a": [1.5]}, "columns": {"x": [1]}}, "integer"),
        ({"keys": {"a": [1]}, "columns": {"x": [float("nan")]}}, "finite"),
        ({"keys": {"a": [1]}, "columns": {"x": "float64:abc"}}, "packed ones"),
        ({"keys": {"a": [1]}, "columns": {"x": "abc"}}, "list of numbers"),
    ],
)
def test_refusals(content: dict[str, Any], match: str) -> None:
    with pytest.raises(ValidationError, match=match):
        LookupTable.model_validate(content)


def with_table(toy_schema: dict[str, Any], number: int = 3, **update: Any) -> Schema:
    random = np.random.default_rng(2)
    table = {
        "keys": {"hit_module": list(range(number))},
        "columns": {"x": random.normal(size=number).tolist(), "floor": list(range(number))},
    }
    return load_schema({**toy_schema, "tables": {"module": table}, **update})


@pytest.mark.parametrize("number", [3, 500])
def test_survives_yaml(toy_schema: dict[str, Any], number: int) -> None:
    """Short and packed, to the last bit, and after rows were found."""
    schema = with_table(toy_schema, number)
    schema.tables["module"].find([np.array([1])])
    text = schema.to_yaml()
    again = Schema.model_validate(yaml.safe_load(text))
    assert again == schema
    assert ("float64:" in text) == (number > 64)
    assert isinstance(again.tables["module"].columns["floor"][0], int)
    other = with_table(toy_schema, number + 1)
    assert other != schema


def test_what_is_read(toy_schema: dict[str, Any]) -> None:
    schema = with_table(toy_schema, derive={"far": "module.x * 2"})
    assert schema.sources(["far", "run", "module.floor"]) == ("run", "hit_module")
    assert list(schema.lookups(["far", "run"])) == ["module.x"]


@pytest.mark.parametrize(
    ("update", "match"),
    [
        ({"derive": {"hit_module": "run + 1"}}, "keys of the table module: expected branches"),
        ({"derive": {"module.x": "run + 1"}}, "have one name: module.x"),
        ({"tables": {"a b": {"keys": {"run": [1]}, "columns": {"x": [1]}}}}, "'a b' is not usable"),
    ],
)
def test_refusals_of_schemas(
    toy_schema: dict[str, Any], update: dict[str, Any], match: str
) -> None:
    with pytest.raises(SchemaError, match=match):
        with_table(toy_schema, **update)
