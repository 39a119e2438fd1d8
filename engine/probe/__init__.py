"""Torch hooks that turn any module's training into stats. Relative imports, torch, numpy and stats only."""

from .norms import total_norm
from .watch import StepWatch, first_nonfinite

__all__ = ["StepWatch", "first_nonfinite", "total_norm"]
