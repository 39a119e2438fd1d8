"""A network is edited while it is trained: what stays, what begins anew, and what cannot be changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.language import tr
from engine.layers import show
from engine.training import LIVE_PARAMETERS, OPTIMIZERS, TRAINING_PARAMETERS

from .flat import FlatGroup, FlatParameters
from .parts import Parts
from .prepare import Prepared, RunError

_NEW_RUN = tr("Start a new run for it")


@dataclass(frozen=True, slots=True)
class Adoption:
    """What became of the layers that have weights, by node id; `notes` are sentences for the person."""

    kept: tuple[str, ...]
    fresh: tuple[str, ...]
    changed: tuple[str, ...]
    notes: tuple[str, ...]


def check_adoption(old: Prepared, new: Prepared) -> None:
    """`RunError` when data or settings differ that a run keeps from its start to its end."""
    if old.graph.data != new.graph.data:
        raise RunError(
            tr("The data set cannot change within a run. {new_run}").format(new_run=_NEW_RUN)
        )
    for parameter in TRAINING_PARAMETERS:
        name = parameter.name
        if name not in LIVE_PARAMETERS and getattr(old.config, name) != getattr(new.config, name):
            raise RunError(
                tr("The setting “{title}” cannot change within a run. {new_run}").format(
                    title=parameter.title, new_run=_NEW_RUN
                )
            )


def carry_weights(old: Parts, new: Parts) -> Adoption:
    """Copy weights and buffers of layers that have the same id, kind and shapes; tell what became of each."""
    before, after = old.model.named_layers(), new.model.named_layers()
    labels = {node_id: node.label for node_id, node in new.prepared.graph.nodes.items()}
    kept, fresh, changed, notes = [], [], [], []
    for node_id, module in after.items():
        state = module.state_dict()
        former = before[node_id].state_dict() if _is_same_kind(old, new, node_id) else None
        if not state:
            continue
        if former is None:
            fresh.append(node_id)
        elif _shapes(former) == _shapes(state):
            module.load_state_dict(former)
            kept.append(node_id)
        else:
            changed.append(node_id)
            notes.append(
                tr("{label} begins anew: its tensors were {former} and are {state}").format(
                    label=labels[node_id], former=_list(former), state=_list(state)
                )
            )
    gone = [old.prepared.graph.nodes[i].label for i in before if i not in after]
    heads = {
        tr("kept"): [labels[i] for i in kept],
        tr("new"): [labels[i] for i in fresh],
        tr("changed"): [labels[i] for i in changed],
        tr("gone"): gone,
    }
    listed = "; ".join(f"{word}: {', '.join(names)}" for word, names in heads.items() if names)
    return Adoption(tuple(kept), tuple(fresh), tuple(changed), (listed, *notes))


def lasting_layers(old: Parts, new: Parts, kept: Sequence[str]) -> list[str]:
    """The layers that were trained and go on to be: their optimiser's memory is still theirs."""
    return [node_id for node_id in kept if node_id in old.layers and node_id in new.layers]


def carry_memory(
    old: tuple[Parts, torch.optim.Optimizer],
    new: tuple[Parts, torch.optim.Optimizer],
    lasting: Sequence[str],
) -> None:
    """Give the new optimiser what the old one remembers of the lasting layers' parameters.

    A group of the new one is of lasting layers alone or has none of them; see `GroupKey.birth`.
    """
    origins = {
        after: before
        for node_id in lasting
        for after, before in zip(new[0].layers[node_id], old[0].layers[node_id], strict=True)
    }
    places = _places(old[0].flat)
    for group in new[0].flat.groups:
        if group.members[0] not in origins:
            continue
        pieces = [places[origins[member]] for member in group.members]
        states = [old[1].state.get(long, {}) for long, _, _ in pieces]
        new[1].state[group.long] = {
            name: _joined([state[name] for state in states], pieces, group) for name in states[0]
        }


def remembers_layers(optimizer: str) -> bool:
    """Whether an optimiser's memory can be told apart by layers."""
    return not OPTIMIZERS[optimizer].closes


_Piece = tuple[nn.Parameter, int, int]
"""A long parameter, and where in it a parameter begins and ends."""


def _places(flat: FlatParameters) -> dict[nn.Parameter, _Piece]:
    places = {}
    for group in flat.groups:
        for member, start in zip(group.members, group.starts, strict=True):
            places[member] = (group.long, start, start + member.numel())
    return places


def _joined(values: list[object], pieces: list[_Piece], group: FlatGroup) -> object:
    first = values[0]
    if not isinstance(first, Tensor):
        return first
    if first.shape != pieces[0][0].shape:  # a count of steps, which the whole group shares
        return first.clone()
    joined = torch.zeros_like(group.long.detach(), dtype=first.dtype)
    for value, (_, start, end), place in zip(values, pieces, group.starts, strict=True):
        if isinstance(value, Tensor):
            joined[place : place + end - start] = value[start:end]
    return joined


def _is_same_kind(old: Parts, new: Parts, node_id: str) -> bool:
    before, after = old.prepared.graph.nodes, new.prepared.graph.nodes
    return node_id in old.model.named_layers() and before[node_id].kind == after[node_id].kind


def _shapes(state: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in state.items()}


def _list(state: Mapping[str, Tensor]) -> str:
    return tr(" and ").join(show(tuple(tensor.shape)) for tensor in state.values())
