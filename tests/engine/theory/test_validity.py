"""Where the prediction does not hold it says so, and prints no figure that it cannot have."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from engine.theory import Prediction
from tests.engine.theory.networks import blobs, chain, document, theory

BLOBS = blobs(100, (64,))
IMAGES = blobs(40, (1, 8, 8))


def _reasons(prediction: Prediction) -> Mapping[str, str]:
    return dict(zip(prediction.nodes, prediction.reasons, strict=True))


def _linear(**params: Any) -> tuple[str, Mapping[str, Any]]:
    return "Linear", {"out_features": 64, **params}


def _middle(**params: Any) -> Prediction:
    """Three hidden layers, the second of which is drawn as `params` say."""
    layers = [_linear(), ("ReLU", {}), _linear(**params), ("ReLU", {}), _linear(), ("ReLU", {})]
    return theory(chain([*layers, ("Linear", {"out_features": 10})]), BLOBS, 32)


def test_a_plain_network_applies_everywhere() -> None:
    prediction = _middle()
    assert prediction.applies.all()
    assert set(prediction.reasons) == {""}
    assert all(np.isfinite(prediction.gradient_rms))
    assert "untrained" in prediction.notes[0]


def test_behind_max_pool_there_is_no_variance_and_before_it_no_gradient() -> None:
    layers = [
        ("Conv2d", {"out_channels": 8}),
        ("MaxPool2d", {}),
        ("Flatten", {}),
        ("Linear", {"out_features": 10}),
    ]
    prediction = theory(chain(layers), IMAGES, 16)
    assert not prediction.applies.any()
    assert np.isfinite(prediction.square[0])
    assert np.isnan(prediction.square[1:]).all()
    assert np.isnan(prediction.gradient_rms[0])
    assert prediction.gradient_rms[-1] == 1.0
    assert "does not cover Max pool 2d 2" in prediction.reasons[0]


def test_weights_that_are_not_random_end_the_prediction() -> None:
    prediction = _middle(initializer="zeros")
    assert np.isnan(prediction.square[2:]).all()
    assert np.isnan(prediction.gradient_rms[:2]).all()
    assert "its weights are not random" in prediction.reasons[0]


def test_orthogonal_weights_hold_on_average_only() -> None:
    prediction = _middle(initializer="orthogonal")
    assert np.isfinite(prediction.square).all()
    assert np.isfinite(prediction.gradient_rms).all()
    assert not prediction.applies.any()
    assert "orthogonal" in _reasons(prediction)["linear_7"]


def test_a_network_too_narrow_for_its_depth_says_so_where_it_is() -> None:
    layers = [("Linear", {"out_features": 16}), ("ReLU", {})] * 20
    prediction = theory(chain([*layers, ("Linear", {"out_features": 10})]), BLOBS, 32)
    # Σ 1/16 from the head back passes .5 with the ninth matrix
    linear = prediction.applies[::2]
    assert linear.tolist() == [False] * 12 + [True] * 9
    assert prediction.reasons[0].startswith("Too narrow for its depth")
    assert np.isfinite(prediction.gradient_rms).all()


def test_the_band_follows_the_formula_of_finite_width() -> None:
    layers = [("Linear", {"out_features": 128}), ("ReLU", {})] * 6
    prediction = theory(chain([*layers, ("Linear", {"out_features": 10})]), BLOBS, 32)
    # κ = 3 E φ′⁴ / D² − 1 = 5 for ReLU; ± 1.2 · 2 √(Σ κ/n) on ln G, half of it on the RMS
    reach = 1.2 * np.sqrt(6 * 5 / 128)
    assert np.log(prediction.band_high[0] / prediction.gradient_rms[0]) == pytest.approx(reach)
    assert np.log(prediction.gradient_rms[0] / prediction.band_low[0]) == pytest.approx(reach)


@pytest.mark.parametrize("before", ["data", "function", "dropout"])
def test_a_function_of_what_is_not_gaussian_is_marked(before: str) -> None:
    start = {
        "data": [],
        "function": [_linear(), ("Tanh", {})],
        "dropout": [_linear(), ("Dropout", {})],
    }
    layers = [*start[before], ("ReLU", {}), ("Linear", {"out_features": 10})]
    prediction = theory(chain(layers), BLOBS, 32)
    assert "not Gaussian" in prediction.reasons[-2]
    assert np.isfinite(prediction.square).all()


def test_a_branch_is_not_blamed_for_its_neighbour() -> None:
    nodes = {
        "plain": {"kind": "Linear", "params": {"out_features": 64}},
        "zero": {"kind": "Linear", "params": {"out_features": 64, "initializer": "zeros"}},
        "sum": {"kind": "Add"},
        "head": {"kind": "Linear", "params": {"out_features": 10}},
    }
    wires = [("input", "plain"), ("input", "zero"), ("plain", "sum"), ("zero", "sum")]
    prediction = theory(document(nodes, [*wires, ("sum", "head"), ("head", "output")]), BLOBS, 32)
    reasons = _reasons(prediction)
    assert reasons["plain"] == ""
    assert "zero" in reasons["head"] or "Linear" in reasons["head"]
    assert np.isfinite(prediction.row("plain")["gradient_rms"])


def test_a_mean_over_many_places_marks_the_variance_and_not_the_gradient_before_it() -> None:
    layers = [
        ("Conv2d", {"out_channels": 64}),
        ("ReLU", {}),
        ("AvgPool2d", {"kernel_size": 8, "stride": 8}),
        ("Flatten", {}),
        ("Linear", {"out_features": 10}),
    ]
    prediction = theory(chain(layers), IMAGES, 16)
    assert prediction.applies.tolist() == [True, True, False, False, False]
    assert "only roughly the variance behind Average pool 2d 3" in prediction.reasons[2]


def test_units_that_are_nearly_all_saturated_are_no_basis() -> None:
    wild = {"out_features": 8, "initializer": "normal", "init_std": 100.0}
    layers = [("Linear", wild), ("Sigmoid", {}), ("Linear", {"out_features": 10})]
    prediction = theory(chain(layers), BLOBS, 32)
    # Σ 1/8 alone would do, but only one unit in hundreds is not saturated
    assert prediction.reasons[0].startswith("So few units pass a gradient on")
    assert prediction.applies.tolist() == [False, True, True]


def test_variance_beyond_all_numbers_is_given_up_and_said() -> None:
    wild = {"out_features": 64, "initializer": "normal", "init_std": 100.0}
    layers = [("Linear", wild), ("ReLU", {})] * 60
    prediction = theory(chain([*layers, ("Linear", {"out_features": 10})]), BLOBS, 32)
    assert np.isfinite(prediction.square[0])
    assert np.isnan(prediction.square[-1])
    assert not prediction.applies[-1]
    assert prediction.reasons[-1] == "Out of the range of numbers."
