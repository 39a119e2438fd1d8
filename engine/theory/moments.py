"""What the theory knows of a layer's output, and of the layer that a rule is applied to."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.layers import LayerSpec, Shape, product
from engine.layers.spec import Array
from engine.parameters import Values


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Second moments of a layer's output over random weights and samples.

    Arrays are single numbers, or maps over the positions of an image or a sequence (the shape after the first
    dimension); units or channels are exchangeable.
    """

    square: Array
    """q = E z²."""
    mean: Array
    """E z."""
    two_samples: Array
    """p = E z z′: the same unit at the same place for two samples."""
    neighbours: Array
    """E z z′: the same unit for the same sample at two neighbouring places."""

    @staticmethod
    def of(
        square: Array | float,
        mean: Array | float = 0.0,
        two_samples: Array | float = 0.0,
        neighbours: Array | float = 0.0,
    ) -> "Moments":
        """From numbers or maps; all take the shape of `square`."""
        q = np.asarray(square, np.float64)
        rest = (
            np.broadcast_to(np.asarray(x, np.float64), q.shape)
            for x in (mean, two_samples, neighbours)
        )
        return Moments(q, *rest)

    def pooled(self) -> "Moments":
        """The averages over all places, as layers see them that mix places or have none."""
        return Moments.of(
            self.square.mean(), self.mean.mean(), self.two_samples.mean(), self.neighbours.mean()
        )

    def over(self, places: Shape) -> "Moments":
        """The same as a map over `places`."""
        if self.square.shape == places:
            return self
        parts = (self.square, self.mean, self.two_samples, self.neighbours)
        return Moments(*(np.broadcast_to(part.mean(), places) for part in parts))


@dataclass(frozen=True, slots=True)
class Layer:
    """A node as the rules see it."""

    node_id: str
    label: str
    spec: LayerSpec
    values: Values
    shapes: tuple[Shape, ...]
    """What arrives."""
    shape: Shape
    """What leaves."""
    tensors: Mapping[str, Shape]
    sources: tuple[str, ...]
    batch: int
    """Samples in a training batch."""

    @property
    def units(self) -> int:
        """Numbers that leave for one sample."""
        return product(self.shape)


def places_of(shape: Shape) -> Shape:
    """The positions of an image or sequence of channels: all but the first dimension."""
    return shape[1:]
