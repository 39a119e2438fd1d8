"""What the inspector says of a layer's initial weights, against numbers worked out by hand."""

import math

import pytest

from engine.layers import CATALOGUE, describe_weight, weight_std

VALUES = CATALOGUE["Linear"].defaults


def test_sentence_has_fans_formula_and_numbers() -> None:
    text = describe_weight((32, 128), VALUES)
    assert "fan in 128, fan out 32" in text
    assert "He normal: Var(w) = 2 / fan_in" in text
    assert "Var(w) = 0.0156, so σ = 0.125" in text
    assert "He et al. 2015" in text


def test_gain_is_named_and_counted() -> None:
    text = describe_weight((32, 128), {**VALUES, "init_gain": 3.0})
    assert "times a gain of 3" in text
    assert "so σ = 0.375" in text


def test_transposed_weight_counts_its_input_channels() -> None:
    text = describe_weight((128, 32, 2, 2), VALUES, transposed=True)
    assert "fan in 512, fan out 128" in text
    assert "so σ = 0.0625" in text


def test_truncated_normal_is_narrower_than_its_sigma() -> None:
    values = {**VALUES, "initializer": "truncated_normal", "init_std": 0.1}
    assert weight_std((8, 8), values) == pytest.approx(0.1 * 0.8796256610342398, rel=1e-12)
    assert "σ = 0.088" in describe_weight((8, 8), values)


def test_lsuv_says_that_it_measures() -> None:
    text = describe_weight((32, 128), {**VALUES, "initializer": "lsuv"})
    assert "on the first batch" in text


def test_spectral_normalisation_is_named() -> None:
    values = {**VALUES, "normalise_weight": "spectral"}
    assert "largest singular value" in describe_weight((400, 100), values)
    assert weight_std((400, 100), values) == pytest.approx(1 / (20 + 10))
    orthogonal = {**values, "initializer": "orthogonal", "init_gain": 7.0}
    assert weight_std((400, 100), orthogonal) == pytest.approx(1 / math.sqrt(400))
