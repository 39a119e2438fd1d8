"""Where a network can be trained, and in which precision: found out, never assumed."""

import os
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from engine.language import tr

from .prepare import RunError

_PREFERRED = ("cuda", "mps", "cpu")


def found_devices() -> tuple[str, ...]:
    """The devices that a training can be on, the processor first."""
    return ("cpu", *(device for device in ("cuda", "mps") if _works(device)))


def found_precisions(devices: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """For each device the precisions that it has."""
    return {device: _precisions(device) for device in devices}


def choose_device(wish: str, found: Sequence[str]) -> torch.device:
    """The device that is wanted, or the best for "auto"; `RunError` when it is not there."""
    if wish == "auto":
        return torch.device(next(device for device in _PREFERRED if device in found))
    if wish not in found:
        raise RunError(
            tr(
                "The training is set to the device {wish}, and this machine has none that "
                "can be used. Choose {devices}"
            ).format(wish=wish, devices=tr(" or ").join(("auto", *found)))
        )
    return torch.device(wish)


def check_precision(precision: str, device: torch.device, found: Sequence[str]) -> None:
    """`RunError` when the device has not the wanted precision."""
    if precision not in found:
        raise RunError(
            tr(
                "The training is set to {precision}, which the device {device} has not. Choose "
                "{found}"
            ).format(precision=precision, device=device.type, found=tr(" or ").join(found))
        )


def random_states(device: torch.device) -> list[Tensor]:
    """The state of every generator that a training on the device draws from; the processor's first."""
    states = [torch.get_rng_state()]
    if device.type != "cpu":
        states.append(getattr(torch, device.type).get_rng_state())
    return states


def restore_random_states(device: torch.device, states: Sequence[Tensor]) -> None:
    """Put back what `random_states` gave."""
    torch.set_rng_state(states[0])
    if device.type != "cpu":
        getattr(torch, device.type).set_rng_state(states[1])


def _works(device: str) -> bool:
    """Whether the device is there and can be measured: the figures are summed in float64, which not all have."""
    backend = torch.cuda if device == "cuda" else torch.backends.mps
    if not backend.is_available():
        return False
    try:
        torch.ones(2, device=device).sum(dtype=torch.float64).item()
    except (RuntimeError, TypeError):
        return False
    return True


def _precisions(device: str) -> tuple[str, ...]:
    if not torch.amp.is_autocast_available(device):
        return ("float32",)
    if device == "cuda":
        bfloat16 = ("bfloat16",) if torch.cuda.is_bf16_supported() else ()
        return ("float32", *bfloat16, "float16")
    return ("float32", "bfloat16") if _computes(device, torch.bfloat16) else ("float32",)


def _computes(device: str, dtype: torch.dtype) -> bool:
    try:
        with torch.autocast(device, dtype):
            square = torch.ones(2, 2, device=device)
            return bool(torch.isfinite(square @ square).all())
    except RuntimeError:
        return False


def cores() -> int:
    """The processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
