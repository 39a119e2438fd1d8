"""What the inspector says of a recurrent layer's weights, against the weights that are drawn."""

import re

import pytest
import torch

from engine.layers import CATALOGUE, describe_recurrent
from engine.worker.sequence_modules import GRU, LSTM, RNN, initialise_recurrent

MODULES = {"RNN": RNN, "LSTM": LSTM, "GRU": GRU}


@pytest.mark.parametrize("recurrent", ["orthogonal", "torch_default", "normal"])
@pytest.mark.parametrize("first", ["glorot_uniform", "he_normal", "torch_default"])
@pytest.mark.parametrize("kind", MODULES)
def test_the_named_deviation_is_that_of_the_drawn_weights(
    kind: str, first: str, recurrent: str
) -> None:
    spec = CATALOGUE[kind]
    changes = {"initializer": first, "recurrent_initializer": recurrent, "recurrent_init_gain": 2.0}
    values = {**spec.defaults, **changes, "hidden_size": 100}
    text = describe_recurrent(spec.tensors(values, [(9, 200)]), values)
    named = [float(number) for number in re.findall(r"σ = ([\d.e-]+)", text)]
    torch.manual_seed(0)
    module = MODULES[kind](**spec.arguments(values, [(9, 200)]))
    initialise_recurrent(module, values)
    drawn = [module.get_parameter(name).std().item() for name in ("weight_ih_l0", "weight_hh_l0")]
    assert named == pytest.approx(drawn, rel=0.02)
    by_gate = 0 if kind == "RNN" else sum(each != "torch_default" for each in (first, recurrent))
    assert text.count("each gate by itself") == by_gate
