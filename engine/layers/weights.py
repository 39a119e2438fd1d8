"""Layers with a weight that an initialiser draws: Linear and the convolutions."""

from typing import Any

from engine.language import tr
from engine.parameters import (
    BoolParameter,
    Choice,
    ChoiceParameter,
    IntParameter,
    Parameter,
    Values,
)

from .initializers import BIAS_PARAMETERS, INITIALIZER_PARAMETERS
from .spec import LayerSpec, Shape, ShapeError, Shapes, Task
from .spread import starts_at_zero
from .windows import field, transposed_shape, window_shape

_WEIGHT_PARAMETERS: tuple[Parameter, ...] = (
    BoolParameter(
        name="bias",
        title=tr("Bias"),
        help=tr("Whether a trained number is added to each output."),
        default=True,
    ),
    *INITIALIZER_PARAMETERS,
    *BIAS_PARAMETERS,
    ChoiceParameter(
        name="normalise_weight",
        title=tr("Normalise weight"),
        help=tr(
            "Whether the weight is divided by its size at every step, so that only its "
            "direction is trained freely."
        ),
        default="none",
        choices=(
            Choice("none", tr("no")),
            Choice(
                "spectral",
                tr("spectral norm"),
                tr("Divided by its largest singular value: no input grows (Miyato et al. 2018)."),
            ),
            Choice(
                "weight",
                tr("weight norm"),
                tr("w = g v / ‖v‖ for each unit, g trained by itself (Salimans & Kingma 2016)."),
            ),
        ),
    ),
)


def _check_normalisation(values: Values) -> None:
    """`ShapeError` for pairs of initialiser and normalisation that cannot work together."""
    normalisation = values["normalise_weight"]
    if normalisation == "none":
        return
    if starts_at_zero(values):
        raise ShapeError(
            tr(
                "its weight starts at exactly zero and cannot be divided by its size. Choose "
                "another initialiser, or do not normalise the weight"
            )
        )
    if normalisation == "spectral" and values["initializer"] == "lsuv":
        raise ShapeError(
            tr(
                "LSUV changes the size of the weight, and spectral normalisation takes every "
                "size out again. Choose another initialiser, or do not normalise the weight"
            )
        )


def _tensors(values: Values, weight: Shape, unit_axis: int = 0) -> dict[str, Shape]:
    """The weight, what normalises it, and the bias; `unit_axis` is the weight's axis of output units."""
    units = weight[unit_axis]
    found: dict[str, Shape] = {"bias": (units,)} if values["bias"] else {}
    if values["normalise_weight"] == "weight":
        found["magnitude"] = tuple(
            units if axis == unit_axis else 1 for axis, _ in enumerate(weight)
        )
    return {"weight": weight, **found}


def _linear_shape(values: Values, shapes: Shapes, _task: Task) -> Shape:
    if not shapes[0]:
        raise ShapeError(
            tr(
                "it expects a row of numbers and receives a single number. Put Reshape with "
                "the shape 1 before it"
            )
        )
    _check_normalisation(values)
    return (*shapes[0][:-1], int(values["out_features"]))


def _linear_tensors(values: Values, shapes: Shapes) -> dict[str, Shape]:
    return _tensors(values, (int(values["out_features"]), shapes[0][-1]))


def _convolution_shape(values: Values, shapes: Shapes, dimensions: int) -> Shape:
    _channels, *sizes = field(shapes[0], tr("a convolution"), dimensions)
    _check_normalisation(values)
    return (int(values["out_channels"]), *window_shape(sizes, values))


def _conv1d_shape(values: Values, shapes: Shapes, _task: Task) -> Shape:
    return _convolution_shape(values, shapes, 1)


def _conv2d_shape(values: Values, shapes: Shapes, _task: Task) -> Shape:
    return _convolution_shape(values, shapes, 2)


def _convolution_tensors(values: Values, shapes: Shapes) -> dict[str, Shape]:
    channels, *sizes = shapes[0]
    kernel = [int(values["kernel_size"])] * len(sizes)
    return _tensors(values, (int(values["out_channels"]), channels, *kernel))


def _transposed_2d_shape(values: Values, shapes: Shapes, _task: Task) -> Shape:
    _channels, *sizes = field(shapes[0], tr("a transposed convolution"), 2)
    _check_normalisation(values)
    return (int(values["out_channels"]), *transposed_shape(sizes, values))


def _transposed_2d_tensors(values: Values, shapes: Shapes) -> dict[str, Shape]:
    kernel = int(values["kernel_size"])
    weight = (shapes[0][0], int(values["out_channels"]), kernel, kernel)
    return _tensors(values, weight, unit_axis=1)


_WINDOW = ("kernel_size", "stride", "padding", "dilation")


def _convolution_arguments(values: Values, shapes: Shapes) -> dict[str, Any]:
    return {
        "in_channels": shapes[0][0],
        "out_channels": int(values["out_channels"]),
        **{name: int(values[name]) for name in _WINDOW},
        "bias": bool(values["bias"]),
    }


def _pixels(name: str, title: str, text: str, default: int, minimum: int = 1) -> IntParameter:
    return IntParameter(
        name=name,
        telling=name == "kernel_size",
        title=title,
        help=text,
        unit="px",
        default=default,
        minimum=minimum,
        maximum=512,
    )


_FILTERS = IntParameter(
    name="out_channels",
    telling=True,
    title=tr("Filters"),
    help=tr("How many channels leave the layer."),
    default=16,
    minimum=1,
    maximum=4_096,
)
_STRIDE = _pixels("stride", tr("Stride"), tr("How far the filter moves at each step."), 1)
_PADDING = _pixels(
    "padding", tr("Padding"), tr("Zeros added on every side; (kernel − 1)/2 keeps the size."), 1, 0
)
_DILATION = _pixels(
    "dilation", tr("Dilation"), tr("Distance between the points that a filter looks at."), 1
)

WEIGHTS: tuple[LayerSpec, ...] = (
    LayerSpec(
        kind="Linear",
        channels="last",
        mean_field="weights",
        title="Linear",
        category="Weights",
        summary=tr("Every output is a weighted sum of all inputs."),
        formula="z = W x + b",
        details=tr(
            "The variance of z is fan_in · Var(w) times the mean square of x; the "
            "gradient is multiplied by Wᵀ on its way back. The initialiser decides "
            "whether both keep their size through many layers."
        ),
        parameters=(
            IntParameter(
                name="out_features",
                telling=True,
                title=tr("Units"),
                help=tr("How many numbers the layer gives for each sample."),
                default=64,
                minimum=1,
            ),
            *_WEIGHT_PARAMETERS,
        ),
        shape=_linear_shape,
        module="torch.nn.Linear",
        arguments=lambda values, shapes: {
            "in_features": shapes[0][-1],
            "out_features": int(values["out_features"]),
            "bias": bool(values["bias"]),
        },
        tensors=_linear_tensors,
        initialised=True,
    ),
    LayerSpec(
        kind="Conv1d",
        channels="first",
        mean_field="weights",
        title="Conv 1d",
        category="Weights",
        summary=tr("Slides small filters along a length; the same weights see every place."),
        formula="z = W ∗ x + b",
        details=tr(
            "For series and sequences: channels × length. fan_in is channels × kernel. "
            "Zero padding makes the variance at the ends smaller than in the middle."
        ),
        parameters=(
            _FILTERS,
            _pixels("kernel_size", tr("Kernel"), tr("Length of a filter."), 3),
            _STRIDE,
            _PADDING,
            _DILATION,
            *_WEIGHT_PARAMETERS,
        ),
        shape=_conv1d_shape,
        module="torch.nn.Conv1d",
        arguments=_convolution_arguments,
        tensors=_convolution_tensors,
        initialised=True,
    ),
    LayerSpec(
        kind="Conv2d",
        mean_field="weights",
        title="Conv 2d",
        category="Weights",
        summary=tr("Slides small filters over an image; the same weights see every place."),
        formula="z = W ∗ x + b",
        details=tr(
            "fan_in is channels × kernel². Zero padding makes the borders' variance "
            "smaller than the centre's."
        ),
        parameters=(
            _FILTERS,
            _pixels("kernel_size", tr("Kernel"), tr("Height and width of a filter."), 3),
            _STRIDE,
            _PADDING,
            _DILATION,
            *_WEIGHT_PARAMETERS,
        ),
        shape=_conv2d_shape,
        module="torch.nn.Conv2d",
        arguments=_convolution_arguments,
        tensors=_convolution_tensors,
        initialised=True,
    ),
    LayerSpec(
        kind="ConvTranspose2d",
        mean_field="weights",
        title=tr("Transposed conv 2d"),
        category="Weights",
        summary=tr("Spreads every pixel over a window and so makes an image larger."),
        formula="z = Wᵀ ∗ x + b",
        details=tr(
            "A convolution run backwards: what that does to the gradient, this does to "
            "the image. fan_in is channels × kernel², but with a stride s only one in s² "
            "of them meets in each pixel: a gain of s keeps the variance. The mean-field "
            "theory does not cover it."
        ),
        parameters=(
            _FILTERS,
            _pixels("kernel_size", tr("Kernel"), tr("Height and width of a filter."), 2),
            _pixels(
                "stride",
                tr("Stride"),
                tr("How far apart the pixels are put; 2 doubles the size."),
                2,
            ),
            _pixels("padding", tr("Padding"), tr("How much is cut off on every side."), 0, 0),
            _pixels(
                "output_padding",
                tr("Extra border"),
                tr("Rows and columns added at the lower right; smaller than stride or dilation."),
                0,
                0,
            ),
            _DILATION,
            *_WEIGHT_PARAMETERS,
        ),
        shape=_transposed_2d_shape,
        module="torch.nn.ConvTranspose2d",
        arguments=lambda values, shapes: {
            **_convolution_arguments(values, shapes),
            "output_padding": int(values["output_padding"]),
        },
        tensors=_transposed_2d_tensors,
        initialised=True,
        transposed=True,
    ),
)
