"""The gradient through time against plain autograd, which unrolls the same cell step by step and keeps every state."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from engine.probe import StepWatch, spectral_radius, through_time

BATCH, STEPS, NUMBERS, UNITS = 5, 13, 3, 7
KINDS: dict[str, Callable[..., nn.RNNBase]] = {
    "tanh": lambda **more: nn.RNN(NUMBERS, UNITS, batch_first=True, **more),
    "relu": lambda **more: nn.RNN(NUMBERS, UNITS, nonlinearity="relu", batch_first=True, **more),
    "LSTM": lambda **more: nn.LSTM(NUMBERS, UNITS, batch_first=True, **more),
    "GRU": lambda **more: nn.GRU(NUMBERS, UNITS, batch_first=True, **more),
}
CELLS = {
    "tanh": lambda bias: nn.RNNCell(NUMBERS, UNITS, bias=bias),
    "relu": lambda bias: nn.RNNCell(NUMBERS, UNITS, bias=bias, nonlinearity="relu"),
    "LSTM": lambda bias: nn.LSTMCell(NUMBERS, UNITS, bias=bias),
    "GRU": lambda bias: nn.GRUCell(NUMBERS, UNITS, bias=bias),
}


class Unrolled(NamedTuple):
    """What autograd keeps of one direction: the states and cell states in the order of the input."""

    states: list[Tensor]
    cells: list[Tensor]


def _module(kind: str, *, bias: bool = True, bidirectional: bool = False) -> nn.RNNBase:
    torch.manual_seed(3)
    module = KINDS[kind](bias=bias, bidirectional=bidirectional)
    for weight in module.parameters():
        nn.init.normal_(weight, std=0.5)
    return module


def _inputs() -> Tensor:
    return torch.randn(BATCH, STEPS, NUMBERS, generator=torch.Generator().manual_seed(4))


def _loss(output: Tensor) -> Tensor:
    """A mean over samples of something that every output takes part in."""
    weights = torch.randn(output.shape[1:], generator=torch.Generator().manual_seed(5))
    return (output * weights + output.square()).flatten(1).sum(dim=1).mean()


def _unroll(module: nn.RNNBase, kind: str, inputs: Tensor, *, backward: bool) -> Unrolled:
    cell = CELLS[kind](module.bias)
    suffix = "_l0_reverse" if backward else "_l0"
    for name, weight in cell.named_parameters():
        weight.data.copy_(module.get_parameter(name + suffix))
    states: list[Tensor] = []
    cells: list[Tensor] = []
    state: Tensor | tuple[Tensor, Tensor] | None = None
    for t in range(STEPS - 1, -1, -1) if backward else range(STEPS):
        state = cell(inputs[:, t], state)
        if isinstance(state, tuple):
            cells.append(state[1])
        states.append(state[0] if isinstance(state, tuple) else state)
    for kept in (*states, *cells):
        kept.retain_grad()
    return Unrolled(states[::-1], cells[::-1]) if backward else Unrolled(states, cells)


def _norms(kept: list[Tensor]) -> np.ndarray:
    """The definition, word for word: norm over units of B times the gradient, root mean square over samples."""
    norms = [
        torch.linalg.vector_norm(BATCH * state.grad.double(), dim=1).square().mean().sqrt().item()
        for state in kept
        if state.grad is not None
    ]
    assert len(norms) == STEPS
    return np.array(norms)


def _watched(module: nn.RNNBase, inputs: Tensor, *, last: bool) -> tuple[Tensor, Tensor]:
    """Output and its gradient of one step through the fused kernels."""
    output, hidden = module(inputs)
    if last:
        states = hidden[0] if isinstance(hidden, tuple) else hidden
        output = states.transpose(0, 1).flatten(1)
    output.retain_grad()
    _loss(output).backward()
    assert output.grad is not None
    return output, output.grad


@pytest.mark.parametrize("last", [True, False], ids=["last state", "sequence"])
@pytest.mark.parametrize("bidirectional", [False, True], ids=["one way", "both ways"])
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_state_has_the_gradient_of_autograd(
    kind: str, bias: bool, bidirectional: bool, last: bool
) -> None:
    module = _module(kind, bias=bias, bidirectional=bidirectional)
    inputs = _inputs()
    runs = [
        _unroll(module, kind, inputs, backward=backward)
        for backward in ((False, True) if bidirectional else (False,))
    ]
    if last:
        output = torch.cat([run.states[0 if place else -1] for place, run in enumerate(runs)], 1)
    else:
        output = torch.cat([torch.stack(run.states, dim=1) for run in runs], dim=2)
    _loss(output).backward()
    found = through_time(module, inputs, *_watched(module, inputs, last=last))
    assert [each.direction for each in found] == ["forward", "backward"][: len(runs)]
    for each, run in zip(found, runs, strict=True):
        np.testing.assert_allclose(each.state, _norms(run.states), rtol=1e-5)
        if kind == "LSTM":
            assert each.cell is not None
            np.testing.assert_allclose(each.cell, _norms(run.cells), rtol=1e-5)
        else:
            assert each.cell is None


@pytest.mark.parametrize("kind", KINDS)
def test_the_look_may_come_after_the_step_that_it_is_of(kind: str) -> None:
    """It is made when the weights are others already, from those of the step, and draws no random number."""
    module, inputs = _module(kind), _inputs()
    unrolled = _unroll(module, kind, inputs, backward=False)
    whole = torch.stack(unrolled.states, dim=1)
    _loss(whole).backward()
    module.zero_grad()
    drawn = torch.get_rng_state()
    watch = StepWatch({"recurrent": module})
    watch.attach()
    _loss(module(inputs)[0]).backward()
    watch.before_step()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(generator=torch.Generator().manual_seed(5))
    ((row, found),) = watch.seen(len(inputs)).table().times
    assert row == 0
    np.testing.assert_allclose(found.state, _norms(unrolled.states), rtol=1e-5)
    assert torch.equal(torch.get_rng_state(), drawn)


@pytest.mark.parametrize("kind", KINDS)
def test_doubling_the_batch_changes_no_figure(kind: str) -> None:
    module, inputs = _module(kind), _inputs()
    once = through_time(module, inputs, *_watched(module, inputs, last=True))[0]
    twice = torch.cat((inputs, inputs))
    doubled = through_time(module, twice, *_watched(module, twice, last=True))[0]
    np.testing.assert_allclose(doubled.state, once.state, rtol=1e-5)
    assert doubled.samples == 2 * once.samples == 2 * BATCH


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_some_samples_are_measured_as_if_the_others_were_not_there(kind: str, last: bool) -> None:
    module, inputs = _module(kind), _inputs()
    output, gradient = _watched(module, inputs, last=last)
    (found,) = through_time(module, inputs, output, gradient, samples=2)
    alone, gradient_alone = _watched(module, inputs[:2], last=last)
    (wanted,) = through_time(module, inputs[:2], alone, gradient_alone)
    np.testing.assert_allclose(found.state, wanted.state, rtol=1e-5)
    assert found.samples == 2


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("kind", ["tanh", "LSTM", "GRU"])
def test_coarser_numbers_of_mixed_precision_are_taken(kind: str, last: bool) -> None:
    module, inputs = _module(kind), _inputs()
    output, gradient = _watched(module, inputs, last=last)
    (fine,) = through_time(module, inputs, output, gradient)
    coarse = (part.detach().bfloat16() for part in (inputs, output, gradient))
    (found,) = through_time(module, *coarse)
    np.testing.assert_allclose(found.state, fine.state, rtol=0.1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sequence_of_one_step_has_one_figure(kind: str) -> None:
    module, inputs = _module(kind), _inputs()[:, :1]
    output, gradient = _watched(module, inputs, last=True)
    (found,) = through_time(module, inputs, output, gradient)
    wanted = math.sqrt(BATCH) * torch.linalg.vector_norm(gradient.double()).item()
    assert found.state == pytest.approx([wanted], rel=1e-6)
    assert math.isnan(found.factor)


def test_looking_changes_nothing_and_calls_no_hook() -> None:
    module, inputs = _module("GRU", bidirectional=True), _inputs()
    watched = _watched(module, inputs, last=True)
    before = [(p.clone(), p.grad.clone()) for p in module.parameters() if p.grad is not None]
    module.register_forward_hook(lambda *_: pytest.fail("the module was called"))
    random = torch.get_rng_state()
    through_time(module, inputs, *watched)
    assert torch.equal(random, torch.get_rng_state())
    for weight, (value, gradient) in zip(module.parameters(), before, strict=True):
        assert torch.equal(weight, value)
        assert weight.grad is not None
        assert torch.equal(weight.grad, gradient)


@pytest.mark.parametrize(("kind", "block"), [("tanh", 0), ("LSTM", 2), ("GRU", 2)])
@pytest.mark.parametrize("backward", [False, True])
def test_spectral_radius_is_that_of_the_block_that_makes_new_content(
    kind: str, block: int, backward: bool
) -> None:
    module = _module(kind, bidirectional=True)
    angle = 0.7
    turn = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    wanted = torch.block_diag(0.9 * turn, *(torch.tensor([[0.1 * k]]) for k in range(UNITS - 2)))
    weight = module.get_parameter("weight_hh_l0_reverse" if backward else "weight_hh_l0")
    with torch.no_grad():
        weight[block * UNITS : (block + 1) * UNITS] = wanted
    assert spectral_radius(module, backward=backward) == pytest.approx(0.9, rel=1e-6)
    found = through_time(module, _inputs(), *_watched(module, _inputs(), last=True))
    assert found[backward].spectral_radius == pytest.approx(0.9, rel=1e-6)


def test_a_weight_that_is_not_finite_has_no_spectral_radius() -> None:
    module = _module("tanh")
    with torch.no_grad():
        module.get_parameter("weight_hh_l0")[0, 0] = math.inf
    assert math.isnan(spectral_radius(module))


def test_default_tanh_loses_the_root_of_a_third_a_step() -> None:
    """torch draws W_hh with units · Var(w) = 1/3 (the claim of Hochreiter 1991 and Bengio et al. 1994)."""
    factors, radii = [], []
    for seed in range(4):
        torch.manual_seed(seed)
        module = nn.RNN(8, 128, batch_first=True)
        inputs = torch.randn(64, 30, 8)
        output, _last = module(inputs)
        output.retain_grad()
        head = nn.Linear(128, 8)
        nn.functional.cross_entropy(head(output[:, -1]), torch.randint(8, (64,))).backward()
        assert output.grad is not None
        (found,) = through_time(module, inputs, output, output.grad)
        factors.append(found.factor)
        radii.append(found.spectral_radius)
    assert np.mean(factors) == pytest.approx(math.sqrt(1 / 3), rel=0.1)
    assert np.mean(radii) == pytest.approx(math.sqrt(1 / 3), rel=0.1)


def _orthogonal_linear() -> tuple[nn.RNN, Tensor]:
    """States stay so small that tanh is the identity, and the matrix turns without stretching."""
    module = nn.RNN(NUMBERS, UNITS, batch_first=True)
    nn.init.orthogonal_(module.get_parameter("weight_hh_l0"))
    return module, 1e-4 * _inputs()


def test_an_orthogonal_matrix_loses_nothing() -> None:
    module, inputs = _orthogonal_linear()
    for name in ("bias_ih_l0", "bias_hh_l0"):
        nn.init.zeros_(module.get_parameter(name))
    (found,) = through_time(module, inputs, *_watched(module, inputs, last=True))
    np.testing.assert_allclose(found.state, found.state[-1], rtol=1e-4)
    assert found.factor == pytest.approx(1.0, abs=1e-4)
    assert found.spectral_radius == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (nn.RNN(NUMBERS, UNITS, num_layers=2, batch_first=True), (BATCH, UNITS)),
        (nn.GRU(NUMBERS, UNITS), (BATCH, UNITS)),
        (nn.LSTM(NUMBERS, UNITS, proj_size=2, batch_first=True), (BATCH, 2)),
        (nn.RNN(NUMBERS, UNITS, batch_first=True), (BATCH, UNITS + 1)),
        (nn.RNN(NUMBERS, UNITS, batch_first=True), (BATCH, STEPS + 1, UNITS)),
    ],
    ids=["two layers", "time first", "projection", "another width", "another length"],
)
def test_what_cannot_be_looked_into_is_refused(module: nn.RNNBase, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"only one layer|do not fit"):
        through_time(module, _inputs(), torch.zeros(shape), torch.zeros(shape))
