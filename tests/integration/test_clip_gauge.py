"""The threshold of the clip gauge, moved while a real worker trains."""

import numpy as np
from pytestqt.qtbot import QtBot

from engine.graph import SetTraining
from gui.app import Lab
from gui.panes.clip_gauge import ClipGaugePane


def test_a_dragged_threshold_acts_on_the_running_training(lab: Lab, qtbot: QtBot) -> None:
    lab.files.open(lab.folders.examples / "digits_mlp.json", as_copy=True)
    lab.document.do(SetTraining({"clip_mode": "norm", "clip_threshold": 100.0, "epochs": 1_000}))
    pane = next(pane for pane in lab.panes if isinstance(pane, ClipGaugePane))
    lab.window.docks["clip-gauge"].raise_()
    lab.control.advance("run")
    qtbot.waitUntil(lambda: _steps(lab, "clipped_norm").size > 60, timeout=30_000)
    count = lab.document.undo_stack.count()
    assert pane.threshold == 100.0
    # what a drag of the line does: it is moved again and again, then let go
    for exponent in (0.0, -1.0, -2.0):
        pane.line.setValue(exponent)
        pane.line.sigDragged.emit(pane.line)
    pane.line.sigPositionChangeFinished.emit(pane.line)
    assert lab.document.graph.training["clip_threshold"] == 0.01
    assert lab.document.undo_stack.count() == count + 1
    qtbot.waitUntil(
        lambda: bool((_steps(lab, "clipped_norm")[-45:] < 0.0101).all()), timeout=30_000
    )
    before = _steps(lab, "gradient_norm")[-45:]
    assert np.median(before) > 0.01
    qtbot.waitUntil(lambda: "100% clipped, turned 0°" in pane.headline.text(), timeout=10_000)
    lab.document.undo_stack.undo()
    assert pane.threshold == 100.0
    qtbot.waitUntil(lambda: bool((_steps(lab, "clipped_norm")[-5:] > 0.0101).any()), timeout=30_000)
    lab.session.stop()
    qtbot.waitUntil(lambda: not lab.session.active, timeout=10_000)


def _steps(lab: Lab, name: str) -> np.ndarray:
    history = lab.session.history
    return np.empty(0) if history is None else history.steps(name)
