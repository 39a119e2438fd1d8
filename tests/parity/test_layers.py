"""Every kind of the catalogue against torch's own modules: shapes, trained tensors, functions and slopes."""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations

from engine.data import DataInfo
from engine.graph import task_of
from engine.layers import CATALOGUE, Shape, expected_output
from engine.parameters import BoolParameter, ChoiceParameter, IntParameter, Parameter
from engine.worker import modules

BATCH = 4
IMAGES: tuple[Shape, ...] = ((3, 8, 8), (2, 9, 7), (1, 5, 12))
SHAPES: tuple[Shape, ...] = ((7,), (1,), (3, 5), *IMAGES)
KINDS = [k for k, spec in CATALOGUE.items() if spec.module and spec.category != "Sequences"]
"""Layers over time have tests of their own: their data and modules differ."""
ACTIVATIONS = [kind for kind, spec in CATALOGUE.items() if spec.mean_field == "function"]
WINDOWS = {
    "kernel_size": (1, 2, 3, 6),
    "stride": (1, 2, 3),
    "padding": (0, 1, 2, 4),
    "dilation": (1, 2),
    "output_padding": (0, 1, 2),
}
LISTS: dict[str, tuple[int, ...]] = {
    "1 × -1": (1, -1),
    "−1": (-1,),
    "2 -1 1": (2, -1, 1),
    "7": (7,),
    "(3, 8, 8)": (3, 8, 8),
    "5x3": (5, 3),
    "1": (1,),
    "2, 1": (2, 1),
    "3 1 2": (3, 1, 2),
    "1, 3, 2": (1, 3, 2),
}
OTHER_VALUES: dict[str, list[Any]] = {
    "num_groups": [1, 2, 3, 7],
    "shape": list(LISTS),
    "order": [text for text, sizes in LISTS.items() if min(sizes) > 0],
}
TENSORS = {
    "parametrizations.weight.original": "weight",
    "parametrizations.weight.original0": "magnitude",
    "parametrizations.weight.original1": "weight",
}
"""What we call the tensors behind a normalised weight."""
SLIDING = [kind for kind in KINDS if "kernel_size" in CATALOGUE[kind].defaults]
OF_TRAINING = {"frozen", "learning_rate_factor"}
"""Settings that say how a layer is trained, not what it is."""
REFUSALS = (RuntimeError, ValueError, IndexError)


class _Merging(nn.Module):
    """A merging layer written as one call."""

    def __init__(self, merge: Callable[[tuple[Tensor, ...]], Tensor]) -> None:
        super().__init__()
        self._merge = merge

    def forward(self, *inputs: Tensor) -> Tensor:
        return self._merge(inputs)


class _Selu(nn.Module):
    """SELU as the paper writes it, with α and λ to be trained."""

    def __init__(self, alpha: float, scale: float) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.tensor([alpha]))
        self.scale = nn.Parameter(torch.tensor([scale]))

    def forward(self, z: Tensor) -> Tensor:
        positive, negative = z.clamp(min=0.0), torch.expm1(z.clamp(max=0.0))
        return self.scale * (positive + self.alpha * negative)


class _Factor(nn.Module):
    """One number by which all are multiplied."""

    def __init__(self, factor: float, trained: bool) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor([factor]), requires_grad=trained)

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs * self.factor


def _weighted(kind: str, values: Mapping[str, Any], shape: Shape) -> nn.Module:
    """Linear or a convolution, its weight normalised as the settings say."""
    if kind == "Linear":
        layer: nn.Module = nn.Linear(shape[-1], values["out_features"], bias=values["bias"])
    else:
        window = {name: values[name] for name in WINDOWS if name in values}
        make = getattr(nn, kind)
        layer = make(shape[0], values["out_channels"], bias=values["bias"], **window)
    if values["normalise_weight"] == "spectral":
        return parametrizations.spectral_norm(layer)
    if values["normalise_weight"] == "weight":
        return parametrizations.weight_norm(layer, dim=1 if "Transpose" in kind else 0)
    return layer


def _merged(kind: str, values: Mapping[str, Any]) -> nn.Module | None:
    """The layers that torch has as a call and not as a module."""
    calls: dict[str, Callable[[tuple[Tensor, ...]], Tensor]] = {
        "Add": lambda inputs: inputs[0] + inputs[1],
        "Multiply": lambda inputs: inputs[0] * inputs[1],
        "Concat": lambda inputs: torch.cat(inputs, dim=1),
        "Reshape": lambda inputs: inputs[0].view(BATCH, *LISTS[values["shape"]]),
        "Permute": lambda inputs: inputs[0].permute(0, *LISTS[values["order"]]),
        "GlobalAvgPool": lambda inputs: inputs[0].flatten(2).mean(2),
    }
    return _Merging(calls[kind]) if kind in calls else None


def _norm(kind: str, values: Mapping[str, Any], shape: Shape) -> nn.Module:
    match kind:
        case "GroupNorm":
            return nn.GroupNorm(values["num_groups"], shape[0], values["eps"])
        case "LayerNorm" | "RMSNorm":
            return getattr(nn, kind)(shape, **values)
    return getattr(nn, kind)(shape[0], **values)


def _by_hand(kind: str, settings: Mapping[str, Any], shape: Shape) -> nn.Module:
    values = {name: v for name, v in settings.items() if name not in OF_TRAINING}
    if (merged := _merged(kind, values)) is not None:
        return merged
    if CATALOGUE[kind].category == "Normalisation":
        return _norm(kind, values, shape)
    if CATALOGUE[kind].category == "Weights":
        return _weighted(kind, values, shape)
    match kind:
        case "Softmax":
            return nn.Softmax(dim={"first": 1, "last": -1}[values["over"]])
        case "TrainableSELU":
            return _Selu(**values)
        case "Scale":
            return _Factor(**values)
        case "AdaptiveAvgPool2d":
            return nn.AdaptiveAvgPool2d((values["height"], values["width"]))
        case "PReLU":
            return nn.PReLU(shape[0] if values["slopes"] == "channel" else 1, values["init"])
    return getattr(nn, kind)(**values)


def _alternatives(parameter: Parameter) -> list[Any]:
    if parameter.name in OTHER_VALUES:
        return OTHER_VALUES[parameter.name]
    match parameter:
        case ChoiceParameter(choices=choices):
            return [choice.value for choice in choices]
        case BoolParameter(default=default):
            return [not default]
        case IntParameter(default=default):
            return [default + 1]
    return [1.5 * parameter.initial]


def _settings(kind: str) -> Iterator[dict[str, Any]]:
    """The defaults, then one setting changed at a time; initialisers change no shape."""
    yield {}
    spec = CATALOGUE[kind]
    for parameter in spec.parameters:
        if spec.initialised and parameter.name.startswith(("init", "bias_")):
            continue
        for value in _alternatives(parameter):
            if value != parameter.initial:
                yield {parameter.name: value}


def _shapes(kind: str) -> tuple[Shape, ...]:
    if kind == "MaxPool1d":
        # torch takes a batch of rows for one sample with channels, and we do not
        return tuple(shape for shape in SHAPES if len(shape) > 1)
    if CATALOGUE[kind].mean_field == "function":
        return SHAPES[0], SHAPES[2], IMAGES[1]
    return IMAGES if kind.endswith("2d") else SHAPES


def _fields(kind: str) -> tuple[Shape, ...]:
    """What a window can slide over."""
    return IMAGES if kind.endswith("2d") else ((3, 8), (2, 9), (1, 5))


def _cases() -> Iterator[Any]:
    for kind in KINDS:
        for changes, shape in itertools.product(_settings(kind), _shapes(kind)):
            yield pytest.param(kind, changes, shape, id=f"{kind}-{changes}-{shape}")


def _inputs(kind: str, shape: Shape) -> list[Tensor]:
    generator = torch.Generator().manual_seed(5)
    minimum = CATALOGUE[kind].inputs.minimum
    return [torch.randn(BATCH, *shape, generator=generator) for _ in range(minimum)]


def _torch_shape(kind: str, changes: Mapping[str, Any], shape: Shape) -> Shape | None:
    """The shape that really leaves torch's module; None when torch refuses."""
    values = {**CATALOGUE[kind].defaults, **changes}
    try:
        outputs = _by_hand(kind, values, shape)(*_inputs(kind, shape))
    except REFUSALS:
        return None
    if not outputs.numel():
        return None
    if kind == "GroupNorm" and outputs.abs().max() < 1e-3:
        return None  # a group of one number minus its mean: torch goes on, we say that it makes no sense
    return tuple(outputs.shape[1:])


def _passed(kind: str, values: Mapping[str, Any], z: Tensor) -> Tensor:
    """The numbers after torch's activation, each of them the only channel of a sample, in float64."""
    module = _by_hand(kind, values, (1,)).double().eval()
    for name, parameter in module.named_parameters():
        if name in values:
            nn.init.constant_(parameter, values[name])  # not as float32 had it
    outputs: Tensor = module(z.unsqueeze(1))
    return outputs.squeeze(1)


def _grid() -> NDArray[np.float64]:
    """Numbers on both sides of zero, which is not among them: some slopes jump there."""
    middle = np.linspace(-8.0, 8.0, 400)
    return np.concatenate(([-100.0, -30.0, -1e-9], middle, [1e-9, 30.0, 100.0]))


def _activation_cases() -> list[Any]:
    return [
        pytest.param(kind, {**CATALOGUE[kind].defaults, **changes}, id=f"{kind}-{changes}")
        for kind in ACTIVATIONS
        for changes in _settings(kind)
    ]


CASES = list(_cases())
ACCEPTED = [case for case in CASES if _torch_shape(*case.values) is not None]


def test_only_the_ends_of_a_network_have_no_module() -> None:
    assert {kind for kind, spec in CATALOGUE.items() if not spec.module} == {"Input", "Output"}


@pytest.mark.parametrize(("kind", "changes", "shape"), CASES)
def test_inferred_shape_is_what_torch_gives(
    alone: Callable[..., Any], kind: str, changes: dict[str, Any], shape: Shape
) -> None:
    assert alone(kind, changes, shape).shape == _torch_shape(kind, changes, shape)


@pytest.mark.parametrize(
    ("kind", "shape"), [(kind, shape) for kind in SLIDING for shape in _fields(kind)]
)
def test_every_window_is_rounded_and_refused_as_by_torch(
    alone: Callable[..., Any], kind: str, shape: Shape
) -> None:
    names = [name for name in WINDOWS if name in CATALOGUE[kind].defaults]
    for sizes in itertools.product(*(WINDOWS[name] for name in names)):
        changes = dict(zip(names, sizes, strict=True))
        assert alone(kind, changes, shape).shape == _torch_shape(kind, changes, shape), changes


@pytest.mark.parametrize(("kind", "changes", "shape"), ACCEPTED)
def test_inferred_tensors_are_those_that_torch_trains(
    alone: Callable[..., Any], kind: str, changes: dict[str, Any], shape: Shape
) -> None:
    values = {**CATALOGUE[kind].defaults, **changes}
    trained = _by_hand(kind, values, shape).named_parameters()
    assert dict(alone(kind, changes, shape).tensors) == {
        TENSORS.get(name, name): tuple(tensor.shape)
        for name, tensor in trained
        if tensor.requires_grad
    }


@pytest.mark.parametrize(("kind", "changes", "shape"), ACCEPTED)
def test_built_layer_computes_what_torch_computes(
    alone: Callable[..., Any], kind: str, changes: dict[str, Any], shape: Shape
) -> None:
    built = alone(kind, changes, shape).built()
    by_hand = _by_hand(kind, {**CATALOGUE[kind].defaults, **changes}, shape)
    by_hand.load_state_dict(built.state_dict())
    for training in (True, False):
        outputs = []
        for module in (built, by_hand):
            torch.manual_seed(11)
            outputs.append(module.train(training)(*_inputs(kind, shape)))
        assert torch.equal(*outputs)


@pytest.mark.parametrize("joined", [2, 3, 5])
def test_merging_layers_take_any_number_of_inputs(joined: int) -> None:
    shapes = [(channels, 2, 3) for channels in range(1, joined + 1)]
    together = torch.cat([torch.zeros(BATCH, *shape) for shape in shapes], dim=1)
    task = task_of(DataInfo(title="", samples=1, input_shape=(2,)))
    assert CATALOGUE["Concat"].shape({}, shapes, task) == tuple(together.shape[1:])
    assert CATALOGUE["Add"].shape({}, shapes[:1] * joined, task) == shapes[0]
    assert CATALOGUE["Multiply"].shape({}, shapes[:1] * joined, task) == shapes[0]
    numbers = [torch.full((BATCH, 2), float(number)) for number in range(1, joined + 1)]
    assert modules.Add()(*numbers).eq(sum(range(1, joined + 1))).all()
    assert modules.Multiply()(*numbers).eq(math.factorial(joined)).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_input_gives_the_shape_of_the_data(alone: Callable[..., Any], shape: Shape) -> None:
    assert alone("Flatten", {}, shape).inference.shapes["input_1"] == shape


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_output_of_a_classification_fits_the_losses_of_torch(classes: int) -> None:
    task = task_of(DataInfo(title="", samples=1, input_shape=(2,), classes=classes))
    targets = torch.arange(BATCH) % classes
    logits = torch.zeros(BATCH, *expected_output("cross_entropy", task))
    assert functional.cross_entropy(logits, targets).item() == pytest.approx(np.log(classes))
    one_hot = functional.one_hot(targets, classes)
    assert tuple(one_hot.shape[1:]) == expected_output("mse", task)


def test_output_of_a_regression_has_the_shape_of_a_target() -> None:
    task = task_of(DataInfo(title="", samples=1, input_shape=(2,), target_shape=(3,)))
    outputs = torch.zeros(BATCH, *expected_output("mse", task))
    assert functional.mse_loss(outputs, torch.ones(BATCH, 3)).item() == 1.0


def test_element_wise_activations_declare_function_and_slope() -> None:
    for spec in CATALOGUE.values():
        element_wise = spec.mean_field == "function"
        assert (spec.function is not None) == element_wise, spec.kind
        assert (spec.derivative is not None) == element_wise, spec.kind
        if spec.category == "Activations" and spec.kind != "Softmax":
            assert element_wise, spec.kind


def test_trainable_selu_begins_as_the_plain_one() -> None:
    values = CATALOGUE["TrainableSELU"].defaults
    z = torch.from_numpy(_grid()).requires_grad_()
    ours = modules.TrainableSELU(float(values["alpha"]), float(values["scale"])).double()(z)
    theirs = functional.selu(z)
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=0.0)
    slopes = [torch.autograd.grad(outputs.sum(), z)[0] for outputs in (ours, theirs)]
    torch.testing.assert_close(*slopes, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize(("kind", "values"), _activation_cases())
def test_activation_is_torchs_function(kind: str, values: dict[str, Any]) -> None:
    grid = _grid()
    function = CATALOGUE[kind].function
    assert function is not None
    ours, theirs = function(grid, values), _passed(kind, values, torch.from_numpy(grid))
    np.testing.assert_allclose(ours, theirs.detach(), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("kind", "values"), _activation_cases())
def test_activation_slope_is_what_autograd_finds(kind: str, values: dict[str, Any]) -> None:
    z = torch.from_numpy(_grid()).requires_grad_()
    (slope,) = torch.autograd.grad(_passed(kind, values, z).sum(), z)
    derivative = CATALOGUE[kind].derivative
    assert derivative is not None
    # torch keeps a sixth as a float32
    rtol = 1e-7 if kind == "Hardsigmoid" else 1e-12
    np.testing.assert_allclose(derivative(_grid(), values), slope, rtol=rtol, atol=1e-14)
