"""The person's own CSV file as a sequence: windows of T rows, and the next value of one column as the target."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from engine.language import tr
from engine.parameters import TextParameter, Values

from .sequences import answers_parameter, length_parameter, refuse_too_many
from .spec import SPLIT_PARAMETERS, DataError, DataInfo, DataSetSpec, Inputs, Samples
from .table import (
    DELIMITER,
    FILE,
    MAXIMUM_NUMBERS,
    Rows,
    check_rows,
    chosen_column,
    found_file,
    is_number,
    open_table,
    parsed_file,
    read_header,
)

if TYPE_CHECKING:
    import _csv


def _read(values: Values, folder: Path | None) -> Samples:
    path = found_file(values, folder, tr("CSV file"))
    return parsed_file(path, lambda file: _parse(file, values, path))


def _parse(file: TextIO, values: Values, path: Path) -> Samples:
    reader = open_table(file, values, path)
    try:
        header = read_header(next(reader), path, fewest=1)
        wanted = header[chosen_column(header, str(values["column"]), path)]
        rows, names = _rows(reader, header)
    except csv.Error as error:
        raise DataError(
            tr("{path}, line {line_num}: {error}").format(
                path=path, line_num=reader.line_num, error=error
            )
        ) from None
    check_rows(rows, path)
    if wanted not in names:
        raise DataError(
            tr("{path}: the column {wanted} does not hold numbers. Forecast another one").format(
                path=path, wanted=wanted
            )
        )
    numbers = np.array(rows.numbers, np.float32).reshape(-1, len(names))
    left_out = [name for name in header if name not in names]
    notes = rows.notes
    if left_out:
        notes += (
            tr("Not numbers, and so no inputs: {left_out}").format(
                left_out=", ".join(left_out[:20])
            ),
        )
    return _windows(numbers, names, names.index(wanted), notes, values, path)


def _rows(reader: "_csv.Reader", header: list[str]) -> tuple[Rows, list[str]]:
    """The rows, and the names of the columns that hold numbers: those that do in the first row."""
    rows = Rows()
    taken: list[int] = []
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            rows.refuse(
                reader.line_num,
                tr("{cells} fields instead of {header}").format(
                    cells=len(cells), header=len(header)
                ),
            )
            continue
        taken = taken or [place for place, cell in enumerate(cells) if is_number(cell)]
        _take(rows, [cells[place] for place in taken], reader.line_num)
        if len(rows.numbers) > MAXIMUM_NUMBERS:
            raise DataError(
                tr("The file has more than {maximum_numbers:,} numbers. Use a part of it").format(
                    maximum_numbers=MAXIMUM_NUMBERS
                )
            )
    return rows, [header[place] for place in taken]


def _take(rows: Rows, cells: list[str], line: int) -> None:
    for cell in cells:
        if not is_number(cell):
            rows.refuse(line, tr("{cell!r} is not a number").format(cell=cell.strip()[:40]))
            return
    rows.numbers.extend(float(cell) for cell in cells)
    rows.labels.append(f"{line}")


def _windows(
    numbers: Inputs,
    names: list[str],
    column: int,
    notes: tuple[str, ...],
    values: Values,
    path: Path,
) -> Samples:
    steps, every = int(values["length"]), values["answers"] == "every"
    count = len(numbers) - steps
    if count < 3:
        raise DataError(
            tr(
                "{path} has {numbers:,} readable rows; windows of {steps} need at least "
                "{needed}. Make the length smaller"
            ).format(path=path, numbers=len(numbers), steps=steps, needed=steps + 3)
        )
    if values["standardise"]:
        notes += (
            tr(
                "The loss is measured in standard deviations of {names}: targets are scaled "
                "as it is"
            ).format(names=names[column]),
        )
    info = DataInfo(
        title=path.name,
        samples=count,
        input_shape=(steps, len(names)),
        target_shape=(steps, 1) if every else (1,),
        input_names=tuple(names),
        notes=notes,
    )
    refuse_too_many(info)
    windows = sliding_window_view(numbers, steps, axis=0).transpose(0, 2, 1)
    following = windows[1:, :, column] if every else numbers[steps:, column]
    return Samples(
        info=info,
        inputs=np.ascontiguousarray(windows[:-1]),
        targets=np.ascontiguousarray(following[..., np.newaxis]),
        in_time=True,
        continues=column,
    )


SERIES = DataSetSpec(
    kind="csv_sequence",
    title=tr("CSV sequence"),
    summary=tr(
        "Your own table whose rows follow one another in time: the next value of a "
        "column is to be told. The last rows validate."
    ),
    source=tr("Your own file; it is read where it lies and never copied"),
    parameters=(
        FILE,
        TextParameter(
            name="column",
            title=tr("Column"),
            help=tr("Name of the column that is to be forecast; empty for the last one."),
            maximum_length=200,
        ),
        length_parameter(20, 1, tr("Rows in a window.")),
        answers_parameter("last"),
        DELIMITER,
        *SPLIT_PARAMETERS,
    ),
    describe=lambda values, folder: _read(values, folder).info,
    load=_read,
)
