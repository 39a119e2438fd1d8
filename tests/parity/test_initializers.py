"""Initial weights against the papers' formulas and, bit for bit, against `torch.nn.init` called by hand."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn

from engine.layers import INITIALIZERS, Shape
from engine.worker.build import node_seed

SEED = 20
STD = 0.3
BOUND = 0.2
SETTINGS = {"init_std": STD, "init_bound": BOUND}
NORMAL = ("he_normal", "glorot_normal", "lecun_normal", "normal")
UNIFORM = ("he_uniform", "glorot_uniform", "lecun_uniform", "uniform", "torch_default")


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

VARIANCES: dict[str, Callable[[Big], float]] = {
    "he_normal": lambda layer: 2 / layer.fan_in,
    "he_uniform": lambda layer: 2 / layer.fan_in,
    "glorot_normal": lambda layer: 2 / (layer.fan_in + layer.fan_out),
    "glorot_uniform": lambda layer: 2 / (layer.fan_in + layer.fan_out),
    "lecun_normal": lambda layer: 1 / layer.fan_in,
    "lecun_uniform": lambda layer: 1 / layer.fan_in,
    "normal": lambda _layer: STD**2,
    "uniform": lambda _layer: BOUND**2 / 3,
    "orthogonal": lambda layer: 1 / max(layer.rows, layer.columns),
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
    "orthogonal": nn.init.orthogonal_,
    "zeros": nn.init.zeros_,
}


@pytest.fixture
def drawn(alone: Callable[..., Any]) -> Callable[..., nn.Module]:
    """Makes a layer as a run would, with the chosen initialiser."""

    def draw(layer: Big, initializer: str, seed: int = SEED) -> nn.Module:
        params = {**layer.params, **SETTINGS, "initializer": initializer}
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
    assert abs(weight.mean().item()) <= 0.02 * math.sqrt(wanted)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("initializer", INITIALIZERS)
def test_declared_variance_is_that_of_the_paper(initializer: str, layer: Big) -> None:
    shape = tuple(layer.by_hand().get_parameter("weight").shape)
    declared = INITIALIZERS[initializer].variance(shape, SETTINGS)
    assert declared == pytest.approx(VARIANCES[initializer](layer), rel=1e-12)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize(
    ("initializer", "share"),
    [*((name, 0.6827) for name in NORMAL), *((name, 1 / math.sqrt(3)) for name in UNIFORM)],
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


@pytest.mark.parametrize("layer", LAYERS)
def test_torchs_default_draws_the_bias_as_well(drawn: Callable[..., nn.Module], layer: Big) -> None:
    bias = drawn(layer, "torch_default").get_parameter("bias")
    assert bias.count_nonzero() == len(bias)
    assert bias.abs().max().item() <= 1 / math.sqrt(layer.fan_in)


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
    if initializer == "torch_default":
        assert torch.equal(built.get_parameter("bias"), by_hand.get_parameter("bias"))


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
