"""How clipping changed the gradient of each step, in numbers and words. No Qt."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.language import tr, trn
from engine.parameters import Value
from engine.stats import clipped_share
from engine.training import RunHistory
from gui.common.scales import decade_label

from .reading import share_text

Floats = NDArray[np.float64]
TURNED = 0.7
"""Below this cosine the step goes somewhere else than the gradient."""
_DIGITS = 3
_TICK = 24
"""Pixels from one tick to the next at least."""


def angles(cosines: Floats) -> Floats:
    """Degrees between the gradient before and after clipping; NaN for a gradient of zero."""
    degrees: Floats = np.degrees(np.arccos(np.clip(cosines, -1.0, 1.0)))
    return degrees


def logarithms(values: Floats) -> Floats:
    """log10 of positive finite numbers, NaN of all others."""
    known = np.isfinite(values) & (values > 0)
    logs: Floats = np.log10(values, out=np.full(values.shape, np.nan), where=known)
    return logs


def rounded(threshold: float) -> float:
    """Three digits of a threshold: what a line on a screen can say, and what is pleasant to read."""
    return float(f"{threshold:.{_DIGITS}g}")


class StepGroups(NamedTuple):
    """Steps as they are drawn: groups of neighbours of a long run, else each by itself; shape (n,) or (2, n)."""

    starts: Floats
    """Each group's first step, counted from 0."""
    sizes: NDArray[np.int64]
    before: Floats
    """Lowest and highest norm of the gradient."""
    after: Floats
    cosines: Floats
    clipped: NDArray[np.int64]
    """Steps that were clipped."""
    nonfinite: NDArray[np.int64]

    @property
    def total(self) -> int:
        """All steps."""
        return int(self.sizes.sum())

    @property
    def share(self) -> float:
        """Share of all steps that were clipped; NaN without steps."""
        return int(self.clipped.sum()) / self.total if self.total else math.nan


def step_groups(history: RunHistory) -> StepGroups:
    """All steps up to now, at the price of what can be drawn."""
    names = ("gradient_norm", "clipped_norm", "clip_cosine")
    starts, sizes, clipped, nonfinite = history.step_events()
    before, after, cosines = (np.stack(history.step_envelope(name)[1:]) for name in names)
    return StepGroups(starts, sizes, before, after, cosines, clipped, nonfinite)


def group_places(history: RunHistory, groups: StepGroups) -> Floats:
    """Where the middles of groups lie on an axis of epochs; a step lies at its end."""
    middles: Floats = groups.starts + (groups.sizes + 1) / 2
    return history.started.first_epoch + middles / history.started.steps_per_epoch


@dataclass(frozen=True, slots=True)
class EpochClipping:
    """What clipping did in the steps of one epoch."""

    epoch: int
    """Its number."""
    steps: int
    share: float
    """Of the steps that were clipped; NaN without steps, as are the others."""
    before: float
    """Median norm of the gradient."""
    after: float
    angle: float
    """Median of the clipped steps' degrees; 0 when none was clipped."""
    would: float
    """Share of the steps whose norm is above the threshold."""
    nonfinite: int


def epoch_clipping(
    history: RunHistory, epoch: int | None, threshold: float, groups: StepGroups
) -> EpochClipping:
    """Sum up the epoch at a place in the history, or the newest; of the first one also what is known while it lasts."""
    newest = len(history.epochs) - 1
    place = newest if epoch is None else min(epoch, newest)
    number, steps = history.started.first_epoch + place, history.epochs[place].steps
    if epoch is None and not steps.loss.size and groups.total:
        # a group of several steps counts as its extremes: exact up to a thousand steps
        known = groups.before[1], groups.after[1], groups.cosines[0]
        return replace(_summed(number + 1, known, threshold), steps=groups.total)
    return _summed(number, (steps.gradient_norm, steps.clipped_norm, steps.clip_cosine), threshold)


def _summed(number: int, steps: tuple[Floats, Floats, Floats], threshold: float) -> EpochClipping:
    before, after, cosines = steps
    known = np.isfinite(before) & np.isfinite(after)
    turned = angles(cosines[(after < before) & np.isfinite(cosines)])
    return EpochClipping(
        epoch=number,
        steps=before.size,
        share=clipped_share(before, after),
        before=_median(before[known]),
        after=_median(after[known]),
        angle=_median(turned) if turned.size else 0.0,
        would=float(np.mean(before > threshold)) if before.size else math.nan,
        nonfinite=int(np.count_nonzero(~np.isfinite(before))),
    )


def _median(values: Floats) -> float:
    return float(np.median(values)) if values.size else math.nan


def verdict(found: EpochClipping, mode: str) -> tuple[str, str]:
    """Headline and the theme's name of its colour."""
    if found.nonfinite:
        return trn(
            "✕ {count} step not finite", "✕ {count} steps not finite", found.nonfinite
        ).format(count=found.nonfinite), "nonfinite"
    if mode == "none" and not found.share > 0:
        return tr("○ clipping is off"), "muted"
    if not found.steps:
        return tr("○ no steps yet"), "muted"
    turned = found.angle > math.degrees(math.acos(TURNED))
    glyph, color = ("◆", "warning") if turned else ("●", "healthy")
    return tr("{glyph} {share} clipped, turned {angle:.0f}°").format(
        glyph=glyph, share=share_text(found.share), angle=found.angle
    ), color


def clip_caption(found: EpochClipping, groups: StepGroups, training: Mapping[str, Value]) -> str:
    """One sentence: how many steps were clipped, how much they lost and by how much they turned."""
    start = tr("Epoch {epoch}").format(epoch=found.epoch) if found.epoch else tr("Before training")
    if not found.steps:
        return tr(
            "{start}: no step was made yet; the first ones will show how large the gradient is"
        ).format(start=start)
    if found.nonfinite:
        return tr(
            "{start}: {nonfinite} of {steps} steps had a gradient that is not a finite "
            "number; clipping cannot mend that"
        ).format(start=start, nonfinite=found.nonfinite, steps=found.steps)
    if not found.share > 0:
        return f"{start}: {_unclipped(found, training)}"
    return tr(
        "{start}: {share} of {steps} steps were clipped ({overall} of all "
        "{total:,}); the median norm {before} became {after}, and what was clipped "
        "{angle}"
    ).format(
        start=start,
        share=share_text(found.share),
        steps=found.steps,
        overall=share_text(groups.share),
        total=groups.total,
        before=_size(found.before),
        after=_size(found.after),
        angle=_turn(found.angle),
    )


def group_text(groups: StepGroups, place: int, first: int, steps_per_epoch: int) -> str:
    """One group of steps in words; `first` is the number of the history's first epoch."""
    start, size = int(groups.starts[place]), int(groups.sizes[place])
    epoch, step = divmod(start, steps_per_epoch)
    spans = [part[:, place] for part in (groups.before, groups.after)]
    before, after = (_span(float(low), float(high)) for low, high in spans)
    turned = float(angles(groups.cosines[:1, place])[0])
    steps = (
        tr("step {step}").format(step=step + 1)
        if size == 1
        else tr("{size} steps from step {step} on").format(size=size, step=step + 1)
    )
    text = tr("epoch {epoch}, {steps}: norm {before}").format(
        epoch=first + epoch + 1, steps=steps, before=before
    )
    if groups.nonfinite[place]:
        text += tr("; {nonfinite} not finite").format(nonfinite=groups.nonfinite[place])
    if not groups.clipped[place]:
        return tr("{text}, not clipped").format(text=text)
    if size == 1:
        sentence = tr("{text}, after clipping {after}, turned by {turned:.1f}°")
    else:
        sentence = tr("{text}, after clipping {after}, turned by up to {turned:.1f}°")
    return sentence.format(text=text, after=after, turned=turned)


def _span(low: float, high: float) -> str:
    return (
        f"{low:.3g}"
        if low == high or math.isnan(low)
        else tr("{low:.3g} to {high:.3g}").format(low=low, high=high)
    )


def _unclipped(found: EpochClipping, training: Mapping[str, Value]) -> str:
    threshold = float(training["clip_threshold"])
    size = tr("the median norm of the gradient is {before}").format(before=_size(found.before))
    if training["clip_mode"] == "none":
        return tr(
            "clipping is off; {size}, and a threshold of {threshold:.3g} by norm would "
            "clip {would} of the steps"
        ).format(size=size, threshold=threshold, would=share_text(found.would))
    return tr("none of {steps} steps was clipped; {size}").format(steps=found.steps, size=size)


def _turn(angle: float) -> str:
    if angle < 0.05:
        return tr("kept its direction (0°)")
    return tr("turned by {angle:.1f}° (median)").format(angle=angle)


def _size(value: float) -> str:
    return f"{value:.3g}"


def threshold_words(training: Mapping[str, Value]) -> tuple[str, str]:
    """What the threshold line means in each way of clipping, in many words and in few."""
    of = {
        "none": tr("off; by norm it would cut here"),
        "norm": tr("longer gradients are cut to it"),
        "value": tr("larger numbers of a gradient are cut to it"),
        "layer": tr("longer gradients of a layer are cut to it"),
        "adaptive": tr("times each unit's weights"),
    }
    threshold, meaning = float(training["clip_threshold"]), of[str(training["clip_mode"])]
    return (
        tr("threshold {threshold:.3g}: {meaning}").format(threshold=threshold, meaning=meaning),
        tr("threshold {threshold:.3g}").format(threshold=threshold),
    )


def decade_ticks(low: float, high: float, pixels: float) -> list[tuple[float, str]]:
    """Ticks of a log10 axis: decades, as many as have room, and 2 and 5 between them when there are few."""
    step = max(1, math.ceil((high - low) * _TICK / max(pixels, 1)))
    edge = _TICK / 3 * (high - low) / max(pixels, 1)
    low, high = low + edge, high - edge
    whole = range(math.ceil(low), math.floor(high) + 1)
    ticks = [(float(exponent), decade_label(exponent)) for exponent in whole if not exponent % step]
    if high - low > 2 or pixels < 4 * _TICK:
        return ticks
    between = (m * 10.0**e for e in range(math.floor(low), math.ceil(high)) for m in (2, 5))
    fine = [(math.log10(value), f"{value:.6g}") for value in between]
    return sorted([*ticks, *(tick for tick in fine if low <= tick[0] <= high)])
