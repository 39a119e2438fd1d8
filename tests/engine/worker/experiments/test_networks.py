"""Networks of the experiments against networks written by hand in plain torch."""

import math

import pytest
import torch
from torch import nn

from engine.data import describe
from engine.graph import decode, encode, infer
from engine.worker.experiments.modules import back_and_forth, build, noise, ratios
from engine.worker.experiments.networks import (
    BATCH_NORM,
    RELU,
    TANH,
    Layer,
    classifier,
    head,
    hidden,
    linear,
    residual_classifier,
    sgd,
)
from engine.worker.experiments.running import (
    gradient_ratio,
    layer_inputs,
    scaled,
    train,
    trainer_of,
)

QUICK = sgd(0.05, batch=64, epochs=2, momentum=0.5)


def test_a_classifier_is_a_document_without_problems() -> None:
    graph = classifier(hidden(2, 16, RELU, norm=BATCH_NORM), QUICK)
    kinds = [graph.nodes[node_id].kind for node_id in graph.order()]
    block = ["Linear", "BatchNorm1d", "ReLU"]
    assert kinds == ["Input", "Flatten", *block, *block, "Linear", "Output"]
    assert infer(graph, describe(graph.data, None)).problems == ()
    assert decode(encode(graph)).same_as(graph)
    assert graph.training["learning_rate"] == 0.05


def test_residual_blocks_have_a_wire_around_them() -> None:
    graph = residual_classifier([linear(8)], [linear(8), TANH], 2, [BATCH_NORM], QUICK)
    assert infer(graph, describe(graph.data, None)).problems == ()
    adds = [node_id for node_id, node in graph.nodes.items() if node.kind == "Add"]
    sources = [[graph.nodes[e.source].kind for e in graph.incoming(add)] for add in adds]
    assert sources == [["Tanh", "Linear"], ["Tanh", "Add"]]


def test_the_head_draws_from_lecuns_normal() -> None:
    module = build([linear(400, "zeros"), head(500)], 4, 500, 0).all("Linear")[-1]
    assert isinstance(module, nn.Linear)
    assert float(module.weight.detach().std()) == pytest.approx(1 / math.sqrt(400), rel=0.01)
    assert not module.bias.any()


def test_squared_gradients_are_those_of_plain_torch() -> None:
    built = build([*hidden(2, 12, TANH, "glorot_uniform"), head(5)], 7, 5, 3)
    inputs = noise(3, 6, 7)
    record = back_and_forth(built, inputs, 3)
    weights = [m for m in built.all("Linear") if isinstance(m, nn.Linear)]
    z1 = inputs @ weights[0].weight.detach().T
    z2 = torch.tanh(z1) @ weights[1].weight.detach().T
    g3 = noise(4, 6, 5)
    g2 = (g3 @ weights[2].weight.detach()) * (1 - torch.tanh(z2) ** 2)
    g1 = (g2 @ weights[1].weight.detach()) * (1 - torch.tanh(z1) ** 2)
    expected = [float((g**2).sum()) for g in (g1, g2, g3)]
    assert record.squared_gradients("Linear") == pytest.approx(expected, rel=1e-5)
    assert ratios([8.0, 4.0, 1.0]) == [2.0, 4.0]


def test_a_chain_that_cannot_be_built_says_why() -> None:
    with pytest.raises(ValueError, match="expects 5"):
        build([linear(4)], 7, 5, 0)


def test_the_gradient_ratio_is_of_256_samples_and_leaves_the_batch_size() -> None:
    graph = classifier(hidden(3, 16, TANH, "glorot_normal"), QUICK)
    trainer = trainer_of(graph, 5)
    order = torch.randperm(1437, generator=torch.Generator().manual_seed(5))[:256]
    inputs = torch.from_numpy(trainer.prepared.split.train_inputs)[order]
    targets = torch.from_numpy(trainer.prepared.split.train_targets)[order]
    z: list[torch.Tensor] = []
    modules = trainer.model.named_layers().values()
    for module in (m for m in modules if isinstance(m, nn.Linear)):
        module.register_forward_hook(lambda _m, _i, output: z.append(output))
    loss = nn.functional.cross_entropy(trainer.model(inputs), targets)
    second, last = torch.autograd.grad(loss, [z[1], z[2]])
    found = gradient_ratio(graph, 5)
    assert found == pytest.approx(float(second.norm() / last.norm()), rel=1e-4)
    assert graph.training["batch_size"] == 64


def test_a_run_knows_its_accuracies_and_when_one_was_reached() -> None:
    run = train(classifier(hidden(1, 32, RELU), sgd(0.1, batch=64, epochs=4)), 0)
    assert len(run.accuracies) == 4
    assert run.accuracy == run.accuracies[-1] > 0.8
    assert run.best == max(run.accuracies)
    assert run.epochs_to(0.0) == 1.0
    assert run.epochs_to(1.1) == math.inf
    first_good = next(n for n, found in enumerate(run.accuracies, 1) if found >= 0.8)
    assert run.epochs_to(0.8) == first_good
    assert not run.diverged


def test_a_run_that_diverges_ends_with_the_weights_that_it_had() -> None:
    run = train(classifier(hidden(2, 16, RELU), sgd(1e3, batch=64, epochs=3)), 0)
    assert run.diverged
    assert 0.0 <= run.accuracy < 0.5


def test_samples_can_be_scaled_feature_by_feature() -> None:
    graph = classifier([], QUICK)
    plain = trainer_of(graph, 0).prepared.split
    doubled = trainer_of(graph, 0, data=scaled(2.0)).prepared.split
    assert (doubled.train_inputs == 2 * plain.train_inputs).all()
    assert (doubled.validation_inputs == 2 * plain.validation_inputs).all()


def test_layer_inputs_are_what_arrives_at_each_layer_of_a_kind() -> None:
    trainer = trainer_of(classifier(hidden(2, 8, Layer("ELU")), QUICK), 0)
    inputs = torch.from_numpy(trainer.prepared.split.train_inputs[:3])
    linears = [m for m in trainer.model.named_layers().values() if isinstance(m, nn.Linear)]
    first, second = layer_inputs(trainer, "ELU", inputs)
    assert torch.equal(first, linears[0](inputs.flatten(1)))
    assert torch.equal(second, linears[1](nn.functional.elu(first)))
