"""Actions as a table: menus, tool bars, shortcuts and their help are all made from the same rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtGui import QAction, QIcon, QKeySequence
from PySide6.QtWidgets import QWidget

from .tips import in_lines


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One thing that the person can do. `shortcut` is a standard key or text such as "Ctrl+Shift+S"."""

    id: str
    text: str
    tip: str
    run: Callable[[], object]
    shortcut: QKeySequence.StandardKey | str | None = None
    icon: str = ""
    enabled: Callable[[], bool] | None = None
    """Asked again at every change of the document, the selection or the session; None: always."""
    checked: Callable[[], bool] | None = None
    """For actions that are on or off."""
    label: Callable[[], str] | None = None
    """For actions whose text changes, such as Undo."""


class ActionTable:
    """The `QAction`s of a table, by id."""

    def __init__(
        self, specs: Sequence[ActionSpec], icon: Callable[[str], QIcon], parent: QWidget
    ) -> None:
        self._specs = {spec.id: spec for spec in specs}
        self._icon = icon
        self.actions: Mapping[str, QAction] = {spec.id: _action(spec, parent) for spec in specs}
        for action in self.actions.values():
            parent.addAction(action)
        self.refresh_icons()
        self.refresh()

    def __getitem__(self, action_id: str) -> QAction:
        return self.actions[action_id]

    def refresh(self) -> None:
        """Ask every action whether it can be done now, and whether it is on."""
        for action_id, spec in self._specs.items():
            action = self.actions[action_id]
            if spec.enabled is not None:
                action.setEnabled(spec.enabled())
            if spec.checked is not None:
                action.setChecked(spec.checked())
            if spec.label is not None:
                action.setText(spec.label())

    def refresh_icons(self) -> None:
        """Draw the icons anew, after a change of theme."""
        for action_id, spec in self._specs.items():
            if spec.icon:
                self.actions[action_id].setIcon(self._icon(spec.icon))

    def shortcuts(self) -> list[tuple[str, str]]:
        """Text and keys of every action that has keys, in the table's order."""
        return [
            (spec.text.replace("&", ""), keys)
            for spec in self._specs.values()
            if (
                keys := self.actions[spec.id]
                .shortcut()
                .toString(QKeySequence.SequenceFormat.NativeText)
            )
        ]


def _action(spec: ActionSpec, parent: QWidget) -> QAction:
    action = QAction(spec.text, parent)
    action.setObjectName(spec.id)
    if spec.shortcut is not None:
        action.setShortcut(QKeySequence(spec.shortcut))
    keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    action.setToolTip(in_lines(f"{spec.tip} ({keys})" if keys else spec.tip))
    action.setStatusTip(spec.tip)
    action.setCheckable(spec.checked is not None)
    action.triggered.connect(lambda _checked=False: spec.run())
    return action
