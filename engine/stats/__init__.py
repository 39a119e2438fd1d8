"""What is measured: histograms, per-layer tables and per-step series. Needs numpy only."""

from .batch_norm import STAGES, BatchNormStats
from .derived import (
    clipped_share,
    decades_per_layer,
    effective_rank,
    gradient_noise_scale,
    stable_rank,
)
from .distribution import TALLIES, Distribution
from .examination import Examination
from .histogram import (
    BIN_COUNT,
    EDGES,
    MAGNITUDES,
    VALUES,
    Borders,
    Histogram,
    Rows,
    Scale,
    at_shares,
    bin_values,
    quantiles,
    resample,
)
from .picture import (
    CURVE_PLACES,
    Album,
    Backdrop,
    CurvePicture,
    ImagePicture,
    Picture,
    SurfacePicture,
    UnitMaps,
)
from .tables import DISTRIBUTIONS, SCALAR_COLUMNS, EpochStats, LayerTable, StepStats
from .time import TimeGradient

__all__ = [
    "BIN_COUNT",
    "CURVE_PLACES",
    "DISTRIBUTIONS",
    "EDGES",
    "MAGNITUDES",
    "SCALAR_COLUMNS",
    "STAGES",
    "TALLIES",
    "VALUES",
    "Album",
    "Backdrop",
    "BatchNormStats",
    "Borders",
    "CurvePicture",
    "Distribution",
    "EpochStats",
    "Examination",
    "Histogram",
    "ImagePicture",
    "LayerTable",
    "Picture",
    "Rows",
    "Scale",
    "StepStats",
    "SurfacePicture",
    "TimeGradient",
    "UnitMaps",
    "at_shares",
    "bin_values",
    "clipped_share",
    "decades_per_layer",
    "effective_rank",
    "gradient_noise_scale",
    "quantiles",
    "resample",
    "stable_rank",
]
