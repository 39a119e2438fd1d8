"""Keeps torch's compiler out of a process that compiles nothing."""

import torch


def spare_compiler() -> None:
    """Let optimisers be made without loading `torch._dynamo`, which takes as long as all the rest of torch.

    Torch wraps these methods so that the compiler passes them by, and loads the compiler at their first call to do
    so. The wrapper keeps what it found on the method itself; where that is not so in another release, nothing
    happens but the wait.
    """
    for name in ("add_param_group", "zero_grad", "state_dict", "load_state_dict"):
        plain = getattr(getattr(torch.optim.Optimizer, name), "__wrapped__", None)
        if plain is not None:
            plain.__dynamo_disable = plain
