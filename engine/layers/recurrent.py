"""Recurrent layers: torch's RNN, LSTM and GRU of one layer, with initialisers for both of their matrices."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from engine.language import tr
from engine.parameters import (
    BoolParameter,
    Choice,
    ChoiceParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    Values,
)

from .initializers import INITIALIZER_PARAMETERS, INITIALIZERS
from .spec import LayerSpec, Shape, ShapeError, Shapes, Task, show
from .spread import describe_weight, gain_of

_RECURRENT = "recurrent_"
"""What the names of the recurrent weights' settings begin with; the rest is as for the input weights."""


_WITHOUT_DATA = tuple(
    choice
    for item in INITIALIZER_PARAMETERS
    if isinstance(item, ChoiceParameter) and item.name == "initializer"
    for choice in item.choices
    if choice.value != "lsuv"
)
"""LSUV scales a layer as a whole until its output has unit variance, which a bounded state cannot have."""


def sequence_shape(shape: Shape, who: str, task: Task) -> tuple[int, int]:
    """The shape as (steps, numbers); `ShapeError` when it is not a sequence."""
    if len(shape) == 2:
        return shape[0], shape[1]
    advice = tr("Choose a data set of sequences, or let the layer before give the whole sequence")
    if task.tokens and shape == task.input_shape:
        advice = tr("Put an Embedding before it, which turns tokens into numbers")
    raise ShapeError(
        tr("{who} expects a sequence (steps × numbers) and receives {shape}. {advice}").format(
            who=who, shape=show(shape), advice=advice
        )
    )


def _recurrent_shape(values: Values, shapes: Shapes, task: Task) -> Shape:
    steps, _ = sequence_shape(shapes[0], tr("a recurrent layer"), task)
    units = int(values["hidden_size"]) * (2 if values["bidirectional"] else 1)
    return (units,) if values["output"] == "last" else (steps, units)


def _recurrent_tensors(gates: int) -> Callable[[Values, Shapes], dict[str, Shape]]:
    """The weights of a layer with so many gates, in torch's names and order: the gates lie one below the other."""

    def tensors(values: Values, shapes: Shapes) -> dict[str, Shape]:
        hidden = int(values["hidden_size"])
        rows = gates * hidden
        named: dict[str, Shape] = {}
        for direction in ("", "_reverse") if values["bidirectional"] else ("",):
            named[f"weight_ih_l0{direction}"] = (rows, shapes[0][-1])
            named[f"weight_hh_l0{direction}"] = (rows, hidden)
            if values["bias"]:
                named[f"bias_ih_l0{direction}"] = named[f"bias_hh_l0{direction}"] = (rows,)
        return named

    return tensors


def _recurrent_arguments(values: Values, shapes: Shapes) -> dict[str, Any]:
    arguments = {
        "input_size": shapes[0][-1],
        "hidden_size": int(values["hidden_size"]),
        "bidirectional": bool(values["bidirectional"]),
        "bias": bool(values["bias"]),
        "output": str(values["output"]),
    }
    if "nonlinearity" in values:
        arguments["nonlinearity"] = str(values["nonlinearity"])
    return arguments


def recurrent_values(values: Values) -> Values:
    """The recurrent weights' settings under the names that initialisers know."""
    return {
        name.removeprefix(_RECURRENT): value
        for name, value in values.items()
        if name.startswith(_RECURRENT)
    }


def describe_recurrent(tensors: Mapping[str, Shape], values: Values) -> str:
    """How both matrices of a layer with these tensors are drawn, with σ for the fans of one gate, for people."""
    sides = (
        (tr("Input weights"), tensors["weight_ih_l0"], values),
        (tr("Recurrent weights"), tensors["weight_hh_l0"], recurrent_values(values)),
    )
    return "\n".join(f"{who}: {_spread(shape, tensors, side)}" for who, shape, side in sides)


def _spread(whole: Shape, tensors: Mapping[str, Shape], values: Values) -> str:
    units = tensors["weight_hh_l0"][1]
    gates = "" if whole[0] == units else tr("each gate by itself, ")
    if not INITIALIZERS[str(values["initializer"])].function:
        std = gain_of(values) / math.sqrt(3 * units)
        return tr("torch's default, evenly within ± 1/√{units:,}, so σ = {std:.3g}").format(
            units=units, std=std
        )
    return gates + describe_weight((units, whole[1]), values)


_RECURRENT_TITLES = {
    "initializer": tr("Recurrent initialiser"),
    "init_std": tr("Recurrent σ"),
    "init_bound": tr("Recurrent bound a"),
    "init_value": tr("Recurrent value c"),
    "init_gain": tr("Recurrent gain"),
}


def _of_recurrent_weights(parameter: Parameter) -> Parameter:
    """An initialiser's setting once more, for the weights from one step to the next."""
    changed = replace(
        parameter, name=_RECURRENT + parameter.name, title=_RECURRENT_TITLES[parameter.name]
    )
    if isinstance(changed, ChoiceParameter) and parameter.name == "initializer":
        return replace(
            changed,
            help=tr("How the weights from one step to the next are drawn, each gate's by itself."),
            default="orthogonal",
            choices=_WITHOUT_DATA,
        )
    if changed.shown_when is None:
        return changed
    name, chosen = changed.shown_when
    return replace(changed, shown_when=(_RECURRENT + name, chosen))


def _of_input_weights(parameter: Parameter) -> Parameter:
    """Glorot's, as a gate's tanh or sigmoid wants it; ReLU is the exception here."""
    if isinstance(parameter, ChoiceParameter) and parameter.name == "initializer":
        return replace(parameter, default="glorot_uniform", choices=_WITHOUT_DATA)
    return parameter


_HIDDEN = IntParameter(
    name="hidden_size",
    telling=True,
    title=tr("Units"),
    help=tr("Size of the state that is handed from step to step."),
    default=64,
    minimum=1,
    maximum=16_384,
)
_NONLINEARITY = ChoiceParameter(
    name="nonlinearity",
    telling=True,
    title=tr("Function"),
    help=tr("What the sum goes through at each step."),
    default="tanh",
    choices=(
        Choice("tanh", "tanh", tr("Bounded; forgets unless its weights are near orthogonal.")),
        Choice("relu", "ReLU", tr("Unbounded; remembers with identity weights (Le et al. 2015).")),
    ),
)
_FORGET_BIAS = FloatParameter(
    name="forget_bias",
    title=tr("Forget bias"),
    help=tr(
        "What the forget gate's biases add up to at the start: 1 keeps the memory "
        "open (Jozefowicz et al. 2015)."
    ),
    default=1.0,
    minimum=-20.0,
    maximum=20.0,
    shown_when=("bias", (True,)),
)
_RECURRENT_PARAMETERS: tuple[Parameter, ...] = (
    BoolParameter(
        name="bidirectional",
        title=tr("Both directions"),
        help=tr(
            "A second set of weights reads the sequence from its end; the two states are joined."
        ),
        default=False,
    ),
    ChoiceParameter(
        name="output",
        telling=True,
        title=tr("Gives"),
        help=tr(
            "The last state for one answer a sequence, the whole sequence for one a step "
            "or for another layer."
        ),
        default="last",
        choices=(
            Choice(
                "last", tr("last state"), tr("Each direction's state after it has read everything.")
            ),
            Choice("sequence", tr("whole sequence"), tr("The state after every step.")),
        ),
    ),
    BoolParameter(
        name="bias",
        title=tr("Bias"),
        help=tr(
            "Whether trained numbers are added, two for each unit and gate. They start "
            "at zero, beside weights of torch's default as torch draws them."
        ),
        default=True,
    ),
    *map(_of_input_weights, INITIALIZER_PARAMETERS),
    *map(_of_recurrent_weights, INITIALIZER_PARAMETERS),
)
_DRAWN_BY_GATE = tr(
    " Each gate's weights are drawn by themselves, with that gate's fan. torch's "
    "default draws every weight evenly within ± 1/√units, so that units · Var(w) "
    "is 1/3 between steps."
)


def _recurrent(
    kind: str, gates: int, summary: str, formula: str, details: str, *extra: Parameter
) -> LayerSpec:
    return LayerSpec(
        kind=kind,
        mean_field="recurrent",
        channels="last",
        title=kind,
        category="Sequences",
        summary=summary,
        formula=formula,
        details=details + _DRAWN_BY_GATE,
        parameters=(_HIDDEN, *extra, *_RECURRENT_PARAMETERS),
        shape=_recurrent_shape,
        module=f"engine.worker.sequence_modules.{kind}",
        arguments=_recurrent_arguments,
        tensors=_recurrent_tensors(gates),
    )


RECURRENT: tuple[LayerSpec, ...] = (
    _recurrent(
        "RNN",
        1,
        tr("Reads a sequence step by step; its state is all it remembers."),
        "h_t = φ(W x_t + b + U h_t₋₁ + c)",
        tr(
            "Going back a step multiplies the gradient by Uᵀ and φ′: over many steps it "
            "vanishes or explodes with the spectral radius of U (Bengio et al. 1994, "
            "Pascanu et al. 2013)."
        ),
        _NONLINEARITY,
    ),
    _recurrent(
        "LSTM",
        4,
        tr("A recurrent layer whose memory is added to, not rewritten: gates decide what stays."),
        tr("c_t = f c_t₋₁ + i g, h_t = o tanh(c_t)"),
        tr(
            "Along c the gradient is multiplied by the forget gate only, so that one "
            "near 1 keeps it (Hochreiter & Schmidhuber 1997, Gers et al. 2000)."
        ),
        _FORGET_BIAS,
    ),
    _recurrent(
        "GRU",
        3,
        tr("A recurrent layer with two gates and one state: mixes the old state with a new one."),
        "h_t = (1 − z) n + z h_t₋₁",
        tr(
            "Where the gate z is near 1 the state, and the gradient, pass unchanged (Cho "
            "et al. 2014)."
        ),
    ),
)
