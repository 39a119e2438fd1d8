"""The command `theory`: what it prints, what it measures, and what it refuses."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from engine.data import DataSpec, load
from engine.terminal.theory import TheoryOptions, theory
from tests.engine.theory.networks import chain

COLUMNS = {
    "square",
    "mean",
    "std",
    "correlation",
    "gradient_rms",
    "gradient_norm",
    "chi",
    "band_low",
    "band_high",
    "fixed_point",
    "chi_1",
    "depth_scale",
}
MEASURED = {"measured_std", "measured_gradient_rms"}
LAYERS = [
    ("Flatten", {}),
    *[("Linear", {"out_features": 64, "initializer": "he_normal"}), ("ReLU", {})] * 4,
    ("Linear", {"out_features": 10, "initializer": "lecun_normal"}),
]


@pytest.fixture
def network(tmp_path: Path) -> Callable[..., Path]:
    """Writes a chain of layers on the digits as a file."""

    def write(*layers: tuple[str, Any]) -> Path:
        from engine.graph import save

        path = tmp_path / "network.json"
        save(chain(layers or LAYERS), path)
        return path

    return write


def _printed(path: Path, capsys: pytest.CaptureFixture[str], **options: Any) -> dict[str, Any]:
    assert theory(TheoryOptions(path, json=True, **options)) == 0
    said = capsys.readouterr()
    assert said.err == ""
    [line] = said.out.splitlines()
    answer: dict[str, Any] = json.loads(line)
    return answer


def test_json_has_a_row_for_each_layer(
    network: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    answer = _printed(network(), capsys)
    assert set(answer) == {"method", "batch_size", "seeds", "notes", "layers"}
    assert [row["kind"] for row in answer["layers"]] == [kind for kind, _ in LAYERS]
    named = {"id", "kind", "applies", "reason"}
    assert all(set(row) == named | COLUMNS for row in answer["layers"])
    assert answer["seeds"] == []


def test_figures_are_those_of_the_networks_own_data(
    network: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    x = load(DataSpec("digits"), None).train_inputs.astype(np.float64)
    rows = _printed(network(), capsys)["layers"]
    assert rows[1]["square"] == pytest.approx(2 * (x**2).mean(), rel=1e-6)
    assert rows[2]["square"] == pytest.approx((x**2).mean(), rel=1e-6)
    assert rows[-1]["gradient_rms"] == 1.0
    # backwards: σw² = 2 for square layers, D = 1/2; the head has ten units of variance 1/64
    assert rows[1]["gradient_rms"] == pytest.approx(math.sqrt(10 / 64 / 2), rel=1e-6)


def test_measured_figures_are_those_of_plain_torch(
    network: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    answer = _printed(network(), capsys, measure=True, seeds=4)
    assert answer["seeds"] == [0, 1, 2, 3]
    assert all(set(row) >= MEASURED for row in answer["layers"])
    inputs = torch.from_numpy(load(DataSpec("digits"), None).train_inputs).flatten(1)
    deviations = []
    for seed in range(40):
        torch.manual_seed(seed)
        layer = nn.Linear(64, 64)
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        deviations.append(layer(inputs).std(correction=0).item() ** 2)
    expected = math.sqrt(np.mean(deviations))
    assert answer["layers"][1]["measured_std"] == pytest.approx(expected, rel=0.15)
    for row in answer["layers"][1:]:
        assert row["measured_std"] == pytest.approx(row["std"], rel=0.3)
        assert row["measured_gradient_rms"] == pytest.approx(row["gradient_rms"], rel=0.4)


def test_table_names_layers_figures_and_assumptions(
    network: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert theory(TheoryOptions(network(), measure=True, seeds=1)) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0].split() == (
        ["layer", "q", "σ", "measured", "gradient", "measured", "band", "χ"]
    )
    assert "Linear 4" in out
    assert "with seed 0 alone" in out
    assert "untrained" in out
    assert "χ₁ = 1" in out


def test_several_seeds_are_named(
    network: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert theory(TheoryOptions(network(), measure=True, seeds=2)) == 0
    assert "over 2 networks, seeds 0 to 1" in " ".join(capsys.readouterr().out.split())


def test_what_is_not_covered_is_said_and_not_printed(
    network: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = network(
        ("Conv2d", {"out_channels": 4}),
        ("MaxPool2d", {}),
        ("Flatten", {}),
        ("Linear", {"out_features": 10}),
    )
    rows = _printed(path, capsys)["layers"]
    assert [row["square"] is None for row in rows] == [False, True, True, True]
    assert theory(TheoryOptions(path)) == 0
    assert "The theory does not cover Max pool 2d 2" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ((("Linear", {"out_features": 10}),), "Put Flatten before"),
        ((("Flatten", {}), ("Linear", {"out_features": 9})), "expects 10"),
    ],
)
def test_a_broken_network_gets_its_sentence(
    network: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
    layers: tuple[tuple[str, Any], ...],
    said: str,
) -> None:
    assert theory(TheoryOptions(network(*layers))) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err


def test_a_missing_file_gets_its_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert theory(TheoryOptions(tmp_path / "none.json")) == 2
    [sentence] = capsys.readouterr().err.splitlines()
    assert "none.json" in sentence


@pytest.mark.parametrize("seeds", [0, -1, 5_000])
def test_a_number_of_seeds_out_of_bounds_is_refused(
    network: Callable[..., Path], capsys: pytest.CaptureFixture[str], seeds: int
) -> None:
    assert theory(TheoryOptions(network(), measure=True, seeds=seeds)) == 2
    assert capsys.readouterr().err == f"--seeds must be from 1 to 1,000, not {seeds}.\n"
