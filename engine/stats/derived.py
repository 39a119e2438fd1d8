"""Figures that follow from other figures: decades per layer, the gradient noise scale, clipped steps."""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def decades_per_layer(gradients: Floats) -> float:
    """How many decades the gradient loses from one layer to the one before it; positive when it vanishes.

    `gradients` (layers,) is a magnitude from input to output; the answer is the slope of its log10 against the
    layer's number, by least squares. NaN with fewer than two positive finite magnitudes.
    """
    known = np.flatnonzero(np.isfinite(gradients) & (gradients > 0))
    if known.size < 2:
        return math.nan
    logarithms = np.log10(gradients[known])
    # twice a frame in a pane: polyfit's singular values take ten times as long
    layers = known - known.mean()
    return float((layers * (logarithms - logarithms.mean())).sum() / (layers**2).sum())


def gradient_noise_scale(
    mean_square_norm: float, square_norm_of_mean: float, batch: int, batches: int
) -> float:
    """The batch size at which noise and signal of the gradient are equal, tr Σ / |G|², in samples.

    From the mean over `batches` batches of ‖g‖² and from ‖mean g‖²: unbiased estimates of |G|² and tr Σ when the
    weights are the same for all (McCandlish et al. 2018, appendix A.1). NaN when |G|² cannot be told from zero.
    """
    if batches < 2:
        return math.nan
    signal = (batches * square_norm_of_mean - mean_square_norm) / (batches - 1)
    noise = (mean_square_norm - square_norm_of_mean) * batch * batches / (batches - 1)
    return noise / signal if signal > 0 else math.nan


def clipped_share(before: Floats, after: Floats) -> float:
    """Share of steps that were clipped; the norms have shape (steps,), NaN without steps."""
    return float(np.mean(after < before)) if before.size else math.nan


def effective_rank(singular_values: Floats) -> float:
    """exp of the entropy of σ/Σσ (Roy & Vetterli 2007, definition 1); 0 for a zero matrix."""
    total = singular_values.sum()
    if not total > 0:
        return 0.0
    shares = singular_values[singular_values > 0] / total
    return float(np.exp(-np.sum(shares * np.log(shares))))


def stable_rank(singular_values: Floats) -> float:
    """‖A‖_F² / σ₁² (Rudelson & Vershynin 2007); 0 for a zero matrix."""
    largest = float(singular_values.max(initial=0.0))
    return float(np.sum((singular_values / largest) ** 2)) if largest > 0 else 0.0
