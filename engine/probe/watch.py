"""Watches a single training step: hooks are there for that step alone and change nothing in it.

No random number is drawn, no buffer and no gradient is touched, so the trained weights are bit for bit the
same with and without it.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from ..stats import MAGNITUDES, VALUES, LayerTable, TimeGradient
from .batch_norm import NormState, batch_norm_stats, norm_states
from .collect import Part, collect
from .through_time import as_it_is, can_be_followed, through_time
from .units import saturated_share, unit_figures

Range = tuple[float, float]


class StepWatch:
    """Collects what one step looks like inside, a row for each of the named modules, in their order.

    Call `attach` before the forward pass, `before_step` between the backward pass and clipping, `table`
    after the optimiser's step. Modules must be called at most once in the step. `healthy` gives, for
    activations that saturate, the pre-activations between which their slope is worth something; `channels_first`
    names the modules whose outputs (samples, a, b) have a units and not b.
    """

    def __init__(
        self,
        modules: Mapping[str, nn.Module],
        healthy: Mapping[str, Range] | None = None,
        channels_first: Collection[str] = (),
    ) -> None:
        self._modules = list(modules.values())
        rows = {name: row for row, name in enumerate(modules)}
        self._healthy = {rows[name]: limits for name, limits in (healthy or {}).items()}
        self._channels_first = frozenset(rows[name] for name in channels_first)
        self._weights = {
            row: weights
            for row, module in enumerate(self._modules)
            if (weights := _weights(module))
        }
        self._recurrent = {
            row: module
            for row, module in enumerate(self._modules)
            if isinstance(module, nn.RNN | nn.LSTM | nn.GRU) and can_be_followed(module)
        }
        self._handles: list[RemovableHandle] = []
        self._forget()

    def attach(self) -> None:
        """Put the hooks on."""
        for row, module in enumerate(self._modules):
            self._handles.append(module.register_forward_hook(self._keeper(row)))

    def detach(self) -> None:
        """Take the hooks off and forget what they kept."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._forget()

    def before_step(self) -> None:
        """Keep weights and their gradients before they are clipped and used."""
        for row, weights in self._weights.items():
            self._before[row] = _joined(weights).clone()
            gradients = [weight.grad for weight in weights if weight.grad is not None]
            if len(gradients) == len(weights):
                self._weight_gradients[row] = _joined(gradients).clone()
        self._norms.update(norm_states(self._modules, self._inputs))
        for row, module in self._recurrent.items():
            output = self._outputs.get(row)
            if output is not None and output.grad is not None:
                parts = self._inputs[row], output.detach(), output.grad
                self._walks += (_Walk(row, as_it_is(module), *parts),)

    def table(self, samples: int) -> LayerTable:
        """The step's figures, for a batch of `samples`; takes the hooks off."""
        return self.seen(samples).table()

    def seen(self, samples: int) -> "Seen":
        """What the step showed, to be made into figures whenever and wherever one likes; takes the hooks off."""
        seen = Seen(
            samples=samples,
            rows=len(self._modules),
            inputs=self._inputs,
            outputs=self._outputs,
            weights=self._before,
            weight_gradients=self._weight_gradients,
            updates={
                row: _joined(self._weights[row]) - before for row, before in self._before.items()
            },
            norms=self._norms or norm_states(self._modules, self._inputs),
            walks=self._walks,
            healthy=self._healthy,
            channels_first=self._channels_first,
        )
        self.detach()
        return seen

    def _forget(self) -> None:
        self._inputs: dict[int, Tensor] = {}
        self._outputs: dict[int, Tensor] = {}
        self._before: dict[int, Tensor] = {}
        self._weight_gradients: dict[int, Tensor] = {}
        self._norms: dict[int, NormState] = {}
        self._walks: tuple[_Walk, ...] = ()

    def _keeper(self, row: int) -> Callable[[nn.Module, tuple[object, ...], object], None]:
        def keep(_module: nn.Module, inputs: tuple[object, ...], output: object) -> None:
            kept = output[0] if isinstance(output, tuple) else output
            if not isinstance(kept, Tensor):
                return
            if kept.requires_grad:
                kept.retain_grad()
            self._outputs[row] = kept
            if inputs and isinstance(inputs[0], Tensor):
                self._inputs[row] = inputs[0].detach()

        return keep


@dataclass(frozen=True, slots=True)
class _Walk:
    """What is needed to go back through time in a recurrent module."""

    row: int
    module: nn.RNNBase
    """With the weights of the step."""
    inputs: Tensor
    output: Tensor
    output_gradient: Tensor

    @property
    def numbers(self) -> int:
        """How many numbers are made on the way, roughly: every gate, what it gets of the gradient, and its part."""
        samples, steps, _ = self.inputs.shape
        return 3 * samples * steps * self.module.get_parameter("weight_hh_l0").shape[0]

    def gradients(self) -> tuple[TimeGradient, ...]:
        """One a direction."""
        return through_time(self.module, self.inputs, self.output, self.output_gradient)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a step showed, by row; nothing of it changes any more, so that any thread may read it."""

    samples: int
    rows: int
    inputs: Mapping[int, Tensor]
    outputs: Mapping[int, Tensor]
    weights: Mapping[int, Tensor]
    """Before the step."""
    weight_gradients: Mapping[int, Tensor]
    updates: Mapping[int, Tensor]
    norms: Mapping[int, NormState]
    walks: tuple[_Walk, ...]
    healthy: Mapping[int, Range]
    channels_first: Collection[int]

    @property
    def numbers(self) -> int:
        """How many numbers there are to be looked at, roughly: gradients are as many as outputs."""
        twice = (*self.outputs.values(), *self.weights.values())
        return sum(2 * tensor.numel() for tensor in twice) + sum(w.numbers for w in self.walks)

    @torch.no_grad()
    def table(self) -> LayerTable:
        """The figures, a row for each module."""
        table = LayerTable.empty(self.rows, self.samples)
        gradients = {
            row: output.grad for row, output in self.outputs.items() if output.grad is not None
        }
        found = collect(
            (
                Part(table.inputs, {0: self.inputs[0]} if 0 in self.inputs else {}, VALUES),
                Part(table.activations, self.outputs, VALUES),
                Part(table.weights, self.weights, VALUES),
                Part(table.activation_gradients, gradients, MAGNITUDES, float(self.samples)),
                Part(table.weight_gradients, self.weight_gradients, MAGNITUDES),
                Part(table.updates, self.updates, MAGNITUDES),
            )
        )
        _, _, sizes, table.activation_gradient_rms[:], gradient_sizes, moved = found
        table.weight_rms[:], table.weight_gradient_rms[:] = sizes, gradient_sizes
        with np.errstate(divide="ignore", invalid="ignore"):
            table.update_ratio[:] = np.where((sizes == 0) & (moved == 0), 0.0, moved / sizes)
        self._fill_units(table)
        norms = batch_norm_stats(self.norms, self.inputs)
        return replace(table, batch_norms=norms, times=self._times())

    def _times(self) -> tuple[tuple[int, TimeGradient], ...]:
        found = ((walk.row, walk.gradients()) for walk in self.walks)
        return tuple((row, gradient) for row, gradients in found for gradient in gradients)

    def _fill_units(self, table: LayerTable) -> None:
        waiting = {row: limits for row, limits in self.healthy.items() if row in self.inputs}
        saturated_share(table.saturation, self.inputs, waiting)
        unit_figures(table.dormant, table.batch_cosine, self.outputs, self.channels_first)


def _weights(module: nn.Module) -> list[nn.Parameter]:
    """What the module trains, but for its biases.

    Of a normalised weight it is the tensor behind it, without the length that is trained apart: asking a spectrally
    normalised module for its weight would go on with its power iteration.
    """
    return [
        parameter
        for name, parameter in module.named_parameters()
        if name.rpartition(".")[2] != "original0" and "bias" not in name.rpartition(".")[2]
    ]


def _joined(tensors: list[Tensor] | list[nn.Parameter]) -> Tensor:
    flat = [tensor.detach().flatten() for tensor in tensors]
    return flat[0] if len(flat) == 1 else torch.cat(flat)


def first_nonfinite(values: Mapping[str, Tensor]) -> str | None:
    """The first name, in the mapping's order, whose tensor holds NaN or an infinity; None when none does."""
    for name, value in values.items():
        if not bool(torch.isfinite(value).all()):
            return name
    return None
