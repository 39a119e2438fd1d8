"""Single rules against torch: windows, pooling, norms, scaling, shapes."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.layers import LayerSpec, Shape
from engine.layers.spec import Array
from engine.theory import RULES, Layer, Moments
from engine.theory.weights import sigma_w, taps

CHANNELS, FILTERS = 6, 4
WEIGHTS = {"initializer": "normal", "init_std": 0.5}


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)


def _layer(
    rule: str,
    values: Mapping[str, Any],
    arriving: Shape,
    leaving: Shape,
    weight: Shape = (),
    module: str = "",
) -> Layer:
    spec = LayerSpec(
        kind="Made",
        title="Made",
        category="Weights",
        summary="",
        formula="",
        module=module,
        mean_field=rule,  # type: ignore[arg-type]
    )
    tensors = {"weight": weight} if weight else {}
    return Layer("made", "Made 1", spec, values, (arriving,), leaving, tensors, ("input",), 32)


def _ones(transposed: bool, kernel: int, **window: int) -> nn.Module:
    """A convolution whose outputs count what they touch."""
    kind = nn.ConvTranspose2d if transposed else nn.Conv2d
    module = kind(1, 1, kernel, bias=False, **window).double()  # type: ignore[arg-type]
    nn.init.ones_(module.weight)
    return module


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize(
    ("kernel", "window"),
    [
        (3, {"stride": 1, "padding": 1}),
        (5, {"stride": 2, "padding": 2}),
        (2, {"stride": 2, "padding": 0}),
        (3, {"stride": 1, "padding": 0, "dilation": 2}),
    ],
)
def test_windows_touch_what_torchs_touch(
    transposed: bool, kernel: int, window: Mapping[str, int]
) -> None:
    module = _ones(transposed, kernel, **window)
    q = torch.rand(1, 1, 7, 9, dtype=torch.float64, requires_grad=True)
    counted = module(q)
    back = torch.rand_like(counted)
    counted.backward(back)
    assert q.grad is not None
    sizes = tuple(counted.shape[2:])
    weight = (CHANNELS, FILTERS) if transposed else (FILTERS, CHANNELS)
    name = "torch.nn.ConvTranspose2d" if transposed else "torch.nn.Conv2d"
    layer = _layer(
        "weights",
        {**WEIGHTS, **window, "bias": False},
        (CHANNELS, 7, 9),
        (FILTERS, *sizes),
        (*weight, kernel, kernel),
        name,
    )
    found = RULES["weights"].forward(layer, [Moments.of(q.detach().numpy()[0, 0])])
    assert found.square == pytest.approx(0.25 * CHANNELS * counted.detach().numpy()[0, 0])
    gradient = RULES["weights"].backward(layer, [], back.numpy()[0, 0])
    assert gradient == pytest.approx(0.25 * FILTERS * q.grad.numpy()[0, 0])


def test_sigma_w_is_fan_in_times_variance() -> None:
    layer = _layer("weights", WEIGHTS, (CHANNELS, 8, 8), (FILTERS, 8, 8), (FILTERS, CHANNELS, 3, 3))
    assert sigma_w(layer) == pytest.approx(CHANNELS * 9 * 0.25)


def test_taps_count_a_window_at_the_border_once() -> None:
    assert taps(4, 4, 3, 1, 1, 1).sum(axis=1).tolist() == [2, 3, 3, 2]


@pytest.mark.parametrize(
    ("bias", "mean", "square"),
    [
        ({"bias_initializer": "constant", "bias_value": -2.0}, -2.0, 4.0),
        ({"bias_initializer": "normal", "bias_std": 0.3}, 0.0, 0.09),
        ({"bias_initializer": "zeros"}, 0.0, 0.0),
        ({}, 0.0, 0.0),
    ],
)
def test_first_biases_move_mean_and_square(
    bias: Mapping[str, Any], mean: float, square: float
) -> None:
    layer = _layer("weights", {**WEIGHTS, **bias}, (8,), (8,), (8, 8))
    layer = Layer(
        layer.node_id, layer.label, layer.spec, layer.values, layer.shapes, layer.shape,
        {"weight": (8, 8), "bias": (8,)}, layer.sources, layer.batch,
    )  # fmt: skip
    found = RULES["weights"].forward(layer, [Moments.of(1.0)])
    assert float(found.mean) == pytest.approx(mean)
    assert float(found.square) == pytest.approx(8 * 0.25 + square)


def _smooth(share: float, sizes: tuple[int, int]) -> Array:
    """Random images of variance 1 whose correlation falls by `share` with each step, shape (n, *sizes)."""
    images = np.random.default_rng(1).standard_normal((40_000, *sizes))
    for axis in (1, 2):
        places = np.arange(sizes[axis - 1])
        covariance = share ** np.abs(places[:, None] - places)
        images = np.moveaxis(
            np.moveaxis(images, axis, -1) @ np.linalg.cholesky(covariance).T, -1, axis
        )
    return images


@pytest.mark.parametrize(("kernel", "stride"), [(2, 2), (3, 1)])
def test_mean_of_a_window_of_correlated_places(kernel: int, stride: int) -> None:
    side = (6 - kernel) // stride + 1
    values = {"kernel_size": kernel, "stride": stride, "padding": 0}
    layer = _layer("mean_pool", values, (1, 6, 6), (1, side, side))
    found = RULES["mean_pool"].forward(layer, [Moments.of(np.ones((6, 6)), 0.0, 0.0, 0.7)])
    images = torch.from_numpy(_smooth(0.7, (6, 6))).unsqueeze(1)
    seen = functional.avg_pool2d(images, kernel, stride).square().mean().item()
    assert float(found.square.mean()) == pytest.approx(seen, rel=0.02)


@pytest.mark.parametrize(
    ("values", "leaving", "pool"),
    [
        ({"kernel_size": 3, "stride": 2, "padding": 1}, (4, 4, 4), nn.AvgPool2d(3, 2, 1)),
        ({"height": 3, "width": 5}, (4, 3, 5), nn.AdaptiveAvgPool2d((3, 5))),
        ({}, (4,), nn.AdaptiveAvgPool2d(1)),
    ],
    ids=["window", "adaptive", "global"],
)
def test_pooling_hands_each_place_its_share(
    values: Mapping[str, int], leaving: Shape, pool: nn.Module
) -> None:
    layer = _layer("mean_pool", values, (4, 7, 7), leaving)
    x = torch.randn(20_000, 1, 7, 7, dtype=torch.float64, requires_grad=True)
    y: Tensor = pool(x)
    y.backward(torch.randn_like(y))
    assert x.grad is not None
    found = RULES["mean_pool"].backward(layer, [], np.ones(()))
    assert found == pytest.approx(x.grad.square().mean(dim=(0, 1)).numpy(), rel=0.1)
    assert float(found.mean()) == pytest.approx(x.grad.square().mean().item(), rel=0.05)


@pytest.mark.parametrize(
    ("rule", "norm"), [("layer_norm", functional.layer_norm), ("rms_norm", functional.rms_norm)]
)
def test_norms_over_units(rule: str, norm: Any) -> None:
    units = 2_000
    x = (0.7 + 1.3 * torch.randn(4, units, dtype=torch.float64)).requires_grad_()
    y = norm(x, (units,))
    y.backward(torch.randn_like(y))
    assert x.grad is not None
    layer = _layer(rule, {"eps": 1e-5}, (units,), (units,))
    arriving = [Moments.of(0.7**2 + 1.3**2, 0.7, 0.7**2)]
    found = RULES[rule].forward(layer, arriving)
    assert float(found.square) == pytest.approx(y.square().mean().item(), rel=0.05)
    assert float(found.mean) == pytest.approx(y.mean().item(), abs=0.05)
    gradient = RULES[rule].backward(layer, arriving, np.ones(()))
    assert float(gradient) == pytest.approx(x.grad.square().mean().item(), rel=0.05)


def test_layer_norm_of_two_samples() -> None:
    layer = _layer("layer_norm", {"eps": 1e-12}, (8,), (8,))
    found = RULES["layer_norm"].forward(layer, [Moments.of(2.0, 1.0, 1.5)])
    # (p − m²) / (q − m²)
    assert float(found.two_samples) == pytest.approx(0.5)


def test_batch_norm_of_uncorrelated_samples() -> None:
    layer = _layer("batch_norm", {"eps": 1e-12}, (8,), (8,))
    found = RULES["batch_norm"].forward(layer, [Moments.of(3.0, 0.0, 1.0)])
    assert float(found.square) == pytest.approx(1.0)
    assert float(found.two_samples) == pytest.approx(-1 / 31)
    gradient = RULES["batch_norm"].backward(layer, [Moments.of(3.0, 0.0, 1.0)], np.ones(()))
    assert float(gradient) == pytest.approx(1 / 2 * 30 / 29)


def test_scaling_squares_its_factor() -> None:
    layer = _layer("scale", {"factor": -0.5}, (8,), (8,))
    found = RULES["scale"].forward(layer, [Moments.of(4.0, 1.0, 2.0)])
    assert (float(found.square), float(found.mean), float(found.two_samples)) == (1.0, -0.5, 0.5)
    assert float(RULES["scale"].backward(layer, [], np.ones(()))) == 0.25


def test_flattening_loses_the_map_and_keeps_the_averages() -> None:
    layer = _layer("identity", {}, (3, 2, 2), (12,))
    q = np.array([[1.0, 2.0], [3.0, 6.0]])
    found = RULES["identity"].forward(layer, [Moments.of(q)])
    assert float(found.square) == 3.0
    gradient = RULES["identity"].backward(layer, [], np.asarray(5.0))
    assert math.isclose(float(gradient), 5.0)
