"""Fixed points, χ₁ and depth scales against the papers, and the table of factors and ratios."""

import math

import numpy as np
import pytest

from engine.layers import CATALOGUE
from engine.theory import (
    Activation,
    Recursion,
    activation_of,
    critical_weight_variance,
    unit_variance_recipe,
)

THIRD = 1.0 / 3.0
FACTORS = [
    ("Sigmoid", THIRD, 0.141, 7e-17),
    ("Sigmoid", 1.0, 0.236, 1e-12),
    ("Sigmoid", 2.0, 0.318, 3e-10),
    ("Tanh", THIRD, 0.577, 2e-5),
    ("Tanh", 1.0, 1.0, 0.195),
    ("Tanh", 2.0, 1.051, 1.70),
    ("ReLU", THIRD, 0.408, 4e-8),
    ("ReLU", 1.0, 0.707, 1.4e-3),
    ("ReLU", 2.0, 1.0, 1.0),
    ("ELU", THIRD, 0.577, 2e-5),
    ("ELU", 1.0, 1.0, 0.150),
    ("ELU", 2.0, math.nan, 4.15),
    ("SELU", THIRD, 0.836, 0.012),
    ("SELU", 1.0, 1.035, 1.93),
    ("SELU", 2.0, 1.051, 21.6),
    ("GELU", THIRD, 0.289, 7e-11),
    ("GELU", 1.0, 0.500, 4e-6),
    ("GELU", 2.0, 0.707, 0.087),
]
"""Activation, σw², asymptotic factor of ‖g‖ a layer, ‖g₁‖ / ‖g₂₀‖ from q₁ = σw²."""
BATCH_NORM = {
    "Sigmoid": 1.017,
    "Tanh": 1.085,
    "ReLU": 1.211,
    "ELU": 1.039,
    "SELU": 1.035,
    "GELU": 1.148,
}


def _of(kind: str) -> Activation:
    return activation_of(CATALOGUE[kind], CATALOGUE[kind].defaults)


def _digits(text: float) -> float:
    """Half a unit of the last digit shown: two significant ones below a hundredth, else three decimals."""
    exponent = math.floor(math.log10(text))
    return 0.5 * 10.0**exponent if text < 1e-3 else max(5e-4, 0.5 * 10.0 ** (exponent - 2))


@pytest.mark.parametrize(("kind", "weight_variance", "factor", "ratio"), FACTORS)
def test_factor_of_the_gradient_far_down_a_deep_chain(
    kind: str, weight_variance: float, factor: float, ratio: float
) -> None:
    point = Recursion(_of(kind), weight_variance).fixed_point(weight_variance)
    if math.isnan(factor):
        assert math.isinf(point.q)
    else:
        assert math.sqrt(point.chi_1) == pytest.approx(factor, abs=6e-4)
    assert ratio > 0


@pytest.mark.parametrize(("kind", "weight_variance", "factor", "ratio"), FACTORS)
def test_ratio_of_the_first_gradient_to_the_twentieth(
    kind: str, weight_variance: float, factor: float, ratio: float
) -> None:
    del factor
    recursion = Recursion(_of(kind), weight_variance)
    q, product = weight_variance, 1.0
    for _ in range(19):
        product *= recursion.chi(q)
        q = recursion.step(q)
    assert math.sqrt(product) == pytest.approx(ratio, abs=_digits(ratio))


@pytest.mark.parametrize("kind", BATCH_NORM)
def test_batch_norm_of_a_large_batch_makes_gradients_grow(kind: str) -> None:
    at_one = _of(kind).averages(1.0)
    chi = float(at_one.slope_square / (at_one.square - at_one.mean**2))
    assert math.sqrt(chi) == pytest.approx(BATCH_NORM[kind], abs=6e-4)


@pytest.mark.parametrize(
    ("weight_variance", "q", "chi_1"),
    [(1.0, 0.194, 0.759), (2.5, 1.064, 1.134), (4.0, 2.196, 1.342)],
)
def test_tanh_has_the_fixed_points_of_the_paper(
    weight_variance: float, q: float, chi_1: float
) -> None:
    point = Recursion(_of("Tanh"), weight_variance, 0.05).fixed_point()
    assert point.q == pytest.approx(q, abs=6e-4)
    assert point.chi_1 == pytest.approx(chi_1, abs=6e-4)
    assert point.depth_scale == pytest.approx(1 / abs(math.log(chi_1)), rel=0.01)


def test_tanh_is_critical_where_the_paper_says() -> None:
    assert critical_weight_variance(_of("Tanh"), 0.05) == pytest.approx(1.761, abs=6e-4)


def test_a_function_that_never_gets_critical_is_refused() -> None:
    with pytest.raises(ValueError, match="chi_1 stays below 1"):
        critical_weight_variance(_of("Sigmoid"), 0.05)


@pytest.mark.parametrize("start", [0.25, 1.0, 4.0])
def test_selu_comes_back_to_variance_one(start: float) -> None:
    recursion = Recursion(_of("SELU"), 1.0)
    point = recursion.fixed_point(start)
    assert point.q == pytest.approx(1.0, abs=1e-6)
    assert point.chi_1 == pytest.approx(1.0716, abs=5e-5)
    q = start
    for _ in range(100):
        q = recursion.step(q)
    assert q == pytest.approx(1.0, abs=0.1)


def test_another_alpha_leaves_the_fixed_point_of_selu() -> None:
    def function(z: np.ndarray) -> np.ndarray:
        return 1.0507 * np.where(z > 0, z, 1.0 * np.expm1(np.minimum(z, 0.0)))

    assert Recursion(Activation(function), 1.0).fixed_point().q < 0.5


def test_relu_at_its_critical_point_keeps_any_variance() -> None:
    point = Recursion(_of("ReLU"), 2.0).fixed_point(3.7)
    assert (point.q, point.chi_1) == (pytest.approx(3.7), pytest.approx(1.0))
    assert math.isinf(point.depth_scale)


def test_unit_variance_recipes() -> None:
    assert unit_variance_recipe(_of("ReLU")) == (pytest.approx(2.0), pytest.approx(0.0, abs=1e-9))
    assert unit_variance_recipe(_of("SELU")) == (
        pytest.approx(0.933, abs=5e-4),
        pytest.approx(0.067, abs=5e-4),
    )


def test_two_inputs_grow_alike_in_the_ordered_phase_only() -> None:
    ordered, chaotic = (Recursion(_of("Tanh"), w, 0.05) for w in (1.0, 4.0))
    for recursion, alike in ((ordered, True), (chaotic, False)):
        q, c = recursion.fixed_point().q, 0.9
        for _ in range(200):
            c = recursion.correlation(q, c)
        assert (c > 0.999) is alike
