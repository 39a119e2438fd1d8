"""Torch hooks that turn any module's training into stats. Relative imports, torch, numpy and stats only."""

from .norms import total_norm
from .units import DeadUnits
from .watch import StepWatch, first_nonfinite

__all__ = ["DeadUnits", "StepWatch", "first_nonfinite", "total_norm"]
