"""What all panes have in common: when to draw, what to say, how to take the picture along."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QBuffer, QElapsedTimer, QIODevice, QPointF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCursor, QGuiApplication, QKeyEvent, QPainter, QShowEvent
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import (
    QFileDialog,
    QGraphicsItem,
    QHBoxLayout,
    QLabel,
    QMenu,
    QStackedWidget,
    QToolButton,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from engine.graph import StorageError, write_atomically
from engine.training import RunHistory
from gui.common.theme import GRID, Theme, ThemeSource, scaled_font

FRAME_MS = 16
_EMPTY = "Press Run (F5): this pane follows the training, epoch by epoch."
_PLOT, _LESSON = 0, 1


class Pane(QWidget):
    """A plot with a headline, a read-out at the pointer and a caption in words.

    It draws at most 60 times a second, only while it is visible and only when something has changed.
    `layer_chosen` carries the node that was clicked, `failed` the sentence of an export that went wrong.
    """

    layer_chosen = Signal(str)
    failed = Signal(str)
    drawn = Signal()

    def __init__(self, name: str, title: str, lesson: str, themes: ThemeSource) -> None:
        """`lesson` is what the pane says before there is anything to show: what it will show, and why to look."""
        super().__init__()
        self._name = name
        self._themes = themes
        self._history: RunHistory | None = None
        self._epoch: int | None = None
        self._selected: frozenset[str] = frozenset()
        self._dirty = True
        self._since_drawn = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._draw_if_needed)
        self.headline = QLabel()
        self.headline.setFont(scaled_font(self.font(), 1.0, bold=True))
        self.tools = QHBoxLayout()
        self.legend = QHBoxLayout()
        self._plot: pg.PlotWidget | None = None
        self._plotted = QVBoxLayout()
        self._column = QVBoxLayout()
        self._lesson = QLabel(f"{lesson}\n\n{_EMPTY}")
        self._lesson.setWordWrap(True)
        self._lesson.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._lesson.setMargin(3 * GRID)
        self._pages = QStackedWidget()
        self.caption = QLabel()
        self.caption.setWordWrap(True)
        self.caption.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.caption.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._arrange()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(title)
        self.setMinimumSize(GRID * 28, GRID * 20)
        themes.changed.connect(self._use_theme)
        self._use_theme()

    @property
    def plot(self) -> pg.PlotWidget:
        """The drawing. It is built when it is first asked for, so that the window opens sooner."""
        if self._plot is None:
            self._plot = self._new_plot()
            self.furnish(self._plot.getPlotItem())
            self._plotted.addWidget(self._plot, 1)
            self._color_plot()
        return self._plot

    @property
    def theme(self) -> Theme:
        """The colours that hold now."""
        return self._themes.theme

    @property
    def history(self) -> RunHistory | None:
        """The run that is shown."""
        return self._history

    def show_history(self, history: RunHistory | None) -> None:
        """Show another run, its newest epoch."""
        self._history, self._epoch = history, None
        self.caption.setMinimumHeight(0)
        self.restart()
        self.data_changed()

    @Slot()
    def build_plot(self) -> None:
        """Build the drawing now, while nobody waits for it."""
        assert self.plot is not None

    def data_changed(self) -> None:
        """The history has grown, or something else that is drawn is another one."""
        self._dirty = True
        if self.isVisible() and not self._timer.isActive():
            gone = self._since_drawn.elapsed() if self._since_drawn.isValid() else FRAME_MS
            self._timer.start(max(0, FRAME_MS - int(gone)))

    def set_epoch(self, epoch: int | None) -> None:
        """Show an epoch, or with None follow the newest."""
        if epoch != self._epoch:
            self._epoch = epoch
            self.data_changed()

    def set_selected(self, ids: frozenset[str]) -> None:
        """Mark the chosen layers."""
        if ids != self._selected:
            self._selected = ids
            self.data_changed()

    # What a pane fills in.

    def furnish(self, plot: pg.PlotItem) -> None:
        """Put axes' labels and the items that are drawn into a new plot."""

    def restart(self) -> None:
        """Forget what belonged to the run before."""

    def draw(self) -> str:
        """Bring the items up to date and return the caption; called only when there is an epoch to show."""
        raise TypeError(f"{type(self).__name__} draws nothing")

    def color_items(self) -> None:
        """Give the items the theme's colours."""

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        """Header and rows of what is shown, for CSV."""
        raise TypeError(f"{type(self).__name__} has no table")

    def read_at(self, place: QPointF) -> tuple[str, str | None]:
        """What lies under a point of the plot, in words, and the layer's id."""
        raise TypeError(f"{type(self).__name__} reads nothing")

    # Drawing.

    @staticmethod
    def show_marks(item: pg.ScatterPlotItem, places: NDArray[Any], height: float) -> None:
        """Put a row of marks at one height; without places the item is hidden."""
        item.setVisible(bool(places.size))
        if places.size:
            item.setData(places, np.full(places.size, height))

    def show_headline(self, text: str, color: str = "") -> None:
        """Say the most important in a word, in a colour of its own or the text's."""
        self.headline.setText(text)
        style = f"color: {color};" if color else ""
        if style != self.headline.styleSheet():
            self.headline.setStyleSheet(style)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._dirty:
            self.data_changed()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Down: 1,
        }.get(Qt.Key(event.key()))
        if step is None or self._history is None or not self._history.layers:
            super().keyPressEvent(event)
            return
        rows = [row for i in self._selected if (row := self._history.row(i)) is not None]
        row = min(max(0, (rows[0] + step) if rows else 0), len(self._history.layers) - 1)
        self.layer_chosen.emit(self._history.layers[row].id)

    def _draw_if_needed(self) -> None:
        if not (self._dirty and self.isVisible()):
            return
        self._dirty = False
        has_data = self._history is not None and bool(self._history.epochs)
        if self._history is not None and not has_data and self._pages.currentIndex() == _PLOT:
            return  # the new run's first figures are on their way; until then the old picture is better than none
        first = self._plot is None
        if has_data:
            self.build_plot()
        self._pages.setCurrentIndex(_PLOT if has_data else _LESSON)
        self.caption.setVisible(has_data)
        if has_data:
            if first:
                self._settle()
            self._say(f"{self.draw()}.")
        else:
            self.headline.clear()
            self.setAccessibleDescription(self._lesson.text())
        self._since_drawn.start()
        self.drawn.emit()

    def _settle(self) -> None:
        """Give the plot's parts their places now: which labels fit depends on them."""
        for layout in (self._column, self._plotted, self.plot.getPlotItem().layout):
            layout.activate()

    def _say(self, caption: str) -> None:
        if caption != self.caption.text():
            self.caption.setText(caption)
            self.setAccessibleDescription(caption)
            needed = self.caption.heightForWidth(self.caption.width())
            if (
                needed > self.caption.minimumHeight()
            ):  # never less: a plot that jumps cannot be read
                self.caption.setMinimumHeight(needed)

    def _use_theme(self) -> None:
        theme = self.theme
        self.caption.setStyleSheet(f"color: {theme.text};")
        self._lesson.setStyleSheet(f"color: {theme.muted}; background: {theme.surface};")
        if self._plot is not None:
            self._color_plot()
        self.data_changed()

    def _new_plot(self) -> pg.PlotWidget:
        plot = pg.PlotWidget(enableMenu=False)
        plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        plot.hideButtons()
        plot.setMouseEnabled(x=False, y=False)
        plot.getViewBox().disableAutoRange()
        plot.getViewBox().sigResized.connect(self.data_changed)  # other labels fit then
        plot.scene().sigMouseMoved.connect(self._hover)
        plot.scene().sigMouseClicked.connect(self._click)
        return plot

    def _color_plot(self) -> None:
        theme = self.theme
        self.plot.setBackground(theme.surface)
        for side in ("left", "bottom", "right"):
            axis = self.plot.getAxis(side)
            axis.setPen(theme.border)
            axis.setTextPen(theme.muted)
            axis.enableAutoSIPrefix(False)
            for item in (axis, axis.label):
                item.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
            # minor ticks triple the lines of a grid, and the time to paint it
            axis.setStyle(tickFont=scaled_font(self.font(), 0.85), maxTickLevel=0)
        self.color_items()

    def _arrange(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(GRID)
        head.addWidget(self.headline)
        head.addStretch(1)
        head.addLayout(self.tools)
        head.addWidget(self._export_button())
        page = QWidget()
        page.setLayout(self._plotted)
        self._plotted.setContentsMargins(0, 0, 0, 0)
        self._plotted.setSpacing(GRID // 2)
        self._plotted.addLayout(self.legend)
        self._pages.insertWidget(_PLOT, page)
        self._pages.insertWidget(_LESSON, self._lesson)
        self._pages.setCurrentIndex(_LESSON)
        column = self._column
        self.setLayout(column)
        column.setContentsMargins(GRID, GRID // 2, GRID, GRID)
        column.setSpacing(GRID // 2)
        column.addLayout(head)
        column.addWidget(self._pages, 1)
        column.addWidget(self.caption)

    # The pointer.

    def _hover(self, position: QPointF) -> None:
        view = self.plot.getViewBox()
        inside = self._history is not None and view.sceneBoundingRect().contains(position)
        text = self.read_at(view.mapSceneToView(position))[0] if inside else ""
        QToolTip.showText(QCursor.pos(), text, self.plot)  # an empty text hides it

    def _click(self, event: Any) -> None:
        view = self.plot.getViewBox()
        if self._history is not None and event.button() == Qt.MouseButton.LeftButton:
            node_id = self.read_at(view.mapSceneToView(event.scenePos()))[1]
            if node_id is not None:
                self.layer_chosen.emit(node_id)

    # Taking it along.

    def _export_button(self) -> QToolButton:
        button = QToolButton()
        button.setText("⋯")
        button.setAutoRaise(True)
        button.setToolTip("Save or copy what this pane shows")
        button.setAccessibleName(f"Save or copy: {self._name}")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        menu.addAction("Copy picture", self.copy_picture)
        menu.addAction(
            "Copy caption", lambda: QGuiApplication.clipboard().setText(self.caption.text())
        )
        menu.addSeparator()
        for kind in ("png", "svg", "csv"):
            menu.addAction(f"Save as {kind.upper()} …", partial(self._ask_and_save, kind))
        button.setMenu(menu)
        return button

    def copy_picture(self) -> None:
        """Put the pane's picture on the clipboard."""
        QGuiApplication.clipboard().setPixmap(self.grab())

    def save(self, path: Path) -> None:
        """Write the pane to a PNG, SVG or CSV file, by the name's ending; `failed` says what went wrong."""
        try:
            write_atomically(path, self._content(path.suffix.lower()))
        except (StorageError, ValueError) as error:
            self.failed.emit(str(error))

    def _ask_and_save(self, kind: str) -> None:
        start = str(Path.home() / f"{self._name}.{kind}")
        name, _ = QFileDialog.getSaveFileName(
            self, "Save what this pane shows", start, f"{kind.upper()} (*.{kind})"
        )
        if name:
            self.save(Path(name) if Path(name).suffix else Path(f"{name}.{kind}"))

    def _content(self, kind: str) -> bytes:
        if self._history is None or not self._history.epochs:
            raise ValueError("There is nothing to save yet. Press Run first")
        self._draw_if_needed()
        self._settle()
        if kind == ".svg":
            return _svg(self.plot)
        if kind == ".csv":
            return self._csv()
        if kind == ".png":
            return _png(self)
        raise ValueError(f"Files that end in {kind!r} cannot be written. Choose .png, .svg or .csv")

    def _csv(self) -> bytes:
        header, rows = self.table()
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(header)
        writer.writerows(rows)
        return text.getvalue().encode()


def _svg(plot: pg.PlotWidget) -> bytes:
    """Qt's own generator; pyqtgraph's exporter cannot read the paths that Qt 6.11 writes."""
    buffer, generator = QBuffer(), QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)
    generator.setOutputDevice(buffer)
    generator.setSize(plot.size())
    generator.setViewBox(plot.rect())
    with _uncached(plot), QPainter(generator) as painter:
        plot.render(painter)
    return bytes(buffer.data().data())


@contextmanager
def _uncached(plot: pg.PlotWidget) -> Iterator[None]:
    """Have everything drawn anew, as lines and letters instead of kept pictures."""
    kept = {item: item.cacheMode() for item in plot.scene().items()}
    for item in kept:
        item.setCacheMode(QGraphicsItem.CacheMode.NoCache)
    try:
        yield
    finally:
        for item, mode in kept.items():
            item.setCacheMode(mode)


def _png(widget: QWidget) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    widget.grab().save(buffer, "PNG")
    return bytes(buffer.data().data())
