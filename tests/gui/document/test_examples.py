"""The examples that come with the lab: each opens without a problem and has a name that people read."""

from pathlib import Path

import pytest

from engine.data import describe
from engine.graph import infer, load
from gui.document.examples import examples

FILES = sorted((Path(__file__).parents[3] / "resources" / "examples").glob("*.json"))


def test_each_has_a_title_of_its_own() -> None:
    found = examples(FILES[0].parent)
    assert {path for _, path in found} == set(FILES)
    titles = [title for title, _ in found]
    assert len(set(titles)) == len(titles)
    made = {path.stem.replace("_", " ").capitalize() for path in FILES}
    assert not made & set(titles)
    assert found[0][1].name == "digits_mlp.json"


def test_a_file_that_somebody_put_there_comes_last(tmp_path: Path) -> None:
    for name in ("a_net_of_mine", "mnist_lenet"):
        (tmp_path / f"{name}.json").write_text("{}")
    assert [title for title, _ in examples(tmp_path)] == ["MNIST: a LeNet", "A net of mine"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_opens_without_an_error(path: Path) -> None:
    graph = load(path)
    assert [
        p for p in infer(graph, describe(graph.data, None)).problems if p.severity == "error"
    ] == []
    places = {(node.x, node.y) for node in graph.nodes.values()}
    assert len(places) == len(graph.nodes)
