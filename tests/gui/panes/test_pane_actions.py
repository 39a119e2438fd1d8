"""What a person does with a pane: click a layer, walk by keys, save it as a file that others can read."""

import csv
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from engine.stats import SCALAR_COLUMNS
from engine.training import RunHistory
from gui.panes import PANES
from gui.panes.gradient_flow import GradientFlowPane
from gui.panes.pane import Pane

Open = Callable[..., Pane]
NAMES = [spec.name for spec in PANES]
SVG = "{http://www.w3.org/2000/svg}"


def _pixel(pane: Pane, x: float, y: float) -> QPoint:
    """Where a point of the plot lies on the pane's plot widget."""
    box = pane.plot_items[0].getViewBox()
    return pane.plot.mapFromScene(box.mapViewToScene(QPointF(x, y)))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _failure(pane: Pane, path: Path, qtbot: QtBot) -> str:
    with qtbot.waitSignal(pane.failed) as failed:
        pane.taking.save(path)
    return str(failed.args[0])


@pytest.mark.parametrize("row", range(5))
@pytest.mark.parametrize("name", ["activations", "gradient-flow"])
def test_a_click_chooses_the_layer(
    opened: Open, history: RunHistory, qtbot: QtBot, name: str, row: int
) -> None:
    pane = opened(name, history)
    low, high = pane.plot_items[0].getViewBox().viewRange()[1]
    place = (0.0, row + 0.5) if name == "activations" else (row, (low + high) / 2)
    with qtbot.waitSignal(pane.layer_chosen) as chosen:
        qtbot.mouseClick(pane.plot.viewport(), Qt.MouseButton.LeftButton, pos=_pixel(pane, *place))
    assert chosen.args == [f"layer_{row}"]


@pytest.mark.parametrize(
    ("name", "button"),
    [("loss", Qt.MouseButton.LeftButton), ("gradient-flow", Qt.MouseButton.RightButton)],
)
def test_other_clicks_choose_nothing(
    opened: Open, history: RunHistory, qtbot: QtBot, name: str, button: Qt.MouseButton
) -> None:
    pane = opened(name, history)
    with qtbot.assertNotEmitted(pane.layer_chosen, wait=20):
        qtbot.mouseClick(pane.plot.viewport(), button, pos=_pixel(pane, 2.0, 0.5))


@pytest.mark.parametrize(
    ("selected", "key", "chosen"),
    [
        ((), Qt.Key.Key_Right, "layer_0"),
        ((), Qt.Key.Key_Up, "layer_0"),
        (("layer_2",), Qt.Key.Key_Right, "layer_3"),
        (("layer_2",), Qt.Key.Key_Down, "layer_3"),
        (("layer_2",), Qt.Key.Key_Left, "layer_1"),
        (("layer_2",), Qt.Key.Key_Up, "layer_1"),
        (("layer_0",), Qt.Key.Key_Left, "layer_0"),
        (("layer_4",), Qt.Key.Key_Right, "layer_4"),
        (("not_in_this_run",), Qt.Key.Key_Right, "layer_0"),
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_arrows_walk_from_layer_to_layer(
    opened: Open,
    history: RunHistory,
    qtbot: QtBot,
    name: str,
    selected: tuple[str, ...],
    key: Qt.Key,
    chosen: str,
) -> None:
    pane = opened(name, history)
    pane.set_selected(frozenset(selected))
    with qtbot.waitSignal(pane.layer_chosen) as walked:
        qtbot.keyClick(pane, key)
    assert walked.args == [chosen]


@pytest.mark.parametrize("name", NAMES)
def test_arrows_choose_nothing_where_there_is_nothing(
    opened: Open, qtbot: QtBot, name: str
) -> None:
    pane = opened(name)
    with qtbot.assertNotEmitted(pane.layer_chosen, wait=20):
        qtbot.keyClick(pane, Qt.Key.Key_Right)


@pytest.mark.parametrize(
    ("name", "place", "numbers"),
    [
        ("activations", (0.0, 2.5), ["Linear 2: mean {activation_mean:.3g}, σ", "here 0"]),
        ("gradient-flow", (1.8, 0.0), ["Linear 2: ∂L/∂z {activation_gradient_rms:.3g}"]),
        ("loss", (1.2, 0.0), ["epoch 1: training loss {train_loss:.4g}"]),
    ],
)
def test_what_lies_under_the_pointer_is_read_in_numbers(
    opened: Open, history: RunHistory, name: str, place: tuple[float, float], numbers: list[str]
) -> None:
    table = history.epochs[-1].layers
    known = {column: getattr(table, column)[2] for column in SCALAR_COLUMNS}
    text, _ = opened(name, history).read_at(QPointF(*place), 0)
    for number in numbers:
        assert number.format(**known, train_loss=history.epochs[1].train_loss) in text


@pytest.mark.parametrize("name", NAMES)
def test_a_png_holds_the_pane_in_its_size(
    opened: Open, history: RunHistory, tmp_path: Path, name: str
) -> None:
    pane = opened(name, history)
    pane.taking.save(tmp_path / "pane.PNG")
    content = (tmp_path / "pane.PNG").read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, start = [], 8
    while start < len(content):
        (size,) = struct.unpack_from(">I", content, start)
        kind, body = content[start + 4 : start + 8], content[start + 8 : start + 8 + size]
        assert struct.unpack_from(">I", content, start + 8 + size)[0] == zlib.crc32(kind + body)
        chunks.append((kind, body))
        start += 12 + size
    assert struct.unpack(">II", chunks[0][1][:8]) == (pane.width(), pane.height())
    pixels = zlib.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT"))
    assert len(pixels) > 3 * pane.width() * pane.height()
    assert chunks[-1][0] == b"IEND"


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("activations", {"Linear 0", "ReLU 1", "0"}),
        ("gradient-flow", {"Linear 0", "ReLU 1", "10⁻³"}),
        ("loss", {"epoch", "loss", "accuracy, %"}),
    ],
)
def test_an_svg_holds_curves_and_the_axes_texts(
    opened: Open, history: RunHistory, tmp_path: Path, name: str, texts: set[str]
) -> None:
    opened(name, history).taking.save(tmp_path / "pane.svg")
    root = ElementTree.parse(tmp_path / "pane.svg").getroot()
    assert root.tag == f"{SVG}svg"
    assert texts <= {(text.text or "").strip() for text in root.iter(f"{SVG}text")}
    curves = [*root.iter(f"{SVG}path"), *root.iter(f"{SVG}polyline")]
    assert len(curves) >= 2


@pytest.mark.parametrize(
    ("name", "words"), [("gradient-flow", ["∂L/∂z", "update"]), ("loss", ["training", "accuracy"])]
)
def test_an_svg_holds_the_legend_too(
    opened: Open, history: RunHistory, tmp_path: Path, name: str, words: list[str]
) -> None:
    opened(name, history).taking.save(tmp_path / "pane.svg")
    root = ElementTree.parse(tmp_path / "pane.svg").getroot()
    text = " ".join((element.text or "").strip() for element in root.iter(f"{SVG}text"))
    assert all(word in text for word in words)


def test_the_points_of_an_svg_are_shapes(opened: Open, history: RunHistory, tmp_path: Path) -> None:
    """Parts of one picture of all points are more than some programs can read."""
    pane = opened("gradient-flow", history)
    pane.taking.save(tmp_path / "pane.svg")
    root = ElementTree.parse(tmp_path / "pane.svg").getroot()
    assert isinstance(pane, GradientFlowPane)
    points = pane.points["activation_gradient_rms"]
    color = pane.theme.series[0]
    shapes = [
        group
        for group in root.iter(f"{SVG}g")
        if group.get("fill") == color and list(group.iter(f"{SVG}path"))
    ]
    assert points.isVisible()
    assert len(shapes) >= len(points.points()) > 0


def test_the_flows_csv_holds_every_column_of_every_layer(
    opened: Open, history: RunHistory, tmp_path: Path
) -> None:
    opened("gradient-flow", history).taking.save(tmp_path / "flow.csv")
    rows = _rows(tmp_path / "flow.csv")
    assert [row["layer"] for row in rows] == [f"layer_{i}" for i in range(5)]
    assert {row["epoch"] for row in rows} == {"3"}
    for name in SCALAR_COLUMNS:
        saved = [float(row[name]) for row in rows]
        np.testing.assert_array_equal(saved, getattr(history.epochs[3].layers, name))


def test_the_activations_csv_holds_the_histograms(
    opened: Open, history: RunHistory, tmp_path: Path
) -> None:
    opened("activations", history).taking.save(tmp_path / "activations.csv")
    rows, table = _rows(tmp_path / "activations.csv"), history.epochs[3].layers
    bins = [name for name in rows[0] if name.startswith("from ")]
    borders = np.array([[float(word) for word in name.split()[1::2]] for name in bins])
    assert len(bins) == table.activations.counts.shape[1]
    assert (borders[:, 0] < borders[:, 1]).all()
    np.testing.assert_allclose(borders, -borders[::-1, ::-1])
    saved = [[int(row[name]) for name in bins] for row in rows]
    np.testing.assert_array_equal(saved, table.activations.counts)
    assert [int(row["zeros"]) for row in rows] == table.activations.zeros.tolist()


def test_the_losss_csv_holds_an_epoch_a_row(
    opened: Open, history: RunHistory, tmp_path: Path
) -> None:
    opened("loss", history).taking.save(tmp_path / "loss.csv")
    rows = _rows(tmp_path / "loss.csv")
    assert [row["epoch"] for row in rows] == ["0", "1", "2", "3"]
    for name in ("train_loss", "validation_accuracy", "learning_rate", "seconds"):
        assert [float(row[name]) for row in rows] == [getattr(e, name) for e in history.epochs]


@pytest.mark.parametrize("kind", ["png", "svg", "csv"])
def test_a_path_that_cannot_be_written_is_said_in_a_sentence(
    opened: Open, history: RunHistory, tmp_path: Path, qtbot: QtBot, kind: str
) -> None:
    path = tmp_path / "absent" / f"pane.{kind}"
    sentence = _failure(opened("loss", history), path, qtbot)
    assert str(path) in sentence
    assert "No such file or directory" in sentence
    assert not path.parent.exists()


def test_an_ending_that_is_not_known_is_said_in_a_sentence(
    opened: Open, history: RunHistory, tmp_path: Path, qtbot: QtBot
) -> None:
    sentence = _failure(opened("loss", history), tmp_path / "pane.jpg", qtbot)
    assert all(ending in sentence for ending in (".jpg", ".png", ".svg", ".csv"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
def test_without_a_run_there_is_nothing_to_save(
    opened: Open, tmp_path: Path, qtbot: QtBot, name: str
) -> None:
    assert "Press Run first" in _failure(opened(name), tmp_path / "pane.csv", qtbot)


@pytest.mark.parametrize("name", NAMES)
def test_a_run_without_an_epoch_is_saved_or_refused_in_a_sentence(
    opened: Open, history: RunHistory, tmp_path: Path, name: str
) -> None:
    pane, sentences = opened(name), []
    pane.show_history(RunHistory(history.started))
    pane.failed.connect(sentences.append)
    pane.taking.save(tmp_path / "pane.csv")
    assert bool(sentences) != (tmp_path / "pane.csv").exists()


def test_the_picture_is_copied_in_the_panes_size(opened: Open, history: RunHistory) -> None:
    pane = opened("loss", history)
    pane.taking.copy_picture()
    assert QGuiApplication.clipboard().pixmap().size() == pane.size()
