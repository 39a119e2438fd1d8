"""The command line as people use it: real processes, real files, pipes and terminals."""

import csv
import json
import math
import os
import signal
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from jsonschema.validators import validator_for

from tests.integration.bad_files import BAD_NETWORKS, FILES, GOOD
from tests.integration.command_runs import (
    EXAMPLE,
    PATIENCE,
    ROOT,
    Outcome,
    after_first_line,
    epochs_of,
    on_terminal,
    printed,
    run_command,
    sentences_of,
    write_files,
)

pytestmark = pytest.mark.timeout(300)

FIGURES = ["train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "seconds"]
COLUMNS = [
    *(f"activation_{name}" for name in ("mean", "std", "gradient_rms")),
    *("weight_rms", "weight_gradient_rms", "update_ratio"),
    *("saturation", "dead", "dormant", "batch_cosine"),
]

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


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Outcome]:
    """How the commands of `RUNS` ended; a few run at a time."""
    folders = {name: write_files(tmp_path_factory.mktemp(name), FILES) for name in RUNS}
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        waiting = {
            name: pool.submit(run_command, folders[name], *words) for name, words in RUNS.items()
        }
        return {name: future.result() for name, future in waiting.items()}


def _whole(share: float, samples: int) -> bool:
    """Whether an accuracy is a whole number of hits."""
    return abs(share * samples - round(share * samples)) < 1e-6


def test_json_is_an_object_for_each_epoch(runs: Mapping[str, Outcome]) -> None:
    epochs = printed(runs["json"])
    assert [epoch["epoch"] for epoch in epochs] == [1, 2]
    assert all(list(epoch) == ["epoch", *FIGURES, "layers"] for epoch in epochs)
    assert all(list(row) == ["id", "kind", *COLUMNS] for row in epochs[0]["layers"])


def test_json_figures_are_plausible(runs: Mapping[str, Outcome]) -> None:
    first, second = printed(runs["json"])
    assert 0 < second["train_loss"] < first["train_loss"] < math.log(10)
    assert 0.1 < first["validation_accuracy"] < second["validation_accuracy"] <= 1
    assert _whole(first["train_accuracy"], 1_437)  # of 1,797 digits a fifth is kept out
    assert _whole(first["validation_accuracy"], 360)


def test_json_has_the_layers_of_the_file_in_order(runs: Mapping[str, Outcome]) -> None:
    nodes = json.loads(EXAMPLE.read_text("utf-8"))["nodes"]
    inner = [
        (node["id"], node["kind"]) for node in nodes if node["kind"] not in ("Input", "Output")
    ]
    for epoch in printed(runs["json"]):
        assert [(row["id"], row["kind"]) for row in epoch["layers"]] == inner


def test_json_layer_figures_are_plausible(runs: Mapping[str, Outcome]) -> None:
    rows = printed(runs["json"])[0]["layers"]
    linear = [row for row in rows if row["kind"] == "Linear"]
    assert all(row["weight_rms"] == pytest.approx(math.sqrt(2 / 64), rel=0.15) for row in linear)
    assert all(0 < row["update_ratio"] < 0.1 for row in linear)
    assert all(row["weight_gradient_rms"] > 0 for row in linear)
    assert all(row["activation_mean"] > 0 for row in rows if row["kind"] == "ReLU")
    weightless = [row for row in rows if row["kind"] != "Linear"]
    assert {row[name] for row in weightless for name in COLUMNS[3:7]} == {None}
    assert all(0 <= row["dead"] < 0.9 for row in rows if row["kind"] == "ReLU")
    assert all(0 <= row["dormant"] < 0.9 for row in rows if row["kind"] != "Flatten")
    assert all(0 < row["batch_cosine"] <= 1 for row in rows)
    assert {row["saturation"] for row in rows} == {None}  # nothing here saturates


def test_same_seed_gives_the_same_figures(runs: Mapping[str, Outcome]) -> None:
    first, second = (printed(runs[name]) for name in ("json", "recorded"))
    for epoch in (*first, *second):
        assert epoch.pop("seconds") > 0
    assert first == second


def test_record_holds_what_was_printed(runs: Mapping[str, Outcome]) -> None:
    with (runs["recorded"].folder / "run.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    shown = [(epoch, layer) for epoch in printed(runs["recorded"]) for layer in epoch["layers"]]
    assert len(rows) == len(shown) == 36
    for row, (epoch, layer) in zip(rows, shown, strict=True):
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
    loss = printed(runs["json"])[0]["train_loss"]
    other = float(runs["piped"].out.split("train loss ")[1].split()[0])
    assert abs(loss - other) > 0.001


def test_terminal_gets_a_progress_bar_and_its_cursor_back(tmp_path: Path) -> None:
    outcome = on_terminal(tmp_path, *TWO_EPOCHS)
    assert outcome.code == 0
    assert "━━━━━" in outcome.out
    assert outcome.out.count("validation loss") == 2
    assert outcome.out.rfind("\x1b[?25h") > outcome.out.rfind("\x1b[?25l") >= 0


def test_terminal_without_a_window_gets_a_table_drawn_in_place(tmp_path: Path) -> None:
    outcome = on_terminal(write_files(tmp_path, FILES), "good.json", DISPLAY=":9876")
    assert outcome.code == 0
    assert "DISPLAY=:9876 leads nowhere" in outcome.out
    assert "Linear 2" in outcome.out
    assert 0 < outcome.out.find("epoch 0 of 1") < outcome.out.find("epoch 1 of 1")


def test_data_that_fit_replace_the_networks_own(runs: Mapping[str, Outcome]) -> None:
    [epoch] = printed(runs["moons"])
    assert [row["id"] for row in epoch["layers"]] == ["linear_1", "tanh_1", "linear_2"]
    assert _whole(epoch["validation_accuracy"], 200)  # of a thousand points a fifth is kept out


def test_table_with_a_named_label_is_learnt(runs: Mapping[str, Outcome]) -> None:
    epochs = printed(runs["flowers"])
    assert len(epochs) == 25
    assert epochs[-1]["validation_accuracy"] == 1.0


@pytest.mark.parametrize(
    ("name", "shapes"),
    [("misfit", "expects 2 and receives 10"), ("broken", "expects 2 and receives 7")],
)
def test_layer_that_does_not_fit_is_named_with_its_shapes(
    runs: Mapping[str, Outcome], name: str, shapes: str
) -> None:
    [sentence] = sentences_of(runs[name])
    assert sentence.startswith("Output 1: ")
    assert shapes in sentence


@pytest.mark.parametrize("name", ["misfit", "broken", "nested", "unwritable", "missing"])
def test_refusal_reaches_the_shell(runs: Mapping[str, Outcome], name: str) -> None:
    assert sentences_of(runs[name])
    assert runs[name].out == ""


def test_check_shows_a_good_network(runs: Mapping[str, Outcome]) -> None:
    outcome = runs["good"]
    assert (outcome.code, outcome.err) == (0, "")
    rows = {line.split()[0]: line.split()[1:] for line in outcome.out.splitlines()}
    assert rows["linear_1"] == ["Linear", "64", "4,160"]
    assert rows["output_1"] == ["Output", "10"]
    assert rows["33,930"] == ["parameters.", "No", "problems."]  # 8 · (64 · 64 + 64) + 64 · 10 + 10


def test_help_shows_examples(tmp_path: Path) -> None:
    outcome = run_command(tmp_path, "--help")
    assert (outcome.code, outcome.err) == (0, "")
    examples = outcome.out.partition("examples:")[2]
    for words in ("check NETWORK.json", "--epochs 5", "--json", "--data moons", "--out", "schema"):
        assert words in examples


def test_version_is_the_projects(tmp_path: Path) -> None:
    outcome = run_command(tmp_path, "--version")
    declared = (ROOT / "pyproject.toml").read_text("utf-8").split('version = "')[1].split('"')[0]
    assert (outcome.code, outcome.out) == (0, f"Gradient Lab {declared}\n")


@pytest.mark.parametrize(
    "words", [["--nonsense"], ["train"], ["check"], ["train", "a.json", "--epochs", "many"]]
)
def test_usage_is_shown_for_words_that_make_no_command(tmp_path: Path, words: list[str]) -> None:
    outcome = run_command(tmp_path, *words)
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
    with after_first_line(tmp_path, *words) as process:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (130, b"Interrupted\n")
    rows = (tmp_path / "run.csv").read_text("utf-8").splitlines()
    assert len(rows) >= 19
    assert (len(rows) - 1) % 18 == 0


def test_reader_that_goes_away_is_no_fault(tmp_path: Path) -> None:
    with after_first_line(tmp_path, "train", EXAMPLE, "--epochs", 100_000) as process:
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
    assert len(epochs_of(outcome.out)) < 3


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
