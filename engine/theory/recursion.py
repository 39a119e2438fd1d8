"""The variance recursion of a deep chain of equal layers: fixed point, χ₁, depth scale, critical initialisation."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from engine.language import tr

from .averages import Activation

_LOWEST, _HIGHEST = 1e-12, 1e12
_SAME = 1e-9
"""A variance that changes by less than this share in a layer stands still."""


@dataclass(frozen=True, slots=True)
class FixedPoint:
    """Where the variance of pre-activations goes with depth, and what a gradient does there."""

    q: float
    """q*; 0 when the variance dies out, infinite when it grows without bound."""
    chi_1: float
    """χ₁ = σw² D(q*): the factor of G at each layer; its limit where the variance dies out or grows."""

    @property
    def depth_scale(self) -> float:
        """ξ = 1 / |ln χ₁| in layers (Schoenholz et al. 2017); infinite at the edge of chaos."""
        if not self.chi_1 > 0:
            return 0.0 if self.chi_1 == 0 else float("nan")
        rate = abs(float(np.log(self.chi_1)))
        return 1.0 / rate if rate > _SAME else float("inf")


@dataclass(frozen=True, slots=True)
class Recursion:
    """q → σw² V(q) + σb² (Poole et al. 2016, eq. 3), for layers that are all alike."""

    activation: Activation
    weight_variance: float
    """σw² = fan_in · Var(w)."""
    bias_variance: float = 0.0

    def step(self, q: float) -> float:
        """The pre-activations' variance one layer further on."""
        return self.weight_variance * float(self.activation.averages(q).square) + self.bias_variance

    def chi(self, q: float) -> float:
        """G_l / G_{l+1} at variance q: σw² D(q)."""
        return self.weight_variance * float(self.activation.averages(q).slope_square)

    def correlation(self, q: float, c: float) -> float:
        """The correlation of two inputs one layer further on, from variance q and correlation c at this one."""
        both = float(self.activation.two_samples(q, c * q))
        return (self.weight_variance * both + self.bias_variance) / self.step(q)

    def fixed_point(self, start: float = 1.0) -> FixedPoint:
        """The fixed point that the recursion reaches from `start`."""
        return _fixed_point(self, start)


def critical_weight_variance(activation: Activation, bias_variance: float) -> float:
    """σw² at which χ₁ = 1 for the given σb² (Schoenholz et al. 2017, section 3), by bisection in 0 … 16.

    Raises ValueError when χ₁ does not pass through 1.
    """
    low, high = 1e-3, 16.0
    if not Recursion(activation, low, bias_variance).fixed_point().chi_1 < 1.0:
        raise ValueError(tr("chi_1 is not below 1 for small weights"))
    for _ in range(40):
        middle = 0.5 * (low + high)
        chi_1 = Recursion(activation, middle, bias_variance).fixed_point().chi_1
        low, high = (middle, high) if chi_1 < 1.0 else (low, middle)
    if high == 16.0:
        raise ValueError(tr("chi_1 stays below 1"))
    return 0.5 * (low + high)


def unit_variance_recipe(activation: Activation) -> tuple[float, float]:
    """σw² = 1/D(1) and σb² = 1 − V(1)/D(1): q = 1 and χ = 1; a negative σb² says that there is no such recipe."""
    at_one = activation.averages(1.0)
    slope = float(at_one.slope_square)
    return 1.0 / slope, 1.0 - float(at_one.square) / slope


@lru_cache(maxsize=512)
def _fixed_point(recursion: Recursion, start: float) -> FixedPoint:
    if abs(recursion.step(start) - start) <= _SAME * start:
        return FixedPoint(start, recursion.chi(start))
    low, high = _bracket(recursion, start)
    if low is None:
        return FixedPoint(0.0, recursion.chi(0.0))
    if high is None:
        return FixedPoint(float("inf"), recursion.chi(_HIGHEST))
    q = _between(recursion, low, high)
    return FixedPoint(q, recursion.chi(q))


def _growth(recursion: Recursion, q: np.ndarray) -> np.ndarray:
    square = recursion.activation.averages(q).square
    return np.asarray(recursion.weight_variance * square + recursion.bias_variance - q)


def _bracket(recursion: Recursion, start: float) -> tuple[float | None, float | None]:
    """Two variances around the next standstill in the direction in which the recursion moves; None: beyond bounds."""
    if recursion.step(start) > start:
        ahead = np.geomspace(start, _HIGHEST, 49)
        turned = np.flatnonzero(_growth(recursion, ahead) <= 0.0)
        return (ahead[turned[0] - 1], ahead[turned[0]]) if turned.size else (start, None)
    ahead = np.geomspace(start, _LOWEST, 49)
    turned = np.flatnonzero(_growth(recursion, ahead) >= 0.0)
    return (ahead[turned[0]], ahead[turned[0] - 1]) if turned.size else (None, start)


def _between(recursion: Recursion, low: float, high: float) -> float:
    for _ in range(6):
        grid = np.linspace(low, high, 33)
        falling = np.flatnonzero(_growth(recursion, grid)[1:] <= 0.0)
        place = int(falling[0]) if falling.size else len(grid) - 2
        low, high = float(grid[place]), float(grid[place + 1])
    return 0.5 * (low + high)
