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
from .tables import SCALAR_COLUMNS, EpochStats, LayerTable, StepStats
from .time import TimeGradient

__all__ = [
    "BIN_COUNT",
    "EDGES",
    "SCALAR_COLUMNS",
    "EpochStats",
    "Histogram",
    "LayerTable",
    "StepStats",
    "TimeGradient",
    "bin_values",
    "fold_float_bits",
    "quantiles",
    "resample",
]
