"""What all panes have in common: when to draw, what to say, how to take the picture along."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication, QEvent, QPointF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QPaintEvent,
    QPalette,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.language import tr
from engine.parameters import Value
from engine.training import RunHistory
from gui.common.elided import ElidedLabel
from gui.common.focus import paint_ring
from gui.common.frames import FrameClock
from gui.common.still import Still
from gui.common.theme import GRID, Theme, ThemeSource, palette_of

from .caption import Caption
from .pages import Pages
from .plots import color_axes, new_plots
from .pointer import Pointer
from .taking import Taking, alone_button, export_button
from .theory import ShownTheory

_EMPTY = tr("Press Run (F5): this pane follows the training, epoch by epoch.")
_HIDDEN_SIZE = QSize(GRID * 80, GRID * 45)
"""At least so large is the picture of a pane that was never seen."""


class Pane(QWidget):
    """A plot with a headline, a read-out at the pointer and a caption in words.

    It draws at most 60 times a second, only while it is visible and only when something has changed.
    `layer_chosen` carries the node that was clicked, `epoch_chosen` the place of an epoch in the history that was
    clicked or dragged over, `setting_chosen` a training setting's name, its new value and the key of the gesture,
    `failed` the sentence of an export that went wrong; `alone_wanted` says that the pane should fill the screen.
    """

    layer_chosen = Signal(str)
    epoch_chosen = Signal(int)
    setting_chosen = Signal(str, object, object)
    failed = Signal(str)
    alone_wanted = Signal()
    drawn = Signal()

    def __init__(
        self, name: str, title: str, lesson: str, themes: ThemeSource, plots: int = 1
    ) -> None:
        """`lesson` is what the pane says before there is anything to show: what it will show, and why to look.

        With several `plots` they stand side by side.
        """
        super().__init__()
        self._name = name
        self._themes = themes
        self._own_theme: Theme | None = None
        self._history: RunHistory | None = None
        self._epoch: int | None = None
        self._pinned: int | None = None
        self._theory: ShownTheory | None = None
        self._selected: frozenset[str] = frozenset()
        self._dirty = True
        self._clock = FrameClock(self)
        self.headline = ElidedLabel()
        self._headline_color = ""
        self.tools = QHBoxLayout()
        self.legend = QHBoxLayout()
        self.taking = Taking(self)
        """What takes the pane along, to files and to the clipboard."""
        self._plots = plots
        self._plot: pg.GraphicsView | None = None
        self.plot_items: list[pg.PlotItem] = []
        self.page = QWidget()
        """The drawing with its legend."""
        self._plotted = QVBoxLayout()
        self._column = QVBoxLayout()
        self._lesson = f"{lesson}\n\n{_EMPTY}"
        self._pages = Pages(self.page, self._lesson)
        self._caption = Caption()
        self.caption = self._caption.label
        self._arrange()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(title)
        self.setAccessibleDescription(self._lesson)
        self.setMinimumSize(GRID * 20, GRID * 12)
        themes.changed.connect(self._use_theme)
        self._use_theme()

    @property
    def plot(self) -> pg.GraphicsView:
        """The drawing: a `PlotWidget`, or a `GraphicsLayoutWidget` of several plots.

        It is built when it is first asked for, so that the window opens sooner.
        """
        if self._plot is None:
            self._plot = self._new_plot()
            self.furnish(self.plot_items)
            self._plotted.addWidget(self._plot, 1)
            self._color_plot()
        return self._plot

    @property
    def name(self) -> str:
        """The pane's name in files."""
        return self._name

    @property
    def theme(self) -> Theme:
        """The colours that hold now."""
        return self._own_theme or self._themes.theme

    @property
    def history(self) -> RunHistory | None:
        """The run that is shown."""
        return self._history

    def show_history(self, history: RunHistory | None) -> None:
        """Show another run, its newest epoch."""
        self._history, self._epoch, self._pinned = history, None, None
        self._caption.forget()
        self.restart()
        self.data_changed()

    @Slot()
    def build_plot(self) -> None:
        """Build the drawing now, while nobody waits for it."""
        assert self.plot is not None

    def data_changed(self) -> None:
        """The history has grown, or something else that is drawn is another one."""
        self._dirty = True
        if self.isVisible() and not self.visibleRegion().isEmpty():
            self._clock.ask(self, self._draw_frame)

    def use_clock(self, clock: FrameClock) -> None:
        """Share the frames with others, so that all together are drawn in time."""
        self._clock.forget(self)
        self._clock = clock
        if self._dirty:
            self.data_changed()

    def set_epoch(self, epoch: int | None) -> None:
        """Show an epoch, or with None follow the newest."""
        if epoch != self._epoch:
            self._epoch = epoch
            self.data_changed()

    def set_pinned(self, epoch: int | None) -> None:
        """Compare with an epoch, or with None with none."""
        if epoch != self._pinned:
            self._pinned = epoch
            self.data_changed()

    @property
    def selected(self) -> frozenset[str]:
        """The chosen layers."""
        return self._selected

    def set_selected(self, ids: frozenset[str]) -> None:
        """Mark the chosen layers."""
        if ids != self._selected:
            self._selected = ids
            self.data_changed()

    def show_theory(self, theory: ShownTheory | None) -> None:
        """Take what theory says of the network, or with None that there is nothing to say."""
        self._theory = theory
        self.data_changed()

    # What a pane fills in.

    def has_content(self) -> bool:
        """Whether there is something to draw."""
        return self._history is not None and bool(self._history.epochs)

    def set_training(self, settings: Mapping[str, Value]) -> None:
        """Take in the document's training settings; most panes do not care."""

    def absence(self) -> str:
        """What to say in place of a drawing when the run has nothing for this pane; "" when it has."""
        return ""

    def withdraw(self) -> None:
        """Nothing is drawn now: hide what only a drawing has a use for."""

    def furnish(self, plots: Sequence[pg.PlotItem]) -> None:
        """Put axes' labels and the items that are drawn into the new plots."""

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

    def read_at(self, place: QPointF, plot: int) -> tuple[str, str | None]:
        """What lies under a point of a plot, in words, and the layer's id."""
        raise TypeError(f"{type(self).__name__} reads nothing")

    def epoch_at(self, _place: QPointF, _plot: int) -> int | None:
        """The place in the history of the epoch under a point of a plot; None where the plot has no epochs."""
        return None

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
        if color != self._headline_color:
            self._headline_color = color
            palette = QPalette()  # the rest is the window's
            if color:
                palette.setColor(QPalette.ColorRole.WindowText, QColor(color))
            self.headline.setPalette(palette)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._dirty:
            self.data_changed()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        paint_ring(self, self.theme)
        if self._dirty:  # it stood behind another tab, which does not hide it
            self.data_changed()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._caption.forget()

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
        if self._dirty and self.isVisible():
            self._draw()

    def _draw(self) -> None:
        self._dirty = False
        has_data = self.has_content()
        waits = self._history is not None and not self._history.epochs
        if waits and self._pages.shows_plot:
            return  # the new run's first figures are on their way; until then the old picture is better than none
        missing = self.absence() if has_data else self._lesson
        if missing:
            self._explain_absence(missing)
        else:
            self._draw_plot()
        self.drawn.emit()

    def _draw_plot(self) -> None:
        first = self._plot is None or not self._pages.shows_plot
        self._turn_to_plot()
        self._caption.show()
        if first:
            self._settle()
        self._say(f"{self.draw()}.")

    def _turn_to_plot(self) -> None:
        self.build_plot()
        self._pages.turn_to_plot()

    def _explain_absence(self, sentence: str) -> None:
        if not self._pages.explain(sentence):
            return
        self._caption.hide()
        self.show_headline("")
        self.withdraw()
        self.setAccessibleDescription(sentence)

    def _draw_frame(self) -> None:
        """Draw and paint at once, so that the clock knows what a picture of this pane takes."""
        self._draw_if_needed()
        if self._plot is not None and self._pages.shows_plot:
            QCoreApplication.sendPostedEvents(self._plot.scene(), QEvent.Type.MetaCall)
            # not `repaint`, after which Qt would paint once more
            QCoreApplication.sendPostedEvents(self.window(), QEvent.Type.UpdateRequest)

    def _settle(self) -> None:
        """Give the plot's parts their places now: which labels fit depends on them."""
        for layout in (self._column, self._plotted, *(item.layout for item in self.plot_items)):
            layout.activate()

    def _say(self, caption: str) -> None:
        if self._caption.say(caption):
            self._column.activate()  # else it would stand over the pane's border until the next picture
        if caption != self.accessibleDescription():
            self.setAccessibleDescription(caption)

    def _use_theme(self) -> None:
        theme = self.theme
        self.headline.setFont(self._themes.font(1.0, bold=True))
        self._pages.set_theme(theme)
        if self._plot is not None:
            self._color_plot()
        self.data_changed()

    def _new_plot(self) -> pg.GraphicsView:
        # another size: other labels fit then
        plot, self.plot_items = new_plots(self._plots, self.data_changed)
        self._pointer = Pointer(self, plot)
        return plot

    def _color_plot(self) -> None:
        self.plot.setBackground(self.theme.surface)
        color_axes(self.plot_items, self.theme, self._themes)
        self.color_items()

    def _arrange(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(GRID)
        head.addWidget(Still(self.headline), 1)
        head.addLayout(self.tools)
        for button in (export_button(self), alone_button(self)):
            head.addWidget(button)
        self.page.setLayout(self._plotted)
        self._plotted.setContentsMargins(0, 0, 0, 0)
        self._plotted.setSpacing(GRID // 2)
        self._plotted.addLayout(self.legend)
        column = self._column
        self.setLayout(column)
        column.setContentsMargins(GRID, GRID // 2, GRID, GRID)
        column.setSpacing(GRID // 2)
        column.addLayout(head)
        column.addWidget(self._pages, 1)
        column.addWidget(self._caption)

    # Taking it along.

    @property
    def shows_picture(self) -> bool:
        """Whether a drawing stands there now, and not the sentence why there is none."""
        return self._plot is not None and self._plot.isVisibleTo(self)

    def draw_now(self) -> None:
        """Draw what has changed without waiting, also while the pane is hidden."""
        if not self.isVisible() and self.has_content():
            self._turn_to_plot()
            self.resize(self.size().expandedTo(_HIDDEN_SIZE))
            self.grab()  # gives every part its place
        if self._dirty:
            self._draw()
        self._settle()

    @contextmanager
    def in_theme(self, theme: Theme) -> Iterator[None]:
        """Draw in other colours for a while, for a picture that goes elsewhere; nobody sees it on the screen."""
        self._own_theme = theme
        self.setPalette(palette_of(theme))
        self._use_theme()
        try:
            yield
        finally:
            self._own_theme = None
            self.setPalette(QPalette())
            self._use_theme()
