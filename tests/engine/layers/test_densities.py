"""Densities of initial weights, held to closed forms and to what torch really draws."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from engine.layers import (
    CATALOGUE,
    INITIALIZERS,
    WeightDensity,
    variance_in_numbers,
    weight_density,
    weight_std,
)

DEFAULTS = CATALOGUE["Linear"].defaults
NORMAL = math.erf(1 / math.sqrt(2))
RANDOM = [kind for kind, item in INITIALIZERS.items() if item.family != "fixed"]


@pytest.mark.parametrize(
    ("density", "share"),
    [
        (WeightDensity("normal", 0.3), 0.682689492),
        (WeightDensity("uniform", 0.3), 0.577350269),
        (WeightDensity("truncated_normal", 0.3), 0.6505),
        (WeightDensity("orthogonal", 0.3, 2), 0.5),
        (WeightDensity("orthogonal", 0.3, 3), 0.577350269),
        (WeightDensity("orthogonal", 0.3, 100_000), NORMAL),
    ],
)
def test_share_within_one_sigma(density: WeightDensity, share: float) -> None:
    assert density.share == pytest.approx(share, abs=5e-5)


@pytest.mark.parametrize("dimensions", [3, 5, 64])
@pytest.mark.parametrize("family", ["normal", "uniform", "truncated_normal", "orthogonal"])
def test_density_has_unit_mass_and_the_stated_sigma_and_share(family: str, dimensions: int) -> None:
    density = WeightDensity(family, 0.2, dimensions)  # type: ignore[arg-type]
    reach = min(density.bound, 9 * density.std)
    w = np.linspace(-reach, reach, 400_001)
    p = density.density(w)
    assert np.trapezoid(p, w) == pytest.approx(1.0, abs=1e-4)
    assert math.sqrt(np.trapezoid(p * w**2, w)) == pytest.approx(0.2, rel=1e-4)
    inside = np.abs(w) <= density.std
    assert np.trapezoid(p[inside], w[inside]) == pytest.approx(density.share, abs=1e-4)
    assert density.density(np.array([density.bound * 1.01])).tolist() == [0.0]


@pytest.mark.parametrize("kind", RANDOM)
def test_torch_draws_that_share(kind: str) -> None:
    values = {**DEFAULTS, "initializer": kind, "init_gain": 1.5, "init_std": 0.1, "init_bound": 0.2}
    shape = (300, 400)
    density = weight_density(shape, values)
    torch.manual_seed(3)
    drawn = nn.Linear(400, 300).weight.detach()
    item = INITIALIZERS[kind]
    if item.function:
        getattr(nn.init, item.function)(drawn, **item.arguments(values))
    weights = drawn.double().numpy() * (1.5 if item.scaled else 1.0)
    assert weights.std() == pytest.approx(density.std, rel=0.01)
    assert np.abs(weights).max() <= density.bound * 1.000001
    assert (np.abs(weights) <= density.std).mean() == pytest.approx(density.share, abs=0.005)


@pytest.mark.parametrize("kind", ["identity", "constant", "zeros"])
def test_what_is_not_drawn_has_no_share(kind: str) -> None:
    density = weight_density((4, 4), {**DEFAULTS, "initializer": kind})
    assert not density.random
    assert math.isnan(density.share)
    assert density.density(np.linspace(-1, 1, 5)).tolist() == [0.0] * 5


def test_a_single_direction_is_no_density() -> None:
    assert not weight_density((1, 1), {**DEFAULTS, "initializer": "orthogonal"}).random
    assert not weight_density((2, 2), {**DEFAULTS, "initializer": "normal", "init_std": 0.0}).random


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("he_normal", "Var(w) = 2 / fan_in = 1.5² · 2 / 64 = 0.07031"),
        ("glorot_uniform", "Var(w) = 2 / (fan_in + fan_out) = 1.5² · 2 / (64 + 1,000) = 0.004229"),
        ("torch_default", "Var(w) = 1 / (3 fan_in) = 1.5² · 1 / (3 · 64) = 0.01172"),
        ("orthogonal", "Var(w) = 1 / max(rows, columns) = 1.5² · 1 / max(1,000, 64) = 0.00225"),
        ("normal", "Var(w) = σ² = 0.1² = 0.01"),
        ("truncated_normal", "Var(w) = .774 σ² = .774 · 0.1² = 0.007737"),
        ("uniform", "Var(w) = a² / 3 = 0.3² / 3 = 0.03"),
        ("zeros", "w = 0; Var(w) = 0"),
        ("constant", "w = c, Var(w) = 0"),
    ],
)
def test_formula_with_the_layers_own_numbers(kind: str, text: str) -> None:
    values = {**DEFAULTS, "initializer": kind, "init_gain": 1.5, "init_std": 0.1, "init_bound": 0.3}
    assert variance_in_numbers((1_000, 64), values) == text
    assert weight_std((1_000, 64), values) ** 2 == pytest.approx(
        float(text.rpartition(" ")[2]), rel=2e-4
    )
