import json

import pytest

from hitclr.errors import OutputError
from hitclr.reports.study import StudyTable, load_study_table
from hitclr.reports.study.table import Cell


def test_the_cells_are_those_of_the_table(content):
    table = StudyTable.model_validate(content)
    assert len(table.planned) == len(set(table.planned)) == 4 * 2 * 3 + 2 * 11 * 3
    assert table.missing == ()
    assert all(table.pairs.values())
    gone = {"method": "DANN", "domain": "kept-0", "target": "kept-70", "seed": 3}
    next(row for row in content["cells"] if gone.items() <= row.items())["done"] = False
    content["cells"] = [
        row for row in content["cells"]
        if (row["method"], row["domain"]) != ("classifier", "kept-50")
    ]  # fmt: skip
    table = StudyTable.model_validate(content)
    assert table.missing == (Cell(**gone),)
    assert ("classifier", "kept-50") not in table.pairs
    assert [pair for pair, whole in table.pairs.items() if not whole] == [("DANN", "kept-0")]


def test_the_worst_throw_is_the_lowest_accuracy(content):
    table = StudyTable.model_validate(content)
    assert table.worst_throw("classifier", "kept-0") == "kept-100"
    rows = [r for r in content["curve"] if (r["method"], r["domain"]) == ("classifier", "kept-0")]
    rows[-1]["value"] = None
    assert StudyTable.model_validate(content).worst_throw("classifier", "kept-0") == "kept-90"
    for row in rows:
        row["value"] = None
    assert StudyTable.model_validate(content).worst_throw("classifier", "kept-0") is None


def test_the_nominal_throw_stands_at_the_nominal_value(content):
    content["throws"][0]["values"], content["throws"][1]["values"] = {}, {}
    table = StudyTable.model_validate(content)
    axis = table.axes[0]
    assert [table.place(axis, name) for name in axis.throws[:3]] == [0.0, None, 0.2]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda t: t.update(nominal="kept-1"), r"nominal: 'kept-1' is not.*mean kept-10"),
        (lambda t: t["scores"][3].update(method="x"), r"scores\.3\.method: 'x' is not"),
        (lambda t: t["cost"][0].update(domain="x"), r"cost\.0\.domain: 'x' is not"),
        (lambda t: t["selection"][0].update(target="x"), r"selection\.0\.target: 'x' is not"),
        (lambda t: t["comparisons"][1].update(second="x"), r"comparisons\.1\.second: 'x' is not"),
        (lambda t: t["axes"][0]["throws"].append("x"), r"axes\.0\.throws: 'x' is not"),
        (lambda t: t["methods"].append(t["methods"][0]), "'contrastive' stands twice"),
        (lambda t: t["confusion"][2]["matrix"].pop(), r"confusion\.2\.matrix: expected 4 rows"),
        (lambda t: t["seeds"].clear(), "(?m)^  seeds: "),
        (lambda t: t.pop("classes"), "(?m)^  classes: "),
        (lambda t: t["summary"][0].update(value="high"), r"summary\.0\.value: .*\(got 'high'\)"),
    ],
)
def test_what_contradicts_itself_is_named(tmp_path, content, change, match):
    change(content)
    path = tmp_path / "study.json"
    path.write_text(json.dumps(content))
    with pytest.raises(OutputError, match=match) as error:
        load_study_table(path)
    assert "study.json" in str(error.value)
    assert "run the study again" in str(error.value)
