"""The panes: each gets a run's history and draws it."""

from collections.abc import Callable
from dataclasses import dataclass

from gui.common.theme import ThemeSource

from .activations import ActivationsPane
from .gradient_flow import GradientFlowPane
from .loss import LossPane
from .pane import Pane


@dataclass(frozen=True, slots=True)
class PaneSpec:
    """A pane, declared once: docks and menus are made from it."""

    name: str
    title: str
    factory: Callable[[ThemeSource], Pane]


PANES: tuple[PaneSpec, ...] = (
    PaneSpec("activations", "Activations", ActivationsPane),
    PaneSpec("gradient-flow", "Gradient flow", GradientFlowPane),
    PaneSpec("loss", "Loss", LossPane),
)

__all__ = ["PANES", "Pane", "PaneSpec"]
