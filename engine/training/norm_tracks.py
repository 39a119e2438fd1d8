"""What batch-norm layers learned over the epochs of a run, kept as small as what can be drawn."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.stats import BatchNormStats

from .thinning import ThinnedRows

Floats = NDArray[np.float64]
FEW_CHANNELS = 8
"""Up to so many channels each has a track of its own."""
MOST_EPOCHS = 512
"""Epochs that are kept of a long run: every second, fourth … and the newest."""
BAND = (0.1, 0.5, 0.9)
"""The quantiles over the channels that are kept of many."""


class NormTrack(NamedTuple):
    """One batch-norm layer over the epochs."""

    epochs: NDArray[np.int64]
    """Places in the history, ascending; shape (n,)."""
    gamma: Floats
    """Shape (n, channels) of at most `FEW_CHANNELS`, else the quantiles `BAND` over them, (n, 3)."""
    beta: Floats
    gap: Floats
    """x̂ in training against x̂ in evaluation (`BatchNormStats.gap`); shape (n,)."""
    each_channel: bool
    """Whether each channel is there by itself."""


class NormTracks:
    """The tracks of all batch-norm layers of a run; taking an epoch in costs some microseconds a layer."""

    def __init__(self) -> None:
        self._rows: dict[int, ThinnedRows] = {}
        self._channels: dict[int, int] = {}

    def take(self, place: int, norms: tuple[BatchNormStats, ...]) -> None:
        """Take in the epoch at a place in the history, each after the one before."""
        found = {norm.row: _figures(norm) for norm in norms}
        for norm in norms:
            if norm.row not in self._rows:
                self._begin(norm, found[norm.row].size, place)
        for row, rows in self._rows.items():
            rows.add(found.get(row, np.array(np.nan)))

    def track(self, row: int) -> NormTrack | None:
        """The layer in a row of the table; None when it is no batch norm or nothing was measured yet."""
        rows = self._rows.get(row)
        if rows is None:
            return None
        half = (rows.rows.shape[1] - 1) // 2
        gamma, beta, gap = np.split(rows.rows, [half, 2 * half], axis=1)
        few = self._channels[row] <= FEW_CHANNELS
        return NormTrack(rows.places, gamma, beta, gap[:, 0], few)

    def _begin(self, norm: BatchNormStats, width: int, place: int) -> None:
        self._rows[norm.row] = ThinnedRows(MOST_EPOCHS, (width,), np.float64)
        self._channels[norm.row] = norm.gamma.size
        for _ in range(place):  # nothing was measured until now
            self._rows[norm.row].add(np.array(np.nan))


def _figures(norm: BatchNormStats) -> Floats:
    """γ, β and the gap in a row."""
    both = np.stack((norm.gamma, norm.beta))
    shown = both if norm.gamma.size <= FEW_CHANNELS else _bands(both)
    return np.append(shown.ravel(), norm.gap)


def _bands(values: Floats) -> Floats:
    """The quantiles `BAND` of each row, as `np.quantile` has them at a tenth of its price."""
    ascending = np.sort(values, axis=1)
    places = np.array(BAND) * (values.shape[1] - 1)
    lower = places.astype(np.int64)
    share = places - lower
    upper = np.minimum(lower + 1, values.shape[1] - 1)
    with np.errstate(invalid="ignore"):  # what is not finite stays so
        bands: Floats = ascending[:, lower] * (1.0 - share) + ascending[:, upper] * share
    return bands
