"""Whether the window can open at all, found out before Qt starts. Loads neither PySide6 nor torch.

Qt ends the process without a sentence when a system library is missing or the display cannot be reached, so
both are tried first: the libraries that Qt is about to load anyway, and the display that it is about to open.
"""

import ctypes
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path

INSTALL = "python3 -m venv .venv && .venv/bin/pip install -c constraints.txt -e . && .venv/bin/python main.py"
"""The README's first line."""

PACKAGES = ("PySide6", "pyqtgraph", "torch", "numpy", "msgspec", "platformdirs", "rich")
"""What has to be installed into Python for the window and its training process."""

DEBIAN_PACKAGES: Mapping[str, str] = {
    "libGL.so.1": "libgl1",
    "libOpenGL.so.0": "libopengl0",
    "libEGL.so.1": "libegl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libzstd.so.1": "libzstd1",
    "libgomp.so.1": "libgomp1",
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
    "libxcb.so.1": "libxcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libX11.so.6": "libx11-6",
    "libX11-xcb.so.1": "libx11-xcb1",
}

_MISSING = re.compile(r"(\S+\.so[.\d]*): cannot open shared object file")
_LDD_MISSING = re.compile(r"^\s*(\S+) => not found", re.MULTILINE)


def missing_packages(
    names: Iterable[str] = PACKAGES, find: Callable[[str], object | None] = find_spec
) -> list[str]:
    """The names among `names` that Python cannot import; nothing is imported to find out."""
    return [name for name in names if find(name) is None]


def packages_sentence(missing: Iterable[str]) -> str:
    """What to do about Python packages that are not installed."""
    return (
        f"This Python ({sys.executable}) lacks what Gradient Lab needs: {', '.join(missing)}. "
        f"Install everything, in the lab's folder, with: {INSTALL}"
    )


def display_problem(
    environment: Mapping[str, str] = os.environ,
    platform: str = sys.platform,
    reaches_x11: Callable[[str], bool] | None = None,
    reaches_wayland: Callable[[Path], bool] | None = None,
) -> str | None:
    """Say why no window can open, or None when one can. Only Linux is asked; elsewhere there is always a display."""
    if not platform.startswith("linux") or not _wants_screen(environment):
        return None
    x11, wayland = environment.get("DISPLAY", ""), environment.get("WAYLAND_DISPLAY", "")
    if wayland and (reaches_wayland or _reaches_wayland)(_wayland_socket(wayland, environment)):
        return None
    if x11 and (reaches_x11 or _reaches_x11)(x11):
        return None
    named = [f"{k}={environment[k]}" for k in ("DISPLAY", "WAYLAND_DISPLAY") if environment.get(k)]
    if named:
        return f"The display cannot be reached ({' and '.join(named)} {'lead' if len(named) > 1 else 'leads'} nowhere)"
    return "There is no display here: neither DISPLAY nor WAYLAND_DISPLAY is set"


def library_problem(
    environment: Mapping[str, str] = os.environ,
    platform: str = sys.platform,
    load: Callable[[str], object] = ctypes.CDLL,
    list_missing: Callable[[Iterable[Path]], list[str]] | None = None,
    root: Path | None = None,
) -> str | None:
    """Say which system libraries Qt lacks and how to get them, or None. Costs nothing: Qt loads the same files next."""
    root = root or _pyside_folder()
    if not platform.startswith("linux") or root is None:
        return None
    widgets = root / "Qt" / "lib" / "libQt6Widgets.so.6"
    failure = _failure([widgets], load)
    plugins = _plugins(environment, root)
    failures = [] if failure else [_failure([plugin], load) for plugin in plugins]
    if failure is None and (not failures or None in failures):
        return None
    message = failure or str(failures[-1])
    missing = (list_missing or _ldd_missing)([widgets, *plugins[-1:]])
    return import_problem(message, missing)


def import_problem(message: str, also_missing: Iterable[str] = ()) -> str | None:
    """The sentence for a failed load: `message` as the system's loader gave it; None when no library is to blame."""
    missing = list(dict.fromkeys([*_MISSING.findall(message), *also_missing]))
    if missing:
        return libraries_sentence(missing)
    if ".so" in message:
        return f"A system library does not fit: {message}"
    return None


def libraries_sentence(missing: Iterable[str]) -> str:
    """What to do about system libraries that are not installed."""
    files = [Path(name).name for name in missing]
    packages = sorted({DEBIAN_PACKAGES[name] for name in files if name in DEBIAN_PACKAGES})
    unknown = [name for name in files if name not in DEBIAN_PACKAGES]
    sentence = f"This system lacks {', '.join(files)}. "
    if packages:
        sentence += f"On Debian or Ubuntu install it with: sudo apt install {' '.join(packages)}"
    if unknown:
        also = " Then find" if packages else "Find"
        sentence += (
            f"{'.' if packages else ''}{also} the package that holds {unknown[0]}, for example with: "
            f"apt-file search {unknown[0]}"
        )
    return sentence


def _wants_screen(environment: Mapping[str, str]) -> bool:
    """Whether Qt would open X11 or Wayland; a platform such as offscreen or vnc needs neither."""
    return all(name == "xcb" or name.startswith("wayland") for name in _chosen(environment))


def _chosen(environment: Mapping[str, str]) -> list[str]:
    """The platforms of QT_QPA_PLATFORM, which reads `name:options;name:options`."""
    wanted = environment.get("QT_QPA_PLATFORM", "")
    return [part.partition(":")[0] for part in wanted.split(";") if part]


def _plugins(environment: Mapping[str, str], root: Path) -> list[Path]:
    """Qt's platform plugins in the order in which Qt tries them; one of them has to load."""
    names = ["wayland"] if environment.get("WAYLAND_DISPLAY") else []
    names += ["xcb"] if environment.get("DISPLAY") else []
    folder = root / "Qt" / "plugins" / "platforms"
    return [folder / f"libq{name}.so" for name in _chosen(environment) or names]


def _pyside_folder() -> Path | None:
    spec = find_spec("PySide6")
    places = list(spec.submodule_search_locations or ()) if spec else []
    return Path(places[0]) if places else None


def _failure(files: Iterable[Path], load: Callable[[str], object]) -> str | None:
    """Why one of the files cannot be loaded; files that are not there (a Qt of the system's own) are left to Qt."""
    for file in files:
        if file.is_file():
            try:
                load(str(file))
            except OSError as error:
                return str(error)
    return None


def _ldd_missing(files: Iterable[Path]) -> list[str]:
    """All libraries that the files lack; the loader's own message names only the first."""
    existing = [str(file) for file in files if file.is_file()]
    try:
        done = subprocess.run(
            ["ldd", *existing], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return sorted(set(_LDD_MISSING.findall(done.stdout)))


def _reaches_x11(display: str) -> bool:
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True  # it cannot be asked; the check of the libraries names the missing one
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    xcb.xcb_connection_has_error.argtypes = xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(os.fsencode(display), None)
    reached = not xcb.xcb_connection_has_error(connection)
    xcb.xcb_disconnect(connection)
    return reached


def _wayland_socket(display: str, environment: Mapping[str, str]) -> Path:
    return Path(environment.get("XDG_RUNTIME_DIR", "")) / display


def _reaches_wayland(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(path))
        except OSError:
            return False
    return True
