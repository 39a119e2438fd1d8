"""What every test gets: settings and data folders of its own, and a check that nothing is left behind."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gui.preflight import display_problem, library_problem

ROOT = Path(__file__).parent.parent


@pytest.fixture
def root() -> Path:
    """The repository's folder."""
    return ROOT


@pytest.fixture
def example(root: Path) -> Path:
    """The network that the first start opens."""
    return root / "resources" / "examples" / "digits_mlp.json"


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep settings, autosaves and logs of a test away from the person's own and from other tests'."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("LANGUAGE", "en")
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(home / name.lower()))


def _children() -> set[int]:
    path = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    return {int(pid) for pid in path.read_text().split()} if path.exists() else set()


@pytest.fixture(autouse=True)
def _nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a thread or a process behind."""
    threads, children = set(threading.enumerate()), _children()
    yield
    deadline = time.monotonic() + 5.0
    while time.monotonic() < deadline:
        left = [
            t for t in set(threading.enumerate()) - threads if t.is_alive() and not _is_runner(t)
        ]
        born = _children() - children
        if not left and not born:
            return
        time.sleep(0.02)
    pytest.fail(f"{request.node.nodeid} left threads {left} and processes {born} behind")


def _is_runner(thread: threading.Thread) -> bool:
    """The time-out plugin's own timer, and Qt's threads that Python merely met."""
    return isinstance(thread, threading.Timer) or thread.name.startswith("Dummy-")


@pytest.hookimpl(trylast=True)  # after the plugin that starts a virtual screen
def pytest_configure() -> None:
    """Without a screen Qt would end the process; off-screen, all but the tests that need a person can run."""
    if display_problem() or library_problem():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"


def pytest_report_header() -> str:
    """Say when there is no virtual screen, and how to get one."""
    if os.environ.get("QT_QPA_PLATFORM") != "offscreen":
        return f"screen: {os.environ.get('DISPLAY', 'of the system')}"
    reason = library_problem({**os.environ, "QT_QPA_PLATFORM": "xcb", "DISPLAY": ":0"})
    return f"screen: none, so that no test can drag. {reason or 'Install xvfb, xauth and xdotool'}"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In continuous integration everything is installed, so a skipped test is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
