"""The person's own text and CSV as sequences, and what is said of files that do not fit."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.data import DataError, DataSpec, Split, describe, load

ROWS = 40


@pytest.fixture
def text_file(tmp_path: Path) -> Path:
    """A text with letters beyond ASCII, and line ends of another system."""
    path = tmp_path / "mine.txt"
    path.write_bytes("Ärger über Öl.\r\nÄrger\U0001f600!\r\n".encode() * 30)
    return path


@pytest.fixture
def series_file(tmp_path: Path) -> Path:
    """Three columns in time: a day that is no number, a count, and its square."""
    lines = [f"day{t};{t};{t * t}" for t in range(ROWS)]
    path = tmp_path / "series.csv"
    path.write_text("day;count;square\n" + "\n".join(lines) + "\n")
    return path


def _series(path: Path, **params: Any) -> Split:
    defaults = {"path": str(path), "length": 5, "standardise": False}
    return load(DataSpec("csv_sequence", {**defaults, **params}), None)


def test_own_text_becomes_its_characters(text_file: Path) -> None:
    spec = DataSpec("text", {"path": text_file.name, "length": 6, "lower_case": False})
    split = load(spec, text_file.parent)
    text = text_file.read_text("utf-8")
    letters = sorted(set(text))
    assert "\r" not in letters
    assert "\U0001f600" in letters
    assert split.info.tokens == len(letters)
    assert split.info.title == "mine.txt"
    for inputs, targets in zip(split.train_inputs, split.train_targets, strict=True):
        window = "".join(letters[int(token)] for token in inputs)
        following = "".join(letters[target] for target in targets)
        assert window[1:] == following[:-1]
        assert window + following[-1] in text


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"\xff\xfe\x00", "not text in UTF-8"),
        (b"too short", "needs three windows"),
        (b"a" * 500, "two different characters"),
        ("".join(map(chr, range(0x4E00, 0x4E00 + 3_000))).encode(), "different characters"),
    ],
)
def test_a_text_that_does_not_fit_gets_a_sentence(
    tmp_path: Path, content: bytes, word: str
) -> None:
    path = tmp_path / "mine.txt"
    path.write_bytes(content)
    with pytest.raises(DataError, match=word):
        describe(DataSpec("text", {"path": str(path)}), None)


@pytest.mark.parametrize("kind", ["text", "csv_sequence"])
def test_a_file_has_to_be_chosen_and_there(kind: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Choose one under Data"):
        describe(DataSpec(kind), None)
    with pytest.raises(DataError, match="does not exist"):
        describe(DataSpec(kind, {"path": "nothing.txt"}), tmp_path)


@pytest.mark.parametrize("answers", ["last", "every"])
def test_windows_of_rows_are_followed_by_the_columns_next_value(
    series_file: Path, answers: str
) -> None:
    split = _series(series_file, column="square", answers=answers)
    assert split.info.input_names == ("count", "square")
    assert split.info.samples == ROWS - 5
    assert split.info.input_shape == (5, 2)
    starts = split.train_inputs[:, 0, 0].tolist() + split.validation_inputs[:, 0, 0].tolist()
    assert starts == list(range(ROWS - 5))
    for inputs, target in zip(split.train_inputs, split.train_targets, strict=True):
        times = inputs[0, 0] + np.arange(6)
        assert np.array_equal(inputs, np.stack((times[:-1], times[:-1] ** 2), axis=1))
        wanted = times[1:] ** 2 if answers == "every" else times[-1:] ** 2
        assert target.reshape(-1).tolist() == wanted.tolist()


def test_the_last_rows_validate(series_file: Path) -> None:
    split = _series(series_file, column="count", validation_share=0.25)
    assert len(split.validation_inputs) == 9
    assert split.train_targets.max() < split.validation_targets.min()


def test_columns_and_targets_are_scaled_by_the_training_rows(series_file: Path) -> None:
    raw = _series(series_file, column="square")
    scaled = _series(series_file, column="square", standardise=True)
    mean = raw.train_inputs.reshape(-1, 2).mean(axis=0)
    deviation = raw.train_inputs.reshape(-1, 2).std(axis=0)
    np.testing.assert_allclose(
        scaled.validation_inputs, (raw.validation_inputs - mean) / deviation, rtol=1e-4, atol=1e-5
    )
    np.testing.assert_allclose(
        scaled.train_targets, (raw.train_targets - mean[1]) / deviation[1], rtol=1e-4, atol=1e-5
    )
    assert any("standard deviations of square" in note for note in scaled.info.notes)
    assert any("day" in note for note in raw.info.notes)


def test_the_last_column_is_forecast_unless_another_is_named(series_file: Path) -> None:
    assert np.array_equal(
        _series(series_file).train_targets, _series(series_file, column="square").train_targets
    )


def test_rows_that_cannot_be_read_are_left_out_and_named(tmp_path: Path) -> None:
    path = tmp_path / "gaps.csv"
    path.write_text("value\n" + "".join(f"{t}\n" for t in range(9)) + "broken\n9\n1,2\n10\n")
    info = _series(path, length=3).info
    assert info.samples == 11 - 3
    assert any("line 11 ('broken' is not a number)" in note for note in info.notes)
    assert any("line 13 (2 fields instead of 1)" in note for note in info.notes)


@pytest.mark.parametrize(
    ("text", "params", "word"),
    [
        ("day,value\n" + "mon,1\n" * 9, {"column": "day"}, "does not hold numbers"),
        ("day,value\n" + "mon,1\n" * 9, {"column": "week"}, "no column called 'week'"),
        ("value\n" + "1\n" * 7, {}, "Make the length smaller"),
        ("1\n2\n3\n", {}, "line 1 holds numbers"),
        ("value\n", {}, "no rows"),
    ],
)
def test_a_table_that_does_not_fit_gets_a_sentence(
    tmp_path: Path, text: str, params: dict[str, Any], word: str
) -> None:
    path = tmp_path / "series.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=word):
        _series(path, **params)
