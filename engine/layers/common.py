"""Settings that every layer with trained tensors has: whether it is trained, and how fast."""

from engine.language import tr
from engine.parameters import BoolParameter, FloatParameter, Parameter

TRAINED_PARAMETERS: tuple[Parameter, ...] = (
    BoolParameter(
        name="frozen",
        title=tr("Frozen"),
        help=tr(
            "Keeps the layer's weights as they are; moving statistics of a batch norm still move."
        ),
        default=False,
    ),
    FloatParameter(
        name="learning_rate_factor",
        title=tr("Learning-rate factor"),
        help=tr("Multiplies the learning rate for this layer alone."),
        default=1.0,
        maximum=1_000.0,
        shown_when=("frozen", (False,)),
    ),
)
