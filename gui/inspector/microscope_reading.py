"""What the activation microscope shows, without Qt: f and f′, the numbers that arrive, where they saturate, words."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.graph import Node
from engine.language import tr
from engine.layers import LayerSpec
from engine.parameters import Values
from engine.stats import BIN_COUNT, EDGES, Distribution, LayerTable, resample
from engine.training import RunHistory

Floats = NDArray[np.float64]
Interval = tuple[float, float]

POINTS = 161
BINS = 80
REACHES = tuple(m * 10.0**e for e in range(4) for m in (1.0, 1.5, 2.0, 3.0, 5.0, 7.0))[4:]
"""How far the chart may reach to both sides of zero; few, so that it holds still while training moves."""
_INSIDE = 0.998
SAMPLED_SLOPES = 24
MOST_TRACKED = 1_000
_FIRST_READ = 64
"""Epochs of a long run that are read when its layer is first chosen: old ones are costly."""


@dataclass(frozen=True, slots=True, eq=False)
class Arriving:
    """The pre-activations of one layer, or the standard normal numbers that stand for them."""

    edges: Floats
    """Even borders of the bins, shape (BINS + 1,)."""
    shares: Floats
    """Share of all numbers in each bin, shape (BINS,)."""
    mean: float
    std: float
    live: bool


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """All that the microscope draws of one activation at one moment."""

    z: Floats
    function: Floats
    slope: Floats
    arriving: Arriving
    saturated: tuple[Interval, ...]
    """Where the slope has all but gone, cut to what is drawn."""
    off: Interval | None
    """Where a rectifier gives 0, cut likewise."""
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the layer stands in a run's tables, and which row feeds it (None: the data itself)."""

    row: int
    source: int | None


def place_of(history: RunHistory | None, node_id: str, source: Node | None) -> Place | None:
    """The layer's place in the run that is shown; None when that run has not the layer or its source."""
    row = history.row(node_id) if history is not None else None
    if history is None or row is None or source is None:
        return None
    feeds = history.row(source.id)
    if feeds is None and source.kind != "Input":
        return None
    return Place(row, feeds)


def sight(
    spec: LayerSpec, values: Values, table: LayerTable | None = None, place: Place | None = None
) -> Sight:
    """What is seen of an activation: over the numbers of a table, or over standard normal ones."""
    assert spec.function is not None
    assert spec.derivative is not None
    found = None if table is None or place is None else _source(table, place)
    reach = REACHES[0] if found is None else _reach(found)
    arriving = _standard_normal(reach) if found is None else _live(found, reach)
    z = np.linspace(-reach, reach, POINTS)
    limits = spec.healthy(values) if spec.healthy else (-math.inf, math.inf)
    live = (table, place) if found is not None and table is not None and place is not None else None
    return Sight(
        z,
        spec.function(z, values),
        spec.derivative(z, values),
        arriving,
        tuple(_outside(limits, reach)),
        (-reach, 0.0) if spec.can_die else None,
        (
            _arriving_sentence(arriving),
            *_saturation_sentences(limits, None if live is None else _saturation(*live)),
            *_off_sentences(spec, live),
            *_slope_sentences(spec, values),
            *_fixed_point_sentences(spec, live),
        ),
    )


def _source(table: LayerTable, place: Place) -> tuple[Distribution, int] | None:
    """What arrives; None when its numbers are not as many as leave: the network was another one then."""
    found = (table.inputs, 0) if place.source is None else (table.activations, place.source)
    leaving = int(table.activations.totals[place.row])
    return found if leaving and int(found[0].totals[found[1]]) == leaving else None


def _reach(source: tuple[Distribution, int]) -> float:
    """The smallest reach that holds all but a few of the numbers."""
    distribution, row = source
    counts, half = distribution.counts[row], BIN_COUNT // 2
    centre = int(distribution.zeros[row]) + int(distribution.underflow[row])
    inside = centre + np.cumsum(counts[half:] + counts[half - 1 :: -1], dtype=np.float64)
    enough = inside >= _INSIDE * int(distribution.totals[row])
    needed = float(EDGES[half + 2 :][int(enough.argmax())]) if enough.any() else REACHES[-1]
    return next((reach for reach in REACHES if reach >= needed), REACHES[-1])


def _live(source: tuple[Distribution, int], reach: float) -> Arriving:
    distribution, row = source
    edges = np.linspace(-reach, reach, BINS + 1)
    counts = resample(distribution.counts[row], edges)
    # exact zeros lie on the border of the two middle bins
    centre = (int(distribution.zeros[row]) + int(distribution.underflow[row])) / 2
    counts[BINS // 2 - 1 : BINS // 2 + 1] += centre
    shares = counts / int(distribution.totals[row])
    return Arriving(
        edges, shares, float(distribution.mean[row]), float(distribution.std[row]), True
    )


def _standard_normal(reach: float) -> Arriving:
    edges = np.linspace(-reach, reach, BINS + 1)
    below = np.array([normal_below(edge) for edge in edges])
    return Arriving(edges, np.diff(below), 0.0, 1.0, False)


def normal_below(z: float) -> float:
    """Φ(z): the share of a standard normal distribution below z."""
    return 0.5 * (1.0 + math.erf(z / math.sqrt(2.0)))


def _outside(limits: Interval, reach: float) -> list[Interval]:
    low, high = limits
    found = []
    if low > -reach:
        found.append((-reach, min(low, reach)))
    if high < reach:
        found.append((max(high, -reach), reach))
    return found


# Words.


def _arriving_sentence(arriving: Arriving) -> str:
    if not arriving.live:
        return tr(
            "Not trained yet: the grey hill is a standard normal input, mean 0 and σ 1, "
            "not a measurement."
        )
    return tr("Pre-activations: mean {mean}, σ {std:.3g}.").format(
        mean=_signed(arriving.mean), std=arriving.std
    )


def _saturation(table: LayerTable, place: Place) -> float:
    return float(table.saturation[place.row])


def _saturation_sentences(limits: Interval, share: float | None) -> list[str]:
    """The share in the saturated areas: as measured, or with None of a standard normal input."""
    words = _limit_words(limits)
    if not words:
        return [tr("It does not saturate.")]
    if share is None:
        expected = normal_below(limits[0]) + 1.0 - normal_below(limits[1])
        return [
            tr("Saturated (hatched): {words}; {expected:.1%} of a standard normal input.").format(
                words=words, expected=expected
            )
        ]
    if math.isnan(share):
        return [tr("Saturated (hatched): {words}; the share was not measured.").format(words=words)]
    glyph = "▼ " if share > 0.5 else ""
    return [
        tr("{glyph}Saturated (hatched): {share:.1%} of the pre-activations, at {words}.").format(
            glyph=glyph, share=share, words=words
        )
    ]


def _limit_words(limits: Interval) -> str:
    low, high = limits
    if math.isinf(low) and math.isinf(high):
        return ""
    if math.isinf(high):
        return f"z < {_signed(low)}"
    if math.isinf(low):
        return f"z > {_signed(high)}"
    if low == -high:
        return f"|z| > {high:.3g}"
    return tr("z < {low} or z > {high}").format(low=_signed(low), high=_signed(high))


def _off_sentences(spec: LayerSpec, live: tuple[LayerTable, Place] | None) -> list[str]:
    if not spec.can_die:
        return []
    if live is None:
        return [tr("Off (dotted): z ≤ 0, half of a standard normal input; that is healthy.")]
    table, place = live
    off = float(table.activations.zeros[place.row] / table.activations.totals[place.row])
    sentences = [
        tr("Off (dotted): {off:.1%} of the outputs are 0; about half is healthy.").format(off=off)
    ]
    dead = float(table.dead[place.row])
    if not math.isnan(dead):
        glyph = "▼ " if dead >= 0.5 else ""
        sentences.append(
            tr(
                "{glyph}Dead: {dead:.1%} of the units were off for every sample of the epoch."
            ).format(glyph=glyph, dead=dead)
        )
    return sentences


def _slope_sentences(spec: LayerSpec, values: Values) -> list[str]:
    if spec.kind != "RReLU":
        return []
    low, high = slope_bounds(values)
    sentence = tr(
        "Below zero each number gets a slope of its own, drawn from {low:.3g} to {high:.3g} "
        "(thin lines: {count} draws); in evaluation it is {mean:.3g}."
    )
    return [sentence.format(low=low, high=high, count=SAMPLED_SLOPES, mean=(low + high) / 2)]


def _fixed_point_sentences(spec: LayerSpec, live: tuple[LayerTable, Place] | None) -> list[str]:
    if spec.kind != "SELU":
        return []
    sentence = tr(
        "Fixed point (thin outline): inputs of mean 0 and variance 1 leave with mean "
        "0 and variance 1"
    )
    if live is None:
        return [f"{sentence}."]
    table, place = live
    mean, std = (float(x[place.row]) for x in (table.activations.mean, table.activations.std))
    return [
        tr("{sentence}; here they leave with mean {mean} and variance {std:.3g}.").format(
            sentence=sentence, mean=_signed(mean), std=std**2
        )
    ]


def _signed(value: float) -> str:
    return f"{0.0 if abs(value) < 5e-7 else value:.3g}".replace("-", "−")


# What some kinds show besides.


def slope_bounds(values: Values) -> Interval:
    """RReLU's lowest and highest slope below zero."""
    return float(values["lower"]), float(values["upper"])


def sampled_slopes(values: Values) -> Floats:
    """Slopes as RReLU draws them; the same ones each time, so that the picture holds still."""
    low, high = slope_bounds(values)
    return np.sort(np.random.default_rng(0).uniform(low, high, SAMPLED_SLOPES))


@dataclass(slots=True, eq=False)
class SlopeTrack:
    """PReLU's learned slope over the epochs of one run: mean and σ over its channels. Grows with the history."""

    history: RunHistory | None = None
    row: int = -1
    places: list[int] = field(default_factory=list)
    """Places in the history, ascending."""
    means: list[float] = field(default_factory=list)
    deviations: list[float] = field(default_factory=list)

    def follow(self, history: RunHistory, row: int) -> None:
        """Take in what is new; of another run or layer some epochs, evenly spread."""
        if history is not self.history or row != self.row:
            self.history, self.row = history, row
            self.places, self.means, self.deviations = [], [], []
        count = len(history.epochs)
        for place in _unread(self.places, count):
            weights = history.epochs[place].layers.weights
            self.places.append(place)
            self.means.append(float(weights.mean[row]))
            self.deviations.append(float(weights.std[row]))
        if len(self.places) > MOST_TRACKED:
            for column in (self.places, self.means, self.deviations):
                del column[1:-1:2]


def _unread(read: Sequence[int], count: int) -> Sequence[int]:
    first = read[-1] + 1 if read else 0
    if count - first <= _FIRST_READ:
        return range(first, count)
    spread = np.linspace(first, count - 1, _FIRST_READ)
    return [int(place) for place in np.unique(np.rint(spread))]


def slope_sentence(mean: float, deviation: float, when: str, first: float) -> str:
    """How far the learned slope has come."""
    spread = (
        tr(" ± {deviation:.3g} over the channels").format(deviation=deviation)
        if deviation > 0
        else ""
    )
    return tr("Slope below zero ({when}): {mean}{spread}; it began at {first}.").format(
        when=when, mean=_signed(mean), spread=spread, first=_signed(first)
    )
