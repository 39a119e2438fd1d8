"""The figures of a watched step against plain autograd, and proof that watching changes nothing."""

import copy
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations

from engine.probe import StepWatch, first_nonfinite, total_norm
from engine.stats import EDGES, SCALAR_COLUMNS, TALLIES, LayerTable

CLASSES = 3
Samples = tuple[Tensor, Tensor]


class _Branches(nn.Module):
    """A module that is no chain: one layer feeds two others, which are added."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Linear(6, 8)
        self.left = nn.Sequential(nn.Linear(8, 8), nn.Tanh())
        self.right = nn.ELU()
        self.head = nn.Linear(8, CLASSES)

    def forward(self, inputs: Tensor) -> Tensor:
        stem = self.stem(inputs)
        return self.head(self.left(stem) + self.right(stem))


def _dense() -> nn.Module:
    return nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 3))


def _normalised() -> nn.Module:
    return nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.SELU(), nn.Linear(8, CLASSES))


def _random() -> nn.Module:
    layers = (nn.Linear(6, 8), nn.RReLU(), nn.Dropout(0.3), nn.Linear(8, 8), nn.GELU())
    return nn.Sequential(*layers, nn.LayerNorm(8), nn.Dropout(0.1), nn.PReLU(8), nn.Linear(8, 3))


def _convolutional() -> nn.Module:
    shape = nn.Unflatten(1, (1, 2, 3))
    layers = (nn.Conv2d(1, 4, 2, padding=1), nn.BatchNorm2d(4), nn.LeakyReLU(), nn.MaxPool2d(2))
    return nn.Sequential(shape, *layers, nn.Dropout2d(0.2), nn.Flatten(), nn.Linear(8, CLASSES))


MODELS: tuple[Callable[[], nn.Module], ...] = (
    _dense,
    _normalised,
    _random,
    _convolutional,
    _Branches,
)


def _made(make: Callable[[], nn.Module]) -> nn.Module:
    """The model with the same weights each time, in float64."""
    torch.manual_seed(3)
    return make().double()


def _samples(count: int = 16) -> Samples:
    generator = torch.Generator().manual_seed(4)
    inputs = torch.randn(count, 6, generator=generator, dtype=torch.float64)
    return inputs, torch.arange(count) % CLASSES


def _watched(
    model: nn.Module,
    samples: Samples,
    *,
    scale: float = 1.0,
    step: Callable[[], object] = lambda: None,
    watch: StepWatch | None = None,
) -> LayerTable:
    """The figures of a step whose loss is `scale` times the mean cross-entropy."""
    watch = watch or StepWatch(dict(model.named_children()))
    watch.attach()
    torch.manual_seed(5)
    (scale * functional.cross_entropy(model(samples[0]), samples[1])).backward()
    watch.before_step()
    step()
    return watch.table(len(samples[0]))


def _outputs_by_hand(model: nn.Module, inputs: Tensor) -> list[Tensor]:
    """What leaves each child, called one after the other."""
    if isinstance(model, _Branches):
        stem = model.stem(inputs)
        left, right = model.left(stem), model.right(stem)
        return [stem, left, right, model.head(left + right)]
    outputs = [inputs]
    for child in model.children():
        outputs.append(child(outputs[-1]))
    return outputs[1:]


def _passed_by_hand(model: nn.Module, samples: Samples) -> tuple[list[Tensor], Tensor]:
    """The outputs of every child and the mean loss, with the random numbers of the watched step."""
    torch.manual_seed(5)
    outputs = _outputs_by_hand(model, samples[0])
    return outputs, functional.cross_entropy(outputs[-1], samples[1])


def _rms(tensor: Tensor) -> float:
    return math.sqrt(tensor.double().square().mean().item())


def _weights(model: nn.Module) -> list[Tensor | None]:
    """All that each child trains but its biases, in one row; its `grad` likewise."""
    return [_in_a_row(list(child.named_parameters())) for child in model.children()]


def _in_a_row(named: list[tuple[str, nn.Parameter]]) -> Tensor | None:
    weights = [parameter for name, parameter in named if not name.endswith("bias")]
    if not weights:
        return None
    row = torch.cat([weight.detach().flatten() for weight in weights])
    gradients = [weight.grad.flatten() for weight in weights if weight.grad is not None]
    row.grad = torch.cat(gradients) if gradients else None
    return row


@pytest.mark.parametrize("count", [2, 16])
@pytest.mark.parametrize("make", MODELS)
def test_activation_gradients_are_autograds_times_the_batch(
    make: Callable[[], nn.Module], count: int
) -> None:
    samples = _samples(count)
    table = _watched(_made(make), samples)
    outputs, loss = _passed_by_hand(_made(make), samples)
    trained = [place for place, output in enumerate(outputs) if output.requires_grad]
    gradients = torch.autograd.grad(loss, [outputs[place] for place in trained])
    wanted = np.full(len(outputs), np.nan)
    wanted[trained] = [count * _rms(gradient) for gradient in gradients]
    np.testing.assert_allclose(table.activation_gradient_rms, wanted, rtol=1e-12, atol=1e-18)


@pytest.mark.parametrize("make", MODELS)
def test_mean_and_deviation_are_those_of_the_outputs(make: Callable[[], nn.Module]) -> None:
    table = _watched(_made(make), _samples())
    outputs, _ = _passed_by_hand(_made(make), _samples())
    numbers = [output.detach().numpy() for output in outputs]
    np.testing.assert_allclose(table.activation_mean, [n.mean() for n in numbers], atol=1e-15)
    np.testing.assert_allclose(table.activation_std, [n.std() for n in numbers], rtol=1e-12)


@pytest.mark.parametrize("make", MODELS)
def test_weight_figures_are_those_before_the_step(make: Callable[[], nn.Module]) -> None:
    model, plain = _made(make), _made(make)
    table = _watched(model, _samples(), step=torch.optim.SGD(model.parameters(), lr=0.5).step)
    _passed_by_hand(plain, _samples())[1].backward()
    for row, weight in enumerate(_weights(plain)):
        figures = table.weight_rms[row], table.weight_gradient_rms[row]
        wanted = (math.nan, math.nan)
        if weight is not None:
            assert weight.grad is not None
            wanted = _rms(weight), _rms(weight.grad)
        np.testing.assert_allclose(figures, wanted, rtol=1e-12, atol=1e-18)


def test_weight_gradient_is_measured_before_clipping() -> None:
    plain, model = _made(_dense), _made(_dense)
    wanted = _watched(plain, _samples()).weight_gradient_rms
    clipped = _watched(
        model, _samples(), step=lambda: nn.utils.clip_grad_value_(model.parameters(), 1e-6)
    )
    np.testing.assert_array_equal(clipped.weight_gradient_rms, wanted)


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam, torch.optim.RMSprop])
@pytest.mark.parametrize("make", MODELS)
def test_update_ratio_is_of_the_step_really_made(
    make: Callable[[], nn.Module], optimizer: Callable[..., torch.optim.Optimizer]
) -> None:
    model = _made(make)
    before = copy.deepcopy(model)
    table = _watched(model, _samples(), step=optimizer(model.parameters(), lr=0.05).step)
    for row, (old, new) in enumerate(zip(_weights(before), _weights(model), strict=True)):
        ratio = _rms(new - old) / _rms(old) if old is not None else math.nan
        assert table.update_ratio[row] == pytest.approx(ratio, rel=1e-9, nan_ok=True)


def test_update_of_a_weight_of_zeros_is_zero_or_infinite() -> None:
    for rate, wanted in ((0.0, 0.0), (0.1, math.inf)):
        model = _made(_dense)
        nn.init.zeros_(model.get_parameter("4.weight"))
        table = _watched(model, _samples(), step=torch.optim.SGD(model.parameters(), lr=rate).step)
        assert (table.weight_rms[4], table.update_ratio[4]) == (0.0, wanted)


@pytest.mark.parametrize("make", [_dense, _Branches])
def test_duplicating_the_batch_changes_no_figure(make: Callable[[], nn.Module]) -> None:
    inputs, targets = _samples()
    once = _watched(_made(make), (inputs, targets))
    twice = _watched(_made(make), (torch.cat((inputs, inputs)), torch.cat((targets, targets))))
    for name in SCALAR_COLUMNS:
        np.testing.assert_allclose(
            getattr(twice, name), getattr(once, name), rtol=1e-12, atol=1e-15
        )
    assert (once.samples, twice.samples) == (16, 32)


@pytest.mark.parametrize("size", [1e-30, 1e-20, 1e10])
def test_small_and_large_gradients_keep_their_size_in_float32(size: float) -> None:
    inputs, targets = _samples()
    models = [_made(_dense).float() for _ in range(2)]
    plain = _watched(models[0], (inputs.float(), targets))
    scaled = _watched(models[1], (inputs.float(), targets), scale=size)
    for name in ("activation_gradient_rms", "weight_gradient_rms"):
        np.testing.assert_allclose(getattr(scaled, name), size * getattr(plain, name), rtol=1e-5)


def test_zero_gradient_is_zero_and_not_absent() -> None:
    table = _watched(_made(_dense), _samples(), scale=0.0)
    assert not table.activation_gradient_rms.any()
    assert not table.weight_gradient_rms[[0, 2, 4]].any()


@pytest.mark.parametrize("make", MODELS)
def test_histograms_count_every_number_of_the_output(make: Callable[[], nn.Module]) -> None:
    model = _made(make).float()
    table = _watched(model, (_samples()[0].float(), _samples()[1]))
    plain = _made(make).float()
    outputs, _ = _passed_by_hand(plain, (_samples()[0].float(), _samples()[1]))
    for row, output in enumerate(outputs):
        numbers = output.detach().numpy().astype(np.float64)
        counts = np.delete(np.histogram(numbers, EDGES)[0], 128)
        np.testing.assert_array_equal(table.activations.counts[row], counts)
        assert table.activations.zeros[row] == np.count_nonzero(numbers == 0)
        assert (
            table.activations.counts[row].sum()
            + table.activations.zeros[row]
            + table.activations.underflow[row]
            == numbers.size
        )


def test_numbers_outside_the_histogram_are_told_apart() -> None:
    odd = [0.0, -0.0, 0.0, 1e-30, -1e-7, 4096.0, -1e30, math.nan, math.inf, -math.inf, -math.inf]
    same = nn.Identity()
    watch = StepWatch({"same": same})
    watch.attach()
    same(torch.tensor([[*odd, 1.3]]))
    table = watch.table(1)
    found = table.activations
    outside = [int(getattr(found, name)[0]) for name in TALLIES]
    assert outside == [3, 2, 2, 4]
    assert EDGES[np.flatnonzero(table.activations.counts[0])[0] + 1] == 1.25


def test_layers_without_weight_gradient_or_call_have_no_figures() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(6, 6), nn.Linear(6, CLASSES)).double()
    model[1].requires_grad_(False)
    named = {**dict(model.named_children()), "unused": nn.Linear(2, 2)}
    table = _watched(model, _samples(), watch=StepWatch(named))
    assert np.isnan(table.activation_gradient_rms).tolist() == [True, True, False, True]
    assert np.isnan(table.weight_gradient_rms).tolist() == [True, True, False, True]
    assert np.isnan(table.activation_mean).tolist() == [False, False, False, True]
    table.check(4)


def test_rows_follow_the_names_that_were_given() -> None:
    model = _made(_Branches)
    chosen = {"last": model.get_submodule("head"), "inner": model.get_submodule("left.0")}
    sizes = _watched(model, _samples(), watch=StepWatch(chosen)).weight_rms
    assert sizes.tolist() == pytest.approx([_rms(module.weight) for module in chosen.values()])


def _train(
    make: Callable[[], nn.Module],
    optimizer: Callable[..., torch.optim.Optimizer],
    *,
    watching: bool,
) -> list[Tensor]:
    """Weights, buffers and the generator's state after two epochs of four batches."""
    model = _made(make)
    steps = optimizer(model.parameters(), lr=0.05)
    watch = StepWatch(dict(model.named_children()))
    inputs, targets = _samples(32)
    torch.manual_seed(6)
    for batch in [*torch.arange(32).split(8)] * 2:
        if watching:
            watch.attach()
        steps.zero_grad()
        functional.cross_entropy(model(inputs[batch]), targets[batch]).backward()
        if watching:
            watch.before_step()
        steps.step()
        if watching:
            watch.table(len(batch))
    return [*model.state_dict().values(), torch.get_rng_state()]


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
@pytest.mark.parametrize("make", MODELS)
def test_watching_every_step_changes_no_bit(
    make: Callable[[], nn.Module], optimizer: Callable[..., torch.optim.Optimizer]
) -> None:
    alone = _train(make, optimizer, watching=False)
    watched = _train(make, optimizer, watching=True)
    assert all(torch.equal(*pair) for pair in zip(alone, watched, strict=True))


@pytest.mark.parametrize("ending", ["table", "detach"])
def test_hooks_are_gone_afterwards(ending: str) -> None:
    model = _made(_dense)
    watch = StepWatch(dict(model.named_children()))
    watch.attach()
    model(_samples()[0]).sum().backward()
    watch.before_step()
    watch.table(16) if ending == "table" else watch.detach()
    assert not any(child._forward_hooks for child in model.children())
    model(_samples()[0])
    assert np.isnan(watch.table(16).activation_mean).all()


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"a": [1.0], "b": [2.0, math.nan], "c": [math.inf]}, "b"),
        ({"a": [-math.inf], "b": [math.nan]}, "a"),
        ({"a": [3e38], "b": []}, None),
        ({}, None),
    ],
)
def test_first_nonfinite_goes_by_the_order_given(
    values: dict[str, list[float]], name: str | None
) -> None:
    assert first_nonfinite({key: torch.tensor(value) for key, value in values.items()}) == name


def test_total_norm_is_that_of_all_numbers_together() -> None:
    tensors = [torch.randn(3, 4), torch.randn(5), torch.zeros(2)]
    numbers = torch.cat([tensor.flatten() for tensor in tensors]).double()
    assert total_norm(tensors).item() == pytest.approx(numbers.norm().item(), rel=1e-6)


def test_probe_pulls_in_nothing_of_the_lab_but_stats(root: Path) -> None:
    code = (
        "import sys, engine.probe;"
        "known = {m for m in sys.modules if m.split('.')[0] in ('engine', 'gui')};"
        "known |= {'msgspec', 'rich', 'platformdirs', 'PySide6'} & set(sys.modules);"
        "print(*sorted({'.'.join(m.split('.')[:2]) for m in known}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, timeout=60, check=True
    )
    assert done.stdout.decode().split() == ["engine", "engine.probe", "engine.stats"]


@pytest.mark.parametrize(
    ("normalise", "behind"),
    [(parametrizations.spectral_norm, "original"), (parametrizations.weight_norm, "original1")],
)
def test_of_a_normalised_weight_the_tensor_that_is_trained_is_watched(
    normalise: Callable[[nn.Module], nn.Module], behind: str
) -> None:
    torch.manual_seed(3)
    layer = normalise(nn.Linear(6, CLASSES))
    trained = layer.get_parameter(f"parametrizations.weight.{behind}")
    before = trained.detach().clone()
    buffers = [buffer.clone() for buffer in layer.buffers()]
    watch = StepWatch({"layer": layer})
    assert all(torch.equal(*pair) for pair in zip(layer.buffers(), buffers, strict=True))
    watch.attach()
    layer(torch.randn(5, 6)).square().sum().backward()
    watch.before_step()
    assert trained.grad is not None
    torch.optim.SGD(layer.parameters(), lr=0.1).step()
    table = watch.table(5)
    moved = (trained.detach() - before).norm() / before.norm()
    assert table.update_ratio[0] == pytest.approx(moved.item())
    assert table.weight_rms[0] == pytest.approx(before.square().mean().sqrt().item())
    rms = trained.grad.square().mean().sqrt().item()
    assert table.weight_gradient_rms[0] == pytest.approx(rms)
