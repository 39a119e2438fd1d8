"""What a network makes of its inputs, as a picture: a surface over the plane, a curve, or filters and saliency."""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .distribution import check_column

Floats = NDArray[np.float64]
Kind = Literal["plane", "line", "images", "none"]

CURVE_PLACES = 256
"""Places along the axis at which a curve is known."""
_CODES = 127
_MAXIMUM_SIDE = 256


@dataclass(frozen=True, slots=True, eq=False)
class Backdrop:
    """The data behind all pictures of a run, sent once; `inputs` are as the network receives them.

    `inputs` has shape (n, *input_shape): at most 1,000 points, or six images.
    """

    kind: Kind
    sentence: str
    """Why there is no picture; empty when there is one."""
    inputs: NDArray[np.float32]
    targets: Floats
    """Class numbers, or the first number of each target; shape (n,)."""
    validates: NDArray[np.uint8]
    """1 for a validation sample, 0 for one that is trained; shape (n,)."""
    limits: Floats
    """What the picture covers of each axis, in the network's own units; shape (axes, 2)."""
    mean: Floats
    """With `deviation` what standardising took out of each input; shape (*input_shape)."""
    deviation: Floats
    input_names: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()
    """Empty for a regression."""
    score: Literal["probability", "output"] = "probability"
    """What the network says of a class: a probability, or with a squared loss a bare number."""

    @staticmethod
    def nothing(sentence: str) -> "Backdrop":
        """No picture, and why."""
        none = np.empty(0)
        inputs, flags = none.astype(np.float32), none.astype(np.uint8)
        return Backdrop("none", sentence, inputs, none, flags, np.empty((0, 2)), none, none)

    def places(self, axis: int, count: int) -> Floats:
        """The middles of `count` equal parts of an axis, in the network's own units."""
        low, high = self.limits[axis]
        places: Floats = low + (np.arange(count) + 0.5) * (high - low) / count
        return places

    def grid(self, side: int) -> NDArray[np.float32]:
        """The middles of side × side cells, shape (side², 2): the second axis ascends slowly, the first fast."""
        y, x = np.meshgrid(self.places(1, side), self.places(0, side), indexing="ij")
        return np.column_stack((x.ravel(), y.ravel())).astype(np.float32)

    def real(self, inputs: NDArray[Any]) -> Floats:
        """Inputs of the network in the units of the data set."""
        real: Floats = inputs * self.deviation + self.mean
        return real

    def check(self) -> None:
        """Raise ValueError when the arrays do not fit each other."""
        count = len(self.inputs)
        shape = self.inputs.shape[1:]
        check_column("inputs", self.inputs, (count, *shape), np.float32)
        check_column("targets", self.targets, (count,), np.float64)
        check_column("validates", self.validates, (count,), np.uint8)
        axes = {"plane": 2, "line": 1}.get(self.kind, 0)
        check_column("limits", self.limits, (axes, 2), np.float64)
        if self.kind != "none":
            check_column("mean", self.mean, shape, np.float64)
            check_column("deviation", self.deviation, shape, np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class UnitMaps:
    """What single units of the layers give over the plane; a row a layer that is pictured.

    A map's numbers are whole steps of its unit's largest size: value = code / 127 · scale.
    """

    rows: NDArray[np.int64]
    """The layers' rows in the run's tables, shape (layers,)."""
    units: NDArray[np.int64]
    """How many units each layer has."""
    silent: NDArray[np.int64]
    """How many of them give exactly zero everywhere in the picture."""
    shown: NDArray[np.int64]
    """How many, the first ones, have a map."""
    codes: NDArray[np.int8]
    """Shape (maps, side, side), the layers one after another; ordered as `Backdrop.grid`."""
    scales: NDArray[np.float32]
    """Shape (maps,); NaN for a unit whose output is not finite somewhere."""

    @staticmethod
    def of(
        rows: list[int], units: list[int], silent: list[int], maps: list[NDArray[np.float32]]
    ) -> "UnitMaps":
        """Build from one array (shown, side, side) a layer; without layers from an empty one."""
        values, shown = np.concatenate(maps), [len(values) for values in maps][: len(rows)]
        sizes = np.abs(values).max(axis=(1, 2))
        finite = np.isfinite(sizes)
        steps = np.where(finite & (sizes > 0), sizes, 1.0)[:, None, None]
        codes = np.rint(np.where(finite[:, None, None], values, 0.0) / steps * _CODES)
        return UnitMaps(
            np.array(rows, np.int64),
            np.array(units, np.int64),
            np.array(silent, np.int64),
            np.array(shown, np.int64),
            codes.astype(np.int8),
            np.where(finite, sizes, np.nan).astype(np.float32),
        )

    def place(self, row: int) -> int | None:
        """Where a layer stands in the columns; None when it is not pictured."""
        found = np.flatnonzero(self.rows == row)
        return int(found[0]) if found.size else None

    def layer(self, place: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        """The codes (shown, side, side) and scales (shown,) of the layer at a place of the columns."""
        start = int(self.shown[:place].sum())
        here = slice(start, start + int(self.shown[place]))
        return self.codes[here], self.scales[here]

    def check(self, layers: int) -> None:
        """Raise ValueError when the arrays do not fit each other, or a row is none of `layers`."""
        count = (len(self.rows),)
        for name in ("rows", "units", "silent", "shown"):
            check_column(f"units.{name}", getattr(self, name), count, np.int64)
        if ((self.rows < 0) | (self.rows >= layers)).any() or (self.shown < 0).any():
            raise ValueError(f"a picture of a layer that is none of {layers}")
        maps, side = int(self.shown.sum()), self.codes.shape[-1]
        check_column("units.codes", self.codes, (maps, side, side), np.int8)
        check_column("units.scales", self.scales, (maps,), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class SurfacePicture:
    """What the network says at every place of the plane; ordered as `Backdrop.grid`, shape (side, side)."""

    winners: NDArray[np.uint16]
    """The class that the network chooses; 0 for a regression."""
    scores: NDArray[np.float32]
    """How sure it is of that class (`Backdrop.score`); for a regression its first number."""
    units: UnitMaps

    def check(self, layers: int) -> None:
        """Raise ValueError when the arrays do not fit each other."""
        side = min(len(self.winners), _MAXIMUM_SIDE)
        check_column("surface.winners", self.winners, (side, side), np.uint16)
        check_column("surface.scores", self.scores, (side, side), np.float32)
        self.units.check(layers)


@dataclass(frozen=True, slots=True, eq=False)
class CurvePicture:
    """The curve that a regression over one input has found."""

    values: NDArray[np.float32]
    """The network's first number at `Backdrop.places(0, CURVE_PLACES)`."""

    def check(self, _layers: int) -> None:
        """Raise ValueError when there are not as many numbers as places."""
        check_column("curve.values", self.values, (CURVE_PLACES,), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class ImagePicture:
    """What the first weights look for, and which pixels of some samples matter."""

    filter_row: int
    """The row of the first layer that looks at pixels; -1 when there is none."""
    filter_count: int
    """How many filters it has."""
    filters: NDArray[np.float16]
    """The weights of its first filters, for the first channel, shape (shown, height, width)."""
    saliency: NDArray[np.float32]
    """|∂(output of the true class)/∂x|, its largest over channels (Simonyan et al. 2013, section 3.1), for the
    backdrop's images: shape (n, height, width)."""
    winners: NDArray[np.int64]
    """The class that the network chooses for each of them."""
    scores: NDArray[np.float32]
    """How sure it is of that class."""

    def check(self, layers: int) -> None:
        """Raise ValueError when the arrays do not fit each other, or the row is none of `layers`."""
        if not -1 <= self.filter_row < layers or self.filters.ndim != 3 or self.saliency.ndim != 3:
            raise ValueError(f"filters of a layer that is none of {layers}, or no images")
        count = len(self.saliency)
        check_column("images.filters", self.filters, self.filters.shape, np.float16)
        check_column("images.saliency", self.saliency, self.saliency.shape, np.float32)
        check_column("images.winners", self.winners, (count,), np.int64)
        check_column("images.scores", self.scores, (count,), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """What the network makes of its inputs at one moment; of the parts one is there."""

    epoch: int
    """Whole epochs trained."""
    step: int
    """Steps made in the epoch under way."""
    seconds: float
    """What the picture took."""
    surface: SurfacePicture | None = None
    curve: CurvePicture | None = None
    images: ImagePicture | None = None

    @property
    def place(self) -> tuple[int, int]:
        """Epoch and step, to be compared."""
        return self.epoch, self.step

    def check(self, layers: int) -> None:
        """Raise ValueError when an array has not the shape and type that it should have."""
        for part in (self.surface, self.curve, self.images):
            if part is not None:
                part.check(layers)

    def fits(self, backdrop: Backdrop | None) -> bool:
        """Whether the part that the run's data ask for is there."""
        match backdrop:
            case Backdrop(kind="plane"):
                return self.surface is not None
            case Backdrop(kind="line"):
                return self.curve is not None
            case Backdrop(kind="images", inputs=inputs):
                shape = (len(inputs), *inputs.shape[2:])
                return self.images is not None and self.images.saliency.shape == shape
        return False


@dataclass(slots=True)
class Album:
    """The pictures of a run in their order, never more than `most`: when it is full, every second one goes."""

    most: int = 400
    _pictures: list[Picture] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._pictures)

    def add(self, picture: Picture) -> None:
        """Take in a picture; one of the same moment is replaced."""
        if self._pictures and self._pictures[-1].place >= picture.place:
            self._pictures.pop()
        self._pictures.append(picture)
        if len(self._pictures) > self.most:
            del self._pictures[1:-1:2]  # the first and the newest stay

    def at(self, epoch: int | None) -> Picture | None:
        """The newest picture that is not younger than the end of an epoch; with None the newest of all."""
        for picture in reversed(self._pictures):
            if epoch is None or picture.place <= (epoch, 0):
                return picture
        return None
