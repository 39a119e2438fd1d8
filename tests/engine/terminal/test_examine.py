"""The sub-command `examine`: its figures, its JSON, and what it refuses."""

import json
from pathlib import Path

import pytest

from engine.terminal.examine import ExamineOptions, examine


def test_json_holds_a_row_for_each_layer(example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert examine(ExamineOptions(example, json=True)) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["samples"], found["ranked_samples"], found["batch"]) == (1_437, 512, 32)
    assert [len(row) for row in found["jacobian_singular_values"]] == [10] * 16
    for row in found["layers"]:
        assert (row["dead"] is None) == (row["kind"] != "ReLU")
        assert 1 <= row["stable_rank"] <= row["effective_rank"] <= 64


def test_people_get_a_table(example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert examine(ExamineOptions(example, epochs=1)) == 0
    out = capsys.readouterr().out
    assert "effective rank" in out
    assert "ReLU 8" in out
    assert "1,437 training samples" in out


@pytest.mark.parametrize(("name", "epochs"), [("missing.json", 0), ("digits_mlp.json", -1)])
def test_bad_input_is_a_sentence(
    example: Path, capsys: pytest.CaptureFixture[str], name: str, epochs: int
) -> None:
    assert examine(ExamineOptions(example.parent / name, epochs)) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
