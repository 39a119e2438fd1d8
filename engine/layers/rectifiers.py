"""Activations with a bend at zero: ReLU and its relatives."""

import math

import numpy as np

from engine.language import tr
from engine.parameters import Choice, ChoiceParameter, FloatParameter, Values

from . import functions
from .spec import LayerSpec, Shape, ShapeError, Shapes, Task

_ELU_EDGE = math.log(0.05)
"""Below it the slope of an ELU is less than 0.05 of its α."""


def _rrelu_mean_slope(values: Values) -> float:
    return (float(values["lower"]) + float(values["upper"])) / 2.0


def _rrelu_shape(values: Values, shapes: Shapes, _task: Task) -> Shape:
    if float(values["lower"]) > float(values["upper"]):
        raise ShapeError(
            tr("the lowest α ({lower:g}) is above the highest ({upper:g}). Exchange them").format(
                lower=values["lower"], upper=values["upper"]
            )
        )
    return shapes[0]


def _prelu_tensors(values: Values, shapes: Shapes) -> dict[str, Shape]:
    return {"weight": (_prelu_slopes(values, shapes),)}


def _prelu_slopes(values: Values, shapes: Shapes) -> int:
    return shapes[0][0] if values["slopes"] == "channel" else 1


RECTIFIERS: tuple[LayerSpec, ...] = (
    LayerSpec(
        kind="ReLU",
        mean_field="function",
        can_die=True,
        title="ReLU",
        category="Activations",
        summary=tr(
            "Passes what is positive, blocks the rest. Does not saturate, but a unit can die."
        ),
        formula=tr("max(0, z)"),
        details=tr(
            "Half of the units are off at any time, which is healthy. A unit that is off "
            "for every sample gets no gradient and stays dead. Pair it with He's "
            "initialisation (He et al. 2015)."
        ),
        module="torch.nn.ReLU",
        function=lambda z, _values: np.maximum(z, 0.0),
        derivative=lambda z, _values: functions.leaky_slope(z, 0.0),
    ),
    LayerSpec(
        kind="ReLU6",
        mean_field="function",
        healthy=lambda _values: (-math.inf, 6.0),
        can_die=True,
        title="ReLU6",
        category="Activations",
        summary=tr("ReLU that is cut off at 6."),
        formula=tr("min(max(0, z), 6)"),
        details=tr(
            "Bounded, so that few bits hold its values; it blocks the gradient on both "
            "sides (Krizhevsky 2010)."
        ),
        module="torch.nn.ReLU6",
        function=lambda z, _values: functions.clamp(z, 0.0, 6.0),
        derivative=lambda z, _values: functions.clamp_slope(z, 0.0, 6.0),
    ),
    LayerSpec(
        kind="LeakyReLU",
        mean_field="function",
        title=tr("Leaky ReLU"),
        category="Activations",
        summary=tr(
            "ReLU with a small fixed slope α below zero, so that no unit is ever quite dead."
        ),
        formula=tr("z if z > 0, else α z"),
        details=tr(
            "A unit that is off still passes α of its gradient and can recover (Maas et al. 2013)."
        ),
        parameters=(
            FloatParameter(
                name="negative_slope",
                telling=True,
                title="α",
                help=tr("Slope below zero."),
                default=0.01,
                minimum=0.0,
                maximum=1.0,
            ),
        ),
        module="torch.nn.LeakyReLU",
        arguments=lambda values, _shapes: {"negative_slope": float(values["negative_slope"])},
        function=lambda z, values: functions.leaky(z, float(values["negative_slope"])),
        derivative=lambda z, values: functions.leaky_slope(z, float(values["negative_slope"])),
    ),
    LayerSpec(
        kind="RReLU",
        mean_field="function",
        title="RReLU",
        category="Activations",
        summary=tr("Leaky ReLU whose slope is drawn at random for each number while training."),
        formula=tr("z if z > 0, else α z, α ~ U(lower, upper)"),
        details=tr(
            "Random slopes regularise a little; when evaluated, the slope is the mean of "
            "the two bounds (Xu et al. 2015). The curve shown here is the evaluated one."
        ),
        parameters=(
            FloatParameter(
                name="lower",
                telling=True,
                title=tr("Lowest α"),
                help=tr("Smallest slope that can be drawn."),
                default=0.125,
                minimum=0.0,
                maximum=1.0,
            ),
            FloatParameter(
                name="upper",
                telling=True,
                title=tr("Highest α"),
                help=tr("Largest slope that can be drawn; at least the lowest."),
                default=1.0 / 3.0,
                minimum=0.0,
                maximum=1.0,
            ),
        ),
        shape=_rrelu_shape,
        module="torch.nn.RReLU",
        arguments=lambda values, _shapes: {
            "lower": float(values["lower"]),
            "upper": float(values["upper"]),
        },
        function=lambda z, values: functions.leaky(z, _rrelu_mean_slope(values)),
        derivative=lambda z, values: functions.leaky_slope(z, _rrelu_mean_slope(values)),
    ),
    LayerSpec(
        kind="PReLU",
        mean_field="function",
        title="PReLU",
        category="Activations",
        summary=tr("Leaky ReLU whose slope α is learned with the weights."),
        formula=tr("z if z > 0, else α z, α learned"),
        details=tr(
            "α starts at the value given and is trained by gradient descent (He et al. "
            "2015). The curve shown here has the slope of the shown epoch."
        ),
        parameters=(
            FloatParameter(
                name="init",
                telling=True,
                title=tr("First α"),
                help=tr("Slope below zero before training."),
                default=0.25,
                minimum=-1.0,
                maximum=1.0,
            ),
            ChoiceParameter(
                name="slopes",
                title=tr("Slopes"),
                help=tr("One slope for the whole layer, or one for each unit or channel."),
                default="shared",
                choices=(
                    Choice("shared", tr("one, shared")),
                    Choice("channel", tr("one a channel")),
                ),
            ),
        ),
        module="torch.nn.PReLU",
        arguments=lambda values, shapes: {
            "num_parameters": _prelu_slopes(values, shapes),
            "init": float(values["init"]),
        },
        tensors=_prelu_tensors,
        function=lambda z, values: functions.leaky(z, float(values["init"])),
        derivative=lambda z, values: functions.leaky_slope(z, float(values["init"])),
    ),
    LayerSpec(
        kind="ELU",
        mean_field="function",
        healthy=lambda _values: (_ELU_EDGE, math.inf),
        title="ELU",
        category="Activations",
        summary=tr(
            "Like ReLU above zero; below, a smooth curve down to −α that lets the mean "
            "be near zero."
        ),
        formula=tr("z if z > 0, else α (eᶻ − 1)"),
        details=tr(
            "Far below zero it saturates at −α and the slope vanishes; the trouble can "
            "come back late in training (Clevert et al. 2016)."
        ),
        parameters=(
            FloatParameter(
                name="alpha",
                telling=True,
                title="α",
                help=tr("The value that the curve approaches below zero, with the sign turned."),
                default=1.0,
                minimum=0.0,
                maximum=10.0,
            ),
        ),
        module="torch.nn.ELU",
        arguments=lambda values, _shapes: {"alpha": float(values["alpha"])},
        function=lambda z, values: functions.elu(z, float(values["alpha"])),
        derivative=lambda z, values: functions.elu_slope(z, float(values["alpha"])),
    ),
    LayerSpec(
        kind="CELU",
        mean_field="function",
        healthy=lambda values: (_ELU_EDGE * float(values["alpha"]), math.inf),
        title="CELU",
        category="Activations",
        summary=tr("An ELU whose slope is 1 at zero for every α."),
        formula=tr("z if z > 0, else α (e^(z/α) − 1)"),
        details=tr(
            "Smooth for every α, where ELU has a kink unless α is 1 (Barron 2017). Far "
            "below zero it saturates at −α."
        ),
        parameters=(
            FloatParameter(
                name="alpha",
                telling=True,
                title="α",
                help=tr("The value that the curve approaches below zero, with the sign turned."),
                default=1.0,
                minimum=0.01,
                maximum=10.0,
            ),
        ),
        module="torch.nn.CELU",
        arguments=lambda values, _shapes: {"alpha": float(values["alpha"])},
        function=functions.celu,
        derivative=functions.celu_slope,
    ),
    LayerSpec(
        kind="SELU",
        mean_field="function",
        healthy=lambda _values: (_ELU_EDGE, math.inf),
        title="SELU",
        category="Activations",
        summary=tr(
            "A scaled ELU whose fixed constants pull the variance back to 1. Wants "
            "LeCun's initialisation."
        ),
        formula=tr("λ z if z > 0, else λ α (eᶻ − 1), λ ≈ 1.0507, α ≈ 1.6733"),
        details=tr(
            "The constants are the paper's and are not trained: with them variance 1 and "
            "mean 0 are a stable fixed point. It is stable in variance, not in gradient: "
            "χ₁ = 1.0716 (Klambauer et al. 2017)."
        ),
        module="torch.nn.SELU",
        function=lambda z, _values: functions.SELU_SCALE * functions.elu(z, functions.SELU_ALPHA),
        derivative=lambda z, _values: (
            functions.SELU_SCALE * functions.elu_slope(z, functions.SELU_ALPHA)
        ),
    ),
    LayerSpec(
        kind="TrainableSELU",
        mean_field="function",
        healthy=lambda _values: (_ELU_EDGE, math.inf),
        title=tr("Trainable SELU"),
        category="Activations",
        summary=tr("SELU whose α and λ are learned with the weights."),
        formula=tr("λ z if z > 0, else λ α (eᶻ − 1), α and λ learned"),
        details=tr(
            "Not in the paper and not in torch: α and λ start at the values given, by "
            "default the paper's constants, and every step moves them away from the "
            "fixed point that these make. The plain SELU keeps them. The curve shown "
            "here is the one before training (Klambauer et al. 2017)."
        ),
        parameters=(
            FloatParameter(
                name="alpha",
                telling=True,
                title=tr("First α"),
                help=tr("α before training; the paper's is 1.6733."),
                default=functions.SELU_ALPHA,
                minimum=0.0,
                maximum=10.0,
            ),
            FloatParameter(
                name="scale",
                telling=True,
                title=tr("First λ"),
                help=tr("λ before training; the paper's is 1.0507."),
                default=functions.SELU_SCALE,
                minimum=0.0,
                maximum=10.0,
            ),
        ),
        module="engine.worker.modules.TrainableSELU",
        arguments=lambda values, _shapes: {
            "alpha": float(values["alpha"]),
            "scale": float(values["scale"]),
        },
        tensors=lambda _values, _shapes: {"alpha": (1,), "scale": (1,)},
        function=lambda z, values: (
            float(values["scale"]) * functions.elu(z, float(values["alpha"]))
        ),
        derivative=lambda z, values: (
            float(values["scale"]) * functions.elu_slope(z, float(values["alpha"]))
        ),
    ),
)
