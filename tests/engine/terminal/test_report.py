"""An epoch as JSON, as CSV and as text, read back by the standard library."""

import csv
import dataclasses
import json
import math
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from engine.stats import EpochStats, LayerTable, StepStats
from engine.terminal.report import CsvRecord, as_json, as_line
from engine.training import LayerInfo

LAYERS = (
    LayerInfo("linear_1", "Linear", "Linear 1", True),
    LayerInfo("relu_1", "ReLU", 'a name, with "quotes"', False),
)
FIGURES = ["train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "seconds"]
COLUMNS = [
    "activation_mean",
    "activation_std",
    "activation_gradient_rms",
    "weight_rms",
    "weight_gradient_rms",
    "update_ratio",
    "saturation",
    "dead",
    "dormant",
    "batch_cosine",
]


def _stats(**changes: Any) -> EpochStats:
    table = LayerTable.empty(2, 4)
    for place, name in enumerate(COLUMNS):
        getattr(table, name)[0] = 0.1 * (place + 1)
    table.activation_mean[1] = -1.5
    nothing = StepStats.of([], [], [], [])
    stats = EpochStats(7, 0.625, 0.5, 1.1, 0.25, 2.0, 0.01, 64.0, table, nothing)
    return dataclasses.replace(stats, **changes)


def _refuse(constant: str) -> NoReturn:
    raise AssertionError(f"{constant} is not JSON")


def _parsed(stats: EpochStats) -> dict[str, Any]:
    parsed = json.loads(as_json(stats, LAYERS), parse_constant=_refuse)
    assert isinstance(parsed, dict)
    return parsed


def _written(path: Path, *epochs: EpochStats) -> list[dict[str, str]]:
    record = CsvRecord(path)
    for stats in epochs:
        record.add(stats, LAYERS)
    record.close()
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_json_has_exactly_the_promised_keys() -> None:
    parsed = _parsed(_stats())
    assert list(parsed) == ["epoch", *FIGURES, "layers"]
    assert [list(row) for row in parsed["layers"]] == [["id", "kind", *COLUMNS]] * 2


def test_json_is_one_line() -> None:
    text = as_json(_stats(), LAYERS)
    assert text.splitlines() == [text]


def test_json_carries_every_figure() -> None:
    parsed = _parsed(_stats())
    assert [parsed["epoch"], *(parsed[name] for name in FIGURES)] == [7, 0.625, 0.5, 1.1, 0.25, 2.0]
    first = parsed["layers"][0]
    assert (first["id"], first["kind"]) == ("linear_1", "Linear")
    assert [first[name] for name in COLUMNS] == [0.1 * place for place in range(1, 11)]


def test_json_says_null_for_what_a_layer_does_not_have() -> None:
    row = _parsed(_stats())["layers"][1]
    assert row["activation_mean"] == -1.5
    assert all(row[name] is None for name in COLUMNS[1:])


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", COLUMNS)
def test_json_says_null_for_a_layer_figure_that_is_not_finite(name: str, value: float) -> None:
    stats = _stats()
    getattr(stats.layers, name)[0] = value
    assert _parsed(stats)["layers"][0][name] is None


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
@pytest.mark.parametrize("name", FIGURES[:4])
def test_json_says_null_for_an_epoch_figure_that_is_not_there(
    name: str, value: float | None
) -> None:
    assert _parsed(_stats(**{name: value}))[name] is None


@pytest.mark.parametrize("value", [5e-324, 1.7976931348623157e308, 0.1 + 0.2, -0.0])
def test_json_and_csv_lose_no_digit(tmp_path: Path, value: float) -> None:
    stats = _stats(train_loss=value)
    texts = _parsed(stats)["train_loss"], _written(tmp_path / "run.csv", stats)[0]["train_loss"]
    assert [float(text).hex() for text in texts] == [value.hex()] * 2


def test_json_of_a_network_without_layers_has_an_empty_list() -> None:
    stats = dataclasses.replace(_stats(), layers=LayerTable.empty(0, 0))
    assert json.loads(as_json(stats, ()))["layers"] == []


def test_csv_has_a_row_for_each_layer_at_every_epoch(tmp_path: Path) -> None:
    rows = _written(tmp_path / "run.csv", _stats(), dataclasses.replace(_stats(), epoch=8))
    assert list(rows[0]) == ["epoch", *FIGURES, "layer", "kind", *COLUMNS]
    assert [(row["epoch"], row["layer"], row["kind"]) for row in rows] == [
        ("7", "linear_1", "Linear"),
        ("7", "relu_1", "ReLU"),
        ("8", "linear_1", "Linear"),
        ("8", "relu_1", "ReLU"),
    ]


def test_csv_carries_the_same_figures_as_the_epoch(tmp_path: Path) -> None:
    linear, relu = _written(tmp_path / "run.csv", _stats())
    assert [float(linear[name]) for name in FIGURES] == [0.625, 0.5, 1.1, 0.25, 2.0]
    np.testing.assert_array_equal(
        [float(linear[name]) for name in COLUMNS], [0.1 * place for place in range(1, 11)]
    )
    assert [relu[name] for name in COLUMNS] == ["-1.5", *[""] * 9]


def test_csv_leaves_a_field_empty_for_what_does_not_exist(tmp_path: Path) -> None:
    missing = _stats(train_accuracy=None, validation_loss=None, validation_accuracy=math.nan)
    row = _written(tmp_path / "run.csv", missing)[0]
    assert [row[name] for name in FIGURES] == ["0.625", "", "", "", "2.0"]


def test_csv_is_on_the_disk_after_each_epoch(tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    record = CsvRecord(path)
    sizes = [len(path.read_text("utf-8").splitlines())]
    for _ in range(2):
        record.add(_stats(), LAYERS)
        sizes.append(len(path.read_text("utf-8").splitlines()))
    record.close()
    assert sizes == [1, 3, 5]


def test_csv_replaces_the_run_that_was_there(tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    path.write_text("an older run\n" * 100, "utf-8")
    assert len(_written(path, _stats())) == 2


@pytest.mark.parametrize("name", [".", "missing/run.csv"])
def test_csv_that_cannot_be_written_is_an_os_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(OSError, match=r"directory"):
        CsvRecord(tmp_path / name)


def test_line_names_every_figure() -> None:
    assert as_line(_stats()) == (
        "epoch 7  train loss 0.625  train accuracy 50.0%  validation loss 1.1  "
        "validation accuracy 25.0%  2.00 s"
    )


@pytest.mark.parametrize("name", ["train_accuracy", "validation_loss", "validation_accuracy"])
def test_line_leaves_out_what_does_not_exist(name: str) -> None:
    line = as_line(_stats(**{name: None}))
    assert name.replace("_", " ") not in line
    assert line.startswith("epoch 7  train loss 0.625  ")
