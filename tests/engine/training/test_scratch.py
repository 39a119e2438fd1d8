"""A nameless file for what is put aside; a disk that refuses loses nothing."""

import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.training.scratch import Scratch, usual_folder

PIECES = [b"one", b"", b"three" * 1_000, bytes(range(256))]


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@contextmanager
def _largest_file(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def test_pieces_come_back_in_any_order_and_leave_no_name(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path)
    keys = [scratch.put(piece) for piece in PIECES]
    for key in (2, 0, 3, 1, 2):
        assert scratch.get(keys[key]) == PIECES[key]
    assert list(tmp_path.iterdir()) == []
    assert scratch.problem == ""
    scratch.close()


@pytest.mark.parametrize("explicit", [True, False])
def test_the_file_is_closed_with_its_owner(tmp_path: Path, explicit: bool) -> None:
    before = _open_files()
    scratch = Scratch(tmp_path)
    assert _open_files() == before
    scratch.put(b"x")
    assert _open_files() == before + 1
    if explicit:
        scratch.close()
        with pytest.raises(ValueError, match="closed"):
            scratch.get(0)
    del scratch
    assert _open_files() == before


def test_a_folder_that_is_not_there_loses_nothing(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path / "missing")
    keys = [scratch.put(piece) for piece in PIECES]
    assert [scratch.get(key) for key in keys] == PIECES
    assert scratch.problem == f"{tmp_path / 'missing'} (No such file or directory)"
    (tmp_path / "missing").mkdir()
    assert scratch.get(scratch.put(b"again")) == b"again"
    scratch.close()


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path)
    keys = [scratch.put(b"a" * 1_000)]
    with _largest_file(1_500):
        keys.append(scratch.put(b"b" * 1_000))  # half of it fits
        assert scratch.problem == f"{tmp_path} (File too large)"
        assert scratch.get(keys[1]) == b"b" * 1_000
    keys.append(scratch.put(b"c" * 1_000))
    assert [scratch.get(key)[:1] for key in keys] == [b"a", b"b", b"c"]
    assert [len(scratch.get(key)) for key in keys] == [1_000] * 3
    scratch.close()


def test_the_person_decides_where_temporary_files_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert usual_folder() == tmp_path
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.delenv(name, raising=False)
    folder = usual_folder()
    assert folder is not None
    assert os.access(folder, os.W_OK)
