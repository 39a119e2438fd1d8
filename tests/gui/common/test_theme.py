"""The themes' colours against published measures: WCAG contrast, and Lab distance as colour-blind eyes see them."""

import itertools
import re
from dataclasses import fields

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.layers import CATEGORIES
from gui.common.theme import DARK, LIGHT, Theme, ThemeSource, palette_of, scaled_font

Floats = NDArray[np.float64]
VISIONS = {
    "trichromacy": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}
"""Machado, Oliveira and Fernandes 2009, severity 1, for linear RGB."""
APART = 10.0
"""A CIE76 distance of 2.3 is just noticeable; four times that tells thin lines apart."""
FLOW = ("vanishing", "healthy", "exploding", "nonfinite")

themes_both = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])


def _linear(color: str) -> Floats:
    """Linear RGB of `#rrggbb`, by the sRGB standard."""
    encoded = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def _contrast(one: str, other: str) -> float:
    """WCAG 2: the ratio of relative luminances, each with 0.05 of flare."""
    dark, light = sorted(
        float(_linear(color) @ (0.2126, 0.7152, 0.0722)) + 0.05 for color in (one, other)
    )
    return light / dark


def _lab(color: str, vision: str) -> Floats:
    """CIE L*a*b* under D65, of what an eye with this vision sees."""
    seen = np.clip(VISIONS[vision] @ _linear(color), 0.0, 1.0)
    to_xyz = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    )
    share = to_xyz @ seen / (0.95047, 1.0, 1.08883)
    x, y, z = np.where(share > (6 / 29) ** 3, np.cbrt(share), share / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def _closest(colors: tuple[str, ...], vision: str) -> tuple[float, str, str]:
    """The two colours that lie nearest to each other, and how near."""
    return min(
        (float(np.linalg.norm(_lab(a, vision) - _lab(b, vision))), a, b)
        for a, b in itertools.combinations(colors, 2)
    )


def test_the_formulas_here_give_the_published_values() -> None:
    assert _contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert _contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    np.testing.assert_allclose(_lab("#ff0000", "trichromacy"), [53.24, 80.09, 67.20], atol=0.02)
    for vision in VISIONS:
        np.testing.assert_allclose(_lab("#ffffff", vision), [100, 0, 0], atol=0.02)


@themes_both
@pytest.mark.parametrize("ground", ["window", "surface", "card"])
@pytest.mark.parametrize("ink", ["text", "muted", "error", "warning"])
def test_texts_stand_out_from_what_they_are_written_on(theme: Theme, ink: str, ground: str) -> None:
    assert _contrast(getattr(theme, ink), getattr(theme, ground)) >= 4.5


@themes_both
def test_text_on_the_accent_can_be_read(theme: Theme) -> None:
    assert _contrast(theme.accent_text, theme.accent) >= 4.5


@themes_both
@pytest.mark.parametrize("name", ["series", "categories"])
def test_curves_and_groups_stand_out_from_their_ground(theme: Theme, name: str) -> None:
    for color in getattr(theme, name):
        assert _contrast(color, theme.surface) >= 3.0
        assert _contrast(color, theme.card) >= 3.0


@themes_both
@pytest.mark.parametrize("name", [*FLOW, "accent", "ridge"])
def test_marks_stand_out_from_the_plot(theme: Theme, name: str) -> None:
    assert _contrast(getattr(theme, name), theme.surface) >= 3.0


@themes_both
@pytest.mark.parametrize("vision", VISIONS)
def test_series_stay_apart_for_every_eye(theme: Theme, vision: str) -> None:
    distance, *pair = _closest(theme.series, vision)
    assert distance >= APART, f"{pair} look alike"


@themes_both
@pytest.mark.parametrize("vision", VISIONS)
def test_verdicts_stay_apart_for_every_eye(theme: Theme, vision: str) -> None:
    distance, *pair = _closest(tuple(getattr(theme, name) for name in FLOW), vision)
    assert distance >= APART, f"{pair} look alike"


@themes_both
@pytest.mark.parametrize("vision", VISIONS)
def test_a_chosen_ridge_stays_apart_from_the_others(theme: Theme, vision: str) -> None:
    assert _closest((theme.ridge, theme.exploding), vision)[0] >= APART


@themes_both
def test_every_colour_is_six_digits_and_every_category_has_one(theme: Theme) -> None:
    values = [getattr(theme, field.name) for field in fields(theme)]
    words = [v for value in values for v in (value if isinstance(value, tuple) else (value,))]
    colors = [word for word in words if word not in {"light", "dark", "viridis"}]
    assert all(re.fullmatch("#[0-9a-f]{6}", color) for color in colors)
    assert len(theme.categories) == len(set(theme.categories)) == len(CATEGORIES)
    assert len(set(theme.series)) == len(theme.series)


@themes_both
def test_a_colour_takes_an_opacity(theme: Theme) -> None:
    color = theme.color("accent", 0.5)
    assert color.name() == theme.accent
    assert color.alphaF() == pytest.approx(0.5, abs=0.01)


@themes_both
@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        (QPalette.ColorRole.WindowText, QPalette.ColorRole.Window),
        (QPalette.ColorRole.Text, QPalette.ColorRole.Base),
        (QPalette.ColorRole.PlaceholderText, QPalette.ColorRole.Base),
        (QPalette.ColorRole.ButtonText, QPalette.ColorRole.Button),
        (QPalette.ColorRole.ToolTipText, QPalette.ColorRole.ToolTipBase),
        (QPalette.ColorRole.HighlightedText, QPalette.ColorRole.Highlight),
        (QPalette.ColorRole.Link, QPalette.ColorRole.Base),
    ],
)
def test_qts_palette_can_be_read(
    theme: Theme, ink: QPalette.ColorRole, ground: QPalette.ColorRole
) -> None:
    palette = palette_of(theme)
    assert _contrast(palette.color(ink).name(), palette.color(ground).name()) >= 4.5


@pytest.mark.parametrize(("choice", "theme"), [("light", LIGHT), ("dark", DARK)])
def test_a_chosen_theme_holds_and_is_announced_once(
    qapp: QApplication, qtbot: QtBot, choice: str, theme: Theme
) -> None:
    source, announced = ThemeSource(qapp, "dark" if choice == "light" else "light"), []
    source.changed.connect(lambda: announced.append(source.theme))
    for _ in range(2):
        source.choose("light" if choice == "light" else "dark")
    assert announced == [theme]
    assert source.choice == choice
    assert qapp.palette().color(QPalette.ColorRole.Window).name() == theme.window


def test_a_scaled_font_keeps_its_family(qapp: QApplication) -> None:
    font = QFont(qapp.font())
    scaled = scaled_font(font, 1.5, bold=True)
    assert scaled.pointSizeF() == pytest.approx(font.pointSizeF() * 1.5, rel=0.01)
    assert (scaled.family(), scaled.bold(), font.bold()) == (font.family(), True, False)
