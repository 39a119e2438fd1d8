"""Many small pictures as one: colours, the grid in which they stand, and which one lies where. No Qt."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""Colours; the last axis holds red, green and blue."""

_STEPS = 127
_TILE = 40
"""Pixels that a tile has at least half of."""


def rgb(name: str) -> NDArray[np.float64]:
    """The three parts of a colour `#rrggbb`."""
    return np.array([int(name[place : place + 2], 16) for place in (1, 3, 5)], np.float64)


def blended(ground: str, color: str, shares: NDArray[np.floating]) -> Pixels:
    """A colour laid over a ground, `shares` (…) of it from 0 to 1; NaN gives the ground. Shape (…, 3)."""
    share = np.nan_to_num(np.clip(shares, 0.0, 1.0))[..., None]
    mixed: Pixels = np.rint(rgb(ground) * (1.0 - share) + rgb(color) * share).astype(np.uint8)
    return mixed


def signed_colors(low: str, zero: str, high: str) -> Pixels:
    """A colour for each code from −127 to 127: from `low` over `zero` to `high`; shape (255, 3)."""
    shares = np.arange(1, _STEPS + 1) / _STEPS
    negative, positive = blended(zero, low, shares)[::-1], blended(zero, high, shares)
    return np.concatenate((negative, rgb(zero).astype(np.uint8)[None], positive))


def codes_of(values: NDArray[np.floating]) -> NDArray[np.int8]:
    """Numbers (tiles, height, width) in whole steps of each tile's largest size, from −127 to 127."""
    largest = np.abs(values).max(axis=(1, 2), keepdims=True, initial=0.0)
    steps = np.where((largest > 0) & np.isfinite(largest), largest, 1.0)
    return np.rint(np.nan_to_num(values / steps, posinf=0.0, neginf=0.0) * _STEPS).astype(np.int8)


def boundary(winners: NDArray[np.integer]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The edges between cells of different classes, in cells; x and y of their ends, two by two."""
    rows, columns = np.nonzero(winners[:, 1:] != winners[:, :-1])
    upright = np.stack((columns + 1, rows, columns + 1, rows + 1), axis=1)
    rows, columns = np.nonzero(winners[1:] != winners[:-1])
    level = np.stack((columns, rows + 1, columns + 1, rows + 1), axis=1)
    ends = np.concatenate((upright, level)).astype(np.float64).reshape(-1, 2)
    return ends[:, 0], ends[:, 1]


def cross_out(tile: Pixels, color: str, *, both: bool) -> None:
    """Draw the rising diagonal into a tile, or both diagonals, so that a mark tells it apart and not colour alone."""
    height, width = tile.shape[:2]
    rows = np.arange(height)
    columns = (rows * width) // height
    tile[height - 1 - rows, columns] = rgb(color)
    if both:
        tile[rows, columns] = rgb(color)


@dataclass(frozen=True, slots=True)
class Mosaic:
    """Tiles of one size in rows, from the top left on, with gaps between them."""

    count: int
    columns: int
    height: int
    """Cells of a tile, from its top to its bottom."""
    width: int
    zoom: int = 1
    """Pixels of a cell along each side."""

    @staticmethod
    def of(count: int, columns: int, tile: tuple[int, int]) -> "Mosaic":
        """So many tiles (height, width) a row; coarse ones in large pixels, so that the gaps stay thin."""
        return Mosaic(count, columns, *tile, max(1, _TILE // max(tile)))

    @staticmethod
    def fitting(count: int, tile: tuple[int, int], room: tuple[float, float]) -> "Mosaic":
        """The number of columns with which tiles (height, width) become largest in a room (width, height)."""
        height, width = tile

        def scale(columns: int) -> float:
            rows = math.ceil(count / columns)
            return min(room[0] / (columns * width), room[1] / (rows * height))

        return Mosaic.of(count, max(range(1, max(1, count) + 1), key=scale), tile)

    @property
    def tile(self) -> tuple[int, int]:
        """Height and width of a tile in pixels."""
        return self.height * self.zoom, self.width * self.zoom

    @property
    def gap(self) -> int:
        """Pixels between two tiles: enough to be seen when the picture is drawn smaller."""
        return max(1, max(self.tile) // 10)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the whole in pixels."""
        rows = math.ceil(self.count / self.columns)
        height, width = self.tile
        return (
            rows * (height + self.gap) - self.gap,
            self.columns * (width + self.gap) - self.gap,
        )

    def corner(self, index: int) -> tuple[int, int]:
        """The top left pixel of a tile, as row and column."""
        row, column = divmod(index, self.columns)
        return row * (self.tile[0] + self.gap), column * (self.tile[1] + self.gap)

    def zoomed(self, tiles: Pixels) -> Pixels:
        """Tiles (…, height, width, 3) with every cell in its full size."""
        return tiles.repeat(self.zoom, axis=-3).repeat(self.zoom, axis=-2)

    def painted(self, tiles: Sequence[Pixels], gap: str, ground: str) -> Pixels:
        """One picture of all zoomed tiles, upside down: its first row is the lowest. Empty places have `ground`."""
        height, width = self.tile
        picture = np.empty((*self.size, 3), np.uint8)
        picture[:] = rgb(gap).astype(np.uint8)
        for index, tile in enumerate(tiles):
            top, left = self.corner(index)
            picture[top : top + height, left : left + width] = tile
        top, left = self.corner(self.count)
        if left:
            picture[top:, left:] = rgb(ground).astype(np.uint8)
        return picture[::-1]

    def found(self, x: float, y: float) -> tuple[int, int, int] | None:
        """The tile under a place (y counted from below), and the row and column of its cell; None beside all."""
        height, width = self.size
        if not (0 <= x < width and 0 < y <= height):
            return None
        row, inner_row = divmod(int(height - y), self.tile[0] + self.gap)
        column, inner_column = divmod(int(x), self.tile[1] + self.gap)
        index = row * self.columns + column
        inside = inner_row < self.tile[0] and inner_column < self.tile[1] and index < self.count
        return (index, inner_row // self.zoom, inner_column // self.zoom) if inside else None
