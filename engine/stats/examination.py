"""What a thorough look says of a network at fixed weights: too costly for every epoch, made on request."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .distribution import check_column

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Examination:
    """Figures of all training samples in evaluation mode; arrays have shape (layers,) unless said otherwise."""

    samples: int
    """Training samples that were looked at for `dead` and `noise_scale`."""
    ranked_samples: int
    """Samples behind the ranks: the rows of the matrices."""
    dead: Floats
    """Share of units whose highest output over all samples is at most 0; NaN for all but rectifiers."""
    effective_rank: Floats
    """Of the matrix of outputs, samples × numbers, not centred (Roy & Vetterli 2007, definition 1)."""
    stable_rank: Floats
    """‖A‖_F² / σ₁² of the same matrix."""
    noise_scale: float
    """tr Σ / |G|² in samples, unbiased, all batches at the same weights (McCandlish et al. 2018, appendix A.1)."""
    batch: int
    """Samples in each batch behind the noise scale."""
    jacobian: Floats
    """Singular values of ∂(network's output)/∂input, descending, shape (samples looked at, values)."""

    def check(self, layers: int) -> None:
        """Raise ValueError when a column has not the shape and type that `layers` rows ask for."""
        for name in ("dead", "effective_rank", "stable_rank"):
            check_column(name, getattr(self, name), (layers,), np.float64)
        if self.jacobian.ndim != 2 or self.jacobian.dtype != np.float64:
            raise ValueError("column jacobian should hold float64 of two dimensions")
