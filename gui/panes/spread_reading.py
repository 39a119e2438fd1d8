"""What distributions say in words and numbers, computed from the tables alone. No Qt."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.language import tr
from engine.stats import TALLIES, Distribution, LayerTable
from engine.training import LayerInfo
from gui.common.scales import decade_label
from gui.training.reading import View, share_text, weight_rows

from .spread_axes import SpreadAxis, rows_of

Floats = NDArray[np.float64]
USUAL = 1e-3
"""Update : weight of a network that learns well is about this."""
BAND = 1e-4, 1e-2
"""Outside of it a layer is worth a look: DL4J calls log10 below −4 doubtful and above −2 bad."""
SATURATED = 0.5
DEAD = 0.5
_SIMILAR = 10.0
_HARDLY = 1.05


@dataclass(frozen=True, slots=True)
class Mark:
    """A share that no histogram shows, and the sign that stands for it."""

    glyph: str
    title: str
    help: str


ZERO = Mark("∅", tr("zero"), tr("Share of the numbers that are exactly 0"))
SATURATED_MARK = Mark(
    "◐",
    tr("saturated"),
    tr(
        "Share of pre-activations at which the activation's slope has all but gone: "
        "tanh beyond ±0.95, sigmoid outside 0.05 to 0.95, ELU and SELU at z below ln "
        "0.05, GELU at z below −2.5. Zeros of a ReLU are not among it"
    ),
)
DEAD_MARK = Mark(
    "†", tr("dead"), tr("Share of units whose output was 0 for every training sample of the epoch")
)


def capital(text: str) -> str:
    """With a capital at the beginning."""
    return text[0].upper() + text[1:]


class Remarks:
    """What ridges cannot show: what is not finite, overflow, else the shares above 0."""

    def __init__(self, shares: Sequence[tuple[Mark, Floats]], found: Distribution) -> None:
        totals = np.maximum(found.totals, 1)
        self._shares = shares
        self._broken, self._beyond = found.nonfinite / totals, found.overflow / totals
        said = (self._broken > 0) | (self._beyond > 0)
        for _, share in shares:
            said |= share > 0
        self.rows = np.flatnonzero(said)
        """The rows that there is something to say about."""

    def text(self, row: int) -> str:
        """The remark about a row."""
        if self._broken[row]:
            return tr("✕ {share} not finite").format(share=share_text(self._broken[row]))
        if self._beyond[row]:
            return tr("▲ {share} off scale").format(share=share_text(self._beyond[row]))
        known = ((mark.glyph, share[row]) for mark, share in self._shares)
        return "  ".join(f"{glyph} {share_text(share)}" for glyph, share in known if share > 0)


def zero_shares(found: Distribution) -> Floats:
    """Share of exact zeros in each row; NaN without a number."""
    totals = found.totals
    shares: Floats = np.divide(
        found.zeros, totals, out=np.full(totals.shape, math.nan), where=totals > 0
    )
    return shares


def activation_shares(table: LayerTable) -> tuple[tuple[Mark, Floats], ...]:
    """Exact zeros, saturated pre-activations and dead units of each layer."""
    zeros = zero_shares(table.activations)
    return (ZERO, zeros), (SATURATED_MARK, table.saturation), (DEAD_MARK, table.dead)


def row_text(
    name: str,
    found: Distribution,
    row: int,
    axis: SpreadAxis,
    shares: Sequence[tuple[Mark, Floats]],
) -> str:
    """One row's figures, for the read-out at the pointer."""
    low, middle, high = axis.quantiles(rows_of(found, np.array([row])))[0]
    text = tr("{name}: mean {mean:.3g}, σ {std:.3g}").format(
        name=name, mean=found.mean[row], std=found.std[row]
    )
    if not math.isnan(middle):
        text += tr("; p1 to p99 {low} to {high}, median {median}").format(
            low=axis.number(low), high=axis.number(high), median=axis.number(middle)
        )
    known = [(mark, share[row]) for mark, share in shares if not math.isnan(share[row])]
    return text + "".join(f"; {share_text(share)} {mark.title}" for mark, share in known)


def spread_caption(
    names: Sequence[str],
    found: Distribution,
    axis: SpreadAxis,
    what: str,
    ends: NDArray[np.integer] | None = None,
) -> str:
    """How large the numbers of the first and of the last row (of the rows `ends`) are, or what is wrong with them."""
    broken = _named(names, found.nonfinite > 0)
    if broken:
        return tr("{layers} has {what} that are not finite numbers").format(
            layers=broken, what=what
        )
    sizes = axis.size(found)
    rows = np.arange(len(names)) if ends is None or ends.size < 2 else ends
    known = rows[~np.isnan(sizes[rows])]
    if not known.size:
        return tr("there are no {what} yet").format(what=what)
    first, last = int(known[0]), int(known[-1])
    if first == last:
        return tr("the {measure} of the {what} of {layer} is {size:.2g}").format(
            measure=axis.measure, what=what, layer=names[first], size=sizes[first]
        )
    return tr(
        "the {measure} of the {what} goes from {start:.2g} at {first} to {end:.2g} at {last}"
    ).format(
        measure=axis.measure,
        what=what,
        start=sizes[first],
        first=names[first],
        end=sizes[last],
        last=names[last],
    )


def activation_caption(layers: Sequence[LayerInfo], table: LayerTable, axis: SpreadAxis) -> str:
    """The spread from the first to the last weight layer, and the layers that are dead or saturated."""
    found, names = table.activations, [info.label for info in layers]
    zero = _named(names, (found.zeros == found.totals) & (found.totals > 0))
    if zero and not found.nonfinite.any():
        return tr("every output of {layers} is exactly zero, so no gradient passes").format(
            layers=zero
        )
    words = spread_caption(names, found, axis, tr("outputs"), weight_rows(layers))
    for shares, limit, sentence in (
        (table.dead, DEAD, tr("; {share} of the units of {layer} are dead")),
        (table.saturation, SATURATED, tr("; {share} of {layer} is saturated")),
    ):
        if (shares >= limit).any():
            worst = int(np.nanargmax(shares))
            words += sentence.format(share=share_text(shares[worst]), layer=names[worst])
    return words


def since(
    names: Sequence[str], found: Distribution, before: Distribution, axis: SpreadAxis, when: str
) -> str:
    """What changed most since the epoch that is compared with."""
    now, then = axis.size(found), axis.size(before)
    known = np.flatnonzero((now > 0) & (then > 0) & np.isfinite(now) & np.isfinite(then))
    if not known.size:
        return tr("; nothing can be compared with {when}").format(when=when)
    changes = np.abs(np.log(now[known] / then[known]))
    most = int(known[int(changes.argmax())])
    if changes.max() < math.log(_HARDLY):
        return tr("; since {when} no layer's {measure} has changed by more than 5%").format(
            when=when, measure=axis.measure
        )
    return tr(
        "; since {when} the {measure} of {layer} has changed the most, from {then:.2g} to {now:.2g}"
    ).format(when=when, measure=axis.measure, layer=names[most], then=then[most], now=now[most])


def ratio_caption(names: Sequence[str], ratios: Floats) -> str:
    """Which layers learn too slowly or too fast, by update : weight (layers,)."""
    if np.isnan(ratios).all():
        return tr("no step has been measured yet, so no weight has been updated")
    broken = _named(names, np.isinf(ratios))
    if broken:
        return tr("the update of {layers} is no longer a finite number").format(layers=broken)
    still = _named(names, ratios == 0)
    if still:
        return tr("{layers} is not updated at all: update : weight is exactly 0").format(
            layers=still
        )
    return f"{_pace(names, ratios)}; {_outside(names, ratios)}"


def _pace(names: Sequence[str], ratios: Floats) -> str:
    slow, fast = int(np.nanargmin(ratios)), int(np.nanargmax(ratios))
    if slow == fast:
        return tr("update : weight of {layer} is {ratio:.2g}").format(
            layer=names[slow], ratio=ratios[slow]
        )
    factor = ratios[fast] / ratios[slow]
    if factor < _SIMILAR:
        return tr(
            "all layers learn at a similar pace: update : weight from {low:.2g} at "
            "{slow} to {high:.2g} at {fast}"
        ).format(low=ratios[slow], slow=names[slow], high=ratios[fast], fast=names[fast])
    return tr(
        "{slow} learns {factor} times slower than {fast}: update : weight "
        "{low:.2g} against {high:.2g}"
    ).format(
        slow=names[slow],
        factor=_times(factor),
        fast=names[fast],
        low=ratios[slow],
        high=ratios[fast],
    )


def _outside(names: Sequence[str], ratios: Floats) -> str:
    slow, fast = _named(names, ratios < BAND[0]), _named(names, ratios > BAND[1])
    if not slow and not fast:
        return tr("all within the usual band, 10⁻⁴ to 10⁻²")
    parts = ((tr("below it {layers}"), slow), (tr("above it {layers}"), fast))
    found = tr(" and ").join(words.format(layers=rows) for words, rows in parts if rows)
    return tr("the usual band is 10⁻⁴ to 10⁻²: {found}").format(found=found)


def _times(factor: float) -> str:
    """Two digits, and no more, in plain writing as long as it can be read."""
    if factor >= 1e6:
        return decade_label(math.log10(factor))
    return f"{float(f'{factor:.2g}'):,.0f}"


def table_of(
    rows: Sequence[tuple[str, str, int]],
    found: Distribution,
    axis: SpreadAxis,
    columns: Sequence[tuple[str, Floats]],
) -> tuple[list[str], list[list[Any]]]:
    """Header and rows for CSV: (layer, kind, epoch), the columns, moments, quantiles, tallies and bins."""
    half = found.counts.shape[1] // 2
    edges = axis.scale.edges
    lows = np.concatenate((edges[:half], edges[half + 1 : -1]))
    highs = np.concatenate((edges[1 : half + 1], edges[half + 2 :]))
    bins = [f"from {low:.6g} to {high:.6g}" for low, high in zip(lows, highs, strict=True)]
    places = axis.quantiles(found)
    header = ["layer", "kind", "epoch", *(name for name, _ in columns)]
    header += ["mean", "std", "p1", "median", "p99", *TALLIES, *bins]
    lines = [
        [
            *names,
            *(float(values[row]) for _, values in columns),
            float(found.mean[row]),
            float(found.std[row]),
            *(axis.value(place) for place in places[row]),
            *(int(getattr(found, name)[row]) for name in TALLIES),
            *found.counts[row].tolist(),
        ]
        for row, names in enumerate(rows)
    ]
    return header, lines


def _named(names: Sequence[str], mask: NDArray[np.bool_]) -> str:
    """The first of the layers, and how many more; "" without any."""
    rows = np.flatnonzero(mask)
    if not rows.size:
        return ""
    more = tr(" (and {count} more)").format(count=rows.size - 1) if rows.size > 1 else ""
    return f"{names[int(rows[0])]}{more}"


def short_when(view: View) -> str:
    """`epoch 3`, `the start`."""
    return view.when if view.epoch or view.step is not None else tr("the start")


def when_of(view: View) -> str:
    """`Epoch 3`, `Before training`."""
    return capital(view.when)
