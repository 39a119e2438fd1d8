"""The house's rules that a linter does not check."""

import subprocess
import sys
from pathlib import Path

ALLOWED_AT_TOP = {
    "main.py",
    "gui",
    "engine",
    "resources",
    "tests",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "constraints.txt",
}


def _run(code: str, root: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_pyside_keeps_the_count_of_none(root: Path) -> None:
    """PySide6 6.12.0 drops one reference of None at every void call and kills the process within seconds."""
    code = """
import sys
from PySide6.QtCore import QObject
thing = QObject()
before = sys.getrefcount(None)
for _ in range(2000):
    thing.setObjectName("name")
print(abs(sys.getrefcount(None) - before))
"""
    assert int(_run(code, root)) < 100


def test_window_modules_load_no_torch(root: Path) -> None:
    code = "import sys, gui.app; print([m for m in sys.modules if m.split('.')[0] == 'torch'])"
    assert _run(code, root) == "[]"


def test_engine_loads_no_qt(root: Path) -> None:
    code = (
        "import sys, engine.worker.serve, engine.terminal;"
        "print([m for m in sys.modules if m.split('.')[0] in ('PySide6', 'shiboken6', 'pyqtgraph', 'gui')])"
    )
    assert _run(code, root) == "[]"


def test_top_level_holds_only_what_the_design_names(root: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True
    ).stdout
    top = {line.split("/")[0] for line in listed.splitlines()}
    assert {name for name in top if not name.startswith(".")} <= ALLOWED_AT_TOP


def test_nothing_is_pickled(root: Path) -> None:
    sources = [*(root / "engine").rglob("*.py"), *(root / "gui").rglob("*.py"), root / "main.py"]
    for source in sources:
        text = source.read_text("utf-8")
        for word in (
            "import pickle",
            "torch.load(",
            "allow_pickle=True",
            "import marshal",
            "import shelve",
        ):
            assert word not in text, f"{source} says {word}"


def test_probe_imports_are_relative(root: Path) -> None:
    """Loaded in someone else's script, `engine` may be the name of a package of theirs."""
    for source in (root / "engine" / "probe").glob("*.py"):
        assert "from engine" not in source.read_text("utf-8"), source
