"""Gaussian averages against closed forms, a fine sum, Monte Carlo, and the published table."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from engine.layers import CATALOGUE
from engine.theory import Activation, activation_of

ACTIVATIONS = [spec for spec in CATALOGUE.values() if spec.function is not None]
TABLE = {
    "Sigmoid": (0.2934, 0.500, 0.0448),
    "Tanh": (0.3943, 0.0, 0.4644),
    "ReLU": (0.5, 0.399, 0.5),
    "ELU": (0.6449, 0.161, 0.6681),
    "SELU": (1.0, 0.0, 1.0716),
    "GELU": (0.4252, 0.282, 0.4559),
}
"""V(1), M(1), D(1)."""


def _of(kind: str) -> Activation:
    return activation_of(CATALOGUE[kind], CATALOGUE[kind].defaults)


def _cdf(z: float) -> float:
    return 0.5 * (1.0 + math.erf(z / math.sqrt(2.0)))


@pytest.mark.parametrize("kind", TABLE)
def test_averages_at_variance_one_are_the_published_ones(kind: str) -> None:
    found = _of(kind).averages(1.0)
    square, mean, slope = TABLE[kind]
    assert float(found.square) == pytest.approx(square, abs=5e-5)
    assert float(found.mean) == pytest.approx(mean, abs=5e-4)
    assert float(found.slope_square) == pytest.approx(slope, abs=5e-5)


@pytest.mark.parametrize("spec", ACTIVATIONS, ids=lambda spec: spec.kind)
@pytest.mark.parametrize("q", [0.3, 5.0])
def test_averages_agree_with_a_fine_sum(spec: object, q: float) -> None:
    activation = activation_of(spec, spec.defaults)  # type: ignore[attr-defined, arg-type]
    edges = np.linspace(-9.0, 9.0, 400_001)
    u = 0.5 * (edges[1:] + edges[:-1])
    weight = np.exp(-0.5 * u**2) / math.sqrt(2.0 * math.pi) * (edges[1] - edges[0])
    z = math.sqrt(q) * u
    value, slope = activation.function(z), activation.derivative(z)
    found = activation.averages(q)
    assert float(found.square) == pytest.approx((value**2 * weight).sum(), rel=1e-5)
    assert float(found.mean) == pytest.approx((value * weight).sum(), abs=1e-5)
    assert float(found.slope_square) == pytest.approx((slope**2 * weight).sum(), rel=1e-4)
    assert float(found.slope_fourth) == pytest.approx((slope**4 * weight).sum(), rel=1e-4)


@pytest.mark.parametrize("q", [1e-6, 0.2, 1.0, 30.0, 1e8])
def test_relu_has_its_closed_form(q: float) -> None:
    found = _of("ReLU").averages(q)
    assert float(found.square) == pytest.approx(q / 2, rel=1e-9)
    assert float(found.mean) == pytest.approx(math.sqrt(q / (2 * math.pi)), rel=1e-9)
    assert float(found.slope_square) == pytest.approx(0.5, abs=1e-9)


@pytest.mark.parametrize("q", [0.1, 1.0, 20.0])
def test_error_function_has_its_closed_form_from_the_function_alone(q: float) -> None:
    found = Activation(np.vectorize(math.erf)).averages(q)
    assert float(found.square) == pytest.approx(
        2 / math.pi * math.asin(2 * q / (1 + 2 * q)), abs=1e-7
    )
    # E (2/√π e^(−z²))² = 4/π / √(1 + 4 q)
    assert float(found.slope_square) == pytest.approx(4 / math.pi / math.sqrt(1 + 4 * q), abs=1e-6)


def test_exponential_has_its_closed_form() -> None:
    found = Activation(np.exp).averages(0.8)
    assert float(found.mean) == pytest.approx(math.exp(0.4), rel=1e-9)
    assert float(found.square) == pytest.approx(math.exp(1.6), rel=1e-9)
    assert float(found.slope_fourth) == pytest.approx(math.exp(6.4), rel=1e-5)


def test_elu_has_its_closed_form() -> None:
    # E (e^z − 1)² over z < 0, by completing the square
    below = math.exp(2.0) * _cdf(-2.0) - 2 * math.exp(0.5) * _cdf(-1.0) + 0.5
    assert float(_of("ELU").averages(1.0).square) == pytest.approx(0.5 + below, abs=1e-9)


@pytest.mark.parametrize(
    ("function", "kinks"),
    [
        (lambda z: np.clip(z, -1.0, 1.0), [-1.0, 1.0]),
        (lambda z: np.clip(z, 0.0, 6.0), [0.0, 6.0]),
        (lambda z: np.clip(z / 6.0 + 0.5, 0.0, 1.0), [-3.0, 3.0]),
        (lambda z: z * np.clip(z + 3.0, 0.0, 6.0) / 6.0, [-3.0, 3.0]),
        (lambda z: np.where(z > 2.3, 1.0, 0.0), [2.3]),
        (np.tanh, []),
    ],
    ids=["hardtanh", "relu6", "hard sigmoid", "hard swish", "step", "smooth"],
)
def test_kinks_are_found_from_the_function_alone(
    function: Callable[[np.ndarray], np.ndarray], kinks: list[float]
) -> None:
    assert Activation(function).kinks == pytest.approx(kinks, abs=2e-6)


@pytest.mark.parametrize("q", [0.3, 1.0, 7.0])
def test_hardtanh_has_its_closed_form(q: float) -> None:
    found = Activation(lambda z: np.clip(z, -1.0, 1.5)).averages(q)
    inside = _cdf(1.5 / math.sqrt(q)) - _cdf(-1.0 / math.sqrt(q))
    assert float(found.slope_square) == pytest.approx(inside, abs=1e-6)
    assert float(found.slope_fourth) == pytest.approx(inside, abs=1e-6)


@pytest.mark.parametrize("c", [-1.0, -0.5, 0.0, 0.5, 0.9, 0.99, 1.0])
def test_two_samples_through_relu_follow_the_arc_cosine_kernel(c: float) -> None:
    q = 2.0
    angle = math.acos(c)
    expected = q / (2 * math.pi) * (math.sin(angle) + c * (math.pi - angle))
    assert float(_of("ReLU").two_samples(q, c * q)) == pytest.approx(expected, abs=3e-5)


def test_two_samples_through_the_error_function_have_their_closed_form() -> None:
    expected = 2 / math.pi * math.asin(2 * 0.7 / (1 + 2 * 1.5))
    found = Activation(np.vectorize(math.erf)).two_samples(1.5, 0.7)
    assert float(found) == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("kind", ["Tanh", "GELU", "SELU"])
def test_two_samples_agree_with_monte_carlo(kind: str) -> None:
    random = np.random.default_rng(3)
    first, noise = random.standard_normal((2, 400_000))
    second = 0.6 * first + 0.8 * noise
    function = _of(kind).function
    products = function(np.sqrt(2.0) * first) * function(np.sqrt(2.0) * second)
    error = products.std() / math.sqrt(len(products))
    assert float(_of(kind).two_samples(2.0, 1.2)) == pytest.approx(products.mean(), abs=4 * error)


def test_a_map_of_variances_is_read_off_a_table() -> None:
    q = np.geomspace(0.05, 20.0, 400).reshape(20, 20)
    found = _of("Tanh").averages(q)
    for place in [(0, 0), (7, 3), (13, 19), (19, 19)]:
        one = _of("Tanh").averages(float(q[place]))
        assert found.square[place] == pytest.approx(float(one.square), rel=2e-3)
        assert found.slope_square[place] == pytest.approx(float(one.slope_square), rel=2e-3)
    pairs = _of("Tanh").two_samples(q, 0.4 * q)
    assert pairs[7, 3] == pytest.approx(
        float(_of("Tanh").two_samples(q[7, 3], 0.4 * q[7, 3])), rel=2e-3
    )


def test_a_mean_moves_the_gaussian() -> None:
    found = _of("ReLU").shifted(-2.0).averages(1.0)
    density = math.exp(-2.0) / math.sqrt(2 * math.pi)
    assert float(found.slope_square) == pytest.approx(_cdf(-2.0), abs=1e-7)
    assert float(found.mean) == pytest.approx(density - 2.0 * _cdf(-2.0), abs=1e-7)


def test_a_layer_without_a_function_is_refused() -> None:
    with pytest.raises(ValueError, match="Linear has no function"):
        activation_of(CATALOGUE["Linear"], {})


def test_settings_of_the_layer_are_used() -> None:
    spec = CATALOGUE["LeakyReLU"]
    found = activation_of(spec, {"negative_slope": 0.5}).averages(1.0)
    assert float(found.slope_square) == pytest.approx(0.5 + 0.125, abs=1e-9)
