"""How a network is trained: every setting stated once, and the typed configuration made from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

from engine.parameters import (
    BoolParameter,
    Choice,
    ChoiceParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    Value,
    complaints,
    defaults,
)

OptimizerKind = Literal["SGD", "RMSprop", "Adam", "AdamW"]
ClipMode = Literal["none", "norm", "value"]


@dataclass(frozen=True, slots=True)
class OptimizerSpec:
    """An optimiser: its class in `torch.optim` and the settings that become its keyword arguments."""

    kind: OptimizerKind
    title: str
    summary: str
    arguments: tuple[str, ...]


OPTIMIZERS: Mapping[str, OptimizerSpec] = {
    spec.kind: spec
    for spec in (
        OptimizerSpec(
            "SGD",
            "SGD",
            "Plain gradient descent on batches; shows gradient problems as they are.",
            ("momentum", "nesterov"),
        ),
        OptimizerSpec(
            "RMSprop",
            "RMSprop",
            "Divides each step by the recent size of its gradient.",
            ("alpha", "momentum"),
        ),
        OptimizerSpec(
            "Adam",
            "Adam",
            "Momentum and RMSprop together; partly hides vanishing gradients.",
            ("beta1", "beta2"),
        ),
        OptimizerSpec(
            "AdamW",
            "AdamW",
            "Adam with weight decay kept apart from the gradient.",
            ("beta1", "beta2"),
        ),
    )
}

TRAINING_PARAMETERS: tuple[Parameter, ...] = (
    ChoiceParameter(
        name="optimizer",
        title="Optimiser",
        help="The rule that turns gradients into steps.",
        default="SGD",
        choices=tuple(Choice(o.kind, o.title, o.summary) for o in OPTIMIZERS.values()),
    ),
    FloatParameter(
        name="learning_rate",
        title="Learning rate",
        help="Size of a step; acts at once, also while training runs.",
        default=0.01,
        maximum=1_000.0,
    ),
    FloatParameter(
        name="momentum",
        title="Momentum",
        help="How much of the last step is kept in the next one.",
        default=0.9,
        maximum=1.0,
        open_maximum=True,
        shown_when=("optimizer", ("SGD", "RMSprop")),
    ),
    BoolParameter(
        name="nesterov",
        title="Nesterov",
        help="Looks one step ahead; needs a momentum above zero.",
        default=False,
        shown_when=("optimizer", ("SGD",)),
    ),
    FloatParameter(
        name="alpha",
        title="Smoothing ρ",
        help="How slowly RMSprop's mean of squared gradients forgets.",
        default=0.99,
        maximum=1.0,
        open_maximum=True,
        shown_when=("optimizer", ("RMSprop",)),
    ),
    FloatParameter(
        name="beta1",
        title="β₁",
        help="How slowly Adam's mean gradient forgets.",
        default=0.9,
        maximum=1.0,
        open_maximum=True,
        shown_when=("optimizer", ("Adam", "AdamW")),
    ),
    FloatParameter(
        name="beta2",
        title="β₂",
        help="How slowly Adam's mean squared gradient forgets.",
        default=0.999,
        maximum=1.0,
        open_maximum=True,
        shown_when=("optimizer", ("Adam", "AdamW")),
    ),
    FloatParameter(
        name="weight_decay",
        title="Weight decay",
        help="Pulls weights towards zero (L2).",
        default=0.0,
        maximum=100.0,
    ),
    IntParameter(
        name="batch_size",
        title="Batch size",
        help="Samples in a step. A last batch of a single sample is merged into the one before.",
        unit="samples",
        default=32,
        minimum=1,
        maximum=1_000_000,
    ),
    IntParameter(
        name="epochs",
        title="Epochs",
        help="How often the whole training set is gone through.",
        default=30,
        minimum=1,
        maximum=1_000_000,
    ),
    IntParameter(
        name="seed",
        title="Seed",
        help="Initial weights, order of the data and dropout follow from it: same seed, same result.",
        default=0,
        minimum=0,
        maximum=2**31 - 1,
    ),
    ChoiceParameter(
        name="clip_mode",
        title="Clip gradients",
        help="Limits the gradient before each step.",
        default="none",
        choices=(
            Choice("none", "no"),
            Choice(
                "norm",
                "by norm",
                "Scales the whole gradient down to the threshold; keeps its direction.",
            ),
            Choice(
                "value", "by value", "Cuts each number off at ± the threshold; turns the direction."
            ),
        ),
    ),
    FloatParameter(
        name="clip_threshold",
        title="Clip threshold",
        help="Largest norm, or largest absolute value; acts at once, also while training runs.",
        default=1.0,
        open_minimum=True,
        shown_when=("clip_mode", ("norm", "value")),
    ),
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
    weight_decay: float
    batch_size: int
    epochs: int
    seed: int
    clip_mode: ClipMode
    clip_threshold: float


def training_complaints(settings: Mapping[str, Value]) -> list[str]:
    """A sentence for each training setting of a document that is wrong; settings left out take their defaults."""
    values = {**TRAINING_DEFAULTS, **settings}
    found = complaints(TRAINING_PARAMETERS, values)
    if not found and values["optimizer"] == "SGD" and values["nesterov"] and not values["momentum"]:
        found.append("Nesterov needs a momentum above zero")
    return found


def training_config(settings: Mapping[str, Value]) -> TrainingConfig:
    """The typed configuration of a document's training settings; `ConfigError` when one is wrong."""
    found = training_complaints(settings)
    if found:
        raise ConfigError(". ".join(found))
    return msgspec.convert({**TRAINING_DEFAULTS, **settings}, TrainingConfig)
