"""What the theory says of a network, as columns that a table or a pane can draw."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.layers.spec import Array

Method = Literal["scalar", "kernel"]


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """One row for each layer but Input and Output, in the order of the run's tables; columns have shape (layers,).

    NaN stands where there is nothing to say. Gradients are ∂L/∂(output of the layer), relative to the last row.
    """

    nodes: tuple[str, ...]
    square: Array
    """q = E z² of the layer's output."""
    mean: Array
    std: Array
    """Standard deviation of the output over samples and units."""
    correlation: Array
    """p / q of two samples: the cosine of the angle between their outputs."""
    gradient_rms: Array
    """Root mean square over samples and units, over that of the last row."""
    gradient_norm: Array
    """√(Σ over units), over that of the last row; differs from the RMS where the number of units changes."""
    chi: Array
    """The layer's own factor of ‖gradient‖² (summed over units) on the way from its output to its input."""
    band_low: Array
    """Lower bound of `gradient_rms` for a single network of this width."""
    band_high: Array
    fixed_point: Array
    """q* that a deep chain of layers like this one would reach; for weight layers before an activation."""
    chi_1: Array
    """χ₁ = σw² D(q*): factor of ‖gradient‖² at each layer of that chain."""
    depth_scale: Array
    """ξ = 1 / |ln χ₁|, in layers."""
    applies: NDArray[np.bool_]
    """Whether the figures of this row can be trusted."""
    reasons: tuple[str, ...]
    """For each row the sentence that says why not; "" where it applies."""
    notes: tuple[str, ...]
    """Sentences about the network as a whole."""
    method: Method
    """"kernel": carried for every pair of real samples; "scalar": by one variance and one covariance."""

    def row(self, node_id: str) -> Mapping[str, float]:
        """The numbers of one layer by column name."""
        place = self.nodes.index(node_id)
        return {name: float(getattr(self, name)[place]) for name in NUMBERS}


NUMBERS: tuple[str, ...] = (
    "square",
    "mean",
    "std",
    "correlation",
    "gradient_rms",
    "gradient_norm",
    "chi",
    "band_low",
    "band_high",
    "fixed_point",
    "chi_1",
    "depth_scale",
)
"""The columns of `Prediction` that hold one number a layer."""
