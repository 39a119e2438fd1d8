"""Histograms whose bins are fixed once for all: symmetric logarithmic scales read from the bits of a float32.

The sign, the exponent and the two leading mantissa bits of a float32 are already a logarithmic
histogram with four bins an octave. Shifting the other 21 bits away costs one pass over memory, and
because the bins never move, two layers or two epochs can always be compared and one outlier hides
nothing. Whole octaves put together give a second scale, wide enough for gradients that vanish.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

MANTISSA_BITS = 2
SHIFT = 23 - MANTISSA_BITS
CODE_COUNT = 1 << (32 - SHIFT)

_CODES_PER_OCTAVE = 1 << MANTISSA_BITS
_PER_SIGN = 128
BIN_COUNT = 2 * _PER_SIGN
"""Bins of every histogram: 128 negative ones, then 128 positive ones."""

_EXPONENT_BIAS = 127
_NONFINITE_CODE = 255 * _CODES_PER_OCTAVE
_SIGN_CODE = CODE_COUNT // 2


class Histogram(NamedTuple):
    """Counts of one tensor: `counts` over a scale's edges, and what lies outside them, each counted apart.

    `underflow` holds values nearer to zero than the scale's smallest edge that are not zero; `overflow`
    finite ones beyond its largest; `nonfinite` NaN and the infinities.
    """

    counts: NDArray[np.uint32]
    zeros: int
    underflow: int
    overflow: int
    nonfinite: int

    @property
    def total(self) -> int:
        """All values that were counted, in bins or out of them."""
        return int(self.counts.sum()) + self.zeros + self.underflow + self.overflow + self.nonfinite


class Rows(NamedTuple):
    """Histograms of several tensors: the fields of `Histogram`, with a row a tensor."""

    counts: NDArray[np.uint32]
    zeros: Counts
    underflow: Counts
    overflow: Counts
    nonfinite: Counts


@dataclass(frozen=True)
class Scale:
    """Fixed bins on both sides of zero, from 2**lowest on, `per_octave` of them an octave, 128 a sign."""

    lowest: int
    per_octave: int

    @property
    def smallest(self) -> float:
        """Values nearer to zero than this one are underflow."""
        return 2.0**self.lowest

    @property
    def largest(self) -> float:
        """Values of this size and beyond are overflow."""
        return 2.0 ** (self.lowest + _PER_SIGN // self.per_octave)

    @cached_property
    def edges(self) -> Floats:
        """The 258 bin borders, ascending: 129 negative, 129 positive; the innermost two enclose underflow."""
        octave = 1.0 + np.arange(self.per_octave) / self.per_octave
        octaves = _PER_SIGN // self.per_octave
        powers = 2.0 ** np.arange(self.lowest, self.lowest + octaves, dtype=np.float64)
        positive = np.append((powers[:, None] * octave).ravel(), self.largest)
        edges: Floats = np.concatenate((-positive[::-1], positive))
        edges.setflags(write=False)
        return edges

    def fold(self, codes: Counts, sizes: Counts) -> Rows:
        """Turn counts by leading float32 bits (`bits >> 21`), shape (rows, 2048), into histograms.

        `sizes` (rows,) says how many numbers were counted. Exact zeros, which share their code with the
        subnormal numbers, are among the underflow: whoever has the numbers can tell them apart.
        """
        merged = _CODES_PER_OCTAVE // self.per_octave
        first = (self.lowest + _EXPONENT_BIAS) * _CODES_PER_OCTAVE
        last = first + _PER_SIGN * merged
        counts = np.empty((len(codes), BIN_COUNT), np.uint32)
        counts[:, :_PER_SIGN] = _merged(codes[:, _SIGN_CODE + first : _SIGN_CODE + last], merged)[
            :, ::-1
        ]
        counts[:, _PER_SIGN:] = _merged(codes[:, first:last], merged)
        tallies = np.zeros((4, len(codes)), np.int64)
        rows = np.flatnonzero(counts.sum(axis=1) != sizes)
        if rows.size:
            both = codes[rows, :_SIGN_CODE] + codes[rows, _SIGN_CODE:]
            tallies[1, rows] = both[:, :first].sum(axis=1)
            tallies[2, rows] = both[:, last:_NONFINITE_CODE].sum(axis=1)
            tallies[3, rows] = both[:, _NONFINITE_CODE:].sum(axis=1)
        return Rows(counts, *tallies)


VALUES = Scale(lowest=-20, per_octave=4)
"""For activations and weights: 1e-6 to 4096, four bins an octave."""
MAGNITUDES = Scale(lowest=-100, per_octave=1)
"""For gradients and updates: 8e-31 to 3e8, a bin an octave."""

EDGES: Floats = VALUES.edges
"""The bin borders of `VALUES`."""


def _merged(codes: Counts, width: int) -> Counts:
    if width == 1:
        return codes
    merged: Counts = codes.reshape(len(codes), codes.shape[1] // width, width).sum(axis=2)
    return merged


def bin_values(values: NDArray[np.floating], scale: Scale = VALUES) -> Histogram:
    """Count an array of any shape; values are rounded to float32 first."""
    with np.errstate(over="ignore", under="ignore"):
        flat = np.ascontiguousarray(values, np.float32).ravel()
    codes = np.bincount(flat.view(np.uint32) >> SHIFT, minlength=CODE_COUNT)
    rows = scale.fold(codes[None], np.array([flat.size]))
    zeros = int(np.count_nonzero(flat == 0))
    _, underflow, overflow, nonfinite = (int(tally[0]) for tally in rows[1:])
    return Histogram(rows.counts[0], zeros, underflow - zeros, overflow, nonfinite)


def _cumulative(counts: NDArray[np.integer], centre: NDArray[np.integer]) -> Floats:
    """Values at or below each edge, per row; `centre` (zeros and underflow) lies between the innermost edges."""
    steps = np.empty((*counts.shape[:-1], BIN_COUNT + 2), np.int64)
    steps[..., 0] = 0
    steps[..., 1 : _PER_SIGN + 1] = counts[..., :_PER_SIGN]
    steps[..., _PER_SIGN + 1] = centre
    steps[..., _PER_SIGN + 2 :] = counts[..., _PER_SIGN:]
    # whole numbers are summed in half the time
    return steps.cumsum(axis=-1, out=steps).astype(np.float64)


class Borders:
    """Where other bin borders, `edges` (k + 1,) ascending, lie among those of a scale: kept, to be used again."""

    def __init__(self, edges: Floats, scale: Scale = VALUES) -> None:
        own = scale.edges
        right = np.clip(np.searchsorted(own, edges, side="right"), 1, own.size - 1)
        self._left = right - 1
        self._share = np.clip((edges - own[self._left]) / (own[right] - own[self._left]), 0.0, 1.0)

    def resample(self, counts: NDArray[np.integer]) -> Floats:
        """Redistribute binned values over these borders, assuming an even spread within each old bin.

        `counts` has shape (..., 256); the answer has shape (..., k) and holds counts. Zeros, underflow and
        overflow are not included: they are shown apart.
        """
        cumulative = _cumulative(counts, np.zeros(counts.shape[:-1], np.int64))
        low = cumulative.take(self._left, axis=-1)
        step = cumulative.take(self._left + 1, axis=-1) - low
        result: Floats = np.diff(low + step * self._share, axis=-1)
        return result


def resample(counts: NDArray[np.integer], edges: Floats, scale: Scale = VALUES) -> Floats:
    """Redistribute binned values over other bin borders, once; see `Borders`."""
    return Borders(edges, scale).resample(counts)


def quantiles(
    counts: NDArray[np.integer],
    centre: NDArray[np.integer],
    shares: Floats,
    scale: Scale = VALUES,
) -> Floats:
    """Approximate quantiles of each row, to within one bin of the scale.

    `counts` (rows, 256); `centre` (rows,) zeros plus underflow; `shares` (k,) in [0, 1]. The answer has
    shape (rows, k); a row without any value gives NaN. Overflow is left out.
    """
    return at_shares(_cumulative(counts, centre), shares, scale.edges)


def at_shares(cumulative: Floats, shares: Floats, edges: Floats) -> Floats:
    """Where each row's values at or below the edges, `cumulative` (rows, n), reach shares (k,) of them all.

    `edges` (n,) ascending; the answer (rows, k) is linear between them. A row without any value gives NaN. What
    `numpy.interp` gives row by row, for all rows at once.
    """
    wanted = cumulative[:, -1:] * shares
    reached = cumulative[:, None] <= wanted[:, :, None]
    after = np.where(reached[:, :, -1], edges.size, reached.argmin(axis=2))
    right = after.clip(1, edges.size - 1)
    rows = np.arange(len(cumulative))[:, None]
    low, high = cumulative[rows, right - 1], cumulative[rows, right]
    step = high - low
    part = np.divide(wanted - low, step, out=(wanted >= low) * 1.0, where=step > 0)
    answer = edges[right - 1] + part.clip(0.0, 1.0) * (edges[right] - edges[right - 1])
    return np.where(cumulative[:, -1:] > 0, answer, np.nan)
