"""What the window remembers between two starts."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QSettings

from .theme import THEME_CHOICES, ThemeChoice

RECENT_LIMIT = 10
SIZES = (100, 125, 150, 200, 300)
"""How large everything can be, in percent."""


class Settings:
    """Window state, theme and recent files, in one ini file; unreadable entries count as missing."""

    def __init__(self, path: Path) -> None:
        self._store = QSettings(str(path), QSettings.Format.IniFormat)

    @property
    def first_start(self) -> bool:
        """Whether the lab was never closed before with these settings."""
        return not any(self._store.contains(f"{place}/geometry") for place in ("window", "compact"))

    @property
    def theme(self) -> ThemeChoice:
        """The chosen theme."""
        value = self._store.value("theme", "system")
        return next((choice for choice in THEME_CHOICES if choice == value), "system")

    @theme.setter
    def theme(self, choice: ThemeChoice) -> None:
        self._store.setValue("theme", choice)

    @property
    def figures_on_canvas(self) -> bool:
        """Whether the figures of a training are drawn on the canvas."""
        return self._store.value("figures_on_canvas", "yes") != "no"

    @figures_on_canvas.setter
    def figures_on_canvas(self, shown: bool) -> None:
        self._store.setValue("figures_on_canvas", "yes" if shown else "no")

    @property
    def size(self) -> int:
        """How large everything is, one of `SIZES`."""
        value = str(self._store.value("size", ""))
        return next((size for size in SIZES if str(size) == value), 100)

    @size.setter
    def size(self, percent: int) -> None:
        self._store.setValue("size", percent)
        self._store.sync()

    @property
    def calm(self) -> bool | None:
        """Whether motion is reduced; None while the person has not chosen."""
        return {"true": True, "false": False}.get(str(self._store.value("calm", "")).lower())

    @calm.setter
    def calm(self, calm: bool) -> None:
        self._store.setValue("calm", calm)

    @property
    def recent(self) -> list[Path]:
        """Files that were opened or saved lately and still exist, newest first."""
        value: Any = self._store.value("recent", [])
        names = [value] if isinstance(value, str) else list(value or [])
        paths = (Path(name) for name in names if isinstance(name, str))
        return [path for path in paths if path.is_file()][:RECENT_LIMIT]

    def add_recent(self, path: Path) -> None:
        """Put a file on top of the recent ones."""
        others = [known for known in self.recent if known != path]
        self._store.setValue("recent", [str(p) for p in (path, *others)][:RECENT_LIMIT])

    def window(self, *, compact: bool = False) -> tuple[QByteArray, QByteArray]:
        """Geometry and dock state as Qt made them; empty when there are none. A compact window has its own."""
        place = "compact" if compact else "window"
        return self._bytes(f"{place}/geometry"), self._bytes(f"{place}/state")

    def keep_window(
        self, geometry: QByteArray, state: QByteArray, *, compact: bool = False
    ) -> None:
        """Remember geometry and dock state."""
        place = "compact" if compact else "window"
        self._store.setValue(f"{place}/geometry", geometry)
        self._store.setValue(f"{place}/state", state)
        self._store.sync()

    def _bytes(self, key: str) -> QByteArray:
        value = self._store.value(key)
        return value if isinstance(value, QByteArray) else QByteArray()
