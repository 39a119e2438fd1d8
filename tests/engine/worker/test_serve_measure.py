"""A network is measured at its initialisation, and no run notices."""

import hashlib
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from engine.graph import decode
from engine.stats import LayerTable
from engine.training import (
    EpochEnded,
    FrameError,
    LayerInfo,
    Measure,
    Measured,
    Progress,
    Resume,
    RunFinished,
    decode_message,
    frame,
)
from engine.worker.build import GraphModule
from engine.worker.measuring import measured
from engine.worker.prepare import prepare
from tests.engine.worker.wire import CHAIN, DOCUMENT, NORMALISED, Worker

pytestmark = pytest.mark.timeout(180)


def _plain(network: bytes) -> tuple[list[float], list[float]]:
    """σ and RMS of B · ∂(mean loss)/∂output of every layer of a chain, by plain autograd on the first batch."""
    prepared = prepare(decode(network), None)
    config, split = prepared.config, prepared.split
    layers = list(
        GraphModule(prepared.graph, prepared.inference, config.seed).named_layers().values()
    )
    generator = torch.Generator().manual_seed(config.seed)
    order = torch.randperm(len(split.train_inputs), generator=generator)[: config.batch_size]
    value = torch.from_numpy(split.train_inputs)[order]
    targets = torch.from_numpy(split.train_targets)[order]
    outputs = []
    for layer in layers:
        value = layer(value)
        value.retain_grad()
        outputs.append(value)
    nn.functional.cross_entropy(value, targets).backward()
    gradients = [(x.grad.double() * len(order)).square().mean().sqrt().item() for x in outputs]
    return [x.detach().double().std(correction=0).item() for x in outputs], gradients


def test_the_figures_are_those_of_plain_autograd(document: DOCUMENT) -> None:
    network = document(*CHAIN, batch_size=16, epochs=1)
    answer = measured(Measure(5, network, ""))
    assert (answer.request, answer.sentence) == (5, "")
    assert [layer.id for layer in answer.layers] == ["linear_1", "tanh_2", "linear_3"]
    deviations, gradients = _plain(network)
    assert answer.table is not None
    np.testing.assert_allclose(answer.table.activation_std, deviations, rtol=1e-5)
    np.testing.assert_allclose(answer.table.activation_gradient_rms, gradients, rtol=1e-5)
    assert np.isnan(answer.table.update_ratio).all()


def test_no_generator_moves(document: DOCUMENT) -> None:
    torch.manual_seed(12)
    expected = torch.rand(3)
    torch.manual_seed(12)
    measured(Measure(1, document(*NORMALISED, ("Dropout", {}), batch_size=16), ""))
    measured(Measure(2, b"nonsense", ""))
    torch.testing.assert_close(torch.rand(3), expected, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("layers", "sentence", "node_id"),
    [
        ((("Conv2d", {}), ("Linear", {"out_features": 2})), "Conv 2d 1", "conv2d_1"),
        ((("Linear", {"out_features": 3}),), "3", "output_2"),
    ],
)
def test_what_cannot_be_built_is_said_and_where(
    document: DOCUMENT, layers: Any, sentence: str, node_id: str
) -> None:
    answer = measured(Measure(1, document(*layers), ""))
    assert (answer.layers, answer.table, answer.node_id) == ((), None, node_id)
    assert sentence in answer.sentence


def test_a_file_that_cannot_be_read_is_said() -> None:
    assert measured(Measure(1, b"{}", "")).sentence.startswith("The network cannot be read")


def test_a_fault_is_an_answer(document: DOCUMENT, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*_: object) -> None:
        raise RuntimeError("a bolt is loose\nfar down")

    monkeypatch.setattr(GraphModule, "forward", fault)
    answer = measured(Measure(1, document(*CHAIN), ""))
    assert answer.sentence == "The network cannot be measured: a bolt is loose"


def test_a_worker_measures_without_a_run_and_beside_one(
    worker: Worker, small: bytes, endless: bytes
) -> None:
    worker.send(Measure(1, small, ""))
    alone = worker.receive()
    worker.start(endless)
    worker.until(EpochEnded)
    worker.send(Measure(2, small, ""))
    beside = worker.until(Measured)[-1]
    assert isinstance(alone, Measured)
    assert (alone.request, beside.request) == (1, 2)
    assert alone.table is not None
    np.testing.assert_array_equal(alone.table.activations.counts, beside.table.activations.counts)
    worker.send(Measure(3, b"nonsense", ""))
    assert worker.until(Measured)[-1].table is None
    assert worker.until(EpochEnded), "the run goes on"


def _bits(messages: list[Any]) -> str:
    """All that a run said of its numbers."""
    digest = hashlib.sha256()
    for message in messages:
        if isinstance(message, EpochEnded):
            table = message.stats.layers
            for column in (message.stats.steps.loss, table.weight_rms, table.activations.counts):
                digest.update(column.tobytes())
            digest.update(repr((message.stats.train_loss, message.stats.validation_loss)).encode())
    return digest.hexdigest()


def _until_rest(worker: Worker) -> list[Any]:
    messages = worker.until(Progress)
    while not messages[-1].paused:
        messages += worker.until(Progress)
    return messages


@pytest.mark.parametrize("waiting", [True, False])
def test_a_run_is_the_same_bit_for_bit(worker: Worker, document: DOCUMENT, waiting: bool) -> None:
    layers = (NORMALISED[0], ("Dropout", {}), ("RReLU", {}), *NORMALISED[1:])
    network = document(*layers, batch_size=16, epochs=6)
    other = document(*layers, ("Dropout", {}), batch_size=8, seed=77)
    worker.start(network)
    plain = _bits(worker.until(RunFinished))
    run_id = worker.start(network, "hold" if waiting else "run")
    messages: list[Any] = []
    if waiting:
        for _ in range(6):
            messages += _until_rest(worker)
            worker.send(Measure(1, other, ""), Resume(run_id, "epoch"))
            messages += worker.until(Measured)
    else:
        worker.send(*[Measure(place, other, "") for place in range(12)])
    messages += worker.until(RunFinished)
    assert sum(isinstance(message, EpochEnded) for message in messages) == 7
    assert sum(isinstance(message, Measured) for message in messages) == (6 if waiting else 12)
    assert _bits(messages) == plain


def test_a_table_that_does_not_fit_its_rows_is_no_frame() -> None:
    layer = LayerInfo("linear_1", "Linear", "Linear 1", True)
    sound = Measured(3, (layer,), LayerTable.empty(1, 8))
    body = frame(sound)[4:]
    answer = decode_message(body)
    assert isinstance(answer, Measured)
    assert (answer.request, answer.layers) == (3, (layer,))
    with pytest.raises(FrameError, match="shape"):
        decode_message(frame(Measured(3, (layer, layer), LayerTable.empty(1, 8)))[4:])
