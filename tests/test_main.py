"""The entry: which command the words make, and what each command is handed."""

import importlib.metadata
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import pytest

import main
from engine.terminal import commands
from engine.terminal.experiment import ExperimentOptions

NETWORK = Path("some network.json")
TRAIN_DEFAULTS = {
    "network": NETWORK,
    "data": None,
    "label": None,
    "epochs": None,
    "seed": None,
    "out": None,
    "json": False,
}


@dataclass
class Calls:
    """Stands in for what a command starts, and writes down with what it was started."""

    seen: list[object] = field(default_factory=list)

    def answering(self, code: int) -> Callable[[object], int]:
        """A function that is to be called once, and that returns an exit code."""

        def called(given: object) -> int:
            self.seen.append(given)
            return code

        return called


@pytest.fixture
def calls() -> Calls:
    """Nothing started yet."""
    return Calls()


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, calls: Calls) -> Callable[..., None]:
    """Says what the machine lacks: packages, a display, a library. The window itself is a stand-in."""

    def lacking(
        packages: tuple[str, ...] = (), display: str | None = None, library: str | None = None
    ) -> None:
        monkeypatch.setattr("gui.preflight.missing_packages", lambda: list(packages))
        monkeypatch.setattr("gui.preflight.display_problem", lambda: display)
        monkeypatch.setattr("gui.preflight.library_problem", lambda: library)

    monkeypatch.setitem(sys.modules, "gui.app", SimpleNamespace(run=calls.answering(0)))
    lacking()
    return lacking


@pytest.mark.parametrize(
    ("words", "network"),
    [([], None), ([str(NETWORK)], NETWORK), (["./train"], Path("train"))],
)
@pytest.mark.usefixtures("machine")
def test_window_opens_unless_another_command_is_named(
    calls: Calls, words: list[str], network: Path | None
) -> None:
    assert main.main(words) == 0
    assert calls.seen == [network]


@pytest.mark.usefixtures("machine")
def test_words_come_from_the_command_line(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["main.py", str(NETWORK)])
    assert main.main() == 0
    assert calls.seen == [NETWORK]


@pytest.mark.parametrize(
    ("lack", "said"),
    [
        ({"packages": ("torch", "rich"), "display": "no display"}, "torch, rich"),
        ({"library": "This system lacks libGL.so.1"}, "This system lacks libGL.so.1\n"),
    ],
)
def test_window_that_cannot_open_says_why_and_exits_with_one(
    machine: Callable[..., None],
    calls: Calls,
    capsys: pytest.CaptureFixture[str],
    lack: dict[str, object],
    said: str,
) -> None:
    machine(**lack)
    assert main.main([]) == 1
    assert said in capsys.readouterr().err
    assert calls.seen == []


@pytest.mark.parametrize("code", [0, 2])
@pytest.mark.parametrize(("words", "network"), [([], None), ([str(NETWORK)], NETWORK)])
def test_training_stands_in_for_the_window_where_there_is_no_display(
    machine: Callable[..., None],
    calls: Calls,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    network: Path | None,
    code: int,
) -> None:
    machine(display="The screen is elsewhere", library="never asked")
    monkeypatch.setattr(commands, "live", calls.answering(code))
    assert main.main(words) == code
    assert calls.seen == [network]
    said = capsys.readouterr()
    assert said.err.startswith("The screen is elsewhere. ")
    assert "xvfb-run" in said.err
    assert said.out == ""


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        ([], {}),
        (["--epochs", "5", "--json"], {"epochs": 5, "json": True}),
        (["--data", "moons", "--seed", "0"], {"data": "moons", "seed": 0}),
        (["--data=a b.csv", "--label=kind of it"], {"data": "a b.csv", "label": "kind of it"}),
        (["--out", "folder/run.csv"], {"out": Path("folder/run.csv")}),
        (["--epochs", "-1", "--seed=-2"], {"epochs": -1, "seed": -2}),
    ],
)
def test_train_is_handed_its_options(
    calls: Calls, monkeypatch: pytest.MonkeyPatch, words: list[str], changes: dict[str, object]
) -> None:
    monkeypatch.setattr(commands, "train", calls.answering(7))
    assert main.main(["train", str(NETWORK), *words]) == 7
    [options] = calls.seen
    given = {name: getattr(options, name) for name in TRAIN_DEFAULTS}
    assert given == {**TRAIN_DEFAULTS, **changes}


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        (["he2015"], {"name": "he2015"}),
        (["--list", "--json"], {"list": True, "json": True}),
        (["--all", "--seeds", "2", "--jobs=1"], {"all": True, "seeds": 2, "jobs": 1}),
        (["--seeds=-1"], {"seeds": -1}),
    ],
)
def test_experiment_is_handed_its_options(
    calls: Calls, monkeypatch: pytest.MonkeyPatch, words: list[str], changes: dict[str, object]
) -> None:
    monkeypatch.setattr("engine.terminal.experiment.experiment", calls.answering(1))
    assert main.main(["experiment", *words]) == 1
    assert calls.seen == [replace(ExperimentOptions(), **changes)]


def test_check_is_handed_its_network(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "check", calls.answering(2))
    assert main.main(["check", str(NETWORK)]) == 2
    assert calls.seen == [NETWORK]


def test_worker_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.worker.serve.main", lambda: 5)
    assert main.main(["worker"]) == 5


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        ([], {}),
        (["--measure"], {"measure": True}),
        (["--measure", "--seeds", "2", "--json"], {"measure": True, "seeds": 2, "json": True}),
    ],
)
def test_theory_is_handed_its_options(
    monkeypatch: pytest.MonkeyPatch, calls: Calls, words: list[str], changes: dict[str, object]
) -> None:
    from engine.terminal import theory

    monkeypatch.setattr(theory, "theory", calls.answering(2))
    assert main.main(["theory", str(NETWORK), *words]) == 2
    defaults = {"network": NETWORK, "measure": False, "seeds": 5, "json": False}
    assert calls.seen == [theory.TheoryOptions(**{**defaults, **changes})]  # type: ignore[arg-type]


def test_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["schema"]) == 0
    printed = capsys.readouterr()
    assert "nodes" in json.dumps(json.loads(printed.out))
    assert printed.err == ""


def test_interruption_is_one_word_and_its_own_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_network: Path) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "check", interrupted)
    assert main.main(["check", str(NETWORK)]) == 130
    assert capsys.readouterr().err == "Interrupted\n"


@pytest.mark.parametrize(
    "words",
    [
        ["--colour"],
        ["train"],
        ["check"],
        ["check", "one.json", "two.json"],
        ["schema", "one.json"],
        ["train", "one.json", "--epochs", "many"],
        ["train", "one.json", "--epochs", "1.5"],
        ["train", "one.json", "--seed"],
        ["one.json", "--colour"],
    ],
)
def test_words_that_make_no_command_are_bad_usage(
    capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    with pytest.raises(SystemExit) as leaving:
        main.main(words)
    said = capsys.readouterr()
    assert (leaving.value.code, said.out) == (2, "")
    assert said.err.startswith("usage: main.py")


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help_names_every_command_and_shows_examples(
    capsys: pytest.CaptureFixture[str], word: str
) -> None:
    with pytest.raises(SystemExit) as leaving:
        main.main([word])
    text = capsys.readouterr().out
    assert leaving.value.code == 0
    assert "examples:\n  python main.py " in text
    listing = text.partition("positional arguments:")[2].partition("options:")[0].split()
    assert {"window", "train", "check", "theory", "schema", "worker"} <= set(listing)


def test_examples_are_commands(root: Path) -> None:
    lines = [line.strip() for line in main.EXAMPLES.splitlines()[1:]]
    for line in lines:
        python, script, *words = line.partition("   ")[0].split()
        assert (python, (root / script).is_file()) == ("python", True)
        command = words if words and words[0] in main.COMMANDS else ["window", *words]
        assert main.make_parser().parse_args(command).command == command[0]
    assert {word for line in lines for word in line.split()} >= {"train", "check", "schema"}


def test_version_of_a_copy_that_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unknown(name: str) -> NoReturn:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", unknown)
    with pytest.raises(SystemExit) as leaving:
        main.main(["--version"])
    assert leaving.value.code == 0
    assert capsys.readouterr().out == "Gradient Lab (not installed)\n"


def test_entry_loads_neither_torch_nor_qt(root: Path) -> None:
    code = "import sys, main, gui.preflight; print({'torch', 'PySide6', 'rich'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, timeout=60, check=True
    )
    assert done.stdout.strip() == b"set()"
