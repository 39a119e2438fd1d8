"""Parameters and gradients in one buffer each, so that norms, clipping and steps are single kernels.

Every parameter becomes a view of the buffer, every gradient too: autograd then adds into the views. Optimisers
see one long parameter a group. All of them act on each number alone, so the bits are those of torch's own loop
over the tensors; the tests hold them to it.
"""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn


class FlatParameters:
    """All trained parameters, moved into one buffer; `groups` are trained with settings of their own.

    Parameters of a group lie side by side, in the order given.
    """

    def __init__(self, groups: Sequence[Iterable[nn.Parameter]]) -> None:
        members = [list(group) for group in groups]
        self.parameters = [parameter for group in members for parameter in group]
        """The parameters, as their modules know them."""
        first = self.parameters[0] if self.parameters else torch.empty(0)
        count = sum(parameter.numel() for parameter in self.parameters)
        self.values = torch.empty(count, dtype=first.dtype, device=first.device)
        self.gradients = torch.zeros_like(self.values)
        self.views: list[Tensor] = []
        """The gradient of each parameter."""
        self.groups: list[nn.Parameter] = []
        """One long parameter a group, to be given to an optimiser."""
        start = 0
        for group in members:
            begun = start
            for parameter in group:
                start = self._move(parameter, start)
            self.groups.append(self._slice(begun, start))
        self.attach()

    def attach(self) -> None:
        """Let autograd add into the gradients' buffer, whatever happened to the parameters' `grad` meanwhile."""
        for parameter, view in zip(self.parameters, self.views, strict=True):
            parameter.grad = view

    def zero(self) -> None:
        """Forget the gradients."""
        self.gradients.zero_()

    def _move(self, parameter: nn.Parameter, start: int) -> int:
        end = start + parameter.numel()
        view = self.values[start:end].view(parameter.shape)
        view.copy_(parameter.detach())
        parameter.data = view
        self.views.append(self.gradients[start:end].view(parameter.shape))
        return end

    def _slice(self, start: int, end: int) -> nn.Parameter:
        long = nn.Parameter(self.values[start:end])
        long.grad = self.gradients[start:end]
        return long
