"""Characters as tokens: the bundled book, or the person's own text, cut into windows; the next character is the target.

A sample is T tokens, float32 whole numbers: places in the sorted list of the text's different characters. Windows do
not overlap, so that no target of the validation part is one of the training part.
"""

from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.language import tr
from engine.parameters import BoolParameter, IntParameter, TextParameter, Values

from .sequences import SEQUENCE_SPLIT, answers_parameter, length_parameter
from .spec import DataError, DataInfo, DataSetSpec, Samples
from .table import found_file, parsed_file

MAXIMUM_BYTES = 20 * 2**20
MAXIMUM_CHARACTERS = 2_000
_SHOWN = {"\n": "⏎", " ": "␣", "\t": "⇥"}


@cache
def _book() -> str:
    return files("resources").joinpath("data", "alice.txt").read_text("utf-8")


def _own(values: Values, folder: Path | None) -> str:
    path = found_file(values, folder, tr("text file"))
    return parsed_file(path, lambda file: file.read().replace("\r\n", "\n"), MAXIMUM_BYTES)


def _characters(text: str, values: Values, title: str) -> tuple[str, ...]:
    """The different characters in their order; `DataError` when they, or the windows, are too few or too many."""
    found = tuple(sorted(set(text)))
    if len(found) < 2 or len(text) < 3 * int(values["length"]) + 1:
        raise DataError(
            tr(
                "{title} has {text:,} characters, {found} of them different. It needs three "
                "windows of {length} and two different characters. Make the length smaller, "
                "or use a longer text"
            ).format(title=title, text=len(text), found=len(found), length=values["length"])
        )
    if len(found) > MAXIMUM_CHARACTERS:
        raise DataError(
            tr(
                "{title} has {found:,} different characters; at most {maximum_characters:,} "
                "are possible"
            ).format(title=title, found=len(found), maximum_characters=MAXIMUM_CHARACTERS)
        )
    return found


def _info(text: str, values: Values, title: str) -> DataInfo:
    found = _characters(text, values, title)
    steps = int(values["length"])
    return DataInfo(
        title=title,
        samples=min(int(values["samples"]), (len(text) - 1) // steps),
        input_shape=(steps,),
        classes=len(found),
        target_shape=(steps,) if values["answers"] == "every" else (),
        tokens=len(found),
        class_names=tuple(_SHOWN.get(sign, sign) for sign in found),
    )


def _samples(text: str, values: Values, title: str) -> Samples:
    info = _info(text, values, title)
    codes = _tokens(text)
    steps = info.input_shape[0]
    random = np.random.default_rng(int(values["seed"]))
    windows = np.sort(random.permutation((len(text) - 1) // steps)[: info.samples])
    places = windows[:, np.newaxis] * steps + np.arange(steps)
    following = places + 1 if values["answers"] == "every" else places[:, -1] + 1
    return Samples(info=info, inputs=codes[places].astype(np.float32), targets=codes[following])


def _tokens(text: str) -> NDArray[np.int64]:
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    return np.unique(points, return_inverse=True)[1].astype(np.int64)


def _cased(text: str, values: Values) -> str:
    return text.lower() if values["lower_case"] else text


_PARAMETERS = (
    length_parameter(40, 2, tr("Characters in a window.")),
    answers_parameter("every"),
    BoolParameter(
        name="lower_case",
        title=tr("Lower case"),
        help=tr("Makes capital letters small: fewer characters to be learned."),
        default=True,
    ),
    IntParameter(
        name="samples",
        title=tr("Samples"),
        help=tr("How many windows are used at most; the text may have fewer."),
        default=1_000,
        minimum=3,
        maximum=1_000_000,
    ),
    IntParameter(
        name="seed",
        title=tr("Data seed"),
        help=tr("Another number chooses other windows of the text."),
        default=0,
        maximum=2**31 - 1,
    ),
    *SEQUENCE_SPLIT,
)
_BOOK = tr("Alice's Adventures in Wonderland")

TEXTS: tuple[DataSetSpec, ...] = (
    DataSetSpec(
        kind="book",
        title=tr("Characters of a book"),
        summary=tr("{book}, character by character: which one comes next?").format(book=_BOOK),
        source=tr("Lewis Carroll, 1865, in the public domain; as in the Canterbury corpus"),
        parameters=_PARAMETERS,
        describe=lambda values, _folder: _info(_cased(_book(), values), values, _BOOK),
        load=lambda values, _folder: _samples(_cased(_book(), values), values, _BOOK),
    ),
    DataSetSpec(
        kind="text",
        title=tr("Text file"),
        summary=tr("Your own text, character by character: which one comes next?"),
        source=tr("Your own file; it is read where it lies and never copied"),
        parameters=(
            TextParameter(
                name="path", title=tr("File"), help=tr("A text file; read as UTF-8."), is_path=True
            ),
            *_PARAMETERS,
        ),
        describe=lambda values, folder: _info(
            _cased(_own(values, folder), values), values, Path(str(values["path"])).name
        ),
        load=lambda values, folder: _samples(
            _cased(_own(values, folder), values), values, Path(str(values["path"])).name
        ),
    ),
)
