"""How a pane of distributions is drawn, in a small menu."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton

from engine.language import tr
from gui.common.tips import in_lines


@dataclass(frozen=True, slots=True)
class Option:
    """Something that can be chosen."""

    name: str
    title: str
    help: str


DRAWING = (
    Option("automatic", tr("Automatic"), tr("Ridges for few layers, a heat map for many")),
    Option("ridges", tr("Ridges"), tr("An outline for each layer")),
    Option("heat map", tr("Heat map"), tr("A line of colours for each layer")),
)
SCALES = (
    Option(
        "all",
        tr("Scale: all"),
        tr("The axis holds all epochs that were shown, so that they compare"),
    ),
    Option("recent", tr("Scale: recent"), tr("The axis fits the shown epoch")),
    Option("locked", tr("Scale: locked"), tr("The axis stays as it is now")),
)


class PaneMenu(QToolButton):
    """A small menu of what can be chosen about a drawing; `changed` tells that something was."""

    changed = Signal()

    def __init__(self, name: str, sentence: str) -> None:
        """`name` is for those who cannot see it, `sentence` says what can be chosen."""
        super().__init__()
        self.setText(tr("View"))
        self.setAutoRaise(True)
        self.setToolTip(in_lines(sentence))
        self.setAccessibleName(name)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        self.setMenu(menu)

    def choices(self, options: Sequence[Option]) -> QActionGroup:
        """Options that exclude each other; the first one is chosen."""
        group = QActionGroup(self)
        for option in options:
            action = self.menu().addAction(option.title)
            action.setData(option.name)
            action.setToolTip(in_lines(option.help))
            action.setCheckable(True)
            group.addAction(action)
        group.actions()[0].setChecked(True)
        for action in group.actions():
            action.toggled.connect(self._toggled)
        return group

    def switch(self, title: str, sentence: str, *, on: bool = False) -> QAction:
        """Something that is on or off by itself."""
        action = self.menu().addAction(title)
        action.setCheckable(True)
        action.setChecked(on)
        action.setToolTip(in_lines(sentence))
        action.toggled.connect(self.changed)
        return action

    def _toggled(self, on: bool) -> None:
        if on:
            self.changed.emit()


class ViewMenu(PaneMenu):
    """Drawn as, scale, and whether the chosen layer is shown over the epochs."""

    def __init__(self, over_epochs: str) -> None:
        """`over_epochs` says in a sentence what is shown over the epochs."""
        super().__init__(
            tr("How distributions are drawn"),
            tr("How it is drawn, the scale, and one layer over the epochs"),
        )
        self._drawing = self.choices(DRAWING)
        self.menu().addSeparator()
        self._scale = self.choices(SCALES)
        self.menu().addSeparator()
        self._over_epochs = self.switch(tr("One layer over the epochs"), over_epochs)

    @property
    def drawing(self) -> str:
        """`automatic`, `ridges` or `heat map`."""
        return checked(self._drawing)

    @property
    def scale(self) -> str:
        """`recent`, `all` or `locked`."""
        return checked(self._scale)

    @property
    def over_epochs(self) -> bool:
        """Whether the chosen layer is shown over the epochs."""
        return self._over_epochs.isChecked()

    def choose(self, name: str) -> None:
        """Choose an option by its name."""
        for action in (*self._drawing.actions(), *self._scale.actions()):
            if action.data() == name:
                action.setChecked(True)

    def show_over_epochs(self, on: bool) -> None:
        """Show the chosen layer over the epochs, or no longer."""
        self._over_epochs.setChecked(on)


def checked(group: QActionGroup) -> str:
    """The name of the option that is chosen."""
    action: QAction | None = group.checkedAction()
    assert action is not None
    return str(action.data())
