"""Runs that end by running away or by a fault: the first layer and step are named."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.worker.build import LayerError
from engine.worker.divergence import DivergenceError
from engine.worker.trainer import Trainer

MAKE = Callable[..., Trainer]


def _deep(depth: int) -> Iterator[tuple[str, dict[str, Any]]]:
    for _ in range(depth):
        yield "Linear", {"out_features": 8}
        yield "ReLU", {}
    yield "Linear", {"out_features": 2}


def _train_for_ever(trainer: Trainer) -> None:
    while True:
        while not trainer.epoch_is_over:
            trainer.step()
        trainer.end_epoch()


def _first_nonfinite_by_hand(layers: Mapping[str, nn.Module], output: Tensor) -> str | None:
    for name, layer in layers.items():
        output = layer(output)
        if not output.isfinite().all():
            return name
    return None


def _runaway_by_hand(trainer: Trainer) -> tuple[int, str | None]:
    """In plain torch, the first step without a finite loss or gradient, and its first layer."""
    model = trainer.model
    optimizer = torch.optim.SGD(model.parameters(), lr=1_000.0, momentum=0.9)
    split = trainer.prepared.split
    inputs, targets = map(torch.from_numpy, (split.train_inputs, split.train_targets))
    order = torch.Generator().manual_seed(0)
    batches = [part for _ in range(99) for part in torch.randperm(64, generator=order).split(16)]
    for step, chosen in enumerate(batches):
        optimizer.zero_grad()
        loss = functional.cross_entropy(model(inputs[chosen]), targets[chosen])
        loss.backward()
        gradients = [weight.grad for weight in model.parameters() if weight.grad is not None]
        if not all(numbers.isfinite().all() for numbers in [loss, *gradients]):
            return step, _first_nonfinite_by_hand(model.named_layers(), inputs[chosen])
        optimizer.step()
    raise AssertionError("it did not diverge")


@pytest.mark.parametrize("depth", [1, 8, 9, 13, 20])
def test_divergence_names_the_first_layer_and_step(trainer: MAKE, depth: int) -> None:
    by_hand = _runaway_by_hand(trainer(*_deep(depth)))
    trained = trainer(*_deep(depth), learning_rate=1_000.0, batch_size=16)
    with pytest.raises(DivergenceError) as ended:
        _train_for_ever(trained)
    outcome = ended.value
    assert (4 * (outcome.epoch - 1) + outcome.step - 1, outcome.node_id) == by_hand
    assert outcome.node_id is not None
    label = outcome.node_id.replace("_", " ").capitalize()
    assert f"batch {outcome.step} of epoch {outcome.epoch} " in outcome.sentence
    assert f"The output of {label} is the first" in outcome.sentence


def test_diverging_step_is_not_made(trainer: MAKE) -> None:
    trained = trainer(*_deep(8), learning_rate=1_000.0, batch_size=16)
    with pytest.raises(DivergenceError) as ended:
        _train_for_ever(trained)
    assert all(weight.isfinite().all() for weight in trained.model.parameters())
    assert not (math.isfinite(ended.value.loss) and math.isfinite(ended.value.gradient_norm))
    trained.rewind()
    assert math.isfinite(trained.step().loss)


def test_divergence_in_a_chosen_layer_names_it(trainer: MAKE) -> None:
    trained = trainer(*_deep(3))
    with torch.no_grad():
        trained.model.named_layers()["linear_5"].get_parameter("bias")[3] = math.nan
    with pytest.raises(DivergenceError, match="output of Linear 5 is the first") as ended:
        trained.step()
    assert (ended.value.node_id, ended.value.epoch, ended.value.step) == ("linear_5", 1, 1)


def test_divergence_of_gradients_alone_names_the_layer_nearest_to_the_output(
    trainer: MAKE,
) -> None:
    layers = [("Linear", {"out_features": 4, "initializer": "zeros"})] * 2
    trained = trainer(*layers, ("Linear", {"out_features": 2}))
    with torch.no_grad():
        for name in ("linear_2", "linear_3"):
            trained.model.named_layers()[name].get_parameter("weight").fill_(1e25)
            trained.model.named_layers()[name].get_parameter("weight")[0] *= -1.0
    with pytest.raises(DivergenceError, match="gradient of Linear 1 is the first") as ended:
        trained.step()
    assert ended.value.node_id == "linear_1"
    assert math.isfinite(ended.value.loss)


def test_faulty_layer_is_named(trainer: MAKE) -> None:
    trained = trainer(
        ("Linear", {"out_features": 8}), ("Tanh", {}), ("Linear", {"out_features": 2})
    )

    def broken(_inputs: Tensor) -> Tensor:
        raise ValueError("a fault of the layer")

    trained.model.named_layers()["tanh_2"].forward = broken
    with pytest.raises(LayerError, match="a fault of the layer") as fault:
        trained.step()
    assert fault.value.node_id == "tanh_2"
