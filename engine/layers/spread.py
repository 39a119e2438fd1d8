"""What the chosen initialiser gives a layer: the spread of its weights, in numbers and in words."""

import math
import re

from engine.language import tr
from engine.parameters import Values

from .initializers import INITIALIZERS, fans, outputs_first
from .spec import Shape, product


def gain_of(values: Values) -> float:
    """The gain by hand where the chosen initialiser has one, else 1."""
    scaled = INITIALIZERS[str(values["initializer"])].scaled
    return float(values.get("init_gain", 1.0)) if scaled else 1.0


def weight_std(weight: Shape, values: Values, *, transposed: bool = False) -> float:
    """Standard deviation that the chosen initialiser and gain give a weight of this shape (as torch keeps it).

    Under spectral normalisation it is that of the normalised weight: exact for orthogonal weights, else for a
    large matrix, whose largest singular value is σ (√rows + √columns) (Bai & Yin 1993).
    """
    initializer = INITIALIZERS[str(values["initializer"])]
    # torch counts the fans of its own draw along the axes as they lie
    swapped = transposed and bool(initializer.function)
    shape = outputs_first(weight, transposed=swapped)
    std = gain_of(values) * math.sqrt(initializer.variance(shape, values))
    if values.get("normalise_weight") != "spectral" or not std:
        return std
    return std / _largest_singular_value(outputs_first(weight, transposed=transposed), values, std)


def _largest_singular_value(shape: Shape, values: Values, std: float) -> float:
    if values["initializer"] in ("orthogonal", "lsuv", "identity"):
        return gain_of(values)
    return std * (math.sqrt(shape[0]) + math.sqrt(product(shape[1:])))


def starts_at_zero(values: Values) -> bool:
    """Whether every weight is exactly zero before training, which no normalisation can scale to length one."""
    match values["initializer"]:
        case "zeros":
            return True
        case "constant":
            return float(values["init_value"]) == 0.0
        case "normal" | "truncated_normal":
            return float(values["init_std"]) == 0.0
        case "uniform":
            return float(values["init_bound"]) == 0.0
    return gain_of(values) == 0.0


def variance_in_numbers(weight: Shape, values: Values, *, transposed: bool = False) -> str:
    """The initialiser's formula for Var(w), then the same with the layer's own numbers and their result, for people."""
    initializer = INITIALIZERS[str(values["initializer"])]
    shape = outputs_first(weight, transposed=transposed and bool(initializer.function))
    formula = initializer.formula.rpartition("Var(w) = ")[2]
    variance = initializer.variance(shape, values)
    gain = gain_of(values)
    if initializer.family == "fixed":
        known = "Var(w)" in initializer.formula
        result = f"Var(w) = {gain**2 * variance:.4g}"
        return initializer.formula if known else f"{initializer.formula}; {result}"
    fan_in, fan_out = fans(shape)
    if initializer.family == "orthogonal":
        # the words for rows and columns are translated
        filled = f"1 / max({shape[0]:,}, {product(shape[1:]):,})"
        return _worked_out(formula, filled, gain, variance)
    numbers = {
        "fan_in": f"{fan_in:,}",
        "fan_out": f"{fan_out:,}",
        "σ²": f"{values['init_std']:.4g}²",
        "a²": f"{values['init_bound']:.4g}²",
    }
    filled = re.sub(r"(?<=\d) (?=fan|σ)", " · ", formula)
    for name, number in numbers.items():
        filled = re.sub(rf"(?<!\w){name}", number, filled)
    return _worked_out(formula, filled, gain, variance)


def _worked_out(formula: str, filled: str, gain: float, variance: float) -> str:
    if gain != 1.0:
        filled = f"{gain:.4g}² · {filled}"
    return f"Var(w) = {formula} = {filled} = {gain**2 * variance:.4g}"


def describe_weight(weight: Shape, values: Values, *, transposed: bool = False) -> str:
    """How a weight of this shape (as torch keeps it) is drawn, with σ computed for its own fans, for people."""
    initializer = INITIALIZERS[str(values["initializer"])]
    fan_in, fan_out = fans(outputs_first(weight, transposed=transposed))
    gain, std = gain_of(values), weight_std(weight, values, transposed=transposed)
    with_gain = tr(", times a gain of {gain:g}").format(gain=gain) if gain != 1.0 else ""
    lines = [
        tr("fan in {fan_in:,}, fan out {fan_out:,}").format(fan_in=fan_in, fan_out=fan_out),
        f"{initializer.title}: {initializer.formula}{with_gain}",
        tr("here Var(w) = {variance:.3g}, so σ = {std:.3g}").format(variance=std**2, std=std),
        f"({initializer.source})",
    ]
    if initializer.note:
        lines.append(f"{initializer.note}.")
    if values.get("normalise_weight") == "spectral":
        lines.append(
            tr("σ is that of the weight after its division by its largest singular value.")
        )
    return "\n".join(lines)
