"""The palette: every layer kind, to be searched, dragged, or added with Enter."""

from collections.abc import Sequence

from PySide6.QtCore import (
    QByteArray,
    QMimeData,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QDrag,
    QFocusEvent,
    QFontMetrics,
    QIcon,
    QKeyEvent,
    QPainter,
    QPixmap,
    QResizeEvent,
    QTextLayout,
)
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from engine.language import tr
from engine.layers import CATALOGUE, CATEGORY_TITLES, LayerSpec
from gui.common.icons import Icons
from gui.common.mime import LAYER_KIND
from gui.common.theme import GRID, ThemeSource, scaled_font
from gui.common.tips import in_lines

_FIRST = 8
"""Entries that are seen when the window opens."""
_KIND = Qt.ItemDataRole.UserRole
_ICON = 24
_LINES = 2
Index = QModelIndex | QPersistentModelIndex


class Palette(QWidget):
    """A search field over the grouped kinds. `chosen` carries the kind that is to be added."""

    chosen = Signal(str)

    def __init__(self, icons: Icons, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self.search = _SearchField()
        self.search.setPlaceholderText(tr("Find a layer (Ctrl+F)"))
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName(tr("Find a layer kind"))
        self.search.textChanged.connect(self._filter)
        self.search.returnPressed.connect(self._add_current)
        self.search.left_downwards.connect(self._enter_list)
        self.list = _KindList(themes)
        self.list.itemActivated.connect(self._add)
        self.list.itemClicked.connect(self._fold)
        self._folded: set[str] = set()
        self._nothing = QLabel()
        self._nothing.setWordWrap(True)
        self._nothing.setContentsMargins(GRID, GRID, GRID, GRID)
        self._nothing.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID, GRID, GRID, GRID)
        column.setSpacing(GRID)
        column.addWidget(self.search)
        column.addWidget(self._nothing)
        column.addWidget(self.list, 1)
        self._fill()
        for item in self.list.entries()[:_FIRST]:
            self._draw_icon(item)
        themes.changed.connect(self._redraw)

    def focus_search(self) -> None:
        """Put the keyboard into the search field, its text chosen."""
        self.search.setFocus()
        self.search.selectAll()

    def shown_kinds(self) -> list[str]:
        """The kinds that the search lets through, from top to bottom."""
        return [str(item.data(0, _KIND)) for item in self.list.entries() if not item.isHidden()]

    def entry(self, kind: str) -> QTreeWidgetItem:
        """The list's entry of a kind."""
        return next(item for item in self.list.entries() if item.data(0, _KIND) == kind)

    def _fill(self) -> None:
        for category, title in CATEGORY_TITLES.items():
            group = QTreeWidgetItem(self.list, [title])
            group.setFlags(Qt.ItemFlag.ItemIsEnabled)
            group.setToolTip(0, tr("Click to fold or unfold"))
            for spec in CATALOGUE.values():
                if spec.category == category:
                    self._add_entry(group, spec)
        self.list.expandAll()

    def _add_entry(self, group: QTreeWidgetItem, spec: LayerSpec) -> None:
        item = QTreeWidgetItem(group, [spec.title])
        item.setData(0, _KIND, spec.kind)
        item.setToolTip(
            0, in_lines("\n\n".join(t for t in (spec.summary, spec.formula, spec.details) if t))
        )
        item.setData(0, Qt.ItemDataRole.AccessibleTextRole, f"{spec.title}: {spec.summary}")
        flag = Qt.ItemFlag
        item.setFlags(flag.ItemIsEnabled | flag.ItemIsSelectable | flag.ItemIsDragEnabled)

    def _filter(self, text: str) -> None:
        ranked = ranking(text, list(CATALOGUE.values()))
        wanted = {spec.kind for spec in ranked}
        for item in self.list.entries():
            item.setHidden(str(item.data(0, _KIND)) not in wanted)
        for group in self.list.groups():
            group.setHidden(all(item.isHidden() for item in children(group)))
            group.setExpanded(bool(text) or group.text(0) not in self._folded)
        self._nothing.setVisible(not ranked)
        self._nothing.setText(
            tr("No layer matches “{text}”. Try a shorter word, such as “relu” or “norm”.").format(
                text=text
            )
        )
        self.list.setVisible(bool(ranked))
        if text and ranked:
            self.list.setCurrentItem(self.entry(ranked[0].kind))
        else:
            self.list.clearSelection()
            self.list.setCurrentIndex(QModelIndex())

    def _fold(self, item: QTreeWidgetItem) -> None:
        """Fold or unfold a group whose heading was clicked; a search shows all that it finds."""
        if item.data(0, _KIND) or self.search.text():
            return
        item.setExpanded(not item.isExpanded())
        self._folded = {group.text(0) for group in self.list.groups() if not group.isExpanded()}

    def _enter_list(self) -> None:
        if self.list.currentItem() is None:
            kinds = self.shown_kinds()
            if kinds:
                self.list.setCurrentItem(self.entry(kinds[0]))
        self.list.setFocus()

    def _add_current(self) -> None:
        item = self.list.currentItem()
        if item is not None:
            self._add(item)

    def _add(self, item: QTreeWidgetItem) -> None:
        kind = item.data(0, _KIND)
        if kind:
            self.chosen.emit(kind)

    @Slot()
    def draw_icons(self) -> None:
        """Draw the icons of all entries; until then only those of the first ones are there."""
        for item in self.list.entries():
            self._draw_icon(item)

    def _draw_icon(self, item: QTreeWidgetItem) -> None:
        item.setIcon(0, self._icons.layer_icon(CATALOGUE[str(item.data(0, _KIND))]))

    def _redraw(self) -> None:
        self.list.scheduleDelayedItemsLayout()
        self.draw_icons()


def ranking(text: str, specs: Sequence[LayerSpec]) -> list[LayerSpec]:
    """The kinds that match a search, best first: name begins with it, name holds it, then summary and group."""
    words = text.casefold().split()
    if not words:
        return list(specs)

    def place(spec: LayerSpec) -> int | None:
        names = f"{spec.kind} {spec.title}".casefold()
        everything = f"{names} {spec.summary} {CATEGORY_TITLES[spec.category]}".casefold()
        if not all(word in everything for word in words):
            return None
        if words[0] in (spec.kind.casefold(), spec.title.casefold()):
            return 0
        if names.startswith(words[0]):
            return 1
        return 2 if all(word in names for word in words) else 3

    found = [
        (rank, order, spec) for order, spec in enumerate(specs) if (rank := place(spec)) is not None
    ]
    return [spec for _, _, spec in sorted(found, key=lambda row: row[:2])]


def children(group: QTreeWidgetItem) -> list[QTreeWidgetItem]:
    """The entries of a group."""
    items = (group.child(i) for i in range(group.childCount()))
    return [item for item in items if item is not None]


class _SearchField(QLineEdit):
    """Down goes into the list, Esc clears."""

    left_downwards = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down:
            self.left_downwards.emit()
        elif event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)


class _KindList(QTreeWidget):
    """Entries of two lines; a drag carries the kind."""

    def __init__(self, themes: ThemeSource) -> None:
        super().__init__()
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        self.setIndentation(0)
        self.setIconSize(QSize(_ICON, _ICON))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QTreeWidget.ScrollMode.ScrollPerPixel)
        self.setExpandsOnDoubleClick(False)
        self.setDragEnabled(True)
        self.setItemDelegate(_EntryDelegate(themes, self))
        self.setAccessibleName(tr("Layer kinds"))
        self.setMouseTracking(True)

    def groups(self) -> list[QTreeWidgetItem]:
        """The categories."""
        items = (self.topLevelItem(i) for i in range(self.topLevelItemCount()))
        return [item for item in items if item is not None]

    def entries(self) -> list[QTreeWidgetItem]:
        """The kinds of all categories."""
        return [item for group in self.groups() for item in children(group)]

    def startDrag(self, _actions: Qt.DropAction) -> None:
        item = self.currentItem()
        if item is None or not item.data(0, _KIND):
            return
        content = QMimeData()
        content.setData(LAYER_KIND, QByteArray(str(item.data(0, _KIND)).encode()))
        drag = QDrag(self)
        drag.setMimeData(content)
        picture = self._drag_picture(item)
        drag.setPixmap(picture)
        drag.setHotSpot(QPoint(picture.width() // 2, picture.height() // 2))
        drag.exec(Qt.DropAction.CopyAction)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Whoever comes by keyboard sees where it is."""
        super().focusInEvent(event)
        keys = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        if event.reason() in keys and not self.selectedItems():
            for item in self.entries():
                if not item.isHidden():
                    self.setCurrentItem(item)
                    break

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.scheduleDelayedItemsLayout()

    def _drag_picture(self, item: QTreeWidgetItem) -> QPixmap:
        """A small card with icon and name."""
        width = self.fontMetrics().horizontalAdvance(item.text(0)) + _ICON + 4 * GRID
        picture = QPixmap(width, _ICON + 2 * GRID)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(self.palette().base())
        painter.setPen(self.palette().highlight().color())
        painter.drawRoundedRect(picture.rect().adjusted(1, 1, -1, -1), GRID, GRID)
        item.icon(0).paint(painter, QRect(GRID, GRID, _ICON, _ICON))
        painter.setPen(self.palette().text().color())
        room = picture.rect().adjusted(_ICON + 2 * GRID, 0, -GRID, 0)
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, item.text(0))
        painter.end()
        return picture


class _EntryDelegate(QStyledItemDelegate):
    """Draws a group as a heading, a kind as icon, title, and its summary in small type."""

    def __init__(self, themes: ThemeSource, view: QTreeWidget) -> None:
        super().__init__(view)
        self._themes = themes
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        width = self._view.viewport().width()
        line = QFontMetrics(self._view.font()).height()
        if not index.data(_KIND):
            return QSize(width, line + 2 * GRID)
        small = QFontMetrics(scaled_font(self._view.font(), 0.85))
        rows = len(self._summary_lines(index, width))
        return QSize(width, line + rows * small.height() + GRID + GRID // 2)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        if index.data(_KIND):
            self._paint_entry(painter, option, index)
        else:
            painter.setFont(scaled_font(self._view.font(), 0.85, bold=True))
            painter.setPen(self._themes.theme.color("muted"))
            room = option.rect.adjusted(GRID // 2, 0, 0, -GRID // 2)
            mark = "▾" if option.state & QStyle.StateFlag.State_Open else "▸"
            painter.drawText(room, Qt.AlignmentFlag.AlignBottom, f"{mark} {index.data()}".upper())
        painter.restore()

    def _paint_entry(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme = self._themes.theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if chosen or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(theme.color("accent", 0.16 if chosen else 0.07))
            painter.setPen(theme.color("accent") if chosen else Qt.PenStyle.NoPen)
            painter.drawRoundedRect(option.rect.adjusted(1, 1, -1, -1), 4, 4)
        icon = index.data(Qt.ItemDataRole.DecorationRole)
        left, top = option.rect.left() + GRID // 2, option.rect.top() + GRID // 2
        if isinstance(icon, QIcon):
            icon.paint(painter, QRect(left, top + 2, _ICON, _ICON))
        painter.setFont(self._view.font())
        painter.setPen(theme.color("text"))
        metrics = QFontMetrics(self._view.font())
        left += _ICON + GRID
        painter.drawText(left, top + metrics.ascent(), str(index.data()))
        small = scaled_font(self._view.font(), 0.85)
        painter.setFont(small)
        painter.setPen(theme.color("muted"))
        top += metrics.height() + QFontMetrics(small).ascent()
        for line in self._summary_lines(index, option.rect.width()):
            painter.drawText(left, top, line)
            top += QFontMetrics(small).height()

    def _summary_lines(self, index: Index, width: int) -> list[str]:
        """The summary in at most two lines; what is left out stands in the tool tip."""
        font = scaled_font(self._view.font(), 0.85)
        room = width - _ICON - 2 * GRID - GRID // 2
        text = CATALOGUE[str(index.data(_KIND))].summary
        layout = QTextLayout(text, font)
        layout.beginLayout()
        starts = []
        while (line := layout.createLine()).isValid():
            line.setLineWidth(room)
            starts.append(line.textStart())
        layout.endLayout()
        ends = [*starts[1:], len(text)]
        lines = [text[a:b].strip() for a, b in zip(starts, ends, strict=True)]
        if len(lines) > _LINES:
            rest = text[starts[_LINES - 1] :]
            elided = QFontMetrics(font).elidedText(rest, Qt.TextElideMode.ElideRight, room)
            lines = [*lines[: _LINES - 1], elided]
        return lines
