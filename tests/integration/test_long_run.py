"""Some hundred epochs in the real window with the real training process: none is missed, nothing is left over."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QDockWidget
from pytestqt.qtbot import QtBot

from engine.training import archive
from gui.app import Lab
from gui.panes.loss import LossPane
from tests.benchmarks.soak import faults, network, soak

EPOCHS = 300


def test_no_epoch_is_missed_while_old_ones_are_put_aside_and_looked_at(
    lab: Lab, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "_NEWEST_BYTES", 0)
    monkeypatch.setattr(archive, "_LOOKED_AT_BYTES", 0)
    path = tmp_path / "xor.json"
    path.write_bytes(network(EPOCHS))
    lab.document.open(path)
    seen = soak(lab, EPOCHS)
    assert faults(seen, EPOCHS) == []
    history = lab.session.history
    assert history is not None
    assert [stats.epoch for stats in history.epochs] == list(range(EPOCHS + 1))
    losses = [stats.train_loss for stats in history.epochs]
    assert history.series("train_loss").tolist() == losses
    pane = _raised(lab)
    with qtbot.waitSignal(pane.drawn):
        lab.playhead.go(EPOCHS // 3)
    assert pane.caption.text().startswith(f"Epoch {EPOCHS // 3}: ")


def _raised(lab: Lab) -> LossPane:
    """The loss pane, in front of others that it may share its place with."""
    docks = {dock.widget(): dock for dock in lab.window.findChildren(QDockWidget)}
    pane = next(pane for pane in lab.panes if isinstance(pane, LossPane))
    docks[pane].show()
    docks[pane].raise_()
    return pane
