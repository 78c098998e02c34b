"""The friend tree that results are written to."""

from __future__ import annotations

import json

import numpy as np
import uproot

from hitclr.io.writing import FriendWriter


def test_the_tree_and_what_lies_beside_it(tmp_path):
    columns = {"entry": np.dtype("<i8"), "vector": np.dtype(("<f4", (3,)))}
    path = tmp_path / "out.root"
    with FriendWriter(path, "results", columns, {"classes": ["é", "b"], "status": {1: "x"}}) as out:
        out.extend({"entry": np.arange(4), "vector": np.zeros((4, 3), dtype=np.float32)})
    with uproot.open(path) as file:
        assert file.classnames(cycle=False) == {"results_info": "TObjString", "results": "TTree"}
        assert json.loads(file["results_info"]) == {"classes": ["é", "b"], "status": {"1": "x"}}
        assert file["results"].typenames() == {"entry": "int64_t", "vector": "float[3]"}
        # Any ROOT since 6.20 reads it.
        assert file.file.compression.name == "ZSTD"
