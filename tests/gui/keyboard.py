"""Giving a widget the keyboard: without a window manager nobody else does, and the screen answers when it likes."""

from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot


def give_keyboard(widget: QWidget, qtbot: QtBot) -> None:
    """Activate the window of a shown widget and give the widget the focus, until it has it."""

    def has_it() -> bool:
        if not widget.window().isActiveWindow():
            widget.window().activateWindow()
        elif not widget.hasFocus():
            widget.setFocus()
        return widget.hasFocus()

    qtbot.waitUntil(has_it, timeout=10_000)
