"""What single units do in a batch: saturated, dormant, dead; and whether samples can still be told apart."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Floats = NDArray[np.float64]
DORMANT = 0.025
"""Sokar et al. 2023 use τ = 0.025 for their larger networks."""
_ENOUGH = 1 << 18
"""Numbers that wait together; they still fit a processor's cache."""


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
        stack = torch.stack([outputs[row].detach() for row in rows]).float()
        if len(shape) == 3:
            stack = stack.transpose(2, 3)
        stacks.append((rows, stack.reshape(len(rows), shape[0], units, -1)))
    return stacks


class DeadUnits:
    """Which units of rectifiers gave nothing above zero, over as many batches as one likes.

    A unit is dead when its highest output over all samples is at most 0. Outputs are copied side by side and
    looked at when there are enough of them: kernels of a few numbers at every step would cost more, and so
    would keeping the outputs themselves, whose memory the next step wants.
    """

    def __init__(self, rows: Sequence[int]) -> None:
        """`rows` are those of the rectifiers in the table."""
        self._rows = list(rows)
        self._groups: list[_Alike] = []

    def reset(self) -> None:
        """Begin anew."""
        for group in self._groups:
            group.reset()

    def take(self, outputs: Sequence[Tensor]) -> None:
        """Take in a batch: the outputs of the rectifiers, in the order of the rows."""
        if not self._groups:
            self._groups = _alike(outputs)
        with torch.no_grad():
            for group in self._groups:
                group.take([outputs[place] for place in group.places])

    def shares(self, column: Floats) -> None:
        """Write each rectifier's share of units whose output was never above zero."""
        for group in self._groups:
            group.look()
            if group.highest is None:
                continue
            # a sequence has its units last, everything else first
            units = group.highest.transpose(1, 2) if group.highest.dim() == 3 else group.highest
            tops = units.reshape(len(units), units.shape[1], -1).amax(dim=2)
            dead = (tops <= 0).double().mean(dim=1).cpu().numpy()
            column[[self._rows[place] for place in group.places]] = dead


class _Alike:
    """Rectifiers whose outputs have one shape."""

    def __init__(self, places: list[int]) -> None:
        self.places = places
        self.highest: Tensor | None = None
        self._room = torch.empty(0)
        self._filled = 0

    def reset(self) -> None:
        self.highest = None
        self._filled = 0

    def take(self, outputs: list[Tensor]) -> None:
        shape = outputs[0].shape
        if self._room.shape[2:] != shape:
            self.look()
            each = len(outputs) * shape.numel()
            steps = max(1, _ENOUGH // max(1, each))
            self._room = outputs[0].new_empty((steps, len(outputs), *shape))
        torch.stack(outputs, out=self._room[self._filled])
        self._filled += 1
        if self._filled == len(self._room):
            self.look()

    def look(self) -> None:
        """Take the highest outputs of what was copied."""
        if not self._filled:
            return
        tops = self._room[: self._filled].amax(dim=(0, 2))
        self._filled = 0
        self.highest = tops if self.highest is None else torch.maximum(self.highest, tops)


def _alike(outputs: Sequence[Tensor]) -> list[_Alike]:
    groups: dict[torch.Size, list[int]] = {}
    for place, output in enumerate(outputs):
        groups.setdefault(output.shape, []).append(place)
    return [_Alike(places) for places in groups.values()]
