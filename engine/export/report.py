"""A run as one HTML page: no script, nothing to fetch, every word of the person's escaped."""

import base64
import datetime
import html
import importlib.resources
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.data import DATA_SETS, SPLIT_PARAMETERS
from engine.graph import Inference, NetworkGraph, Node
from engine.language import spoken, tr
from engine.layers import show
from engine.parameters import ChoiceParameter, Parameter, Value, Values
from engine.stats import EpochStats
from engine.training import TRAINING_PARAMETERS, RunHistory

_OUTCOMES = {
    "completed": tr("Completed"),
    "stopped": tr("Stopped by hand"),
    "diverged": tr("Diverged"),
}


@dataclass(frozen=True, slots=True)
class Picture:
    """What a pane showed: its title, its headline, its caption in words, and the drawing as an SVG file."""

    title: str
    headline: str
    caption: str
    svg: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that the page tells."""

    title: str
    graph: NetworkGraph
    """The network as it was trained."""
    inference: Inference | None
    """Its shapes; None when the description of its data set is not at hand."""
    history: RunHistory
    shown: EpochStats
    """The epoch that the pictures show."""
    pictures: Sequence[Picture]
    versions: Sequence[str]
    made: datetime.datetime


def report_html(report: Report) -> str:
    """The page; reads well on a screen, on paper, and aloud."""
    style = importlib.resources.files("resources").joinpath("report.css").read_text("utf-8")
    heading = tr("{title}: report").format(title=report.title)
    shown = tr("What it looked like at epoch {epoch}").format(epoch=report.shown.epoch)
    parts = [
        "<!DOCTYPE html>",
        f'<html lang="{spoken()}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_text(heading)}</title><style>{style}</style></head><body><main>",
        f"<h1>{_text(report.title)}</h1>",
        f"<p>{_text(_preamble(report))}</p>",
        _section(tr("What came out"), _facts(_outcome(report.history))),
        _section(shown, _figures(report.pictures)),
        _section(tr("Network"), _network(report.graph, report.inference)),
        _section(tr("Data set"), _facts(_data(report.graph, report.history))),
        _section(tr("Training"), _facts(settings(TRAINING_PARAMETERS, report.graph.training))),
        _section(tr("Versions"), _list(report.versions)),
        "</main></body></html>\n",
    ]
    return "\n".join(part for part in parts if part)


def _preamble(report: Report) -> str:
    made = report.made.strftime("%Y-%m-%d %H:%M")
    return tr("A training recorded with Gradient Lab; this report was made on {made}.").format(
        made=made
    )


def settings(parameters: Iterable[Parameter], values: Values) -> list[tuple[str, str]]:
    """Title and value of every setting that has an effect."""
    return [
        (parameter.title, shown_value(parameter, values[parameter.name]))
        for parameter in parameters
        if parameter.name in values and parameter.matters(values)
    ]


def shown_value(parameter: Parameter, value: Value) -> str:
    """A setting's value in words, with its unit."""
    if isinstance(parameter, ChoiceParameter):
        titles = {choice.value: choice.title for choice in parameter.choices}
        return titles.get(str(value), str(value))
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{text} {parameter.unit}".strip()


def _outcome(history: RunHistory) -> list[tuple[str, str]]:
    finished, last = history.finished, history.epochs[-1]
    rows = [(tr("Outcome"), _OUTCOMES[finished.outcome] if finished else tr("Under way"))]
    if finished is not None and finished.sentence:
        rows.append((tr("Why"), finished.sentence))
    rows.append((tr("Epochs"), _epochs(last.epoch, history.started.epochs)))
    rows += [
        (title, text)
        for title, text in (
            (tr("Training loss"), _number(last.train_loss)),
            (tr("Training accuracy"), _share(last.train_accuracy)),
            (tr("Validation loss"), _number(last.validation_loss)),
            (tr("Validation accuracy"), _share(last.validation_accuracy)),
            (tr("Learning rate at the end"), _number(last.learning_rate)),
        )
        if text
    ]
    rows.append((tr("Trained numbers"), f"{history.started.parameters:,}"))
    return [*rows, *((tr("Note"), note) for note in history.started.notes)]


def _epochs(done: int, wanted: int) -> str:
    return tr("{done} of {wanted}").format(done=done, wanted=wanted)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _data(graph: NetworkGraph, history: RunHistory) -> list[tuple[str, str]]:
    started, spec = history.started, DATA_SETS.get(graph.data.kind)
    rows = [
        (tr("Data set"), started.data_title),
        (tr("Training samples"), f"{started.train_samples:,}"),
        (tr("Validation samples"), f"{started.validation_samples:,}"),
    ]
    if spec is not None:
        parameters = {p.name: p for p in (*spec.parameters, *SPLIT_PARAMETERS)}
        rows += settings(parameters.values(), graph.data.params)
        rows.append((tr("Source"), spec.source))
    return rows


def _network(graph: NetworkGraph, inference: Inference | None) -> str:
    rows = [
        (
            node.label,
            node.spec.title if node.spec else node.kind,
            _layer_settings(node),
            _inputs(graph, node),
            _shape(inference, node),
            f"{inference.parameter_counts.get(node.id, 0):,}" if inference else "",
        )
        for node in (graph.nodes[node_id] for node_id in graph.order())
    ]
    header = (
        tr("Layer"),
        tr("Kind"),
        tr("Settings"),
        tr("Reads"),
        tr("Output shape"),
        tr("Trained numbers"),
    )
    return _table(header, rows, tr("Layers in the order in which they are computed"))


def _layer_settings(node: Node) -> str:
    if node.spec is None:
        return ""
    rows = settings(node.spec.parameters, node.params)
    return "; ".join(f"{title}: {value}" for title, value in rows)


def _inputs(graph: NetworkGraph, node: Node) -> str:
    edges = sorted(graph.incoming(node.id), key=lambda edge: edge.port)
    return ", ".join(graph.nodes[edge.source].label for edge in edges)


def _shape(inference: Inference | None, node: Node) -> str:
    shape = inference.shapes.get(node.id) if inference else None
    return "" if shape is None or node.kind == "Output" else show(shape)


def _figures(pictures: Sequence[Picture]) -> str:
    return "\n".join(_figure(picture) for picture in pictures)


def _figure(picture: Picture) -> str:
    content = base64.b64encode(picture.svg).decode("ascii")
    return (
        f"<figure><h3>{_text(picture.title)}</h3><p><strong>{_text(picture.headline)}</strong></p>"
        f'<img src="data:image/svg+xml;base64,{content}" alt="{_text(picture.caption)}">'
        f"<figcaption>{_text(picture.caption)}</figcaption></figure>"
    )


def _section(title: str, content: str) -> str:
    return f"<section><h2>{_text(title)}</h2>\n{content}\n</section>" if content else ""


def _facts(rows: Sequence[tuple[str, str]]) -> str:
    lines = (f"<tr><th scope='row'>{_text(t)}</th><td>{_text(v)}</td></tr>" for t, v in rows)
    return f"<table class='facts'><tbody>{''.join(lines)}</tbody></table>"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], caption: str) -> str:
    head = "".join(f"<th scope='col'>{_text(word)}</th>" for word in header)
    body = "".join(
        f"<tr>{''.join(f'<td>{_text(word)}</td>' for word in row)}</tr>\n" for row in rows
    )
    return (
        f"<div class='wide'><table><caption>{_text(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table></div>"
    )


def _list(lines: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{_text(line)}</li>' for line in lines)}</ul>"


def _text(words: str) -> str:
    """Words as HTML: letters only, and none that a browser would refuse."""
    clean = "".join(c for c in words if c in "\t\n" or ord(c) >= 0x20)
    return html.escape(clean.encode("utf-8", "replace").decode("utf-8"), quote=True)
