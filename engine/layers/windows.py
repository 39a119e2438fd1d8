"""The arithmetic of sliding windows, over a length or an image, as torch rounds it."""

from collections.abc import Sequence

from engine.language import tr
from engine.parameters import Values

from .spec import Shape, ShapeError, show

_EXPECTED = {
    1: tr("rows of channels (channels × length)"),
    2: tr("an image (channels × height × width)"),
}
_ADVICE = {
    1: tr("Put Reshape before it, for example with the shape 1 × −1"),
    2: tr("Choose a data set of images, or put this layer before Flatten"),
}


def field(shape: Shape, who: str, dimensions: int) -> Shape:
    """The shape itself if it is channels × `dimensions` sizes; else `ShapeError`."""
    if len(shape) != dimensions + 1:
        raise ShapeError(
            tr("{who} expects {expected} and receives {shape}. {advice}").format(
                who=who,
                expected=_EXPECTED[dimensions],
                shape=show(shape),
                advice=_ADVICE[dimensions],
            )
        )
    return shape


def image(shape: Shape, who: str) -> tuple[int, int, int]:
    """The shape as (channels, height, width); `ShapeError` when it is not an image."""
    channels, height, width = field(shape, who, 2)
    return channels, height, width


def window_shape(sizes: Sequence[int], values: Values) -> Shape:
    """The sizes after a sliding window, as torch rounds them (down)."""
    kernel, stride, padding = (int(values[name]) for name in ("kernel_size", "stride", "padding"))
    reach = int(values.get("dilation", 1)) * (kernel - 1) + 1
    if any(side + 2 * padding < reach for side in sizes):
        window = " × ".join([f"{reach}"] * len(sizes))
        what = tr("an image") if len(sizes) == 2 else tr("a length")
        raise ShapeError(
            tr(
                "its window of {window} does not fit into {what} of {show} with padding "
                "{padding}. Make the kernel smaller or the padding larger"
            ).format(window=window, what=what, show=show(tuple(sizes)), padding=padding)
        )
    return tuple((side + 2 * padding - reach) // stride + 1 for side in sizes)


def transposed_shape(sizes: Sequence[int], values: Values) -> Shape:
    """The sizes after a transposed convolution, the reverse of a sliding window."""
    names = ("kernel_size", "stride", "padding", "output_padding", "dilation")
    kernel, stride, padding, extra, dilation = (int(values[name]) for name in names)
    if extra >= max(stride, dilation):
        raise ShapeError(
            tr(
                "its extra border of {extra} must be smaller than its stride ({stride}) or "
                "its dilation ({dilation}). Make it smaller"
            ).format(extra=extra, stride=stride, dilation=dilation)
        )
    grown = tuple(
        (side - 1) * stride - 2 * padding + dilation * (kernel - 1) + extra + 1 for side in sizes
    )
    if min(grown) < 1:
        raise ShapeError(
            tr(
                "its padding of {padding} cuts everything off an image of {show}. Make it smaller"
            ).format(padding=padding, show=show(tuple(sizes)))
        )
    return grown
