"""Torch hooks that turn any module's training into stats. Relative imports, torch, numpy and stats only."""

from .examine import jacobian_singular_values, output_ranks
from .norms import total_norm
from .through_time import spectral_radius, through_time
from .units import DeadUnits
from .watch import StepWatch, first_nonfinite

__all__ = [
    "DeadUnits",
    "StepWatch",
    "first_nonfinite",
    "jacobian_singular_values",
    "output_ranks",
    "spectral_radius",
    "through_time",
    "total_norm",
]
