"""Normalisation and regularisation: batch, layer, group, instance and RMS norm, dropout."""

from typing import Any

from engine.language import tr
from engine.parameters import BoolParameter, FloatParameter, IntParameter, Parameter, Values

from .spec import LayerSpec, Shape, ShapeError, Shapes, Task, product, show
from .windows import image

_EPS = FloatParameter(
    name="eps",
    title="ε",
    help=tr("Added to the variance, so that a constant unit does not divide by zero."),
    default=1e-5,
    minimum=0.0,
    maximum=1.0,
    open_minimum=True,
)

_BATCH_NORM_PARAMETERS: tuple[Parameter, ...] = (
    FloatParameter(
        name="momentum",
        title=tr("Momentum"),
        help=tr(
            "Weight of the newest batch in the moving mean and variance (Keras counts "
            "the other way round: 0.9)."
        ),
        default=0.1,
        minimum=0.0,
        maximum=1.0,
    ),
    _EPS,
)

_BATCH_NORM_DETAILS = tr(
    "Centres and scales each unit over the batch, then applies γ and β, which "
    "are trained. The moving mean and variance are averages of what was seen, "
    "not trained, and replace the batch's own when evaluating (Ioffe & Szegedy "
    "2015). At initialisation it makes gradients grow with depth (Yang et al. "
    "2019)."
)


def _channel_tensors(_values: Values, shapes: Shapes) -> dict[str, Shape]:
    return {"weight": shapes[0][:1], "bias": shapes[0][:1]}


def _batch_norm_arguments(values: Values, shapes: Shapes) -> dict[str, Any]:
    return {
        "num_features": shapes[0][0],
        "momentum": float(values["momentum"]),
        "eps": float(values["eps"]),
    }


def _batch_norm_1d_shape(_values: Values, shapes: Shapes, _task: Task) -> Shape:
    if len(shapes[0]) not in (1, 2):
        raise ShapeError(
            tr(
                "it expects a row of numbers (or channels × length) and receives {shapes}. "
                "Use Batch norm 2d for images, or put Flatten before it"
            ).format(shapes=show(shapes[0]))
        )
    return shapes[0]


def _batch_norm_2d_shape(_values: Values, shapes: Shapes, _task: Task) -> Shape:
    return image(shapes[0], tr("Batch norm 2d"))


def _layer_norm_shape(_values: Values, shapes: Shapes, _task: Task) -> Shape:
    if not shapes[0]:
        raise ShapeError(
            tr(
                "it expects at least one dimension and receives a single number. Put Reshape "
                "with the shape 1 before it"
            )
        )
    return shapes[0]


def _group_norm_shape(values: Values, shapes: Shapes, task: Task) -> Shape:
    shape, groups = _layer_norm_shape(values, shapes, task), int(values["num_groups"])
    if shape[0] % groups:
        raise ShapeError(
            tr(
                "its {groups} groups do not share {shape} units or channels evenly. Choose a "
                "number of groups that divides {shape}"
            ).format(groups=groups, shape=shape[0])
        )
    if product(shape) == groups:
        raise ShapeError(
            tr(
                "each of its groups holds a single number, and minus its own mean that is "
                "always 0. Choose fewer groups"
            )
        )
    return shape


def _instance_norm_shape(_values: Values, shapes: Shapes, _task: Task) -> Shape:
    channels, height, width = image(shapes[0], tr("Instance norm 2d"))
    if height * width == 1:
        raise ShapeError(
            tr(
                "it receives {shapes}: each channel is a single number, and minus its own "
                "mean that is always 0. Put it where the image is larger"
            ).format(shapes=show(shapes[0]))
        )
    return channels, height, width


def _instance_norm_tensors(values: Values, shapes: Shapes) -> dict[str, Shape]:
    return _channel_tensors(values, shapes) if values["affine"] else {}


NORMALISATION: tuple[LayerSpec, ...] = (
    LayerSpec(
        kind="BatchNorm1d",
        channels="first",
        mean_field="batch_norm",
        title=tr("Batch norm 1d"),
        category="Normalisation",
        summary=tr(
            "Centres and scales each unit over the batch, then learns a new scale γ and shift β."
        ),
        formula="y = γ (x − μ_B) / √(σ²_B + ε) + β",
        details=_BATCH_NORM_DETAILS,
        parameters=_BATCH_NORM_PARAMETERS,
        shape=_batch_norm_1d_shape,
        module="torch.nn.BatchNorm1d",
        arguments=_batch_norm_arguments,
        tensors=_channel_tensors,
    ),
    LayerSpec(
        kind="BatchNorm2d",
        mean_field="batch_norm",
        title=tr("Batch norm 2d"),
        category="Normalisation",
        summary=tr("Batch norm for images: one mean, variance, γ and β a channel."),
        formula="y = γ (x − μ_B) / √(σ²_B + ε) + β",
        details=_BATCH_NORM_DETAILS,
        parameters=_BATCH_NORM_PARAMETERS,
        shape=_batch_norm_2d_shape,
        module="torch.nn.BatchNorm2d",
        arguments=_batch_norm_arguments,
        tensors=_channel_tensors,
    ),
    LayerSpec(
        kind="LayerNorm",
        mean_field="layer_norm",
        title=tr("Layer norm"),
        category="Normalisation",
        summary=tr("Centres and scales each sample over its own units; needs no batch."),
        formula="y = γ (x − μ) / √(σ² + ε) + β",
        details=tr(
            "Works the same in training and evaluation, with any batch size (Ba et al. 2016)."
        ),
        parameters=(_EPS,),
        shape=_layer_norm_shape,
        module="torch.nn.LayerNorm",
        arguments=lambda values, shapes: {
            "normalized_shape": list(shapes[0]),
            "eps": float(values["eps"]),
        },
        tensors=lambda _values, shapes: {"weight": shapes[0], "bias": shapes[0]},
    ),
    LayerSpec(
        kind="GroupNorm",
        mean_field="layer_norm",
        title=tr("Group norm"),
        category="Normalisation",
        summary=tr(
            "Centres and scales each sample over groups of its units or channels; needs no batch."
        ),
        formula="y = γ (x − μ_g) / √(σ²_g + ε) + β",
        details=tr(
            "Between layer norm (one group) and instance norm (a group for each "
            "channel); the same in training and evaluation, with any batch size (Wu & He "
            "2018). The theory takes a group for a large one."
        ),
        parameters=(
            IntParameter(
                name="num_groups",
                telling=True,
                title=tr("Groups"),
                help=tr(
                    "Into how many groups the units or channels are divided; it must divide "
                    "their number."
                ),
                default=4,
                minimum=1,
                maximum=4_096,
            ),
            _EPS,
        ),
        shape=_group_norm_shape,
        module="torch.nn.GroupNorm",
        arguments=lambda values, shapes: {
            "num_groups": int(values["num_groups"]),
            "num_channels": shapes[0][0],
            "eps": float(values["eps"]),
        },
        tensors=_channel_tensors,
    ),
    LayerSpec(
        kind="InstanceNorm2d",
        title=tr("Instance norm 2d"),
        category="Normalisation",
        summary=tr("Centres and scales each channel of each image by itself; needs no batch."),
        formula="y = γ (x − μ_c) / √(σ²_c + ε) + β",
        details=tr(
            "Takes brightness and contrast out of every image, in training and "
            "evaluation alike (Ulyanov et al. 2016). The mean-field theory does not "
            "cover it: the places of a channel are not independent."
        ),
        parameters=(
            BoolParameter(
                name="affine",
                title=tr("γ and β"),
                help=tr("Whether a scale γ and a shift β are trained for each channel."),
                default=True,
            ),
            _EPS,
        ),
        shape=_instance_norm_shape,
        module="torch.nn.InstanceNorm2d",
        arguments=lambda values, shapes: {
            "num_features": shapes[0][0],
            "affine": bool(values["affine"]),
            "eps": float(values["eps"]),
        },
        tensors=_instance_norm_tensors,
    ),
    LayerSpec(
        kind="RMSNorm",
        mean_field="rms_norm",
        title=tr("RMS norm"),
        category="Normalisation",
        summary=tr("Scales each sample to a root mean square of 1, without centring it."),
        formula=tr("y = γ x / √(mean x² + ε)"),
        details=tr(
            "Layer norm without the mean and the shift β: cheaper, and common in "
            "language models (Zhang & Sennrich 2019)."
        ),
        parameters=(_EPS,),
        shape=_layer_norm_shape,
        module="torch.nn.RMSNorm",
        arguments=lambda values, shapes: {
            "normalized_shape": list(shapes[0]),
            "eps": float(values["eps"]),
        },
        tensors=lambda _values, shapes: {"weight": shapes[0]},
    ),
)

REGULARISATION: tuple[LayerSpec, ...] = (
    LayerSpec(
        kind="Dropout",
        mean_field="dropout",
        title="Dropout",
        category="Regularisation",
        summary=tr("Sets numbers to zero at random while training and scales the rest up."),
        formula=tr("y = x · m / (1 − p), m ~ Bernoulli(1 − p)"),
        details=tr(
            "Does nothing when evaluating. Gradients pass only where the mask let the "
            "number pass (Srivastava et al. 2014)."
        ),
        parameters=(
            FloatParameter(
                name="p",
                telling=True,
                title="p",
                help=tr("Probability that a number is set to zero."),
                default=0.2,
                minimum=0.0,
                maximum=1.0,
                open_maximum=True,
            ),
        ),
        module="torch.nn.Dropout",
        arguments=lambda values, _shapes: {"p": float(values["p"])},
    ),
)
