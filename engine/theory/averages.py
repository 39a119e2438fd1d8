"""Gaussian averages of an activation, from its function alone, by quadrature that knows where it bends."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from engine.layers import CATALOGUE, LayerSpec
from engine.layers.spec import Array
from engine.parameters import Value, Values

Function = Callable[[Array], Array]

TERMS = 80
"""Hermite polynomials of the two-sample map; what is left is at most a few 1e-4 of V for ReLU, less for smooth ones."""
_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(12)
_REACH = 10.0
"""Standard deviations that are integrated over; beyond, the density is below 1e-22."""
_SEARCH = 16.0
_STEP = 1.0 / 32.0
_DIFFERENCE = 1e-7
_TINY = 1e-30
_DIRECT = 64
"""Up to so many values of q are integrated one by one; a larger map is read off a table."""


@dataclass(frozen=True, slots=True, eq=False)
class Averages:
    """Averages over z ~ N(0, q); every array has the shape of q."""

    square: Array
    """V(q) = E φ(z)²."""
    mean: Array
    """M(q) = E φ(z)."""
    slope_square: Array
    """D(q) = E φ′(z)²."""
    slope_fourth: Array
    """E φ′(z)⁴."""


class Activation:
    """An element-wise function with its Gaussian averages.

    Plain Gauss–Hermite quadrature fails on kinks, so the line is cut at 0, at every jump of the function or of
    its slope (found numerically), and finely around 0, and each piece gets Gauss–Legendre points.
    Without a `derivative` central differences are used.
    """

    def __init__(self, function: Function, derivative: Function | None = None) -> None:
        self.function = function
        self.derivative = derivative or _numeric_slope(function)
        self._known: dict[float, Averages] = {}
        self._last: tuple[bytes, Array] = b"", np.zeros((TERMS + 1, 0))
        self._shifted: dict[float, Activation] = {}

    @cached_property
    def kinks(self) -> Array:
        """Where the function or its slope jumps, within ± 16."""
        places = [*_jumps(self.function), *_jumps(self.derivative)]
        return np.unique(np.round(places, 9)) if places else np.zeros(0)

    def shifted(self, mean: float) -> "Activation":
        """z → φ(z + mean), for pre-activations that are not centred."""
        if mean not in self._shifted:
            function, derivative = self.function, self.derivative
            self._shifted[mean] = Activation(
                lambda z: function(z + mean), lambda z: derivative(z + mean)
            )
        return self._shifted[mean]

    def averages(self, q: Array | float) -> Averages:
        """V, M, D and E φ′⁴ at each variance of `q`, with absolute errors below 1e-6 for values of order 1."""
        wanted = np.asarray(q, np.float64)
        if not wanted.ndim:
            return self._single(float(wanted))
        knots = _knots(wanted)
        rows = self._integrals(knots)
        square, mean, slope, fourth = (_read(knots, row, wanted) for row in rows)
        return Averages(square, mean, slope, fourth)

    def two_samples(self, q: Array | float, p: Array | float) -> Array:
        """C(q, p) = E φ(z) φ(z′) for two samples of variance q and covariance p, by a Hermite series.

        C = Σ aₙ² cⁿ with c = p/q and aₙ = E φ(√q u) Heₙ(u) / √n! (Daniely et al. 2016, eq. 4).
        """
        wanted, other = np.broadcast_arrays(np.asarray(q, np.float64), np.asarray(p, np.float64))
        c = np.clip(other / np.maximum(wanted, _TINY), -1.0, 1.0)
        knots = _knots(wanted) if wanted.ndim else np.reshape(wanted, 1)
        terms = self._series(knots)
        if not wanted.ndim:
            return np.asarray(terms[:, 0] @ c ** np.arange(TERMS + 1))
        total = np.zeros(wanted.shape)
        for row in terms[::-1]:
            total = total * c + _read(knots, row, wanted)
        return total

    def _single(self, q: float) -> Averages:
        if q not in self._known:
            if len(self._known) > 10_000:
                self._known.clear()
            square, mean, slope, fourth = self._integrals(np.array([q]))[:, 0]
            self._known[q] = Averages(*(np.asarray(x) for x in (square, mean, slope, fourth)))
        return self._known[q]

    def _integrals(self, q: Array) -> Array:
        """V, M, D, E φ′⁴ as rows, a column for each of `q`."""
        u, weight = self._panels(q)
        z = np.sqrt(np.maximum(q, _TINY))[:, None] * u
        value, slope = self.function(z), self.derivative(z) ** 2
        terms = (value**2, value, slope, slope**2)
        return np.stack([(weight * term).sum(axis=1) for term in terms])

    def _series(self, q: Array) -> Array:
        """The squares of the Hermite coefficients and what V has beyond them, shape (TERMS + 1, q)."""
        key = q.tobytes()
        if self._last[0] != key:
            u, weight = self._panels(q)
            value = self.function(np.sqrt(np.maximum(q, _TINY))[:, None] * u)
            table = _hermite(u.tobytes(), u.shape)
            squares = np.einsum("ij,nij->ni", value * weight, table) ** 2
            rest = np.einsum("ij,ij,ij->i", value, value, weight) - squares.sum(axis=0)
            self._last = key, np.vstack([squares, np.maximum(rest, 0.0)])
        return self._last[1]

    def _panels(self, q: Array) -> tuple[Array, Array]:
        """Places u and weights (density included) for u ~ N(0, 1), both of shape (q, places)."""
        root = np.sqrt(np.maximum(q, _TINY))[:, None]
        finest = int(np.clip(np.ceil(np.log2(root.max())), 0, 60)) + 2
        right = np.concatenate([0.5 ** np.arange(finest, 0, -1), np.arange(1.0, _REACH + 1.0)])
        fixed = np.broadcast_to(
            np.concatenate([-right[::-1], [0.0], right]), (len(q), 2 * len(right) + 1)
        )
        edges = np.sort(np.hstack([fixed, np.clip(self.kinks / root, -_REACH, _REACH)]), axis=1)
        half = 0.5 * np.diff(edges, axis=1)[:, :, None]
        u = (edges[:, :-1, None] + half * (1.0 + _POINTS)).reshape(len(q), -1)
        weight = (half * _WEIGHTS).reshape(len(q), -1) * np.exp(-0.5 * u**2) / np.sqrt(2.0 * np.pi)
        return u, weight


def activation_of(spec: LayerSpec, values: Values) -> Activation:
    """The activation of a layer kind with these settings; the same object for the same settings."""
    if spec.function is None:
        raise ValueError(f"{spec.kind} has no function")
    if CATALOGUE.get(spec.kind) is not spec:
        return _bound(spec, values)
    return _catalogued(spec.kind, tuple(sorted(values.items())))


@lru_cache(maxsize=256)
def _catalogued(kind: str, values: tuple[tuple[str, Value], ...]) -> Activation:
    return _bound(CATALOGUE[kind], dict(values))


def _bound(spec: LayerSpec, values: Values) -> Activation:
    function, derivative = spec.function, spec.derivative
    assert function is not None
    slope = None if derivative is None else lambda z: derivative(z, values)
    return Activation(lambda z: function(z, values), slope)


@lru_cache(maxsize=4)
def _hermite(places: bytes, shape: tuple[int, int]) -> Array:
    """Heₙ(u) / √n! for n < TERMS at the places u; shape (TERMS, *shape)."""
    u = np.frombuffer(places).reshape(shape)
    table = np.ones((TERMS, *shape))
    table[1] = u
    for n in range(1, TERMS - 1):
        table[n + 1] = (u * table[n] - np.sqrt(n) * table[n - 1]) / np.sqrt(n + 1)
    return table


def _numeric_slope(function: Function) -> Function:
    def slope(z: Array) -> Array:
        step = _DIFFERENCE * np.maximum(1.0, np.abs(z))
        return (function(z + step) - function(z - step)) / (2.0 * step)

    return slope


def _jumps(function: Function) -> Array:
    """Places where a function jumps: halving an interval keeps a jump whole and halves a smooth change."""
    # the offset keeps the first grid off the round numbers at which functions have their kinks
    edges = np.arange(-_SEARCH, _SEARCH, _STEP) + 0.318 * _STEP
    low, high = edges[:-1], edges[1:]
    for halving in range(40):
        if not low.size:
            break
        size = np.abs(function(high) - function(low))
        middle = 0.5 * (low + high)
        left = np.abs(function(middle) - function(low))
        right = np.abs(function(high) - function(middle))
        low, high = np.where(left >= right, low, middle), np.where(left >= right, middle, high)
        if halving < 13:
            kept = np.maximum(left, right) > np.maximum(0.6 * size, 1e-6)
            low, high = low[kept], high[kept]
    return 0.5 * (low + high)


def _knots(q: Array) -> Array:
    """The variances at which to integrate: all that occur when they are few, else a table over their range."""
    distinct = np.unique(q)
    if len(distinct) <= _DIRECT:
        return distinct
    low, high = max(distinct[0], distinct[-1] * 1e-6, _TINY), max(distinct[-1], 2 * _TINY)
    knots = np.geomspace(low, high, _DIRECT)
    return np.concatenate([distinct[:1], knots]) if distinct[0] < low else knots


def _read(knots: Array, row: Array, q: Array) -> Array:
    return np.asarray(np.interp(q, knots, row))
