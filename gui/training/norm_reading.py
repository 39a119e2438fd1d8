"""What batch normalisation does to a layer's values, in distributions and words. No Qt."""

import math
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.language import tr
from engine.layers import CATALOGUE
from engine.stats import (
    EDGES,
    STAGES,
    TALLIES,
    BatchNormStats,
    Distribution,
    LayerTable,
    resample,
)
from engine.training import BAND, LayerInfo, NormTrack
from gui.common.scales import from_scale, reach_of, to_scale

from .reading import View

Floats = NDArray[np.float64]
Mode = Literal["train", "eval"]
Span = tuple[float, float]
TITLES = (tr("input"), tr("normalised"), tr("scaled by γ and β"))
"""The three stages, as they follow each other."""
SMALL_GAP, LARGE_GAP = 0.1, 0.5
"""Below the first, evaluation sees what training saw; above the second, half a standard deviation of it is lost."""
BINS = 120
_LINEAR_WIDTH = 2.0
MOST_DOTS = 200
"""Channels that are drawn as dots."""
_STEP = 0.25
ABSENT = tr(
    "This network has no batch normalisation. Put a Batch norm 1d after a Linear "
    "layer, or a Batch norm 2d after a convolution, before its activation, and "
    "run again: you will see what goes in, how it is centred and scaled over the "
    "batch, what γ and β make of it, and whether the moving statistics keep up "
    "with it."
)


def norm_rows(layers: Sequence[LayerInfo]) -> list[int]:
    """Rows of the batch-norm layers."""
    return [row for row, layer in enumerate(layers) if _is_batch_norm(layer.kind)]


def _is_batch_norm(kind: str) -> bool:
    spec = CATALOGUE.get(kind)
    return spec is not None and spec.mean_field == "batch_norm"


def norm_in(table: LayerTable, row: int) -> BatchNormStats | None:
    """What was measured of the batch norm in a row; None when it was not."""
    return next((norm for norm in table.batch_norms if norm.row == row), None)


def stages(table: LayerTable, norm: BatchNormStats, mode: Mode) -> Distribution:
    """Input, normalised and scaled values, a row each, as training or as evaluation computes them."""
    own = [(norm.stages, STAGES.index(name)) for name in ("input", f"normalised_{mode}")]
    if mode == "train":
        own.append((table.activations, norm.row))
    else:
        own.append((norm.stages, STAGES.index("scaled_eval")))
    names = ("mean", "std", "counts", *TALLIES)
    return Distribution(*(np.array([getattr(d, name)[row] for d, row in own]) for name in names))


def reach(counts: NDArray[np.integer]) -> float:
    """The size that the axis goes to, 1 at least: all but a thousandth of each row's values stay below."""
    return max(1.0, reach_of(counts))


def to_place(values: Floats | float) -> Floats:
    """From a value to its place on the axis: nearly linear up to ± 2, logarithmic far from it."""
    return to_scale(values, _LINEAR_WIDTH)


def from_place(places: Floats | float) -> Floats:
    """From a place on the axis to its value."""
    return from_scale(places, _LINEAR_WIDTH)


def densities(counts: NDArray[np.integer], limit: float) -> tuple[Floats, Floats]:
    """Borders of bins that are even on the axis, up to `limit`, and each row's density a unit of value, at most 1.

    A unit of value and not of the axis: a bell stays a bell on an axis that is not linear.
    """
    places = np.linspace(-float(to_place(limit)), float(to_place(limit)), BINS + 1)
    borders = from_place(places)
    density = resample(counts, borders) / np.diff(borders)
    highest = density.max(axis=1, keepdims=True)
    return places, np.divide(density, highest, out=np.zeros_like(density), where=highest > 0)


def figure(value: float, unit: float = 0.1) -> str:
    """Two digits of a number; what is nothing beside a unit is 0."""
    return "0" if abs(value) < 5e-3 * unit else f"{value:.2g}".replace("-", "−")


def _moments(found: Distribution, stage: int) -> str:
    mean, deviation = float(found.mean[stage]), float(found.std[stage])
    return tr("mean {mean}, σ {deviation}").format(
        mean=figure(mean, deviation), deviation=figure(deviation)
    )


def stage_text(found: Distribution, stage: int) -> str:
    """Mean and standard deviation of a stage, and what a histogram cannot show."""
    text = f"{TITLES[stage]}:  {_moments(found, stage)}"
    if found.nonfinite[stage]:
        return tr("{title}:  ✕ {nonfinite:,} not finite").format(
            title=TITLES[stage], nonfinite=found.nonfinite[stage]
        )
    if found.overflow[stage]:
        return tr("{text}; ▲ {overflow:,} beyond 4096").format(
            text=text, overflow=found.overflow[stage]
        )
    return text


class GapWords(NamedTuple):
    """How far apart training and evaluation are."""

    glyph: str
    color: str
    """The theme's name of the colour."""
    words: str


def gap_words(gap: float) -> GapWords:
    """Judge how far normalised values in training and in evaluation are apart: the root mean square, in σ."""
    if math.isnan(gap) or math.isinf(gap):
        return GapWords("✕", "nonfinite", tr("evaluation is no longer a number"))
    if gap < SMALL_GAP:
        return GapWords("●", "healthy", tr("and sees what training saw"))
    if gap < LARGE_GAP:
        return GapWords("◆", "warning", tr("and sees it somewhat shifted"))
    return GapWords(
        "▲", "exploding", tr("and sees another network: the moving statistics lag behind")
    )


def norm_headline(gap: float) -> str:
    """The gap, with its sign."""
    shown = figure(gap) if math.isfinite(gap) else tr("not finite")
    return tr("{glyph} gap {gap}").format(glyph=gap_words(gap).glyph, gap=shown)


def norm_caption(label: str, norm: BatchNormStats | None, view: View, mode: Mode) -> str:
    """One sentence about a layer: what comes in, what leaves, and how far evaluation is from training."""
    start = f"{view.when[0].upper()}{view.when[1:]}"
    if norm is None:
        return tr("{start}: nothing was measured of {label}").format(start=start, label=label)
    found = stages(view.table, norm, mode)
    broken = int(found.nonfinite.sum())
    if broken:
        return tr("{start}: {broken:,} values in {label} are no longer finite numbers").format(
            start=start, broken=broken, label=label
        )
    ends = [_moments(found, stage) for stage in range(len(TITLES))]
    gamma, beta = (figure(float(np.median(part))) for part in (norm.gamma, norm.beta))
    return tr(
        "{start}: {label} turns {arriving} into {normalised} ({statistics}), then by γ "
        "≈ {gamma}, β ≈ {beta} into {scaled}; {apart}"
    ).format(
        start=start,
        label=label,
        arriving=ends[0],
        normalised=ends[1],
        statistics=tr("batch statistics") if mode == "train" else tr("moving statistics"),
        gamma=gamma,
        beta=beta,
        scaled=ends[2],
        apart=_apart(norm.gap),
    )


def _apart(gap: float) -> str:
    words = gap_words(gap).words
    if not math.isfinite(gap):
        return words
    return tr("evaluation is {gap} σ apart {words}").format(gap=figure(gap), words=words)


def grown(held: Span, values: Floats) -> Span:
    """A range widened, in whole steps, to hold all finite values: it holds still most of the time."""
    known = values[np.isfinite(values)]
    if not known.size:
        return held
    low, high = np.floor(known.min() / _STEP) * _STEP, np.ceil(known.max() / _STEP) * _STEP
    return min(held[0], float(low)), max(held[1], float(high))


def joined(x: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Columns of `values` (n, k) over `x` (n,) as a single line with gaps (NaN) between them."""
    columns = values.shape[1]
    places = np.tile(np.append(x, np.nan), columns)
    return places, np.vstack((values, np.full(columns, np.nan))).T.ravel()


def dots(norm: BatchNormStats) -> NDArray[np.int64]:
    """The channels that are drawn: all, or of many `MOST_DOTS` that are evenly spaced."""
    count = norm.gamma.size
    places = np.linspace(0, count - 1, min(count, MOST_DOTS))
    return np.unique(places.round().astype(np.int64))


def statistics(norm: BatchNormStats) -> tuple[Floats, Floats, Floats, Floats]:
    """Moving mean and the batch's, moving standard deviation and the batch's; each of shape (channels,)."""
    return (
        norm.moving_mean,
        norm.batch_mean,
        np.sqrt(norm.moving_variance),
        np.sqrt(norm.batch_variance),
    )


def track_text(track: NormTrack, place: int) -> str:
    """γ, β and the gap at one place of a track."""
    parts = []
    for name, values in (("γ", track.gamma), ("β", track.beta)):
        found = [figure(value) for value in values[place].tolist()]
        if track.each_channel:
            parts.append(f"{name} {', '.join(found)}")
        else:
            parts.append(f"{name} {found[1]} (p10 {found[0]}, p90 {found[2]})")
    return tr("{parts}; gap {gap}").format(
        parts="; ".join(parts), gap=figure(float(track.gap[place]))
    )


def channel_rows(norm: BatchNormStats) -> Iterator[tuple[str, str, float]]:
    """Quantity, place and value of all that is known of the channels."""
    names = ("gamma", "beta", "batch_mean", "batch_variance", "moving_mean", "moving_variance")
    for name in names:
        for channel, value in enumerate(getattr(norm, name).tolist()):
            yield name, f"channel {channel}", value
    yield "gap", "all channels", norm.gap


def stage_rows(found: Distribution, mode: Mode) -> Iterator[tuple[str, str, float]]:
    """Quantity, place and value of the stages' distributions."""
    half = found.counts.shape[1] // 2
    lows = np.concatenate((EDGES[:half], EDGES[half + 1 : -1])).tolist()
    highs = np.concatenate((EDGES[1 : half + 1], EDGES[half + 2 :])).tolist()
    for stage, name in enumerate(("input", "normalised", "scaled")):
        yield f"{name} mean", mode, float(found.mean[stage])
        yield f"{name} standard deviation", mode, float(found.std[stage])
        for tally in TALLIES:
            yield f"{name} {tally}", mode, int(getattr(found, tally)[stage])
        for low, high, count in zip(lows, highs, found.counts[stage].tolist(), strict=True):
            yield f"{name} count", f"from {low:.6g} to {high:.6g}", count


def track_rows(track: NormTrack, first: int) -> Iterator[tuple[int, str, str, float]]:
    """Epoch, quantity, place and value of the tracks."""
    shares = [f"p{share * 100:.0f}" for share in BAND]
    channels = [f"channel {channel}" for channel in range(track.gamma.shape[1])]
    names = channels if track.each_channel else shares
    for place, epoch in enumerate((track.epochs + first).tolist()):
        for quantity, values in (("gamma", track.gamma), ("beta", track.beta)):
            for name, value in zip(names, values[place].tolist(), strict=True):
                yield epoch, f"{quantity} over epochs", name, value
        yield epoch, "gap over epochs", "all channels", float(track.gap[place])
