"""A network at its initialisation: built, measured once and thrown away, without a trace in a run under way."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from engine.graph import StorageError, decode
from engine.language import tr
from engine.training import Measure, Measured

from .build import LayerError
from .devices import found_devices, random_states, restore_random_states
from .faults import fault_sentence
from .prepare import RunError, prepare
from .trainer import Trainer


def measured(command: Measure) -> Measured:
    """Carry out a `Measure`: the table of the network's first batch, or the sentence that says why there is none."""
    try:
        with _random_states_kept():
            folder = Path(command.folder) if command.folder else None
            trainer = Trainer(prepare(decode(command.network), folder))
            return Measured(command.request, trainer.layers, trainer.look())
    except RunError as error:
        return _refused(command, error.sentence, error.node_id)
    except StorageError as error:
        return _refused(command, tr("The network cannot be read: {error}").format(error=error))
    except Exception as error:  # noqa: BLE001 - whatever a network to be measured does, the run goes on
        node_id = error.node_id if isinstance(error, LayerError) else None
        sentence = fault_sentence(error, tr("The network cannot be measured: {text}"))
        return _refused(command, sentence, node_id)


def _refused(command: Measure, sentence: str, node_id: str | None = None) -> Measured:
    return Measured(command.request, (), None, sentence, node_id)


@contextmanager
def _random_states_kept() -> Iterator[None]:
    """A seed that is set for one device is set for all of them."""
    devices = [torch.device(name) for name in found_devices()]
    states = [random_states(device) for device in devices]
    try:
        yield
    finally:
        for device, kept in zip(devices, states, strict=True):
            restore_random_states(device, kept)
