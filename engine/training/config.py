"""How a network is trained: every setting stated once, and the typed configuration made from them."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from engine.language import tr
from engine.parameters import (
    Choice,
    ChoiceParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    Value,
    complaints,
    defaults,
)

from .optimizers import OPTIMIZER_PARAMETERS, OptimizerKind
from .schedules import SCHEDULE_PARAMETERS, STOPPING_PARAMETERS, ScheduleKind

ClipMode = Literal["none", "norm", "value", "layer", "adaptive"]
Precision = Literal["float32", "bfloat16", "float16"]
DeviceKind = Literal["auto", "cpu", "cuda", "mps"]

_RUN_PARAMETERS: tuple[Parameter, ...] = (
    IntParameter(
        name="batch_size",
        title=tr("Batch size"),
        help=tr(
            "Samples in a step. A last batch of a single sample is merged into the one before."
        ),
        unit=tr("samples"),
        default=32,
        minimum=1,
        maximum=1_000_000,
    ),
    IntParameter(
        name="accumulate",
        title=tr("Accumulate"),
        help=tr(
            "Batches whose gradients are averaged into one step, as if they were a "
            "single large batch."
        ),
        unit=tr("batches"),
        default=1,
        minimum=1,
        maximum=1_000_000,
    ),
    IntParameter(
        name="epochs",
        title=tr("Epochs"),
        help=tr("How often the whole training set is gone through."),
        default=30,
        minimum=1,
        maximum=1_000_000,
    ),
    IntParameter(
        name="seed",
        title=tr("Seed"),
        help=tr(
            "Initial weights, order of the data and dropout follow from it: same seed, same result."
        ),
        default=0,
        minimum=0,
        maximum=2**31 - 1,
    ),
    FloatParameter(
        name="label_smoothing",
        title=tr("Label smoothing"),
        help=tr(
            "Share of each target that is spread over all classes (Szegedy et al. 2016); "
            "softmax cross-entropy only."
        ),
        default=0.0,
        maximum=1.0,
        open_maximum=True,
    ),
)

_CLIP_PARAMETERS: tuple[Parameter, ...] = (
    ChoiceParameter(
        name="clip_mode",
        title=tr("Clip gradients"),
        help=tr("Limits the gradient before each step."),
        default="none",
        choices=(
            Choice("none", tr("no")),
            Choice(
                "norm",
                tr("by norm"),
                tr("Scales the whole gradient down to the threshold; keeps its direction."),
            ),
            Choice(
                "value",
                tr("by value"),
                tr("Cuts each number off at ± the threshold; turns the direction."),
            ),
            Choice(
                "layer",
                tr("by layer"),
                tr(
                    "Scales each layer's gradient down to the threshold by itself; turns the "
                    "direction."
                ),
            ),
            Choice(
                "adaptive",
                tr("adaptive"),
                tr(
                    "Limits each unit's gradient to the threshold times the norm of its weights "
                    "(Brock et al. 2021, eq. 3); 0.01 is usual."
                ),
            ),
        ),
    ),
    FloatParameter(
        name="clip_threshold",
        title=tr("Clip threshold"),
        help=tr(
            "Largest norm, absolute value, or ratio to the weights; acts at once, also "
            "while training runs."
        ),
        default=1.0,
        open_minimum=True,
        shown_when=("clip_mode", ("norm", "value", "layer", "adaptive")),
    ),
)

_MACHINE_PARAMETERS: tuple[Parameter, ...] = (
    ChoiceParameter(
        name="device",
        title=tr("Device"),
        help=tr("Where the network is trained."),
        default="auto",
        choices=(
            Choice("auto", tr("the best there is"), tr("CUDA, else MPS, else the processor.")),
            Choice("cpu", tr("processor")),
            Choice("cuda", "CUDA", tr("A graphics card of NVIDIA's, or of AMD's through ROCm.")),
            Choice("mps", "MPS", tr("The graphics part of Apple's chips.")),
        ),
    ),
    ChoiceParameter(
        name="precision",
        title=tr("Precision"),
        help=tr("In which numbers the layers compute; weights and losses stay in float32."),
        default="float32",
        choices=(
            Choice("float32", "float32"),
            Choice(
                "bfloat16",
                tr("bfloat16, mixed"),
                tr("The range of float32 with 8 bits of precision."),
            ),
            Choice(
                "float16",
                tr("float16, mixed"),
                tr(
                    "11 bits of precision, a small range: the loss is scaled so that gradients "
                    "do not underflow."
                ),
            ),
        ),
    ),
    IntParameter(
        name="threads",
        title=tr("Threads"),
        help=tr("On the processor; 0: as many as a short trial before the run finds fastest."),
        default=0,
        minimum=0,
        maximum=1_024,
    ),
)

_LOOK_PARAMETERS: tuple[Parameter, ...] = (
    IntParameter(
        name="look_every",
        title=tr("Look inside every"),
        help=tr("Layers are looked into before the first step and in every epoch; 0: not oftener."),
        unit=tr("steps"),
        default=0,
        minimum=0,
        maximum=1_000_000,
    ),
)

TRAINING_PARAMETERS: tuple[Parameter, ...] = (
    *OPTIMIZER_PARAMETERS,
    *SCHEDULE_PARAMETERS,
    *_RUN_PARAMETERS,
    *STOPPING_PARAMETERS,
    *_CLIP_PARAMETERS,
    *_LOOK_PARAMETERS,
    *_MACHINE_PARAMETERS,
)

LIVE_PARAMETERS: tuple[str, ...] = ("learning_rate", "clip_mode", "clip_threshold")
"""The settings that act while a training runs."""

TRAINING_DEFAULTS: Mapping[str, Value] = defaults(TRAINING_PARAMETERS)


class ConfigError(Exception):
    """The training settings do not fit; the message says which and why."""


class TrainingConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of `TRAINING_PARAMETERS`, typed."""

    optimizer: OptimizerKind
    learning_rate: float
    momentum: float
    nesterov: bool
    alpha: float
    beta1: float
    beta2: float
    max_iter: int
    history_size: int
    line_search: bool
    weight_decay: float
    schedule: ScheduleKind
    warmup_epochs: int
    schedule_epochs: int
    schedule_patience: int
    schedule_factor: float
    schedule_rise: float
    batch_size: int
    accumulate: int
    epochs: int
    seed: int
    label_smoothing: float
    early_stopping: bool
    patience: int
    minimum_gain: float
    clip_mode: ClipMode
    clip_threshold: float
    look_every: int
    device: DeviceKind
    precision: Precision
    threads: int


def training_complaints(settings: Mapping[str, Value]) -> list[str]:
    """A sentence for each training setting of a document that is wrong; settings left out take their defaults."""
    values = {**TRAINING_DEFAULTS, **settings}
    return complaints(TRAINING_PARAMETERS, values) or _contradictions(values)


def _contradictions(values: Mapping[str, Value]) -> list[str]:
    """What is wrong with settings that are fine one by one."""
    found = []
    if values["optimizer"] == "SGD" and values["nesterov"] and not values["momentum"]:
        found.append(tr("Nesterov needs a momentum above zero"))
    if int(values["warmup_epochs"]) >= int(values["epochs"]):
        found.append(
            tr(
                "The warm-up of {warmup_epochs} epochs leaves none of the {epochs}. Shorten "
                "it, or train for more epochs"
            ).format(warmup_epochs=values["warmup_epochs"], epochs=values["epochs"])
        )
    if values["optimizer"] == "LBFGS" and values["precision"] == "float16":
        found.append(tr("L-BFGS cannot be used with float16. Choose bfloat16 or float32"))
    return found


def training_config(settings: Mapping[str, Value]) -> TrainingConfig:
    """The typed configuration of a document's training settings; `ConfigError` when one is wrong."""
    found = training_complaints(settings)
    if found:
        raise ConfigError(". ".join(found))
    return msgspec.convert({**TRAINING_DEFAULTS, **settings}, TrainingConfig)
