"""The optimisers: the class in `torch.optim` that each one is, and the settings that it takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from engine.language import tr
from engine.parameters import (
    BoolParameter,
    Choice,
    ChoiceParameter,
    FloatParameter,
    IntParameter,
    Parameter,
)

OptimizerKind = Literal["SGD", "RMSprop", "Adam", "AdamW", "LBFGS"]


@dataclass(frozen=True, slots=True)
class OptimizerSpec:
    """An optimiser: its class in `torch.optim` and the settings that become its keyword arguments."""

    kind: OptimizerKind
    title: str
    summary: str
    arguments: tuple[str, ...]
    closes: bool = False
    """Whether a step evaluates loss and gradient again, as often as it needs."""


OPTIMIZERS: Mapping[str, OptimizerSpec] = {
    spec.kind: spec
    for spec in (
        OptimizerSpec(
            "SGD",
            "SGD",
            tr("Plain gradient descent on batches; shows gradient problems as they are."),
            ("momentum", "nesterov", "weight_decay"),
        ),
        OptimizerSpec(
            "RMSprop",
            "RMSprop",
            tr("Divides each step by the recent size of its gradient."),
            ("alpha", "momentum", "weight_decay"),
        ),
        OptimizerSpec(
            "Adam",
            "Adam",
            tr("Momentum and RMSprop together; partly hides vanishing gradients."),
            ("beta1", "beta2", "weight_decay"),
        ),
        OptimizerSpec(
            "AdamW",
            "AdamW",
            tr("Adam with weight decay kept apart from the gradient."),
            ("beta1", "beta2", "weight_decay"),
        ),
        OptimizerSpec(
            "LBFGS",
            "L-BFGS",
            tr(
                "Estimates curvature from its last steps; wants the whole training set as "
                "one batch."
            ),
            ("max_iter", "history_size", "line_search"),
            closes=True,
        ),
    )
}

_FIRST_ORDER = tuple(spec.kind for spec in OPTIMIZERS.values() if not spec.closes)

OPTIMIZER_PARAMETERS: tuple[Parameter, ...] = (
    ChoiceParameter(
        name="optimizer",
        title=tr("Optimiser"),
        help=tr("The rule that turns gradients into steps."),
        default="SGD",
        choices=tuple(Choice(o.kind, o.title, o.summary) for o in OPTIMIZERS.values()),
    ),
    FloatParameter(
        name="learning_rate",
        title=tr("Learning rate"),
        help=tr(
            "Size of a step; acts at once, also while training runs. A schedule multiplies it."
        ),
        default=0.01,
        maximum=1_000.0,
    ),
    FloatParameter(
        name="momentum",
        title=tr("Momentum"),
        help=tr("How much of the last step is kept in the next one."),
        default=0.9,
        maximum=1.0,
        open_maximum=True,
        shown_when=("optimizer", ("SGD", "RMSprop")),
    ),
    BoolParameter(
        name="nesterov",
        title=tr("Nesterov"),
        help=tr("Looks one step ahead; needs a momentum above zero."),
        default=False,
        shown_when=("optimizer", ("SGD",)),
    ),
    FloatParameter(
        name="alpha",
        title=tr("Smoothing ρ"),
        help=tr("How slowly RMSprop's mean of squared gradients forgets."),
        default=0.99,
        maximum=1.0,
        open_maximum=True,
        shown_when=("optimizer", ("RMSprop",)),
    ),
    FloatParameter(
        name="beta1",
        title="β₁",
        help=tr("How slowly Adam's mean gradient forgets."),
        default=0.9,
        maximum=1.0,
        open_maximum=True,
        shown_when=("optimizer", ("Adam", "AdamW")),
    ),
    FloatParameter(
        name="beta2",
        title="β₂",
        help=tr("How slowly Adam's mean squared gradient forgets."),
        default=0.999,
        maximum=1.0,
        open_maximum=True,
        shown_when=("optimizer", ("Adam", "AdamW")),
    ),
    IntParameter(
        name="max_iter",
        title=tr("Iterations a step"),
        help=tr(
            "How often L-BFGS may move within one step; each time costs a forward and a "
            "backward pass."
        ),
        default=20,
        minimum=1,
        maximum=10_000,
        shown_when=("optimizer", ("LBFGS",)),
    ),
    IntParameter(
        name="history_size",
        title=tr("Steps remembered"),
        help=tr("From how many moves L-BFGS estimates the curvature."),
        default=10,
        minimum=1,
        maximum=1_000,
        shown_when=("optimizer", ("LBFGS",)),
    ),
    BoolParameter(
        name="line_search",
        title=tr("Line search"),
        help=tr(
            "Chooses the length of each move by the strong Wolfe conditions, instead of "
            "the learning rate alone."
        ),
        default=True,
        shown_when=("optimizer", ("LBFGS",)),
    ),
    FloatParameter(
        name="weight_decay",
        title=tr("Weight decay"),
        help=tr("Pulls weights towards zero (L2)."),
        default=0.0,
        maximum=100.0,
        shown_when=("optimizer", _FIRST_ORDER),
    ),
)
