"""Tables of measured quantities: empty ones, rows of histograms, and columns that do not fit."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from engine.stats import (
    DISTRIBUTIONS,
    SCALAR_COLUMNS,
    TALLIES,
    BatchNormStats,
    LayerTable,
    StepStats,
    bin_values,
)

STORED = SCALAR_COLUMNS[2:]
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
    for name in DISTRIBUTIONS:
        parts = getattr(table, name)
        assert not any(getattr(parts, part).any() for part in (*TALLIES, "counts"))
        assert np.isnan(parts.mean).all()
        assert len(parts.totals) == (1 if name == "inputs" else layers)


def test_every_column_is_a_scalar_or_a_distribution() -> None:
    named = {"samples", "batch_norms", "times", *DISTRIBUTIONS, *STORED}
    assert named == {field.name for field in fields(LayerTable)}


def test_columns_of_an_empty_table_share_no_memory(table: LayerTable) -> None:
    table.activations.mean[0] = 1.0
    table.weights.zeros[0] = 1
    assert np.isnan(table.activation_std).all()
    assert np.isnan(table.weights.mean).all()
    assert not table.weights.underflow.any()


def test_a_histogram_is_written_into_its_own_row(table: LayerTable) -> None:
    values = np.array([0.0, 0.0, 1e-9, 5e3, 6e3, 7e3, np.nan, np.inf, -np.inf, np.nan, 1.0, 1.1])
    table.activations.set_histogram(1, bin_values(values))
    found = table.activations
    assert [int(getattr(found, name)[1]) for name in TALLIES] == [2, 1, 3, 4]
    np.testing.assert_array_equal(found.counts.sum(axis=1), [0, 2, 0])
    np.testing.assert_array_equal(found.totals, [0, values.size, 0])


@pytest.mark.parametrize(
    ("column", "wrong"),
    [
        *((name, np.zeros(LAYERS, np.float32)) for name in STORED),
        ("weight_rms", np.zeros(LAYERS + 1)),
        ("weight_rms", np.zeros((LAYERS, 1))),
        ("update_ratio", [0.0, 0.0, 0.0]),
        ("update_ratio", None),
    ],
)
def test_a_column_of_a_wrong_shape_or_type_is_named(
    table: LayerTable, column: str, wrong: Any
) -> None:
    with pytest.raises(ValueError, match=rf"column {column} should hold"):
        replace(table, **{column: wrong}).check(LAYERS)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize(
    ("column", "wrong"),
    [
        *((name, np.zeros(LAYERS, np.int32)) for name in TALLIES),
        ("mean", np.zeros(LAYERS, np.float32)),
        ("zeros", np.zeros(LAYERS)),
        ("counts", np.zeros((LAYERS, 256), np.int64)),
        ("counts", np.zeros((LAYERS, 255), np.uint32)),
        ("counts", np.zeros((256, LAYERS), np.uint32)),
    ],
)
def test_a_wrong_part_of_a_distribution_is_named(
    table: LayerTable, name: str, column: str, wrong: Any
) -> None:
    parts = replace(getattr(table, name), **{column: wrong})
    with pytest.raises(ValueError, match=rf"column {name}.{column} should hold"):
        replace(table, **{name: parts}).check(LAYERS)


@pytest.mark.parametrize(("row", "size"), [(3, 4), (-1, 4), (0, 5)])
def test_batch_norm_that_does_not_fit_is_refused(table: LayerTable, row: int, size: int) -> None:
    four = [np.ones(4) for _ in range(5)]
    norms = BatchNormStats(row, *four, np.ones(size), 1e-5)
    with pytest.raises(ValueError, match=r"row|moving_variance"):
        replace(table, batch_norms=(norms,)).check(LAYERS)


@pytest.mark.parametrize("rows", [0, 2, 4])
def test_a_table_of_another_length_is_refused(table: LayerTable, rows: int) -> None:
    with pytest.raises(ValueError, match=rf"of shape \({rows},\)"):
        table.check(rows)


def test_steps_are_built_from_plain_sequences() -> None:
    steps = StepStats.of([1, 2], (3.5, np.inf), np.array([0.5, 1.0], np.float32), [1, 0.5])
    for column, wanted in (
        (steps.loss, [1.0, 2.0]),
        (steps.gradient_norm, [3.5, np.inf]),
        (steps.clipped_norm, [0.5, 1.0]),
        (steps.clip_cosine, [1.0, 0.5]),
    ):
        assert column.dtype == np.float64
        np.testing.assert_array_equal(column, wanted)
