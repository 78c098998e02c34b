"""Samples."""

from __future__ import annotations

from pathlib import Path

from hitclr.io import LabelRule, Sample, class_names, load_schema


def test_where_the_class_comes_from(toy_schema):
    rule = LabelRule(columns="pdg", classes={"a": 1, "b": 2})
    plain = load_schema(toy_schema)
    ruled = plain.model_copy(update={"label": rule})
    sample = Sample("name", ())
    assert sample.labelling(plain) == "name"
    assert sample.labelling(ruled) == rule
    assert Sample("name", (), "c").labelling(ruled) == "c"
    assert Sample("name", (), "c", labelled=False).labelling(ruled) is None
    assert class_names(ruled, [Sample("x", (), "b"), sample]) == ("b", "a")


def test_a_sample_for_views_is_no_class_of_its_own(toy_schema):
    rule = LabelRule(columns="pdg", classes={"a": 1})
    schema, ruled = load_schema(toy_schema), load_schema({**toy_schema, "label": rule})
    sample = Sample("throw", (Path("a"),), use="views")
    assert sample.labelling(schema) is None
    assert sample.labelling(ruled) == rule
    assert Sample("throw", (Path("a"),), "b", use="views").labelling(schema) == "b"
    assert class_names(schema, [Sample("nominal", (Path("b"),)), sample]) == ("nominal",)
