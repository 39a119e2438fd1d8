"""How the single weights that an initialiser draws are distributed: their density, and the share within ±1σ."""

import math
from dataclasses import dataclass

import numpy as np

from engine.parameters import Values

from .initializers import INITIALIZERS, TRUNCATED_AT, Family, outputs_first
from .spec import Array, Shape, product
from .spread import weight_std

_SHOWN_SIGMAS = 4.0
_STEPS = 20_001
"""Points of the integral behind an orthogonal matrix's share; exact to six digits up to 65,536 dimensions."""


@dataclass(frozen=True, slots=True)
class WeightDensity:
    """The distribution of one weight around zero; `family` "fixed" has no density and no share."""

    family: Family
    std: float
    dimensions: int = 1
    """Of the space in which an orthogonal matrix's rows (or columns) are directions."""

    @property
    def random(self) -> bool:
        """Whether weights differ by chance and have a density."""
        return self.std > 0 and self.family != "fixed" and self._directions_vary

    @property
    def bound(self) -> float:
        """The largest weight that can be drawn; infinite for a normal distribution."""
        match self.family:
            case "uniform":
                return math.sqrt(3.0) * self.std
            case "truncated_normal":
                return TRUNCATED_AT * self._uncut
            case "orthogonal":
                return math.sqrt(self.dimensions) * self.std
        return math.inf

    @property
    def reach(self) -> float:
        """How far from zero the density is worth drawing."""
        return min(self.bound * 1.15, _SHOWN_SIGMAS * self.std)

    @property
    def share(self) -> float:
        """Share of the weights within ±1 standard deviation, in [0, 1]; NaN where nothing is drawn at random."""
        if not self.random:
            return math.nan
        match self.family:
            case "uniform":
                return 1.0 / math.sqrt(3.0)
            case "truncated_normal":
                return _within(self.std / self._uncut) / _within(TRUNCATED_AT)
            case "orthogonal":
                return self._orthogonal_share()
        return _within(1.0)

    def density(self, w: Array) -> Array:
        """p(w), of the shape of `w`; its integral is 1. Zero everywhere when nothing is drawn at random."""
        if not self.random:
            return np.zeros_like(w)
        match self.family:
            case "uniform":
                inside = np.full_like(w, 0.5 / self.bound)
            case "orthogonal":
                inside = self._orthogonal_density(w)
            case "truncated_normal":
                inside = _normal(w, self._uncut) / _within(TRUNCATED_AT)
            case _:
                return _normal(w, self.std)
        return np.where(np.abs(w) < self.bound, inside, 0.0)

    @property
    def _directions_vary(self) -> bool:
        return self.family != "orthogonal" or self.dimensions > 1

    @property
    def _uncut(self) -> float:
        """σ of the normal distribution before it is cut."""
        cut = TRUNCATED_AT
        density = math.exp(-0.5 * cut**2) / math.sqrt(2.0 * math.pi)
        return self.std / math.sqrt(1.0 - 2.0 * cut * density / _within(cut))

    def _orthogonal_density(self, w: Array) -> Array:
        """A coordinate u of a random unit vector in n dimensions: p(u) ∝ (1 − u²)^((n − 3)/2)."""
        n = self.dimensions
        logarithm = math.lgamma(n / 2) - math.lgamma((n - 1) / 2) - 0.5 * math.log(math.pi)
        room = np.maximum(1.0 - (w / self.bound) ** 2, 1e-9)
        density: Array = np.exp(logarithm + (n - 3) / 2 * np.log(room)) / self.bound
        return density

    def _orthogonal_share(self) -> float:
        """With u = sin θ the density is cosⁿ⁻² θ, which has no pole."""
        inner = math.asin(1.0 / math.sqrt(self.dimensions))
        whole, part = (self._mass(to) for to in (math.pi / 2, inner))
        return part / whole

    def _mass(self, to: float) -> float:
        theta = np.linspace(0.0, to, _STEPS)
        return float(np.trapezoid(np.cos(theta) ** (self.dimensions - 2), theta))


def weight_density(weight: Shape, values: Values, *, transposed: bool = False) -> WeightDensity:
    """The distribution that the chosen initialiser and gain give each weight of this shape (as torch keeps it)."""
    family = INITIALIZERS[str(values["initializer"])].family
    std = weight_std(weight, values, transposed=transposed)
    shape = outputs_first(weight, transposed=transposed)
    return WeightDensity(family, std, max(shape[0], product(shape[1:])))


def _within(sigmas: float) -> float:
    """Share of a normal distribution within so many standard deviations."""
    return math.erf(sigmas / math.sqrt(2.0))


def _normal(w: Array, std: float) -> Array:
    density: Array = np.exp(-0.5 * (w / std) ** 2) / (std * math.sqrt(2.0 * math.pi))
    return density
