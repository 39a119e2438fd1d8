"""An edited network is adopted: bit for bit what plain torch does when a layer joins its optimiser."""

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from engine.graph import decode
from engine.worker.build import LayerError, node_seed
from engine.worker.prepare import Prepared, RunError, prepare
from engine.worker.trainer import Trainer

Layers = list[tuple[str, str, dict[str, Any]]]
PREPARE = Callable[..., Prepared]
OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "SGD": lambda weights: torch.optim.SGD(weights, lr=0.05, momentum=0.9),
    "RMSprop": lambda weights: torch.optim.RMSprop(weights, lr=0.05, momentum=0.9),
    "Adam": lambda weights: torch.optim.Adam(weights, lr=0.05),
    "AdamW": lambda weights: torch.optim.AdamW(weights, lr=0.05, weight_decay=0.0),
}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def network() -> PREPARE:
    """Makes a chain of layers that have ids of their own, ready for training."""
    return _network


def _network(layers: Layers, **settings: Any) -> Prepared:
    data = settings.pop("data", {"kind": "moons", "params": {"samples": 80}})
    whole = [("in", "Input", {}), *layers, ("out", "Output", {})]
    file = {
        "format": "gradient-lab/network",
        "version": 1,
        "nodes": [{"id": i, "kind": kind, "params": params} for i, kind, params in whole],
        "edges": [{"source": one[0], "target": two[0]} for one, two in itertools.pairwise(whole)],
        "data": data,
        "training": {"learning_rate": 0.05, "batch_size": 16, **settings},
    }
    return prepare(decode(json.dumps(file).encode()), None)


FIRST: Layers = [
    ("a", "Linear", {"out_features": 8}),
    ("t", "Tanh", {}),
    ("b", "Linear", {"out_features": 2}),
]
WITH_NORM: Layers = [FIRST[0], ("n", "BatchNorm1d", {}), *FIRST[1:]]


def _dense(name: str, inputs: int, units: int) -> nn.Linear:
    layer = nn.Linear(inputs, units)
    torch.manual_seed(node_seed(0, name))
    layer.reset_parameters()
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    nn.init.zeros_(layer.bias)
    return layer


def _by_hand(
    kind: str, prepared: Prepared, steps: tuple[int, int], factor: float
) -> tuple[list[nn.Module], list[float]]:
    """Train, put a batch norm between the first layers, let it join the optimiser, train on."""
    first, last, norm = _dense("a", 2, 8), _dense("b", 8, 2), nn.BatchNorm1d(8)
    weights = [*first.parameters(), *last.parameters()]
    optimizer = OPTIMIZERS[kind](weights)
    inputs, targets = map(
        torch.from_numpy, (prepared.split.train_inputs, prepared.split.train_targets)
    )
    generator = torch.Generator().manual_seed(0)
    batches: list[Tensor] = []
    losses = []
    for step in range(sum(steps)):
        if not step % 4:
            batches = list(torch.randperm(64, generator=generator).split(16))
        if step == steps[0]:
            optimizer.add_param_group({"params": norm.parameters(), "lr": 0.05 * factor})
        chosen = batches[step % 4]
        hidden = first(inputs[chosen])
        outputs = last((norm(hidden) if step >= steps[0] else hidden).tanh())
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(outputs, targets[chosen])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return [first, norm, last], losses


def _run(trainer: Trainer, steps: int) -> list[float]:
    losses = []
    for _ in range(steps):
        losses.append(trainer.step(look=True).loss)
        if trainer.epoch_is_over:
            trainer.end_epoch()
    return losses


@pytest.mark.parametrize("factor", [1.0, 0.5])
@pytest.mark.parametrize("steps", [(0, 5), (4, 8), (6, 7), (7, 9)])
@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_an_inserted_batch_norm_joins_as_in_torch(
    network: PREPARE, kind: str, steps: tuple[int, int], factor: float
) -> None:
    trainer = Trainer(network(FIRST, optimizer=kind))
    losses = _run(trainer, steps[0])
    layers = [
        (i, k, {**params, "learning_rate_factor": factor} if k == "BatchNorm1d" else params)
        for i, k, params in WITH_NORM
    ]
    adoption = trainer.adopt(network(layers, optimizer=kind))
    assert (adoption.kept, adoption.fresh, adoption.changed) == (("a", "b"), ("n",), ())
    losses += _run(trainer, steps[1])
    modules, expected = _by_hand(kind, trainer.prepared, steps, factor)
    assert losses == expected
    ours = trainer.model.state_dict().values()
    theirs = [tensor for module in modules for tensor in module.state_dict().values()]
    for one, other in zip(ours, theirs, strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_adopting_the_same_network_changes_no_bit(network: PREPARE, kind: str) -> None:
    layers = [*WITH_NORM[:3], ("d", "Dropout", {"p": 0.3}), WITH_NORM[3]]
    plain, adopting = (Trainer(network(layers, optimizer=kind)) for _ in range(2))
    for trainer in (plain, adopting):
        torch.manual_seed(1)
        _run(trainer, 6)
        if trainer is adopting:
            adoption = trainer.adopt(network(layers, optimizer=kind))
            assert (adoption.kept, adoption.fresh) == (("a", "n", "b"), ())
        _run(trainer, 7)
    for one, other in zip(
        plain.model.state_dict().values(), adopting.model.state_dict().values(), strict=True
    ):
        assert torch.equal(one, other)


def test_lbfgs_begins_with_an_empty_memory(network: PREPARE) -> None:
    trainer = Trainer(network(FIRST, optimizer="LBFGS", batch_size=64))
    _run(trainer, 2)
    weights = [weight.clone() for weight in trainer.model.parameters()]
    trainer.adopt(network(FIRST, optimizer="LBFGS", batch_size=64))
    for one, other in zip(weights, trainer.model.parameters(), strict=True):
        assert torch.equal(one, other)
    assert _run(trainer, 3)[-1] > 0


def test_layers_of_another_shape_begin_anew_and_are_named(network: PREPARE) -> None:
    trainer = Trainer(network(WITH_NORM, optimizer="Adam"))
    _run(trainer, 6)
    wider = [("a", "Linear", {"out_features": 5}), *WITH_NORM[1:]]
    adoption = trainer.adopt(network(wider, optimizer="Adam"))
    assert (adoption.kept, adoption.fresh, adoption.changed) == ((), (), ("a", "n", "b"))
    assert "Linear begins anew: its tensors were 8 × 2 and 8 and are 5 × 2 and 5" in adoption.notes
    layer = _dense("a", 2, 5)
    for one, other in zip(trainer.model.parameters(), layer.parameters(), strict=False):
        assert torch.equal(one, other)
    _run(trainer, 3)


def test_what_is_gone_is_named(network: PREPARE) -> None:
    trainer = Trainer(network(WITH_NORM))
    _run(trainer, 2)
    adoption = trainer.adopt(network(FIRST))
    assert adoption.notes == ("kept: Linear, Linear; gone: Batch norm 1d",)
    assert [layer.id for layer in trainer.layers] == ["a", "t", "b"]


def test_moving_statistics_of_untouched_layers_stay(network: PREPARE) -> None:
    trainer = Trainer(network(WITH_NORM))
    _run(trainer, 5)
    buffers = [buffer.clone() for buffer in trainer.model.buffers()]
    trainer.adopt(network([*WITH_NORM[:2], ("r", "ReLU", {}), WITH_NORM[3]]))
    for one, other in zip(buffers, trainer.model.buffers(), strict=True):
        assert torch.equal(one, other)
    assert buffers[2].item() == 5


def test_a_layer_that_thaws_has_no_memory(network: PREPARE) -> None:
    frozen = [("a", "Linear", {"out_features": 8, "frozen": True}), *FIRST[1:]]
    trainer = Trainer(network(frozen, optimizer="Adam"))
    _run(trainer, 3)
    before = [weight.clone() for weight in trainer.model.parameters()]
    trainer.adopt(network(FIRST, optimizer="Adam"))
    _run(trainer, 1)
    moved = [
        (one - other).abs().max().item()
        for one, other in zip(before, trainer.model.parameters(), strict=True)
    ]
    # Adam's first step is the learning rate, whatever the gradient
    assert moved[0] == pytest.approx(0.05, rel=1e-3)
    assert moved[2] != pytest.approx(0.05, rel=1e-3)


def test_the_epoch_goes_on_with_the_new_rows(network: PREPARE) -> None:
    trainer = Trainer(network(FIRST))
    _run(trainer, 6)
    trainer.adopt(network(WITH_NORM))
    measured = trainer.measure()
    assert measured.epoch == 1
    assert len(measured.layers.saturation) == 4
    while not trainer.epoch_is_over:
        trainer.step()
    stats = trainer.end_epoch()
    assert (stats.epoch, len(stats.layers.saturation), len(stats.steps.loss)) == (2, 4, 4)


@pytest.mark.parametrize("after", [1, 4])
def test_an_epoch_whose_look_was_before_has_an_empty_table(network: PREPARE, after: int) -> None:
    data = {"kind": "moons", "params": {"samples": 82}}
    trainer = Trainer(network(FIRST, data=data, batch_size=15))
    _run(trainer, after)
    trainer.adopt(network(WITH_NORM, data=data, batch_size=15))
    while not trainer.epoch_is_over:
        trainer.step()
    table = trainer.end_epoch().layers
    assert len(table.weight_rms) == 4
    assert (table.samples == 0) == (after == 4)


def test_rewinding_an_adopted_network_is_a_new_run_of_it(network: PREPARE) -> None:
    adopting, new = Trainer(network(FIRST)), Trainer(network(WITH_NORM))
    _run(adopting, 6)
    adopting.adopt(network(WITH_NORM))
    adopting.rewind()
    assert _run(adopting, 6) == _run(new, 6)
    for one, other in zip(
        adopting.model.state_dict().values(), new.model.state_dict().values(), strict=True
    ):
        assert torch.equal(one, other)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"data": {"kind": "moons", "params": {"samples": 90}}}, "The data set cannot change"),
        ({"batch_size": 8}, "“Batch size” cannot change"),
        ({"seed": 3}, "“Seed” cannot change"),
        ({"optimizer": "Adam"}, "“Optimiser” cannot change"),
    ],
)
def test_what_a_run_keeps_is_refused(network: PREPARE, settings: Any, said: str) -> None:
    trainer, plain = (Trainer(network(FIRST)) for _ in range(2))
    _run(trainer, 3), _run(plain, 3)
    with pytest.raises(RunError, match=said):
        trainer.adopt(network(WITH_NORM, **settings))
    assert trainer.prepared.graph.nodes.keys() == {"in", "a", "t", "b", "out"}
    assert _run(trainer, 3) == _run(plain, 3)


def test_a_layer_that_cannot_be_built_leaves_the_run_as_it_was(
    network: PREPARE, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer, plain = (Trainer(network(FIRST)) for _ in range(2))
    edited = network(WITH_NORM)

    def fails(*_arguments: Any, **_named: Any) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(nn, "BatchNorm1d", fails)
        with pytest.raises(LayerError):
            trainer.adopt(edited)
    assert _run(trainer, 3) == _run(plain, 3)


def test_live_settings_go_on(network: PREPARE) -> None:
    trainer = Trainer(network(FIRST, schedule="cosine", epochs=3))
    _run(trainer, 4)
    trainer.set_live({"learning_rate": 0.02})
    trainer.adopt(network(WITH_NORM, schedule="cosine", epochs=3))
    _run(trainer, 4)
    by_hand = torch.optim.lr_scheduler.CosineAnnealingLR(
        torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.02), 12
    )
    by_hand.optimizer.step()
    for _ in range(8):
        by_hand.step()
    trainer.step()
    while not trainer.epoch_is_over:
        trainer.step()
    for _ in range(3):
        by_hand.step()
    assert trainer.end_epoch().learning_rate == pytest.approx(by_hand.get_last_lr()[0])
