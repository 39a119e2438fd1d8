"""From a data set's declaration to the arrays that a training uses: check, load, split, standardise."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from engine.parameters import Values, complaints

from .bundled import BUNDLED
from .generators import GENERATED
from .spec import DataError, DataInfo, DataSetSpec, DataSpec, Inputs, Samples, Split
from .table import TABLE

DATA_SETS: Mapping[str, DataSetSpec] = {spec.kind: spec for spec in (*BUNDLED, *GENERATED, TABLE)}
"""Every data set that the lab knows, by its kind."""


def with_defaults(spec: DataSpec) -> DataSpec:
    """The declaration with every setting that it leaves out; one of an unknown kind stays as it is."""
    known = DATA_SETS.get(spec.kind)
    return DataSpec(spec.kind, {**known.defaults, **spec.params}) if known else spec


def describe(spec: DataSpec, folder: Path | None) -> DataInfo:
    """What is known of a data set; `DataError` when its kind, a setting or its file is wrong."""
    known, values = _resolved(spec)
    return known.describe(values, folder)


def load(spec: DataSpec, folder: Path | None) -> Split:
    """The training and validation samples; `DataError` when they cannot be had.

    The samples are permuted by `numpy.random.default_rng(split_seed)`; the first ceil(n · share) of them
    validate, the rest train.
    """
    known, values = _resolved(spec)
    samples = known.load(values, folder)
    if not np.isfinite(samples.inputs).all():
        raise DataError(f"{samples.info.title} holds inputs that are not finite numbers")
    order = np.random.default_rng(int(values["split_seed"])).permutation(len(samples.inputs))
    kept_out = math.ceil(len(order) * float(values["validation_share"]))
    if len(order) - kept_out < 2:
        raise DataError(
            f"{samples.info.title} leaves {len(order) - kept_out} samples for training. "
            "Lower the validation share, or use more data"
        )
    return _divided(
        samples, order[kept_out:], order[:kept_out], standardise=bool(values["standardise"])
    )


def _resolved(spec: DataSpec) -> tuple[DataSetSpec, Values]:
    known = DATA_SETS.get(spec.kind)
    if known is None:
        names = ", ".join(DATA_SETS)
        raise DataError(f"This lab does not know the data set {spec.kind!r}. It knows {names}")
    values = {**known.defaults, **spec.params}
    found = complaints(known.parameters, values)
    if found:
        raise DataError(f"{known.title}: {'. '.join(found)}")
    return known, values


def _divided(
    samples: Samples, train: np.ndarray, validation: np.ndarray, *, standardise: bool
) -> Split:
    inputs = samples.inputs[train], samples.inputs[validation]
    if standardise:
        inputs = _standardised(*inputs)
    return Split(
        info=samples.info,
        train_inputs=np.ascontiguousarray(inputs[0]),
        train_targets=np.ascontiguousarray(samples.targets[train]),
        validation_inputs=np.ascontiguousarray(inputs[1]),
        validation_targets=np.ascontiguousarray(samples.targets[validation]),
    )


def _standardised(train: Inputs, validation: Inputs) -> tuple[Inputs, Inputs]:
    """Mean 0 and deviation 1 for each input of the training samples; a constant input is only centred."""
    mean = train.mean(axis=0, dtype=np.float64)
    deviation = train.std(axis=0, dtype=np.float64)
    deviation[deviation == 0] = 1.0
    first, second = (((part - mean) / deviation).astype(np.float32) for part in (train, validation))
    return first, second
