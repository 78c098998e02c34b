"""The schema: what it accepts, what it refuses and how it says so."""

from __future__ import annotations

import pytest

from hitclr.errors import SchemaError
from hitclr.io import Column, LabelRule, load_schema


def test_yaml_round_trip(toy_schema, tmp_path):
    schema = load_schema(
        {
            **toy_schema,
            "label": {"columns": "pdg", "classes": {"a": 1, "b": [2]}},
            "key": "run",
            "axis": [0, -2, 0],
        }
    )
    path = tmp_path / "schema.yaml"
    path.write_text(schema.to_yaml())
    assert load_schema(path) == schema


def test_short_forms(toy_schema):
    rule = LabelRule(columns="pdg", classes={"a": 1, "b": [2, 3], "c": [[4]]})
    assert rule.classes == {"a": ((1,),), "b": ((2,), (3,)), "c": ((4,),)}
    assert load_schema(toy_schema).observers["run"].branch == "run"
    assert load_schema({**toy_schema, "key": "run"}).key == Column(branch="run")


@pytest.mark.parametrize(
    ("update", "match"),
    [
        ({"tre": "E"}, r"tre: unknown key. Did you mean tree\?"),
        ({"positions": {"branches": ["a", "b", "c"], "unt": "m"}}, "Did you mean unit"),
        ({"positions": {"branches": ["a", "b"], "unit": "m"}}, "positions.branches"),
        ({"features": []}, "features"),
        ({"features": [{"name": "a", "branch": "b"}] * 2}, "these come twice: a"),
        ({"observers": {"y": "b"}}, "PyTorch Geometric: y"),
        ({"observers": {"hit_a": "b"}}, "PyTorch Geometric: hit_a"),
        ({"observers": {"num_nodes": "b"}}, "PyTorch Geometric: num_nodes"),
        ({"hit_columns": {"module_index": "b"}}, "PyTorch Geometric shifts"),
        ({"observers": {"a b": "b"}}, "not usable as a name"),
        ({"select_hits": [{"branch": "a"}]}, "expected min, max or both"),
        ({"layout": "flat"}, "layout"),
        ({"axis": [0, 0, 0]}, "axis: expected a direction"),
        ({"axis": [0, 0, float("nan")]}, "axis: expected a direction"),
        ({"axis": [0, 1]}, "axis"),
        ({"observers": {"key": "b"}}, "PyTorch Geometric: key"),
        ({"observers": {"axis": "b"}}, "PyTorch Geometric: axis"),
        ({"label": {"columns": ["a", "b"], "classes": {"c": [1]}}}, "expected 2 number"),
        ({"label": {"columns": "a", "classes": {"c": [1], "d": [1]}}}, "belongs to 'c' and 'd'"),
    ],
)
def test_refused(toy_schema, update, match):
    with pytest.raises(SchemaError, match=match):
        load_schema({**toy_schema, **update})


def test_files_that_hold_no_schema(tmp_path):
    with pytest.raises(SchemaError, match="cannot be read"):
        load_schema(tmp_path / "none.yaml")
    path = tmp_path / "a.yaml"
    path.write_text("a: [1")
    with pytest.raises(SchemaError, match="not valid YAML"):
        load_schema(path)
    path.write_text("- 1")
    with pytest.raises(SchemaError, match="should hold a mapping"):
        load_schema(path)


def test_a_schema_cannot_run_code(tmp_path):
    path = tmp_path / "evil.yaml"
    path.write_text("name: !!python/object/apply:os.system ['touch /tmp/hitclr-evil']")
    with pytest.raises(SchemaError, match="not valid YAML"):
        load_schema(path)
