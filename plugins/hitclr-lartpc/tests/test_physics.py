"""The formulas against published values."""

import pytest
import torch
from hitclr_lartpc.physics import (
    attenuation,
    birks,
    diffusion_width,
    drift_velocity,
    modified_box,
)


def number(value):
    return torch.tensor([float(value)], dtype=torch.float64)


@pytest.mark.parametrize(
    ("field", "reference", "tolerance"),
    # Another parametrisation, a fit to all measurements of the mobility: Li et al., Nucl. Instrum.
    # Meth. A 816 (2016) 160, at 87.17 K. Walkowiak's curve rises more slowly: it
    # is 2 % faster at 0.5 kV/cm, 4 % at 0.45, 9 % at 0.35, and 3 % slower at 1 kV/cm.
    [
        (0.45, 0.1513, 0.045),
        (0.5, 0.1596, 0.03),
        (0.55, 0.1673, 0.02),
        (0.65, 0.1809, 0.02),
        (1.0, 0.2169, 0.035),
        (2.0, 0.2789, 0.03),
    ],
)
def test_drift_velocity(field, reference, tolerance):
    assert drift_velocity(number(field)).item() == pytest.approx(reference, rel=tolerance)


def test_electrons_drift_faster_in_colder_argon_and_in_a_stronger_field():
    assert drift_velocity(number(0.5), 87.0) > drift_velocity(number(0.5), 89.0)
    speed = drift_velocity(torch.linspace(0.1, 2.0, 50))
    assert (speed[1:] > speed[:-1]).all()


@pytest.mark.parametrize("model", [modified_box, birks])
def test_a_minimum_ionising_particle_keeps_seven_tenths(model):
    # 2.1 MeV/cm at 0.5 kV/cm: 0.7 (ICARUS 2004, fig. 5; ArgoNeuT 2013, fig. 10; the two agree)
    assert model(number(2.1), number(0.5)).item() == pytest.approx(0.70, abs=0.02)


@pytest.mark.parametrize(
    ("dedx", "box", "law"),
    # The formulas by hand at 0.5 kV/cm and 1.396 g/cm3: xi = 0.30372 dE/dx, k/(rho E) = 0.069628.
    [(5.0, 0.5892, 0.5934), (20.0, 0.3205, 0.3344)],
)
def test_recombination(dedx, box, law):
    assert modified_box(number(dedx), number(0.5)).item() == pytest.approx(box, abs=5e-4)
    assert birks(number(dedx), number(0.5)).item() == pytest.approx(law, abs=5e-4)


@pytest.mark.parametrize("model", [modified_box, birks])
def test_recombination_falls_with_density_and_stays_a_fraction(model):
    dedx = torch.tensor([0.0, 1e-6, 0.5, 2.0, 10.0, 100.0, 1e5])
    left = model(dedx, torch.full_like(dedx, 0.5))
    assert (left[1:] <= left[:-1]).all()
    assert (left >= 0).all()
    assert (left <= 1).all()
    assert (model(dedx[3:], torch.full((4,), 0.6)) > left[3:]).all()


def test_attenuation_and_diffusion():
    assert attenuation(number(2200), number(2200)).item() == pytest.approx(0.36788, abs=1e-5)
    # 50 cm at 0.16 cm/us: 312 us; sqrt(2 x 8.8e-6 x 312) = 0.0741 cm
    assert diffusion_width(number(312), number(8.8e-6)).item() == pytest.approx(0.0741, abs=1e-4)
