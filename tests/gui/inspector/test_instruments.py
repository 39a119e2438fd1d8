"""The inspector's live instruments for batch norm and clipping, read back and compared with the run's numbers."""

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.graph import AddNodes, SetTraining
from engine.stats import EDGES
from gui.common.icons import Icons
from gui.common.theme import ThemeSource
from gui.document import Document
from gui.inspector import Inspector

from ..norm_runs import STEPS, epoch_of, run


@pytest.fixture
def inspector(
    qapp: QApplication,
    qtbot: QtBot,
    themes: ThemeSource,
    document: Document,
    chain: Callable[..., AddNodes],
) -> Inspector:
    """The inspector, shown, beside a document that has a batch norm."""
    document.do(chain("Input", "Linear", "BatchNorm1d", "ReLU", "Output"))
    shown = Inspector(document, Icons(themes), themes)
    qtbot.addWidget(shown)
    shown.resize(340, 800)
    shown.show()
    return shown


def _density(counts: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Values for each unit of value around places on the axis, the highest 1."""
    step = x[1] - x[0]
    borders = 2.0 * np.sinh(np.append(x - step / 2, x[-1] + step / 2))
    below = np.insert(np.insert(counts.astype(np.float64), 128, 0.0).cumsum(), 0, 0.0)
    spread = np.diff(np.interp(borders, EDGES, below)) / np.diff(borders)
    return np.asarray(spread / spread.max(), np.float64)


def test_the_chosen_batch_norm_is_x_rayed(
    inspector: Inspector, document: Document, qtbot: QtBot
) -> None:
    instrument = inspector.layer_page.norm
    assert not instrument.isVisible()
    (node_id,) = (i for i, node in document.graph.nodes.items() if node.kind == "BatchNorm1d")
    document.selection.choose([node_id])
    qtbot.waitUntil(lambda: "Run the training" in instrument.words.text())
    assert not instrument.sketch.isVisible()
    history = run(ids={1: node_id})
    inspector.show_history(history)
    qtbot.waitUntil(instrument.sketch.isVisible)
    norm, table = history.epochs[-1].layers.batch_norms[0], history.epochs[-1].layers
    wanted = (norm.stages.counts[0], norm.stages.counts[1], table.activations.counts[1])
    for stage, (hill, counts) in enumerate(zip(instrument.sketch.outlines, wanted, strict=True)):
        heights = (hill.y - (2 - stage)) / 0.55
        np.testing.assert_allclose(heights, _density(counts, hill.x), atol=1e-6)
    assert instrument.words.text().startswith("Epoch 3: BatchNorm1d 1 turns mean ")
    assert f"{norm.gap:.2g} σ apart" in instrument.words.text()
    instrument.mode_box.setCurrentIndex(1)
    qtbot.waitUntil(lambda: "(moving statistics)" in instrument.words.text())
    heights = instrument.sketch.outlines[2].y / 0.55
    wanted_eval = _density(norm.stages.counts[3], instrument.sketch.outlines[2].x)
    np.testing.assert_allclose(heights, wanted_eval, atol=1e-6)
    inspector.set_epoch(1)
    qtbot.waitUntil(lambda: instrument.words.text().startswith("Epoch 1: "))


def test_other_layers_have_no_x_ray(inspector: Inspector, document: Document) -> None:
    (relu,) = (i for i, node in document.graph.nodes.items() if node.kind == "ReLU")
    norm = next(i for i, node in document.graph.nodes.items() if node.kind == "BatchNorm1d")
    document.selection.choose([norm])
    assert inspector.layer_page.norm.isVisible()
    document.selection.choose([norm, relu])
    assert not inspector.layer_page.norm.isVisible()
    document.selection.choose([relu])
    assert not inspector.layer_page.norm.isVisible()


def test_clipping_is_shown_beside_its_settings(
    inspector: Inspector, document: Document, qtbot: QtBot
) -> None:
    inspector.setCurrentWidget(inspector.training_page)
    instrument = inspector.training_page.clip
    assert not instrument.sketch.isVisible()
    history = run()
    inspector.show_history(history)
    qtbot.waitUntil(instrument.sketch.isVisible)
    assert "clipping is off" in instrument.words.text()
    assert instrument.sketch.level is None
    norms = np.concatenate([epoch.steps.gradient_norm for epoch in history.epochs])
    before, after = instrument.sketch.outlines
    np.testing.assert_allclose(before.y[::2], np.log10(norms))
    np.testing.assert_allclose(after.y[1::2], np.log10(norms))
    np.testing.assert_allclose(before.x[::2], np.arange(1, norms.size + 1) / STEPS)
    document.do(SetTraining({"clip_mode": "norm", "clip_threshold": 10.0}))
    qtbot.waitUntil(lambda: instrument.sketch.level == 1.0)
    assert f"none of {STEPS} steps was clipped" in instrument.words.text()
    history.add_epoch(epoch_of(4))
    inspector.data_changed()
    qtbot.waitUntil(lambda: instrument.words.text().startswith("Epoch 4: "))


def test_a_sketch_paints_what_it_is_given(
    inspector: Inspector, document: Document, qtbot: QtBot
) -> None:
    norm = next(i for i, node in document.graph.nodes.items() if node.kind == "BatchNorm1d")
    document.selection.choose([norm])
    inspector.show_history(run(ids={1: norm}))
    sketch = inspector.layer_page.norm.sketch
    qtbot.waitUntil(sketch.isVisible)
    image = sketch.grab().toImage()
    colors = {
        image.pixelColor(x, y).name()
        for x in range(0, image.width(), 2)
        for y in range(image.height())
    }
    assert len(colors) > 20
