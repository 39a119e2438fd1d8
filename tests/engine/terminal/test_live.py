"""The table of layers in a terminal: histograms against numpy's, bars against their definition."""

import contextlib
import io
import math
import unicodedata
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console

from engine.stats import EpochStats, LayerTable, StepStats, bin_values
from engine.terminal.live import LiveView, plain_table, sparkline
from engine.training import LayerInfo

LIMIT = math.asinh(10.0 / 0.1)
CELLS = 21
BORDERS = 0.1 * np.sinh(np.linspace(-LIMIT, LIMIT, CELLS + 1))
CENTRES = 0.1 * np.sinh(np.linspace(-LIMIT, LIMIT, 2 * CELLS + 1)[1::2])
BLOCKS = " ▁▂▃▄▅▆▇█"


def _table(values: Sequence[NDArray[np.float64]]) -> LayerTable:
    table = LayerTable.empty(len(values), 1)
    for row, outputs in enumerate(values):
        table.activations.set_histogram(row, bin_values(outputs))
    return table


def _line(*values: float) -> str:
    return sparkline(_table([np.array(values, np.float64)]), 0)


def _epoch(
    gradients: Sequence[float], accuracy: float | None = 0.9, loss: float | None = 0.4
) -> EpochStats:
    table = _table([np.full(3, 0.5)] * len(gradients))
    table.activation_gradient_rms[:] = gradients
    return EpochStats(
        epoch=3,
        train_loss=0.25,
        train_accuracy=None,
        validation_loss=loss,
        validation_accuracy=accuracy,
        seconds=1.0,
        learning_rate=0.1,
        noise_scale=8.0,
        layers=table,
        steps=StepStats.of([], [], [], []),
    )


def _infos(labels: Sequence[str]) -> list[LayerInfo]:
    return [
        LayerInfo(f"linear_{place}", "Linear", label, True) for place, label in enumerate(labels)
    ]


def _drawn(
    stats: EpochStats, labels: Sequence[str] | None = None, *, in_unicode: bool = True
) -> list[str]:
    """The table's lines on a terminal of 80 columns: a title, the columns' names, and a line for each layer."""
    rows = len(stats.layers.activation_gradient_rms)
    infos = _infos(labels or [f"Layer {row}" for row in range(rows)])
    file = io.StringIO()
    Console(file=file, width=80, color_system=None).print(
        plain_table(infos, stats, 5, in_unicode=in_unicode)
    )
    return file.getvalue().splitlines()


def _after_histogram(lines: Sequence[str]) -> list[str]:
    """What stands to the right of the histogram in each layer's line: the bar and the number."""
    place = lines[1].index("gradient")
    return [line[place:] for line in lines[2:]]


def _bars(*gradients: float, in_unicode: bool = True) -> list[str]:
    lines = _drawn(_epoch(gradients), in_unicode=in_unicode)
    return [cells[:22].strip() for cells in _after_histogram(lines)]


def _columns(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in line)


def _levels(line: str) -> NDArray[np.int64]:
    return np.array([BLOCKS.index(letter) for letter in line], np.int64)


@pytest.mark.parametrize(
    ("centre", "spread"), [(0.0, 1.0), (0.0, 0.05), (2.0, 0.5), (-4.0, 2.0), (0.3, 0.1)]
)
def test_sparkline_is_the_histogram_of_the_values(centre: float, spread: float) -> None:
    values = np.random.default_rng(1).normal(centre, spread, 200_000)
    counts, _ = np.histogram(values, BORDERS)
    expected = np.ceil(counts / counts.max() * (len(BLOCKS) - 1))
    levels = _levels(sparkline(_table([values]), 0))
    assert np.abs(levels - expected).max() <= 1
    assert levels.max() == len(BLOCKS) - 1
    assert np.corrcoef(levels, expected)[0, 1] > 0.99


@pytest.mark.parametrize("cell", range(CELLS))
def test_sparkline_of_one_value_fills_one_cell(cell: int) -> None:
    expected = " " * cell + "█" + " " * (CELLS - cell - 1)
    assert _line(float(CENTRES[cell])) == expected


@pytest.mark.parametrize("values", [(0.0,), (-0.0,), (1e-9,), (-1e-30,), (0.0, 1e-40)])
def test_sparkline_counts_zeros_and_tiny_values_in_the_middle(values: tuple[float, ...]) -> None:
    assert _line(*values) == f"{'█':^21}"


def test_sparkline_shows_even_a_rare_value() -> None:
    line = _line(*[0.0] * 10_000, CENTRES[18])
    assert (line[10], line[18]) == ("█", "▁")


@pytest.mark.parametrize("values", [(), (math.nan, math.inf), (11.0, -5_000.0, 1e30)])
def test_sparkline_is_blank_without_a_value_in_reach(values: tuple[float, ...]) -> None:
    assert _line(*values) == " " * CELLS


def test_sparkline_is_not_flattened_by_what_is_out_of_reach() -> None:
    assert _line(1.0, *[1e6] * 1_000, math.nan) == _line(1.0)


def test_sparkline_reads_its_own_row() -> None:
    table = _table([np.array([CENTRES[0]]), np.array([CENTRES[20]])])
    assert [sparkline(table, row).index("█") for row in (0, 1)] == [0, 20]


def test_bar_loses_a_sixth_of_its_length_with_each_decade() -> None:
    bars = _bars(*(10.0**-decade for decade in range(8)), 1.0)
    assert [bar.count("█") for bar in bars] == [12, 10, 8, 6, 4, 2, 0, 0, 12]


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_bar_does_not_depend_on_the_scale_of_the_loss(scale: float) -> None:
    assert _bars(1e-3 * scale, scale) == _bars(1e-3, 1.0)


@pytest.mark.parametrize(
    ("share", "sign"), [(0.019, "▼"), (0.021, "●"), (99.0, "●"), (101.0, "▲"), (math.inf, "✕")]
)
def test_bar_begins_with_its_verdict(share: float, sign: str) -> None:
    assert _bars(share, 1.0)[0].startswith(sign)


def test_exploding_bar_stays_in_its_column() -> None:
    assert _bars(1e30, 1.0)[0] == "▲ " + "█" * 12


def test_bar_is_relative_to_the_last_layer_that_has_a_gradient() -> None:
    assert [bar.count("█") for bar in _bars(1e-2, 1.0, math.nan)] == [8, 12, 0]


def test_layer_without_a_gradient_has_neither_bar_nor_number() -> None:
    lines = _drawn(_epoch([math.nan, 1.0]))
    assert _after_histogram(lines)[0].strip() == ""


def test_bars_are_left_out_when_the_last_gradient_is_zero() -> None:
    assert _bars(1.0, 0.0) == ["", ""]


def test_number_is_the_gradient_itself() -> None:
    rows = _drawn(_epoch([2.5e-7, 4.0]))[2:]
    assert [row.split()[-1] for row in rows] == ["2.5e-07", "4.0e+00"]


@pytest.mark.parametrize(
    ("accuracy", "loss", "title"),
    [
        (0.9, 0.4, "epoch 3 of 5, loss 0.25, validation accuracy 90.0%"),
        (None, 0.4, "epoch 3 of 5, loss 0.25, validation loss 0.4"),
        (None, None, "epoch 3 of 5, loss 0.25"),
    ],
)
def test_title_says_how_far_the_training_is(
    accuracy: float | None, loss: float | None, title: str
) -> None:
    assert _drawn(_epoch([1.0], accuracy, loss))[0].strip() == title


@pytest.mark.parametrize("in_unicode", [True, False])
@pytest.mark.parametrize("label", ["ReLU 1", "x" * 80, "漢字" * 20, ""])
def test_table_fits_eighty_columns(label: str, in_unicode: bool) -> None:
    stats = _epoch([1e-300, 1e300, math.inf, 1.0])
    lines = _drawn(stats, [label] * 4, in_unicode=in_unicode)
    assert len(lines) == 6
    assert max(_columns(line) for line in lines) <= 80


def test_ordinary_names_are_not_cut() -> None:
    names = ["BatchNorm 1d 12", "Max pool 2d 100"]
    lines = _drawn(_epoch([1e-4, 1.0]), names)
    assert [line[:16].strip() for line in lines[2:]] == names


def test_table_without_unicode_is_plain_ascii() -> None:
    text = "".join(_drawn(_epoch([1e-3, 1e3, math.inf, 1.0]), in_unicode=False))
    assert text.isascii()


def test_ascii_bars_carry_the_same_verdicts_and_lengths() -> None:
    bars = _bars(1e-3, 1e3, math.inf, 1.0, in_unicode=False)
    full = "#" * 12
    assert bars == ["v ######", f"^ {full}", "x", f"o {full}"]


def _console(encoding: str, *, terminal: bool) -> tuple[Console, io.BytesIO]:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
    return Console(file=file, width=80, force_terminal=terminal, legacy_windows=False), raw


@pytest.mark.parametrize(("encoding", "sign"), [("utf-8", "●"), ("ascii", "o ####")])
def test_live_view_speaks_the_terminals_encoding(encoding: str, sign: str) -> None:
    console, raw = _console(encoding, terminal=True)
    with LiveView(console, _infos(["Linear 1"]), 5) as view:
        view.show(_epoch([1.0]))
    text = raw.getvalue().decode(encoding)
    assert "epoch 3 of 5" in text
    assert sign in text
    console.file.close()


def test_live_view_draws_nothing_into_a_file() -> None:
    console, raw = _console("utf-8", terminal=False)
    with LiveView(console, _infos(["Linear 1"]), 5) as view:
        view.show(_epoch([1.0]))
    assert raw.getvalue() == b""
    console.file.close()


def test_live_view_gives_the_cursor_back_after_an_interruption() -> None:
    console, raw = _console("utf-8", terminal=True)
    with contextlib.suppress(KeyboardInterrupt), LiveView(console, _infos(["ReLU 1"]), 5) as view:
        view.show(_epoch([1.0]))
        raise KeyboardInterrupt
    text = raw.getvalue().decode("utf-8")
    assert text.rfind("\x1b[?25h") > text.rfind("\x1b[?25l")
    console.file.close()
