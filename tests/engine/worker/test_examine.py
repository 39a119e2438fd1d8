"""A thorough look at a network: plain torch as the witness, and nothing changed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from engine.stats import gradient_noise_scale
from engine.worker.trainer import Trainer

MAKE = Callable[..., Trainer]
LAYERS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("Linear", {"out_features": 16}),
    ("BatchNorm1d", {}),
    ("ReLU", {}),
    ("Dropout", {"p": 0.3}),
    ("Linear", {"out_features": 2}),
)


def _plain(trained: Trainer) -> nn.Sequential:
    """The trained modules in evaluation mode; what they are asked leaves no trace."""
    return nn.Sequential(*trained.model.named_layers().values()).eval()


@pytest.fixture
def trained(trainer: MAKE) -> Trainer:
    """A small network after an epoch, with a unit that is dead for every sample."""
    made = trainer(*LAYERS, batch_size=16)
    while not made.epoch_is_over:
        made.step()
    made.end_epoch()
    with torch.no_grad():
        norm = list(made.model.named_layers().values())[1]
        norm.get_parameter("weight")[3] = 0.0
        norm.get_parameter("bias")[3] = -1.0
    return made


def test_dead_units_are_those_of_all_samples_in_evaluation_mode(trained: Trainer) -> None:
    found = trained.examine()
    inputs = torch.from_numpy(trained.prepared.split.train_inputs)
    with torch.no_grad():
        outputs = _plain(trained)[:3](inputs)
    trained.model.train()
    wanted = float((outputs.amax(dim=0) <= 0).double().mean())
    assert wanted >= 1 / 16
    assert found.dead[2] == pytest.approx(wanted)
    assert np.isnan(np.delete(found.dead, 2)).all()
    assert found.samples == len(inputs)


def test_noise_scale_is_of_all_batches_at_the_same_weights(trained: Trainer) -> None:
    found = trained.examine()
    split, model = trained.prepared.split, _plain(trained)
    inputs, targets = map(torch.from_numpy, (split.train_inputs, split.train_targets))
    gradients = []
    for batch, wanted in zip(inputs.split(16), targets.split(16), strict=True):
        if len(batch) == 16:
            loss = functional.cross_entropy(model(batch), wanted)
            parts = torch.autograd.grad(loss, list(model.parameters()))
            gradients.append(torch.cat([part.flatten() for part in parts]).double().numpy())
    trained.model.train()
    squares = float(np.mean([g @ g for g in gradients]))
    mean = np.mean(gradients, axis=0)
    expected = gradient_noise_scale(squares, float(mean @ mean), 16, len(gradients))
    assert found.noise_scale == pytest.approx(expected, rel=1e-4, nan_ok=True)
    assert found.batch == 16


@pytest.mark.parametrize("look", ["examine", "look"])
def test_looking_changes_no_bit_of_the_training(trainer: MAKE, look: str) -> None:
    states = []
    for looks in (True, False):
        made = trainer(*LAYERS, batch_size=16)
        for _ in range(2 * made.steps_per_epoch):
            if made.epoch_is_over:
                made.end_epoch()
            made.step()
            if looks and made.steps_done % 3 == 1:
                getattr(made, look)()
        states.append([*made.model.state_dict().values(), torch.get_rng_state()])
    assert all(torch.equal(*pair) for pair in zip(*states, strict=True))


def test_a_look_at_the_start_is_the_measurement_of_epoch_0(trainer: MAKE) -> None:
    made = trainer(*LAYERS, batch_size=16)
    before, now = made.measure().layers, made.look()
    np.testing.assert_array_equal(now.activation_gradient_rms, before.activation_gradient_rms)
    np.testing.assert_array_equal(now.activations.counts, before.activations.counts)
    assert not now.updates.totals.any()
    assert np.isnan(now.update_ratio).all()


@pytest.mark.parametrize(("every", "due"), [(0, []), (1, [1, 2, 3, 4, 5, 6]), (4, [4])])
def test_looks_are_due_every_so_many_steps(trainer: MAKE, every: int, due: list[int]) -> None:
    made = trainer(*LAYERS, batch_size=16, look_every=every)
    found = []
    for number in range(1, 7):
        if made.epoch_is_over:
            made.end_epoch()
        if made.look_is_due:
            found.append(number)
        made.step()
    assert found == due
