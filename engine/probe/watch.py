"""Watches a single training step: hooks are there for that step alone and change nothing in it.

No random number is drawn, no buffer and no gradient is touched, so the trained weights are bit for bit the
same with and without it.
"""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.utils.hooks import RemovableHandle

from ..stats import LayerTable, fold_float_bits
from ..stats.histogram import CODE_COUNT, SHIFT
from .norms import rms


class StepWatch:
    """Collects what one step looks like inside, a row for each of the named modules, in their order.

    Call `attach` before the forward pass, `before_step` between the backward pass and clipping, `table`
    after the optimiser's step. Modules must be called at most once in the step.
    """

    def __init__(self, modules: Mapping[str, nn.Module]) -> None:
        self._modules = modules
        self._weights = {name: _weight(module) for name, module in modules.items()}
        self._handles: list[RemovableHandle] = []
        self._outputs: dict[str, Tensor] = {}
        self._before: dict[str, Tensor] = {}
        self._weight_gradients: dict[str, float] = {}

    def attach(self) -> None:
        """Put the hooks on."""
        for name, module in self._modules.items():
            self._handles.append(module.register_forward_hook(self._keeper(name)))

    def detach(self) -> None:
        """Take the hooks off and forget what they kept."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._outputs = {}
        self._before = {}
        self._weight_gradients = {}

    def before_step(self) -> None:
        """Look at weights and their gradients before they are clipped and used."""
        for name, weight in self._weights.items():
            if weight is not None:
                self._before[name] = weight.detach().clone()
                if weight.grad is not None:
                    self._weight_gradients[name] = rms(weight.grad)

    def table(self, samples: int) -> LayerTable:
        """The step's figures, for a batch of `samples`; takes the hooks off."""
        table = LayerTable.empty(len(self._modules), samples)
        rows = {name: row for row, name in enumerate(self._modules)}
        for names in self._groups():
            outputs = torch.stack([self._outputs[name].detach().flatten() for name in names])
            _fill_activations(table, [rows[name] for name in names], outputs)
        for name, output in self._outputs.items():
            if output.grad is not None:
                table.activation_gradient_rms[rows[name]] = samples * rms(output.grad)
        for name, before in self._before.items():
            self._fill_weight(table, rows[name], name, before)
        self.detach()
        return table

    def _keeper(self, name: str) -> Callable[[nn.Module, object, Tensor], None]:
        def keep(_module: nn.Module, _inputs: object, output: Tensor) -> None:
            if output.requires_grad:
                output.retain_grad()
            self._outputs[name] = output

        return keep

    def _groups(self) -> list[list[str]]:
        """Names whose outputs have equally many numbers, so that they can be looked at in one go."""
        groups: dict[int, list[str]] = {}
        for name, output in self._outputs.items():
            groups.setdefault(output.numel(), []).append(name)
        return list(groups.values())

    def _fill_weight(self, table: LayerTable, row: int, name: str, before: Tensor) -> None:
        weight = self._weights[name]
        assert weight is not None
        table.weight_rms[row] = rms(before)
        table.weight_gradient_rms[row] = self._weight_gradients.get(name, np.nan)
        change, size = rms(weight.detach() - before), float(table.weight_rms[row])
        table.update_ratio[row] = change / size if size else (np.inf if change else 0.0)


def _weight(module: nn.Module) -> nn.Parameter | None:
    """The tensor that is trained: of a normalised weight the one behind it, whose length does not count.

    Asking a spectrally normalised module for its weight would go on with its power iteration.
    """
    if parametrize.is_parametrized(module, "weight"):
        behind = dict(module.named_parameters())
        names = (f"parametrizations.weight.{name}" for name in ("original", "original1"))
        return next((behind[name] for name in names if name in behind), None)
    weight = getattr(module, "weight", None)
    return weight if isinstance(weight, nn.Parameter) else None


def _fill_activations(table: LayerTable, rows: list[int], outputs: Tensor) -> None:
    """Moments and histograms of several layers at once; `outputs` has shape (layers, numbers)."""
    deviation, mean = torch.std_mean(outputs.double(), dim=1, correction=0)
    table.activation_mean[rows] = mean.cpu().numpy()
    table.activation_std[rows] = deviation.cpu().numpy()
    bits = outputs.float().contiguous().view(torch.int32)
    places = torch.arange(len(rows), device=bits.device).unsqueeze(1) * CODE_COUNT
    codes = ((bits >> SHIFT) & (CODE_COUNT - 1)) + places
    counts = torch.bincount(codes.flatten(), minlength=len(rows) * CODE_COUNT)
    zeros = (outputs.shape[1] - torch.count_nonzero(outputs, dim=1)).cpu().numpy()
    for row, layer_codes, layer_zeros in zip(
        rows, counts.cpu().numpy().reshape(len(rows), CODE_COUNT), zeros, strict=True
    ):
        table.set_histogram(row, fold_float_bits(layer_codes, int(layer_zeros)))


def first_nonfinite(values: Mapping[str, Tensor]) -> str | None:
    """The first name, in the mapping's order, whose tensor holds NaN or an infinity; None when none does."""
    for name, value in values.items():
        if not bool(torch.isfinite(value).all()):
            return name
    return None
