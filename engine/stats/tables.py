"""Measured quantities as columns: one row a layer, one array a quantity.

Columns instead of one record a layer, because an epoch of 300 layers is then some hundred arrays on the
wire and in memory, and a pane reads the column that it draws.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .batch_norm import BatchNormStats
from .distribution import Distribution, check_column
from .picture import Picture
from .time import TimeGradient

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class LayerTable:
    """What one training step looked like inside, a row for each layer in the order of the run's layers.

    Shapes are (layers,). A quantity that a layer does not have (no weight, no gradient) is NaN.
    """

    samples: int
    """Samples in the batch that was measured; the figures are a sample of the epoch, not the whole of it."""
    activation_gradient_rms: Floats
    """Root mean square of B · ∂(mean loss)/∂output over samples and units; for a weight layer the output is z."""
    weight_rms: Floats
    """Over all trained numbers of the layer but its biases."""
    weight_gradient_rms: Floats
    """Before clipping."""
    update_ratio: Floats
    """‖ΔW‖ / ‖W‖ of the step that the optimiser really made."""
    saturation: Floats
    """Share of pre-activations at which the activation's slope has all but gone; NaN for other layers."""
    dead: Floats
    """Share of units whose output was 0 for every training sample of the epoch; NaN for all but rectifiers."""
    dormant: Floats
    """Share of units with mean |output| ≤ 0.025 of the layer's (Sokar et al. 2023, definition 3.1)."""
    batch_cosine: Floats
    """Mean cosine between two samples' outputs, over all pairs of the batch; at 1 they can no longer be told apart."""
    inputs: Distribution
    """The batch itself; a single row."""
    activations: Distribution
    activation_gradients: Distribution
    """B · ∂(mean loss)/∂output, over `MAGNITUDES`."""
    weights: Distribution
    weight_gradients: Distribution
    """Before clipping, over `MAGNITUDES`."""
    updates: Distribution
    """What the optimiser really added to the weights, over `MAGNITUDES`."""
    batch_norms: tuple[BatchNormStats, ...] = ()
    times: tuple[tuple[int, TimeGradient], ...] = ()
    """Each direction of each recurrent layer, with the layer's row."""

    @property
    def activation_mean(self) -> Floats:
        """Mean of the layer's output over samples and units."""
        return self.activations.mean

    @property
    def activation_std(self) -> Floats:
        """Population standard deviation of the layer's output over samples and units."""
        return self.activations.std

    @staticmethod
    def empty(layers: int, samples: int) -> "LayerTable":
        """A table to be filled: NaN and zero everywhere."""
        columns: dict[str, Any] = {name: np.full(layers, np.nan) for name in _STORED}
        for name in DISTRIBUTIONS:
            columns[name] = Distribution.empty(1 if name == "inputs" else layers)
        return LayerTable(samples=samples, **columns)

    def check(self, layers: int) -> None:
        """Raise ValueError when a column has not the shape and type that `layers` rows ask for."""
        for name in _STORED:
            check_column(name, getattr(self, name), (layers,), np.float64)
        for name in DISTRIBUTIONS:
            getattr(self, name).check(name, 1 if name == "inputs" else layers)
        for norm in self.batch_norms:
            norm.check(layers)
        for row, gradient in self.times:
            gradient.check(row, layers)


_STORED = (
    "activation_gradient_rms",
    "weight_rms",
    "weight_gradient_rms",
    "update_ratio",
    "saturation",
    "dead",
    "dormant",
    "batch_cosine",
)

SCALAR_COLUMNS: tuple[str, ...] = ("activation_mean", "activation_std", *_STORED)
"""The columns of `LayerTable` that hold one number a layer, in the order in which they are reported."""

DISTRIBUTIONS: tuple[str, ...] = (
    "inputs",
    "activations",
    "activation_gradients",
    "weights",
    "weight_gradients",
    "updates",
)
"""The distributions of `LayerTable`."""


@dataclass(frozen=True, slots=True, eq=False)
class StepStats:
    """One number a training step, in the order of the steps; all of shape (steps,)."""

    loss: Floats
    gradient_norm: Floats
    """Euclidean norm over all parameters before clipping."""
    clipped_norm: Floats
    """The same after clipping; equal to `gradient_norm` where nothing was clipped."""
    clip_cosine: Floats
    """Cosine between the gradient before and after clipping: 1 by norm, less by value."""

    @staticmethod
    def of(
        loss: Sequence[float],
        gradient_norm: Sequence[float],
        clipped_norm: Sequence[float],
        clip_cosine: Sequence[float],
    ) -> "StepStats":
        """Build from plain sequences of equal length."""
        columns = (loss, gradient_norm, clipped_norm, clip_cosine)
        return StepStats(*(np.asarray(column, np.float64) for column in columns))


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
    noise_scale: float
    """tr Σ / |G|² over the epoch's batches, in samples; NaN where it cannot be told (see `gradient_noise_scale`)."""
    layers: LayerTable
    steps: StepStats
    picture: Picture | None = None
    """What the network makes of its inputs; None after most epochs when epochs are short."""
