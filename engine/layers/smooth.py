"""Smooth activations that pass on what is positive: Softplus, SiLU, Mish, GELU."""

import math

from engine.language import tr
from engine.parameters import Choice, ChoiceParameter, FloatParameter

from . import functions
from .spec import LayerSpec

_SOFTPLUS_EDGE = -math.log(19.0)
_SILU_EDGE, _MISH_EDGE = -4.083, -4.112
"""Below these the slope is less than 0.05; for Softplus with β = 1."""

SMOOTH: tuple[LayerSpec, ...] = (
    LayerSpec(
        kind="Softplus",
        mean_field="function",
        healthy=lambda values: (_SOFTPLUS_EDGE / float(values["beta"]), math.inf),
        title="Softplus",
        category="Activations",
        summary=tr("A smooth ReLU: positive everywhere, never quite flat."),
        formula="ln(1 + e^(β z)) / β",
        details=tr(
            "Its slope is the sigmoid of β z. Its mean is well above zero, which pushes "
            "the next layer to one side (Dugas et al. 2001)."
        ),
        parameters=(
            FloatParameter(
                name="beta",
                telling=True,
                title="β",
                help=tr("How sharp the bend at zero is; large β comes near to ReLU."),
                default=1.0,
                minimum=0.01,
                maximum=100.0,
            ),
        ),
        module="torch.nn.Softplus",
        arguments=lambda values, _shapes: {"beta": float(values["beta"])},
        function=functions.softplus,
        derivative=functions.softplus_slope,
    ),
    LayerSpec(
        kind="SiLU",
        mean_field="function",
        healthy=lambda _values: (_SILU_EDGE, math.inf),
        title="SiLU",
        category="Activations",
        summary=tr(
            "Weighs z by its own sigmoid: smooth, with a dip below zero. Also called Swish."
        ),
        formula="z σ(z)",
        details=tr(
            "Slope ½ at zero and up to 1.1 above it (Elfwing et al. 2018; Ramachandran "
            "et al. 2017). No initialisation of unit variance is both stable and "
            "critical for it."
        ),
        module="torch.nn.SiLU",
        function=functions.silu,
        derivative=functions.silu_slope,
    ),
    LayerSpec(
        kind="Mish",
        mean_field="function",
        healthy=lambda _values: (_MISH_EDGE, math.inf),
        title="Mish",
        category="Activations",
        summary=tr("Weighs z by the tanh of its softplus: smooth, with a dip below zero."),
        formula=tr("z tanh(ln(1 + eᶻ))"),
        details=tr("Close to SiLU, a little steeper (Misra 2019)."),
        module="torch.nn.Mish",
        function=functions.mish,
        derivative=functions.mish_slope,
    ),
    LayerSpec(
        kind="Hardswish",
        mean_field="function",
        healthy=lambda _values: (-3.0, math.inf),
        title=tr("Hard swish"),
        category="Activations",
        summary=tr("SiLU drawn with a ruler and one parabola: zero below −3, z above 3."),
        formula=tr("z · min(max(z + 3, 0), 6) / 6"),
        details=tr("Cheap on small devices; below −3 it passes no gradient (Howard et al. 2019)."),
        module="torch.nn.Hardswish",
        function=functions.hardswish,
        derivative=functions.hardswish_slope,
    ),
    LayerSpec(
        kind="GELU",
        mean_field="function",
        healthy=lambda _values: (-2.5, math.inf),
        title="GELU",
        category="Activations",
        summary=tr(
            "Weighs z by the chance that a normal number is smaller: smooth, with a dip below zero."
        ),
        formula="z Φ(z)",
        details=tr(
            "Φ is the normal distribution function (Hendrycks & Gimpel 2016). No "
            "initialisation of unit variance is both stable and critical for it."
        ),
        parameters=(
            ChoiceParameter(
                name="approximate",
                title=tr("Computed"),
                help=tr("By the error function, or by the faster tanh formula of the paper."),
                default="none",
                choices=(Choice("none", tr("exactly")), Choice("tanh", tr("by tanh"))),
            ),
        ),
        module="torch.nn.GELU",
        arguments=lambda values, _shapes: {"approximate": str(values["approximate"])},
        function=functions.gelu,
        derivative=functions.gelu_slope,
    ),
)
