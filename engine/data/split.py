"""From a data set's declaration to the arrays that a training uses: check, load, split, standardise."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from engine.language import tr
from engine.parameters import Values, complaints

from .bundled import BUNDLED
from .generators import GENERATED
from .sequences import SEQUENCES
from .series import SERIES
from .spec import DataError, DataInfo, DataSetSpec, DataSpec, Inputs, Samples, Split, Targets
from .table import TABLE
from .text import TEXTS

DATA_SETS: Mapping[str, DataSetSpec] = {
    spec.kind: spec for spec in (*BUNDLED, *GENERATED, TABLE, *SEQUENCES, *TEXTS, SERIES)
}
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
    validate, the rest train. Samples that follow one another in time keep their order, and the last validate.
    """
    known, values = _resolved(spec)
    samples = known.load(values, folder)
    if not np.isfinite(samples.inputs).all():
        raise DataError(
            tr("{title} holds inputs that are not finite numbers").format(title=samples.info.title)
        )
    order = _order(samples, values)
    kept_out = math.ceil(len(order) * float(values["validation_share"]))
    if len(order) - kept_out < 2:
        raise DataError(
            tr(
                "{title} leaves {order} samples for training. Lower the validation share, or "
                "use more data"
            ).format(title=samples.info.title, order=len(order) - kept_out)
        )
    standardise = bool(values.get("standardise", False)) and not samples.info.tokens
    return _divided(samples, order[kept_out:], order[:kept_out], standardise=standardise)


def _order(samples: Samples, values: Values) -> np.ndarray:
    """The samples in the order in which they are divided; those that validate come first."""
    count = len(samples.inputs)
    if samples.in_time:
        return np.roll(np.arange(count), math.ceil(count * float(values["validation_share"])))
    return np.random.default_rng(int(values["split_seed"])).permutation(count)


def _resolved(spec: DataSpec) -> tuple[DataSetSpec, Values]:
    known = DATA_SETS.get(spec.kind)
    if known is None:
        names = ", ".join(DATA_SETS)
        raise DataError(
            tr("This lab does not know the data set {kind!r}. It knows {names}").format(
                kind=spec.kind, names=names
            )
        )
    values = {**known.defaults, **spec.params}
    found = complaints(known.parameters, values)
    if found:
        raise DataError(f"{known.title}: {'. '.join(found)}")
    return known, values


def _divided(
    samples: Samples, train: np.ndarray, validation: np.ndarray, *, standardise: bool
) -> Split:
    inputs = samples.inputs[train], samples.inputs[validation]
    targets, scaling = samples.targets, None
    if standardise:
        mean, deviation = scaling = _scale(inputs[0])
        if samples.continues is not None:
            targets = _scaled(targets, mean[samples.continues], deviation[samples.continues])
        inputs = _scaled(inputs[0], mean, deviation), _scaled(inputs[1], mean, deviation)
    return Split(
        info=samples.info,
        train_inputs=np.ascontiguousarray(inputs[0]),
        train_targets=np.ascontiguousarray(targets[train]),
        validation_inputs=np.ascontiguousarray(inputs[1]),
        validation_targets=np.ascontiguousarray(targets[validation]),
        scaling=scaling,
    )


def _scale(train: Inputs) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each input of the training samples, float64; those of a sequence over its steps as well.

    A constant input has deviation 1: it is only centred.
    """
    axes = (0, 1) if train.ndim == 3 else 0
    mean = train.mean(axis=axes, dtype=np.float64)
    deviation = train.std(axis=axes, dtype=np.float64)
    return mean, np.where(deviation == 0, 1.0, deviation)


def _scaled(part: Targets, mean: np.ndarray, deviation: np.ndarray) -> Inputs:
    scaled: Inputs = ((part - mean) / deviation).astype(np.float32)
    return scaled
