"""What the gradient flow shows: a menu to choose it from, and a line of keys to what is drawn."""

from collections.abc import Collection

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel

from engine.language import tr
from gui.common.elided import ElidedLabel
from gui.common.flow_layout import ShorteningRow
from gui.common.theme import GRID, Theme
from gui.common.tips import in_lines

from .gradient_marks import QUANTITIES
from .heat import misfit_key
from .view_menu import Option, PaneMenu, checked

_KINDS = (
    Option("lines", tr("Lines"), tr("All layers at the epoch that is shown")),
    Option("heat map", tr("Heat map"), tr("One quantity of all layers over all epochs")),
)


class FlowMenu(PaneMenu):
    """Lines or a heat map, which quantities, the theory, and the order of the layers."""

    def __init__(self) -> None:
        super().__init__(
            tr("How the gradient flow is drawn"),
            tr("Lines or heat map, what is drawn, and the order of the layers"),
        )
        self._kind = self.choices(_KINDS)
        self.menu().addSeparator()
        self._quantities = {q.column: self.switch(q.title, q.help, on=q.shown) for q in QUANTITIES}
        self.theory = self.switch(tr("Theory"), "", on=True)
        self.menu().addSeparator()
        self.worst = self.switch(
            tr("Worst first"),
            tr("Order the layers by how far their gradient is from the one at the output end"),
        )

    @property
    def wants_map(self) -> bool:
        """Whether the heat map is chosen."""
        return checked(self._kind) == "heat map"

    @property
    def shown(self) -> Collection[str]:
        """The columns whose lines are wanted."""
        return {column for column, action in self._quantities.items() if action.isChecked()}

    def offer(self, *, is_map: bool, theory: bool) -> None:
        """Offer only what the drawing can show."""
        for action in self._quantities.values():
            action.setVisible(not is_map)
        self.theory.setVisible(theory and not is_map)


class FlowLegend(QHBoxLayout):
    """Keys to what is drawn, in one line whatever the width, and the menu; `changed` tells of another choice."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.menu = FlowMenu()
        self.menu.changed.connect(self.changed)
        self.quantity = QComboBox()
        self.quantity.setAccessibleName(tr("Quantity of the heat map"))
        self.quantities = {q.column: ElidedLabel(f"— {q.title}") for q in QUANTITIES}
        self.theory, self.before, self.misfits = ElidedLabel(), ElidedLabel(), QLabel()
        for quantity in QUANTITIES:
            self.quantity.addItem(quantity.title, quantity.column)
            self.quantities[quantity.column].setToolTip(in_lines(quantity.help))
        self.quantity.currentIndexChanged.connect(self.changed)
        self.setSpacing(GRID)
        keys = ShorteningRow()
        lines = *self.quantities.values(), self.before, self.theory
        for part in (self.quantity, *lines, self.misfits):
            keys.addWidget(part)
        self.addLayout(keys, 1)
        self.addWidget(self.menu)

    def set_theme(self, theme: Theme) -> None:
        """Write in a theme's colours."""
        for key, color in zip(self.quantities.values(), theme.series, strict=False):
            key.setStyleSheet(f"color: {color};")
        for key in (self.theory, self.before):
            key.setStyleSheet(f"color: {theme.muted};")
        self.misfits.setText(misfit_key(theme))

    def show_keys(self, *, is_map: bool, misfits: bool, theory: bool, before: str) -> None:
        """Explain only what is drawn; `theory` says whether there is any, `before` what is compared with, or ""."""
        self.menu.offer(is_map=is_map, theory=theory)
        self.quantity.setVisible(is_map)
        self.misfits.setVisible(is_map and misfits)
        shown = () if is_map else self.menu.shown
        for column, key in self.quantities.items():
            key.setVisible(column in shown)
        self.theory.setVisible(theory and not is_map and self.menu.theory.isChecked())
        self.before.setVisible(bool(before) and not is_map)
        self.before.setText(before)
