"""The themes' colours against published measures: WCAG contrast, and CIEDE2000 as colour-blind eyes see them."""

import itertools
import re
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from engine.layers import CATEGORIES
from gui.common.settings import Settings
from gui.common.theme import (
    DARK,
    HIGH_CONTRAST,
    LIGHT,
    PROJECTOR,
    THEME_CHOICES,
    THEMES,
    Theme,
    ThemeChoice,
    ThemeName,
    ThemeSource,
    palette_of,
    scaled_font,
)

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
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
"""Machado, Oliveira and Fernandes 2009 (doi 10.1109/TVCG.2009.113), severity 1, for linear RGB."""
APART = 10.0
"""A CIEDE2000 distance of 1 is just noticeable side by side; ten times that tells thin lines apart."""
CROWD_APART = 7.0
"""The same for all six curves, of which a pane seldom draws more than four."""
FLOW = ("vanishing", "healthy", "exploding", "nonfinite")

every_theme = pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)


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


def _difference(one: Floats, other: Floats) -> float:
    """CIEDE2000 of two L*a*b* colours, in the notation of Sharma, Wu and Dalal 2005."""
    mean_c = (np.hypot(*one[1:]) + np.hypot(*other[1:])) / 2
    g = 0.5 * (1 - np.sqrt(mean_c**7 / (mean_c**7 + 25**7)))
    (l1, c1, h1), (l2, c2, h2) = (_polar(lab, 1 + g) for lab in (one, other))
    turn = 0.0 if c1 * c2 == 0 else (h2 - h1 + 180) % 360 - 180
    dl, dc, dh = l2 - l1, c2 - c1, 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))
    lightness, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    hue = (h1 + turn / 2) % 360 if c1 * c2 else h1 + h2
    t = 1 + sum(
        weight * np.cos(np.radians(times * hue + shift))
        for weight, times, shift in ((-0.17, 1, -30), (0.24, 2, 0), (0.32, 3, 6), (-0.20, 4, -63))
    )
    s_l = 1 + 0.015 * (lightness - 50) ** 2 / np.sqrt(20 + (lightness - 50) ** 2)
    s_c, s_h = 1 + 0.045 * chroma, 1 + 0.015 * chroma * t
    twist = np.radians(60 * np.exp(-(((hue - 275) / 25) ** 2)))
    r_t = -np.sin(twist) * 2 * np.sqrt(chroma**7 / (chroma**7 + 25**7))
    parts = dl / s_l, dc / s_c, dh / s_h
    return float(np.sqrt(sum(part**2 for part in parts) + r_t * parts[1] * parts[2]))


def _polar(lab: Floats, stretch: float) -> tuple[float, float, float]:
    a = lab[1] * stretch
    return lab[0], float(np.hypot(a, lab[2])), float(np.degrees(np.arctan2(lab[2], a)) % 360)


def _closest(colors: tuple[str, ...], vision: str) -> tuple[float, str, str]:
    """The two colours that lie nearest to each other, and how near."""
    return min(
        (_difference(_lab(a, vision), _lab(b, vision)), a, b)
        for a, b in itertools.combinations(colors, 2)
    )


@pytest.mark.parametrize(
    ("one", "other", "difference"),
    [
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, -1.0, 2.0), (50.0, 0.0, 0.0), 2.3669),
        ((50.0, 2.5, 0.0), (50.0, 0.0, -2.5), 4.3065),
        ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
        ((50.0, 2.5, 0.0), (61.0, -5.0, 29.0), 22.8977),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_differences_are_those_of_the_published_table(
    one: tuple[float, ...], other: tuple[float, ...], difference: float
) -> None:
    """Sharma, Wu and Dalal 2005, table 1."""
    found = _difference(np.array(one), np.array(other))
    assert found == pytest.approx(difference, abs=5e-5)


def _needed(theme: Theme) -> float:
    """WCAG 2.2: level AA, and level AAA for those who ask for contrast."""
    return 7.0 if theme is HIGH_CONTRAST else 4.5


def test_the_formulas_here_give_the_published_values() -> None:
    assert _contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert _contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    np.testing.assert_allclose(_lab("#ff0000", "trichromacy"), [53.24, 80.09, 67.20], atol=0.02)
    for vision in VISIONS:
        np.testing.assert_allclose(_lab("#ffffff", vision), [100, 0, 0], atol=0.02)


@every_theme
@pytest.mark.parametrize("ground", ["window", "surface", "card"])
@pytest.mark.parametrize("ink", ["text", "muted", "error", "warning"])
def test_texts_stand_out_from_what_they_are_written_on(theme: Theme, ink: str, ground: str) -> None:
    assert _contrast(getattr(theme, ink), getattr(theme, ground)) >= _needed(theme)


@every_theme
@pytest.mark.parametrize("ground", ["window", "surface"])
def test_headlines_and_legends_in_colour_can_be_read(theme: Theme, ground: str) -> None:
    for color in (*(getattr(theme, name) for name in FLOW), *theme.series):
        assert _contrast(color, getattr(theme, ground)) >= _needed(theme), color


@every_theme
def test_text_on_the_accent_can_be_read(theme: Theme) -> None:
    assert _contrast(theme.accent_text, theme.accent) >= _needed(theme)


@every_theme
@pytest.mark.parametrize("name", ["series", "categories"])
def test_curves_and_groups_stand_out_from_their_ground(theme: Theme, name: str) -> None:
    for color in getattr(theme, name):
        assert _contrast(color, theme.surface) >= 3.0
        assert _contrast(color, theme.card) >= 3.0


@every_theme
@pytest.mark.parametrize("name", [*FLOW, "accent", "ridge"])
def test_marks_stand_out_from_the_plot(theme: Theme, name: str) -> None:
    assert _contrast(getattr(theme, name), theme.surface) >= 3.0


@every_theme
@pytest.mark.parametrize("vision", VISIONS)
def test_series_stay_apart_for_every_eye(theme: Theme, vision: str) -> None:
    for colors, apart in ((theme.series[:4], APART), (theme.series, CROWD_APART)):
        distance, *pair = _closest(colors, vision)
        assert distance >= apart, f"{pair} look alike"


@every_theme
@pytest.mark.parametrize("vision", VISIONS)
def test_verdicts_stay_apart_for_every_eye(theme: Theme, vision: str) -> None:
    distance, *pair = _closest(tuple(getattr(theme, name) for name in FLOW), vision)
    assert distance >= APART, f"{pair} look alike"


@every_theme
@pytest.mark.parametrize("vision", VISIONS)
def test_a_chosen_ridge_stays_apart_from_the_others(theme: Theme, vision: str) -> None:
    assert _closest((theme.ridge, theme.exploding), vision)[0] >= APART


@every_theme
def test_every_colour_is_six_digits_and_every_category_has_one(theme: Theme) -> None:
    values = [getattr(theme, field.name) for field in fields(theme)]
    words = [v for value in values for v in (value if isinstance(value, tuple) else (value,))]
    colors = [w for w in words if isinstance(w, str) and w not in {theme.name, theme.heat_map}]
    assert all(re.fullmatch("#[0-9a-f]{6}", color) for color in colors)
    assert len(theme.categories) == len(set(theme.categories)) == len(CATEGORIES)
    assert len(set(theme.series)) == len(theme.series)


@every_theme
def test_a_colour_takes_an_opacity(theme: Theme) -> None:
    color = theme.color("accent", 0.5)
    assert color.name() == theme.accent
    assert color.alphaF() == pytest.approx(0.5, abs=0.01)


@every_theme
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
    assert _contrast(palette.color(ink).name(), palette.color(ground).name()) >= _needed(theme)


def test_the_projector_has_larger_letters_and_thicker_lines_and_the_others_have_not() -> None:
    assert PROJECTOR.type_scale >= 1.25
    assert PROJECTOR.line_width >= 1.5
    assert {theme.type_scale for theme in (LIGHT, DARK, HIGH_CONTRAST)} == {1.0}


@every_theme
def test_a_pen_is_as_wide_as_the_theme_wants_at_any_zoom(theme: Theme) -> None:
    pen = theme.pen("accent", 2.0, 0.5, Qt.PenStyle.DashLine)
    assert pen.widthF() == 2.0 * theme.line_width
    assert pen.isCosmetic()
    assert pen.style() == Qt.PenStyle.DashLine
    assert (pen.color().name(), round(pen.color().alphaF(), 2)) == (theme.accent, 0.5)
    assert theme.pen(theme.series[2]).color().name() == theme.series[2]


def test_letters_grow_with_the_projector_and_shrink_back(qapp: QApplication, qtbot: QtBot) -> None:
    source = ThemeSource(qapp, "light")
    size, label = qapp.font().pointSizeF(), QLabel("text")
    qtbot.addWidget(label)
    label.show()
    for _ in range(2):
        source.choose("projector")
        assert qapp.font().pointSizeF() == pytest.approx(size * PROJECTOR.type_scale, rel=0.01)
        qtbot.waitUntil(lambda: label.font().pointSizeF() == qapp.font().pointSizeF())
        assert source.font(2.0).pointSizeF() == pytest.approx(2 * qapp.font().pointSizeF())
        assert source.base_font.pointSizeF() == size
        source.choose("light")
        assert qapp.font().pointSizeF() == size


def test_a_second_source_does_not_take_the_large_letters_for_the_systems(
    qapp: QApplication,
) -> None:
    size = ThemeSource(qapp, "light").base_font.pointSizeF()
    ThemeSource(qapp, "projector")
    assert ThemeSource(qapp, "light").base_font.pointSizeF() == size
    assert qapp.font().pointSizeF() == size


@pytest.mark.parametrize("choice", [*THEME_CHOICES, "sepia"])
def test_the_choice_is_remembered(tmp_path: Path, choice: ThemeChoice) -> None:
    Settings(tmp_path / "window.ini").theme = choice
    kept = Settings(tmp_path / "window.ini").theme
    assert kept == (choice if choice in THEME_CHOICES else "system")


@pytest.mark.parametrize(("choice", "theme"), THEMES.items())
def test_a_chosen_theme_holds_and_is_announced_once(
    qapp: QApplication, choice: ThemeName, theme: Theme
) -> None:
    source, announced = ThemeSource(qapp, "dark" if choice == "light" else "light"), []
    source.changed.connect(lambda: announced.append(source.theme))
    for _ in range(2):
        source.choose(choice)
    assert announced == [theme]
    assert source.choice == choice
    assert qapp.palette().color(QPalette.ColorRole.Window).name() == theme.window
    source.choose("light")


def test_a_scaled_font_keeps_its_family(qapp: QApplication) -> None:
    font = QFont(qapp.font())
    scaled = scaled_font(font, 1.5, bold=True)
    assert scaled.pointSizeF() == pytest.approx(font.pointSizeF() * 1.5, rel=0.01)
    assert (scaled.family(), scaled.bold(), font.bold()) == (font.family(), True, False)
