"""Everything that can be wrong with a document, found before the first step."""

from dataclasses import dataclass
from pathlib import Path

from engine.data import DataError, DataInfo, Split, describe, load
from engine.graph import Inference, NetworkGraph, infer
from engine.language import tr
from engine.layers import product
from engine.training import ConfigError, TrainingConfig, training_config


class RunError(Exception):
    """The network cannot be trained: a sentence for the person, and the layer that it is about."""

    def __init__(self, sentence: str, node_id: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.node_id = node_id


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that can be trained, and all that is known of it."""

    graph: NetworkGraph
    info: DataInfo
    split: Split
    inference: Inference
    config: TrainingConfig


def prepare(graph: NetworkGraph, folder: Path | None) -> Prepared:
    """Check a document and load its data; `RunError` with the first thing that is wrong."""
    try:
        config = training_config(graph.training)
        info = describe(graph.data, folder)
    except (ConfigError, DataError) as error:
        raise RunError(str(error)) from None
    inference = infer(graph, info)
    for problem in inference.errors:
        raise RunError(problem.sentence, problem.node_id)
    try:
        split = load(graph.data, folder)
    except DataError as error:
        raise RunError(str(error)) from None
    if config.batch_size == 1:
        _refuse_batch_norm(graph, inference)
    _check_layers(graph, inference, config)
    if not len(split.validation_inputs):
        _refuse_without_validation(config)
    return Prepared(graph, info, split, inference, config)


def _refuse_batch_norm(graph: NetworkGraph, inference: Inference) -> None:
    for node_id in inference.trained:
        node = graph.nodes[node_id]
        if node.kind.startswith("BatchNorm") and product(inference.shapes[node_id][1:]) == 1:
            raise RunError(
                tr(
                    "{label} cannot take the variance of a batch of one sample. Choose a batch "
                    "size of 2 or more"
                ).format(label=node.label),
                node_id,
            )


def _check_layers(graph: NetworkGraph, inference: Inference, config: TrainingConfig) -> None:
    """What training settings and settings of layers must have in common."""
    nodes = [graph.nodes[node_id] for node_id in inference.trained]
    trained = [node for node in nodes if inference.tensors[node.id]]
    if all(node.params["frozen"] for node in trained):
        raise RunError(tr("Every layer is frozen, so there is nothing to train. Thaw one"))
    factors = {node.params["learning_rate_factor"]: node for node in trained}
    if config.optimizer == "LBFGS" and set(factors) != {1.0}:
        node = next(node for factor, node in factors.items() if factor != 1.0)
        raise RunError(
            tr(
                "L-BFGS has one learning rate for all layers. Set the factor of {label} to "
                "1, or choose another optimiser"
            ).format(label=node.label),
            node.id,
        )
    output = nodes[-1]
    if config.label_smoothing and output.params["loss"] != "cross_entropy":
        raise RunError(
            tr(
                "Label smoothing is for the loss “softmax cross-entropy”. Set it to 0, or "
                "choose that loss"
            ),
            output.id,
        )


def _refuse_without_validation(config: TrainingConfig) -> None:
    wish = tr("Early stopping") if config.early_stopping else tr("The schedule on plateau")
    if config.early_stopping or config.schedule == "plateau":
        raise RunError(
            tr(
                "{wish} goes by the validation loss, and no sample is kept for validation. "
                "Raise the data set's validation share"
            ).format(wish=wish)
        )
