"""Initial weights against the papers' formulas and, bit for bit, against `torch.nn.init` called by hand."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from engine.layers import INITIALIZERS, Shape, weight_std
from engine.worker.build import node_seed

SEED = 20
STD = 0.3
BOUND = 0.2
CONSTANT = -0.4
SETTINGS = {"init_std": STD, "init_bound": BOUND, "init_value": CONSTANT}
BY_HAND = ("normal", "truncated_normal", "uniform", "lsuv", "constant", "zeros")
"""What has no gain: its size is said by hand, or found by measuring."""
NORMAL = ("he_normal", "glorot_normal", "lecun_normal", "normal")
UNIFORM = ("he_uniform", "glorot_uniform", "lecun_uniform", "uniform", "torch_default")


def _cut_variance() -> float:
    """Variance of a normal that is drawn again beyond 2 σ, by adding up its density."""
    x = np.linspace(-2 * STD, 2 * STD, 200_001)
    density = np.exp(-0.5 * (x / STD) ** 2)
    return float(np.trapezoid(density * x**2, x) / np.trapezoid(density, x))


class Big(NamedTuple):
    """A layer with so many weights that their variance is known to within a per cent."""

    kind: str
    params: dict[str, Any]
    arrives: Shape
    fan_in: int
    fan_out: int
    rows: int
    columns: int

    def by_hand(self) -> nn.Module:
        """The same layer in plain torch."""
        if self.kind == "Linear":
            return nn.Linear(self.fan_in, self.fan_out)
        return nn.Conv2d(self.arrives[0], self.rows, self.params["kernel_size"])


WIDE = Big("Linear", {"out_features": 384}, (768,), 768, 384, 384, 768)
TALL = Big("Linear", {"out_features": 768}, (384,), 384, 768, 768, 384)
SQUARE = Big("Linear", {"out_features": 512}, (512,), 512, 512, 512, 512)
IMAGE = Big(
    "Conv2d",
    {"out_channels": 96, "kernel_size": 5},
    (128, 8, 8),
    fan_in=128 * 25,
    fan_out=96 * 25,
    rows=96,
    columns=128 * 25,
)
LAYERS = [
    pytest.param(layer, id=name)
    for name, layer in {"wide": WIDE, "tall": TALL, "square": SQUARE, "image": IMAGE}.items()
]


def _share_of_ones(layer: Big) -> float:
    """An identity, or the middle of each kernel of one, has a one for each row or column."""
    channels = layer.arrives[0]
    return min(layer.rows, channels) / (layer.rows * layer.columns)


def _identity(weight: Tensor) -> Tensor:
    return nn.init.eye_(weight) if weight.ndim == 2 else nn.init.dirac_(weight)


VARIANCES: dict[str, Callable[[Big], float]] = {
    "he_normal": lambda layer: 2 / layer.fan_in,
    "he_uniform": lambda layer: 2 / layer.fan_in,
    "glorot_normal": lambda layer: 2 / (layer.fan_in + layer.fan_out),
    "glorot_uniform": lambda layer: 2 / (layer.fan_in + layer.fan_out),
    "lecun_normal": lambda layer: 1 / layer.fan_in,
    "lecun_uniform": lambda layer: 1 / layer.fan_in,
    "normal": lambda _layer: STD**2,
    "uniform": lambda _layer: BOUND**2 / 3,
    "truncated_normal": lambda _layer: _cut_variance(),
    "orthogonal": lambda layer: 1 / max(layer.rows, layer.columns),
    "lsuv": lambda layer: 1 / max(layer.rows, layer.columns),
    "identity": lambda layer: _share_of_ones(layer) * (1 - _share_of_ones(layer)),
    "constant": lambda _layer: 0.0,
    "zeros": lambda _layer: 0.0,
    "torch_default": lambda layer: 1 / (3 * layer.fan_in),
}

DRAWS: dict[str, Callable[[Tensor], object]] = {
    "he_normal": lambda weight: nn.init.kaiming_normal_(weight, nonlinearity="relu"),
    "he_uniform": lambda weight: nn.init.kaiming_uniform_(weight, nonlinearity="relu"),
    "glorot_normal": nn.init.xavier_normal_,
    "glorot_uniform": nn.init.xavier_uniform_,
    "lecun_normal": lambda weight: nn.init.kaiming_normal_(weight, nonlinearity="linear"),
    "lecun_uniform": lambda weight: nn.init.kaiming_uniform_(weight, nonlinearity="linear"),
    "normal": lambda weight: nn.init.normal_(weight, 0.0, STD),
    "uniform": lambda weight: nn.init.uniform_(weight, -BOUND, BOUND),
    "truncated_normal": lambda weight: nn.init.trunc_normal_(weight, 0.0, STD, -2 * STD, 2 * STD),
    "orthogonal": nn.init.orthogonal_,
    "lsuv": nn.init.orthogonal_,
    "identity": _identity,
    "constant": lambda weight: nn.init.constant_(weight, CONSTANT),
    "zeros": nn.init.zeros_,
}


@pytest.fixture
def drawn(alone: Callable[..., Any]) -> Callable[..., nn.Module]:
    """Makes a layer as a run would, with the chosen initialiser."""

    def draw(layer: Big, initializer: str, seed: int = SEED, **settings: Any) -> nn.Module:
        params = {**layer.params, **SETTINGS, "initializer": initializer, **settings}
        built: nn.Module = alone(layer.kind, params, layer.arrives).built(seed)
        return built

    return draw


def _share_within_one_deviation(weight: Tensor, variance: float) -> float:
    return (weight.abs() <= math.sqrt(variance)).double().mean().item()


def test_every_initializer_has_its_formula_here() -> None:
    assert set(INITIALIZERS) == set(VARIANCES) == {*DRAWS, "torch_default"}


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("initializer", INITIALIZERS)
def test_variance_is_that_of_the_paper(
    drawn: Callable[..., nn.Module], initializer: str, layer: Big
) -> None:
    weight = drawn(layer, initializer).get_parameter("weight").double()
    wanted = VARIANCES[initializer](layer)
    assert weight.var(correction=0).item() == pytest.approx(wanted, rel=0.02)
    if INITIALIZERS[initializer].random:
        assert abs(weight.mean().item()) <= 0.02 * math.sqrt(wanted)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("initializer", INITIALIZERS)
def test_declared_variance_is_that_of_the_paper(initializer: str, layer: Big) -> None:
    shape = tuple(layer.by_hand().get_parameter("weight").shape)
    declared = INITIALIZERS[initializer].variance(shape, SETTINGS)
    assert declared == pytest.approx(VARIANCES[initializer](layer), rel=1e-8)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize(
    ("initializer", "share"),
    [
        *((name, 0.6827) for name in NORMAL),
        *((name, 1 / math.sqrt(3)) for name in UNIFORM),
        ("truncated_normal", 0.6505),
    ],
)
def test_share_within_one_deviation_tells_the_distribution(
    drawn: Callable[..., nn.Module], initializer: str, share: float, layer: Big
) -> None:
    weight = drawn(layer, initializer).get_parameter("weight")
    within = _share_within_one_deviation(weight, VARIANCES[initializer](layer))
    assert within == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("initializer", DRAWS)
def test_biases_start_at_zero(
    drawn: Callable[..., nn.Module], initializer: str, layer: Big
) -> None:
    assert not drawn(layer, initializer).get_parameter("bias").any()


@pytest.mark.parametrize("initializer", ["torch_default", "he_normal"])
@pytest.mark.parametrize("layer", LAYERS)
def test_biases_may_be_those_of_torch(
    drawn: Callable[..., nn.Module], layer: Big, initializer: str
) -> None:
    bias = drawn(layer, initializer, bias_initializer="torch_default").get_parameter("bias")
    torch.manual_seed(node_seed(SEED, "tested_1"))
    assert torch.equal(bias, layer.by_hand().get_parameter("bias"))
    assert bias.count_nonzero() == len(bias)
    assert bias.abs().max().item() <= 1 / math.sqrt(layer.fan_in)


@pytest.mark.parametrize("layer", LAYERS)
def test_biases_may_be_constant_or_normal(drawn: Callable[..., nn.Module], layer: Big) -> None:
    constant = drawn(layer, "he_normal", bias_initializer="constant", bias_value=-2.0)
    assert constant.get_parameter("bias").eq(-2.0).all()
    normal = drawn(layer, "he_normal", bias_initializer="normal", bias_std=0.5)
    bias = normal.get_parameter("bias")
    assert bias.std().item() == pytest.approx(0.5, rel=4 / math.sqrt(2 * len(bias)))
    weights = [module.get_parameter("weight") for module in (constant, normal)]
    assert torch.equal(*weights)


@pytest.mark.parametrize("initializer", INITIALIZERS)
@pytest.mark.parametrize("layer", LAYERS)
def test_gain_multiplies_what_follows_from_the_shape(
    drawn: Callable[..., nn.Module], layer: Big, initializer: str
) -> None:
    plain = drawn(layer, initializer).get_parameter("weight")
    scaled = drawn(layer, initializer, init_gain=3.0).get_parameter("weight")
    by_hand = initializer in BY_HAND
    assert torch.equal(scaled, plain if by_hand else 3.0 * plain)
    values = {**SETTINGS, "initializer": initializer, "init_gain": 3.0}
    wanted = math.sqrt(VARIANCES[initializer](layer)) * (1.0 if by_hand else 3.0)
    assert weight_std(tuple(plain.shape), values) == pytest.approx(wanted, rel=1e-8)


@pytest.mark.parametrize("initializer", INITIALIZERS)
def test_transposed_convolution_counts_its_own_fans(
    alone: Callable[..., Any], initializer: str
) -> None:
    window = {"out_channels": 32, "kernel_size": 4}
    params = {**window, **SETTINGS, "initializer": initializer, "init_gain": 2.0}
    built = alone("ConvTranspose2d", params, (128, 8, 8)).built(SEED)
    torch.manual_seed(node_seed(SEED, "tested_1"))
    by_hand = nn.ConvTranspose2d(128, 32, 4).get_parameter("weight").detach()
    if initializer != "torch_default":
        turned = torch.empty(32, 128, 4, 4)
        DRAWS[initializer](turned)
        by_hand = turned.transpose(0, 1)
    weight = built.get_parameter("weight")
    assert torch.equal(weight, by_hand if initializer in BY_HAND else 2.0 * by_hand)
    std = weight_std((128, 32, 4, 4), params, transposed=True)
    assert weight.double().std(correction=0).item() == pytest.approx(std, rel=0.02)


def test_he_keeps_the_mean_square_through_a_transposed_convolution(
    alone: Callable[..., Any],
) -> None:
    window = {"out_channels": 64, "kernel_size": 3, "stride": 1, "padding": 1}
    layer = alone("ConvTranspose2d", window, (16, 20, 20)).built(SEED)
    z = torch.randn(8, 16, 20, 20, generator=torch.Generator().manual_seed(3)).relu()
    middle = layer(z)[:, :, 1:-1, 1:-1]
    assert middle.square().mean().item() == pytest.approx(2.0 * z.square().mean().item(), rel=0.1)


NORMALISED = ("he_normal", "glorot_uniform", "orthogonal", "torch_default")


@pytest.mark.parametrize("initializer", NORMALISED)
@pytest.mark.parametrize("layer", LAYERS)
def test_spectral_normalisation_leaves_no_larger_singular_value_than_one(
    drawn: Callable[..., nn.Module], layer: Big, initializer: str
) -> None:
    module = drawn(layer, initializer, normalise_weight="spectral", init_gain=5.0).eval()
    weight = module.get_parameter("parametrizations.weight.original").detach()
    effective = module.weight.detach()
    assert torch.linalg.matrix_norm(effective.flatten(1), 2).item() == pytest.approx(1.0, rel=0.05)
    torch.testing.assert_close(effective / effective.norm(), weight / weight.norm())
    values = {"initializer": initializer, "init_gain": 5.0, "normalise_weight": "spectral"}
    declared = weight_std(tuple(weight.shape), values)
    assert effective.std().item() == pytest.approx(declared, rel=0.05)


@pytest.mark.parametrize("initializer", NORMALISED)
@pytest.mark.parametrize("layer", LAYERS)
def test_weight_normalisation_begins_with_the_weight_as_drawn(
    drawn: Callable[..., nn.Module], layer: Big, initializer: str
) -> None:
    plain = drawn(layer, initializer).get_parameter("weight")
    module = drawn(layer, initializer, normalise_weight="weight")
    torch.testing.assert_close(module.weight, plain)
    magnitude = module.get_parameter("parametrizations.weight.original0")
    torch.testing.assert_close(magnitude.flatten(), plain.flatten(1).norm(dim=1))


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("initializer", INITIALIZERS)
def test_drawn_bits_are_those_of_torch(
    drawn: Callable[..., nn.Module], initializer: str, layer: Big
) -> None:
    torch.manual_seed(node_seed(SEED, "tested_1"))
    by_hand = layer.by_hand()
    DRAWS.get(initializer, lambda _weight: None)(by_hand.get_parameter("weight"))
    built = drawn(layer, initializer)
    assert torch.equal(built.get_parameter("weight"), by_hand.get_parameter("weight"))


@pytest.mark.parametrize("layer", LAYERS)
def test_orthogonal_rows_or_columns_are_orthonormal(
    drawn: Callable[..., nn.Module], layer: Big
) -> None:
    matrix = drawn(layer, "orthogonal").get_parameter("weight").flatten(1).double()
    short = matrix if layer.rows <= layer.columns else matrix.T
    assert torch.allclose(short @ short.T, torch.eye(len(short), dtype=torch.float64), atol=1e-5)


def test_another_seed_draws_another_weight(drawn: Callable[..., nn.Module]) -> None:
    first, again, other = (drawn(SQUARE, "he_normal", seed) for seed in (1, 1, 2))
    weight = first.get_parameter("weight")
    assert torch.equal(weight, again.get_parameter("weight"))
    assert not torch.equal(weight, other.get_parameter("weight"))


def test_seeds_of_nodes_differ_and_fit_torch() -> None:
    seeds = [node_seed(seed, name) for seed in range(20) for name in ("a", "b", "1", "a_1")]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**63 for seed in seeds)
