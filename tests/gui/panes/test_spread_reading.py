"""What the panes of distributions say: shares, captions, comparisons and read-outs with the right numbers and names."""

import math
import re
from collections.abc import Sequence

import numpy as np
import pytest

from engine.stats import MAGNITUDES, VALUES, Distribution, LayerTable, bin_values
from engine.training import LayerInfo
from gui.panes.spread_axes import SIGNED, SIZES
from gui.panes.spread_reading import (
    DEAD_MARK,
    SATURATED_MARK,
    ZERO,
    Remarks,
    activation_caption,
    activation_shares,
    ratio_caption,
    row_text,
    short_when,
    since,
    spread_caption,
    table_of,
    zero_shares,
)
from gui.training.reading import View

NAN, INF = math.nan, math.inf
NAMES = [f"Linear {row}" for row in range(9)]


def _layers(*kinds: str) -> tuple[LayerInfo, ...]:
    return tuple(
        LayerInfo(f"layer_{row}", kind, f"{kind} {row}", kind == "Linear")
        for row, kind in enumerate(kinds)
    )


def _fill(found: Distribution, rows: Sequence[Sequence[float]], sizes: bool = False) -> None:
    for row, values in enumerate(rows):
        array = np.array(values, np.float64)
        if array.size and np.isfinite(array).all():
            found.mean[row], found.std[row] = array.mean(), array.std()
        found.set_histogram(row, bin_values(array, MAGNITUDES if sizes else VALUES))


def _found(*rows: Sequence[float], sizes: bool = False) -> Distribution:
    found = Distribution.empty(len(rows))
    _fill(found, rows, sizes)
    return found


def _table(*rows: Sequence[float]) -> LayerTable:
    table = LayerTable.empty(len(rows), 32)
    _fill(table.activations, rows)
    return table


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (([3, -3], [9], [0.5, -0.5]), "spread σ of the outputs goes from 3 at Linear 0 to 0.5 at"),
        (([1], [0, 0], [1]), "every output of ReLU 1 is exactly zero, so no gradient passes"),
        (([0], [0], [1, 0]), "every output of Linear 0 (and 1 more) is exactly zero"),
        (([1], [0], [NAN]), "Linear 2 has outputs that are not finite numbers"),
        (([1, INF], [1], [-INF]), "Linear 0 (and 1 more) has outputs that are not finite numbers"),
    ],
)
def test_the_activation_caption_says_what_matters_most(rows: list[list[float]], words: str) -> None:
    caption = activation_caption(_layers("Linear", "ReLU", "Linear"), _table(*rows), SIGNED)
    assert words in caption


@pytest.mark.parametrize(
    ("dead", "saturation", "words"),
    [
        ([NAN, 0.49], [NAN, 0.49], ""),
        ([NAN, 0.5], [NAN, NAN], "; 50% of the units of Tanh 1 are dead"),
        ([0.6, 0.999], [0.7, NAN], "; >99% of the units of Tanh 1 are dead; 70% of Linear 0 is"),
        ([NAN, NAN], [NAN, NAN], ""),
    ],
)
def test_many_dead_or_saturated_are_named(
    dead: list[float], saturation: list[float], words: str
) -> None:
    table = _table([1.0, -1.0], [2.0, -2.0])
    table.dead[:], table.saturation[:] = dead, saturation
    caption = activation_caption(_layers("Linear", "Tanh"), table, SIGNED)
    assert words in caption
    assert ("dead" in caption, "saturated" in caption) == ("dead" in words, "70%" in words)


def test_without_two_weight_layers_all_layers_are_spoken_of() -> None:
    caption = activation_caption(_layers("Linear", "ReLU"), _table([1, -1], [4, 0]), SIGNED)
    assert caption == "the spread σ of the outputs goes from 1 at Linear 0 to 2 at ReLU 1"


@pytest.mark.parametrize(
    ("rows", "pattern"),
    [
        (([1e-3] * 9, [1e-6] * 9), r"goes from (\S+) at Linear 0 to (\S+) at Linear 1"),
        (([0.0] * 9, [1e-6] * 9), r"goes from (\S+) at Linear 0 to (\S+) at Linear 1"),
        (([], [1e-3] * 9), r"the median size of the updates of Linear 1 is (\S+)"),
        (([], []), "^there are no updates yet$"),
    ],
)
def test_sizes_are_told_by_their_median(rows: list[list[float]], pattern: str) -> None:
    text = spread_caption(NAMES[: len(rows)], _found(*rows, sizes=True), SIZES, "updates")
    match = re.search(pattern, text)
    assert match is not None
    exact = [np.median(row) for row in rows if row]
    np.testing.assert_allclose([float(word) for word in match.groups()], exact, rtol=0.5)


@pytest.mark.parametrize(
    ("values", "remark"),
    [
        ([1.0, -2.0, 1e-30], None),
        ([0.0, 0.0, 0.0, 1.0], "∅ 75%"),
        ([0.0] * 5, "∅ 100%"),
        ([0.0] + [1.0] * 999, "∅ <1%"),
        ([0.0] * 999 + [1.0], "∅ >99%"),
        ([1.0, -5e3], "▲ 50% off scale"),
        ([1.0, NAN, -INF, 1e30, 0.0], "✕ 40% not finite"),
        ([], None),
    ],
)
def test_a_remark_names_what_a_ridge_cannot_show(values: list[float], remark: str | None) -> None:
    found = _found(values)
    remarks = Remarks(((ZERO, zero_shares(found)),), found)
    assert remarks.rows.tolist() == ([] if remark is None else [0])
    assert remark is None or remarks.text(0) == remark


def test_remarks_give_each_share_its_sign() -> None:
    table = _table([0.0, 1.0], [1.0], [0.0, 0.0, 0.0, 5.0])
    table.saturation[:] = [NAN, 0.25, 0.0]
    table.dead[:] = [0.125, NAN, 0.5]
    shares = activation_shares(table)
    assert [mark for mark, _ in shares] == [ZERO, SATURATED_MARK, DEAD_MARK]
    remarks = Remarks(shares, table.activations)
    assert [remarks.text(row) for row in remarks.rows] == ["∅ 50%  † 12%", "◐ 25%", "∅ 75%  † 50%"]


def test_a_rows_read_out_has_all_figures() -> None:
    values = np.random.default_rng(0).normal(0.5, 2.0, 4_000)
    values[:400] = 0.0
    found = _found(values)
    text = row_text("Linear 4", found, 0, SIGNED, ((ZERO, zero_shares(found)),))
    assert text.startswith(f"Linear 4: mean {values.mean():.3g}, σ {values.std():.3g}; p1 to p99 ")
    assert text.endswith("; 10% zero")
    match = re.search(r"p1 to p99 (\S+) to (\S+), median ([^;]+);", text)
    assert match is not None
    low, high, middle = (float(word) for word in match.groups())
    exact = np.quantile(values, [0.01, 0.5, 0.99])
    np.testing.assert_allclose([low, middle, high], exact, rtol=0.25, atol=0.05)


def test_what_changed_most_since_the_pinned_epoch_is_named() -> None:
    before, now = _found([1, -1], [2, -2], [4, -4]), _found([1.2, -1.2], [0.5, -0.5], [5, -5])
    text = since(NAMES, now, before, SIGNED, "epoch 2")
    assert text == "; since epoch 2 the spread σ of Linear 1 has changed the most, from 2 to 0.5"
    whens = [short_when(View(_table([1.0]), *at)) for at in ((0, None), (0, 3), (4, None))]
    assert whens == ["the start", "epoch 0, batch 3", "epoch 4"]
    assert "has changed by more than 5%" in since(NAMES, now, now, SIGNED, "epoch 2")
    assert "nothing can be compared" in since(NAMES, now, _found([], [], []), SIGNED, "epoch 2")


@pytest.mark.parametrize(
    ("ratios", "words"),
    [
        (
            [1e-5, NAN, 1e-3],
            "Linear 0 learns 100 times slower than Linear 2: update : weight 1e-05",
        ),
        ([1e-5, 1e-3], "usual band is 10⁻⁴ to 10⁻²: below it Linear 0"),
        ([1e-5, 1e-5, 0.5], "below it Linear 0 (and 1 more) and above it Linear 2"),
        ([2e-9, 1e-1], "learns 10⁸ times slower"),
        ([1.1e-6, 1e-3], "learns 910 times slower"),
        ([2e-4, 1.3e-3], "a similar pace: update : weight from 0.0002 at Linear 0 to 0.0013 at"),
        ([2e-4, 1.3e-3], "all within the usual band"),
        ([1e-4, 1e-2], "all within the usual band"),
        ([3e-3], "update : weight of Linear 0 is 0.003; all within"),
        ([NAN, NAN], "no step has been measured yet"),
        ([1e-3, 0.0, 0.0], "Linear 1 (and 1 more) is not updated at all"),
        ([0.0, INF], "the update of Linear 1 is no longer a finite number"),
    ],
)
def test_the_ratio_caption_says_who_learns_too_slowly_or_too_fast(
    ratios: list[float], words: str
) -> None:
    assert words in ratio_caption(NAMES, np.array(ratios))


def test_a_table_holds_columns_figures_and_every_bin() -> None:
    values = np.random.default_rng(1).normal(0.0, 1.0, 300)
    found = _found(values, [0.0, 0.0, 1e9])
    header, rows = table_of(
        [("a", "Linear", 3), ("b", "ReLU", 3)], found, SIGNED, (("dead", np.array([NAN, 0.5])),)
    )
    records = [dict(zip(header, row, strict=True)) for row in rows]
    assert [record["layer"] for record in records] == ["a", "b"]
    assert records[1]["dead"] == 0.5
    assert (records[1]["zeros"], records[1]["overflow"]) == (2, 1)
    assert records[0]["std"] == values.std()
    bins = [name for name in header if name.startswith("from ")]
    borders = np.array([[float(word) for word in name.split()[1::2]] for name in bins])
    for low, high, count in (
        (*border, records[0][name]) for border, name in zip(borders, bins, strict=True)
    ):
        inside = ((values >= low * (1 - 1e-5)) & (values <= high * (1 + 1e-5))) | (
            (values >= low * (1 + 1e-5)) & (values <= high * (1 - 1e-5))
        )
        assert count <= inside.sum()
    assert sum(records[0][name] for name in bins) == 300
