"""Tables of measured quantities: empty ones, rows of histograms, and columns that do not fit."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from engine.stats import SCALAR_COLUMNS, LayerTable, StepStats, bin_values

TALLIES = ("zeros", "underflow", "overflow", "nonfinite")
LAYERS = 3


@pytest.fixture
def table() -> LayerTable:
    """Three rows in which nothing was measured."""
    return LayerTable.empty(LAYERS, 32)


@pytest.mark.parametrize("layers", [0, 1, 300])
def test_an_empty_table_fits_its_number_of_layers(layers: int) -> None:
    table = LayerTable.empty(layers, 8)
    table.check(layers)
    assert table.samples == 8
    assert all(np.isnan(getattr(table, name)).all() for name in SCALAR_COLUMNS)
    assert not any(getattr(table, name).any() for name in (*TALLIES, "counts"))


def test_every_column_is_a_scalar_a_tally_or_the_counts() -> None:
    named = {"samples", "counts", *TALLIES, *SCALAR_COLUMNS}
    assert named == {field.name for field in fields(LayerTable)}


def test_columns_of_an_empty_table_share_no_memory(table: LayerTable) -> None:
    table.activation_mean[0] = 1.0
    table.zeros[0] = 1
    assert np.isnan(table.activation_std).all()
    assert not table.underflow.any()


def test_a_histogram_is_written_into_its_own_row(table: LayerTable) -> None:
    values = np.array([0.0, 0.0, 1e-9, 5e3, 6e3, 7e3, np.nan, np.inf, -np.inf, np.nan, 1.0, 1.1])
    table.set_histogram(1, bin_values(values))
    assert [int(getattr(table, name)[1]) for name in TALLIES] == [2, 1, 3, 4]
    np.testing.assert_array_equal(table.counts.sum(axis=1), [0, 2, 0])
    assert not any(getattr(table, name)[[0, 2]].any() for name in TALLIES)


@pytest.mark.parametrize(
    ("column", "wrong"),
    [
        *((name, np.zeros(LAYERS, np.float32)) for name in SCALAR_COLUMNS),
        *((name, np.zeros(LAYERS, np.int32)) for name in TALLIES),
        ("weight_rms", np.zeros(LAYERS + 1)),
        ("weight_rms", np.zeros((LAYERS, 1))),
        ("update_ratio", [0.0, 0.0, 0.0]),
        ("update_ratio", None),
        ("zeros", np.zeros(LAYERS)),
        ("counts", np.zeros((LAYERS, 256), np.int64)),
        ("counts", np.zeros((LAYERS, 255), np.uint32)),
        ("counts", np.zeros((256, LAYERS), np.uint32)),
    ],
)
def test_a_column_of_a_wrong_shape_or_type_is_named(
    table: LayerTable, column: str, wrong: Any
) -> None:
    with pytest.raises(ValueError, match=rf"column {column} should hold"):
        replace(table, **{column: wrong}).check(LAYERS)


@pytest.mark.parametrize("rows", [0, 2, 4])
def test_a_table_of_another_length_is_refused(table: LayerTable, rows: int) -> None:
    with pytest.raises(ValueError, match=rf"of shape \({rows},\)"):
        table.check(rows)


def test_steps_are_built_from_plain_sequences() -> None:
    steps = StepStats.of([1, 2], (3.5, np.inf), np.array([0.5, 1.0], np.float32))
    for column, wanted in (
        (steps.loss, [1.0, 2.0]),
        (steps.gradient_norm, [3.5, np.inf]),
        (steps.clipped_norm, [0.5, 1.0]),
    ):
        assert column.dtype == np.float64
        np.testing.assert_array_equal(column, wanted)
