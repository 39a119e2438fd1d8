"""The panes: each gets a run's history and draws it."""

from collections.abc import Callable
from dataclasses import dataclass

from engine.language import tr
from gui.common.theme import ThemeSource

from .activations import ActivationsPane
from .batch_norm import BatchNormPane
from .clip_gauge import ClipGaugePane
from .decision_surface import DecisionSurfacePane
from .gradient_flow import GradientFlowPane
from .loss import LossPane
from .pane import Pane
from .through_time import ThroughTimePane
from .weights import WeightsPane


@dataclass(frozen=True, slots=True)
class PaneSpec:
    """A pane, declared once: docks and menus are made from it."""

    name: str
    title: str
    factory: Callable[[ThemeSource], Pane]
    tabbed_with: str = ""
    """The pane behind which it stands at first; "" for a place of its own."""


PANES: tuple[PaneSpec, ...] = (
    PaneSpec("activations", tr("Activations"), ActivationsPane),
    PaneSpec("weights", tr("Weights and updates"), WeightsPane, tabbed_with="activations"),
    PaneSpec("gradient-flow", tr("Gradient flow"), GradientFlowPane),
    PaneSpec("loss", tr("Loss"), LossPane),
    PaneSpec("decision-surface", tr("Decision surface"), DecisionSurfacePane, tabbed_with="loss"),
    PaneSpec("through-time", tr("Through time"), ThroughTimePane, tabbed_with="gradient-flow"),
    PaneSpec("clip-gauge", tr("Clip gauge"), ClipGaugePane, "loss"),
    PaneSpec("batch-norm", tr("Batch norm X-ray"), BatchNormPane, "activations"),
)

__all__ = ["PANES", "Pane", "PaneSpec"]
