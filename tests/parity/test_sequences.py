"""Layers over time against torch's own modules: shapes, trained tensors, initial weights, and whole trainings."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.data import DataInfo, DataSpec
from engine.graph import task_of
from engine.layers import CATALOGUE, INITIALIZERS, Shape, ShapeError, expected_output
from engine.parameters import ChoiceParameter
from engine.worker.build import node_seed
from engine.worker.modules import hits, loss_function
from engine.worker.prepare import Prepared
from engine.worker.sequence_modules import Embedding
from engine.worker.trainer import Trainer

SEED, EPOCHS, BATCH = 7, 2, 16
STEPS, NUMBERS = 9, 6
RECURRENT = {"RNN": (nn.RNN, 1), "LSTM": (nn.LSTM, 4), "GRU": (nn.GRU, 3)}
RECALL = DataSpec("recall", {"length": 7, "samples": 80, "symbols": 5})
PREPARE = Callable[..., Prepared]
ALONE = Callable[..., Any]


class ByHand(nn.Module):
    """A recurrent layer of torch that gives what the settings ask for."""

    def __init__(self, kind: str, numbers: int, values: Mapping[str, Any]) -> None:
        super().__init__()
        module, _ = RECURRENT[kind]
        more = {"nonlinearity": values["nonlinearity"]} if kind == "RNN" else {}
        self.inner = module(
            numbers,
            values["hidden_size"],
            batch_first=True,
            bias=values["bias"],
            bidirectional=values["bidirectional"],
            **more,
        )
        self.last = values["output"] == "last"

    def forward(self, inputs: Tensor) -> Tensor:
        outputs, hidden = self.inner(inputs)
        if not self.last:
            return outputs
        states = hidden[0] if isinstance(hidden, tuple) else hidden
        return torch.cat(list(states), dim=1)


def _values(kind: str, **changes: Any) -> dict[str, Any]:
    return {**CATALOGUE[kind].defaults, **changes}


def _drawn(layer: ByHand, kind: str, node_id: str) -> ByHand:
    """The default: Glorot's for the inputs, orthogonal between steps, gate by gate; forget gates at 1."""
    torch.manual_seed(node_seed(SEED, node_id))
    layer.inner.reset_parameters()
    gates = RECURRENT[kind][1]
    with torch.no_grad():
        for suffix in ("", "_reverse") if layer.inner.bidirectional else ("",):
            for gate in layer.inner.get_parameter(f"weight_ih_l0{suffix}").chunk(gates):
                nn.init.xavier_uniform_(gate)
            for gate in layer.inner.get_parameter(f"weight_hh_l0{suffix}").chunk(gates):
                nn.init.orthogonal_(gate)
            for side in ("ih", "hh"):
                bias = layer.inner.get_parameter(f"bias_{side}_l0{suffix}")
                bias.zero_()
                if kind == "LSTM" and side == "ih":
                    bias.chunk(4)[1].fill_(1.0)
    return layer


def _dense(inputs: int, units: int, node_id: str = "linear_1") -> nn.Linear:
    torch.manual_seed(node_seed(SEED, node_id))
    layer = nn.Linear(inputs, units)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    nn.init.zeros_(layer.bias)
    return layer


def _assert_same_training(
    prepared: Prepared, model: nn.Module, loss: Callable[[Tensor, Tensor], Tensor]
) -> None:
    """Every weight, bit for bit, after some epochs of a loop that is written out here."""
    trainer = Trainer(prepared)
    trainer.measure()
    while trainer.epochs_done < EPOCHS:
        trainer.step(look=True)
        if trainer.epoch_is_over:
            trainer.end_epoch()
    _train(model, prepared, loss)
    pairs = zip(trainer.model.parameters(), model.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


def _train(model: nn.Module, prepared: Prepared, loss: Callable[[Tensor, Tensor], Tensor]) -> None:
    inputs = torch.from_numpy(prepared.split.train_inputs)
    targets = torch.from_numpy(prepared.split.train_targets)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    order = torch.Generator().manual_seed(SEED)
    for _ in range(EPOCHS):
        for chosen in torch.randperm(len(inputs), generator=order).split(BATCH):
            optimizer.zero_grad()
            loss(model(inputs[chosen]), targets[chosen]).backward()
            optimizer.step()


def _prepared(prepare: PREPARE, layers: list[Any], data: DataSpec, **more: Any) -> Prepared:
    return prepare(layers, data, seed=SEED, batch_size=BATCH, learning_rate=0.05, **more)


CHANGES = [
    {},
    {"output": "sequence"},
    {"bidirectional": True},
    {"bidirectional": True, "output": "sequence"},
    {"bias": False},
    {"hidden_size": 5},
]


@pytest.mark.parametrize("changes", CHANGES, ids=str)
@pytest.mark.parametrize("kind", RECURRENT)
def test_recurrent_layers_are_torchs(alone: ALONE, kind: str, changes: dict[str, Any]) -> None:
    single = alone(kind, changes, (STEPS, NUMBERS))
    by_hand = ByHand(kind, NUMBERS, _values(kind, **changes))
    built = single.built()
    shapes = {name: tuple(each.shape) for name, each in by_hand.inner.named_parameters()}
    assert dict(single.tensors) == shapes
    assert single.inference.parameter_counts["tested_1"] == sum(map(math.prod, shapes.values()))
    by_hand.inner.load_state_dict(built.state_dict())
    inputs = torch.randn(4, STEPS, NUMBERS, generator=torch.Generator().manual_seed(2))
    outputs = by_hand(inputs)
    assert tuple(outputs.shape[1:]) == single.shape
    assert torch.equal(built(inputs), outputs)


def test_a_relu_cell_is_torchs(alone: ALONE) -> None:
    built = alone("RNN", {"nonlinearity": "relu"}, (STEPS, NUMBERS)).built()
    by_hand = ByHand("RNN", NUMBERS, _values("RNN", nonlinearity="relu"))
    by_hand.inner.load_state_dict(built.state_dict())
    inputs = torch.randn(4, STEPS, NUMBERS)
    assert torch.equal(built(inputs), by_hand(inputs))


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("output", ["last", "sequence"])
@pytest.mark.parametrize("kind", RECURRENT)
def test_recurrent_layers_train_as_in_torch(
    prepared: PREPARE, kind: str, output: str, bidirectional: bool
) -> None:
    changes = {"hidden_size": 6, "output": output, "bidirectional": bidirectional}
    end = [("MeanOverTime", {})] if output == "sequence" else []
    layers = [(kind, changes), *end, ("Linear", {"out_features": 5})]
    recurrent = _drawn(ByHand(kind, 5, _values(kind, **changes)), kind, f"{kind.lower()}_1")
    mean = [_Mean()] if output == "sequence" else []
    model = nn.Sequential(recurrent, *mean, _dense(12 if bidirectional else 6, 5))
    _assert_same_training(_prepared(prepared, layers, RECALL), model, functional.cross_entropy)


class _Mean(nn.Module):
    def forward(self, inputs: Tensor) -> Tensor:
        return inputs.mean(dim=1)


class _Characters(nn.Module):
    """Embedding, LSTM and a Linear for each step, as in any tutorial."""

    def __init__(self, characters: int) -> None:
        super().__init__()
        torch.manual_seed(node_seed(SEED, "embedding_1"))
        self.rows = nn.Embedding(64, 8)
        values = _values("LSTM", hidden_size=10, output="sequence")
        self.lstm = _drawn(ByHand("LSTM", 8, values), "LSTM", "lstm_1")
        self.head = _dense(10, characters)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.head(self.lstm(self.rows(inputs.long())))


def _each_step(outputs: Tensor, targets: Tensor) -> Tensor:
    """Torch wants the classes in the second place."""
    return functional.cross_entropy(outputs.transpose(1, 2), targets)


def test_a_character_model_with_a_target_for_every_step_trains_as_in_torch(
    prepared: PREPARE,
) -> None:
    layers = [
        ("Embedding", {"embedding_dim": 8, "num_embeddings": 64}),
        ("LSTM", {"hidden_size": 10, "output": "sequence"}),
        ("Linear", {"out_features": 46}),
    ]
    book = DataSpec("book", {"length": 12, "samples": 60})
    network = _prepared(prepared, layers, book)
    flat = lambda outputs, targets: functional.cross_entropy(  # noqa: E731
        outputs.flatten(0, 1), targets.flatten()
    )
    _assert_same_training(network, _Characters(46), flat)


def test_numbers_for_every_step_train_as_in_torch(prepared: PREPARE) -> None:
    sine = DataSpec("sine_forecast", {"length": 12, "samples": 60, "answers": "every"})
    layers = [("GRU", {"hidden_size": 6, "output": "sequence"}), ("Linear", {"out_features": 1})]
    values = _values("GRU", hidden_size=6, output="sequence")
    model = nn.Sequential(_drawn(ByHand("GRU", 1, values), "GRU", "gru_1"), _dense(6, 1))
    _assert_same_training(_prepared(prepared, layers, sine, loss="mse"), model, functional.mse_loss)


class _Attentive(nn.Module):
    """Positions, attention with a shortcut's worth of nothing else, and the last step."""

    def __init__(self, causal: bool) -> None:
        super().__init__()
        torch.manual_seed(node_seed(SEED, "positionalencoding_1"))
        self.places = nn.Parameter(torch.randn(7, 8) * 0.02)
        torch.manual_seed(node_seed(SEED, "selfattention_1"))
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.head = _dense(8, 8)
        self.mask = nn.Transformer.generate_square_subsequent_mask(7) if causal else None

    def forward(self, inputs: Tensor) -> Tensor:
        x = inputs + self.places
        more = {} if self.mask is None else {"attn_mask": self.mask < 0, "is_causal": True}
        return self.head(self.attention(x, x, x, need_weights=False, **more)[0][:, -1])


@pytest.mark.parametrize("causal", [False, True])
def test_attention_trains_as_in_torch(prepared: PREPARE, causal: bool) -> None:
    layers = [
        ("PositionalEncoding", {"encoding": "learned"}),
        ("SelfAttention", {"num_heads": 2, "causal": causal}),
        ("LastStep", {}),
        ("Linear", {"out_features": 8}),
    ]
    data = DataSpec("recall", {"length": 7, "samples": 80})
    network = _prepared(prepared, layers, data)
    _assert_same_training(network, _Attentive(causal), functional.cross_entropy)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_attention_is_the_papers_formula(alone: ALONE, causal: bool, bias: bool) -> None:
    """softmax(Q Kᵀ / √d) V by heads, written out (Vaswani et al. 2017, eq. 1)."""
    single = alone("SelfAttention", {"num_heads": 2, "causal": causal, "bias": bias}, (5, 8))
    built = single.built().double()
    assert dict(single.tensors) == {n: tuple(p.shape) for n, p in built.named_parameters()}
    x = torch.randn(3, 5, 8, dtype=torch.float64)
    shift = built.in_proj_bias if bias else 0.0
    q, k, v = (
        part.unflatten(2, (2, 4)).transpose(1, 2)
        for part in (x @ built.in_proj_weight.T + shift).chunk(3, dim=2)
    )
    scores = q @ k.transpose(2, 3) / 2.0
    if causal:
        later = torch.arange(5) > torch.arange(5).unsqueeze(1)
        scores = scores.masked_fill(later, -torch.inf)
    mixed = (scores.softmax(dim=3) @ v).transpose(1, 2).flatten(2)
    wanted = built.out_proj(mixed)
    for training in (True, False):
        torch.testing.assert_close(built.train(training)(x), wanted)
    with torch.no_grad():
        torch.testing.assert_close(built.eval()(x), wanted)


@pytest.mark.parametrize("numbers", [6, 7])
def test_sinusoidal_positions_are_the_papers(alone: ALONE, numbers: int) -> None:
    built = alone("PositionalEncoding", {}, (STEPS, numbers)).built()
    places = built(torch.zeros(1, STEPS, numbers))[0]
    for t in range(STEPS):
        for k in range(numbers):
            angle = t / 10_000 ** (2 * (k // 2) / numbers)
            wave = math.cos(angle) if k % 2 else math.sin(angle)
            assert places[t, k].item() == pytest.approx(wave, abs=1e-6)
    assert not list(built.parameters())


def test_ways_out_of_time(alone: ALONE) -> None:
    x = torch.randn(2, STEPS, NUMBERS)
    last = alone("LastStep", {}, (STEPS, NUMBERS))
    mean = alone("MeanOverTime", {}, (STEPS, NUMBERS))
    assert last.shape == mean.shape == (NUMBERS,)
    assert torch.equal(last.built()(x), x[:, STEPS - 1])
    torch.testing.assert_close(mean.built()(x), sum(x.unbind(1)) / STEPS)


def test_embedding_looks_rows_up_and_draws_them_as_told(alone: ALONE) -> None:
    info = DataInfo(title="", samples=1, input_shape=(4,), classes=3, tokens=500)
    spec = CATALOGUE["Embedding"]
    values = _values("Embedding", num_embeddings=500, embedding_dim=200, std=0.3)
    assert spec.shape(values, [(4,)], task_of(info)) == (4, 200)
    assert spec.tensors(values, [(4,)]) == {"weight": (500, 200)}
    torch.manual_seed(0)
    built = Embedding(**spec.arguments(values, [(4,)]))
    assert built.weight.std().item() == pytest.approx(0.3, rel=0.02)
    tokens = torch.tensor([[0.0, 499.0, 3.0, 3.0]])
    assert torch.equal(built(tokens)[0], built.weight[torch.tensor([0, 499, 3, 3])])


WIDE, TALL = 300, 256
GLOROT = 2 / (WIDE + TALL)
VARIANCES = {
    "glorot_uniform": (GLOROT, 1 / TALL),
    "glorot_normal": (GLOROT, 1 / TALL),
    "he_normal": (2 / WIDE, 2 / TALL),
    "lecun_normal": (1 / WIDE, 1 / TALL),
    "orthogonal": (1 / WIDE, 1 / TALL),
    "normal": (0.05**2, 0.05**2),
    "uniform": (0.05**2 / 3, 0.05**2 / 3),
    "torch_default": (1 / (3 * TALL), 1 / (3 * TALL)),
}


@pytest.mark.parametrize("initializer", VARIANCES)
@pytest.mark.parametrize("kind", RECURRENT)
def test_every_gate_has_the_variance_of_its_own_fan(
    alone: ALONE, kind: str, initializer: str
) -> None:
    params = {
        "hidden_size": TALL,
        "initializer": initializer,
        "recurrent_initializer": initializer,
    }
    built = alone(kind, params, (3, WIDE)).built()
    for name, wanted in zip(("weight_ih_l0", "weight_hh_l0"), VARIANCES[initializer], strict=True):
        for gate in built.get_parameter(name).chunk(RECURRENT[kind][1]):
            assert gate.var().item() == pytest.approx(wanted, rel=0.03)


@pytest.mark.parametrize("kind", RECURRENT)
def test_recurrent_weights_have_settings_of_their_own(alone: ALONE, kind: str) -> None:
    params = {"initializer": "normal", "init_std": 0.2, "recurrent_initializer": "normal"}
    built = alone(kind, {**params, "recurrent_init_std": 0.7}, (3, 64)).built()
    assert built.get_parameter("weight_ih_l0").std().item() == pytest.approx(0.2, rel=0.05)
    assert built.get_parameter("weight_hh_l0").std().item() == pytest.approx(0.7, rel=0.05)


@pytest.mark.parametrize("kind", RECURRENT)
def test_default_recurrent_gates_are_orthogonal(alone: ALONE, kind: str) -> None:
    built = alone(kind, {"bidirectional": True}, (3, NUMBERS)).built()
    for name in ("weight_hh_l0", "weight_hh_l0_reverse"):
        for gate in built.get_parameter(name).detach().double().chunk(RECURRENT[kind][1]):
            torch.testing.assert_close(
                gate @ gate.T, torch.eye(64, dtype=torch.float64), atol=1e-5, rtol=0
            )


def test_a_gain_multiplies_its_own_weights(alone: ALONE) -> None:
    plain = alone("LSTM", {}, (3, NUMBERS)).built()
    scaled = alone("LSTM", {"init_gain": 3.0, "recurrent_init_gain": 0.5}, (3, NUMBERS)).built()
    for name, gain in (("weight_ih_l0", 3.0), ("weight_hh_l0", 0.5)):
        assert torch.equal(scaled.get_parameter(name), gain * plain.get_parameter(name))


@pytest.mark.parametrize("kind", RECURRENT)
def test_identity_weights_hand_the_state_on(alone: ALONE, kind: str) -> None:
    built = alone(kind, {"recurrent_initializer": "identity"}, (3, NUMBERS)).built()
    for gate in built.get_parameter("weight_hh_l0").chunk(RECURRENT[kind][1]):
        assert torch.equal(gate, torch.eye(64))


@pytest.mark.parametrize("initializer", ["glorot_uniform", "torch_default"])
def test_forget_gates_begin_at_their_bias(alone: ALONE, initializer: str) -> None:
    params = {"forget_bias": 2.5, "initializer": initializer, "recurrent_initializer": initializer}
    built = alone("LSTM", {**params, "bidirectional": True}, (3, NUMBERS)).built()
    for suffix in ("l0", "l0_reverse"):
        whole = built.get_parameter(f"bias_ih_{suffix}") + built.get_parameter(f"bias_hh_{suffix}")
        i, f, g, o = whole.chunk(4)
        assert torch.equal(f, torch.full_like(f, 2.5))
        others = torch.cat((i, g, o))
        assert bool(others.any()) == (initializer == "torch_default")


def test_every_initialiser_but_lsuv_can_draw_recurrent_weights(alone: ALONE) -> None:
    for name in ("initializer", "recurrent_initializer"):
        (parameter,) = (each for each in CATALOGUE["GRU"].parameters if each.name == name)
        assert isinstance(parameter, ChoiceParameter)
        assert {choice.value for choice in parameter.choices} == set(INITIALIZERS) - {"lsuv"}
    for initializer in set(INITIALIZERS) - {"lsuv"}:
        params = {"initializer": initializer, "recurrent_initializer": initializer}
        weight = alone("GRU", params, (3, NUMBERS)).built().get_parameter("weight_hh_l0")
        assert bool(torch.isfinite(weight).all())


TOKENS = DataInfo(title="", samples=1, input_shape=(9,), classes=3, tokens=50)
ROWS = DataInfo(title="", samples=1, input_shape=(9,), classes=3)
REFUSED: list[tuple[str, dict[str, Any], Shape, DataInfo, str]] = [
    ("LSTM", {}, (9,), TOKENS, "Embedding"),
    ("LSTM", {}, (9,), ROWS, "data set of sequences"),
    ("RNN", {}, (1, 8, 8), ROWS, "data set of sequences"),
    ("MeanOverTime", {}, (9,), ROWS, "data set of sequences"),
    ("LastStep", {}, (9,), TOKENS, "Embedding"),
    ("PositionalEncoding", {}, (), ROWS, "data set of sequences"),
    ("Embedding", {}, (9,), ROWS, "data set of tokens"),
    ("Embedding", {}, (9, 3), TOKENS, "right behind the Input"),
    ("Embedding", {"num_embeddings": 49}, (9,), TOKENS, "Set Vocabulary to 50"),
    ("SelfAttention", {"num_heads": 5}, (9, 8), ROWS, "5 heads do not divide the 8"),
]


@pytest.mark.parametrize(("kind", "changes", "shape", "info", "word"), REFUSED)
def test_what_does_not_fit_gets_a_sentence(
    kind: str, changes: dict[str, Any], shape: Shape, info: DataInfo, word: str
) -> None:
    with pytest.raises(ShapeError, match=word):
        CATALOGUE[kind].shape(_values(kind, **changes), [shape], task_of(info))


def _info(classes: int, target_shape: Shape) -> DataInfo:
    return DataInfo(
        title="", samples=1, input_shape=(9, 2), classes=classes, target_shape=target_shape
    )


@pytest.mark.parametrize(
    ("received", "info", "word"),
    [
        ((9, 5), _info(4, (9,)), "units of the last Linear to 4"),
        ((4,), _info(4, (9,)), "give the whole sequence"),
        ((9, 4), _info(4, ()), "Last step"),
        ((9, 64), _info(0, (1,)), "Last step"),
    ],
)
def test_output_says_how_to_get_from_steps_to_targets(
    received: Shape, info: DataInfo, word: str
) -> None:
    loss = "cross_entropy" if info.classes else "mse"
    with pytest.raises(ShapeError, match=word):
        CATALOGUE["Output"].shape({"loss": loss}, [received], task_of(info))


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("target_shape", [(), (STEPS,)])
@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy", "mse"])
def test_losses_are_means_over_samples_and_steps(
    loss: str, target_shape: Shape, classes: int
) -> None:
    task = task_of(_info(classes, target_shape))
    if loss == "binary_cross_entropy" and classes != 2:
        with pytest.raises(ShapeError, match="needs two classes"):
            expected_output(loss, task)
        return
    generator = torch.Generator().manual_seed(1)
    outputs = torch.randn(4, *expected_output(loss, task), generator=generator)
    targets = torch.randint(classes, (4, *target_shape), generator=generator)
    rows = list(zip(outputs.reshape(-1, outputs.shape[-1]), targets.reshape(-1), strict=True))
    wanted = np.mean([_loss_by_hand(loss, row, int(target)) for row, target in rows])
    assert loss_function(loss, task)(outputs, targets).item() == pytest.approx(wanted, rel=1e-5)
    right = [_guess(row) == int(target) for row, target in rows]
    assert hits(outputs, targets) == sum(right)
    assert 0 < sum(right) < len(right) or len(right) == 4


def _loss_by_hand(loss: str, row: Tensor, target: int) -> float:
    numbers = row.double().tolist()
    if loss == "cross_entropy":
        return math.log(sum(map(math.exp, numbers))) - numbers[target]
    if loss == "binary_cross_entropy":
        return math.log1p(math.exp(-numbers[0] if target else numbers[0]))
    return float(np.mean([(value - (k == target)) ** 2 for k, value in enumerate(numbers)]))


def _guess(row: Tensor) -> int:
    numbers = row.tolist()
    return int(numbers[0] > 0) if len(numbers) == 1 else numbers.index(max(numbers))


def test_accuracy_counts_every_step(prepared: PREPARE) -> None:
    layers = [("RNN", {"output": "sequence"}), ("Linear", {"out_features": 4})]
    data = DataSpec("copy_memory", {"length": 3, "kept": 2, "alphabet": 3, "samples": 40})
    trainer = Trainer(_prepared(prepared, layers, data))
    while not trainer.epoch_is_over:
        trainer.step()
    stats = trainer.end_epoch()
    assert stats.train_accuracy is not None
    assert stats.validation_accuracy is not None
    assert 0 < stats.train_accuracy <= 1
    inputs = torch.from_numpy(trainer.prepared.split.validation_inputs)
    targets = torch.from_numpy(trainer.prepared.split.validation_targets)
    right = (trainer.model(inputs).argmax(2) == targets).double().mean().item()
    assert stats.validation_accuracy == pytest.approx(right)
