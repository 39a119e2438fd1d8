"""What a card says, derived from the layer's declaration."""

from engine.graph import Inference, Node
from engine.language import tr
from engine.layers import show
from engine.parameters import (
    BoolParameter,
    ChoiceParameter,
    FloatParameter,
    Parameter,
    TextParameter,
    Value,
)
from gui.common.wording import inside

_TELLING = 2


def telling_settings(node: Node) -> str:
    """The settings that tell most, `64 units · He normal`; without any, the layer's formula."""
    if node.spec is None:
        return tr("unknown kind")
    shown = [
        _setting(parameter, node.params[parameter.name])
        for parameter in node.spec.parameters
        if parameter.name in node.params
        and parameter.matters(node.params)
        and parameter.check(node.params[parameter.name]) is None
        and (parameter.telling or node.params[parameter.name] != parameter.initial)
    ]
    return " · ".join(shown[:_TELLING]) or node.spec.formula


def _setting(parameter: Parameter, value: Value) -> str:
    if isinstance(parameter, ChoiceParameter):
        return next(choice.title for choice in parameter.choices if choice.value == value)
    if isinstance(parameter, BoolParameter):
        return parameter.title if value else tr("no {title}").format(title=inside(parameter.title))
    if isinstance(parameter, TextParameter):
        return f"{inside(parameter.title)} {value}"
    number = f"{value:g}" if isinstance(parameter, FloatParameter) else str(value)
    if len(parameter.title) <= 3 or isinstance(parameter, FloatParameter):
        return f"{parameter.title} = {number}"
    return f"{number} {inside(parameter.title)}"


def facts(node: Node, inference: Inference) -> str:
    """What leaves the layer, and how many numbers it trains."""
    shape = inference.shapes.get(node.id)
    if shape is None:
        return "?"
    count = inference.parameter_counts.get(node.id, 0)
    if node.kind == "Output":
        return tr("receives {shape}").format(shape=show(shape))
    trained = "   " + tr("{count:,} param.").format(count=count) if count else ""
    return f"→ {show(shape)}{trained}"


def description(node: Node, inference: Inference) -> str:
    """The card in a sentence, for those who cannot see it."""
    parts = [node.label, telling_settings(node), facts(node, inference)]
    parts += [problem.sentence for problem in inference.of(node.id)]
    return ". ".join(part for part in parts if part)
