"""The palette with all its kinds: icons, search, and groups that fold."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QTreeWidgetItem
from pytestqt.qtbot import QtBot

from engine.layers import CATALOGUE, CATEGORIES, LayerSpec
from gui.common.icons import Icons
from gui.common.theme import ThemeSource
from gui.inspector import Palette


@pytest.fixture
def palette(themes: ThemeSource, qtbot: QtBot) -> Palette:
    """The palette, on the screen and long enough for every group."""
    palette = Palette(Icons(themes), themes)
    qtbot.addWidget(palette)
    palette.resize(300, 4_000)
    with qtbot.waitExposed(palette):
        palette.show()
    return palette


def _group(palette: Palette, category: str) -> QTreeWidgetItem:
    return next(group for group in palette.list.groups() if group.text(0) == category)


def _click(palette: Palette, item: QTreeWidgetItem, qtbot: QtBot) -> None:
    place: QPoint = palette.list.visualItemRect(item).center()
    qtbot.mouseClick(palette.list.viewport(), Qt.MouseButton.LeftButton, pos=place)


def _picture(icons: Icons, spec: LayerSpec) -> QImage:
    return icons.layer_icon(spec).pixmap(24, 24).toImage()


def test_every_kind_has_an_entry_in_its_group(palette: Palette) -> None:
    assert sorted(palette.shown_kinds()) == sorted(CATALOGUE)
    assert [group.text(0) for group in palette.list.groups()] == list(CATEGORIES)
    for kind, spec in CATALOGUE.items():
        heading = palette.entry(kind).parent()
        assert heading is not None
        assert heading.text(0) == spec.category


@pytest.mark.parametrize("spec", CATALOGUE.values(), ids=lambda spec: spec.kind)
def test_every_kind_has_a_drawing(themes: ThemeSource, spec: LayerSpec) -> None:
    picture = _picture(Icons(themes), spec)
    drawn = sum(
        picture.pixelColor(x, y).alpha() > 127
        for x in range(picture.width())
        for y in range(picture.height())
    )
    assert drawn >= 20


def test_activations_draw_their_own_curves(themes: ThemeSource) -> None:
    icons = Icons(themes)
    pairs = [("Hardtanh", "Tanh"), ("Hardsigmoid", "Softplus"), ("ReLU", "CELU"), ("Mish", "SELU")]
    for one, other in pairs:
        assert _picture(icons, CATALOGUE[one]) != _picture(icons, CATALOGUE[other])


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("conv", {"Conv1d", "Conv2d", "ConvTranspose2d"}),
        ("rms", {"RMSNorm"}),
        ("swish", {"SiLU", "Hardswish"}),
        ("global", {"GlobalAvgPool"}),
        ("trainable", {"TrainableSELU"}),
    ],
)
def test_search_finds_new_kinds(palette: Palette, text: str, kinds: set[str]) -> None:
    palette.search.setText(text)
    shown = set(palette.shown_kinds())
    assert kinds <= shown
    assert not shown & {"Linear", "Tanh", "Add"}


def test_group_folds_and_unfolds_and_search_looks_into_it(palette: Palette, qtbot: QtBot) -> None:
    group = _group(palette, "Activations")
    _click(palette, group, qtbot)
    assert not group.isExpanded()
    assert _group(palette, "Weights").isExpanded()
    palette.search.setText("mish")
    assert group.isExpanded()
    assert palette.list.currentItem() is palette.entry("Mish")
    palette.search.clear()
    assert not group.isExpanded()
    _click(palette, group, qtbot)
    assert group.isExpanded()


def test_click_on_a_kind_folds_nothing(palette: Palette, qtbot: QtBot) -> None:
    _click(palette, palette.entry("Tanh"), qtbot)
    assert all(group.isExpanded() for group in palette.list.groups())
    assert palette.list.currentItem() is palette.entry("Tanh")
