"""Layers with a weight that an initialiser draws: Linear and Conv2d."""

from engine.parameters import BoolParameter, IntParameter, Values

from .initializers import INITIALIZER_PARAMETERS
from .spatial import image, window_shape
from .spec import LayerSpec, Shape, ShapeError, Shapes, Task

_BIAS = BoolParameter(
    name="bias",
    title="Bias",
    help="Whether a trained number is added to each output.",
    default=True,
)


def _linear_shape(values: Values, shapes: Shapes, _task: Task) -> Shape:
    if not shapes[0]:
        raise ShapeError("it expects a row of numbers and receives a single number")
    return (*shapes[0][:-1], int(values["out_features"]))


def _linear_tensors(values: Values, shapes: Shapes) -> dict[str, Shape]:
    units = int(values["out_features"])
    return _with_bias(values, (units, shapes[0][-1]))


def _conv2d_shape(values: Values, shapes: Shapes, _task: Task) -> Shape:
    channels, height, width = image(shapes[0], "a convolution")
    del channels
    return (int(values["out_channels"]), *window_shape((height, width), values))


def _conv2d_tensors(values: Values, shapes: Shapes) -> dict[str, Shape]:
    kernel = int(values["kernel_size"])
    return _with_bias(values, (int(values["out_channels"]), shapes[0][0], kernel, kernel))


def _with_bias(values: Values, weight: Shape) -> dict[str, Shape]:
    return {"weight": weight, "bias": weight[:1]} if values["bias"] else {"weight": weight}


WEIGHTS: tuple[LayerSpec, ...] = (
    LayerSpec(
        kind="Linear",
        mean_field="weights",
        title="Linear",
        category="Weights",
        summary="Every output is a weighted sum of all inputs.",
        formula="z = W x + b",
        details="The variance of z is fan_in · Var(w) times the mean square of x; the gradient is multiplied by "
        "Wᵀ on its way back. The initialiser decides whether both keep their size through many layers.",
        parameters=(
            IntParameter(
                name="out_features",
                telling=True,
                title="Units",
                help="How many numbers the layer gives for each sample.",
                default=64,
                minimum=1,
            ),
            _BIAS,
            *INITIALIZER_PARAMETERS,
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
        kind="Conv2d",
        mean_field="weights",
        title="Conv 2d",
        category="Weights",
        summary="Slides small filters over an image; the same weights see every place.",
        formula="z = W ∗ x + b",
        details="fan_in is channels × kernel². Zero padding makes the borders' variance smaller than the centre's.",
        parameters=(
            IntParameter(
                name="out_channels",
                telling=True,
                title="Filters",
                help="How many channels leave the layer.",
                default=16,
                minimum=1,
                maximum=4_096,
            ),
            IntParameter(
                name="kernel_size",
                telling=True,
                title="Kernel",
                help="Height and width of a filter.",
                unit="px",
                default=3,
                minimum=1,
                maximum=512,
            ),
            IntParameter(
                name="stride",
                title="Stride",
                help="How far the filter moves at each step.",
                unit="px",
                default=1,
                minimum=1,
                maximum=512,
            ),
            IntParameter(
                name="padding",
                title="Padding",
                help="Zeros added on every side; (kernel − 1)/2 keeps the size.",
                unit="px",
                default=1,
                minimum=0,
                maximum=512,
            ),
            IntParameter(
                name="dilation",
                title="Dilation",
                help="Distance between the points that a filter looks at.",
                unit="px",
                default=1,
                minimum=1,
                maximum=512,
            ),
            _BIAS,
            *INITIALIZER_PARAMETERS,
        ),
        shape=_conv2d_shape,
        module="torch.nn.Conv2d",
        arguments=lambda values, shapes: {
            "in_channels": shapes[0][0],
            "out_channels": int(values["out_channels"]),
            "kernel_size": int(values["kernel_size"]),
            "stride": int(values["stride"]),
            "padding": int(values["padding"]),
            "dilation": int(values["dilation"]),
            "bias": bool(values["bias"]),
        },
        tensors=_conv2d_tensors,
        initialised=True,
    ),
)
