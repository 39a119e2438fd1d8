"""Network files of older versions: they load, and train as they did."""

import json
from typing import Any

import pytest

from engine.graph.storage import VERSION, StorageError, decode, encode
from engine.layers import CATALOGUE


def _version_1(*nodes: Any) -> bytes:
    return json.dumps({"format": "gradient-lab/network", "version": 1, "nodes": nodes}).encode()


def _linear(**params: Any) -> dict[str, Any]:
    return {"id": "linear_1", "kind": "Linear", "params": params}


@pytest.mark.parametrize(
    ("params", "biases"),
    [
        ({}, "zeros"),
        ({"initializer": "he_normal"}, "zeros"),
        ({"initializer": "torch_default"}, "torch_default"),
    ],
)
def test_biases_of_version_1_stay_as_they_were(params: dict[str, Any], biases: str) -> None:
    node = decode(_version_1(_linear(**params))).nodes["linear_1"]
    assert node.params == {
        **CATALOGUE["Linear"].defaults,
        **params,
        "bias_initializer": biases,
    }


@pytest.mark.parametrize("kind", ["Linear", "Conv2d"])
def test_settings_that_version_1_did_not_have_take_their_defaults(kind: str) -> None:
    stored = {"id": "old_1", "kind": kind, "params": {"initializer": "glorot_uniform"}}
    params = decode(_version_1(stored)).nodes["old_1"].params
    assert params["init_gain"] == 1.0
    assert params["normalise_weight"] == "none"
    assert params["initializer"] == "glorot_uniform"


def test_unknown_kinds_keep_their_settings() -> None:
    stored = {"id": "odd_1", "kind": "Odd", "params": {"knob": 3}}
    assert decode(_version_1(stored)).nodes["odd_1"].params == {"knob": 3}


def test_what_is_loaded_is_saved_in_the_newest_version() -> None:
    graph = decode(_version_1(_linear(initializer="torch_default")))
    text = encode(graph)
    assert json.loads(text)["version"] == VERSION == 2
    assert decode(text).same_as(graph)


@pytest.mark.parametrize("nodes", [None, 3, "text", {}, [None], [[]], [{"id": "a", "params": []}]])
def test_damage_in_an_old_file_is_found_as_in_a_new_one(nodes: Any) -> None:
    found = []
    for version in (1, VERSION):
        text = {"format": "gradient-lab/network", "version": version, "nodes": nodes}
        with pytest.raises(StorageError, match="do not fit") as error:
            decode(json.dumps(text).encode())
        found.append(str(error.value))
    assert found[0] == found[1]
