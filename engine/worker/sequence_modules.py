"""Torch's sequence layers as the graph needs them: one tensor in, one tensor out, batch first."""

import math

import torch
from torch import Tensor, nn

from engine.layers import INITIALIZERS, gain_of
from engine.layers.recurrent import recurrent_values
from engine.parameters import Values


class Embedding(nn.Embedding):
    """A table of rows; tokens arrive as float32 whole numbers (batch, T) and leave as (batch, T, units)."""

    def __init__(self, num_embeddings: int, embedding_dim: int, std: float) -> None:
        self._std = std
        super().__init__(num_embeddings, embedding_dim)

    def reset_parameters(self) -> None:
        nn.init.normal_(self.weight, std=self._std)

    def forward(self, inputs: Tensor) -> Tensor:
        return super().forward(inputs.long())


class RNN(nn.RNN):
    """`torch.nn.RNN` of one layer: (batch, T, numbers) to the last state or to the whole sequence."""

    def __init__(self, *, output: str, **arguments: object) -> None:
        super().__init__(batch_first=True, **arguments)
        self._last = output == "last"

    def forward(self, inputs: Tensor) -> Tensor:  # type: ignore[override]
        outputs, last = super().forward(inputs)
        return _joined(last) if self._last else outputs


class LSTM(nn.LSTM):
    """`torch.nn.LSTM` of one layer: (batch, T, numbers) to the last state h or to the whole sequence."""

    def __init__(self, *, output: str, **arguments: object) -> None:
        super().__init__(batch_first=True, **arguments)
        self._last = output == "last"

    def forward(self, inputs: Tensor) -> Tensor:  # type: ignore[override]
        outputs, (last, _cell) = super().forward(inputs)
        return _joined(last) if self._last else outputs


class GRU(nn.GRU):
    """`torch.nn.GRU` of one layer: (batch, T, numbers) to the last state or to the whole sequence."""

    def __init__(self, *, output: str, **arguments: object) -> None:
        super().__init__(batch_first=True, **arguments)
        self._last = output == "last"

    def forward(self, inputs: Tensor) -> Tensor:  # type: ignore[override]
        outputs, last = super().forward(inputs)
        return _joined(last) if self._last else outputs


def _joined(states: Tensor) -> Tensor:
    """The directions' last states (directions, batch, units) side by side (batch, directions · units)."""
    return states.transpose(0, 1).flatten(1)


def initialise_recurrent(module: nn.RNNBase, values: Values) -> None:
    """Draw every gate's weights as the settings say; biases are zero unless torch's own draw is wanted.

    An LSTM's forget gate starts at the bias that was chosen, whatever drew the rest: it stands in `bias_ih`,
    and `bias_hh` is zero there, because torch adds the two.
    """
    for direction in ("", "_reverse") if module.bidirectional else ("",):
        _draw(module, f"ih_l0{direction}", values)
        _draw(module, f"hh_l0{direction}", recurrent_values(values))
        if isinstance(module, nn.LSTM) and module.bias:
            forget = slice(module.hidden_size, 2 * module.hidden_size)
            for name, value in (("ih", float(values["forget_bias"])), ("hh", 0.0)):
                nn.init.constant_(_detached(module, f"bias_{name}_l0{direction}")[forget], value)


def _draw(module: nn.RNNBase, name: str, values: Values) -> None:
    initializer = INITIALIZERS[str(values["initializer"])]
    for block in _detached(module, f"weight_{name}").split(module.hidden_size):
        if initializer.function:
            getattr(nn.init, initializer.function)(block, **initializer.arguments(values))
        block *= gain_of(values)
    if module.bias and initializer.function:
        nn.init.zeros_(_detached(module, f"bias_{name}"))


def _detached(module: nn.Module, name: str) -> Tensor:
    """The same memory without its history: parts of it may then be written to."""
    return module.get_parameter(name).detach()


class SelfAttention(nn.MultiheadAttention):
    """`torch.nn.MultiheadAttention` of a sequence with itself: (batch, T, numbers), the same shape out."""

    def __init__(self, embed_dim: int, num_heads: int, bias: bool, causal: bool) -> None:
        super().__init__(embed_dim, num_heads, bias=bias, batch_first=True)
        self._causal = causal

    def forward(self, inputs: Tensor) -> Tensor:  # type: ignore[override]
        mask = None
        if self._causal:
            steps = inputs.shape[1]
            mask = torch.ones(steps, steps, dtype=torch.bool, device=inputs.device).triu(1)
        outputs, _weights = super().forward(
            inputs, inputs, inputs, need_weights=False, attn_mask=mask, is_causal=self._causal
        )
        return outputs


class PositionalEncoding(nn.Module):
    """Adds a row of numbers to each step of (batch, T, numbers); fixed waves, or a trained `weight`."""

    def __init__(self, steps: int, numbers: int, learned: bool) -> None:
        super().__init__()
        if learned:
            self.weight = nn.Parameter(torch.empty(steps, numbers))
            nn.init.normal_(self.weight, std=0.02)
        else:
            self.register_buffer("weight", waves(steps, numbers), persistent=False)

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs + self.weight


def waves(steps: int, numbers: int) -> Tensor:
    """Sinusoidal encoding (steps, numbers), float32: even places sin, odd ones cos (Vaswani et al. 2017, 3.5)."""
    places = torch.arange(numbers)
    exponents = (places - places % 2).double() / numbers
    angles = torch.arange(steps).double().unsqueeze(1) / 10_000.0**exponents
    return torch.where(places % 2 == 0, angles, angles + math.pi / 2).sin().float()


class LastStep(nn.Module):
    """The last step of (batch, T, numbers)."""

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs[:, -1]


class MeanOverTime(nn.Module):
    """The mean over the steps of (batch, T, numbers)."""

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs.mean(dim=1)
