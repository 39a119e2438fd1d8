"""Torch hooks that turn any module's training into stats. Relative imports, torch, numpy and stats only."""

from .norms import total_norm
from .through_time import spectral_radius, through_time
from .watch import StepWatch, first_nonfinite

__all__ = ["StepWatch", "first_nonfinite", "spectral_radius", "through_time", "total_norm"]
