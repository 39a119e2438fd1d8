"""Layers over time: one sample is steps × numbers (T, C), or T tokens; recurrent layers, attention, and ways out."""

from collections.abc import Callable

from engine.language import tr
from engine.parameters import (
    BoolParameter,
    Choice,
    ChoiceParameter,
    FloatParameter,
    IntParameter,
    Values,
)

from .recurrent import RECURRENT, sequence_shape
from .spec import LayerSpec, Shape, ShapeError, Shapes, Task


def _embedding_shape(values: Values, shapes: Shapes, task: Task) -> Shape:
    if not task.tokens or shapes[0] != task.input_shape:
        raise ShapeError(
            tr(
                "it expects the tokens of the data set. Choose a data set of tokens, such as "
                "the characters of a text, and put it right behind the Input"
            )
        )
    if task.tokens > int(values["num_embeddings"]):
        raise ShapeError(
            tr(
                "the data set has {tokens:,} different tokens and it knows "
                "{num_embeddings:,}. Set Vocabulary to {tokens}"
            ).format(tokens=task.tokens, num_embeddings=values["num_embeddings"])
        )
    return (*shapes[0], int(values["embedding_dim"]))


def _attention_shape(values: Values, shapes: Shapes, task: Task) -> Shape:
    _, numbers = sequence_shape(shapes[0], tr("self-attention"), task)
    heads = int(values["num_heads"])
    if numbers % heads:
        raise ShapeError(
            tr(
                "its {heads} heads do not divide the {numbers} numbers of a step. Choose "
                "another number of heads"
            ).format(heads=heads, numbers=numbers)
        )
    return shapes[0]


def _attention_tensors(values: Values, shapes: Shapes) -> dict[str, Shape]:
    numbers = shapes[0][-1]
    if not values["bias"]:
        return {"in_proj_weight": (3 * numbers, numbers), "out_proj.weight": (numbers, numbers)}
    return {
        "in_proj_weight": (3 * numbers, numbers),
        "in_proj_bias": (3 * numbers,),
        "out_proj.weight": (numbers, numbers),
        "out_proj.bias": (numbers,),
    }


def _position_shape(_values: Values, shapes: Shapes, task: Task) -> Shape:
    return sequence_shape(shapes[0], tr("a positional encoding"), task)


def _over_time(who: str) -> Callable[[Values, Shapes, Task], Shape]:
    return lambda _values, shapes, task: sequence_shape(shapes[0], who, task)[1:]


SEQUENCES: tuple[LayerSpec, ...] = (
    LayerSpec(
        kind="Embedding",
        channels="last",
        title="Embedding",
        category="Sequences",
        summary=tr("Gives every token its own row of trained numbers."),
        formula="y_t = E[token_t]",
        details=tr(
            "A table that is looked up; the gradient reaches the rows of the tokens that "
            "came, and no others."
        ),
        parameters=(
            IntParameter(
                name="embedding_dim",
                telling=True,
                title=tr("Units"),
                help=tr("How many numbers stand for a token."),
                default=32,
                minimum=1,
                maximum=16_384,
            ),
            IntParameter(
                name="num_embeddings",
                title=tr("Vocabulary"),
                help=tr(
                    "Rows of the table: at least as many as the data set has different tokens."
                ),
                default=128,
                minimum=1,
                maximum=1_000_000,
            ),
            FloatParameter(
                name="std",
                title="σ",
                help=tr(
                    "Standard deviation of the normal distribution that the rows are drawn from."
                ),
                default=1.0,
                maximum=100.0,
            ),
        ),
        shape=_embedding_shape,
        module="engine.worker.sequence_modules.Embedding",
        arguments=lambda values, _shapes: {
            "num_embeddings": int(values["num_embeddings"]),
            "embedding_dim": int(values["embedding_dim"]),
            "std": float(values["std"]),
        },
        tensors=lambda values, _shapes: {
            "weight": (int(values["num_embeddings"]), int(values["embedding_dim"]))
        },
    ),
    *RECURRENT,
    LayerSpec(
        kind="SelfAttention",
        channels="last",
        title="Self-attention",
        category="Sequences",
        summary=tr("Every step looks at every other and takes a weighted mean of what it finds."),
        formula=tr("softmax(Q Kᵀ / √d) V, by heads"),
        details=tr(
            "Between any two steps the gradient takes one stride, whatever their "
            "distance (Vaswani et al. 2017). Weights start as torch draws them: Glorot's "
            "for Q, K and V together, zero biases."
        ),
        parameters=(
            IntParameter(
                name="num_heads",
                telling=True,
                title=tr("Heads"),
                help=tr(
                    "How many parts of the numbers look by themselves; must divide the numbers "
                    "of a step."
                ),
                default=4,
                minimum=1,
                maximum=256,
            ),
            BoolParameter(
                name="causal",
                telling=True,
                title=tr("Causal"),
                help=tr(
                    "A step sees only itself and what came before; needed when the next step is "
                    "to be forecast."
                ),
                default=False,
            ),
            BoolParameter(
                name="bias",
                title=tr("Bias"),
                help=tr("Whether trained numbers are added to Q, K, V and the result."),
                default=True,
            ),
        ),
        shape=_attention_shape,
        module="engine.worker.sequence_modules.SelfAttention",
        arguments=lambda values, shapes: {
            "embed_dim": shapes[0][-1],
            "num_heads": int(values["num_heads"]),
            "bias": bool(values["bias"]),
            "causal": bool(values["causal"]),
        },
        tensors=_attention_tensors,
    ),
    LayerSpec(
        kind="PositionalEncoding",
        channels="last",
        title=tr("Positional encoding"),
        category="Sequences",
        summary=tr(
            "Adds to every step what tells its place; attention alone does not know the order."
        ),
        formula="y_t = x_t + p_t",
        details=tr(
            "Sinusoidal: p_t,₂ₖ = sin(t / 10000^(2k/C)), p_t,₂ₖ₊₁ the cosine (Vaswani et "
            "al. 2017). Learned: a trained row a step, drawn with σ = 0.02. The gradient "
            "passes unchanged."
        ),
        parameters=(
            ChoiceParameter(
                name="encoding",
                telling=True,
                title=tr("Encoding"),
                help=tr("Where the numbers of a place come from."),
                default="sinusoidal",
                choices=(
                    Choice("sinusoidal", tr("sinusoidal"), tr("Fixed waves of many lengths.")),
                    Choice("learned", tr("learned"), tr("A trained row for each step.")),
                ),
            ),
        ),
        shape=_position_shape,
        module="engine.worker.sequence_modules.PositionalEncoding",
        arguments=lambda values, shapes: {
            "steps": shapes[0][0],
            "numbers": shapes[0][1],
            "learned": values["encoding"] == "learned",
        },
        tensors=lambda values, shapes: (
            {"weight": shapes[0]} if values["encoding"] == "learned" else {}
        ),
    ),
    LayerSpec(
        kind="LastStep",
        title=tr("Last step"),
        category="Sequences",
        summary=tr("Keeps the last step of a sequence; only that one gets the gradient."),
        formula="y = x_T",
        details=tr(
            "Behind a layer of both directions its second half has seen one step only: "
            "let that layer give the last state instead."
        ),
        shape=_over_time(tr("Last step")),
        module="engine.worker.sequence_modules.LastStep",
    ),
    LayerSpec(
        kind="MeanOverTime",
        title=tr("Mean over time"),
        category="Sequences",
        summary=tr("The mean of all steps; the gradient is shared evenly among them."),
        formula="y = Σ x_t / T",
        shape=_over_time(tr("Mean over time")),
        module="engine.worker.sequence_modules.MeanOverTime",
    ),
)
