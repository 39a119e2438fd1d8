"""One run without a process: counting, rewinding, live settings and measuring."""

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from engine.layers import CATALOGUE
from engine.stats import SCALAR_COLUMNS, EpochStats
from engine.training import ConfigError
from engine.worker.prepare import RunError
from engine.worker.trainer import Trainer

MAKE = Callable[..., Trainer]
CHAIN = (("Linear", {"out_features": 8}), ("Tanh", {}), ("Linear", {"out_features": 2}))
RANDOM = (
    ("Linear", {"out_features": 8}),
    ("BatchNorm1d", {}),
    ("RReLU", {}),
    ("Dropout", {"p": 0.3}),
    ("Linear", {"out_features": 2}),
)
DIGITS = {"kind": "digits", "params": {"validation_share": 0.9}}


def _epoch(trainer: Trainer) -> EpochStats:
    while not trainer.epoch_is_over:
        trainer.step()
    return trainer.end_epoch()


def _state(trainer: Trainer) -> dict[str, Tensor]:
    """Weights and buffers as they are now."""
    return copy.deepcopy(trainer.model.state_dict())


def _same(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    assert first.keys() == second.keys()
    return all(torch.equal(first[name], second[name]) for name in first)


def _moons(train: int) -> dict[str, Any]:
    """Moons of which so many are left for training when a fifth, rounded up, is not."""
    samples = next(n for n in range(train, 2 * train) if n - math.ceil(0.2 * n) == train)
    return {"kind": "moons", "params": {"samples": samples}}


def _assert_same_figures(first: EpochStats, second: EpochStats) -> None:
    for name in ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy"):
        assert getattr(first, name) == getattr(second, name), name
    for name in SCALAR_COLUMNS:
        np.testing.assert_array_equal(getattr(first.layers, name), getattr(second.layers, name))
    np.testing.assert_array_equal(first.layers.activations.counts, second.layers.activations.counts)
    np.testing.assert_array_equal(first.steps.loss, second.steps.loss)


@pytest.mark.parametrize(
    ("train", "batch", "sizes"),
    [
        (64, 16, [16, 16, 16, 16]),
        (65, 16, [16, 16, 16, 17]),
        (66, 16, [16, 16, 16, 16, 2]),
        (79, 16, [16, 16, 16, 16, 15]),
        (64, 64, [64]),
        (65, 64, [65]),
        (64, 65, [64]),
        (64, 1_000, [64]),
        (8, 1, [1] * 8),
        (9, 2, [2, 2, 2, 3]),
        (9, 8, [9]),
    ],
)
def test_batches_of_an_epoch(trainer: MAKE, train: int, batch: int, sizes: list[int]) -> None:
    trained = trainer(*CHAIN, data=_moons(train), batch_size=batch)
    seen: list[int] = []
    hook = trained.model.register_forward_pre_hook(lambda _m, inputs: seen.append(len(inputs[0])))
    for _ in sizes:
        trained.step()
    hook.remove()
    assert trained.epoch_is_over
    assert (seen, trained.steps_per_epoch) == (sizes, len(sizes))
    assert trained.end_epoch().layers.samples == max(sizes)


def test_steps_and_epochs_are_counted(trainer: MAKE) -> None:
    trained = trainer(*CHAIN, batch_size=16)
    places = [(trained.epochs_done, trained.steps_done)]
    numbers = []
    for _ in range(2):
        for _ in range(trained.steps_per_epoch):
            trained.step()
            places.append((trained.epochs_done, trained.steps_done))
        numbers.append(trained.end_epoch().epoch)
    assert places == [(0, 0), *((0, k) for k in range(1, 5)), *((1, k) for k in range(1, 5))]
    assert (numbers, trained.epochs_done, trained.steps_done) == ([1, 2], 2, 0)


def test_every_sample_is_trained_once_an_epoch_in_a_new_order(trainer: MAKE) -> None:
    trained = trainer(*CHAIN, batch_size=16)
    batches: list[Tensor] = []
    trained.model.register_forward_pre_hook(
        lambda module, inputs: batches.append(inputs[0]) if module.training else None
    )
    orders = []
    for _ in range(2):
        _epoch(trained)
        orders.append(torch.cat(batches))
        batches.clear()
    assert not torch.equal(*orders)
    wanted = np.sort(trained.prepared.split.train_inputs, axis=0)
    for order in orders:
        np.testing.assert_array_equal(np.sort(order.numpy(), axis=0), wanted)


def test_epoch_figures_are_means_over_its_samples(trainer: MAKE) -> None:
    trained = trainer(*CHAIN, data=_moons(65), batch_size=16)
    outputs: list[Tensor] = []
    targets = torch.from_numpy(trained.prepared.split.train_targets)
    order = torch.randperm(65, generator=torch.Generator().manual_seed(0))
    hook = trained.model.register_forward_hook(lambda _m, _i, out: outputs.append(out.detach()))
    for _ in range(4):
        trained.step()
    hook.remove()
    stats = trained.end_epoch()
    answers = torch.cat(outputs)
    loss = functional.cross_entropy(answers, targets[order]).item()
    assert stats.train_loss == pytest.approx(loss, rel=1e-6)
    right = (answers.argmax(dim=1) == targets[order]).sum().item()
    assert stats.train_accuracy == right / 65


def test_validation_is_done_in_evaluation_mode(trainer: MAKE) -> None:
    trained = trainer(*RANDOM, batch_size=16)
    stats = _epoch(trained)
    split = trained.prepared.split
    model = copy.deepcopy(trained.model).eval()
    outputs = model(torch.from_numpy(split.validation_inputs)).detach()
    targets = torch.from_numpy(split.validation_targets)
    assert stats.validation_loss == functional.cross_entropy(outputs, targets).item()
    right = (outputs.argmax(dim=1) == targets).double().mean().item()
    assert stats.validation_accuracy == right
    assert trained.model.training


def test_binary_accuracy_goes_by_the_sign(trainer: MAKE) -> None:
    layers = (*CHAIN[:2], ("Linear", {"out_features": 1}))
    trained = trainer(*layers, loss="binary_cross_entropy")
    split = trained.prepared.split
    outputs = trained.model(torch.from_numpy(split.validation_inputs)).detach().numpy()
    right = ((outputs[:, 0] > 0) == (split.validation_targets == 1)).mean()
    assert trained.measure().validation_accuracy == right


def test_regression_has_no_accuracy(trainer: MAKE) -> None:
    layers = (*CHAIN[:2], ("Linear", {"out_features": 1}))
    sine = {"kind": "sine", "params": {"samples": 60}}
    trained = trainer(*layers, data=sine, loss="mse")
    for stats in (trained.measure(), _epoch(trained)):
        assert (stats.train_accuracy, stats.validation_accuracy) == (None, None)
        assert stats.validation_loss is not None


def test_without_validation_samples_there_is_no_validation(trainer: MAKE) -> None:
    data = {"kind": "moons", "params": {"samples": 40, "validation_share": 0.0}}
    trained = trainer(*CHAIN, data=data)
    for stats in (trained.measure(), _epoch(trained)):
        assert (stats.validation_loss, stats.validation_accuracy) == (None, None)


def test_rows_are_the_layers_between_the_ends(trainer: MAKE) -> None:
    rows = trainer(*CHAIN, ("PReLU", {}), ("Linear", {"out_features": 2})).layers
    assert [(row.id, row.kind, row.label, row.has_weight) for row in rows] == [
        ("linear_1", "Linear", "Linear 1", True),
        ("tanh_2", "Tanh", "Tanh 2", False),
        ("linear_3", "Linear", "Linear 3", True),
        ("prelu_4", "PReLU", "PReLU 4", True),
        ("linear_5", "Linear", "Linear 5", True),
    ]


def test_only_the_last_full_batch_is_looked_into_unless_asked(trainer: MAKE) -> None:
    trained = trainer(*CHAIN, data=_moons(66), batch_size=16)
    steps = [trained.step(look=place == 1) for place in range(5)]
    assert [step.layers is not None for step in steps] == [False, True, False, True, False]
    assert trained.end_epoch().layers is steps[3].layers


@pytest.mark.parametrize("optimizer", ["SGD", "RMSprop", "Adam", "AdamW"])
@pytest.mark.parametrize("batches", [0, 2, 4, 7])
def test_rewinding_repeats_the_identical_run(trainer: MAKE, optimizer: str, batches: int) -> None:
    trained = trainer(*RANDOM, batch_size=16, optimizer=optimizer)
    initial = _state(trained)
    first = [trained.measure(), _epoch(trained), _epoch(trained)]
    final = _state(trained)
    for _ in range(batches):
        if trained.epoch_is_over:
            trained.end_epoch()
        trained.step()
    trained.rewind()
    assert _same(_state(trained), initial)
    assert (trained.epochs_done, trained.steps_done) == (0, 0)
    again = [trained.measure(), _epoch(trained), _epoch(trained)]
    assert _same(_state(trained), final)
    for one, other in zip(first, again, strict=True):
        _assert_same_figures(one, other)


def test_rewinding_keeps_live_settings(trainer: MAKE) -> None:
    trained = trainer(*CHAIN, learning_rate=0.1)
    trained.set_live({"learning_rate": 0.0, "clip_mode": "norm"})
    trained.rewind()
    before = _state(trained)
    trained.step()
    assert _same(_state(trained), before)
    assert (trained.config.learning_rate, trained.config.clip_mode) == (0.0, "norm")


@pytest.mark.parametrize("rate", [0.0, 0.03, 5.0])
def test_learning_rate_acts_from_the_next_batch(trainer: MAKE, rate: float) -> None:
    trained = trainer(*CHAIN, learning_rate=0.1, momentum=0.0)
    trained.step()
    trained.set_live({"learning_rate": rate})
    before = _state(trained)
    trained.step()
    for name, weight in trained.model.named_parameters():
        assert weight.grad is not None
        torch.testing.assert_close(
            weight.detach(), before[name] - rate * weight.grad, rtol=1e-6, atol=1e-7
        )
    assert trained.end_epoch().learning_rate == rate


@pytest.mark.parametrize(("mode", "largest"), [("norm", 2.0), ("value", math.inf)])
def test_clipping_acts_from_the_next_batch(trainer: MAKE, mode: str, largest: float) -> None:
    trained = trainer(*CHAIN, batch_size=16)
    free = trained.step()
    assert free.clipping.after == free.clipping.before
    trained.set_live({"clip_mode": mode, "clip_threshold": 1e-3})
    clipped = trained.step()
    numbers = torch.cat([weight.grad.flatten() for weight in trained.model.parameters()])
    by_hand = torch.linalg.vector_norm(numbers, 2.0 if mode == "norm" else largest).item()
    assert by_hand == pytest.approx(1e-3, rel=1e-3)
    assert clipped.clipping.after == pytest.approx(numbers.norm().item(), rel=1e-5)
    assert clipped.clipping.after < clipped.clipping.before
    trained.set_live({"clip_mode": "none"})
    free = trained.step()
    assert free.clipping.after == free.clipping.before


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"learning_rate": -1.0}, "Learning rate"),
        ({"learning_rate": math.nan}, "Learning rate"),
        ({"learning_rate": "fast"}, "Learning rate"),
        ({"clip_threshold": 0.0}, "Clip threshold"),
        ({"learning_rate": 0.5, "clip_mode": "always"}, "Clip gradients"),
    ],
)
def test_wrong_live_settings_change_nothing(
    trainer: MAKE, values: dict[str, Any], said: str
) -> None:
    trained = trainer(*CHAIN)
    before = trained.config
    with pytest.raises(ConfigError, match=said):
        trained.set_live(values)
    assert trained.config == before


def test_settings_that_do_not_act_live_are_left_alone(trainer: MAKE) -> None:
    trained = trainer(*CHAIN, epochs=3)
    trained.set_live({"epochs": 99, "batch_size": 1, "optimizer": "Adam", "unheard_of": 1})
    assert (trained.config.epochs, trained.config.batch_size) == (3, 32)
    assert trained.config.optimizer == "SGD"


def test_measuring_changes_nothing(trainer: MAKE) -> None:
    trained = trainer(*RANDOM, batch_size=16)
    before, random = _state(trained), torch.get_rng_state()
    first, second = trained.measure(), trained.measure()
    assert _same(_state(trained), before)
    assert torch.equal(torch.get_rng_state(), random)
    assert not any(weight.grad.any() for weight in trained.model.parameters())
    assert trained.model.training
    _assert_same_figures(first, second)


def test_measuring_leaves_the_run_as_it_would_have_been(trainer: MAKE) -> None:
    measured, plain = (trainer(*RANDOM, batch_size=16, optimizer="Adam") for _ in range(2))
    for trained in (plain, measured):
        torch.manual_seed(trained.config.seed)
        if trained is measured:
            trained.measure()
        _epoch(trained)
    assert _same(_state(measured), _state(plain))


def test_measured_losses_are_those_of_the_untrained_network(trainer: MAKE) -> None:
    trained = trainer(*RANDOM, batch_size=16)
    stats = trained.measure()
    split = trained.prepared.split
    model = copy.deepcopy(trained.model).eval()
    outputs = model(torch.from_numpy(split.train_inputs))
    loss = functional.cross_entropy(outputs, torch.from_numpy(split.train_targets))
    assert (stats.epoch, stats.train_loss) == (0, loss.item())
    assert len(stats.steps.loss) == 0


def test_measured_batch_is_the_first_that_is_trained(trainer: MAKE) -> None:
    trained = trainer(*RANDOM, batch_size=16)
    table = trained.measure().layers
    trained_table = trained.step(look=True).layers
    assert trained_table is not None
    for name in set(SCALAR_COLUMNS) - {"update_ratio"}:
        np.testing.assert_array_equal(getattr(table, name), getattr(trained_table, name))
    assert np.isnan(table.update_ratio).all()
    assert not np.isnan(trained_table.update_ratio[[0, 1, 4]]).any()


@pytest.mark.parametrize("kind", ["BatchNorm1d", "BatchNorm2d"])
def test_batch_norm_refuses_a_batch_of_one(trainer: MAKE, kind: str) -> None:
    small = (("Conv2d", {"kernel_size": 8, "padding": 0}), (kind, {}), ("Flatten", {}))
    flat = (("Flatten", {}), (kind, {}))
    layers = small if kind == "BatchNorm2d" else flat
    with pytest.raises(RunError, match=r"batch of one sample.+2 or more") as refused:
        trainer(*layers, ("Linear", {"out_features": 10}), data=DIGITS, batch_size=1)
    assert refused.value.node_id == f"{kind.lower()}_2"
    trained = trainer(*layers, ("Linear", {"out_features": 10}), data=DIGITS, batch_size=2)
    assert math.isfinite(trained.step().loss)


def test_batch_norm_of_images_takes_a_batch_of_one(trainer: MAKE) -> None:
    layers = (("BatchNorm2d", {}), ("Flatten", {}), ("Linear", {"out_features": 10}))
    trained = trainer(*layers, data=DIGITS, batch_size=1)
    assert math.isfinite(trained.step().loss)


def _surrounded(kind: str) -> tuple[tuple[tuple[str, dict[str, Any]], ...], dict[str, Any]]:
    """A network with a layer of the kind in its middle, and data for it."""
    if kind in ("Conv1d", "MaxPool1d", "Reshape", "Permute"):
        row = (("Linear", {"out_features": 8}), ("Reshape", {"shape": "2 × 4"}), (kind, {}))
        return (*row, ("Flatten", {}), ("Linear", {"out_features": 2})), _moons(64)
    if kind.endswith("2d") or kind == "GlobalAvgPool":
        layers = (("Conv2d", {"out_channels": 3}), (kind, {}), ("Flatten", {}))
        return (*layers, ("Linear", {"out_features": 10})), DIGITS
    if CATALOGUE[kind].category == "Sequences":
        return _over_time(kind)
    layers = (("Linear", {"out_features": 8}), (kind, {}), ("Linear", {"out_features": 2}))
    return layers, _moons(64)


def _over_time(kind: str) -> tuple[tuple[tuple[str, dict[str, Any]], ...], dict[str, Any]]:
    """The same for layers over time: every symbol of a data set has its own place among 8 numbers."""
    if kind == "Embedding":
        text = {"length": 12, "samples": 60, "answers": "last"}
        layers = ((kind, {}), ("MeanOverTime", {}), ("Linear", {"out_features": 46}))
        return layers, {"kind": "book", "params": text}
    end = () if kind in {"LastStep", "MeanOverTime"} else (("LastStep", {}),)
    more = (
        {"output": "sequence", "bidirectional": True}
        if "output" in CATALOGUE[kind].defaults
        else {}
    )
    layers = ((kind, more), *end, ("Linear", {"out_features": 8}))
    return layers, {"kind": "recall", "params": {"length": 6, "samples": 60}}


@pytest.mark.parametrize(
    "kind", [k for k, spec in CATALOGUE.items() if spec.inputs.maximum == 1 and spec.has_output]
)
def test_probes_change_no_bit_of_the_training(trainer: MAKE, kind: str) -> None:
    layers, data = _surrounded(kind)
    results = []
    for probes in (True, False):
        trained = trainer(*layers, data=data, batch_size=16, probes=probes)
        trained.measure()
        while trained.epochs_done < 10:
            trained.step(look=True)
            if trained.epoch_is_over:
                table = trained.end_epoch().layers
        assert np.isnan(table.activation_mean).any() != probes
        results.append(_state(trained))
    assert _same(*results)
