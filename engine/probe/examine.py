"""Thorough looks at a module that is not being trained: ranks of its layers' outputs, and its Jacobian."""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..stats import effective_rank, stable_rank

Floats = NDArray[np.float64]


def output_ranks(
    model: nn.Module, modules: Mapping[str, nn.Module], inputs: Tensor
) -> tuple[Floats, Floats]:
    """Effective and stable rank of each module's outputs, as a matrix samples × numbers; each of shape (modules,).

    The model is called once, in the mode that it is in; a module that was not called has NaN.
    """
    effective, stable = (np.full(len(modules), np.nan) for _ in range(2))

    def keeper(row: int) -> Callable[[nn.Module, object, Tensor], None]:
        def keep(_module: nn.Module, _inputs: object, output: Tensor) -> None:
            matrix = output.detach().flatten(1).double()
            if bool(torch.isfinite(matrix).all()):
                values = torch.linalg.svdvals(matrix).cpu().numpy()
                effective[row], stable[row] = effective_rank(values), stable_rank(values)

        return keep

    handles = [
        module.register_forward_hook(keeper(row)) for row, module in enumerate(modules.values())
    ]
    try:
        with torch.no_grad():
            model(inputs)
    finally:
        for handle in handles:
            handle.remove()
    return effective, stable


def jacobian_singular_values(model: nn.Module, inputs: Tensor) -> Floats:
    """Singular values of ∂model(x)/∂x for each of the inputs, descending: shape (samples, values).

    The model must act on each sample alone (batch norm in evaluation mode does).
    """
    variable = inputs.detach().clone().requires_grad_(True)
    outputs = model(variable).flatten(1)
    rows = [
        torch.autograd.grad(outputs[:, place].sum(), variable, retain_graph=True)[0].flatten(1)
        for place in range(outputs.shape[1])
    ]
    jacobians = torch.stack(rows, dim=1).double()
    values: Floats = torch.linalg.svdvals(jacobians).cpu().numpy()
    return values
