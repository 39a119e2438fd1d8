"""The microscope as it is drawn: curves are closed forms, the hill is the histogram, it follows the playhead."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot

from engine.graph import Node
from engine.layers import CATALOGUE
from engine.training import RunHistory
from gui.common.theme import ThemeSource
from gui.inspector.chart import Area, Chart, Curve, Picture, decade_ticks, linear_ticks
from gui.inspector.microscope import Microscope
from tests.gui.inspector.instruments import history_of

LINEAR = Node("linear_2", "Linear", "", {}, 0.0, 0.0)
RANDOM = np.random.default_rng(7)
Show = Callable[..., Microscope]


@pytest.fixture
def show(themes: ThemeSource, qtbot: QtBot) -> Show:
    """Shows the microscope on an activation of a kind, and a run of it."""

    def make(kind: str, history: RunHistory | None = None) -> Microscope:
        microscope = Microscope(themes)
        qtbot.addWidget(microscope)
        microscope.resize(296, 500)
        spec = CATALOGUE[kind]
        microscope.show_history(history)
        node = Node(f"{kind.lower()}_3", kind, "", spec.defaults, 0.0, 0.0)
        microscope.show_activation(spec, node, LINEAR)
        with qtbot.waitExposed(microscope):
            microscope.show()
        return microscope

    return make


def _run(kind: str, epochs: int = 2, **columns: np.ndarray) -> RunHistory:
    spec = CATALOGUE[kind]
    assert spec.function is not None
    before = [RANDOM.normal(0.2 * epoch, 1.0 + epoch, 3_000) for epoch in range(epochs)]
    return history_of(
        ["Linear", kind], before, [spec.function(x, spec.defaults) for x in before], **columns
    )


def _drawn(microscope: Microscope, name: str) -> tuple[np.ndarray, np.ndarray]:
    return microscope.chart.drawn(name)


@pytest.mark.parametrize(
    ("kind", "function", "slope"),
    [
        ("Tanh", np.tanh, lambda z: 1 / np.cosh(z) ** 2),
        ("Sigmoid", lambda z: 1 / (1 + np.exp(-z)), lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2),
        ("ReLU", lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0),
        (
            "ELU",
            lambda z: np.where(z > 0, z, np.exp(z) - 1),
            lambda z: np.where(z > 0, 1, np.exp(z)),
        ),
    ],
)
def test_function_and_slope_are_drawn_as_their_closed_forms(
    show: Show, kind: str, function: Callable, slope: Callable
) -> None:
    microscope = show(kind)
    z, f = _drawn(microscope, "function")
    assert (z[0], z[-1]) == (pytest.approx(-5.0), pytest.approx(5.0))
    np.testing.assert_allclose(f, function(np.round(z, 9)), atol=1e-6)
    z, f = _drawn(microscope, "slope")
    np.testing.assert_allclose(f, slope(np.round(z, 9)), atol=1e-6)


def test_before_training_the_hill_is_a_standard_normal_and_says_so(show: Show) -> None:
    microscope = show("Tanh")
    x, height = _drawn(microscope, "arriving")
    half = x.size // 2
    steps = height[half:][::-1]
    shares = steps[::2] / steps.sum() * 2
    edges = np.linspace(-5, 5, shares.size + 1)
    below = np.array([0.5 * (1 + math.erf(edge / math.sqrt(2))) for edge in edges])
    np.testing.assert_allclose(shares, np.diff(below), atol=1e-6)
    assert "standard normal input" in microscope.words.text()
    assert "6.7% of a standard normal input" in microscope.words.text()


def test_the_hill_stands_for_the_histogram(show: Show) -> None:
    history = _run("Tanh", 1)
    microscope = show("Tanh", history)
    x, height = _drawn(microscope, "arriving")
    half = x.size // 2
    steps = height[half:][::-1][::2]
    assert any(area.legend == "pre-activations" for area in microscope.chart.picture.areas)
    counts = history.epochs[0].layers.activations.counts[0]
    positive = steps[steps.size // 2 :].sum() / steps.sum()
    assert positive == pytest.approx(counts[128:].sum() / counts.sum(), abs=2e-3)


def test_saturated_areas_are_hatched_where_the_slope_has_gone(show: Show) -> None:
    microscope = show("Tanh")
    edge = math.atanh(0.95)
    for name, ends in (("saturated 0", (-5.0, -edge)), ("saturated 1", (edge, 5.0))):
        x, y = _drawn(microscope, name)
        assert (x.min(), x.max()) == (pytest.approx(ends[0]), pytest.approx(ends[1]))
        assert (y.min(), y.max()) == (pytest.approx(0.0), pytest.approx(1.0))


def test_it_follows_the_playhead_and_the_growing_run(show: Show, qtbot: QtBot) -> None:
    share = np.array([0.11, 0.22, 0.33])
    history, longer = (_run("Tanh", epochs, saturation=share) for epochs in (2, 3))
    microscope = show("Tanh", history)
    assert "22.0%" in microscope.words.text()
    microscope.set_epoch(0)
    qtbot.waitUntil(lambda: "11.0%" in microscope.words.text())
    assert microscope.words.text().startswith("Before training. Pre-activations: mean")
    history.add_epoch(longer.epochs[2])
    microscope.data_changed()
    microscope.set_epoch(None)
    qtbot.waitUntil(lambda: "33.0%" in microscope.words.text())
    assert microscope.words.text().startswith("Epoch 2. Pre-activations")
    assert "33.0%" in microscope.chart.accessibleDescription()


def test_folded_or_hidden_it_does_not_draw(show: Show, qtbot: QtBot) -> None:
    share = np.array([0.11, 0.22])
    microscope = show("Tanh", _run("Tanh", 2, saturation=share))
    microscope.heading.click()
    microscope.set_epoch(0)
    qtbot.wait(60)
    assert "22.0%" in microscope.words.text()
    microscope.heading.click()
    qtbot.waitUntil(lambda: "11.0%" in microscope.words.text())


def test_prelu_draws_the_slope_that_it_has_learned(show: Show, qtbot: QtBot) -> None:
    slopes = np.array([[0.25, 0.0], [0.1, 0.02], [-0.2, 0.03]])
    microscope = show("PReLU", _run("PReLU", 3, slopes=slopes))
    epochs, track = microscope.track.drawn("slope")
    np.testing.assert_allclose(epochs, [0, 1, 2], atol=1e-9)
    np.testing.assert_allclose(track, slopes[:, 0], atol=1e-9)
    z, f = _drawn(microscope, "function")
    np.testing.assert_allclose(f[z < 0], -0.2 * z[z < 0], atol=1e-9)
    z, f = _drawn(microscope, "first")
    np.testing.assert_allclose(f[z < 0], 0.25 * z[z < 0], atol=1e-9)
    assert microscope.track.picture.marks[0].x == 2
    microscope.set_epoch(1)
    qtbot.waitUntil(lambda: microscope.track.picture.marks[0].x == 1)
    words = "(epoch 1): 0.1 ± 0.02 over the channels; it began at 0.25"
    assert words in microscope.track_words.text()
    microscope.show_history(None)
    qtbot.waitUntil(microscope.track.isHidden)


def test_rrelu_draws_its_slopes_inside_their_band(show: Show) -> None:
    microscope = show("RReLU")
    x, y = _drawn(microscope, "draws")
    ends = x < -1
    drawn = y[ends] / x[ends]
    assert drawn.size == 24
    assert drawn.min() >= 0.125
    assert drawn.max() <= 1 / 3 + 1e-9
    band_x, band_y = _drawn(microscope, "slopes")
    far = band_x == band_x.min()
    assert sorted(band_y[far] / band_x[far]) == pytest.approx([0.125, 1 / 3])


def test_selu_marks_its_fixed_point_in_the_hills_own_measure(show: Show) -> None:
    microscope = show("SELU")
    z, outline = _drawn(microscope, "fixed point")
    _, hill = _drawn(microscope, "arriving")
    # before training the hill is the standard normal itself
    assert outline.max() == pytest.approx(hill.max(), rel=0.01)
    assert z[int(outline.argmax())] == pytest.approx(0.0, abs=1e-6)


def test_the_pointer_reads_f_slope_and_share(show: Show) -> None:
    microscope = show("Tanh")
    chart = microscope.chart
    text = chart.picture.says(1.0)
    assert text.startswith("z = 1: f = 0.7616, f′ = 0.42")
    assert "of the standard normal numbers lie from" in text
    middle = QPoint(chart.width() // 2, chart.height() // 2)
    event = QHelpEvent(QHelpEvent.Type.ToolTip, middle, chart.mapToGlobal(middle))
    QApplication.sendEvent(chart, event)
    assert QToolTip.text().startswith("z = ")
    QToolTip.hideText()


def test_the_theme_repaints(show: Show, themes: ThemeSource) -> None:
    microscope = show("Tanh")
    place = QPoint(microscope.chart.width() - 12, microscope.chart.height() // 2)
    light = microscope.chart.grab().toImage().pixelColor(place).lightness()
    themes.choose("dark")
    dark = microscope.chart.grab().toImage().pixelColor(place).lightness()
    assert light > 128 > dark


def test_chart_leaves_gaps_and_keeps_its_legend_inside(themes: ThemeSource, qtbot: QtBot) -> None:
    chart = Chart(themes, "A chart", 100)
    qtbot.addWidget(chart)
    chart.resize(240, 100)
    x, y = np.arange(6.0), np.array([0.0, 1.0, np.nan, np.nan, 4.0, 5.0])
    legend = ["a rather long legend"] * 4
    curves = [Curve(f"c{place}", x, y, "accent", legend=text) for place, text in enumerate(legend)]
    area = Area("a", x, np.zeros(6), np.ones(6), "muted")
    picture = Picture((0.0, 5.0), (0.0, 5.0), [(0.0, "0")], [(5.0, "5")], [area], curves)
    chart.show_picture(picture, "words")
    drawn = chart.drawn("c0")
    np.testing.assert_allclose(drawn[0], [0, 1, 4, 5], atol=1e-9)
    np.testing.assert_allclose(drawn[1], [0, 1, 4, 5], atol=1e-9)
    assert chart.height() > 100
    assert chart.accessibleDescription() == "words"
    border = chart.drawn("a")
    assert (border[1].min(), border[1].max()) == (pytest.approx(0), pytest.approx(1))


def test_tooltip_place_outside_the_plot_says_nothing(show: Show) -> None:
    microscope = show("Tanh")
    chart = microscope.chart
    QToolTip.hideText()
    chart._say(QPointF(1.0, 1.0), QPointF(1.0, 1.0))
    assert QToolTip.text() == ""


def test_ticks() -> None:
    assert [text for _, text in linear_ticks(-1.2, 1.2, 5)] == ["−1", "−0.5", "0", "0.5", "1"]
    assert linear_ticks(1.0, 1.0) == []
    assert [text for _, text in decade_ticks(-6.1, 0.2)] == ["10⁻⁶", "10⁻⁴", "0.01", "1"]
    assert [value for value, _ in decade_ticks(-0.5, 0.5)] == [0.0]
