"""The data behind the pictures, against the data sets themselves; and why some have none."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.data import DataSpec
from engine.data import load as load_data
from engine.worker.picture import Painter
from engine.worker.trainer import Trainer

MAKE = Callable[..., Trainer]
TWO, ONE = ("Linear", {"out_features": 2}), ("Linear", {"out_features": 1})
MOONS = {"kind": "moons", "params": {"samples": 80}}


def test_points_are_the_data_and_axes_their_units(trainer: MAKE) -> None:
    backdrop = Painter(trainer(TWO, data=MOONS).parts).backdrop
    backdrop.check()
    plain = load_data(DataSpec("moons", {"samples": 80, "standardise": False}), None)
    wanted = np.concatenate((plain.train_inputs, plain.validation_inputs))
    np.testing.assert_allclose(backdrop.real(backdrop.inputs), wanted, atol=1e-5)
    targets = [*plain.train_targets, *plain.validation_targets]
    assert backdrop.targets.tolist() == targets
    assert backdrop.validates.tolist() == [0] * 64 + [1] * 16
    low, high = backdrop.limits.T
    assert (low < backdrop.inputs.min(0)).all()
    assert (high > backdrop.inputs.max(0)).all()


def test_no_more_than_a_thousand_points_are_sent(trainer: MAKE) -> None:
    many = {"kind": "moons", "params": {"samples": 5_000}}
    backdrop = Painter(trainer(TWO, data=many).parts).backdrop
    assert len(backdrop.inputs) == 1_000
    assert backdrop.validates.sum() == 200


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"kind": "adding", "params": {"length": 10, "samples": 40}}, "are sequences of 10 × 2"),
        ({"kind": "book", "params": {"length": 12, "samples": 60}}, "are words or letters"),
    ],
)
def test_data_without_a_picture_get_a_sentence(trainer: MAKE, data: Any, words: str) -> None:
    is_book = data["kind"] == "book"
    layers = (("Embedding", {}), ("MeanOverTime", {})) if is_book else (("LSTM", {}),)
    last = ("Linear", {"out_features": 46 if is_book else 1})
    loss = "cross_entropy" if is_book else "mse"
    data["params"] |= {"answers": "last"} if is_book else {}
    painter = Painter(trainer(*layers, last, data=data, loss=loss).parts)
    assert painter.picture((0, 0), always=True) is None
    assert painter.backdrop.kind == "none"
    assert words in painter.backdrop.sentence


def test_a_table_of_many_columns_is_too_much_for_a_surface(trainer: MAKE, tmp_path: Path) -> None:
    for columns, kind in ((2, "plane"), (3, "none")):
        names = [f"size {i}" for i in range(columns)]
        rows = [[*map(str, np.random.default_rng(i).normal(size=columns))] for i in range(20)]
        lines = [[*names, "weight"], *([*row, f"{i}.5"] for i, row in enumerate(rows))]
        path = tmp_path / f"{columns}.csv"
        path.write_text("\n".join(map(",".join, lines)))
        data = {"kind": "csv", "params": {"path": str(path)}}
        trained = trainer(ONE, data=data, loss="mse")
        backdrop = Painter(trained.parts).backdrop
        assert backdrop.kind == kind
    assert "has 3 numbers, and a surface has two axes" in backdrop.sentence
