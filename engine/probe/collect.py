"""Moments and histograms of many tensors in a few passes over memory: tensors of one size are stacked.

A look is made between two steps, when nothing of it is in the processor's cache: what counts is how few calls it
takes. So all histograms are counted in one go, and folded in one go for each scale. Measured on 101 tensors of
2,048 numbers: `torch.std_mean` over float64 takes ten times as long as a norm and a mean, and `torch.bincount` of
int64 codes that are not in place eight times as long as of int32 ones that are.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..stats import Distribution, Rows, Scale
from ..stats.histogram import CODE_COUNT, SHIFT

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
_CLOSE = 1e-4
"""Below this share of the mean square, E x² − m² loses digits and the variance is summed anew."""


class Part(NamedTuple):
    """What is to be collected: tensors, keyed by their row in `into`, each number times `factor`."""

    into: Distribution
    tensors: Mapping[int, Tensor]
    scale: Scale
    factor: float = 1.0


class _Stack(NamedTuple):
    """Tensors that have equally many numbers."""

    numbers: Tensor
    """Shape (tensors, numbers), float32 or float64."""
    places: Places
    """Where each stands among all tensors."""


@torch.no_grad()
def collect(parts: Sequence[Part]) -> list[Floats]:
    """Fill each part's distribution; returns each part's root mean squares, NaN in rows without a tensor."""
    rows = [[row for row, t in part.tensors.items() if t.numel()] for part in parts]
    starts = _starts(parts, rows)
    stacks = _stacked(parts, rows, starts)
    total = sum(len(some) for some in rows)
    figures = np.empty((3, total))
    for stack in stacks:
        figures[:, stack.places] = moments(stack.numbers)
    histograms = _histograms(parts, rows, stacks, total)
    found = []
    for part, some, start in zip(parts, rows, starts, strict=True):
        here = slice(start, start + len(some))
        part.into.mean[some], part.into.std[some] = figures[0, here], figures[1, here]
        part.into.set_rows(some, histograms, here)
        rms = np.full(len(part.into.mean), np.nan)
        rms[some] = figures[2, here]
        found.append(rms)
    return found


def _starts(parts: Sequence[Part], rows: Sequence[Sequence[int]]) -> list[int]:
    """Where each part's tensors begin among all, parts of one scale side by side."""
    order = sorted(range(len(parts)), key=lambda number: (parts[number].scale.lowest, number))
    starts, begun = [0] * len(parts), 0
    for number in order:
        starts[number] = begun
        begun += len(rows[number])
    return starts


def _stacked(
    parts: Sequence[Part], rows: Sequence[Sequence[int]], starts: Sequence[int]
) -> list[_Stack]:
    groups: dict[int, list[tuple[Tensor, int, float]]] = {}
    for part, some, start in zip(parts, rows, starts, strict=True):
        for place, row in enumerate(some, start):
            tensor = part.tensors[row]
            groups.setdefault(tensor.numel(), []).append((tensor.flatten(), place, part.factor))
    return [_stack(group) for group in groups.values()]


def _stack(group: list[tuple[Tensor, int, float]]) -> _Stack:
    numbers = torch.stack([tensor for tensor, _, _ in group])
    if numbers.dtype not in (torch.float32, torch.float64):
        numbers = numbers.float()  # mixed precision
    factors = [factor for _, _, factor in group]
    if any(factor != 1.0 for factor in factors):
        numbers.mul_(numbers.new_tensor(factors).unsqueeze(1))
    return _Stack(numbers, np.array([place for _, place, _ in group]))


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


def _histograms(
    parts: Sequence[Part], rows: Sequence[Sequence[int]], stacks: Sequence[_Stack], total: int
) -> Rows:
    """The histograms of all tensors."""
    codes = _codes(stacks, total)
    sizes = np.zeros(total, np.int64)
    for stack in stacks:
        sizes[stack.places] = stack.numbers.shape[1]
    scales: dict[Scale, int] = {}
    for part, some in zip(parts, rows, strict=True):
        scales[part.scale] = scales.get(part.scale, 0) + len(some)
    folded, start = [], 0
    for scale, count in sorted(scales.items(), key=lambda item: item[0].lowest):
        end = start + count
        folded.append(scale.fold(codes[start:end], sizes[start:end]))
        start = end
    counts, *tallies = map(np.concatenate, zip(*folded, strict=True))
    all_rows = Rows(counts.astype(np.uint32, copy=False), *tallies)
    _count_zeros(all_rows, stacks)
    return all_rows


def _codes(stacks: Sequence[_Stack], total: int) -> NDArray[np.int64]:
    """How often each pattern of leading float32 bits occurs in each tensor: shape (tensors, 2048)."""
    pieces = []
    for stack in stacks:
        first = torch.from_numpy((stack.places * CODE_COUNT).astype(np.int32))
        codes = stack.numbers.float().view(torch.int32) >> SHIFT
        codes.bitwise_and_(CODE_COUNT - 1).add_(first.to(codes.device).unsqueeze(1))
        pieces.append(codes.flatten())
    counts = torch.bincount(torch.cat(pieces), minlength=total * CODE_COUNT) if pieces else None
    if counts is None:
        return np.zeros((0, CODE_COUNT), np.int64)
    found: NDArray[np.int64] = counts.cpu().numpy().reshape(total, CODE_COUNT)
    return found


def _count_zeros(histograms: Rows, stacks: Sequence[_Stack]) -> None:
    """Tell exact zeros from the subnormal numbers, with which they share their code, where there are any."""
    for stack in stacks:
        some = np.flatnonzero(histograms.underflow[stack.places])
        if not some.size:
            continue
        is_zero = (stack.numbers.float() == 0).cpu().numpy()
        zeros = np.array([np.count_nonzero(is_zero[row]) for row in some])
        histograms.zeros[stack.places[some]] = zeros
        histograms.underflow[stack.places[some]] -= zeros
