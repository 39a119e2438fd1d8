"""Moments and histograms of many tensors in a few passes over memory: tensors of one size are stacked.

Measured on 101 tensors of 2,048 numbers: `torch.std_mean` over float64 takes ten times as long as a norm and a
mean, and `torch.bincount` of int64 codes that are not in place eight times as long as of int32 ones that are.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..stats import Distribution, Scale
from ..stats.histogram import CODE_COUNT, SHIFT

Floats = NDArray[np.float64]
_CLOSE = 1e-4
"""Below this share of the mean square, E x² − m² loses digits and the variance is summed anew."""


class Part(NamedTuple):
    """What is to be collected: tensors, keyed by their row in `into`, each number times `factor`."""

    into: Distribution
    tensors: Mapping[int, Tensor]
    scale: Scale
    factor: float = 1.0


def collect(parts: Sequence[Part]) -> list[Floats]:
    """Fill each part's distribution; returns each part's root mean squares, NaN in rows without a tensor."""
    found = [np.full(len(part.into.mean), np.nan) for part in parts]
    groups: dict[int, dict[int, list[int]]] = {}
    for number, part in enumerate(parts):
        for row, tensor in part.tensors.items():
            if tensor.numel():
                groups.setdefault(tensor.numel(), {}).setdefault(number, []).append(row)
    for group in groups.values():
        _collect_group(parts, group, found)
    return found


def _collect_group(
    parts: Sequence[Part], group: Mapping[int, list[int]], found: list[Floats]
) -> None:
    """`group` names the rows of each part whose tensors have equally many numbers."""
    tensors = [
        parts[number].tensors[row].detach().flatten()
        for number, rows in group.items()
        for row in rows
    ]
    numbers = torch.stack(tensors)
    if numbers.dtype not in (torch.float32, torch.float64):
        numbers = numbers.float()  # mixed precision
    start = 0
    for number, rows in group.items():
        if (factor := parts[number].factor) != 1.0:
            numbers[start : start + len(rows)] *= factor
        start += len(rows)
    figures, codes = moments(numbers), _codes(numbers)
    start = 0
    for number, rows in group.items():
        place = slice(start, start + len(rows))
        part = parts[number]
        part.into.mean[rows], part.into.std[rows], found[number][rows] = figures[:, place]
        part.into.set_rows(rows, part.scale.fold(codes[place], numbers[place].cpu().numpy()))
        start = place.stop


def moments(numbers: Tensor) -> Floats:
    """Mean, population standard deviation and root mean square of each row, in float64: shape (3, rows)."""
    wide = numbers.double()
    mean = wide.mean(dim=1)
    square = torch.linalg.vector_norm(wide, dim=1).square_().div_(numbers.shape[1])
    figures: Floats = torch.stack((mean, square - mean * mean, square)).cpu().numpy()
    for row in np.flatnonzero(figures[1] < _CLOSE * figures[2]):
        figures[1, row] = (wide[row] - mean[row]).square().mean().item()
    np.sqrt(figures[1:], out=figures[1:])
    return figures


def _codes(numbers: Tensor) -> NDArray[np.int64]:
    """How often each pattern of leading float32 bits occurs in each row: shape (rows, 2048)."""
    rows = len(numbers)
    places = torch.arange(rows, dtype=torch.int32, device=numbers.device) * CODE_COUNT
    codes = numbers.float().view(torch.int32) >> SHIFT
    codes.bitwise_and_(CODE_COUNT - 1).add_(places.unsqueeze(1))
    counts = torch.bincount(codes.flatten(), minlength=rows * CODE_COUNT)
    found: NDArray[np.int64] = counts.cpu().numpy().reshape(rows, CODE_COUNT)
    return found
