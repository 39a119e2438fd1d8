"""Data sets: declarations, generators and file readers. numpy only."""

from .spec import SPLIT_PARAMETERS, DataError, DataInfo, DataSetSpec, DataSpec, Samples, Split
from .split import DATA_SETS, describe, load, with_defaults

__all__ = [
    "DATA_SETS",
    "SPLIT_PARAMETERS",
    "DataError",
    "DataInfo",
    "DataSetSpec",
    "DataSpec",
    "Samples",
    "Split",
    "describe",
    "load",
    "with_defaults",
]
