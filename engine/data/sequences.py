"""Made-up sequences: the tasks by which the literature measures memory over many steps, and a sine to be continued.

A sample is steps × numbers (T, C). All follow from their settings and their seed.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.language import tr
from engine.parameters import (
    Choice,
    ChoiceParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    Values,
)

from .spec import SPLIT_PARAMETERS, DataError, DataInfo, DataSetSpec, Samples, Targets

if TYPE_CHECKING:  # numpy.random takes 25 ms to load, which the window need not wait for
    from numpy.random import Generator

MAXIMUM_NUMBERS = 100_000_000
"""Numbers in all inputs together beyond which a data set is refused (400 MB)."""


class _Made(NamedTuple):
    inputs: NDArray[np.floating]
    targets: Targets


_Maker = Callable[[Values, int, "Generator"], _Made]
_Describer = Callable[[Values], DataInfo]

SEQUENCE_SPLIT = tuple(item for item in SPLIT_PARAMETERS if item.name != "standardise")
"""The split's settings for inputs that have their scale already, or that are tokens."""

_COUNT = IntParameter(
    name="samples",
    title=tr("Samples"),
    help=tr("How many sequences are made."),
    default=2_000,
    minimum=10,
    maximum=200_000,
)
_SEED = IntParameter(
    name="seed",
    title=tr("Data seed"),
    help=tr("Another number gives other sequences of the same kind."),
    default=0,
    maximum=2**31 - 1,
)


def length_parameter(default: int, minimum: int, text: str) -> IntParameter:
    """The number of steps T, which every data set of sequences has."""
    return IntParameter(
        name="length",
        title=tr("Length T"),
        help=text,
        unit=tr("steps"),
        default=default,
        minimum=minimum,
        maximum=5_000,
    )


def answers_parameter(default: str) -> ChoiceParameter:
    """Whether a target follows every step or only the last."""
    return ChoiceParameter(
        name="answers",
        title=tr("Targets"),
        help=tr("One for every step (many to many), or one for the whole sequence (many to one)."),
        default=default,
        choices=(
            Choice(
                "every", tr("after every step"), tr("The layer before the end gives the sequence.")
            ),
            Choice(
                "last",
                tr("after the last step"),
                tr("The layer before the end gives its last state."),
            ),
        ),
    )


def _adding(values: Values, count: int, random: "Generator") -> _Made:
    """Two of the first T/2 numbers are marked; the first of them among the first ten."""
    steps = int(values["length"])
    half = steps // 2
    inputs = np.zeros((count, steps, 2))
    inputs[:, :, 0] = random.uniform(-1.0, 1.0, (count, steps))
    inputs[:, [0, -1], 1] = -1.0
    rows = np.arange(count)
    first = random.integers(1, min(10, half), count)
    second = random.integers(1, half - 1, count)
    second += second >= first
    inputs[rows, first, 1] = inputs[rows, second, 1] = 1.0
    total = inputs[rows, first, 0] + inputs[rows, second, 0]
    return _Made(inputs, (0.5 + total / 4.0)[:, np.newaxis].astype(np.float32))


def _copy_memory(values: Values, count: int, random: "Generator") -> _Made:
    """Symbols, a wait, a sign to begin, and then the symbols are to be said again."""
    kept, alphabet, wait = (int(values[name]) for name in ("kept", "alphabet", "length"))
    symbols = random.integers(0, alphabet, (count, kept))
    blank, go = alphabet, alphabet + 1
    tokens = np.full((count, wait + 2 * kept), blank)
    tokens[:, :kept] = symbols
    tokens[:, wait + kept - 1] = go
    targets = np.full(tokens.shape, blank)
    targets[:, -kept:] = symbols
    return _Made(_one_hot(tokens, alphabet + 2), targets.astype(np.int64))


def _recall(values: Values, count: int, random: "Generator") -> _Made:
    """A symbol at the first step, noise after it."""
    symbols, steps = int(values["symbols"]), int(values["length"])
    targets = random.integers(0, symbols, count)
    inputs = float(values["noise"]) * random.standard_normal((count, steps, symbols))
    inputs[:, 0] = _one_hot(targets, symbols)
    return _Made(inputs, targets.astype(np.int64))


def _delayed_xor(values: Values, count: int, random: "Generator") -> _Made:
    """Bits ± 1, two of them marked, both before the wait."""
    steps, wait = int(values["length"]), int(values["wait"])
    early = steps - wait
    bits = random.integers(0, 2, (count, steps))
    marks = np.zeros((count, steps))
    rows = np.arange(count)
    first = random.integers(0, early, count)
    second = random.integers(0, early - 1, count)
    second += second >= first
    marks[rows, first] = marks[rows, second] = 1.0
    targets = bits[rows, first] ^ bits[rows, second]
    return _Made(np.stack((2.0 * bits - 1.0, marks), axis=2), targets.astype(np.int64))


def _sine(values: Values, count: int, random: "Generator") -> _Made:
    """Windows of sines of different phase and period."""
    steps = int(values["length"])
    phase = random.uniform(0.0, 2.0 * np.pi, (count, 1))
    period = float(values["period"]) * random.uniform(0.75, 1.25, (count, 1))
    wave = np.sin(phase + 2.0 * np.pi * np.arange(steps + 1) / period)
    noise = float(values["noise"]) * random.standard_normal((count, steps))
    wanted = wave[:, 1:] if values["answers"] == "every" else wave[:, -1]
    return _Made(
        (wave[:, :-1] + noise)[:, :, np.newaxis], wanted[..., np.newaxis].astype(np.float32)
    )


def _one_hot(tokens: NDArray[np.int64], size: int) -> NDArray[np.float32]:
    return np.eye(size, dtype=np.float32)[tokens]


def _names(symbols: int) -> tuple[str, ...]:
    return tuple(f"{place + 1}" for place in range(symbols))


def _adding_info(values: Values) -> DataInfo:
    return DataInfo(
        title=tr("Adding problem"),
        samples=int(values["samples"]),
        input_shape=(int(values["length"]), 2),
        target_shape=(1,),
        input_names=(tr("value"), tr("mark")),
    )


def _copy_info(values: Values) -> DataInfo:
    kept, alphabet, wait = (int(values[name]) for name in ("kept", "alphabet", "length"))
    names = _names(alphabet)
    return DataInfo(
        title=tr("Copy memory"),
        samples=int(values["samples"]),
        input_shape=(wait + 2 * kept, alphabet + 2),
        classes=alphabet + 1,
        target_shape=(wait + 2 * kept,),
        class_names=(*names, tr("blank")),
        input_names=(*names, tr("blank"), tr("go")),
    )


def _recall_info(values: Values) -> DataInfo:
    names = _names(int(values["symbols"]))
    return DataInfo(
        title=tr("Recall of a symbol"),
        samples=int(values["samples"]),
        input_shape=(int(values["length"]), len(names)),
        classes=len(names),
        class_names=names,
        input_names=names,
    )


def _xor_info(values: Values) -> DataInfo:
    if int(values["wait"]) > int(values["length"]) - 2:
        raise DataError(
            tr(
                "Delayed XOR: a wait of {wait} leaves no room for two bits in {length} "
                "steps. Make the wait shorter or the length larger"
            ).format(wait=values["wait"], length=values["length"])
        )
    return DataInfo(
        title=tr("Delayed XOR"),
        samples=int(values["samples"]),
        input_shape=(int(values["length"]), 2),
        classes=2,
        class_names=(tr("equal"), tr("different")),
        input_names=(tr("bit"), tr("mark")),
    )


def _sine_info(values: Values) -> DataInfo:
    steps = int(values["length"])
    return DataInfo(
        title=tr("Sine forecast"),
        samples=int(values["samples"]),
        input_shape=(steps, 1),
        target_shape=(steps, 1) if values["answers"] == "every" else (1,),
        input_names=("x",),
    )


def _made(
    kind: str,
    summary: str,
    source: str,
    parameters: tuple[Parameter, ...],
    make: _Maker,
    info: _Describer,
) -> DataSetSpec:
    def describe(values: Values, _folder: Path | None) -> DataInfo:
        known = info(values)
        refuse_too_many(known)
        return known

    def load(values: Values, folder: Path | None) -> Samples:
        known = describe(values, folder)
        made = make(values, known.samples, np.random.default_rng(int(values["seed"])))
        return Samples(info=known, inputs=made.inputs.astype(np.float32), targets=made.targets)

    every = (*parameters, _COUNT, _SEED, *SEQUENCE_SPLIT)
    title = info({parameter.name: parameter.initial for parameter in every}).title
    return DataSetSpec(
        kind=kind,
        title=title,
        summary=summary,
        source=source,
        parameters=every,
        describe=describe,
        load=load,
    )


def refuse_too_many(info: DataInfo) -> None:
    """`DataError` when the inputs would not fit into memory."""
    total = info.samples
    for size in info.input_shape:
        total *= size
    if total > MAXIMUM_NUMBERS:
        raise DataError(
            tr(
                "{title}: {samples:,} sequences have {total:,} numbers, and at most "
                "{maximum_numbers:,} are possible. Use fewer samples or a smaller length"
            ).format(
                title=info.title, samples=info.samples, total=total, maximum_numbers=MAXIMUM_NUMBERS
            )
        )


_OWN = tr("Made by the lab from the settings and their seed")


def _noise(default: float, text: str) -> FloatParameter:
    return FloatParameter(
        name="noise", title=tr("Noise σ"), help=text, default=default, maximum=10.0
    )


_SMALL = IntParameter(name="", title="", help="", default=8, minimum=2, maximum=64)

SEQUENCES: tuple[DataSetSpec, ...] = (
    _made(
        "adding",
        tr(
            "Two numbers of a long row are marked; their sum is asked for at the end: "
            "needs long memory."
        ),
        tr(
            "{own}: task 4 of Hochreiter & Schmidhuber 1997, with one length, and no "
            "mark on the two ends; the target is 0.5 + (x₁ + x₂)/4"
        ).format(own=_OWN),
        (length_parameter(50, 10, tr("Steps in a sequence; both marks are in its first half.")),),
        _adding,
        _adding_info,
    ),
    _made(
        "copy_memory",
        tr(
            "Some symbols, a long wait, and then all of them again, in their order. "
            "Saying “blank” always is mostly right."
        ),
        tr("{own}, as in Arjovsky, Shah & Bengio 2016, section 5.1").format(own=_OWN),
        (
            length_parameter(20, 1, tr("Steps to wait between the symbols and their repetition.")),
            replace(
                _SMALL, name="kept", title=tr("Symbols"), help=tr("How many are to be remembered.")
            ),
            replace(
                _SMALL, name="alphabet", title=tr("Alphabet"), help=tr("How many different ones.")
            ),
        ),
        _copy_memory,
        _copy_info,
    ),
    _made(
        "recall",
        tr("One symbol at the first step, asked for after the last: nothing but memory."),
        tr("{own}; the first step of the latching tasks of Bengio, Simard & Frasconi 1994").format(
            own=_OWN
        ),
        (
            length_parameter(20, 2, tr("Steps in a sequence; the symbol comes with the first.")),
            replace(
                _SMALL,
                name="symbols",
                title=tr("Symbols"),
                help=tr("How many different ones there are."),
            ),
            _noise(0.1, tr("Standard deviation of the inputs after the first step.")),
        ),
        _recall,
        _recall_info,
    ),
    _made(
        "delayed_xor",
        tr(
            "Two bits of a row are marked; after a wait: do they differ? Neither bit "
            "alone tells anything."
        ),
        tr("{own}; the XOR of Hochreiter & Schmidhuber's distractor tasks, with marks").format(
            own=_OWN
        ),
        (
            length_parameter(30, 3, tr("Steps in a sequence, the wait included.")),
            IntParameter(
                name="wait",
                title=tr("Wait"),
                help=tr("Steps at the end in which no bit is marked."),
                unit=tr("steps"),
                default=20,
                maximum=5_000,
            ),
        ),
        _delayed_xor,
        _xor_info,
    ),
    _made(
        "sine_forecast",
        tr("Windows of sines of unlike phase and period: the next value is to be told."),
        _OWN,
        (
            length_parameter(40, 2, tr("Steps in a window.")),
            answers_parameter("last"),
            FloatParameter(
                name="period",
                title=tr("Period"),
                help=tr("Mean length of a wave; each sample's own is within a quarter of it."),
                unit=tr("steps"),
                default=20.0,
                minimum=2.0,
                maximum=10_000.0,
            ),
            _noise(0.05, tr("Standard deviation of the noise on the inputs; targets have none.")),
        ),
        _sine,
        _sine_info,
    ),
)
