"""What the signs on the wires and the bars in the cards mean, in a corner of the canvas."""

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from engine.language import tr
from gui.common.theme import GRID, Theme, scaled_font
from gui.training.reading import COLORS, EXPLODING, GLYPHS, HEALTHY, VANISHING, WORDS, Verdict

_SHORT: tuple[tuple[Verdict, str], ...] = (
    ("vanishing", WORDS["vanishing"]),
    ("watch", WORDS["watch"]),
    ("healthy", WORDS["healthy"]),
    ("exploding", WORDS["exploding"]),
    ("nonfinite", WORDS["nonfinite"]),
)
_MEANINGS: tuple[tuple[Verdict, str], ...] = (
    ("exploding", tr("exploding: above {limit:g}×").format(limit=EXPLODING)),
    (
        "healthy",
        tr("healthy: {low:g}× to {high:g}×").format(low=HEALTHY[0], high=HEALTHY[1]),
    ),
    ("watch", tr("between healthy and ill: watch it")),
    (
        "vanishing",
        tr("vanishing: below {limit:g}×; dotted, with a 0: exactly zero").format(limit=VANISHING),
    ),
    ("nonfinite", tr("not a finite number: dashed")),
    ("unknown", tr("no gradient is computed here, or nothing to compare")),
)
_STRIPE = tr(
    "<b>Stripe</b>: the gradient on its way back (RMS ∂L/∂a),<br>compared with "
    "that of the last weight layer. The wider, the larger."
)
_BARS = tr(
    "<b>Bars</b>: the layer's outputs; 0 in the middle, the same<br>smooth "
    "logarithmic scale in all layers; grey: exact zeros."
)


class Legend(QFrame):
    """Folded, it names the colours; unfolded, it says what each sign means. Stays in the lower left corner."""

    def __init__(self, canvas: QWidget) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._short, self._long = QLabel(), QLabel()
        self._fold = QToolButton()
        self._fold.setAutoRaise(True)
        self._fold.setCheckable(True)
        self._fold.setToolTip(tr("What the signs on the canvas mean"))
        self._fold.setAccessibleName(tr("Legend of the canvas"))
        self._fold.toggled.connect(self._show_fold)
        for label in (self._short, self._long):
            label.setFont(scaled_font(self.font(), 0.85))
            label.setTextFormat(Qt.TextFormat.RichText)
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        head = QHBoxLayout()
        head.setSpacing(GRID // 2)
        head.addWidget(self._fold)
        head.addWidget(self._short, 1)
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(GRID // 2, GRID // 4, GRID, GRID // 4)
        column.setSpacing(GRID // 2)
        column.addWidget(self._long)
        column.addLayout(head)
        canvas.installEventFilter(self)
        self._show_fold(False)
        self.hide()

    @property
    def room(self) -> int:
        """Pixels that it takes at the bottom while it is folded."""
        margins = self._column.contentsMargins()
        return int(self._fold.sizeHint().height() + margins.top() + margins.bottom() + 2 * GRID)

    def set_theme(self, theme: Theme) -> None:
        """Write in other colours."""
        self._short.setText("&nbsp;&nbsp;".join(_sign(theme, *row) for row in _SHORT))
        rows = [_STRIPE, *(_sign(theme, *row) for row in _MEANINGS), _BARS]
        self._long.setText("<br>".join(rows))
        self.setStyleSheet(
            f"Legend {{ background: {theme.card}; border: 1px solid {theme.border}; "
            "border-radius: 4px; }"
        )
        self._place()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()  # the canvas below is not meant

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._fold.toggle()
        event.accept()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._canvas and event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def _show_fold(self, open_: bool) -> None:
        self._fold.setArrowType(Qt.ArrowType.DownArrow if open_ else Qt.ArrowType.UpArrow)
        self._long.setVisible(open_)
        self._place()

    def _place(self) -> None:
        self._column.activate()
        self.adjustSize()
        self.move(QPoint(GRID, self._canvas.height() - self.height() - GRID))


def _sign(theme: Theme, verdict: Verdict, words: str) -> str:
    color = getattr(theme, COLORS[verdict])
    return f'<span style="color: {color};">{GLYPHS[verdict]}</span>&nbsp;{words}'
