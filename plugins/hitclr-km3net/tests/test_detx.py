"""The detector descriptions of km3net-testdata, and damaged ones."""

from pathlib import Path

import numpy as np
import pytest
from hitclr_km3net import read_detx
from km3net_testdata import data_path

from hitclr.errors import SchemaError


def path(name):
    return Path(data_path(f"detx/{name}.detx"))


@pytest.mark.parametrize(
    ("name", "detector", "version", "modules", "tubes", "strings"),
    [
        ("detx_v1", 1, 1, 6, 18, {1, 2}),
        ("detx_v2", 23, 2, 6, 18, {1, 2}),
        ("detx_v3", 23, 3, 6, 18, {1, 2}),
        ("detx_v3_whitespace", 23, 3, 6, 18, {1, 2}),
        ("detx_v4", 44, 4, 90, 90 * 31, {1, 2, 3, 4, 5}),
        ("detx_v5", 49, 5, 108, 108 * 31, {1, 2, 3, 9, 10, 11}),
        ("km3net_offline", 44, 2, 90, 90 * 31, {1, 2, 3, 4, 5}),
        ("D_ORCA006_t.A02181836.p.A02181837.r.A02182001", 49, 3, 108, 108 * 31, None),
        # It has base modules, which have no tubes.
        ("KM3NeT_00000133_20221025", 133, 5, 378, 378 * 31, None),
    ],
)
def test_all_versions(name, detector, version, modules, tubes, strings):
    found = read_detx(path(name))
    assert (found.file, found.detector, found.version) == (path(name), detector, version)
    assert (found.valid is None) == (version == 1)
    assert len(set(found.dom_id.tolist())) == modules
    assert len(found.t0) == len(found.pos) == len(found.direction) == tubes
    if strings is not None:
        assert set(found.string.tolist()) == strings


@pytest.mark.parametrize("name", ["detx_v1", "detx_v2", "detx_v3", "detx_v3_whitespace"])
def test_numbers(name):
    found = read_detx(path(name))
    at = np.flatnonzero((found.dom_id == 5) & (found.channel_id == 1))
    assert found.pos[at].tolist() == [[22.4, 22.5, 22.6]]
    assert found.direction[at].tolist() == [[20.1, -21.2, 20.3]]
    assert found.t0[at].tolist() == [250.4]
    assert (found.string[at], found.floor[at]) == (2, 2)


def test_validity():
    assert read_detx(path("detx_v2")).valid == (1500000000.1, 9999999999.0)


@pytest.mark.parametrize("name", ["detx_v4", "detx_v5"])
def test_numbers_of_a_module_are_not_those_of_its_tubes(name):
    """From version 4 on the line of a module has a position, a rotation and a time offset."""
    found = read_detx(path(name))
    assert np.linalg.norm(found.direction, axis=1) == pytest.approx(1.0, abs=2e-3)
    for dom in set(found.dom_id.tolist()):
        own = found.dom_id == dom
        assert found.channel_id[own].tolist() == list(range(31))
        centre = found.pos[own].mean(0)
        # A module is a sphere of 17 inches.
        assert np.linalg.norm(found.pos[own] - centre, axis=1).max() < 0.25


def test_comments_that_lost_their_sign():
    file = path("detx_v5_invalid_multiline_comments")
    with pytest.raises(SchemaError, match="line 109: expected module 1 of 15") as caught:
        read_detx(file)
    assert str(caught.value).startswith(f"{file}, line 109")


@pytest.mark.parametrize(
    ("change", "line", "match"),
    [
        (lambda lines: lines[:20], 20, "the file ends here"),
        (lambda lines: [*lines, "1 2 3"], 31, "expected the end of the file"),
        (lambda lines: ["23 v6", *lines[3:]], 1, "version of the format from 1 to 5, got v6"),
        (lambda lines: ["23 v2", *lines[3:]], 6, "8 words, there are 9"),
        (lambda lines: ["x v3", *lines[3:]], 1, "whole number, got 'x'"),
        (lambda lines: [*lines[:4], "6", *lines[5:]], 5, "begins with UTM|6 words"),
        (lambda lines: [*lines[:6], "1 1 1 -3", *lines[7:]], 7, "at least 0, got -3"),
        (lambda lines: [*lines[:10], "1 1 2 3", *lines[11:]], 11, "1 is on line 7 already"),
        (lambda lines: [*lines[:7], "1 nan 1 1 0 0 1 0 0", *lines[8:]], 8, "finite"),
        (lambda lines: [*lines[:7], "1 1,5 1 1 0 0 1 0 0", *lines[8:]], 8, "expected numbers"),
        (lambda lines: [*lines[:2], "23 v3", "0 1", "UTM WGS84 32N 1 2 3", "0"], 6, "has none"),
        (lambda lines: lines[:2], 2, "the file ends here"),
    ],
)
def test_damage_is_named_with_its_line(change, line, match, tmp_path):
    lines = path("detx_v3").read_text().splitlines()
    file = tmp_path / "damaged.detx"
    file.write_text("\n".join(change(lines)))
    with pytest.raises(SchemaError, match=match) as caught:
        read_detx(file)
    assert str(caught.value).startswith(f"{file}, line {line}: ")


def test_other_files():
    with pytest.raises(SchemaError, match="JConvertDetectorFormat"):
        read_detx(Path(data_path("datx/KM3NeT_00000133_20221025.datx")))
    with pytest.raises(SchemaError, match="cannot be read"):
        read_detx(Path("missing.detx"))
