"""The two ends of a network, and the layers where branches meet."""

from engine.language import tr
from engine.parameters import BoolParameter, Choice, ChoiceParameter, FloatParameter, Values

from .spec import MANY_INPUTS, NO_INPUT, LayerSpec, Shape, ShapeError, Shapes, Task, product, show


def _output_shape(values: Values, shapes: Shapes, task: Task) -> Shape:
    expected = expected_output(str(values["loss"]), task)
    if shapes[0] != expected:
        raise ShapeError(
            tr("{wants}: it expects {expected} and receives {received}. {advice}").format(
                wants=_OUTPUT_WANTS[str(values["loss"])],
                expected=show(expected),
                received=show(shapes[0]),
                advice=_output_advice(shapes[0], expected, task),
            )
        )
    return expected


def expected_output(loss: str, task: Task) -> Shape:
    """The shape that a loss wants of the last layer, or `ShapeError` when the data set cannot have that loss.

    With one class number a step, what is wanted of one step is wanted of each: (T, classes) or (T, 1).
    """
    if loss == "mse":
        return (*task.target_shape, task.classes) if task.classes else task.target_shape
    if not task.classes:
        raise ShapeError(
            tr("the data set asks for numbers, not classes. Choose the loss “mean squared error”")
        )
    if loss == "cross_entropy":
        return (*task.target_shape, task.classes)
    if task.classes != 2:
        raise ShapeError(
            tr(
                "binary cross-entropy needs two classes and the data set has {classes}. "
                "Choose the loss “softmax cross-entropy”"
            ).format(classes=task.classes)
        )
    return (*task.target_shape, 1)


_OUTPUT_WANTS = {
    "cross_entropy": tr("softmax wants one number for each class"),
    "binary_cross_entropy": tr("binary cross-entropy wants a single number"),
    "mse": tr("mean squared error wants one number for each target"),
}


def _output_advice(received: Shape, expected: Shape, task: Task) -> str:
    if len(expected) == 2 and len(received) == 1:
        return tr(
            "The data set has a target for every step: let the recurrent layer give the "
            "whole sequence"
        )
    if len(expected) == 2 and received[:-1] == expected[:-1]:
        return tr("Set the units of the last Linear to {expected}").format(expected=expected[-1])
    if len(received) == 2 and len(task.input_shape) < 3 and len(expected) == 1:
        return tr(
            "The data set has one target a sequence: let the last recurrent layer give "
            "its last state, or put Last step before the last Linear, with {expected} "
            "units"
        ).format(expected=expected[0])
    if len(received) > 1:
        return tr("Put Flatten before the last Linear, and give that one {expected} units").format(
            expected=product(expected)
        )
    return tr("Set the units of the last Linear to {expected}").format(expected=product(expected))


def _sum_shape(_values: Values, shapes: Shapes, _task: Task) -> Shape:
    return _all_equal(shapes, tr("adds"))


def _product_shape(_values: Values, shapes: Shapes, _task: Task) -> Shape:
    return _all_equal(shapes, tr("multiplies"))


def _all_equal(shapes: Shapes, verb: str) -> Shape:
    for shape in shapes[1:]:
        if shape != shapes[0]:
            raise ShapeError(
                tr(
                    "it {verb} equal shapes and receives {shapes} and {shape}. Give both "
                    "branches the same number of units"
                ).format(verb=verb, shapes=show(shapes[0]), shape=show(shape))
            )
    return shapes[0]


def _concatenated(_values: Values, shapes: Shapes, _task: Task) -> Shape:
    for shape in shapes[1:]:
        if shape[1:] != shapes[0][1:] or not shape:
            raise ShapeError(
                tr(
                    "it joins along the first dimension and receives {shapes} and {shape}, which "
                    "differ in the others. Make the branches alike but for the first number"
                ).format(shapes=show(shapes[0]), shape=show(shape))
            )
    return (sum(shape[0] for shape in shapes), *shapes[0][1:])


ENDS: tuple[LayerSpec, ...] = (
    LayerSpec(
        kind="Input",
        mean_field="identity",
        title="Input",
        category="Ends",
        summary=tr("Where the data enter. Takes its shape from the data set."),
        formula=tr("x, from the data set"),
        inputs=NO_INPUT,
        shape=lambda _values, _shapes, task: task.input_shape,
    ),
    LayerSpec(
        kind="Output",
        mean_field="identity",
        title="Output",
        category="Ends",
        summary=tr("Where the loss is measured, and where every gradient begins."),
        formula=tr("L(y, target)"),
        details=tr(
            "Softmax and sigmoid are part of the loss, as in torch: feed it the numbers "
            "of a Linear layer, not of a Softmax."
        ),
        parameters=(
            ChoiceParameter(
                name="loss",
                telling=True,
                title=tr("Loss"),
                help=tr("What is minimised; the mean over the batch."),
                default="cross_entropy",
                choices=(
                    Choice(
                        "cross_entropy",
                        tr("softmax cross-entropy"),
                        tr("One number a class; any number of classes."),
                    ),
                    Choice(
                        "binary_cross_entropy",
                        tr("binary cross-entropy"),
                        tr("A single number; two classes."),
                    ),
                    Choice(
                        "mse",
                        tr("mean squared error"),
                        tr("For regressions; with classes, against 0 and 1."),
                    ),
                ),
            ),
        ),
        has_output=False,
        shape=_output_shape,
    ),
)

MERGING: tuple[LayerSpec, ...] = (
    LayerSpec(
        kind="Add",
        mean_field="add",
        title="Add",
        category="Merging",
        summary=tr(
            "Adds branches of equal shape; the gradient flows into each unchanged: a "
            "residual connection."
        ),
        formula="y = x₁ + x₂ + …",
        details=tr(
            "A shortcut around some layers and an Add give the gradient a road that no "
            "layer can shrink (He et al. 2016)."
        ),
        inputs=MANY_INPUTS,
        shape=_sum_shape,
        module="engine.worker.modules.Add",
    ),
    LayerSpec(
        kind="Multiply",
        title="Multiply",
        category="Merging",
        summary=tr(
            "Multiplies branches of equal shape, number by number: one branch becomes a "
            "gate of the other."
        ),
        formula="y = x₁ · x₂ · …",
        details=tr(
            "Each branch gets the gradient times the other branches' numbers: a gate "
            "near zero lets little of it pass. The mean-field theory does not cover it."
        ),
        inputs=MANY_INPUTS,
        shape=_product_shape,
        module="engine.worker.modules.Multiply",
    ),
    LayerSpec(
        kind="Scale",
        mean_field="scale",
        title="Scale",
        category="Merging",
        summary=tr(
            "Multiplies everything by one factor, fixed or trained; it tames a residual branch."
        ),
        formula="y = s x",
        details=tr(
            "A trained factor that starts at 0 makes a residual block begin as its "
            "shortcut alone (Bachlechner et al. 2021, ReZero); a fixed 1/√L keeps the "
            "sum of L branches from growing."
        ),
        parameters=(
            FloatParameter(
                name="factor",
                telling=True,
                title="s",
                help=tr("The factor, or where it starts when it is trained."),
                default=1.0,
                minimum=-1_000.0,
                maximum=1_000.0,
            ),
            BoolParameter(
                name="trained",
                title=tr("Trained"),
                help=tr("Whether the factor is trained with the weights."),
                default=True,
            ),
        ),
        module="engine.worker.modules.Scale",
        arguments=lambda values, _shapes: {
            "factor": float(values["factor"]),
            "trained": bool(values["trained"]),
        },
        tensors=lambda values, _shapes: {"factor": (1,)} if values["trained"] else {},
    ),
    LayerSpec(
        kind="Concat",
        mean_field="identity",
        title="Concat",
        category="Merging",
        summary=tr("Joins branches along their first dimension (units or channels)."),
        formula="y = [x₁, x₂, …]",
        inputs=MANY_INPUTS,
        shape=_concatenated,
        module="engine.worker.modules.Concat",
    ),
)
