"""Histograms whose bins are fixed once for all: a symmetric logarithmic scale read from the bits of a float32.

The sign, the exponent and the two leading mantissa bits of a float32 are already a logarithmic
histogram with four bins an octave. Shifting the other 21 bits away costs one pass over memory, and
because the bins never move, two layers or two epochs can always be compared and one outlier hides
nothing.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MANTISSA_BITS = 2
SHIFT = 23 - MANTISSA_BITS
CODE_COUNT = 1 << (32 - SHIFT)

LOWEST_EXPONENT = -20
OCTAVES = 32
_PER_OCTAVE = 1 << MANTISSA_BITS
_PER_SIGN = OCTAVES * _PER_OCTAVE
BIN_COUNT = 2 * _PER_SIGN
"""Bins of every histogram: 128 negative ones, then 128 positive ones."""

_EXPONENT_BIAS = 127
_FIRST_CODE = (LOWEST_EXPONENT + _EXPONENT_BIAS) * _PER_OCTAVE
_LAST_CODE = _FIRST_CODE + _PER_SIGN
_NONFINITE_CODE = 255 * _PER_OCTAVE
_SIGN_CODE = CODE_COUNT // 2


def _positive_edges() -> NDArray[np.float64]:
    octave = 1.0 + np.arange(_PER_OCTAVE) / _PER_OCTAVE
    scales = 2.0 ** np.arange(LOWEST_EXPONENT, LOWEST_EXPONENT + OCTAVES)
    edges = (scales[:, None] * octave).ravel()
    return np.append(edges, 2.0 ** (LOWEST_EXPONENT + OCTAVES))


_POSITIVE = _positive_edges()
EDGES: NDArray[np.float64] = np.concatenate((-_POSITIVE[::-1], _POSITIVE))
"""The 258 bin borders, ascending: 129 negative, 129 positive. The gap between the two innermost is underflow."""
EDGES.setflags(write=False)


class Histogram(NamedTuple):
    """Counts of one tensor: `counts` over `EDGES`, and what lies outside them, each counted apart.

    `underflow` holds values nearer to zero than 2**-20 that are not zero; `overflow` finite ones of
    2**12 and more; `nonfinite` NaN and the infinities.
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


def fold_float_bits(codes: NDArray[np.int64], zeros: int) -> Histogram:
    """Turn counts by leading float32 bits (`bits >> 21`, 2,048 of them) into a `Histogram`.

    `zeros` is the number of exact zeros, which share their code with the subnormal numbers.
    """
    positive, negative = codes[:_SIGN_CODE], codes[_SIGN_CODE:]
    counts = np.empty(BIN_COUNT, np.uint32)
    counts[:_PER_SIGN] = negative[_FIRST_CODE:_LAST_CODE][::-1]
    counts[_PER_SIGN:] = positive[_FIRST_CODE:_LAST_CODE]
    both = positive + negative
    return Histogram(
        counts=counts,
        zeros=zeros,
        underflow=int(both[:_FIRST_CODE].sum()) - zeros,
        overflow=int(both[_LAST_CODE:_NONFINITE_CODE].sum()),
        nonfinite=int(both[_NONFINITE_CODE:].sum()),
    )


def bin_values(values: NDArray[np.floating]) -> Histogram:
    """Count an array of any shape; values are rounded to float32 first."""
    with np.errstate(over="ignore", under="ignore"):
        flat = np.ascontiguousarray(values, np.float32).ravel()
    codes = np.bincount(flat.view(np.uint32) >> SHIFT, minlength=CODE_COUNT)
    return fold_float_bits(codes, int(np.count_nonzero(flat == 0)))


def _cumulative(counts: NDArray[np.integer], centre: NDArray[np.integer]) -> NDArray[np.float64]:
    """Values at or below each edge, per row; `centre` (zeros and underflow) lies between the innermost edges."""
    steps = np.zeros((*counts.shape[:-1], EDGES.size))
    steps[..., 1 : _PER_SIGN + 1] = counts[..., :_PER_SIGN]
    steps[..., _PER_SIGN + 1] = centre
    steps[..., _PER_SIGN + 2 :] = counts[..., _PER_SIGN:]
    return np.cumsum(steps, axis=-1)


def resample(counts: NDArray[np.integer], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Redistribute binned values over other bin borders, assuming an even spread within each old bin.

    `counts` has shape (..., 256), `edges` (k + 1,) ascending; the answer has shape (..., k) and holds
    counts. Zeros, underflow and overflow are not included: they are shown apart.
    """
    cumulative = _cumulative(counts, np.zeros(counts.shape[:-1], np.int64))
    right = np.clip(np.searchsorted(EDGES, edges, side="right"), 1, EDGES.size - 1)
    left = right - 1
    share = np.clip((edges - EDGES[left]) / (EDGES[right] - EDGES[left]), 0.0, 1.0)
    at_edges = cumulative[..., left] * (1.0 - share) + cumulative[..., right] * share
    result: NDArray[np.float64] = np.diff(at_edges, axis=-1)
    return result


def quantiles(
    counts: NDArray[np.integer], centre: NDArray[np.integer], shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Approximate quantiles of each row, to within one bin (a quarter of an octave).

    `counts` (rows, 256); `centre` (rows,) zeros plus underflow; `shares` (k,) in [0, 1]. The answer has
    shape (rows, k); a row without any value gives NaN. Overflow is left out.
    """
    cumulative = _cumulative(counts, centre)
    answer = np.full((counts.shape[0], shares.size), np.nan)
    for row, line in enumerate(cumulative):
        if line[-1] > 0:
            answer[row] = np.interp(shares * line[-1], line, EDGES)
    return answer
