"""Normalisation and regularisation: batch norm, layer norm, dropout."""

from typing import Any

from engine.parameters import FloatParameter, Parameter, Values

from .spatial import image
from .spec import LayerSpec, Shape, ShapeError, Shapes, Task, show

_EPS = FloatParameter(
    name="eps",
    title="ε",
    help="Added to the variance, so that a constant unit does not divide by zero.",
    default=1e-5,
    minimum=0.0,
    maximum=1.0,
    open_minimum=True,
)

_BATCH_NORM_PARAMETERS: tuple[Parameter, ...] = (
    FloatParameter(
        name="momentum",
        title="Momentum",
        help="Weight of the newest batch in the moving mean and variance (Keras counts the other way round: 0.9).",
        default=0.1,
        minimum=0.0,
        maximum=1.0,
    ),
    _EPS,
)

_BATCH_NORM_DETAILS = (
    "Centres and scales each unit over the batch, then applies γ and β, which are trained. The moving mean and "
    "variance are averages of what was seen, not trained, and replace the batch's own when evaluating "
    "(Ioffe & Szegedy 2015). At initialisation it makes gradients grow with depth (Yang et al. 2019)."
)


def _channel_tensors(_values: Values, shapes: Shapes) -> dict[str, Shape]:
    return {"weight": shapes[0][:1], "bias": shapes[0][:1]}


def _batch_norm_arguments(values: Values, shapes: Shapes) -> dict[str, Any]:
    return {
        "num_features": shapes[0][0],
        "momentum": float(values["momentum"]),
        "eps": float(values["eps"]),
    }


def _batch_norm_1d_shape(_values: Values, shapes: Shapes, _task: Task) -> Shape:
    if len(shapes[0]) not in (1, 2):
        raise ShapeError(
            f"it expects a row of numbers (or channels × length) and receives {show(shapes[0])}. "
            "Use Batch norm 2d for images, or put Flatten before it"
        )
    return shapes[0]


def _batch_norm_2d_shape(_values: Values, shapes: Shapes, _task: Task) -> Shape:
    return image(shapes[0], "Batch norm 2d")


def _layer_norm_shape(_values: Values, shapes: Shapes, _task: Task) -> Shape:
    if not shapes[0]:
        raise ShapeError("it expects at least one dimension and receives a single number")
    return shapes[0]


NORMALISATION: tuple[LayerSpec, ...] = (
    LayerSpec(
        kind="BatchNorm1d",
        mean_field="batch_norm",
        title="Batch norm 1d",
        category="Normalisation",
        summary="Centres and scales each unit over the batch, then learns a new scale γ and shift β.",
        formula="y = γ (x − μ_B) / √(σ²_B + ε) + β",
        details=_BATCH_NORM_DETAILS,
        parameters=_BATCH_NORM_PARAMETERS,
        shape=_batch_norm_1d_shape,
        module="torch.nn.BatchNorm1d",
        arguments=_batch_norm_arguments,
        tensors=_channel_tensors,
    ),
    LayerSpec(
        kind="BatchNorm2d",
        mean_field="batch_norm",
        title="Batch norm 2d",
        category="Normalisation",
        summary="Batch norm for images: one mean, variance, γ and β a channel.",
        formula="y = γ (x − μ_B) / √(σ²_B + ε) + β",
        details=_BATCH_NORM_DETAILS,
        parameters=_BATCH_NORM_PARAMETERS,
        shape=_batch_norm_2d_shape,
        module="torch.nn.BatchNorm2d",
        arguments=_batch_norm_arguments,
        tensors=_channel_tensors,
    ),
    LayerSpec(
        kind="LayerNorm",
        mean_field="layer_norm",
        title="Layer norm",
        category="Normalisation",
        summary="Centres and scales each sample over its own units; needs no batch.",
        formula="y = γ (x − μ) / √(σ² + ε) + β",
        details="Works the same in training and evaluation, with any batch size (Ba et al. 2016).",
        parameters=(_EPS,),
        shape=_layer_norm_shape,
        module="torch.nn.LayerNorm",
        arguments=lambda values, shapes: {
            "normalized_shape": list(shapes[0]),
            "eps": float(values["eps"]),
        },
        tensors=lambda _values, shapes: {"weight": shapes[0], "bias": shapes[0]},
    ),
)

REGULARISATION: tuple[LayerSpec, ...] = (
    LayerSpec(
        kind="Dropout",
        mean_field="dropout",
        title="Dropout",
        category="Regularisation",
        summary="Sets numbers to zero at random while training and scales the rest up.",
        formula="y = x · m / (1 − p), m ~ Bernoulli(1 − p)",
        details="Does nothing when evaluating. Gradients pass only where the mask let the number pass "
        "(Srivastava et al. 2014).",
        parameters=(
            FloatParameter(
                name="p",
                telling=True,
                title="p",
                help="Probability that a number is set to zero.",
                default=0.2,
                minimum=0.0,
                maximum=1.0,
                open_maximum=True,
            ),
        ),
        module="torch.nn.Dropout",
        arguments=lambda values, _shapes: {"p": float(values["p"])},
    ),
)
