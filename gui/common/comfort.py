"""How large everything is, and whether anything moves by itself: what a person needs, remembered."""

import os
import sys
from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from engine.language import tr

from .actions import ActionSpec
from .settings import SIZES, Settings

_SCALE_VARIABLE = "QT_SCALE_FACTOR"
_EFFECTS = (
    Qt.UIEffect.UI_AnimateMenu,
    Qt.UIEffect.UI_FadeMenu,
    Qt.UIEffect.UI_AnimateCombo,
    Qt.UIEffect.UI_AnimateTooltip,
    Qt.UIEffect.UI_FadeTooltip,
    Qt.UIEffect.UI_AnimateToolBox,
)
SIZE_ACTIONS = tuple(f"size_{size}" for size in SIZES)


def use_size(percent: int) -> None:
    """Have Qt draw everything larger; acts on an application that is made afterwards.

    What the environment says already is left alone: whoever set it knows the screen.
    """
    if percent != 100:
        os.environ.setdefault(_SCALE_VARIABLE, f"{percent / 100:g}")


class Comfort:
    """The actions for size and motion. `say` shows a sentence, `set_calm` tells who moves things."""

    def __init__(
        self,
        settings: Settings,
        say: Callable[[str], None],
        set_calm: Callable[[bool], None],
    ) -> None:
        self._settings = settings
        self._say = say
        self._set_calm = set_calm
        self._effects = [effect for effect in _EFFECTS if QApplication.isEffectEnabled(effect)]
        self._calm = settings.calm if settings.calm is not None else _system_is_calm()
        self._apply()

    @property
    def calm(self) -> bool:
        """Whether motion is reduced; until the person chose, as the system wants it where Qt tells."""
        return self._calm

    def toggle_calm(self) -> None:
        """Reduce motion, or no longer."""
        self._calm = self._settings.calm = not self._calm
        self._apply()

    def choose_size(self, percent: int) -> None:
        """Remember a size for the next start: Qt takes none while a window is open."""
        self._settings.size = percent
        self._say(
            tr("Everything has {percent} % of its size from the next start on").format(
                percent=percent
            )
        )

    def actions(self) -> list[ActionSpec]:
        """A size each, and the switch for motion."""
        return [
            *(self._size_action(size) for size in SIZES),
            ActionSpec(
                "calm",
                tr("Reduced &motion"),
                tr("Menus open at once, and a recording plays in few large steps"),
                self.toggle_calm,
                checked=lambda: self._calm,
            ),
        ]

    def _size_action(self, percent: int) -> ActionSpec:
        return ActionSpec(
            f"size_{percent}",
            f"{percent} %",
            tr("How large letters, buttons and pictures are from the next start on"),
            lambda: self.choose_size(percent),
            checked=lambda: self._settings.size == percent,
        )

    def _apply(self) -> None:
        for effect in self._effects:
            QApplication.setEffectEnabled(effect, not self._calm)
        self._set_calm(self._calm)


def _system_is_calm() -> bool:
    """Qt 6.11 tells of a wish for less motion on Windows only, where the system's effects are then off."""
    return sys.platform == "win32" and not QApplication.isEffectEnabled(Qt.UIEffect.UI_General)
