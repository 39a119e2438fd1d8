"""Moments and histograms of many tensors in a few passes over memory: tensors of one size are stacked.

Measured on 101 tensors of 2,048 numbers: `torch.std_mean` over float64 takes ten times as long as a norm and a
mean, and `torch.bincount` of int64 codes that are not in place eight times as long as of int32 ones that are.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..stats import Distribution, Scale
from ..stats.histogram import CODE_COUNT, SHIFT

Floats = NDArray[np.float64]
_CLOSE = 1e-4
"""Below this share of the mean square, E x² − m² loses digits and the variance is summed anew."""


def by_size(tensors: Mapping[int, Tensor]) -> dict[int, list[int]]:
    """The keys of tensors that have equally many numbers, by that number; empty tensors are left out."""
    groups: dict[int, list[int]] = {}
    for key, tensor in tensors.items():
        if tensor.numel():
            groups.setdefault(tensor.numel(), []).append(key)
    return groups


def stacked(tensors: Mapping[int, Tensor], rows: Sequence[int]) -> Tensor:
    """A new tensor of shape (rows, numbers)."""
    return torch.stack([tensors[row].detach().flatten() for row in rows])


def collect(
    into: Distribution, tensors: Mapping[int, Tensor], scale: Scale, factor: float = 1.0
) -> Floats:
    """Fill the rows of `into` from the tensors' numbers times `factor`; returns each row's root mean square.

    `tensors` are keyed by row. The answer has a number for each row of `into`, NaN where there is no tensor.
    """
    found = np.full(len(into.mean), np.nan)
    for rows in by_size(tensors).values():
        numbers = stacked(tensors, rows)
        if factor != 1.0:
            numbers.mul_(factor)
        mean, std, rms = moments(numbers)
        into.mean[rows], into.std[rows], found[rows] = mean, std, rms
        _fill_histograms(into, rows, numbers, scale)
    return found


def moments(numbers: Tensor) -> tuple[Floats, Floats, Floats]:
    """Mean, population standard deviation and root mean square of each row, in float64."""
    mean = torch.mean(numbers, dim=1, dtype=torch.float64)
    norm = torch.linalg.vector_norm(numbers, dim=1, dtype=torch.float64)
    square = norm.square() / numbers.shape[1]
    variance = square - mean.square()
    for row in torch.nonzero(variance < _CLOSE * square).flatten().tolist():
        variance[row] = (numbers[row].double() - mean[row]).square().mean()
    parts = (mean, variance.clamp(min=0.0).sqrt(), square.sqrt())
    first, second, third = (part.cpu().numpy() for part in parts)
    return first, second, third


def _fill_histograms(
    into: Distribution, rows: Sequence[int], numbers: Tensor, scale: Scale
) -> None:
    places = torch.arange(len(rows), dtype=torch.int32, device=numbers.device) * CODE_COUNT
    codes = numbers.float().view(torch.int32) >> SHIFT
    codes.bitwise_and_(CODE_COUNT - 1).add_(places.unsqueeze(1))
    counts = torch.bincount(codes.flatten(), minlength=len(rows) * CODE_COUNT)
    folded = counts.cpu().numpy().reshape(len(rows), CODE_COUNT)
    into.set_rows(rows, scale.fold(folded, _zeros(numbers, folded)))


def _zeros(numbers: Tensor, codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Exact zeros of each row; only rows with numbers in the codes that zero shares are looked at."""
    zeros = np.zeros(len(codes), np.int64)
    tiny = np.flatnonzero(codes[:, 0] + codes[:, CODE_COUNT // 2])
    if tiny.size:
        some = numbers if tiny.size == len(codes) else numbers[torch.from_numpy(tiny)]
        count = some.shape[1] - torch.count_nonzero(some.float(), dim=1)
        zeros[tiny] = count.cpu().numpy()
    return zeros
