"""Parameters and gradients in one buffer each, so that norms, clipping and steps are single kernels.

Every parameter becomes a view of the buffer, every gradient too: autograd then adds into the views. Optimisers
see one long parameter a group. All of them act on each number alone, so the bits are those of torch's own loop
over the tensors; the tests hold them to it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

_ALIGNMENT = 16
"""Numbers. Parameters begin at multiples of 64 bytes, as torch's own do: the bits of a product of a matrix and a
vector depend on it. What lies between them is zero and stays zero."""


class GroupKey(NamedTuple):
    """What the parameters of a group have in common."""

    factor: float = 1.0
    """What the learning rate is multiplied by."""
    birth: int = 0
    """Parameters of one group have made equally many steps; those that joined later have a higher number."""


class FlatGroup(NamedTuple):
    """Parameters that lie side by side, as one long parameter for an optimiser."""

    key: GroupKey
    long: nn.Parameter
    members: list[nn.Parameter]
    starts: list[int]
    """Where each member begins in the long parameter."""


class FlatParameters:
    """All trained parameters, moved into one buffer; those with equal keys lie side by side."""

    def __init__(
        self, parameters: Sequence[nn.Parameter], keys: Sequence[GroupKey] | None = None
    ) -> None:
        self.parameters = list(parameters)
        """The parameters as their modules know them, in the order given."""
        first = self.parameters[0] if self.parameters else torch.empty(0)
        count = sum(_aligned(parameter.numel()) for parameter in self.parameters)
        self.values = torch.zeros(count, dtype=first.dtype, device=first.device)
        self.gradients = torch.zeros_like(self.values)
        views: dict[nn.Parameter, Tensor] = {}
        self.groups: list[FlatGroup] = []
        """In the order in which their keys first appear."""
        start = 0
        for key, members in _grouped(self.parameters, keys or [GroupKey()] * len(parameters)):
            begun, starts = start, []
            for parameter in members:
                starts.append(start - begun)
                views[parameter] = self._move(parameter, start)
                start += _aligned(parameter.numel())
            self.groups.append(FlatGroup(key, self._slice(begun, start), members, starts))
        self.views = [views[parameter] for parameter in self.parameters]
        """The gradient of each parameter."""
        self.attach()

    def attach(self) -> None:
        """Let autograd add into the gradients' buffer, whatever happened to the parameters' `grad` meanwhile."""
        for parameter, view in zip(self.parameters, self.views, strict=True):
            parameter.grad = view

    def zero(self) -> None:
        """Forget the gradients."""
        self.gradients.zero_()

    def _move(self, parameter: nn.Parameter, start: int) -> Tensor:
        end = start + parameter.numel()
        view = self.values[start:end].view(parameter.shape)
        view.copy_(parameter.detach())
        parameter.data = view
        return self.gradients[start:end].view(parameter.shape)

    def _slice(self, start: int, end: int) -> nn.Parameter:
        long = nn.Parameter(self.values[start:end])
        long.grad = self.gradients[start:end]
        return long


def _aligned(numbers: int) -> int:
    return -(-numbers // _ALIGNMENT) * _ALIGNMENT


def _grouped(
    parameters: Sequence[nn.Parameter], keys: Sequence[GroupKey]
) -> list[tuple[GroupKey, list[nn.Parameter]]]:
    groups: dict[GroupKey, list[nn.Parameter]] = {}
    for parameter, key in zip(parameters, keys, strict=True):
        groups.setdefault(key, []).append(parameter)
    return list(groups.items())
