from pathlib import Path

import numpy as np
import pytest
from hitclr_km3net import pmt_table, read_detx
from km3net_testdata import data_path

from hitclr.errors import SchemaError

BRANCHES = {"det_id": "det", "dom_id": "dom", "channel_id": "channel"}


@pytest.fixture(scope="module")
def detectors():
    return [read_detx(Path(data_path(f"detx/{name}.detx"))) for name in ("detx_v3", "detx_v4")]


def test_rows_are_the_tubes(detectors):
    table = pmt_table(detectors, **BRANCHES)
    assert len(table) == 18 + 90 * 31
    for one in detectors:
        number = len(one.t0)
        rows, _ = table.find([np.full(number, one.detector), one.dom_id, one.channel_id])
        assert (rows >= 0).all()
        for name, expected in (
            ("y", one.pos[:, 1]),
            ("dz", one.direction[:, 2]),
            ("t0", one.t0),
            ("string", one.string),
            ("floor", one.floor),
        ):
            np.testing.assert_array_equal(table.take(name, rows), expected)
    assert table.take("string", rows).dtype == np.int64


def test_other_detector_or_module_or_channel(detectors):
    table = pmt_table(detectors, **BRANCHES)
    keys = np.array([[23, 1, 0], [22, 1, 0], [23, 808432836, 0], [23, 1, 3], [44, 808432836, 30]])
    rows, depth = table.find(list(keys.T))
    assert (rows >= 0).tolist() == [True, False, False, False, True]
    assert depth.tolist() == [3, 0, 1, 2, 3]


def test_another_id(detectors):
    table = pmt_table(detectors[:1], **BRANCHES, detector=-1)
    assert set(table.keys["det"]) == {-1}


def test_refusals(detectors):
    with pytest.raises(SchemaError, match="both of detector 23"):
        pmt_table([*detectors, detectors[0]], **BRANCHES)
    with pytest.raises(SchemaError, match="expected one file, since detector is given, got 2"):
        pmt_table(detectors, **BRANCHES, detector=1)
    with pytest.raises(SchemaError, match="expected a file, got 0"):
        pmt_table([], **BRANCHES)
