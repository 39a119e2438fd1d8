"""How the learning rate changes while training goes on, and when training ends by itself."""

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

ScheduleKind = Literal["none", "step", "cosine", "one_cycle", "plateau"]

SCHEDULE_PARAMETERS: tuple[Parameter, ...] = (
    ChoiceParameter(
        name="schedule",
        title=tr("Schedule"),
        help=tr("What multiplies the learning rate while training goes on."),
        default="none",
        choices=(
            Choice("none", tr("constant")),
            Choice("step", tr("in steps"), tr("Multiplies the rate by a factor every few epochs.")),
            Choice(
                "cosine",
                tr("cosine"),
                tr("Falls along half a cosine to the end (Loshchilov & Hutter 2017, eq. 5)."),
            ),
            Choice(
                "one_cycle",
                tr("one cycle"),
                tr(
                    "Rises from 1/25 of the rate to the rate, then falls to nearly nothing "
                    "(Smith & Topin 2019)."
                ),
            ),
            Choice(
                "plateau",
                tr("on plateau"),
                tr("Multiplies the rate by a factor when the validation loss no longer falls."),
            ),
        ),
    ),
    IntParameter(
        name="warmup_epochs",
        title=tr("Warm-up"),
        help=tr(
            "Epochs in which the rate rises in a straight line from nearly nothing "
            "(Goyal et al. 2017); 0 for none."
        ),
        unit=tr("epochs"),
        default=0,
        minimum=0,
        maximum=1_000_000,
    ),
    IntParameter(
        name="schedule_epochs",
        title=tr("Epochs a step"),
        help=tr("After how many epochs the rate is multiplied by the factor."),
        unit=tr("epochs"),
        default=10,
        minimum=1,
        maximum=1_000_000,
        shown_when=("schedule", ("step",)),
    ),
    IntParameter(
        name="schedule_patience",
        title=tr("Schedule's patience"),
        help=tr(
            "How many epochs without a lower validation loss are let pass before the "
            "rate is lowered."
        ),
        unit=tr("epochs"),
        default=5,
        minimum=0,
        maximum=1_000_000,
        shown_when=("schedule", ("plateau",)),
    ),
    FloatParameter(
        name="schedule_factor",
        title=tr("Factor"),
        help=tr("What the rate is multiplied by."),
        default=0.1,
        maximum=1.0,
        open_minimum=True,
        open_maximum=True,
        shown_when=("schedule", ("step", "plateau")),
    ),
    FloatParameter(
        name="schedule_rise",
        title=tr("Rising share"),
        help=tr("Share of the steps in which the rate rises."),
        default=0.3,
        maximum=1.0,
        open_minimum=True,
        open_maximum=True,
        shown_when=("schedule", ("one_cycle",)),
    ),
)

STOPPING_PARAMETERS: tuple[Parameter, ...] = (
    BoolParameter(
        name="early_stopping",
        title=tr("Stop early"),
        help=tr("Ends the training when the validation loss no longer falls."),
        default=False,
    ),
    IntParameter(
        name="patience",
        title=tr("Patience"),
        help=tr("How many epochs in a row may pass without the gain."),
        unit=tr("epochs"),
        default=10,
        minimum=1,
        maximum=1_000_000,
        shown_when=("early_stopping", (True,)),
    ),
    FloatParameter(
        name="minimum_gain",
        title=tr("Minimum gain"),
        help=tr("How far below the lowest validation loss a new one must lie to count."),
        default=0.0,
        shown_when=("early_stopping", (True,)),
    ),
)
