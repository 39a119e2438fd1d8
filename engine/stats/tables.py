"""Measured quantities as columns: one row a layer, one array a quantity.

Columns instead of one record a layer, because an epoch of 300 layers is then some twenty arrays on the
wire and in memory, and a pane reads the column that it draws.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .histogram import BIN_COUNT, Histogram

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class LayerTable:
    """What one training step looked like inside, a row for each layer in the order of the run's layers.

    Shapes are (layers,) unless said otherwise. A quantity that a layer does not have (no weight, no
    gradient) is NaN; `applies` tells this from a NaN that was measured.
    """

    samples: int
    """Samples in the batch that was measured; the figures are a sample of the epoch, not the whole of it."""
    activation_mean: Floats
    activation_std: Floats
    """Population standard deviation of the layer's output over samples and units."""
    activation_gradient_rms: Floats
    """Root mean square of B · ∂(mean loss)/∂output over samples and units; for a weight layer the output is z."""
    weight_rms: Floats
    weight_gradient_rms: Floats
    update_ratio: Floats
    """‖ΔW‖ / ‖W‖ of the step that the optimiser really made."""
    counts: NDArray[np.uint32]
    """Histogram of the layer's output, shape (layers, 256), over `EDGES`."""
    zeros: Counts
    underflow: Counts
    overflow: Counts
    nonfinite: Counts

    @staticmethod
    def empty(layers: int, samples: int) -> "LayerTable":
        """A table to be filled: NaN and zero everywhere."""

        def blank() -> Floats:
            return np.full(layers, np.nan)

        def tally() -> Counts:
            return np.zeros(layers, np.int64)

        return LayerTable(
            samples=samples,
            activation_mean=blank(),
            activation_std=blank(),
            activation_gradient_rms=blank(),
            weight_rms=blank(),
            weight_gradient_rms=blank(),
            update_ratio=blank(),
            counts=np.zeros((layers, BIN_COUNT), np.uint32),
            zeros=tally(),
            underflow=tally(),
            overflow=tally(),
            nonfinite=tally(),
        )

    def set_histogram(self, row: int, histogram: Histogram) -> None:
        """Write one layer's histogram into its row."""
        self.counts[row] = histogram.counts
        self.zeros[row] = histogram.zeros
        self.underflow[row] = histogram.underflow
        self.overflow[row] = histogram.overflow
        self.nonfinite[row] = histogram.nonfinite

    def check(self, layers: int) -> None:
        """Raise ValueError when a column has not the shape and type that `layers` rows ask for."""
        for name in SCALAR_COLUMNS:
            _check_column(name, getattr(self, name), (layers,), np.float64)
        for name in ("zeros", "underflow", "overflow", "nonfinite"):
            _check_column(name, getattr(self, name), (layers,), np.int64)
        _check_column("counts", self.counts, (layers, BIN_COUNT), np.uint32)


SCALAR_COLUMNS: tuple[str, ...] = (
    "activation_mean",
    "activation_std",
    "activation_gradient_rms",
    "weight_rms",
    "weight_gradient_rms",
    "update_ratio",
)
"""The columns of `LayerTable` that hold one number a layer, in the order in which they are reported."""


def _check_column(
    name: str, column: object, shape: tuple[int, ...], dtype: type[np.generic]
) -> None:
    if not isinstance(column, np.ndarray) or column.shape != shape or column.dtype != dtype:
        raise ValueError(f"column {name} should hold {np.dtype(dtype).name} of shape {shape}")


@dataclass(frozen=True, slots=True, eq=False)
class StepStats:
    """One number a training step, in the order of the steps; all of shape (steps,)."""

    loss: Floats
    gradient_norm: Floats
    """Euclidean norm over all parameters before clipping."""
    clipped_norm: Floats
    """The same after clipping; equal to `gradient_norm` where nothing was clipped."""

    @staticmethod
    def of(
        loss: Sequence[float], gradient_norm: Sequence[float], clipped_norm: Sequence[float]
    ) -> "StepStats":
        """Build from plain sequences of equal length."""
        return StepStats(
            np.asarray(loss, np.float64),
            np.asarray(gradient_norm, np.float64),
            np.asarray(clipped_norm, np.float64),
        )


@dataclass(frozen=True, slots=True, eq=False)
class EpochStats:
    """What is known after an epoch. Epoch 0 is the network before its first step."""

    epoch: int
    train_loss: float
    """Mean over the epoch's training samples, each at the weights it met (epoch 0: no training, evaluated)."""
    train_accuracy: float | None
    """Share in [0, 1]; None for a regression."""
    validation_loss: float | None
    validation_accuracy: float | None
    seconds: float
    """Wall time of the epoch, training and measuring and validation together."""
    learning_rate: float
    layers: LayerTable
    steps: StepStats
