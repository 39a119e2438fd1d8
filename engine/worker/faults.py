"""What a person is told when a training stops at a fault."""

import torch

from engine.language import tr


def fault_sentence(error: BaseException, what: str = "") -> str:
    """One sentence without a full stop, or `what` with its {text} filled in; when memory was short, what to do."""
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or "allocate memory" in text:
        return tr(
            "There is not enough memory for this network. Choose a smaller batch, or fewer units"
        )
    return (what or tr("The training stopped at a fault: {text}")).format(text=text)
