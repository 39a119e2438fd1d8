"""What the network makes of its inputs, looked at in evaluation mode; nothing of the training is changed."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.layers import Shape, product
from engine.stats import (
    CURVE_PLACES,
    CurvePicture,
    ImagePicture,
    Picture,
    SurfacePicture,
    UnitMaps,
)
from engine.stats.picture import Kind

from .backdrop import backdrop_of
from .parts import Parts
from .undisturbed import undisturbed

SHARE = 0.02
"""What pictures may take of the time in the long run."""
CREDIT = 0.5
"""Seconds that they may take at once: the first epochs of a short run all have one."""
MOST_FILTERS = 32
_MOST_LAYERS = 72
_MAP_BYTES = 72 * 1024
_MAPS = ((32, 16), (24, 16), (24, 9), (16, 9), (16, 4))
"""Side of a unit's map and units a layer, from the best; the first that stays below `_MAP_BYTES` is taken."""
_SIDES = (64, 48, 32, 24, 16)
_MOST_PRODUCTS = 4e8
"""Points × parameters: about a fifth of a second on one core."""
_MOST_NUMBERS = 2**22
"""Outputs of all layers that are held at a time (16 MB)."""

Place = tuple[int, int]


class Painter:
    """Makes the pictures of a run, as often as they cost next to nothing."""

    def __init__(self, parts: Parts) -> None:
        self.backdrop = backdrop_of(parts.prepared)
        self._parts = parts
        self._paint: Mapping[Kind, Callable[[], dict[str, Any]]] = {
            "plane": self._surface,
            "line": self._curve,
            "images": self._images,
        }
        self._latest: Picture | None = None
        self._credit = CREDIT
        self._credited_at = time.perf_counter()
        self._plan = _plan_units(parts)

    def picture(self, place: Place, *, always: bool) -> Picture | None:
        """The picture at a place (whole epochs, steps in the next one).

        None when the data have none, when it has been made already, or unless `always` when it is not yet due.
        """
        paint = self._paint.get(self.backdrop.kind)
        latest = self._latest
        if paint is None or (latest is not None and latest.place == place):
            return None
        begun = time.perf_counter()
        is_due = self._is_due(begun)
        if not (always or is_due):
            return None
        parts = self._parts
        with undisturbed(parts.model, parts.device):
            parts.model.eval()
            try:
                found = paint()
            finally:
                parts.model.train()
        seconds = time.perf_counter() - begun
        self._credit = max(0.0, self._credit - seconds)
        self._latest = Picture(*place, seconds, **found)
        return self._latest

    def _is_due(self, now: float) -> bool:
        """Whether the credit, which grows with the time, is enough for another like the last."""
        cost = 0.0 if self._latest is None else self._latest.seconds
        earned = SHARE * (now - self._credited_at)
        self._credit = min(max(CREDIT, cost), self._credit + earned)
        self._credited_at = now
        return cost <= self._credit

    def _surface(self) -> dict[str, Any]:
        parts, backdrop = self._parts, self.backdrop
        side = _side(parts)
        with torch.no_grad(), parts.passes.precision():
            outputs = torch.cat([parts.model(part) for part in self._pieces(backdrop.grid(side))])
            maps = self._unit_maps()
        winners, scores = self._judged(outputs)
        shape = (side, side)
        return {
            "surface": SurfacePicture(
                winners.astype(np.uint16).reshape(shape), scores.reshape(shape), maps
            )
        }

    def _curve(self) -> dict[str, Any]:
        places = self.backdrop.places(0, CURVE_PLACES).astype(np.float32)[:, None]
        with torch.no_grad(), self._parts.passes.precision():
            outputs = torch.cat([self._parts.model(part) for part in self._pieces(places)])
        return {"curve": CurvePicture(self._judged(outputs)[1])}

    def _images(self) -> dict[str, Any]:
        parts, backdrop = self._parts, self.backdrop
        samples = torch.from_numpy(backdrop.inputs).to(parts.device).requires_grad_(True)
        classes = torch.from_numpy(backdrop.targets).long().to(parts.device)
        with parts.passes.precision():
            outputs = parts.model(samples)
            true = outputs[:, 0] if outputs.shape[1] == 1 else outputs.gather(1, classes[:, None])
            (gradient,) = torch.autograd.grad(true.sum(), samples)
        winners, scores = self._judged(outputs.detach())
        saliency = _numpy(gradient.abs().amax(dim=1))
        return {"images": ImagePicture(*_filters(parts), saliency, winners, scores)}

    def _judged(self, outputs: Tensor) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """For each sample the class that is chosen and how sure it is; for a regression 0 and its first number."""
        outputs = outputs.float().reshape(len(outputs), -1)
        if not self.backdrop.class_names:
            return np.zeros(len(outputs), np.int64), _numpy(outputs[:, 0])
        if outputs.shape[1] == 1:
            one = outputs[:, 0].sigmoid()
            outputs = torch.stack((1.0 - one, one), dim=1)
        elif self.backdrop.score == "probability":
            outputs = outputs.softmax(dim=1)
        scores, winners = outputs.max(dim=1)
        return winners.cpu().numpy(), _numpy(scores)

    def _pieces(self, points: NDArray[np.float32]) -> tuple[Tensor, ...]:
        pieces: tuple[Tensor, ...] = (
            torch.from_numpy(points).to(self._parts.device).split(self._plan.piece)
        )
        return pieces

    def _unit_maps(self) -> UnitMaps:
        plan, model = self._plan, self._parts.model
        first: list[list[Tensor]] = [[] for _ in plan.rows]
        silent: list[Tensor | None] = [None] * len(plan.rows)
        for points in self._pieces(self.backdrop.grid(plan.side)):
            outputs = model.outputs_of(points)
            for place, row in enumerate(plan.rows):
                output = outputs[row + 1]
                first[place].append(output[:, : plan.most])
                zero = (output == 0).all(dim=0)
                known = silent[place]
                silent[place] = zero if known is None else known & zero
        maps = [_map(pieces, plan.side) for pieces in first]
        if not maps:
            maps = [np.empty((0, plan.side, plan.side), np.float32)]
        counts = [0 if zero is None else int(zero.sum()) for zero in silent]
        return UnitMaps.of(plan.rows, plan.units, counts, maps)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which units are pictured, and how finely."""

    rows: list[int]
    units: list[int]
    side: int
    most: int
    """Maps a layer."""
    piece: int
    """Samples that go through the network together."""


def _plan_units(parts: Parts) -> _Plan:
    """The layers that give one number a unit, evenly thinned when there are very many."""
    shapes = parts.prepared.inference.shapes
    names = list(parts.model.named_layers())
    total = sum(product(shapes[name]) for name in names)
    rows = [row for row, name in enumerate(names) if len(shapes[name]) == 1]
    if len(rows) > _MOST_LAYERS:
        rows = [rows[i] for i in np.linspace(0, len(rows) - 1, _MOST_LAYERS).round().astype(int)]
    units = [shapes[names[row]][0] for row in rows]
    side, most = next(
        (option for option in _MAPS if _bytes(units, *option) <= _MAP_BYTES), _MAPS[-1]
    )
    return _Plan(rows, units, min(side, _side(parts)), most, max(16, _MOST_NUMBERS // total))


def _bytes(units: list[int], side: int, most: int) -> int:
    return side * side * sum(min(most, count) for count in units)


def _side(parts: Parts) -> int:
    """Cells along an axis of the surface: fewer for a network that takes long."""
    parameters = max(1, parts.prepared.inference.total_parameters)
    fits = (side for side in _SIDES if side * side * parameters <= _MOST_PRODUCTS)
    return next(fits, _SIDES[-1])


def _map(pieces: list[Tensor], side: int) -> NDArray[np.float32]:
    numbers = torch.cat(pieces).float().t().reshape(-1, side, side)
    return _numpy(numbers)


def _filters(parts: Parts) -> tuple[int, int, NDArray[np.float16]]:
    """Row, number and first channel's weights of the first layer, if it looks at pixels."""
    for row, (name, module) in enumerate(parts.model.named_layers().items()):
        if isinstance(module, nn.Conv2d | nn.Linear):
            shape = _seen_image(parts, name, module)
            if shape is None:
                break
            with torch.no_grad():
                weight = module.weight[:MOST_FILTERS].float()
            images = weight if weight.ndim == 4 else weight.reshape(len(weight), *shape)
            return row, module.weight.shape[0], _numpy(images[:, 0]).astype(np.float16)
    return -1, 0, np.empty((0, 0, 0), np.float16)


def _seen_image(parts: Parts, name: str, module: nn.Module) -> Shape | None:
    """The shape of the image that reaches a layer, for a Linear through Flatten; None when there is none."""
    graph, shapes = parts.prepared.graph, parts.prepared.inference.shapes
    source = graph.incoming(name)[0].source
    if isinstance(module, nn.Linear):
        if graph.nodes[source].kind != "Flatten":
            return None
        source = graph.incoming(source)[0].source
    return shapes[source] if len(shapes[source]) == 3 else None


def _numpy(numbers: Tensor) -> NDArray[np.float32]:
    found: NDArray[np.float32] = numbers.detach().float().cpu().contiguous().numpy()
    return found
