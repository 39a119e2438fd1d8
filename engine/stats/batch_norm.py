"""What batch normalisation does inside a watched step."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .distribution import Distribution, check_column

Floats = NDArray[np.float64]
STAGES: tuple[str, ...] = ("input", "normalised_train", "normalised_eval", "scaled_eval")
"""What is binned on the way through a batch-norm layer; the output of training is the layer's own activation.

x; x̂ by the batch's statistics; x̂ by the moving ones; γ x̂ + β of the latter.
"""


def _unmeasured() -> Distribution:
    return Distribution.empty(len(STAGES))


@dataclass(frozen=True, slots=True, eq=False)
class BatchNormStats:
    """One batch-norm layer in one step, before the optimiser changed it; every array has shape (channels,).

    Batch and moving variances are as torch uses them: the batch's is the biased one that normalises, the
    moving one has taken in the unbiased one of each batch (Ioffe & Szegedy 2015, algorithm 2). A layer that keeps
    no moving statistics is evaluated with the batch's, which then stand in their place.
    """

    row: int
    """The layer's row in the table."""
    gamma: Floats
    beta: Floats
    batch_mean: Floats
    batch_variance: Floats
    moving_mean: Floats
    moving_variance: Floats
    eps: float
    stages: Distribution = field(default_factory=_unmeasured)
    """Over `VALUES`, a row for each of `STAGES`."""

    @property
    def gap(self) -> float:
        """Root mean square of x̂(train) − x̂(eval), over the batch and the channels, before γ and β.

        With r = σ_batch/σ_moving and d = (μ_batch − μ_moving)/σ_moving, and x̂(train) of variance
        v = σ²/(σ² + ε): v (1 − r)² + d², averaged over channels; r and d take ε in.
        """
        batch, moving = self.batch_variance + self.eps, self.moving_variance + self.eps
        with np.errstate(invalid="ignore", over="ignore"):  # NaN of a network that diverged
            ratio = np.sqrt(batch / moving)
            shift = (self.batch_mean - self.moving_mean) / np.sqrt(moving)
            variance = self.batch_variance / batch
            return float(np.sqrt(np.mean(variance * (1.0 - ratio) ** 2 + shift**2)))

    def check(self, layers: int) -> None:
        """Raise ValueError when the arrays do not fit each other, or the row is none of `layers`."""
        if not 0 <= self.row < layers:
            raise ValueError(f"batch norm's row {self.row} is none of {layers}")
        for name in _CHANNELS:
            check_column(name, getattr(self, name), (self.gamma.size,), np.float64)
        self.stages.check("stages", len(STAGES))


_CHANNELS = ("gamma", "beta", "batch_mean", "batch_variance", "moving_mean", "moving_variance")
