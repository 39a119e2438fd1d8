"""Whether the window can open, asked of pretended machines; and a little of the real one."""

import ctypes
import re
import socket
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest

from gui import preflight

GONE = "cannot open shared object file: No such file or directory"
WIDGETS = "libQt6Widgets.so.6"


class Loader:
    """Stands in for the system's loader: refuses some files by their names, and remembers what it was asked."""

    def __init__(self, **reasons: str) -> None:
        self.reasons = {name.replace("_", "."): reason for name, reason in reasons.items()}
        self.asked: list[str] = []

    def __call__(self, path: str) -> None:
        name = Path(path).name
        self.asked.append(name)
        if name in self.reasons:
            raise OSError(self.reasons[name])


@pytest.fixture
def qt(tmp_path: Path) -> Path:
    """A folder that looks like PySide6's, with three platform plugins."""
    (tmp_path / "Qt" / "lib").mkdir(parents=True)
    (tmp_path / "Qt" / "lib" / WIDGETS).touch()
    plugins = tmp_path / "Qt" / "plugins" / "platforms"
    plugins.mkdir(parents=True)
    for name in ("xcb", "wayland", "offscreen"):
        (plugins / f"libq{name}.so").touch()
    return tmp_path


def _nothing_more(_files: Iterable[Path]) -> list[str]:
    return []


def _problem(
    root: Path,
    load: Loader,
    environment: Mapping[str, str],
    list_missing: Callable[[Iterable[Path]], list[str]] = _nothing_more,
) -> str | None:
    return preflight.library_problem(environment, "linux", load, list_missing, root)


def _display(environment: Mapping[str, str], platform: str = "linux") -> str | None:
    """A machine on which only X display 1 and Wayland display 0 answer."""
    return preflight.display_problem(
        environment, platform, lambda name: name == ":1", lambda path: path.name == "wayland-0"
    )


def test_missing_packages_are_named_in_order() -> None:
    found = {"numpy": object()}
    assert preflight.missing_packages(["torch", "numpy", "rich"], found.get) == ["torch", "rich"]


def test_no_package_is_missing_here() -> None:
    assert preflight.missing_packages() == []
    assert preflight.missing_packages(["numpy", "surely_not_installed"]) == ["surely_not_installed"]


def test_packages_are_the_projects_dependencies(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    declared = [re.split(r"[<>=]", line)[0] for line in project["dependencies"]]
    assert sorted(preflight.PACKAGES) == sorted(
        name.removesuffix("-Essentials") for name in declared
    )


def test_packages_sentence_says_what_where_and_how() -> None:
    sentence = preflight.packages_sentence(["torch", "rich"])
    assert sys.executable in sentence
    assert "torch, rich." in sentence
    assert sentence.endswith(preflight.INSTALL)


def test_install_line_is_the_readmes(root: Path) -> None:
    assert preflight.INSTALL in (root / "README.md").read_text("utf-8").splitlines()


@pytest.mark.parametrize(
    ("files", "packages"),
    [
        (["libGL.so.1"], "libgl1"),
        (["libEGL.so.1"], "libegl1"),
        (["libxcb-cursor.so.0"], "libxcb-cursor0"),
        (["libxkbcommon-x11.so.0", "libGL.so.1"], "libgl1 libxkbcommon-x11-0"),
        (["libglib-2.0.so.0", "libgthread-2.0.so.0"], "libglib2.0-0"),
        (["/usr/lib/x86_64-linux-gnu/libdbus-1.so.3"], "libdbus-1-3"),
    ],
)
def test_libraries_sentence_names_the_debian_packages(files: list[str], packages: str) -> None:
    sentence = preflight.libraries_sentence(files)
    names = ", ".join(name.rpartition("/")[2] for name in files)
    assert sentence.startswith(f"This system lacks {names}. ")
    assert sentence.endswith(f"sudo apt install {packages}")
    assert "apt-file" not in sentence


def test_library_of_an_unknown_package_can_be_looked_up() -> None:
    sentence = preflight.libraries_sentence(["libodd.so.4"])
    assert sentence.startswith("This system lacks libodd.so.4. Find the package")
    assert sentence.endswith("apt-file search libodd.so.4")
    assert "apt install" not in sentence


def test_known_and_unknown_libraries_get_both_pieces_of_advice() -> None:
    sentence = preflight.libraries_sentence(["libodd.so.4", "libEGL.so.1"])
    assert "lacks libodd.so.4, libEGL.so.1. " in sentence
    assert "sudo apt install libegl1. Then find" in sentence
    assert sentence.endswith("apt-file search libodd.so.4")


def test_debian_packages_are_named_as_debian_names_them() -> None:
    for library, package in preflight.DEBIAN_PACKAGES.items():
        assert re.fullmatch(r"lib[\w.-]+\.so\.\d+", library)
        assert re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", package)


@pytest.mark.parametrize(
    ("message", "also", "named"),
    [
        (f"libEGL.so.1: {GONE}", [], "libEGL.so.1. "),
        (f"ImportError: libGL.so.1: {GONE}", ["libX11.so.6"], "libGL.so.1, libX11.so.6. "),
        (f"libGL.so.1: {GONE}", ["libGL.so.1", "libGL.so.1"], "libGL.so.1. "),
        (f"libglib-2.0.so.0: {GONE}", [], "libglib-2.0.so.0. "),
        ("any other failure", ["libX11.so.6"], "libX11.so.6. "),
    ],
)
def test_loaders_message_becomes_a_sentence(message: str, also: list[str], named: str) -> None:
    sentence = preflight.import_problem(message, also)
    assert sentence is not None
    assert sentence.startswith(f"This system lacks {named}")


def test_message_of_the_real_loader_is_understood() -> None:
    with pytest.raises(OSError, match="libsurelynot") as failure:
        ctypes.CDLL("libsurelynot.so.7")
    sentence = preflight.import_problem(str(failure.value))
    assert sentence is not None
    assert sentence.startswith("This system lacks libsurelynot.so.7. ")


def test_library_that_does_not_fit_is_quoted() -> None:
    message = "/lib/libc.so.6: version `GLIBC_2.38' not found (required by libQt6Core.so.6)"
    assert preflight.import_problem(message) == f"A system library does not fit: {message}"


def test_failure_without_a_library_is_not_blamed_on_the_system() -> None:
    assert preflight.import_problem("No module named 'PySide6.QtWidgets'") is None


@pytest.mark.parametrize(
    "environment",
    [
        {"DISPLAY": ":1"},
        {"WAYLAND_DISPLAY": "wayland-0"},
        {"DISPLAY": ":1", "WAYLAND_DISPLAY": "wayland-9"},
        {"DISPLAY": ":9", "WAYLAND_DISPLAY": "wayland-0"},
        {"DISPLAY": ":1", "QT_QPA_PLATFORM": "xcb"},
        {"QT_QPA_PLATFORM": "offscreen"},
        {"QT_QPA_PLATFORM": "vnc:size=1280x800"},
        {"QT_QPA_PLATFORM": "xcb;offscreen"},
        {"DISPLAY": ":9", "QT_QPA_PLATFORM": "minimal"},
    ],
)
def test_window_opens_where_a_display_answers_or_none_is_wanted(
    environment: dict[str, str],
) -> None:
    assert _display(environment) is None


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({}, "There is no display here: neither DISPLAY nor WAYLAND_DISPLAY is set"),
        (
            {"DISPLAY": "", "WAYLAND_DISPLAY": ""},
            "There is no display here: neither DISPLAY nor WAYLAND_DISPLAY is set",
        ),
        ({"DISPLAY": ":9"}, "The display cannot be reached (DISPLAY=:9"),
        (
            {"DISPLAY": "host:9.0", "QT_QPA_PLATFORM": "xcb"},
            "The display cannot be reached (DISPLAY=host:9.0",
        ),
        (
            {"WAYLAND_DISPLAY": "wayland-9"},
            "The display cannot be reached (WAYLAND_DISPLAY=wayland-9",
        ),
        (
            {"DISPLAY": ":9", "WAYLAND_DISPLAY": "wayland-9", "QT_QPA_PLATFORM": "wayland;xcb"},
            "The display cannot be reached (DISPLAY=:9 and WAYLAND_DISPLAY=wayland-9",
        ),
    ],
)
def test_sentence_says_which_display_is_not_there(
    environment: dict[str, str], sentence: str
) -> None:
    assert str(_display(environment)).startswith(sentence)


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_other_systems_always_have_a_display(platform: str) -> None:
    assert _display({}, platform) is None


def test_wayland_is_asked_at_its_socket(tmp_path: Path) -> None:
    environment = {"WAYLAND_DISPLAY": "w", "XDG_RUNTIME_DIR": str(tmp_path)}
    assert "WAYLAND_DISPLAY=w" in str(preflight.display_problem(environment, "linux"))
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "w"))
        server.listen()
        assert preflight.display_problem(environment, "linux") is None
        whole = {"WAYLAND_DISPLAY": str(tmp_path / "w"), "XDG_RUNTIME_DIR": "/nowhere"}
        assert preflight.display_problem(whole, "linux") is None
    assert preflight.display_problem(environment, "linux") is not None


@pytest.mark.parametrize(
    ("environment", "asked"),
    [
        ({"DISPLAY": ":1"}, [WIDGETS, "libqxcb.so"]),
        ({"WAYLAND_DISPLAY": "w"}, [WIDGETS, "libqwayland.so"]),
        ({"DISPLAY": ":1", "WAYLAND_DISPLAY": "w"}, [WIDGETS, "libqwayland.so", "libqxcb.so"]),
        ({"DISPLAY": ":1", "QT_QPA_PLATFORM": "offscreen:a=b"}, [WIDGETS, "libqoffscreen.so"]),
        ({"QT_QPA_PLATFORM": "xcb;wayland"}, [WIDGETS, "libqxcb.so", "libqwayland.so"]),
        ({}, [WIDGETS]),
    ],
)
def test_libraries_that_qt_will_load_are_tried(
    qt: Path, environment: dict[str, str], asked: list[str]
) -> None:
    loader = Loader()
    assert _problem(qt, loader, environment) is None
    assert loader.asked == asked


@pytest.mark.parametrize(
    ("refused", "platforms"),
    [
        ({"libQt6Widgets_so_6": f"libGL.so.1: {GONE}"}, "xcb"),
        ({"libqxcb_so": f"libGL.so.1: {GONE}"}, "xcb"),
        ({"libqxcb_so": f"libGL.so.1: {GONE}", "libqwayland_so": "libodd.so"}, "wayland;xcb"),
    ],
)
def test_missing_library_stops_the_window(
    qt: Path, refused: dict[str, str], platforms: str
) -> None:
    sentence = _problem(qt, Loader(**refused), {"QT_QPA_PLATFORM": platforms})
    assert sentence is not None
    assert sentence.endswith("sudo apt install libgl1")


@pytest.mark.parametrize("plugin", ["libqxcb_so", "libqwayland_so"])
def test_one_working_platform_is_enough(qt: Path, plugin: str) -> None:
    loader = Loader(**{plugin: f"libGL.so.1: {GONE}"})
    assert _problem(qt, loader, {"DISPLAY": ":1", "WAYLAND_DISPLAY": "w"}) is None


def test_all_missing_libraries_are_named_at_once(qt: Path) -> None:
    def list_missing(files: Iterable[Path]) -> list[str]:
        assert [file.name for file in files] == [WIDGETS, "libqxcb.so"]
        return ["libEGL.so.1", "libGL.so.1", "libodd.so.4"]

    loader = Loader(libQt6Widgets_so_6=f"libGL.so.1: {GONE}")
    sentence = _problem(qt, loader, {"DISPLAY": ":1"}, list_missing)
    assert sentence is not None
    assert sentence.startswith("This system lacks libGL.so.1, libEGL.so.1, libodd.so.4. ")
    assert "sudo apt install libegl1 libgl1." in sentence


def test_library_that_fails_for_another_reason_is_quoted(qt: Path) -> None:
    reason = "/opt/libfreetype.so.6: file too short"
    sentence = _problem(qt, Loader(libqxcb_so=reason), {"DISPLAY": ":1"})
    assert sentence == f"A system library does not fit: {reason}"


def test_qt_of_the_systems_own_is_left_to_itself(tmp_path: Path) -> None:
    loader = Loader(libQt6Widgets_so_6="never asked")
    assert _problem(tmp_path, loader, {"DISPLAY": ":1"}) is None
    assert loader.asked == []


def test_other_systems_libraries_are_not_tried(qt: Path) -> None:
    loader = Loader(libQt6Widgets_so_6="never asked")
    assert preflight.library_problem({}, "darwin", loader, _nothing_more, qt) is None
    assert loader.asked == []


@pytest.mark.parametrize("path", ["", "/usr/bin:/bin"])
def test_sentence_does_not_depend_on_ldd(
    qt: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setenv("PATH", path)
    loader = Loader(libqxcb_so=f"libX11.so.6: {GONE}")
    sentence = preflight.library_problem({"DISPLAY": ":1"}, "linux", loader, root=qt)
    assert sentence is not None
    assert sentence.endswith("sudo apt install libx11-6")


def test_libraries_of_this_machine_are_complete() -> None:
    assert preflight.library_problem({"QT_QPA_PLATFORM": "offscreen"}) is None
