"""Parameters and throws against the paper's list."""

import pytest
from hitclr_lartpc import LARTPC

PAPER = {  # field, lifetime, transverse diffusion: arXiv:2502.07724's earlier study, throws 1 to 17
    "all-plus": (0.55, 5000, 14e-6),
    "all-minus": (0.45, 500, 4e-6),
    "field-plus": (0.55, 2200, 8.8e-6),
    "diffusion-plus": (0.5, 2200, 14e-6),
    "lifetime-plus": (0.5, 5000, 8.8e-6),
    "field-minus": (0.45, 2200, 8.8e-6),
    "diffusion-minus": (0.5, 2200, 4e-6),
    "lifetime-minus": (0.5, 500, 8.8e-6),
    "all-plus-quarter": (0.5125, 2900, 10.1e-6),
    "all-minus-quarter": (0.4875, 1775, 7.6e-6),
    "all-plus-half": (0.525, 3600, 11.4e-6),
    "all-minus-half": (0.475, 1350, 6.4e-6),
    "all-plus-three-quarters": (0.5375, 4300, 12.7e-6),
    "all-minus-three-quarters": (0.4625, 925, 5.2e-6),
    "nominal": (0.5, 2200, 8.8e-6),
    "all-plus-triple": (0.65, 10600, 24.4e-6),
    "all-minus-triple": (0.35, 100, 0.0),
}


@pytest.mark.parametrize("name", PAPER)
def test_throws_of_the_paper(name):
    values = LARTPC.throw(name).values
    made = (values["field"], values["lifetime"], values["transverse_diffusion"])
    assert made == pytest.approx(PAPER[name], rel=1e-6)
    others = {"longitudinal_diffusion": 4e-6, "noise": 500, "threshold": 5000}
    assert {key: values[key] for key in others} == others


def test_there_are_seventeen_and_the_first_is_nominal():
    assert LARTPC.throws[0].name == "nominal"
    assert {throw.name for throw in LARTPC.throws} == set(PAPER)
    for throw in LARTPC.throws:
        for name, value in throw.values.items():
            LARTPC.parameter(name).check(value)
        assert set(throw.values) == {parameter.name for parameter in LARTPC.parameters}
        assert throw.meaning
