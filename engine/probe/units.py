"""What single units do in a batch: saturated, dormant, dead; and whether samples can still be told apart."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .collect import CACHED

Floats = NDArray[np.float64]
DORMANT = 0.025
"""Sokar et al. 2023 use τ = 0.025 for their larger networks."""
_FEW = 4
"""Batches before it is worth finding out which layers have no dead unit."""


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


def unit_figures(
    dormant: Floats, cosine: Floats, outputs: Mapping[int, Tensor], channels_first: Collection[int]
) -> None:
    """Write each row's share of dormant units, and its batch cosine, the mean over all pairs of samples.

    A unit is dormant when its mean size is at most `DORMANT` of the layer's. The cosine is ‖mean x̂‖²: a sample's
    pair with itself counts, so that a batch and the same batch twice have the same figure; a sample whose output
    is zero counts as orthogonal to all. `channels_first` are the rows whose outputs (samples, a, b) have a units.
    """
    groups: dict[tuple[torch.Size, bool], list[int]] = {}
    for row, output in outputs.items():
        if output.dim() >= 2 and output.numel():
            groups.setdefault((output.shape, row in channels_first), []).append(row)
    for (shape, first), all_rows in groups.items():
        many = max(1, CACHED // shape.numel())
        for start in range(0, len(all_rows), many):
            rows = all_rows[start : start + many]
            stack = [outputs[row].detach() for row in rows]
            numbers = torch.stack(stack) if len(stack) > 1 else stack[0].unsqueeze(0)
            if numbers.dtype not in (torch.float32, torch.float64):
                numbers = numbers.float()  # mixed precision
            dormant[rows], cosine[rows] = _dormant(by_units(numbers, first)), _cosine(numbers)


def _dormant(units: Tensor) -> Floats:
    sizes = torch.linalg.vector_norm(units, 1, dim=3).mean(dim=1)
    limits = DORMANT * sizes.mean(dim=1, keepdim=True)
    found: Floats = (sizes <= limits).double().mean(dim=1).cpu().numpy()
    return found


def _cosine(numbers: Tensor) -> Floats:
    rows = numbers.flatten(2)
    lengths = torch.linalg.vector_norm(rows, dim=2)
    shares = torch.where(lengths > 0, 1.0 / lengths, 0.0).div_(numbers.shape[1])
    mean = torch.bmm(shares.unsqueeze(1), rows).squeeze(1)
    found: Floats = torch.linalg.vector_norm(mean, dim=1).double().square().cpu().numpy()
    return found


def by_units(numbers: Tensor, channels_first: bool) -> Tensor:
    """Rows of outputs (rows, samples, …) as (rows, samples, units, places)."""
    if numbers.dim() == 4 and not channels_first:
        numbers = numbers.transpose(2, 3)
    return numbers.reshape(*numbers.shape[:3], -1)


_Batch = Mapping[int, Tensor]
"""Outputs by their places among those of the rectifiers."""


class DeadUnits:
    """Which units of rectifiers gave nothing above zero, over as many batches as one likes.

    A unit is dead when its highest output over all samples is at most 0. Batches are kept until they fill a
    processor's cache and then looked at together: what counts is how few calls it takes. Once every unit of a layer
    has been above zero the layer is left alone; in a healthy network that is after a few batches.
    """

    def __init__(self, rows: Mapping[int, bool]) -> None:
        """`rows` are those of the rectifiers in the table; whether outputs (samples, a, b) have a or b units."""
        self._rows = list(rows)
        self._first = list(rows.values())
        self.reset()

    def reset(self) -> None:
        """Begin anew."""
        self._batches = 0
        self._groups: list[_Alike] = []
        self._kept: list[_Batch] = []
        self._most = 0

    def take(self, outputs: Sequence[Tensor]) -> None:
        """Take in a batch: the outputs of the rectifiers, in the order of the rows."""
        if not self._batches:
            self._groups = _alike(outputs, self._first)
            self._most = self._fitting(outputs)
        self._batches += 1
        if not self._groups:
            return
        batch = {place: outputs[place] for group in self._groups for place in group.places}
        if self._kept and _samples(self._kept[0]) != _samples(batch):
            self._look()
        self._kept.append(batch)
        # at a power of two, so that layers are soon left alone
        is_power = not self._batches & (self._batches - 1)
        if len(self._kept) >= self._most or (self._batches >= _FEW and is_power):
            self._look()
            if is_power:  # finding out who is left costs more than looking
                self._groups = [r for group in self._groups if (r := group.still_waiting())]
                self._most = self._fitting(outputs)

    def shares(self, column: Floats) -> None:
        """Write each rectifier's share of units whose output was never above zero; nothing without a batch."""
        self._look()
        if self._batches:
            column[self._rows] = 0.0
        for group in self._groups:
            dead = group.dead().double().mean(dim=1).cpu().numpy()
            column[[self._rows[place] for place in group.places]] = dead

    def _fitting(self, outputs: Sequence[Tensor]) -> int:
        """How many batches of the layers that are still waited for fill the cache."""
        numbers = sum(outputs[place].numel() for group in self._groups for place in group.places)
        return max(1, CACHED // max(1, numbers))

    @torch.no_grad()
    def _look(self) -> None:
        if self._kept:
            for group in self._groups:
                group.take(self._kept)
            self._kept = []


class _Alike:
    """Rectifiers whose outputs have one shape, and the highest that each number of them has been."""

    def __init__(
        self, places: list[int], channels_first: bool, highest: Tensor | None = None
    ) -> None:
        self.places = places
        self._channels_first = channels_first
        self._highest = highest

    def take(self, batches: Sequence[_Batch]) -> None:
        """Take in batches of one size."""
        some = torch.stack([outputs[place] for outputs in batches for place in self.places])
        # over one dimension at a time: over two at once it takes thirty times as long
        tops = some.amax(dim=1).unflatten(0, (len(batches), len(self.places))).amax(dim=0)
        if self._highest is None:
            self._highest = tops
        else:
            torch.maximum(self._highest, tops, out=self._highest)

    def dead(self) -> Tensor:
        """Shape (places, units): whether the unit was never above zero anywhere."""
        assert self._highest is not None
        units = by_units(self._highest.unsqueeze(1), self._channels_first)
        return units.squeeze(1).amax(dim=2) <= 0

    def still_waiting(self) -> "_Alike | None":
        """The layers that have units which were never above zero; None when there are none."""
        assert self._highest is not None
        waiting = torch.nonzero(self.dead().any(dim=1)).flatten()
        if not len(waiting):
            return None
        if len(waiting) == len(self.places):
            return self
        rest = [self.places[place] for place in waiting.tolist()]
        return _Alike(rest, self._channels_first, self._highest[waiting])


def _samples(batch: _Batch) -> int:
    return len(next(iter(batch.values())))


def _alike(outputs: Sequence[Tensor], channels_first: Sequence[bool]) -> list[_Alike]:
    groups: dict[tuple[torch.Size, bool], list[int]] = {}
    for place, output in enumerate(outputs):
        groups.setdefault((output.shape, channels_first[place]), []).append(place)
    return [_Alike(places, first) for (_, first), places in groups.items()]
