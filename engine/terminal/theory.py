"""The sub-command `theory`: what mean-field theory predicts for each layer, beside what is measured."""

import argparse
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from rich.text import Text

from engine.theory import NUMBERS, Prediction, predict
from engine.worker.prepare import Prepared
from engine.worker.trainer import Trainer

from .commands import BAD_INPUT, TrainOptions, bad_input, prepared

Floats = NDArray[np.float64]

MOST_SEEDS = 1_000
_MOST_CHAINS = 4
_LABEL = 20
_NOTHING = "–"
_LEGEND = (
    "q: mean square of the output; σ: its standard deviation; gradient: RMS of ∂L/∂output over that of the last "
    "layer; band: where a single network of this width should lie; χ: the layer's own factor of ‖gradient‖²."
)


@dataclass(frozen=True, slots=True)
class TheoryOptions:
    """What `theory` was asked for."""

    network: Path
    measure: bool = False
    seeds: int = 5
    json: bool = False

    @staticmethod
    def of(options: argparse.Namespace) -> "TheoryOptions":
        """From the parsed command line."""
        return TheoryOptions(
            **{name: getattr(options, name) for name in TheoryOptions.__dataclass_fields__}
        )


@dataclass(frozen=True, slots=True, eq=False)
class Measurement:
    """Epoch 0 of the network with several seeds; root mean squares over them, a number for each layer."""

    seeds: tuple[int, ...]
    std: Floats
    gradient_rms: Floats
    """Over that of the last layer, as in the prediction."""


def theory(options: TheoryOptions) -> int:
    """Print the prediction for each layer; `measure` puts the network's own figures beside it."""
    if options.measure and not 1 <= options.seeds <= MOST_SEEDS:
        sys.stderr.write(f"--seeds must be from 1 to {MOST_SEEDS:,}, not {options.seeds}.\n")
        return BAD_INPUT
    with bad_input() as failed:
        ready = prepared(TrainOptions(options.network))
        prediction = predict(
            ready.graph, ready.inference, batch_size=ready.config.batch_size, split=ready.split
        )
        measurement = _measured(ready, options.seeds) if options.measure else None
    if failed:
        return BAD_INPUT
    if options.json:
        sys.stdout.write(f"{as_json(ready, prediction, measurement)}\n")
    else:
        _show(ready, prediction, measurement)
    return 0


def _measured(ready: Prepared, count: int) -> Measurement:
    """The table of epoch 0 for `count` seeds, beginning with the network's own."""
    seeds = tuple(range(ready.config.seed, ready.config.seed + count))
    deviations, gradients = [], []
    for seed in seeds:
        config = msgspec.structs.replace(ready.config, seed=seed)
        table = Trainer(replace(ready, config=config)).measure().layers
        deviations.append(table.activation_std**2)
        with np.errstate(divide="ignore", invalid="ignore"):
            rms = table.activation_gradient_rms
            gradients.append((rms / rms[-1]) ** 2)
    return Measurement(
        seeds, np.sqrt(np.mean(deviations, axis=0)), np.sqrt(np.mean(gradients, axis=0))
    )


def as_json(ready: Prepared, prediction: Prediction, measurement: Measurement | None) -> str:
    """One JSON object on one line; what is not known, or not finite, is null."""
    rows = [
        _json_row(ready, prediction, measurement, place) for place in range(len(prediction.nodes))
    ]
    seeds = list(measurement.seeds) if measurement else []
    head = {
        "method": prediction.method,
        "batch_size": ready.config.batch_size,
        "seeds": seeds,
        "notes": list(prediction.notes),
    }
    return msgspec.json.encode({**head, "layers": rows}).decode()


def _json_row(
    ready: Prepared, prediction: Prediction, measurement: Measurement | None, place: int
) -> Mapping[str, object]:
    node = ready.graph.nodes[prediction.nodes[place]]
    row: dict[str, object] = {"id": node.id, "kind": node.kind}
    row |= {name: _finite(getattr(prediction, name)[place]) for name in NUMBERS}
    row |= {"applies": bool(prediction.applies[place]), "reason": prediction.reasons[place]}
    if measurement is not None:
        row["measured_std"] = _finite(measurement.std[place])
        row["measured_gradient_rms"] = _finite(measurement.gradient_rms[place])
    return row


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _show(ready: Prepared, prediction: Prediction, measurement: Measurement | None) -> None:
    # where the output is no terminal, rich would fold the table to 80 columns
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(_table(ready, prediction, measurement))
    for sentence in _sentences(ready, prediction, measurement):
        console.print(sentence, highlight=False, markup=False)


def _table(ready: Prepared, prediction: Prediction, measurement: Measurement | None) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("layer", no_wrap=True)
    for title in _titles(measurement):
        table.add_column(title, justify="right", no_wrap=True)
    for place, node_id in enumerate(prediction.nodes):
        label = ready.graph.nodes[node_id].label
        cells = _cells(prediction, measurement, place)
        applies = bool(prediction.applies[place])
        name = Text(label if len(label) <= _LABEL else f"{label[: _LABEL - 2]}..")
        table.add_row(name, *cells, "" if applies else "?", style="" if applies else "dim")
    return table


def _titles(measurement: Measurement | None) -> Sequence[str]:
    seen = ["measured"] if measurement else []
    return ["q", "σ", *seen, "gradient", *seen, "band", "χ", ""]


def _cells(prediction: Prediction, measurement: Measurement | None, place: int) -> list[str]:
    low, high = prediction.band_low[place], prediction.band_high[place]
    band = _NOTHING if math.isnan(low) else f"{low:.2g} … {high:.2g}"
    gradient = [_figure(prediction.gradient_rms[place])]
    forward = [_figure(prediction.square[place]), _figure(prediction.std[place])]
    if measurement is not None:
        forward.append(_figure(measurement.std[place]))
        gradient.append(_figure(measurement.gradient_rms[place]))
    return [*forward, *gradient, band, _figure(prediction.chi[place])]


def _figure(value: float) -> str:
    return _NOTHING if math.isnan(value) else f"{value:.3g}"


def _sentences(
    ready: Prepared, prediction: Prediction, measurement: Measurement | None
) -> list[str]:
    """What the table means, what it assumes, and where it does not apply."""
    found = [_LEGEND]
    if measurement is not None:
        found.append(_about(measurement))
    if prediction.method == "kernel":
        found.append(
            "Predicted sample by sample on the network's own data, because of its normalisation."
        )
    return [*found, *_chains(ready, prediction), *prediction.notes, *_doubts(ready, prediction)]


def _about(measurement: Measurement) -> str:
    first, last = measurement.seeds[0], measurement.seeds[-1]
    if first == last:
        return f"Measured before the first step, with seed {first} alone."
    return (
        f"Measured before the first step; root mean square over {len(measurement.seeds)} networks, "
        f"seeds {first} to {last}."
    )


def _chains(ready: Prepared, prediction: Prediction) -> list[str]:
    """Fixed points, a sentence for each different one."""
    found: dict[tuple[str, str, str], str] = {}
    through_time: set[str] = set()
    for place, node_id in enumerate(prediction.nodes):
        q, chi_1 = prediction.fixed_point[place], prediction.chi_1[place]
        if math.isnan(q):
            continue
        key = (f"{q:.3g}", f"{chi_1:.4g}", f"{prediction.depth_scale[place]:.3g}")
        node = ready.graph.nodes[node_id]
        found.setdefault(key, node.label)
        if node.spec is not None and node.spec.mean_field == "recurrent":
            through_time.add(node.label)
    return [
        _chain(label, *key, through_time=label in through_time)
        for key, label in list(found.items())[:_MOST_CHAINS]
    ]


def _chain(label: str, q: str, chi_1: str, scale: str, *, through_time: bool) -> str:
    chain = f"Many steps of {label}" if through_time else f"A deep chain of layers like {label}"
    unit = "steps" if through_time else "layers"
    if q == "inf":
        return f"{chain}: no fixed point, as q grows without bound; χ then goes to {chi_1}."
    return f"{chain}: q* = {q}, with χ₁ = {chi_1} and ξ = {scale} {unit}."


def _doubts(ready: Prepared, prediction: Prediction) -> list[str]:
    """Each reason once, with the layers that it is about."""
    about: dict[str, list[str]] = {}
    for node_id, reason in zip(prediction.nodes, prediction.reasons, strict=True):
        # the narrowness differs from layer to layer; the worst of them, which is the first, speaks for all
        key = reason.split(":")[0]
        about.setdefault(key, [reason]).append(ready.graph.nodes[node_id].label)
    return [_doubt(*found) for key, found in about.items() if key]


def _doubt(reason: str, *labels: str) -> str:
    where = labels[0] if len(labels) == 1 else f"{labels[0]} … {labels[-1]}, {len(labels)} layers"
    return f"? {where}: {reason}"
