"""The command line as people use it: real processes, real files, pipes and terminals."""

import contextlib
import csv
import hashlib
import itertools
import json
import math
import os
import pty
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
from jsonschema.validators import validator_for

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "resources" / "examples" / "digits_mlp.json"
PATIENCE = 120

pytestmark = pytest.mark.timeout(300)

FIGURES = ["train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "seconds"]
COLUMNS = [
    *(f"activation_{name}" for name in ("mean", "std", "gradient_rms")),
    *("weight_rms", "weight_gradient_rms", "update_ratio"),
]

BATCH = """
import contextlib, io, json, sys, traceback
sys.path.insert(0, sys.argv[1])
import main
for arguments in json.load(sys.stdin):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main.main(arguments)
        except SystemExit as leaving:
            code = leaving.code
        except BaseException:
            code = traceback.print_exc()
    print(json.dumps([code, out.getvalue(), err.getvalue()]))
"""
"""Many short commands in one process, because each process loads torch anew."""


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int | None
    out: str
    err: str
    folder: Path = Path()
    changed: frozenset[str] = frozenset()
    """Files of its folder that are new, gone or different afterwards."""


@dataclass(frozen=True)
class Batch:
    """How many commands in one folder ended, and which files of the folder they changed."""

    outcomes: Mapping[str, Outcome]
    changed: frozenset[str]


def _environment(home: Path, **extra: str) -> dict[str, str]:
    """A machine without a display, on which nothing is set that would change what is printed."""
    unwanted = ("DISPLAY", "WAYLAND_DISPLAY", "QT_", "PYTHON", "COLUMNS", "LINES", "FORCE_COLOR")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(unwanted)}
    return {**kept, "HOME": str(home), "PYTHONIOENCODING": "utf-8", "TERM": "xterm", **extra}


def _command(*words: object) -> list[str]:
    return [sys.executable, str(ROOT / "main.py"), *(str(word) for word in words)]


def _start(
    folder: Path, command: list[str], source: int, sink: int, **extra: str
) -> subprocess.Popen[bytes]:
    environment = _environment(folder, **extra)
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdin=source, stdout=sink, stderr=sink
    )


def _ended(process: subprocess.Popen[bytes], given: bytes | None = None) -> Outcome:
    try:
        out, err = process.communicate(given, timeout=PATIENCE)
    finally:
        process.kill()
    return Outcome(process.returncode, out.decode(), err.decode())


def _run(folder: Path, *words: object) -> Outcome:
    before = _listing(folder)
    outcome = _ended(_start(folder, _command(*words), subprocess.DEVNULL, subprocess.PIPE))
    return replace(outcome, folder=folder, changed=_changes(before, folder))


def _run_all(folder: Path, commands: list[list[str]]) -> list[Outcome]:
    batch = [sys.executable, "-c", BATCH, str(ROOT)]
    process = _start(folder, batch, subprocess.PIPE, subprocess.PIPE)
    done = _ended(process, json.dumps(commands).encode())
    assert (done.code, done.err) == (0, "")
    return [Outcome(*json.loads(line)) for line in done.out.splitlines()]


@contextlib.contextmanager
def _after_first_line(folder: Path, *words: object) -> Iterator[subprocess.Popen[bytes]]:
    """A command that has printed its first line and goes on; ended at the latest when the block is left."""
    process = _start(folder, _command(*words), subprocess.DEVNULL, subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"epoch 1 ")
        yield process
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE)


def _on_terminal(folder: Path, *words: object, **extra: str) -> Outcome:
    """Run on a terminal of 100 columns; `out` is all that it was sent."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, 100))
    process = _start(folder, _command(*words), theirs, theirs, **extra)
    os.close(theirs)
    text = b"".join(_pieces(ours))
    os.close(ours)
    return Outcome(process.wait(PATIENCE), text.decode(), "")


def _pieces(terminal: int) -> Iterator[bytes]:
    with contextlib.suppress(OSError):  # Linux says so when the other end is closed
        while piece := os.read(terminal, 65_536):
            yield piece


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "not a file"


def _listing(folder: Path) -> set[tuple[str, str]]:
    return {(str(path.relative_to(folder)), _digest(path)) for path in folder.rglob("*")}


def _changes(before: set[tuple[str, str]], folder: Path) -> frozenset[str]:
    return frozenset(name for name, _ in before ^ _listing(folder))


def _refuse(constant: str) -> NoReturn:
    raise AssertionError(f"{constant} is not JSON")


def _epochs(text: str) -> list[dict[str, Any]]:
    return [json.loads(line, parse_constant=_refuse) for line in text.splitlines()]


def _network(units: object = 2, **changes: object) -> dict[str, Any]:
    """A small network for points in a plane, as a file says it."""
    chain = ["input_1", "linear_1", "tanh_1", "linear_2", "output_1"]
    settings = {"linear_1": {"out_features": 8}, "linear_2": {"out_features": units}}
    kinds = {"input": "Input", "linear": "Linear", "tanh": "Tanh", "output": "Output"}
    nodes = [
        {"id": name, "kind": kinds[name.split("_")[0]], "params": settings.get(name, {})}
        for name in chain
    ]
    edges = [{"source": a, "target": b} for a, b in itertools.pairwise(chain)]
    network = {"format": "gradient-lab/network", "version": 1, "nodes": nodes, "edges": edges}
    data = {"kind": "moons", "params": {"samples": 100}}
    return {**network, "data": data, "training": {"epochs": 1}, **changes}


def _text(*units: object, **changes: object) -> bytes:
    return json.dumps(_network(*units, **changes)).encode()


def _node(**fields: object) -> list[dict[str, object]]:
    return [{"id": "input_1", "kind": "Input", **fields}]


def _flowers() -> bytes:
    """Three kinds that lie far apart; the label is the first column, and the last one holds quantities."""
    kinds = ("iris", "lily", "rose")
    rows = [
        f"{kinds[n % 3]},{n % 3 * 10 + n / 100},{n % 3 * -5 + n / 90 + 0.5}" for n in range(120)
    ]
    return "\n".join(["kind,length,width", *rows]).encode()


GOOD = _text()
NOT_JSON = "not complete JSON"
MISFIT = "do not fit"

BAD_NETWORKS: Mapping[str, tuple[bytes, str]] = {
    "empty.json": (b"", NOT_JSON),
    "truncated.json": (GOOD[:-40], NOT_JSON),
    "zeros.json": (b"\0" * 5_000, NOT_JSON),
    "binary.json": (bytes(range(256)) * 9, NOT_JSON),
    "utf16.json": (GOOD.decode().encode("utf-16"), NOT_JSON),
    "not_utf8.json": (GOOD.replace(b"Tanh", b"T\xff\xfeh"), NOT_JSON),
    "not_a_number.json": (GOOD.replace(b"100", b"NaN"), NOT_JSON),
    "no_such_number.json": (GOOD.replace(b"100", b"1e999"), NOT_JSON),
    "nested_lists.json": (b"[" * 200_000, "nested too deeply"),
    "nested_objects.json": (b'{"a":' * 200_000, "nested too deeply"),
    "nested_inside.json": (
        GOOD.replace(b"100", b"[" * 5_000 + b"]" * 5_000),
        "nested too deeply",
    ),
    "large.json": (GOOD + b" " * 20 * 2**20, "16,777,216"),
    "list.json": (b"[]", "format"),
    "word.json": (b'"network"', "format"),
    "null.json": (b"null", "format"),
    "other_format.json": (_text(format="somebody/elses"), "format"),
    "newer.json": (_text(version=99), "Update the lab"),
    "zeroth.json": (_text(version=0), "version"),
    "true_version.json": (_text(version=True), "version"),
    "unknown_field.json": (_text(surprise=1), "surprise"),
    "text_for_nodes.json": (_text(nodes="all"), MISFIT),
    "number_for_node.json": (_text(nodes=[7]), MISFIT),
    "path_for_id.json": (_text(nodes=_node(id="../../etc")), MISFIT),
    "number_for_kind.json": (_text(nodes=_node(kind=3)), MISFIT),
    "far_away.json": (_text(nodes=_node(x=1e300)), MISFIT),
    "long_name.json": (_text(nodes=_node(name="n" * 10_000)), MISFIT),
    "list_for_epochs.json": (_text(training={"epochs": [1]}), MISFIT),
    "twins.json": (_text(nodes=_node() * 2, edges=[]), "same id"),
    "loose_wire.json": (_text(edges=[{"source": "input_1", "target": "nobody"}]), "nobody"),
    "from_output.json": (_text(edges=[{"source": "output_1", "target": "tanh_1"}]), "no output"),
}
"""Files that are no network, and what has to be said of each beside its name."""

BROKEN_NETWORKS: Mapping[str, tuple[bytes, str]] = {
    "no_layers.json": (_text(nodes=[], edges=[]), "empty"),
    "unknown_kind.json": (_text(nodes=_node(kind="Dropin"), edges=[]), "'Dropin'"),
    "no_wires.json": (_text(edges=[]), "Output 1 has no input"),
    "too_many_units.json": (_text(10**30), "Linear 2: Units"),
    "negative_units.json": (_text(-1), "Linear 2: Units"),
    "units_in_words.json": (_text("two"), "Linear 2: Units"),
    "half_a_unit.json": (_text(2.5), "Linear 2: Units"),
    "no_units.json": (_text(None), "Linear 2: Units"),
    "wrong_classes.json": (_text(7), "Output 1: softmax wants one number for each class"),
    "unknown_data.json": (_text(data={"kind": "suns"}), "'suns'"),
    "few_samples.json": (_text(data={"kind": "moons", "params": {"samples": -4}}), "Samples"),
    "device.json": (_text(data={"kind": "csv", "params": {"path": "/dev/zero"}}), "/dev/zero"),
    "null_path.json": (_text(data={"kind": "csv", "params": {"path": "a\0b"}}), "null character"),
    "no_table.json": (_text(data={"kind": "csv"}), "No CSV file is chosen"),
    "unknown_setting.json": (_text(training={"speed": 1}), "'speed'"),
    "enormous_rate.json": (_text(training={"learning_rate": 1e6}), "Learning rate must be"),
    "no_epochs.json": (_text(training={"epochs": 0}), "Epochs must be"),
}
"""Networks that cannot be trained, and what has to be said of each."""

BAD_TABLES: Mapping[str, tuple[bytes, str]] = {
    "empty.csv": (b"", "empty"),
    "header.csv": (b"a,b,kind\n", "no rows"),
    "column.csv": (b"a\n1\n2\n3\n", "single column"),
    "headless.csv": (b"1,2,3\n4,5,6\n7,8,9\n", "header"),
    "nameless.csv": (b"," * 50_000, "no name"),
    "twins.csv": (b"a,a,kind\n1,2,x\n", "two columns"),
    "words.csv": (b"a,b,kind\n" + b"tall,thin,x\n" * 9, "line 2 (a is 'tall', not a number)"),
    "ragged.csv": (b"a,b,kind\n" + b"1\n" * 9, "line 2 (1 fields instead of 3)"),
    "infinite.csv": (b"a,b,kind\n" + b"inf,nan,x\n" * 9, "'inf', not a number"),
    "one_class.csv": (b"a,b,kind\n" + b"1,2,x\n" * 9, "at least two classes"),
    "two_rows.csv": (b"a,b,kind\n1,2,x\n3,4,y\n", "at least 3"),
    "binary.csv": (bytes(range(1, 256)), "UTF-8"),
    "zeros.csv": (b"\0" * 5_000, "null characters"),
    "utf16.csv": ("a,b,kind\n1,2,x\n".encode("utf-16"), "UTF-8"),
    "unclosed.csv": (b'a,b,kind\n"1,2,x\n' + b"1,2,x\n" * 5_000, "line"),
    "long_field.csv": (b"a,b,kind\n" + b"1" * 20_000_000 + b",2,x\n", "line 2"),
}
"""Tables that cannot be used, and what has to be said of each beside its name."""

BAD_WORDS: Mapping[str, tuple[list[str], str]] = {
    "no epochs": (["--epochs", "0"], "Epochs must be from 1"),
    "negative epochs": (["--epochs", "-1"], "Epochs must be from 1"),
    "endless epochs": (["--epochs", "9" * 30], "Epochs must be from 1"),
    "negative seed": (["--seed", "-1"], "Seed must be from 0"),
    "long seed": (["--seed", str(2**31)], "Seed must be from 0"),
    "folder as record": (["--out", "."], "Cannot write"),
    "record in no folder": (["--out", "missing/run.csv"], "Cannot write missing/run.csv"),
    "record in a file": (["--out", "good.json/run.csv"], "Cannot write good.json/run.csv"),
    "unknown data": (["--data", "suns"], "moons, circles"),
    "no data": (["--data", ""], "moons, circles"),
    "missing table": (["--data", "missing.csv"], "missing.csv does not exist"),
    "unknown label": (["--data", "flowers.csv", "--label", "colour"], "kind, length, width"),
    "words as inputs": (["--data", "flowers.csv", "--label", "width"], "'iris', not a number"),
    "no label column": (["--label", "kind"], "'label'"),
}
"""Options of `train` that are refused, and what has to be said of each."""


def _diverging() -> bytes:
    network = json.loads(EXAMPLE.read_text("utf-8"))
    network["training"] |= {"learning_rate": 1_000.0, "epochs": 3}
    return json.dumps(network).encode()


FILES: Mapping[str, bytes] = {
    "good.json": GOOD,
    "digits.json": _text(data={"kind": "digits"}),
    "three.json": _text(3),
    "seven.json": _text(7),
    "nested.json": BAD_NETWORKS["nested_lists.json"][0],
    "diverging.json": _diverging(),
    "flowers.csv": _flowers(),
}

TWO_EPOCHS = ("train", EXAMPLE, "--epochs", 2)
LABELLED = ("--data", "flowers.csv", "--label", "kind")
RUNS: Mapping[str, tuple[object, ...]] = {
    "json": (*TWO_EPOCHS, "--json"),
    "recorded": (*TWO_EPOCHS, "--json", "--out", "run.csv"),
    "piped": (*TWO_EPOCHS, "--seed", 1),
    "moons": ("train", "digits.json", "--data", "moons", "--json"),
    "misfit": ("train", EXAMPLE, "--data", "moons", "--json"),
    "flowers": ("train", "three.json", *LABELLED, "--epochs", 25, "--json"),
    "good": ("check", EXAMPLE),
    "broken": ("check", "seven.json"),
    "nested": ("check", "nested.json"),
    "unwritable": ("train", "good.json", "--out", "missing/run.csv"),
    "missing": ("missing.json",),
    "diverging": ("train", "diverging.json", "--json"),
    "schema": ("schema",),
    "windowless": (),
}
"""Commands that each get a process and a folder of their own."""


def _write(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Outcome]:
    """How the commands of `RUNS` ended; a few run at a time."""
    folders = {name: _write(tmp_path_factory.mktemp(name), FILES) for name in RUNS}
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        waiting = {name: pool.submit(_run, folders[name], *words) for name, words in RUNS.items()}
        return {name: future.result() for name, future in waiting.items()}


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Batch:
    """Everything that is wrong with files and options, tried in one folder."""
    tables = {**BAD_NETWORKS, **BROKEN_NETWORKS, **BAD_TABLES}
    folder = tmp_path_factory.mktemp("bad")
    _write(folder, {**FILES, **{name: content for name, (content, _) in tables.items()}})
    (folder / "folder.json").mkdir()
    names = [*BAD_NETWORKS, *BROKEN_NETWORKS, "folder.json", "missing.json", "/dev/zero", "n" * 999]
    commands = {name: ["check", name] for name in names}
    commands |= {name: ["train", "good.json", "--data", name] for name in BAD_TABLES}
    commands |= {name: ["train", "good.json", *words] for name, (words, _) in BAD_WORDS.items()}
    before = _listing(folder)
    outcomes = _run_all(folder, list(commands.values()))
    return Batch(dict(zip(commands, outcomes, strict=True)), _changes(before, folder))


def _printed(outcome: Outcome) -> list[dict[str, Any]]:
    """The epochs of a command that trained and had nothing to complain of."""
    assert (outcome.code, outcome.err) == (0, "")
    return _epochs(outcome.out)


def _sentences(outcome: Outcome) -> list[str]:
    """What a refused command said; fails unless it is sentences, and nothing but sentences."""
    lines = outcome.err.splitlines()
    assert outcome.code == 2
    assert "Traceback" not in outcome.err
    assert lines
    assert all(len(line.split()) >= 4 for line in lines)
    return lines


def _whole(share: float, samples: int) -> bool:
    """Whether an accuracy is a whole number of hits."""
    return abs(share * samples - round(share * samples)) < 1e-6


def test_json_is_an_object_for_each_epoch(runs: Mapping[str, Outcome]) -> None:
    epochs = _printed(runs["json"])
    assert [epoch["epoch"] for epoch in epochs] == [1, 2]
    assert all(list(epoch) == ["epoch", *FIGURES, "layers"] for epoch in epochs)
    assert all(list(row) == ["id", "kind", *COLUMNS] for row in epochs[0]["layers"])


def test_json_figures_are_plausible(runs: Mapping[str, Outcome]) -> None:
    first, second = _printed(runs["json"])
    assert 0 < second["train_loss"] < first["train_loss"] < math.log(10)
    assert 0.1 < first["validation_accuracy"] < second["validation_accuracy"] <= 1
    assert _whole(first["train_accuracy"], 1_437)  # of 1,797 digits a fifth is kept out
    assert _whole(first["validation_accuracy"], 360)


def test_json_has_the_layers_of_the_file_in_order(runs: Mapping[str, Outcome]) -> None:
    nodes = json.loads(EXAMPLE.read_text("utf-8"))["nodes"]
    inner = [
        (node["id"], node["kind"]) for node in nodes if node["kind"] not in ("Input", "Output")
    ]
    for epoch in _printed(runs["json"]):
        assert [(row["id"], row["kind"]) for row in epoch["layers"]] == inner


def test_json_layer_figures_are_plausible(runs: Mapping[str, Outcome]) -> None:
    rows = _printed(runs["json"])[0]["layers"]
    linear = [row for row in rows if row["kind"] == "Linear"]
    assert all(row["weight_rms"] == pytest.approx(math.sqrt(2 / 64), rel=0.15) for row in linear)
    assert all(0 < row["update_ratio"] < 0.1 for row in linear)
    assert all(row["weight_gradient_rms"] > 0 for row in linear)
    assert all(row["activation_mean"] > 0 for row in rows if row["kind"] == "ReLU")
    weightless = [row for row in rows if row["kind"] != "Linear"]
    assert {row[name] for row in weightless for name in COLUMNS[3:]} == {None}


def test_same_seed_gives_the_same_figures(runs: Mapping[str, Outcome]) -> None:
    first, second = (_printed(runs[name]) for name in ("json", "recorded"))
    for epoch in (*first, *second):
        assert epoch.pop("seconds") > 0
    assert first == second


def test_record_holds_what_was_printed(runs: Mapping[str, Outcome]) -> None:
    with (runs["recorded"].folder / "run.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    printed = [(epoch, layer) for epoch in _printed(runs["recorded"]) for layer in epoch["layers"]]
    assert len(rows) == len(printed) == 36
    for row, (epoch, layer) in zip(rows, printed, strict=True):
        assert (int(row["epoch"]), row["layer"]) == (epoch["epoch"], layer["id"])
        expected = [*(epoch[name] for name in FIGURES), *(layer[name] for name in COLUMNS)]
        fields = [row[name] for name in (*FIGURES, *COLUMNS)]
        assert [float(field) if field else None for field in fields] == expected


@pytest.mark.parametrize("name", RUNS)
def test_only_a_record_is_written(runs: Mapping[str, Outcome], name: str) -> None:
    assert runs[name].changed == ({"run.csv"} if name == "recorded" else set())


def test_piped_output_is_a_plain_line_an_epoch(runs: Mapping[str, Outcome]) -> None:
    outcome = runs["piped"]
    assert (outcome.code, outcome.err) == (0, "")
    assert [line.split("  ")[0] for line in outcome.out.splitlines()] == ["epoch 1", "epoch 2"]
    assert outcome.out.isascii()
    assert not {"\x1b", "\r"} & set(outcome.out)


def test_another_seed_gives_other_figures(runs: Mapping[str, Outcome]) -> None:
    loss = _printed(runs["json"])[0]["train_loss"]
    other = float(runs["piped"].out.split("train loss ")[1].split()[0])
    assert abs(loss - other) > 0.001


def test_terminal_gets_a_progress_bar_and_its_cursor_back(tmp_path: Path) -> None:
    outcome = _on_terminal(tmp_path, *TWO_EPOCHS)
    assert outcome.code == 0
    assert "━━━━━" in outcome.out
    assert outcome.out.count("validation loss") == 2
    assert outcome.out.rfind("\x1b[?25h") > outcome.out.rfind("\x1b[?25l") >= 0


def test_terminal_without_a_window_gets_a_table_drawn_in_place(tmp_path: Path) -> None:
    outcome = _on_terminal(_write(tmp_path, FILES), "good.json", DISPLAY=":9876")
    assert outcome.code == 0
    assert "DISPLAY=:9876 leads nowhere" in outcome.out
    assert "Linear 2" in outcome.out
    assert 0 < outcome.out.find("epoch 0 of 1") < outcome.out.find("epoch 1 of 1")


def test_data_that_fit_replace_the_networks_own(runs: Mapping[str, Outcome]) -> None:
    [epoch] = _printed(runs["moons"])
    assert [row["id"] for row in epoch["layers"]] == ["linear_1", "tanh_1", "linear_2"]
    assert _whole(epoch["validation_accuracy"], 200)  # of a thousand points a fifth is kept out


def test_table_with_a_named_label_is_learnt(runs: Mapping[str, Outcome]) -> None:
    epochs = _printed(runs["flowers"])
    assert len(epochs) == 25
    assert epochs[-1]["validation_accuracy"] == 1.0


@pytest.mark.parametrize(
    ("name", "shapes"),
    [("misfit", "expects 2 and receives 10"), ("broken", "expects 2 and receives 7")],
)
def test_layer_that_does_not_fit_is_named_with_its_shapes(
    runs: Mapping[str, Outcome], name: str, shapes: str
) -> None:
    [sentence] = _sentences(runs[name])
    assert sentence.startswith("Output 1: ")
    assert shapes in sentence


@pytest.mark.parametrize("name", ["misfit", "broken", "nested", "unwritable", "missing"])
def test_refusal_reaches_the_shell(runs: Mapping[str, Outcome], name: str) -> None:
    assert _sentences(runs[name])
    assert runs[name].out == ""


def test_check_shows_a_good_network(runs: Mapping[str, Outcome]) -> None:
    outcome = runs["good"]
    assert (outcome.code, outcome.err) == (0, "")
    rows = {line.split()[0]: line.split()[1:] for line in outcome.out.splitlines()}
    assert rows["linear_1"] == ["Linear", "64", "4,160"]
    assert rows["output_1"] == ["Output", "10"]
    assert rows["33,930"] == ["parameters.", "No", "problems."]  # 8 · (64 · 64 + 64) + 64 · 10 + 10


@pytest.mark.parametrize("name", BAD_NETWORKS)
def test_file_that_is_no_network_is_refused_by_name(batch: Batch, name: str) -> None:
    [sentence] = _sentences(batch.outcomes[name])
    assert sentence.startswith(f"Cannot open {name}: ")
    assert BAD_NETWORKS[name][1] in sentence
    assert batch.outcomes[name].out == ""


@pytest.mark.parametrize("name", BROKEN_NETWORKS)
def test_network_that_cannot_be_trained_is_refused_with_its_reason(batch: Batch, name: str) -> None:
    assert BROKEN_NETWORKS[name][1] in "\n".join(_sentences(batch.outcomes[name]))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing.json", "no such file"),
        ("folder.json", "not a file"),
        ("/dev/zero", "not a file"),
        ("n" * 999, "too long"),
    ],
)
def test_path_that_is_no_file_is_refused(batch: Batch, name: str, reason: str) -> None:
    [sentence] = _sentences(batch.outcomes[name])
    assert name in sentence
    assert reason in sentence


@pytest.mark.parametrize("name", BAD_TABLES)
def test_table_that_cannot_be_used_is_refused_by_name(batch: Batch, name: str) -> None:
    [sentence] = _sentences(batch.outcomes[name])
    assert name in sentence
    assert BAD_TABLES[name][1] in sentence


@pytest.mark.parametrize("name", BAD_WORDS)
def test_option_that_does_not_fit_is_refused(batch: Batch, name: str) -> None:
    outcome = batch.outcomes[name]
    assert BAD_WORDS[name][1] in "\n".join(_sentences(outcome))
    assert outcome.out == ""


def test_refused_input_leaves_the_disk_as_it_was(batch: Batch) -> None:
    assert batch.changed == set()


def test_help_shows_examples(tmp_path: Path) -> None:
    outcome = _run(tmp_path, "--help")
    assert (outcome.code, outcome.err) == (0, "")
    examples = outcome.out.partition("examples:")[2]
    for words in ("check NETWORK.json", "--epochs 5", "--json", "--data moons", "--out", "schema"):
        assert words in examples


def test_version_is_the_projects(tmp_path: Path) -> None:
    outcome = _run(tmp_path, "--version")
    declared = (ROOT / "pyproject.toml").read_text("utf-8").split('version = "')[1].split('"')[0]
    assert (outcome.code, outcome.out) == (0, f"Gradient Lab {declared}\n")


@pytest.mark.parametrize(
    "words", [["--nonsense"], ["train"], ["check"], ["train", "a.json", "--epochs", "many"]]
)
def test_usage_is_shown_for_words_that_make_no_command(tmp_path: Path, words: list[str]) -> None:
    outcome = _run(tmp_path, *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("usage: main.py")
    assert "Traceback" not in outcome.err


def test_schema_accepts_good_files_and_refuses_others(runs: Mapping[str, Outcome]) -> None:
    schema = json.loads(runs["schema"].out)
    validator_for(schema).check_schema(schema)
    validator = validator_for(schema)(schema)
    assert all(validator.is_valid(json.loads(text)) for text in (GOOD, EXAMPLE.read_bytes()))
    bad = ("list.json", "other_format.json", "unknown_field.json", "text_for_nodes.json")
    assert not any(validator.is_valid(json.loads(BAD_NETWORKS[name][0])) for name in bad)


def test_interruption_ends_without_a_traceback_and_keeps_the_record(tmp_path: Path) -> None:
    words = ("train", EXAMPLE, "--epochs", 100_000, "--out", "run.csv")
    with _after_first_line(tmp_path, *words) as process:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (130, b"Interrupted\n")
    rows = (tmp_path / "run.csv").read_text("utf-8").splitlines()
    assert len(rows) >= 19
    assert (len(rows) - 1) % 18 == 0


def test_reader_that_goes_away_is_no_fault(tmp_path: Path) -> None:
    with _after_first_line(tmp_path, "train", EXAMPLE, "--epochs", 100_000) as process:
        assert process.stdout is not None
        process.stdout.close()
        process.stdout = None
        _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, b"")


def test_divergence_is_an_outcome(runs: Mapping[str, Outcome]) -> None:
    outcome = runs["diverging"]
    assert outcome.code == 0
    [sentence] = outcome.err.splitlines()
    assert sentence.startswith("Training diverged at batch ")
    assert "Lower the learning rate" in sentence
    assert len(_epochs(outcome.out)) < 3


def test_lab_without_a_display_says_so_and_how_to_get_a_window(runs: Mapping[str, Outcome]) -> None:
    [line] = runs["windowless"].err.splitlines()
    assert "neither DISPLAY nor WAYLAND_DISPLAY is set" in line
    assert "ssh with -X" in line


def test_lab_without_a_display_trains_the_ready_example(runs: Mapping[str, Outcome]) -> None:
    epochs = json.loads(EXAMPLE.read_text("utf-8"))["training"]["epochs"]
    lines = runs["windowless"].out.splitlines()
    assert runs["windowless"].code == 0
    assert [line.split("  ")[0] for line in lines[:epochs]] == [
        f"epoch {number}" for number in range(1, epochs + 1)
    ]
    assert lines[epochs].startswith(f"epoch {epochs} of {epochs}, loss ")
    assert max(len(line) for line in lines[epochs:]) <= 80
