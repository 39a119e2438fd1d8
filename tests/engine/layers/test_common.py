"""Settings that every layer with trained tensors has."""

from dataclasses import replace

import pytest

from engine.graph import decode, encode
from engine.layers import CATALOGUE
from engine.layers.common import TRAINED_PARAMETERS
from engine.layers.spec import no_tensors


@pytest.mark.parametrize("kind", CATALOGUE)
def test_layers_that_train_have_them_last(kind: str) -> None:
    spec = CATALOGUE[kind]
    names = [parameter.name for parameter in spec.parameters]
    assert len(set(names)) == len(names)
    has_tensors = spec.tensors is not no_tensors
    assert (tuple(names[-2:]) == ("frozen", "learning_rate_factor")) == has_tensors
    assert has_tensors or not {"frozen", "learning_rate_factor"} & set(names)


def test_a_changed_declaration_has_them_once() -> None:
    spec = replace(CATALOGUE["Linear"], title="Other")
    assert spec.parameters == CATALOGUE["Linear"].parameters
    assert spec.parameters[-2:] == TRAINED_PARAMETERS


def test_files_without_them_take_the_defaults() -> None:
    text = b'{"format": "gradient-lab/network", "version": 1, "nodes": [{"id": "a", "kind": "Linear"}]}'
    node = decode(text).nodes["a"]
    assert (node.params["frozen"], node.params["learning_rate_factor"]) == (False, 1.0)
    assert decode(encode(decode(text))).nodes["a"].params == node.params
