"""The distribution of a quantity in every layer: moments and histograms, a row a layer."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from .histogram import BIN_COUNT, VALUES, Counts, Floats, Histogram, Rows, Scale, quantiles

TALLIES: tuple[str, ...] = ("zeros", "underflow", "overflow", "nonfinite")
"""What is counted apart from the bins."""


@dataclass(frozen=True, slots=True, eq=False)
class Distribution:
    """One quantity in every layer; shapes are (rows,) unless said otherwise, and NaN where there is none.

    Moments are of all numbers, summed in float64; the histogram's bins are those of a fixed `Scale`.
    """

    mean: Floats
    std: Floats
    """Population standard deviation."""
    counts: NDArray[np.uint32]
    """Shape (rows, 256)."""
    zeros: Counts
    underflow: Counts
    overflow: Counts
    nonfinite: Counts

    @staticmethod
    def empty(rows: int) -> "Distribution":
        """Nothing measured yet."""
        mean, std = np.full((2, rows), np.nan)
        tallies = np.zeros((len(TALLIES), rows), np.int64)
        counts = np.zeros((rows, BIN_COUNT), np.uint32)
        return Distribution(mean, std, counts, *tallies)

    def part(self, rows: slice) -> "Distribution":
        """Some of the rows, copied."""
        columns = {field.name: getattr(self, field.name)[rows].copy() for field in fields(self)}
        return Distribution(**columns)

    def set_rows(self, rows: Sequence[int], histograms: Rows, here: slice) -> None:
        """Write histograms, those that stand `here`, into the rows of their layers."""
        for name in histograms._fields:
            getattr(self, name)[rows] = getattr(histograms, name)[here]

    def set_histogram(self, row: int, histogram: Histogram) -> None:
        """Write one layer's histogram into its row."""
        for name, value in zip(histogram._fields, histogram, strict=True):
            getattr(self, name)[row] = value

    @property
    def totals(self) -> Counts:
        """All numbers that were counted, in bins or out of them."""
        inside: Counts = self.counts.sum(axis=1, dtype=np.int64)
        return inside + self.zeros + self.underflow + self.overflow + self.nonfinite

    def quantiles(self, shares: Floats, scale: Scale = VALUES) -> Floats:
        """Approximate quantiles, shape (rows, k), to within one bin of the scale."""
        return quantiles(self.counts, self.zeros + self.underflow, shares, scale)

    def check(self, name: str, rows: int) -> None:
        """Raise ValueError when a column has not the shape and type that `rows` rows ask for."""
        for column in ("mean", "std"):
            check_column(f"{name}.{column}", getattr(self, column), (rows,), np.float64)
        for column in TALLIES:
            check_column(f"{name}.{column}", getattr(self, column), (rows,), np.int64)
        check_column(f"{name}.counts", self.counts, (rows, BIN_COUNT), np.uint32)


def check_column(
    name: str, column: object, shape: tuple[int, ...], dtype: type[np.generic]
) -> None:
    """Raise ValueError when an array is not of this shape and type."""
    if not isinstance(column, np.ndarray) or column.shape != shape or column.dtype != dtype:
        raise ValueError(f"column {name} should hold {np.dtype(dtype).name} of shape {shape}")
