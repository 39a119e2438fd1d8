"""What a data set is to the lab: its declaration, what is known before loading it, and its arrays."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.language import tr
from engine.parameters import (
    BoolParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    TextParameter,
    Value,
    Values,
    defaults,
)

Inputs = NDArray[np.float32]
Targets = NDArray[np.int64] | NDArray[np.float32]


class DataError(Exception):
    """The data cannot be used; the message is a sentence for the person, with file and line where it has any."""


class DataSpec(msgspec.Struct, frozen=True):
    """Which data set a network is trained on, and with which settings; part of the document."""

    kind: str
    params: Mapping[str, Value] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class DataInfo:
    """What is known of a data set without loading all of it; the shapes of a network depend on it."""

    title: str
    samples: int
    input_shape: tuple[int, ...]
    classes: int = 0
    """Number of classes; 0 for a regression."""
    target_shape: tuple[int, ...] = ()
    """Shape of one target of a regression; of the class numbers of one sample: () for one, (T,) for one a step."""
    tokens: int = 0
    """Size of the vocabulary when inputs are tokens (whole numbers from 0, as float32); 0 when they are numbers."""
    class_names: tuple[str, ...] = ()
    input_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """Sentences for the person, such as rows of a file that were left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """All samples of a data set in their stored order, before the split.

    `inputs` float32 (n, *input_shape), a sequence being steps × numbers; `targets` int64 class numbers or float32,
    (n, *target_shape).
    """

    info: DataInfo
    inputs: Inputs
    targets: Targets
    in_time: bool = False
    """Whether the samples follow one another in time: then the last ones validate, and none is drawn by lot."""
    continues: int | None = None
    """The input number whose next values the targets are: they are standardised as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Training and validation samples, standardised when asked for; the validation part may be empty."""

    info: DataInfo
    train_inputs: Inputs
    train_targets: Targets
    validation_inputs: Inputs
    validation_targets: Targets
    scaling: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
    """Mean and deviation that were taken out of each input; None when the inputs are as they were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSetSpec:
    """One data set, declared once. `folder` is where relative paths of a document begin."""

    kind: str
    title: str
    summary: str
    source: str
    """Where the data come from, and their licence."""
    parameters: tuple[Parameter, ...]
    describe: Callable[[Values, Path | None], DataInfo]
    load: Callable[[Values, Path | None], Samples]

    @property
    def defaults(self) -> dict[str, Value]:
        """The settings of the data set when it is chosen anew."""
        return defaults(self.parameters)

    @property
    def reads_file(self) -> bool:
        """Whether the data are the person's own, in a file that has to be chosen."""
        return any(isinstance(item, TextParameter) and item.is_path for item in self.parameters)


SPLIT_PARAMETERS: tuple[Parameter, ...] = (
    FloatParameter(
        name="validation_share",
        title=tr("Validation share"),
        help=tr("Part of the samples that is kept out of training and used to judge it."),
        default=0.2,
        minimum=0.0,
        maximum=0.9,
    ),
    IntParameter(
        name="split_seed",
        title=tr("Split seed"),
        help=tr("Another number gives another division into training and validation samples."),
        default=0,
        minimum=0,
        maximum=2**31 - 1,
    ),
    BoolParameter(
        name="standardise",
        title=tr("Standardise"),
        help=tr(
            "Gives every input mean 0 and standard deviation 1, measured on the training samples."
        ),
        default=True,
    ),
)
"""The settings that every data set shares."""
