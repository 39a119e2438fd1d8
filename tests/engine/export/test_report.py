"""The report as a browser's parser reads it: what it tells, and that nothing in it can act."""

import base64
import datetime
import itertools
from html.parser import HTMLParser

import numpy as np
import pytest

from engine.data import DataSpec, describe
from engine.export import Picture, Report, report_html
from engine.export.report import settings, shown_value
from engine.graph import Edge, NetworkGraph, Node, infer
from engine.layers import CATALOGUE
from engine.stats import EpochStats, LayerTable, StepStats
from engine.training import (
    TRAINING_DEFAULTS,
    TRAINING_PARAMETERS,
    LayerInfo,
    RunFinished,
    RunHistory,
    RunStarted,
)

HOSTILE = "</td><script>alert('1')</script>\" onload='x' &amp; \x00\ud800<img src=x>"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


class _Page(HTMLParser):
    """Collects texts, tags and attributes; checks that what is opened is closed."""

    VOID = ("meta", "img")

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: dict[str, list[str]] = {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)
            self.words.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in set(self.open):
            self.words[tag][-1] += data


def _graph(name: str = "") -> NetworkGraph:
    kinds = ("Input", "Flatten", "Linear", "ReLU", "Output")
    nodes = [Node(f"{k.lower()}_1", k, "", CATALOGUE[k].defaults) for k in kinds]
    nodes[2] = Node(
        "linear_1", "Linear", name, {**CATALOGUE["Linear"].defaults, "out_features": 10}
    )
    edges = [Edge(a.id, b.id) for a, b in itertools.pairwise(nodes)]
    training = {**TRAINING_DEFAULTS, "seed": 77, "learning_rate": 0.025}
    return NetworkGraph(nodes, edges, DataSpec("digits"), training)


def _history(note: str = "") -> RunHistory:
    layers = (LayerInfo("linear_1", "Linear", "Linear 1", True),)
    started = RunStarted(1, layers, 9, 45, 32, 650, 1_437, 360, "Digits", (note,) if note else ())
    history = RunHistory(started)
    for epoch in range(3):
        norms = np.ones(45 if epoch else 0)
        steps = StepStats(norms, norms, norms, norms)
        history.add_epoch(
            EpochStats(
                epoch, 0.5, 0.25, 0.125, 0.875, 0.1, 0.025, 1.0, LayerTable.empty(1, 8), steps
            )
        )
    return history


def _report(name: str = "", caption: str = "It is well.", outcome: str = "") -> Report:
    graph, history = _graph(name), _history(name)
    if outcome:
        history.finished = RunFinished(1, "diverged", 2, outcome)
    return Report(
        title=name or "my network",
        graph=graph,
        inference=infer(graph, describe(graph.data, None)),
        history=history,
        shown=history.epochs[1],
        pictures=[Picture("Loss", name or "97 %", caption, SVG)],
        versions=["gradient-lab 0", "torch 2"],
        made=datetime.datetime(2020, 1, 2, 3, 4),
    )


def _outcome(page: _Page) -> dict[str, str]:
    """The first table: its titles and values."""
    end = page.words["th"].index("Trained numbers") + 1
    return dict(zip(page.words["th"][:end], page.words["td"][:end], strict=True))


def test_network_settings_outcome_and_versions_are_told() -> None:
    page = _Page(report_html(_report()))
    text = page.words["body"][0]
    facts = _outcome(page)
    assert facts["Outcome"] == "Under way"
    assert facts["Epochs"] == "2 of 9"
    assert facts["Training loss"] == "0.5"
    assert facts["Validation accuracy"] == "87.5%"
    assert facts["Trained numbers"] == "650"
    for words in ("Seed", "77", "0.025", "Digits", "1,437", "torch 2", "2020-01-02 03:04"):
        assert words in text
    assert "What it looked like at epoch 1" in text


def test_every_layer_has_a_row_with_shape_and_number_of_weights() -> None:
    page = _Page(report_html(_report()))
    cells = page.words["td"]
    start = cells.index("Linear 1")
    row = cells[start : start + 6]
    assert row[1] == "Linear"
    assert "10" in row[2]
    assert row[3:] == ["Flatten 1", "10", f"{64 * 10 + 10:,}"]
    assert "1 × 8 × 8" in cells[cells.index("Input 1") : start]


@pytest.mark.parametrize("outcome", ["It diverged at step 3", "<b>&"])
def test_a_divergence_says_why(outcome: str) -> None:
    page = _Page(report_html(_report(outcome=outcome)))
    facts = _outcome(page)
    assert (facts["Outcome"], facts["Why"]) == ("Diverged", outcome)


def test_pictures_travel_inside_and_their_captions_are_read_aloud() -> None:
    page = _Page(report_html(_report(caption='Loss "fell" to <0.1')))
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    assert len(images) == 1
    head, content = str(images[0]["src"]).split(",")
    assert head == "data:image/svg+xml;base64"
    assert base64.b64decode(content) == SVG
    assert images[0]["alt"] == 'Loss "fell" to <0.1'
    assert page.words["figcaption"] == ['Loss "fell" to <0.1']


def test_nothing_in_the_page_acts_or_is_fetched_whatever_a_layer_is_called() -> None:
    text = report_html(_report(HOSTILE, caption=HOSTILE, outcome=HOSTILE))
    page = _Page(text)
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "link", "iframe", "object", "embed", "base", "form"}
    assert sum(tag == "img" for tag, _ in page.tags) == 1
    for tag, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes), tag
        assert str(attributes.get("src", "data:")).startswith("data:")
        assert "href" not in attributes
    assert "url(" not in text
    assert "@import" not in text
    assert "\x00" not in text
    shown = HOSTILE.replace("\x00", "").replace("\ud800", "?")
    assert page.words["h1"] == [shown]
    assert shown in page.words["td"]
    text.encode("utf-8")


def test_headings_language_and_tables_help_those_who_listen() -> None:
    page = _Page(report_html(_report()))
    attributes = dict(page.tags[:1])
    assert attributes == {"html": {"lang": "en"}}
    assert len(page.words["h1"]) == 1
    levels = [int(tag[1]) for tag, _ in page.tags if tag in ("h1", "h2", "h3")]
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert all("scope" in found for tag, found in page.tags if tag == "th")
    assert "print" in page.words["style"][0]


def test_without_a_description_of_the_data_shapes_stay_empty() -> None:
    report = _report()
    bare = Report(
        title=report.title,
        graph=report.graph,
        inference=None,
        history=report.history,
        shown=report.shown,
        pictures=[],
        versions=[],
        made=report.made,
    )
    cells = _Page(report_html(bare)).words["td"]
    start = cells.index("Linear 1")
    assert cells[start + 4 : start + 6] == ["", ""]


def test_an_unknown_kind_of_layer_and_of_data_is_told_as_far_as_it_is_known() -> None:
    graph = NetworkGraph([Node("warp_1", "Warp", "", {"x": 1})], (), DataSpec("nowhere"))
    report = _report()
    other = Report(
        title="x",
        graph=graph,
        inference=None,
        history=report.history,
        shown=report.shown,
        pictures=[],
        versions=[],
        made=report.made,
    )
    cells = _Page(report_html(other)).words["td"]
    assert "Warp 1" in cells


def test_settings_without_an_effect_are_left_out() -> None:
    titles = {p.name: p.title for p in TRAINING_PARAMETERS}
    without = dict(settings(TRAINING_PARAMETERS, {**TRAINING_DEFAULTS, "clip_mode": "none"}))
    clipped = dict(settings(TRAINING_PARAMETERS, {**TRAINING_DEFAULTS, "clip_mode": "norm"}))
    extra = set(clipped) - set(without)
    assert extra
    assert titles["clip_mode"] in without
    assert extra <= set(titles.values())


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [("batch_size", 32, "32 samples"), ("learning_rate", 0.1, "0.1"), ("epochs", 5, "5")],
)
def test_values_are_shown_with_their_unit(name: str, value: float, words: str) -> None:
    parameter = next(p for p in TRAINING_PARAMETERS if p.name == name)
    assert shown_value(parameter, value) == words
