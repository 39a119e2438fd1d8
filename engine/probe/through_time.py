"""The gradient of every hidden state of a recurrent layer, from one step of torch's own fused kernels.

A fused kernel gives the states h_t but keeps ∂L/∂h_t to itself. Both are known at the ends, though: the layer's
input and output, and the gradient that arrived at the output. So the gates of all steps are computed anew in one
matrix product, everything that the chain rule needs of them is prepared for all steps at once, and what is left
for the walk back through time is one small product and a few element-wise operations a step.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ..stats import TimeGradient

_CACHED_NUMBERS = 2**17
"""Gates that are looked at in one go: 512 kB of float32."""


class _Run(NamedTuple):
    """One direction, time first, in the order in which it reads, on memory of its own."""

    inputs: Tensor
    """(T, B, C)."""
    states: Tensor
    """h_t with a zero state before the first, (T + 1, B, H)."""
    arriving: Tensor
    """∂L/∂output_t, what comes to h_t from the layers above, (T, B, H); the walk adds what comes through time."""
    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Tensor | None
    bias_hh: Tensor | None


_Steps = tuple[Tensor, ...]
"""One tensor a step."""


class _Undrawn:
    """Draws no weights: what is to be copied need not be drawn, and nothing of the random numbers' order changes."""

    def reset_parameters(self) -> None:
        """Leave the memory as it is."""


class _RNN(_Undrawn, nn.RNN): ...


class _LSTM(_Undrawn, nn.LSTM): ...


class _GRU(_Undrawn, nn.GRU): ...


_BLANKS: Mapping[type[nn.RNNBase], Any] = {nn.RNN: _RNN, nn.LSTM: _LSTM, nn.GRU: _GRU}


class _Gradients(NamedTuple):
    """Total derivatives of every step, (T, B, H)."""

    state: Tensor
    cell: Tensor | None


@torch.no_grad()
def through_time(
    module: nn.RNNBase,
    inputs: Tensor,
    output: Tensor,
    output_gradient: Tensor,
    *,
    samples: int | None = None,
    spectrum: bool = True,
) -> tuple[TimeGradient, ...]:
    """The gradient through time of one watched step: one result a direction, forward first.

    `module` is `nn.RNN`, `nn.LSTM` or `nn.GRU` (or a subclass) with `batch_first`, one layer and no projection;
    `inputs` (B, T, C) is what it was given; `output` is what it gave: the whole sequence (B, T, directions · H), or
    the last states (B, directions · H), each direction's own; `output_gradient` is ∂(mean loss)/∂output. The weights
    must still be those of the step. Only the last states given, the states are computed anew in one forward pass.
    `samples` looks at the first so many of the batch only, at a cost that falls with them; `spectrum` asks for the
    spectral radius as well, which costs O(H³).

    Raises ValueError when the module or a shape is another one. Nothing of the module is changed.
    """
    _check(module, inputs, output, output_gradient)
    batch = len(inputs)
    # in mixed precision what was kept is coarser than the weights
    dtype = module.get_parameter("weight_hh_l0").dtype
    inputs, output, output_gradient = (
        part[:samples].to(dtype) for part in (inputs, output, output_gradient)
    )
    states = output if output.dim() == 3 else _sequence(module, inputs)
    results = []
    for place in range(2 if module.bidirectional else 1):
        units = slice(place * module.hidden_size, (place + 1) * module.hidden_size)
        arriving = _arriving(states[..., units], output_gradient[..., units], place)
        run = _run(module, inputs, states[..., units], arriving, place)
        results.append(_summed(module, _walk(module, run), batch, place, spectrum))
    return tuple(results)


def spectral_radius(module: nn.RNNBase, *, backward: bool = False) -> float:
    """Largest |eigenvalue| of the recurrent matrix that makes new content, in float64; NaN when it is not finite.

    That is W_hh of an RNN; of an LSTM the block of the cell candidate g, of a GRU that of the candidate n: the
    other blocks make gates, which only scale.
    """
    weight = module.get_parameter("weight_hh_l0_reverse" if backward else "weight_hh_l0").detach()
    block = weight.split(module.hidden_size)[0 if isinstance(module, nn.RNN) else 2].double()
    if not bool(torch.isfinite(block).all()):
        return float("nan")
    return float(torch.linalg.eigvals(block).abs().max())


def as_it_is(module: nn.RNNBase) -> nn.RNNBase:
    """A plain recurrent module with copies of the weights of now, to be looked into when they are others."""
    kind = next(blank for kind, blank in _BLANKS.items() if isinstance(module, kind))
    options = {"nonlinearity": module.nonlinearity} if isinstance(module, nn.RNN) else {}
    weight = module.get_parameter("weight_hh_l0")
    plain: nn.RNNBase = kind(
        module.input_size,
        module.hidden_size,
        bias=module.bias,
        batch_first=True,
        bidirectional=module.bidirectional,
        device=weight.device,
        dtype=weight.dtype,
        **options,
    )
    for name, parameter in plain.named_parameters():
        parameter.data.copy_(module.get_parameter(name).data)
    return plain


def can_be_followed(module: nn.RNNBase) -> bool:
    """Whether the states of the module are all that it gives: one layer, no projection, batch first."""
    return module.num_layers == 1 and not module.proj_size and module.batch_first


def _check(module: nn.RNNBase, inputs: Tensor, output: Tensor, gradient: Tensor) -> None:
    if not isinstance(module, nn.RNN | nn.LSTM | nn.GRU):
        raise ValueError(
            f"{type(module).__name__} is not a recurrent module that can be looked into"
        )
    if not can_be_followed(module):
        raise ValueError(
            "only one layer, without projection and with batch_first, can be looked into"
        )
    units = module.hidden_size * (2 if module.bidirectional else 1)
    whole = (*inputs.shape[:2], units)
    if output.shape not in (whole, (inputs.shape[0], units)) or gradient.shape != output.shape:
        raise ValueError(
            f"inputs {tuple(inputs.shape)}, output {tuple(output.shape)} and its gradient "
            f"{tuple(gradient.shape)} do not fit together"
        )


def _sequence(module: nn.RNNBase, inputs: Tensor) -> Tensor:
    """All states, by torch's own forward pass and not by that of a subclass, nor its hooks."""
    if isinstance(module, nn.LSTM):
        return nn.LSTM.forward(module, inputs)[0]
    if isinstance(module, nn.GRU):
        return nn.GRU.forward(module, inputs)[0]
    assert isinstance(module, nn.RNN)
    return nn.RNN.forward(module, inputs)[0]


def _arriving(states: Tensor, gradient: Tensor, place: int) -> Tensor:
    """The output's gradient for every step (B, T, H); a direction's last state is its first step in the input."""
    if gradient.dim() == 3:
        return gradient
    spread = torch.zeros_like(states)
    spread[:, 0 if place else -1] = gradient
    return spread


def _run(module: nn.RNNBase, inputs: Tensor, states: Tensor, arriving: Tensor, place: int) -> _Run:
    suffix = "l0_reverse" if place else "l0"
    parts = [part.transpose(0, 1) for part in (inputs, states, arriving)]
    x, h, g = (part.flip(0) for part in parts) if place else parts
    return _Run(
        x.contiguous(),
        torch.cat((torch.zeros_like(h[:1]), h)),
        g.clone(memory_format=torch.contiguous_format),
        module.get_parameter(f"weight_ih_{suffix}"),
        module.get_parameter(f"weight_hh_{suffix}"),
        module.get_parameter(f"bias_ih_{suffix}") if module.bias else None,
        module.get_parameter(f"bias_hh_{suffix}") if module.bias else None,
    )


def _chunks(run: _Run) -> Iterator[slice]:
    """The steps from the last to the first, in parts whose gates stay in the processor's cache."""
    numbers = run.weight_hh.shape[0] * run.inputs.shape[1]
    steps = max(1, _CACHED_NUMBERS // numbers)
    for stop in range(len(run.inputs), 0, -steps):
        yield slice(max(0, stop - steps), stop)


def _walk(module: nn.RNNBase, run: _Run) -> _Gradients:
    if isinstance(module, nn.LSTM):
        return _lstm(run)
    if isinstance(module, nn.GRU):
        return _gru(run)
    return _rnn(run, module.nonlinearity == "tanh")


def _rnn(run: _Run, is_tanh: bool) -> _Gradients:
    """h_t = φ(z_t): ∂L/∂z_t = φ′ ∂L/∂h_t, and W_hhᵀ takes it to h_{t−1}; φ′ follows from h_t alone."""
    steps = run.arriving.unbind()
    later = torch.empty_like(steps[0])
    for part in _chunks(run):
        states = run.states[1:][part]
        slopes = (1.0 - states.square() if is_tanh else (states > 0).to(states.dtype)).unbind()
        for t in range(part.stop - 1, max(part.start, 1) - 1, -1):
            torch.mul(steps[t], slopes[t - part.start], out=later)
            steps[t - 1].addmm_(later, run.weight_hh)
    return _Gradients(run.arriving, None)


def _lstm(run: _Run) -> _Gradients:
    """c_t = f c_{t−1} + i g, h_t = o tanh c_t; gates in torch's order i, f, g, o.

    ∂L/∂c_t = ∂L/∂c_{t+1} f_{t+1} + ∂L/∂h_t o_t (1 − tanh² c_t); i, f and g get their share of it, o of ∂L/∂h_t.
    """
    gates = _lstm_gates(run)
    cells = _cells(gates)
    gradients = torch.empty_like(run.arriving)
    steps, cell_steps = run.arriving.unbind(), gradients.unbind()
    carried = torch.zeros_like(steps[0])
    later = torch.empty_like(gates[0]).unflatten(1, (4, -1))
    of_cell, of_state, rows = later[:, :3], later[:, 3], later.flatten(1)
    forget = gates.chunk(4, dim=2)[1].unbind()
    for part in _chunks(run):
        shares, output_shares, ways = _lstm_shares(gates[part], cells[:-1][part], cells[1:][part])
        for t in range(part.stop - 1, part.start - 1, -1):
            place = t - part.start
            torch.addcmul(carried, steps[t], ways[place], out=cell_steps[t])
            if t:
                torch.mul(cell_steps[t].unsqueeze(1), shares[place], out=of_cell)
                torch.mul(steps[t], output_shares[place], out=of_state)
                steps[t - 1].addmm_(rows, run.weight_hh)
                torch.mul(cell_steps[t], forget[t], out=carried)
    return _Gradients(run.arriving, gradients)


def _lstm_gates(run: _Run) -> Tensor:
    """i, f, g and o of all steps, (T, B, 4 H), in two products; in place, because fresh memory is what costs."""
    gates = nn.functional.linear(run.inputs, run.weight_ih, run.bias_ih)
    rows = gates.flatten(0, 1).addmm_(run.states[:-1].flatten(0, 1), run.weight_hh.t())
    if run.bias_hh is not None:
        rows += run.bias_hh
    i_and_f, g, o = rows.split([rows.shape[1] // 2, rows.shape[1] // 4, rows.shape[1] // 4], dim=1)
    i_and_f.sigmoid_()
    g.tanh_()
    o.sigmoid_()
    return gates


def _cells(gates: Tensor) -> Tensor:
    """c_t of every step with a zero one before the first, (T + 1, B, H)."""
    i, f, g, _ = gates.chunk(4, dim=2)
    cells = i.new_zeros(i.shape[0] + 1, *i.shape[1:])
    torch.mul(i, g, out=cells[1:])
    steps, kept = cells.unbind(), f.unbind()
    for t, forget in enumerate(kept):
        steps[t + 1].addcmul_(forget, steps[t])
    return cells


def _lstm_shares(gates: Tensor, before: Tensor, cells: Tensor) -> tuple[_Steps, _Steps, _Steps]:
    """For each step: what the sums of i, f and g get of ∂L/∂c_t, (B, 3, H); that of o, and c_t, of ∂L/∂h_t, (B, H)."""
    i, f, g, o = gates.chunk(4, dim=2)
    bent = cells.tanh()
    shares = torch.stack((g * i * (1 - i), before * f * (1 - f), i * (1 - g.square())), dim=2)
    return shares.unbind(), (bent * o * (1 - o)).unbind(), (o * (1 - bent.square())).unbind()


def _gru(run: _Run) -> _Gradients:
    """h_t = (1 − z) n + z h_{t−1}, n = tanh(a + r (W_hn h_{t−1} + b_hn)); gates in torch's order r, z, n."""
    steps = run.arriving.unbind()
    later = run.arriving.new_empty(len(steps[0]), 3, steps[0].shape[1])
    rows = later.flatten(1)
    for part in _chunks(run):
        shares, kept = _gru_shares(run, part)
        for t in range(part.stop - 1, max(part.start, 1) - 1, -1):
            torch.mul(steps[t].unsqueeze(1), shares[t - part.start], out=later)
            steps[t - 1].addmm_(rows, run.weight_hh)
            steps[t - 1].addcmul_(steps[t], kept[t - part.start])
    return _Gradients(run.arriving, None)


def _gru_shares(run: _Run, part: slice) -> tuple[_Steps, _Steps]:
    """For each step what the sums of r, z and W_hn h + b_hn get of ∂L/∂h_t, (B, 3, H), and what h_{t−1} gets: z."""
    before = run.states[:-1][part]
    from_inputs = nn.functional.linear(run.inputs[part], run.weight_ih, run.bias_ih)
    from_state = nn.functional.linear(before, run.weight_hh, run.bias_hh)
    units = before.shape[2]
    r, z = (from_inputs + from_state)[..., : 2 * units].sigmoid().chunk(2, dim=2)
    candidate = from_state[..., 2 * units :]
    n = (from_inputs[..., 2 * units :] + r * candidate).tanh()
    of_n = (1 - z) * (1 - n.square())
    shares = torch.stack(
        (of_n * candidate * r * (1 - r), (before - n) * z * (1 - z), of_n * r), dim=2
    )
    return shares.unbind(), z.unbind()


def _summed(
    module: nn.RNNBase, gradients: _Gradients, batch: int, place: int, spectrum: bool
) -> TimeGradient:
    return TimeGradient(
        direction="backward" if place else "forward",
        samples=gradients.state.shape[1],
        state=_norms(gradients.state, batch, place),
        cell=None if gradients.cell is None else _norms(gradients.cell, batch, place),
        spectral_radius=spectral_radius(module, backward=bool(place)) if spectrum else float("nan"),
    )


def _norms(gradients: Tensor, batch: int, place: int) -> np.ndarray:
    """B ‖·‖ of every step in float64: the norm over units, the root mean square over the n samples that are there."""
    norm = torch.linalg.vector_norm(gradients.flatten(1), dim=1, dtype=torch.float64)
    norms: np.ndarray = (norm * batch / gradients.shape[1] ** 0.5).cpu().numpy()
    return norms[::-1].copy() if place else norms
