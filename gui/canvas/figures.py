"""What the canvas says of a layer during a training, computed from the run's tables alone. No Qt."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.language import tr
from engine.stats import LayerTable
from engine.training import LayerInfo, RunHistory
from gui.training.reading import GLYPHS, WORDS, Verdict, judge, share_text, weight_rows

_PLAIN = 0.01, 99.5
"""Ratios between these are written as a factor, others as a power of ten."""
_HEALTHY_WIDTH = 8.0
_WIDTH_PER_DECADE = 1.75
_THINNEST, _WIDEST = 3.0, 14.0
_MANY = 0.5
"""A share of dead or saturated units from which on it is a warning."""
_SHARES = tr("{share} dead"), tr("{share} saturated"), tr("{share} zero")
"""Looked up once: there are many cards, and they are written anew at every epoch."""
_SUPERSCRIPTS = str.maketrans("-.0123456789", "⁻·⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class WireFigure:
    """The gradient that flows back through a wire, into the layer at its source."""

    state: Literal["finite", "zero", "nonfinite", "none"]
    """`none`: no gradient is computed here, because nothing before the wire is trained."""
    verdict: Verdict
    rms: float = math.nan
    """RMS ∂L/∂a of the source's output."""
    ratio: float = math.nan
    """The same over that of the last weight layer; NaN where they cannot be compared."""
    label: str = ""
    """The source."""
    end: str = ""
    """The last weight layer."""

    @property
    def glyph(self) -> str:
        """The sign that goes with the colour."""
        return GLYPHS[self.verdict]

    @property
    def number(self) -> str:
        """The ratio in few signs: `0.26×`, `10⁻³·²`, `0`; "" where there is none."""
        if self.state == "zero":
            return "0"
        if self.state == "nonfinite":
            return "NaN"
        if self.state == "none":
            return ""
        return ratio_text(self.ratio) if not math.isnan(self.ratio) else f"{self.rms:.0e}"

    @property
    def width(self) -> float:
        """Of the stripe, in whole pixels at 100 %: 1.75 for each decade; 0 without a stripe."""
        if self.state == "none":
            return 0.0
        if self.state == "zero" or math.isnan(self.ratio):
            return _THINNEST
        decades = math.log10(self.ratio) if self.ratio > 0 else -math.inf
        width = _HEALTHY_WIDTH + _WIDTH_PER_DECADE * decades
        return float(round(min(_WIDEST, max(_THINNEST, width))))

    @property
    def sentence(self) -> str:
        """What a pointer on the wire, or one who cannot see it, is told."""
        if self.state == "none":
            return tr("No gradient is computed here: no layer before this wire is trained")
        if self.state == "zero":
            return tr(
                "The gradient that flows back into {label} is exactly 0: no layer before it "
                "learns anything from this step"
            ).format(label=self.label)
        if self.state == "nonfinite":
            return tr(
                "The gradient that flows back into {label} is no longer a finite number"
            ).format(label=self.label)
        if math.isnan(self.ratio):
            return tr(
                "The gradient that flows back into {label}: RMS ∂L/∂a {rms:.2g}; there is no "
                "last weight layer's to compare it with"
            ).format(label=self.label, rms=self.rms)
        return self._compared()

    def _compared(self) -> str:
        decades = math.log10(self.ratio) if self.ratio > 0 else -math.inf
        return tr(
            "The gradient that flows back into {label}: RMS ∂L/∂a {rms:.2g}, {ratio:.2g} × that "
            "of {end}, the last weight layer ({decades:+.1f} decades): {verdict}. The wire shows "
            "the value relative to that output end"
        ).format(
            label=self.label,
            rms=self.rms,
            ratio=self.ratio,
            end=self.end,
            decades=decades,
            verdict=WORDS[self.verdict],
        )


NO_GRADIENT = WireFigure("none", "unknown")


def ratio_text(ratio: float) -> str:
    """`0.26×` near to one, `10⁻³·²` far from it."""
    if _PLAIN[0] <= ratio < _PLAIN[1]:
        return f"{ratio:.2g}×"
    if not 0 < ratio < math.inf:
        return f"{ratio:g}×"
    return "10" + f"{math.log10(ratio):.1f}".translate(_SUPERSCRIPTS)


def wire_figures(layers: Sequence[LayerInfo], table: LayerTable) -> list[WireFigure]:
    """The gradient at the output of each row, compared with the last weight layer's by `judge`."""
    rms = table.activation_gradient_rms
    rows = weight_rows(layers)
    end = float(rms[rows[-1]]) if rows.size else math.nan
    label = layers[int(rows[-1])].label if rows.size else ""
    found = table.activation_gradients
    broken = np.isinf(rms) | (np.isnan(rms) & (found.totals > 0)) | (found.nonfinite > 0)
    # to 0 or to what is not finite nothing can be compared
    ratios = rms / end if 0 < end < math.inf else np.full(rms.size, math.nan)
    columns = (layers, rms.tolist(), ratios.tolist(), broken.tolist())
    return [_figure(*row, label) for row in zip(*columns, strict=True)]


def _figure(layer: LayerInfo, rms: float, ratio: float, broken: bool, end: str) -> WireFigure:
    if broken:
        return WireFigure("nonfinite", "nonfinite", rms, math.nan, layer.label, end)
    if math.isnan(rms):
        return NO_GRADIENT
    if rms == 0:
        return WireFigure("zero", "vanishing", rms, ratio, layer.label, end)
    verdict = "unknown" if math.isnan(ratio) else judge(ratio)
    return WireFigure("finite", verdict, rms, ratio, layer.label, end)


@dataclass(frozen=True, slots=True)
class Remark:
    """What a histogram cannot show, in words, and the name of its colour."""

    text: str = ""
    color: str = "muted"


NO_REMARK = Remark()
"""A histogram says it all."""


def card_remarks(table: LayerTable) -> list[Remark]:
    """For each row the share of dead, saturated, exactly zero or non-finite outputs, the worst first."""
    found = table.activations
    totals = np.maximum(found.totals, 1)
    columns = (found.nonfinite / totals, table.dead, table.saturation, found.zeros / totals)
    return [_remark(*row) for row in zip(*(c.tolist() for c in columns), strict=True)]


def _remark(nonfinite: float, dead: float, saturation: float, zeros: float) -> Remark:
    if nonfinite > 0:
        return Remark(
            tr("{glyph} {share} not finite").format(
                glyph=GLYPHS["nonfinite"], share=share_text(nonfinite)
            ),
            "nonfinite",
        )
    rows = zip(_SHARES, (dead, saturation, zeros), strict=True)
    shown = [text.format(share=share_text(share)) for text, share in rows if share > 0]
    # two shares have room beside each other when both are of a rectifier
    text = " · ".join(shown[: 2 if dead > 0 else 1])
    bad = dead >= _MANY or saturation >= _MANY
    return Remark(f"{GLYPHS['watch']} {text}", "warning") if bad else Remark(text)


def outcome_lines(history: RunHistory, epoch: int | None) -> tuple[str, ...]:
    """What the Output card says of an epoch: loss and accuracy, on training data and on validation data."""
    place = len(history.epochs) - 1 if epoch is None else min(epoch, len(history.epochs) - 1)
    names = ("train_loss", "validation_loss", "train_accuracy", "validation_accuracy")
    loss, other_loss, accuracy, other = (float(history.series(name)[place]) for name in names)
    lines = [tr("loss {loss:.3g}").format(loss=loss) + _versus(other_loss, f"{other_loss:.3g}")]
    if not math.isnan(accuracy):
        lines.append(
            tr("accuracy {accuracy:.1%}").format(accuracy=accuracy) + _versus(other, f"{other:.1%}")
        )
    if len(lines) > 1 or not math.isnan(other_loss):
        lines.append(tr("training | validation"))
    return tuple(lines)


def _versus(value: float, text: str) -> str:
    return "" if math.isnan(value) else f" | {text}"
