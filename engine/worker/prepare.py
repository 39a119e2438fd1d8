"""Everything that can be wrong with a document, found before the first step."""

from dataclasses import dataclass
from pathlib import Path

from engine.data import DataError, DataInfo, Split, describe, load
from engine.graph import Inference, NetworkGraph, infer
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
    return Prepared(graph, info, split, inference, config)


def _refuse_batch_norm(graph: NetworkGraph, inference: Inference) -> None:
    for node_id in inference.trained:
        node = graph.nodes[node_id]
        if node.kind.startswith("BatchNorm") and product(inference.shapes[node_id][1:]) == 1:
            raise RunError(
                f"{node.label} cannot take the variance of a batch of one sample. Choose a batch size of 2 or more",
                node_id,
            )
