"""Pooling and shape: layers that make an image smaller, flat, or lay it out in another way."""

import re

from engine.language import tr
from engine.parameters import IntParameter, Parameter, TextParameter, Values

from .spec import LayerSpec, Shape, ShapeError, Shapes, Task, product, show
from .windows import field, image, window_shape


def _pool_shape(values: Values, shapes: Shapes, dimensions: int) -> Shape:
    channels, *sizes = field(shapes[0], "pooling", dimensions)
    kernel, padding = int(values["kernel_size"]), int(values["padding"])
    if 2 * padding > kernel:
        raise ShapeError(
            tr(
                "its padding of {padding} is more than half of its kernel of {kernel}. Make "
                "the padding smaller"
            ).format(padding=padding, kernel=kernel)
        )
    return (channels, *window_shape(sizes, values))


def _pool_1d_shape(values: Values, shapes: Shapes, _task: Task) -> Shape:
    return _pool_shape(values, shapes, 1)


def _pool_2d_shape(values: Values, shapes: Shapes, _task: Task) -> Shape:
    return _pool_shape(values, shapes, 2)


def _pool_arguments(values: Values, _shapes: Shapes) -> dict[str, int]:
    return {name: int(values[name]) for name in ("kernel_size", "stride", "padding")}


def _adaptive_shape(values: Values, shapes: Shapes, _task: Task) -> Shape:
    channels, _height, _width = image(shapes[0], tr("adaptive pooling"))
    return (channels, int(values["height"]), int(values["width"]))


def _global_shape(_values: Values, shapes: Shapes, _task: Task) -> Shape:
    if len(shapes[0]) < 2:
        raise ShapeError(
            tr(
                "it takes the mean of each channel and receives {shapes}, which has no "
                "channels. Put it after a convolution, and before Flatten"
            ).format(shapes=show(shapes[0]))
        )
    return shapes[0][:1]


def numbers_in(text: str) -> list[int] | None:
    """The whole numbers of a list such as `1 × 8 × 8`, `1, 8, 8` or `1 8 8`; None when it is none."""
    parts = re.split(r"\s*[×x*,;]\s*|\s+", text.strip().strip("()[]").strip())
    if not all(re.fullmatch(r"[-−]?[0-9]{1,9}", part) for part in parts):
        return None
    return [int(part.replace("−", "-")) for part in parts]


def _reshaped(values: Values, shapes: Shapes) -> Shape:
    """The wanted shape with −1 worked out; `ShapeError` when the numbers that arrive do not fill it."""
    sizes = numbers_in(str(values["shape"]))
    if sizes is None or any(size < -1 or size == 0 for size in sizes) or sizes.count(-1) > 1:
        raise ShapeError(
            tr(
                "it cannot read the shape “{shape}”. Write sizes such as 1 × 8 × 8; one of "
                "them may be −1, for what is left"
            ).format(shape=values["shape"])
        )
    arriving, known = product(shapes[0]), product(tuple(size for size in sizes if size > 0))
    if -1 in sizes and arriving % known == 0:
        sizes[sizes.index(-1)] = arriving // known
    if product(tuple(sizes)) != arriving:
        raise ShapeError(
            tr(
                "it receives {arriving:,} numbers ({shapes}), and they do not fill the shape "
                "“{shape}”. Choose sizes whose product is {arriving:,}"
            ).format(arriving=arriving, shapes=show(shapes[0]), shape=values["shape"])
        )
    return tuple(sizes)


def _order(values: Values, shapes: Shapes) -> list[int]:
    """The wanted order of the dimensions, counted from 1."""
    count = len(shapes[0])
    order = numbers_in(str(values["order"]))
    if order is None or sorted(order) != list(range(1, count + 1)):
        example = ", ".join(str(place) for place in range(count, 0, -1))
        raise ShapeError(
            tr(
                "it cannot read the order “{order}” for what it receives, {shapes}. Name "
                "each of its {count} dimensions once, for example {example}"
            ).format(order=values["order"], shapes=show(shapes[0]), count=count, example=example)
        )
    return order


_WINDOW_PARAMETERS: tuple[Parameter, ...] = (
    IntParameter(
        name="kernel_size",
        telling=True,
        title=tr("Window"),
        help=tr("Size of the window on every side."),
        unit="px",
        default=2,
        minimum=1,
        maximum=512,
    ),
    IntParameter(
        name="stride",
        title=tr("Stride"),
        help=tr("How far the window moves at each step."),
        unit="px",
        default=2,
        minimum=1,
        maximum=512,
    ),
    IntParameter(
        name="padding",
        title=tr("Padding"),
        help=tr("Border added on every side; at most half of the window."),
        unit="px",
        default=0,
        minimum=0,
        maximum=256,
    ),
)


def _side(name: str, title: str, text: str) -> IntParameter:
    return IntParameter(
        name=name,
        telling=True,
        title=title,
        help=text,
        unit="px",
        default=2,
        minimum=1,
        maximum=512,
    )


SPATIAL: tuple[LayerSpec, ...] = (
    LayerSpec(
        kind="Flatten",
        mean_field="identity",
        title="Flatten",
        category="Pooling and shape",
        summary=tr("Lays an image out as one row of numbers, ready for Linear."),
        formula=tr("C × H × W → one row"),
        shape=lambda _values, shapes, _task: (product(shapes[0]),),
        module="torch.nn.Flatten",
    ),
    LayerSpec(
        kind="Reshape",
        mean_field="identity",
        title="Reshape",
        category="Pooling and shape",
        summary=tr("Lays the same numbers out in another shape, such as a row as an image."),
        formula=tr("the same numbers, in their order"),
        details=tr(
            "One size may be −1: it becomes what is left. “1 × −1” makes a row fit for Conv 1d."
        ),
        parameters=(
            TextParameter(
                name="shape",
                telling=True,
                title=tr("Shape"),
                help=tr(
                    "The sizes without the batch, such as 1 × 8 × 8; −1 stands for what is left."
                ),
                default="1 × -1",
                maximum_length=64,
            ),
        ),
        shape=lambda values, shapes, _task: _reshaped(values, shapes),
        module="engine.worker.modules.Reshape",
        arguments=lambda values, shapes: {"shape": _reshaped(values, shapes)},
    ),
    LayerSpec(
        kind="Permute",
        mean_field="identity",
        title="Permute",
        category="Pooling and shape",
        summary=tr("Exchanges dimensions, such as channels × length for length × channels."),
        formula="yⱼᵢ = xᵢⱼ",
        parameters=(
            TextParameter(
                name="order",
                telling=True,
                title=tr("Order"),
                help=tr(
                    "The dimensions in their new order, counted from 1 without the batch, such "
                    "as 2, 1."
                ),
                default="2, 1",
                maximum_length=64,
            ),
        ),
        shape=lambda values, shapes, _task: tuple(
            shapes[0][place - 1] for place in _order(values, shapes)
        ),
        module="engine.worker.modules.Permute",
        arguments=lambda values, shapes: {"order": tuple(_order(values, shapes))},
    ),
    LayerSpec(
        kind="MaxPool1d",
        channels="first",
        title=tr("Max pool 1d"),
        category="Pooling and shape",
        summary=tr(
            "Keeps the largest number of each window along a length; only that one gets "
            "the gradient."
        ),
        formula=tr("max over the window"),
        parameters=_WINDOW_PARAMETERS,
        shape=_pool_1d_shape,
        module="torch.nn.MaxPool1d",
        arguments=_pool_arguments,
    ),
    LayerSpec(
        kind="MaxPool2d",
        title=tr("Max pool 2d"),
        category="Pooling and shape",
        summary=tr("Keeps the largest number of each window; only that one gets the gradient."),
        formula=tr("max over the window"),
        parameters=_WINDOW_PARAMETERS,
        shape=_pool_2d_shape,
        module="torch.nn.MaxPool2d",
        arguments=_pool_arguments,
    ),
    LayerSpec(
        kind="AvgPool2d",
        mean_field="mean_pool",
        title=tr("Average pool 2d"),
        category="Pooling and shape",
        summary=tr("Keeps the mean of each window; the gradient is shared evenly."),
        formula=tr("mean over the window"),
        parameters=_WINDOW_PARAMETERS,
        shape=_pool_2d_shape,
        module="torch.nn.AvgPool2d",
        arguments=_pool_arguments,
    ),
    LayerSpec(
        kind="AdaptiveAvgPool2d",
        mean_field="mean_pool",
        title=tr("Adaptive average pool 2d"),
        category="Pooling and shape",
        summary=tr("Takes means so that the image gets the size you name, whatever its size was."),
        formula=tr("mean over windows of fitting size"),
        details=tr(
            "The windows share the image evenly and may overlap by a pixel. With it one "
            "network takes images of several sizes."
        ),
        parameters=(
            _side(
                "height",
                tr("Height"),
                tr("Height of what leaves, whatever the height of what arrives."),
            ),
            _side(
                "width",
                tr("Width"),
                tr("Width of what leaves, whatever the width of what arrives."),
            ),
        ),
        shape=_adaptive_shape,
        module="torch.nn.AdaptiveAvgPool2d",
        arguments=lambda values, _shapes: {
            "output_size": (int(values["height"]), int(values["width"]))
        },
    ),
    LayerSpec(
        kind="GlobalAvgPool",
        mean_field="mean_pool",
        title=tr("Global average pool"),
        category="Pooling and shape",
        summary=tr(
            "Keeps one number a channel: its mean over all places. Replaces Flatten "
            "before the last Linear."
        ),
        formula=tr("y_c = mean of x over channel c"),
        details=tr(
            "It saves the many weights of a Linear after Flatten (Lin et al. 2014). The "
            "gradient is shared evenly by all places of a channel."
        ),
        shape=_global_shape,
        module="engine.worker.modules.GlobalAvgPool",
    ),
)
