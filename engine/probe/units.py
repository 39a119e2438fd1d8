"""What single units do in a batch: saturated, dormant, dead; and whether samples can still be told apart."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Floats = NDArray[np.float64]
DORMANT = 0.025
"""Sokar et al. 2023 use τ = 0.025 for their larger networks."""


def saturated_share(
    column: Floats, inputs: Mapping[int, Tensor], healthy: Mapping[int, tuple[float, float]]
) -> None:
    """Write, for each row of `healthy`, the share of pre-activations that lie outside its two limits."""
    groups: dict[tuple[int, float, float], list[int]] = {}
    for row, limits in healthy.items():
        groups.setdefault((inputs[row].numel(), *limits), []).append(row)
    for (count, low, high), rows in groups.items():
        numbers = torch.stack([inputs[row].flatten() for row in rows])
        inside = ((numbers >= low) & (numbers <= high)).sum(dim=1)
        column[rows] = 1.0 - inside.cpu().numpy() / max(1, count)


def dormant_share(column: Floats, outputs: Mapping[int, Tensor]) -> None:
    """Write each row's share of units whose mean size is at most `DORMANT` of the layer's mean size."""
    for rows, stack in _unit_stacks(outputs):
        sizes = stack.abs().mean(dim=(1, 3))
        limits = DORMANT * sizes.mean(dim=1, keepdim=True)
        column[rows] = (sizes <= limits).double().mean(dim=1).cpu().numpy()


def batch_cosine(column: Floats, outputs: Mapping[int, Tensor]) -> None:
    """Write each row's mean cosine over all pairs of samples, ‖mean x̂‖².

    A sample's pair with itself counts, so that a batch and the same batch twice have the same figure; a sample
    whose output is zero counts as orthogonal to all.
    """
    for rows, stack in _unit_stacks(outputs):
        directions = nn.functional.normalize(stack.flatten(2), dim=2, eps=1e-30)
        mean = directions.mean(dim=1, dtype=torch.float64)
        column[rows] = mean.square().sum(dim=1).cpu().numpy()


def _unit_stacks(outputs: Mapping[int, Tensor]) -> list[tuple[list[int], Tensor]]:
    """Outputs of one shape, stacked: shape (rows, samples, units, places); the unit is a channel or a feature."""
    groups: dict[torch.Size, list[int]] = {}
    for row, output in outputs.items():
        if output.dim() >= 2 and output.numel():
            groups.setdefault(output.shape, []).append(row)
    stacks = []
    for shape, rows in groups.items():
        units = shape[-1] if len(shape) == 3 else shape[1]  # a sequence has its features last
        stack = torch.stack([outputs[row].detach() for row in rows])
        if len(shape) == 3:
            stack = stack.transpose(2, 3)
        stacks.append((rows, stack.reshape(len(rows), shape[0], units, -1)))
    return stacks


class DeadUnits:
    """Which units of rectifiers gave nothing above zero, over as many batches as one likes.

    A unit is dead when its highest output over all samples is at most 0. Outputs of one shape are looked at
    together, because that is done at every step.
    """

    def __init__(self, rows: Sequence[int]) -> None:
        self._rows = list(rows)
        self._highest: dict[torch.Size, Tensor] = {}
        self._groups: dict[torch.Size, list[int]] = {}

    def reset(self) -> None:
        """Begin anew."""
        self._highest.clear()
        self._groups.clear()

    def take(self, outputs: Sequence[Tensor]) -> None:
        """Take in a batch: the outputs of the rectifiers, in the order of the rows."""
        groups: dict[torch.Size, list[int]] = {}
        for place, output in enumerate(outputs):
            groups.setdefault(output.shape[1:], []).append(place)
        for shape, places in groups.items():
            self._take_group(shape, [outputs[place].detach() for place in places])
        self._groups = groups

    def shares(self, column: Floats) -> None:
        """Write each rectifier's share of units whose output was never above zero."""
        for shape, places in self._groups.items():
            highest = self._highest[shape]
            units = highest if len(shape) != 2 else highest.transpose(1, 2)
            tops = units.reshape(len(places), units.shape[1], -1).amax(dim=2)
            dead = (tops <= 0).double().mean(dim=1).cpu().numpy()
            column[[self._rows[place] for place in places]] = dead

    def _take_group(self, shape: torch.Size, outputs: list[Tensor]) -> None:
        tops = torch.stack(outputs).amax(dim=1)
        known = self._highest.get(shape)
        if known is None:
            self._highest[shape] = tops
        else:
            torch.maximum(known, tops, out=known)
