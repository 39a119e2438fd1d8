"""The panes: each gets a run's history and draws it.

They are loaded when they are built, after the window's first paint: pyqtgraph alone takes longer to load than all the
rest of the window.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from engine.language import tr
from gui.common.theme import ThemeSource

if TYPE_CHECKING:
    from .pane import Pane

Factory = Callable[[ThemeSource], "Pane"]


@dataclass(frozen=True, slots=True)
class PaneSpec:
    """A pane, declared once: docks and menus are made from it."""

    name: str
    title: str
    factory: Factory
    tabbed_with: str = ""
    """The pane behind which it stands at first; "" for a place of its own."""


def _later(module: str, pane: str) -> Factory:
    """Makes a pane of a module that is loaded then."""

    def make(themes: ThemeSource) -> "Pane":
        made: Pane = getattr(import_module(f".{module}", __name__), pane)(themes)
        return made

    return make


PANES: tuple[PaneSpec, ...] = (
    PaneSpec("activations", tr("Activations"), _later("activations", "ActivationsPane")),
    PaneSpec("weights", tr("Weights and updates"), _later("weights", "WeightsPane"), "activations"),
    PaneSpec("gradient-flow", tr("Gradient flow"), _later("gradient_flow", "GradientFlowPane")),
    PaneSpec("loss", tr("Loss"), _later("loss", "LossPane")),
    PaneSpec(
        "decision-surface",
        tr("Decision surface"),
        _later("decision_surface", "DecisionSurfacePane"),
        "loss",
    ),
    PaneSpec(
        "through-time",
        tr("Through time"),
        _later("through_time", "ThroughTimePane"),
        "gradient-flow",
    ),
    PaneSpec("clip-gauge", tr("Clip gauge"), _later("clip_gauge", "ClipGaugePane"), "loss"),
    PaneSpec(
        "batch-norm",
        tr("Batch norm X-ray"),
        _later("batch_norm", "BatchNormPane"),
        "activations",
    ),
)

__all__ = ["PANES", "PaneSpec"]
