"""What was not saved comes back after a crash."""

from collections.abc import Callable
from pathlib import Path

from pytestqt.qtbot import QtBot

from engine.graph import AddNodes, Rename
from gui.document import Document
from gui.document.autosave import Autosave

Chain = Callable[..., AddNodes]


def test_changes_are_kept_and_found_again(
    document: Document, chain: Chain, tmp_path: Path, qtbot: QtBot
) -> None:
    file = tmp_path / "state" / "unsaved.json"
    Autosave(document, file, document)
    document.do(chain("Input", "Flatten"))
    qtbot.waitUntil(file.exists, timeout=5_000)

    other = Document()
    found = Autosave(other, file, other).found()
    assert found is not None
    other.restore(*found)
    assert other.graph.same_as(document.graph)
    assert other.modified
    assert other.path is None


def test_the_file_it_belongs_to_is_remembered(
    document: Document, chain: Chain, tmp_path: Path
) -> None:
    keeper = Autosave(document, tmp_path / "unsaved.json", document)
    document.do(chain("Input"))
    document.save(tmp_path / "net.json")
    document.do(Rename("input_1", "pixels"))
    keeper.write()
    found = keeper.found()
    assert found is not None
    assert found[1] == tmp_path / "net.json"
    assert found[0].nodes["input_1"].name == "pixels"


def test_nothing_is_kept_of_a_saved_document(
    document: Document, chain: Chain, tmp_path: Path
) -> None:
    file = tmp_path / "unsaved.json"
    keeper = Autosave(document, file, document)
    document.do(chain("Input"))
    keeper.write()
    assert file.exists()
    document.save(tmp_path / "net.json")
    keeper.write()
    assert not file.exists()
    assert keeper.found() is None


def test_a_damaged_safety_copy_is_no_copy(document: Document, tmp_path: Path) -> None:
    file = tmp_path / "unsaved.json"
    for content in (
        b"",
        b"{",
        b'{"path": "", "network": {}}',
        b"\xff\xfe",
        b'{"path": 3, "network": 4}',
    ):
        file.write_bytes(content)
        assert Autosave(document, file, document).found() is None


def test_an_unwritable_folder_is_said_once(
    document: Document, chain: Chain, tmp_path: Path
) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("in the way")
    keeper = Autosave(document, blocker / "unsaved.json", document)
    said: list[str] = []
    keeper.failed.connect(said.append)
    document.do(chain("Input"))
    keeper.write()
    keeper.write()
    assert len(said) == 1
    assert "cannot be written" in said[0]
