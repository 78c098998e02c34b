import pytest
from hitclr_cube import CUBE
from hitclr_cube.parameters import PARAMETERS, THROWS

from hitclr.errors import SettingsError
from hitclr.rng import generator

NOMINAL = {p.name: p.nominal for p in PARAMETERS}


def test_nominal_comes_first():
    assert THROWS[0].name == "nominal"
    assert THROWS[0].values == NOMINAL
    assert CUBE.throw() is THROWS[0]


def test_every_throw_has_all_values_in_range():
    names = [throw.name for throw in THROWS]
    assert len(set(names)) == len(names)
    for throw in THROWS:
        assert list(throw.values) == list(NOMINAL)
        assert throw.meaning
        for name, value in throw.values.items():
            parameter = CUBE.parameter(name)
            assert parameter.low <= value <= parameter.high


def test_the_21_kept_fractions():
    names = ["kept-0", "kept-05", *(f"kept-{percent}" for percent in range(10, 101, 5))]
    assert len(names) == 21
    for step, name in enumerate(names):
        assert CUBE.throw(name).values == {**NOMINAL, "kept_crosstalk": pytest.approx(step / 20)}


@pytest.mark.parametrize(
    ("name", "parameter", "value"),
    [
        ("crosstalk-plus", "crosstalk", 0.05),
        ("crosstalk-minus", "crosstalk", 0.02),
        ("light-yield-plus", "light_yield", 44.0),
        ("light-yield-minus", "light_yield", 36.0),
        ("threshold-plus", "threshold", 4.5),
        ("threshold-minus", "threshold", 1.5),
        ("dead-plus", "dead_fraction", 0.1),
    ],
)
def test_one_parameter_at_its_end(name, parameter, value):
    assert CUBE.throw(name).values == {**NOMINAL, parameter: value}


def test_there_are_no_others():
    assert len(THROWS) == 1 + 21 + 7


@pytest.mark.parametrize(
    "change", [{"crosstalk": 0.2}, {"kept_crosstalk": -0.1}, {"light_yield": -1.0}, {"yield": 1.0}]
)
def test_what_cannot_be_computed_is_refused(change):
    with pytest.raises(SettingsError):
        CUBE.change(CUBE.throw(), change)


def test_priors_are_drawn_within_their_ranges():
    throws = CUBE.draw(1000, generator(1))
    for parameter in PARAMETERS:
        values = throws[parameter.name]
        assert parameter.low <= float(values.min()) < float(values.max()) <= parameter.high
