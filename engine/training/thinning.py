"""Long series in little memory, by strides that double: rows thinned evenly, and the span of neighbours."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

Floats = NDArray[np.float64]


class ThinnedRows:
    """Rows that arrive one by one: every stride-th is kept, and the newest always.

    When `room` rows are kept, every second one is dropped and the stride doubles.
    """

    def __init__(self, room: int, shape: tuple[int, ...], dtype: DTypeLike) -> None:
        """`shape` and `dtype` are a row's."""
        self._room = room
        self._rows = np.empty((room + 1, *shape), dtype)
        self._kept = self._seen = 0
        self._stride = 1

    def add(self, row: NDArray[Any]) -> None:
        """Take in the next row."""
        if self._seen % self._stride == 0 and self._kept == self._room:
            self._halve()
        self._rows[self._kept] = row
        self._kept += self._seen % self._stride == 0
        self._seen += 1

    @property
    def places(self) -> NDArray[np.int64]:
        """Which rows these are, counted from 0 in the order of arrival; ascending, shape (n,)."""
        places = np.arange(self._kept) * self._stride
        return np.append(places, self._seen - 1) if self._loose else places

    @property
    def rows(self) -> NDArray[Any]:
        """The rows at `places`, shape (n, *shape); a view that the next row may change."""
        view = self._rows[: self._kept + self._loose]
        view.flags.writeable = False
        return view

    @property
    def _loose(self) -> bool:
        """Whether the newest row is there only until the next one comes."""
        return self._seen > 0 and (self._seen - 1) % self._stride != 0

    def _halve(self) -> None:
        kept = self._rows[: self._kept : 2].copy()
        self._rows[: len(kept)] = kept
        self._kept = len(kept)
        self._stride *= 2


class StepEvents(NamedTuple):
    """How often something happened within groups of neighbouring training steps; all of shape (n,)."""

    places: Floats
    """Each group's first step, counted from 0."""
    steps: NDArray[np.int64]
    """Steps in the group: all groups but the last have the same number."""
    clipped: NDArray[np.int64]
    """Steps whose gradient was clipped."""
    nonfinite: NDArray[np.int64]
    """Steps whose loss or gradient norm was not a finite number."""


class Envelope:
    """Lowest and highest of several numbers a step, and counts, within groups of neighbouring steps.

    When `room` groups are full, neighbours are put together and a group holds twice as many steps.
    """

    def __init__(self, width: int, counts: int, room: int) -> None:
        """`width` numbers and `counts` counts a step; `room` is even."""
        self._room = room
        self._low, self._high = np.full((2, width, room), np.nan)
        self._counts = np.zeros((counts, room), np.int64)
        self._stride = 1
        self._seen = 0

    def copy(self) -> "Envelope":
        """Another one that holds the same."""
        other = Envelope(len(self._low), len(self._counts), self._room)
        other._low, other._high = self._low.copy(), self._high.copy()
        other._counts = self._counts.copy()
        other._stride, other._seen = self._stride, self._seen
        return other

    def add(self, values: Floats, counts: NDArray[np.integer[Any]] | NDArray[np.bool_]) -> None:
        """Take in steps: `values` (width, k), of which what is not finite is left out, and `counts` (counts, k)."""
        added = values.shape[1]
        if not added:
            return
        while self._seen + added > self._room * self._stride:
            self._halve()
        groups = (self._seen + np.arange(added)) // self._stride
        starts = np.flatnonzero(np.diff(groups, prepend=-1))
        here = slice(int(groups[0]), int(groups[-1]) + 1)
        known = np.where(np.isfinite(values), values, np.nan)
        self._low[:, here] = np.fmin(self._low[:, here], np.fmin.reduceat(known, starts, axis=1))
        self._high[:, here] = np.fmax(self._high[:, here], np.fmax.reduceat(known, starts, axis=1))
        self._counts[:, here] += np.add.reduceat(counts, starts, axis=1, dtype=np.int64)
        self._seen += added

    def __len__(self) -> int:
        return self._seen

    @property
    def places(self) -> Floats:
        """Each group's first step, counted from 0."""
        return np.arange(self._groups, dtype=np.float64) * self._stride

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Steps in each group."""
        ends = np.minimum((np.arange(self._groups) + 1) * self._stride, self._seen)
        return np.diff(ends, prepend=0)

    def of(self, number: int) -> tuple[Floats, Floats]:
        """Lowest and highest of one of the numbers in each group; NaN where none is finite."""
        return self._low[number, : self._groups].copy(), self._high[number, : self._groups].copy()

    def counted(self, number: int) -> NDArray[np.int64]:
        """One of the counts in each group."""
        return self._counts[number, : self._groups].copy()

    @property
    def _groups(self) -> int:
        return -(-self._seen // self._stride)

    def _halve(self) -> None:
        half = self._room // 2
        for kept, merge, empty in (
            (self._low, np.fmin, np.nan),
            (self._high, np.fmax, np.nan),
            (self._counts, np.add, 0),
        ):
            kept[:, :half] = merge(kept[:, ::2], kept[:, 1::2])
            kept[:, half:] = empty
        self._stride *= 2


def rounded(counts: NDArray[np.uint32]) -> NDArray[np.uint16]:
    """Counts in half the memory: exact up to 4,096, to within 1/4096 beyond; `unrounded` gives them back.

    The code is the upper bits of the count as a float32: five bits of exponent, eleven of mantissa.
    """
    bits = counts.astype(np.float32).view(np.uint32)
    codes = ((bits + (1 << _LOST - 1)) >> _LOST).astype(np.int64) - _ONE + 1
    return np.clip(codes, 0, 65_535).astype(np.uint16)


def unrounded(codes: NDArray[np.uint16]) -> NDArray[np.uint32]:
    """The counts that `rounded` wrote."""
    bits = (codes.astype(np.uint32) + np.uint32(_ONE - 1)) << np.uint32(_LOST)
    return bits.view(np.float32).astype(np.uint32)  # code 0 is a little less than 1


_LOST = 12
"""Bits of a float32's mantissa that are not kept."""
_ONE = 127 << 23 - _LOST
"""What is kept of 1.0."""
