"""The three plots of a batch-norm layer: its stages, γ and β over the epochs, batch against moving statistics."""

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt

from engine.language import tr
from engine.stats import BatchNormStats, Distribution
from engine.training import NormTrack
from gui.common.theme import GRID, Theme
from gui.training.norm_reading import (
    MOST_DOTS,
    TITLES,
    Span,
    densities,
    dots,
    figure,
    from_place,
    grown,
    joined,
    reach,
    stage_text,
    statistics,
    to_place,
    track_text,
)

from .mark_line import MarkLine
from .reading import thinned

Floats = NDArray[np.float64]
_WORDS = 20.0
"""Pixels that the words above a stage need."""
_THICK = 300
"""Points up to which lines are thick: thick ones take ten times as long to paint, and hide each other."""
_LABEL = 4.5 * GRID
"""Pixels that a label needs."""
_ROOM_AHEAD = 1.25


class StagesPlot:
    """Input, normalised and scaled values, one above the other on one scale of values, each with its words."""

    def __init__(self) -> None:
        self.ridges = [pg.PlotCurveItem(fillLevel=base(stage)) for stage in range(len(TITLES))]
        self.pinned = pg.PlotCurveItem(connect="finite")
        self.words = [pg.TextItem(anchor=(0, 0)) for _ in TITLES]
        self.forget()

    def furnish(self, plot: pg.PlotItem) -> None:
        """Put the items into a new plot."""
        self._plot = plot
        plot.hideAxis("left")
        plot.setLabel("bottom", tr("value (log scale far from 0)"))
        plot.getViewBox().setYRange(0, len(TITLES), padding=0.02)
        for item in (*self.ridges, self.pinned):
            plot.addItem(item)
        for words in self.words:
            plot.addItem(words, ignoreBounds=True)

    def forget(self) -> None:
        """Another layer is shown: its range begins anew."""
        self._reach = 1.0
        self._fitted: object = None

    def color(self, theme: Theme) -> None:
        """Take the theme's colours."""
        colors = (theme.muted, *theme.series)
        for curve, words, color in zip(self.ridges, self.words, colors, strict=False):
            curve.setPen(theme.pen(color, 1.0))
            curve.setBrush(pg.mkBrush(_faint(color)))
            words.setColor(theme.text)
        self.pinned.setPen(theme.pen(theme.text, 1.0, style=Qt.PenStyle.DashLine))

    def draw(self, found: Distribution, then: Distribution | None) -> None:
        """Show the stages, and those of the epoch that is compared with as outlines."""
        self._reach = max(self._reach, reach(found.counts))
        places, density = densities(found.counts, self._reach)
        centres, share = (places[1:] + places[:-1]) / 2, self._share
        for stage, curve in enumerate(self.ridges):
            curve.setData(centres, base(stage) + share * density[stage])
        self.pinned.setVisible(then is not None)
        if then is not None:
            _, density = densities(then.counts, self._reach)
            heights = np.array([base(stage) + share * row for stage, row in enumerate(density)])
            self.pinned.setData(*joined(centres, heights.T))
        for stage, words in enumerate(self.words):
            text = stage_text(found, stage)
            if words.toPlainText() != text:
                words.setText(text)
        self._fit((float(places[0]), float(places[-1])))

    def read(self, place: QPointF, found: Distribution) -> str:
        """The stage under a point, in words."""
        stage = min(max(0, len(TITLES) - 1 - int(place.y() // 1)), len(TITLES) - 1)
        return tr("{figures}; here {number:.2g}").format(
            figures=stage_text(found, stage), number=float(from_place(place.x()))
        )

    @property
    def _share(self) -> float:
        """How much of a stage's room its ridge may take; the rest is for the words above it."""
        room = self._plot.getViewBox().height() / len(TITLES)
        return float(min(max(1.0 - _WORDS / max(room, 1.0), 0.3), 0.8))

    def _fit(self, ends: Span) -> None:
        box = self._plot.getViewBox()
        if (ends, box.width()) == self._fitted:
            return
        self._fitted = ends, box.width()
        box.setXRange(*ends, padding=0.0)
        self._plot.getAxis("bottom").setTicks([place_ticks(ends, box.width())])
        for stage, words in enumerate(self.words):
            words.setPos(ends[0], base(stage) + 1.0)


class TracksPlot:
    """γ and β over the epochs, and how far training and evaluation are apart."""

    def __init__(self) -> None:
        self.bands = [pg.PlotCurveItem(fillLevel="enclosed") for _ in range(2)]
        self.tracks = [pg.PlotCurveItem(connect="finite") for _ in range(2)]
        self.ends = [pg.ScatterPlotItem(symbol=symbol, size=7, pen=None) for symbol in "os"]
        self.gap = pg.PlotCurveItem(connect="finite")
        self.now, self.then = MarkLine(), MarkLine()
        self._colors: tuple[str, ...] = ("", "")
        self._thick = True
        self.forget()

    def furnish(self, plot: pg.PlotItem) -> None:
        """Put the items into a new plot."""
        self._plot = plot
        plot.setLabel("bottom", tr("epoch"))
        plot.setLabel("left", tr("γ, β, gap"))
        for item in (*self.bands, self.gap, *self.tracks, *self.ends):
            plot.addItem(item)
        for line in (self.then, self.now):
            line.join(plot)

    def forget(self) -> None:
        """Another layer is shown: its ranges begin anew."""
        self._end = 0.0
        self._heights: Span = (0.0, 1.0)
        self._fitted: object = None
        self._drawn: object = None

    def color(self, theme: Theme) -> None:
        """Take the theme's colours."""
        dashed = Qt.PenStyle.DashLine
        self._colors = theme.series[1:3]
        self._draw_thick(self._thick)
        for band, end, color in zip(self.bands, self.ends, self._colors, strict=True):
            end.setBrush(pg.mkColor(color))
            band.setPen(None)
            band.setBrush(pg.mkBrush(_faint(color)))
        self.gap.setPen(theme.pen(theme.muted, 1.0, style=dashed))
        self.now.set_line(theme.pen(theme.color("accent", 0.6), 2.0))
        self.then.set_line(theme.pen(theme.color("muted", 0.8), 1.0, style=dashed))

    def draw(self, track: NormTrack, first: int, planned: int) -> None:
        """Show a track; `first` is the number of the history's first epoch, `planned` that of the run's last."""
        if (track.epochs.size, track.epochs[-1]) == self._drawn:
            return
        self._drawn = track.epochs.size, track.epochs[-1]
        if (track.gamma.size <= _THICK) != self._thick:
            self._draw_thick(not self._thick)
        x = (first + track.epochs).astype(np.float64)
        drawn = zip(self.bands, self.tracks, self.ends, (track.gamma, track.beta), strict=True)
        for band, curve, end, values in drawn:
            newest = values[-1] if track.each_channel else values[-1, 1:2]
            newest = newest[np.isfinite(newest)]
            end.setData(np.full(newest.size, x[-1]), newest)
            band.setVisible(not track.each_channel and x.size > 1)
            if track.each_channel:
                curve.setData(*joined(x, values))
            else:
                curve.setData(x, values[:, 1])
                band.setData(*_band(x, values))
        self.gap.setData(x, track.gap)
        self._fit(track, (float(first), float(x[-1])), float(planned))

    def _draw_thick(self, thick: bool) -> None:
        self._thick = thick
        for curve, color in zip(self.tracks, self._colors, strict=True):
            curve.setPen(pg.mkPen(color, width=2 if thick else 1))

    def mark(self, now: int | None, then: int | None) -> None:
        """Mark the epoch that is shown, and the one that is compared with."""
        self.now.mark(now)
        self.then.mark(then)

    def read(self, place: QPointF, track: NormTrack, first: int) -> str:
        """The epoch nearest to a point, in words."""
        nearest = int(np.argmin(np.abs(track.epochs + first - place.x())))
        return tr("epoch {epoch}: {figures}").format(
            epoch=track.epochs[nearest] + first, figures=track_text(track, nearest)
        )

    def _fit(self, track: NormTrack, known: Span, planned: float) -> None:
        first, last = known
        if last > self._end:
            self._end = max(last, min(planned, float(np.ceil(last * _ROOM_AHEAD))))
        values = np.concatenate((track.gamma.ravel(), track.beta.ravel(), track.gap))
        self._heights = grown(self._heights, values)
        ranges = (first, max(first + 1.0, self._end)), self._heights
        if ranges != self._fitted:
            self._fitted = ranges
            self._plot.getViewBox().setRange(xRange=ranges[0], yRange=ranges[1], padding=0.03)


class MovingPlot:
    """Each channel's mean and standard deviation in the batch, over its moving ones; on the line both agree."""

    def __init__(self) -> None:
        self.means = pg.ScatterPlotItem(symbol="o", size=6, pen=None)
        self.deviations = pg.ScatterPlotItem(symbol="s", size=6, pen=None)
        self._equal = pg.PlotCurveItem()
        self.forget()

    def furnish(self, plot: pg.PlotItem) -> None:
        """Put the items into a new plot."""
        self._plot = plot
        plot.setLabel("bottom", tr("moving statistic"))
        plot.setLabel("left", tr("of this batch"))
        for item in (self._equal, self.means, self.deviations):
            plot.addItem(item)

    def forget(self) -> None:
        """Another layer is shown: its range begins anew."""
        self._span: Span = (0.0, 1.0)
        self._fitted: object = None

    def color(self, theme: Theme) -> None:
        """Take the theme's colours."""
        self.means.setBrush(pg.mkColor(theme.series[0]))
        self.deviations.setBrush(pg.mkColor(theme.series[4]))
        self._equal.setPen(theme.pen(theme.muted, 1.0))

    def draw(self, norm: BatchNormStats) -> None:
        """Show a layer's statistics; of many channels `MOST_DOTS` evenly spaced ones."""
        places = [to_place(part[dots(norm)]) for part in statistics(norm)]
        self.means.setData(places[0], places[1])
        self.deviations.setData(places[2], places[3])
        self._span = grown(self._span, np.concatenate(places))
        self._fit()

    def read(self, place: QPointF, norm: BatchNormStats) -> str:
        """The channel nearest to a point, in words."""
        shown = dots(norm)
        means, own_means, spreads, own_spreads = (to_place(p[shown]) for p in statistics(norm))
        x, y = np.append(means, spreads), np.append(own_means, own_spreads)
        nearest = int(np.argmin((x - place.x()) ** 2 + (y - place.y()) ** 2)) % shown.size
        found = [figure(float(part[shown[nearest]])) for part in statistics(norm)]
        return tr(
            "channel {channel}: mean of the batch {mean}, moving {moving_mean}; σ of the "
            "batch {spread}, moving {moving_spread}"
        ).format(
            channel=shown[nearest],
            mean=found[1],
            moving_mean=found[0],
            spread=found[3],
            moving_spread=found[2],
        )

    def _fit(self) -> None:
        box, span = self._plot.getViewBox(), self._span
        wanted = span, box.width(), box.height()
        if wanted == self._fitted:
            return
        self._fitted = wanted
        self._equal.setData(np.array(span), np.array(span))
        box.setRange(xRange=span, yRange=span, padding=0.03)
        for side, room in (("bottom", box.width()), ("left", box.height())):
            self._plot.getAxis(side).setTicks([place_ticks(span, room)])


def base(stage: int) -> float:
    """The height that a stage stands on: the first on top."""
    return float(len(TITLES) - 1 - stage)


def key_of_tracks(theme: Theme, track: NormTrack | None, channels: int) -> str:
    """What the colours of the tracks mean, as rich text."""
    few = track is not None and track.each_channel
    of = (
        tr("each channel")
        if few
        else tr("median and p10–p90 of {channels} channels").format(channels=channels)
    )
    return tr(
        '<b style="color: {gamma}">●—</b>&nbsp;γ <b style="color: '
        '{beta}">■—</b>&nbsp;β: {lines}; <b style="color: {muted}">- -</b>&nbsp;gap'
    ).format(gamma=theme.series[1], beta=theme.series[2], lines=of, muted=theme.muted)


def key_of_moving(theme: Theme, channels: int) -> str:
    """What the dots mean, as rich text."""
    some = (
        tr(" ({shown} of {channels} channels)").format(shown=MOST_DOTS, channels=channels)
        if channels > MOST_DOTS
        else ""
    )
    return tr(
        '<b style="color: {mean}">●</b>&nbsp;mean <b style="color: '
        '{spread}">■</b>&nbsp;σ{some}; on the line both agree'
    ).format(mean=theme.series[0], spread=theme.series[4], some=some)


def place_ticks(ends: Span, pixels: float) -> list[tuple[float, str]]:
    """Places and labels of values between two ends of an axis, as many as have room; zero always stays."""
    limit = float(from_place(max(map(abs, ends)))) * 1.001
    sizes = [m * 10.0**e for e in range(4) for m in (1, 2, 5) if m * 10.0**e <= limit]
    positive = [0.0, *to_place(np.array(sizes)).tolist()]
    scale = pixels / (ends[1] - ends[0])
    shown = thinned([p * scale for p in positive], [_LABEL] * len(positive), 0.0)
    labels = ["0", *(f"{size:g}" for size in sizes)]
    ticks = [(positive[index], labels[index]) for index in shown]
    ticks += [(-place, f"−{label}") for place, label in ticks if place]
    return sorted(tick for tick in ticks if ends[0] <= tick[0] <= ends[1])


def _band(x: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Around the area between the first and the last column, where both are known."""
    known = np.isfinite(values).all(axis=1)
    x, values = x[known], values[known]
    return np.append(x, x[::-1]), np.append(values[:, 0], values[::-1, 2])


def _faint(color: str) -> Any:
    faint = pg.mkColor(color)
    faint.setAlphaF(0.28)
    return faint
