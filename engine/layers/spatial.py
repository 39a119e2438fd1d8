"""Pooling and shape: layers that make an image smaller or flat, and the arithmetic of sliding windows."""

from engine.parameters import IntParameter, Parameter, Values

from .spec import LayerSpec, Shape, ShapeError, Shapes, Task, product, show


def image(shape: Shape, who: str) -> tuple[int, int, int]:
    """The shape as (channels, height, width); `ShapeError` when it is not an image."""
    if len(shape) != 3:
        raise ShapeError(
            f"{who} expects an image (channels × height × width) and receives {show(shape)}. "
            "Choose a data set of images, or put this layer before Flatten"
        )
    return shape[0], shape[1], shape[2]


def window_shape(size: tuple[int, int], values: Values) -> tuple[int, int]:
    """Height and width after a sliding window, as torch rounds them (down)."""
    kernel, stride, padding = (int(values[name]) for name in ("kernel_size", "stride", "padding"))
    reach = int(values.get("dilation", 1)) * (kernel - 1) + 1
    if any(side + 2 * padding < reach for side in size):
        raise ShapeError(
            f"its window of {reach} × {reach} does not fit into an image of {show(size)} "
            f"with padding {padding}. Make the kernel smaller or the padding larger"
        )
    height, width = ((side + 2 * padding - reach) // stride + 1 for side in size)
    return height, width


def _pool_shape(values: Values, shapes: Shapes, _task: Task) -> Shape:
    channels, height, width = image(shapes[0], "pooling")
    kernel, padding = int(values["kernel_size"]), int(values["padding"])
    if 2 * padding > kernel:
        raise ShapeError(
            f"its padding of {padding} is more than half of its kernel of {kernel}. Make the padding smaller"
        )
    return (channels, *window_shape((height, width), values))


def _pool_arguments(values: Values, _shapes: Shapes) -> dict[str, int]:
    return {name: int(values[name]) for name in ("kernel_size", "stride", "padding")}


_POOL_PARAMETERS: tuple[Parameter, ...] = (
    IntParameter(
        name="kernel_size",
        telling=True,
        title="Window",
        help="Height and width of the window.",
        unit="px",
        default=2,
        minimum=1,
        maximum=512,
    ),
    IntParameter(
        name="stride",
        title="Stride",
        help="How far the window moves at each step.",
        unit="px",
        default=2,
        minimum=1,
        maximum=512,
    ),
    IntParameter(
        name="padding",
        title="Padding",
        help="Border added on every side; at most half of the window.",
        unit="px",
        default=0,
        minimum=0,
        maximum=256,
    ),
)

SPATIAL: tuple[LayerSpec, ...] = (
    LayerSpec(
        kind="Flatten",
        mean_field="identity",
        title="Flatten",
        category="Pooling and shape",
        summary="Lays an image out as one row of numbers, ready for Linear.",
        formula="C × H × W → one row",
        shape=lambda _values, shapes, _task: (product(shapes[0]),),
        module="torch.nn.Flatten",
    ),
    LayerSpec(
        kind="MaxPool2d",
        title="Max pool 2d",
        category="Pooling and shape",
        summary="Keeps the largest number of each window; only that one gets the gradient.",
        formula="max over the window",
        parameters=_POOL_PARAMETERS,
        shape=_pool_shape,
        module="torch.nn.MaxPool2d",
        arguments=_pool_arguments,
    ),
    LayerSpec(
        kind="AvgPool2d",
        mean_field="mean_pool",
        title="Average pool 2d",
        category="Pooling and shape",
        summary="Keeps the mean of each window; the gradient is shared evenly.",
        formula="mean over the window",
        parameters=_POOL_PARAMETERS,
        shape=_pool_shape,
        module="torch.nn.AvgPool2d",
        arguments=_pool_arguments,
    ),
)
