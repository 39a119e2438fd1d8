"""All that a training makes from a document; exchanged as a whole when an edited network is adopted."""

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from engine.graph import task_of

from .build import GraphModule
from .epoch import EpochSums
from .flat import FlatParameters
from .lsuv import calibrate
from .modules import loss_function
from .passes import Passes
from .prepare import Prepared
from .watching import dead_units, flat_parameters, rectifiers, step_watch, trained_parameters


class Parts:
    """A network that is trained, with its loss, its parameters and those who watch it."""

    def __init__(self, prepared: Prepared, device: torch.device, first: Tensor) -> None:
        """Weights are drawn on the processor, whatever the device; `first` is the batch that calibrates them."""
        graph, config = prepared.graph, prepared.config
        self.prepared = prepared
        self.device = device
        self.model = GraphModule(graph, prepared.inference, config.seed).to(device)
        torch.manual_seed(config.seed)
        calibrate(self.model, graph, first)
        self.initial = copy.deepcopy(self.model.state_dict())
        """Weights and buffers before the first step."""
        output = graph.nodes[prepared.inference.trained[-1]]
        task = task_of(prepared.info)
        self.classifies = bool(task.classes)
        self.loss = loss_function(str(output.params["loss"]), task, config.label_smoothing)
        self.passes = Passes(self.model, self.loss, config, device)
        self.watch = step_watch(graph, self.model)
        self.layers: dict[str, list[nn.Parameter]] = trained_parameters(graph, self.model)
        """The parameters of each layer that is trained, by node id."""
        self.flat: FlatParameters
        self.sums: EpochSums

    def gather(self, births: Mapping[str, int]) -> None:
        """Move the parameters into one buffer; `births` say which layers' parameters have made equally many steps."""
        graph = self.prepared.graph
        self.births = dict(births)
        self.flat = flat_parameters(self.prepared.graph, self.layers, births)
        self.sums = EpochSums(
            self.flat, rectifiers(graph, self.model), dead_units(graph, self.model)
        )
