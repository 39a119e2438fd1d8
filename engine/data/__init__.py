"""Data sets: declarations, generators and file readers. numpy only."""

from collections.abc import Mapping

from .spec import SPLIT_PARAMETERS, DataError, DataInfo, DataSetSpec, DataSpec, Samples, Split

DATA_SETS: Mapping[str, DataSetSpec] = {}

__all__ = [
    "DATA_SETS",
    "SPLIT_PARAMETERS",
    "DataError",
    "DataInfo",
    "DataSetSpec",
    "DataSpec",
    "Samples",
    "Split",
]
