"""From the open network to the theory's line: before any training, beside a real run, and after an edit."""

from pathlib import Path

import numpy as np
from pytestqt.qtbot import QtBot

from engine.graph import SetParam
from gui.app import Lab
from gui.panes.gradient_flow import GradientFlowPane

GRADIENT = "activation_gradient_rms"


def test_theory_comes_before_training_meets_the_measurement_and_follows_edits(
    lab: Lab, qtbot: QtBot, root: Path
) -> None:
    (flow,) = (pane for pane in lab.panes if isinstance(pane, GradientFlowPane))
    lab.document.open(root / "resources/examples/digits_vanishing_sigmoid.json")
    qtbot.waitUntil(lambda: "press Run to measure" in flow.headline.text(), timeout=20_000)
    foretold = flow.lines.theories[GRADIENT].getData()[1]
    with qtbot.waitSignal(lab.session.epoch_ended, timeout=60_000):
        lab.control.advance("hold")
    qtbot.waitUntil(flow.curves[GRADIENT].isVisible)
    rows, measured = flow.curves[GRADIENT].getData()
    theory = flow.lines.theories[GRADIENT].getData()[1][rows]
    # eight sigmoid layers lose five decades; theory and one network of width 64 differ by a fraction of one
    assert measured[-1] - measured[0] > 4.5
    np.testing.assert_allclose(theory, measured, atol=0.35)
    np.testing.assert_allclose(theory - theory[-1], foretold[rows] - foretold[rows][-1])
    assert "theory of the edited network" not in flow.caption.text()
    lab.document.do(SetParam("linear_4", "initializer", "he_normal"))
    qtbot.waitUntil(lambda: "theory of the edited network" in flow.caption.text(), timeout=20_000)
    lab.document.undo_stack.undo()
    qtbot.waitUntil(
        lambda: "theory of the edited network" not in flow.caption.text(), timeout=20_000
    )
    lab.session.stop()
    qtbot.waitUntil(lambda: not lab.session.active, timeout=20_000)
