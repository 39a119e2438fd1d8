"""The person's own CSV file: header, label column, numbers; what cannot be read is named by line."""

import csv
import math
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, TypeVar

import numpy as np

from engine.language import tr
from engine.parameters import Choice, ChoiceParameter, TextParameter, Values

from .spec import SPLIT_PARAMETERS, DataError, DataInfo, DataSetSpec, Samples, Targets

if TYPE_CHECKING:
    import _csv

MAXIMUM_BYTES = 200 * 2**20
MAXIMUM_NUMBERS = 20_000_000
MAXIMUM_FIELD = 10_000
MAXIMUM_CLASSES = 1_000
_NAMED_LINES = 5
_FEW_VALUES = 20
"""Whole numbers with more distinct values than this are taken for a quantity, not for classes."""

_Parsed = TypeVar("_Parsed")
_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t"}


@dataclass(slots=True)
class Rows:
    """The readable rows of a file, and word of the others."""

    numbers: "array[float]" = field(default_factory=lambda: array("f"))
    labels: list[str] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)
    bad_count: int = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence about the rows that were left out, when there are any."""
        if not self.bad_count:
            return ()
        more = " …" if self.bad_count > len(self.bad) else ""
        return (
            tr("{bad_count:,} rows were left out: {bad}{more}").format(
                bad_count=self.bad_count, bad="; ".join(self.bad), more=more
            ),
        )

    def refuse(self, line: int, reason: str) -> None:
        self.bad_count += 1
        if len(self.bad) < _NAMED_LINES:
            self.bad.append(tr("line {line} ({reason})").format(line=line, reason=reason))


def _read(values: Values, folder: Path | None) -> Samples:
    path = found_file(values, folder, tr("CSV file"))
    return parsed_file(path, lambda file: _parse(file, values, path))


def parsed_file(
    path: Path, parse: Callable[[TextIO], _Parsed], maximum: int = MAXIMUM_BYTES
) -> _Parsed:
    """What `parse` makes of a text file; `DataError` when it is too large or cannot be read as UTF-8."""
    try:
        if path.stat().st_size > maximum:
            raise DataError(
                tr("{path} is larger than {maximum} MB. Use a part of it").format(
                    path=path, maximum=maximum // 2**20
                )
            )
        with path.open(encoding="utf-8-sig", newline="") as file:
            return parse(file)
    except OSError as error:
        raise DataError(
            tr("Cannot read {path}: {strerror}").format(path=path, strerror=error.strerror or error)
        ) from None
    except UnicodeDecodeError as error:
        raise DataError(
            tr("{path} is not text in UTF-8 ({reason}). Save it as UTF-8").format(
                path=path, reason=error.reason
            )
        ) from None


def found_file(values: Values, folder: Path | None, what: str) -> Path:
    """The file that the setting `path` names, seen from `folder`; `DataError` when there is none."""
    if not values["path"]:
        raise DataError(tr("No {what} is chosen. Choose one under Data").format(what=what))
    try:
        path = Path(str(values["path"])).expanduser()
        path = path if path.is_absolute() or folder is None else folder / path
        found = path.is_file()
    except (OSError, RuntimeError, ValueError) as error:
        raise DataError(
            tr("The {what} cannot be looked for: {error}. Choose another under Data").format(
                what=what, error=error
            )
        ) from None
    if not found:
        fault = tr("is not a file") if path.exists() else tr("does not exist")
        raise DataError(
            tr("The {what} {path} {fault}. Choose another under Data").format(
                what=what, path=path, fault=fault
            )
        )
    return path


def _parse(file: TextIO, values: Values, path: Path) -> Samples:
    reader = open_table(file, values, path)
    try:
        header = read_header(next(reader), path)
        label = chosen_column(header, str(values["label"]), path)
        rows = _rows(reader, header, label)
    except csv.Error as error:
        raise DataError(
            tr("{path}, line {line_num}: {error}").format(
                path=path, line_num=reader.line_num, error=error
            )
        ) from None
    check_rows(rows, path)
    return _samples(rows, header, label, values, path)


def open_table(file: TextIO, values: Values, path: Path) -> "_csv.Reader":
    """A reader of the file's rows, the header first; `DataError` when there is no header."""
    first = file.readline(MAXIMUM_FIELD * 10)
    file.seek(0)
    if not first.strip():
        raise DataError(
            tr(
                "{path} is empty, or its first line is. The first line must name the columns"
            ).format(path=path)
        )
    if "\0" in first:
        raise DataError(tr("{path} is not text: it holds null characters").format(path=path))
    csv.field_size_limit(MAXIMUM_FIELD)
    return csv.reader(file, delimiter=_delimiter(first, values))


def _delimiter(first: str, values: Values) -> str:
    chosen = _DELIMITERS.get(str(values["delimiter"]))
    return chosen or max(_DELIMITERS.values(), key=first.count)


def read_header(cells: list[str], path: Path, fewest: int = 2) -> list[str]:
    """The columns' names; `DataError` when one is missing or comes twice, or when there are too few."""
    names = [cell.strip() for cell in cells]
    if len(names) < fewest:
        raise DataError(
            tr(
                "{path} has a single column. It needs inputs and a label, and a header that "
                "names them"
            ).format(path=path)
        )
    for name in names:
        if not name:
            raise DataError(tr("{path}, line 1: a column has no name").format(path=path))
        if names.count(name) > 1:
            raise DataError(
                tr("{path}, line 1: two columns are called {name!r}. Rename one").format(
                    path=path, name=name
                )
            )
    if all(is_number(name) for name in names):
        raise DataError(
            tr(
                "{path}, line 1 holds numbers. Put a header line with the columns' names above it"
            ).format(path=path)
        )
    return names


def chosen_column(header: list[str], name: str, path: Path) -> int:
    """The place of the column of this name, the last one for ""; `DataError` lists the names when there is none."""
    wanted = name.strip()
    if not wanted:
        return len(header) - 1
    if wanted not in header:
        known = ", ".join(header[:20]) + (" …" if len(header) > 20 else "")
        raise DataError(
            tr("{path} has no column called {wanted!r}. Its columns are: {known}").format(
                path=path, wanted=wanted, known=known
            )
        )
    return header.index(wanted)


def _rows(reader: "_csv.Reader", header: list[str], label: int) -> Rows:
    rows = Rows()
    for cells in reader:
        line = reader.line_num
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            rows.refuse(
                line,
                tr("{cells} fields instead of {header}").format(
                    cells=len(cells), header=len(header)
                ),
            )
            continue
        _take(rows, cells, header, label, line)
        if len(rows.numbers) > MAXIMUM_NUMBERS:
            raise DataError(
                tr("The file has more than {maximum_numbers:,} numbers. Use a part of it").format(
                    maximum_numbers=MAXIMUM_NUMBERS
                )
            )
    return rows


def _take(rows: Rows, cells: list[str], header: list[str], label: int, line: int) -> None:
    numbers = []
    for column, cell in enumerate(cells):
        if column == label:
            continue
        if not is_number(cell):
            rows.refuse(
                line,
                tr("{header} is {cell!r}, not a number").format(
                    header=header[column], cell=cell.strip()[:40]
                ),
            )
            return
        numbers.append(float(cell))
    if not cells[label].strip():
        rows.refuse(line, tr("the label {header} is empty").format(header=header[label]))
        return
    rows.numbers.extend(numbers)
    rows.labels.append(cells[label].strip())


def is_number(text: str) -> bool:
    """Whether a field is a finite number that float32 can hold."""
    try:
        return math.isfinite(float(text)) and abs(float(text)) < 3e38
    except ValueError:
        return False


def check_rows(rows: Rows, path: Path) -> None:
    """`DataError` when there are too few rows, or too many that cannot be read."""
    total = len(rows.labels) + rows.bad_count
    if not total:
        raise DataError(tr("{path} has a header and no rows below it").format(path=path))
    if rows.bad_count > total / 2:
        raise DataError(
            tr(
                "{path}: {bad_count:,} of {total:,} rows cannot be read: {bad}. Inputs must "
                "be numbers; turn words into numbers first, or choose another label column"
            ).format(path=path, bad_count=rows.bad_count, total=total, bad="; ".join(rows.bad))
        )
    if len(rows.labels) < 3:
        raise DataError(
            tr("{path} has only {labels} readable rows; at least 3 are needed").format(
                path=path, labels=len(rows.labels)
            )
        )


def _samples(rows: Rows, header: list[str], label: int, values: Values, path: Path) -> Samples:
    inputs = np.array(rows.numbers, np.float32).reshape(len(rows.labels), len(header) - 1)
    classes: tuple[str, ...] = ()
    targets: Targets
    if _is_regression(rows.labels, str(values["task"]), path):
        targets = np.array([[float(text)] for text in rows.labels], np.float32)
    else:
        classes = _classes(rows.labels, path)
        places = {name: place for place, name in enumerate(classes)}
        targets = np.array([places[text] for text in rows.labels], np.int64)
    info = DataInfo(
        title=path.name,
        samples=len(rows.labels),
        input_shape=(len(header) - 1,),
        classes=len(classes),
        target_shape=() if classes else (1,),
        class_names=classes,
        input_names=tuple(name for column, name in enumerate(header) if column != label),
        notes=rows.notes,
    )
    return Samples(info=info, inputs=inputs, targets=targets)


def _is_regression(labels: list[str], task: str, path: Path) -> bool:
    numeric = all(is_number(text) for text in labels)
    if task == "regression" and not numeric:
        word = next(text for text in labels if not is_number(text))
        raise DataError(
            tr("{path}: a regression needs numbers as labels, and one is {word!r}").format(
                path=path, word=word[:40]
            )
        )
    if task != "auto":
        return task == "regression"
    whole = numeric and all(float(text).is_integer() for text in labels)
    return numeric and not (whole and len(set(labels)) <= _FEW_VALUES)


def _classes(labels: list[str], path: Path) -> tuple[str, ...]:
    names = set(labels)
    if len(names) < 2:
        raise DataError(
            tr(
                "{path}: every label is {labels!r}; a classification needs at least two classes"
            ).format(path=path, labels=labels[0][:40])
        )
    if len(names) > MAXIMUM_CLASSES:
        raise DataError(
            tr(
                "{path} has {names:,} different labels; at most {maximum_classes:,} classes "
                "are possible. Choose another label column, or regression as the task"
            ).format(path=path, names=len(names), maximum_classes=MAXIMUM_CLASSES)
        )
    if all(is_number(name) for name in names):
        return tuple(sorted(names, key=lambda name: (float(name), name)))
    return tuple(sorted(names))


FILE = TextParameter(
    name="path",
    title=tr("File"),
    help=tr("A text file with a header line; read as UTF-8."),
    is_path=True,
)
DELIMITER = ChoiceParameter(
    name="delimiter",
    title=tr("Separator"),
    help=tr("What stands between two fields; found from the header line unless you say."),
    default="auto",
    choices=(
        Choice("auto", tr("found from the header")),
        Choice("comma", tr("comma")),
        Choice("semicolon", tr("semicolon")),
        Choice("tab", tr("tab")),
    ),
)

TABLE = DataSetSpec(
    kind="csv",
    title=tr("CSV file"),
    summary=tr("Your own table: a header line, numbers in the input columns, and a label column."),
    source=tr("Your own file; it is read where it lies and never copied"),
    parameters=(
        FILE,
        TextParameter(
            name="label",
            title=tr("Label column"),
            help=tr("Name of the column that is to be predicted; empty for the last one."),
            maximum_length=200,
        ),
        ChoiceParameter(
            name="task",
            title=tr("Task"),
            help=tr(
                "Whether labels are classes or quantities; found by looking at them unless you say."
            ),
            default="auto",
            choices=(
                Choice("auto", tr("found from the labels")),
                Choice("classification", tr("classification")),
                Choice("regression", tr("regression")),
            ),
        ),
        DELIMITER,
        *SPLIT_PARAMETERS,
    ),
    describe=lambda values, folder: _read(values, folder).info,
    load=_read,
)
