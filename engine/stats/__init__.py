"""What is measured: histograms, per-layer tables and per-step series. Needs numpy only."""

from .histogram import (
    BIN_COUNT,
    EDGES,
    Histogram,
    bin_values,
    fold_float_bits,
    quantiles,
    resample,
)
from .tables import EpochStats, LayerTable, StepStats

__all__ = [
    "BIN_COUNT",
    "EDGES",
    "EpochStats",
    "Histogram",
    "LayerTable",
    "StepStats",
    "bin_values",
    "fold_float_bits",
    "quantiles",
    "resample",
]
