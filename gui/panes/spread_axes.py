"""The two axes on which distributions are shown: signed values, and sizes as powers of ten. No Qt."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.language import tr
from engine.stats import MAGNITUDES, VALUES, Distribution, Scale
from gui.common import scales

Floats = NDArray[np.float64]
Counts = NDArray[np.integer]
Span = tuple[float, float]
"""Places of an axis' two ends."""
ScaleMode = Literal["recent", "all", "locked"]

SHARES = np.array([0.01, 0.5, 0.99])
"""The quantiles that are drawn: a band from p1 to p99, and the median."""
_FEWEST_DECADES = 2.0


class SpreadAxis(ABC):
    """How numbers lie on an axis; a place is where on it a number lies."""

    scale: Scale
    """The bins that the counts were collected in."""

    @abstractmethod
    def span(self, counts: Counts) -> Span | None:
        """The places between which nearly all of every row lies; None without any count."""

    @abstractmethod
    def densities(self, counts: Counts, span: Span) -> tuple[Floats, Floats]:
        """Bin borders (bins + 1,) as places, and each row's density (rows, bins), its highest 1."""

    @abstractmethod
    def quantiles(self, found: Distribution) -> Floats:
        """Places of p1, the median and p99 of each row, shape (rows, 3); NaN without a number."""

    measure: str
    """What `size` measures, in words."""

    @abstractmethod
    def size(self, found: Distribution) -> Floats:
        """One number for each row that says how large its numbers are, shape (rows,); NaN without a number."""

    @abstractmethod
    def ticks(self, span: Span) -> list[tuple[float, str]]:
        """Places and labels, ascending."""

    @abstractmethod
    def value(self, place: float) -> float:
        """The number that lies at a place."""

    def number(self, place: float) -> str:
        """The number at a place, as it is written."""
        return f"{self.value(place):.2g}"


class _Signed(SpreadAxis):
    scale = VALUES
    measure = tr("spread σ")

    def span(self, counts: Counts) -> Span | None:
        if not counts.any():
            return None
        limit = float(scales.to_scale(scales.reach_of(counts)))
        return -limit, limit

    def densities(self, counts: Counts, span: Span) -> tuple[Floats, Floats]:
        return scales.ridges(counts, float(scales.from_scale(span[1])))

    def quantiles(self, found: Distribution) -> Floats:
        return scales.to_scale(found.quantiles(SHARES))

    def size(self, found: Distribution) -> Floats:
        return found.std

    def ticks(self, span: Span) -> list[tuple[float, str]]:
        return scales.value_ticks(float(scales.from_scale(span[1])))

    def value(self, place: float) -> float:
        return float(scales.from_scale(place))


class _Sizes(SpreadAxis):
    scale = MAGNITUDES
    measure = tr("median size")

    def span(self, counts: Counts) -> Span | None:
        found = scales.decade_reach(counts)
        if found is None:
            return None
        return min(found[0], found[1] - _FEWEST_DECADES), found[1]

    def densities(self, counts: Counts, span: Span) -> tuple[Floats, Floats]:
        return scales.decade_ridges(counts, *span)

    def quantiles(self, found: Distribution) -> Floats:
        return scales.decade_quantiles(found.counts, found.zeros + found.underflow, SHARES)

    def size(self, found: Distribution) -> Floats:
        size: Floats = 10.0 ** self.quantiles(found)[:, 1]
        return size

    def ticks(self, span: Span) -> list[tuple[float, str]]:
        first, last = math.ceil(span[0]), math.floor(span[1])
        return [(float(power), scales.decade_label(power)) for power in range(first, last + 1)]

    def value(self, place: float) -> float:
        return float(10.0**place)


SIGNED: SpreadAxis = _Signed()
"""Values on a smooth logarithmic scale on both sides of zero."""
SIZES: SpreadAxis = _Sizes()
"""log10 of the size, whatever the sign; exact zeros lie at −∞."""


@dataclass(slots=True)
class Spans:
    """What part of each quantity's axis is shown."""

    _kept: dict[str, Span] = field(default_factory=dict)

    def forget(self) -> None:
        """Another run begins."""
        self._kept.clear()

    def update(
        self, quantity: str, mode: ScaleMode, found: Sequence[Span | None], fallback: Span
    ) -> Span:
        """The part to show: what was `found` now, all that was ever found, or what was shown last."""
        kept = self._kept.get(quantity)
        if mode == "locked" and kept is not None:
            return kept
        spans = [span for span in found if span is not None]
        if mode == "all" and kept is not None:
            spans.append(kept)
        if not spans:
            return kept or fallback
        self._kept[quantity] = min(low for low, _ in spans), max(high for _, high in spans)
        return self._kept[quantity]


def rows_of(found: Distribution, rows: NDArray[np.integer]) -> Distribution:
    """The distributions of some rows alone."""
    return Distribution(*(getattr(found, column.name)[rows] for column in fields(found)))


@dataclass(slots=True)
class Track:
    """Densities of one layer over the epochs, reckoned once for each epoch while the axis stays."""

    _key: object = None
    _epochs: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    _density: Floats = field(default_factory=lambda: np.empty((0, 0)))
    borders: Floats = field(default_factory=lambda: np.empty(0))

    def update(
        self, key: object, epochs: NDArray[np.int64], counts: Counts, axis: SpreadAxis, span: Span
    ) -> Floats:
        """The densities (epochs, bins), each epoch's highest 1; `key` names run and layer."""
        known = self._known((key, axis, span), epochs)
        self.borders, new = axis.densities(counts[known:], span)
        self._density = np.concatenate((self._density[:known], new)) if known else new
        self._key = key, axis, span
        self._epochs = epochs.copy()  # the history may write into its own
        return self._density

    def _known(self, key: object, epochs: NDArray[np.int64]) -> int:
        """How many of the epochs at the beginning are those of last time."""
        if key != self._key:
            return 0
        shared = min(len(epochs), len(self._epochs))
        same = epochs[:shared] == self._epochs[:shared]
        return shared if same.all() else int(same.argmin())


def evenly(epochs: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each of evenly spaced columns from the first epoch to the last the nearest of those that are known."""
    reach = int(epochs[-1] - epochs[0])
    columns = np.linspace(epochs[0], epochs[-1], min(reach, len(epochs) - 1) + 1)
    right = np.searchsorted(epochs, columns).clip(1 if len(epochs) > 1 else 0, len(epochs) - 1)
    left = np.maximum(right - 1, 0)
    nearer = columns - epochs[left] < epochs[right] - columns
    return np.where(nearer, left, right)
