"""The window: docks, menus, tool bar, status line. It arranges what it is given and decides nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import QByteArray, QMimeData, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QIcon,
    QPaintEvent,
    QShortcut,
)
from PySide6.QtWidgets import (
    QDockWidget,
    QMainWindow,
    QMenu,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from engine.language import tr
from gui.common.actions import ActionTable
from gui.common.theme import GRID

STATE_VERSION = 2
_BAR = "|"


@dataclass(frozen=True, slots=True)
class DockSpec:
    """A dock: its widget, where it begins, and how large it wants to be there."""

    name: str
    title: str
    widget: QWidget | None
    """None for one that comes later, by `fill`."""
    area: Qt.DockWidgetArea
    size: int
    tabbed_with: str = ""
    """The dock behind which it begins."""


class MainWindow(QMainWindow):
    """The lab's only window.

    `may_close` is asked before it closes, `closed` tells that it will; `painted` comes once, after the first
    paint; `file_dropped` carries a file that was dragged in from outside;
    `alone_changed` says that a single dock fills the screen, or no longer.
    """

    closed = Signal()
    painted = Signal()
    file_dropped = Signal(Path)
    alone_changed = Signal()

    def __init__(
        self,
        centre: Sequence[QWidget],
        docks: Sequence[DockSpec],
        may_close: Callable[[], bool],
        *,
        compact: bool = False,
    ) -> None:
        """On a small screen, or when everything is large, the window is `compact`: all docks share one place."""
        super().__init__()
        self._compact = compact
        self.setObjectName("main")
        self.setAcceptDrops(True)
        self._may_close = may_close
        self._was_painted = False
        self._bars: list[QToolBar] = []
        self._before: tuple[QByteArray, bool] | None = None
        self._escape = QShortcut(Qt.Key.Key_Escape, self)
        self._escape.setEnabled(False)
        self._escape.activated.connect(self.leave_alone)
        self.setDockOptions(
            QMainWindow.DockOption.AllowNestedDocks | QMainWindow.DockOption.AllowTabbedDocks
        )
        self._centre = _stacked(centre)
        self.setCentralWidget(self._centre)
        self.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.BottomDockWidgetArea)
        self.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.BottomDockWidgetArea)
        self._specs = {spec.name: spec for spec in docks}
        self.docks: Mapping[str, QDockWidget] = {spec.name: self._dock(spec) for spec in docks}
        self._arrange()
        self._first_state = self.saveState(STATE_VERSION)

    def build_menus(
        self, menus: Sequence[tuple[str, Sequence[str | QMenu]]], actions: ActionTable
    ) -> None:
        """Fill the menu bar: a title and the ids of actions, "|" for a line, or a ready sub-menu."""
        for title, rows in menus:
            menu = self.menuBar().addMenu(title)
            menu.setToolTipsVisible(True)
            for row in rows:
                if isinstance(row, QMenu):
                    menu.addMenu(row)
                elif row == _BAR:
                    menu.addSeparator()
                else:
                    menu.addAction(actions[row])

    def build_tool_bar(self, rows: Sequence[str | QWidget], actions: ActionTable) -> None:
        """Fill the tool bar with ids of actions, "|" for a line, or ready widgets."""
        bar = QToolBar(tr("Tools"))
        bar.setObjectName("tools")
        bar.setMovable(False)
        bar.setIconSize(QSize(GRID * 3, GRID * 3))
        self.addToolBar(bar)
        self._bars.append(bar)
        for row in rows:
            if isinstance(row, QWidget):
                bar.addWidget(row)
            elif row == _BAR:
                bar.addSeparator()
            else:
                bar.addAction(actions[row])

    def build_time_bar(self, widget: QWidget) -> None:
        """Put the epoch scrubber into a row of its own, above the status line."""
        bar = QToolBar(tr("Time"))
        bar.setObjectName("time")
        bar.setMovable(False)
        bar.addWidget(widget)
        self.addToolBar(Qt.ToolBarArea.BottomToolBarArea, bar)

    def build_status(self, left: QWidget, right: Sequence[QWidget]) -> None:
        """Fill the status line."""
        self.statusBar().addWidget(left, 1)
        for widget in right:
            self.statusBar().addPermanentWidget(widget)

    def sub_menu(self, title: str, actions: Sequence[QAction]) -> QMenu:
        """A menu of actions, for another menu."""
        menu = QMenu(title, self)
        menu.setToolTipsVisible(True)
        menu.addActions(list(actions))
        return menu

    def dock_menu(self, title: str) -> QMenu:
        """A menu that shows and hides the docks."""
        menu = QMenu(title, self)
        for dock in self.docks.values():
            menu.addAction(dock.toggleViewAction())
        return menu

    def show_title(self, name: str, modified: bool) -> None:
        """Put the document's name into the title bar."""
        self.setWindowTitle(f"{name}[*] — Gradient Lab")
        self.setWindowModified(modified)

    def restore_layout(self, geometry: QByteArray, state: QByteArray) -> None:
        """Bring back what `saveGeometry` and `saveState` gave; a state of another version is ignored."""
        if not geometry.isEmpty():
            self.restoreGeometry(geometry)
        if not state.isEmpty():
            self.restoreState(state, STATE_VERSION)

    def reset_layout(self) -> None:
        """Put every dock back to where it was at the first start."""
        self.restoreState(self._first_state, STATE_VERSION)
        self._resize_docks()

    @property
    def is_alone(self) -> bool:
        """Whether a single dock fills the screen."""
        return self._before is not None

    def show_alone(self, name: str) -> None:
        """Fill the screen with a dock and the time bar; Esc goes back."""
        if self._before is not None:
            return
        self._before = self.saveState(STATE_VERSION), self.isFullScreen()
        for other, dock in self.docks.items():
            dock.setVisible(other == name)
        for widget in (self._centre, self.menuBar(), *self._bars):
            widget.hide()
        self._escape.setEnabled(True)
        self.docks[name].widget().setFocus()
        self.showFullScreen()
        self.alone_changed.emit()

    def leave_alone(self) -> None:
        """Show all parts of the window again, as they were."""
        if self._before is None:
            return
        (state, was_full), self._before = self._before, None
        self._escape.setEnabled(False)
        for widget in (self._centre, self.menuBar(), *self._bars):
            widget.show()
        self.restoreState(state, STATE_VERSION)
        if not was_full:
            self.showNormal()
        self.alone_changed.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._may_close():
            self.closed.emit()
            event.accept()
        else:
            event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            QTimer.singleShot(0, self.painted.emit)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _local_file(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = _local_file(event.mimeData())
        if path is not None:
            event.acceptProposedAction()
            self.file_dropped.emit(path)

    def set_icon(self, icon: QIcon) -> None:
        """The icon of the window and of the task bar."""
        self.setWindowIcon(icon)

    def fill(self, name: str, widget: QWidget) -> None:
        """Put the widget into a dock that was made without one."""
        self.docks[name].setWidget(widget)

    def _dock(self, spec: DockSpec) -> QDockWidget:
        dock = QDockWidget(spec.title, self)
        dock.setObjectName(f"dock-{spec.name}")
        if spec.widget is not None:
            dock.setWidget(spec.widget)
        self.addDockWidget(
            Qt.DockWidgetArea.RightDockWidgetArea if self._compact else spec.area, dock
        )
        return dock

    def _arrange(self) -> None:
        if self._compact:
            self._pile_up()
            return
        bottom = [
            self.docks[name]
            for name, spec in self._specs.items()
            if spec.area == Qt.DockWidgetArea.BottomDockWidgetArea and not spec.tabbed_with
        ]
        for before, after in pairwise(bottom):
            self.splitDockWidget(before, after, Qt.Orientation.Horizontal)
        for name, spec in self._specs.items():
            if spec.tabbed_with:
                self.tabifyDockWidget(self.docks[spec.tabbed_with], self.docks[name])
                self.docks[spec.tabbed_with].raise_()
        self._resize_docks()

    def _pile_up(self) -> None:
        """One dock behind the other, the first pane in front."""
        for before, after in pairwise(self.docks.values()):
            self.tabifyDockWidget(before, after)
        bottom = Qt.DockWidgetArea.BottomDockWidgetArea
        for name in [name for name, spec in self._specs.items() if spec.area == bottom][:1]:
            self.docks[name].raise_()

    def _resize_docks(self) -> None:
        if self._compact:
            return
        sides = Qt.DockWidgetArea.LeftDockWidgetArea | Qt.DockWidgetArea.RightDockWidgetArea
        for orientation, areas in (
            (Qt.Orientation.Horizontal, sides),
            (Qt.Orientation.Vertical, Qt.DockWidgetArea.BottomDockWidgetArea),
        ):
            named = [(self.docks[n], s.size) for n, s in self._specs.items() if s.area & areas]
            self.resizeDocks([dock for dock, _ in named], [size for _, size in named], orientation)
        bottom = Qt.DockWidgetArea.BottomDockWidgetArea
        side_by_side = [
            self.docks[name]
            for name, spec in self._specs.items()
            if spec.area == bottom and not spec.tabbed_with
        ]
        share = self.width() // max(1, len(side_by_side))
        self.resizeDocks(side_by_side, [share] * len(side_by_side), Qt.Orientation.Horizontal)


def _local_file(content: QMimeData) -> Path | None:
    urls = content.urls() if content.hasUrls() else []
    return Path(urls[0].toLocalFile()) if len(urls) == 1 and urls[0].isLocalFile() else None


def _stacked(widgets: Sequence[QWidget]) -> QWidget:
    centre = QWidget()
    column = QVBoxLayout(centre)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    for widget in widgets:
        column.addWidget(widget, 1 if widget is widgets[-1] else 0)
    return centre
