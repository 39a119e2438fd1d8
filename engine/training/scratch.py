"""A place on the disk for what need not stay in memory; nothing of it is left when the lab ends, however it ends."""

import os
import tempfile
import weakref
from array import array
from pathlib import Path
from typing import IO

_IN_MEMORY = -1
_ROOMY = Path("/var/tmp")  # noqa: S108 - only ever the folder of a nameless file


class Scratch:
    """Pieces of bytes in one nameless temporary file, which the system removes with the process.

    The file is made with the first piece. A piece that cannot be written stays in memory instead, and `problem`
    says why; later ones are tried again.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """`folder` is where the file lies; None for the system's place for large temporary files."""
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._end = 0
        self._offsets, self._sizes = array("q"), array("q")
        self._in_memory: dict[int, bytes] = {}
        self._closed = False
        self.problem = ""
        """The folder and the system's words once something could not be written; "" before."""

    def put(self, piece: bytes) -> int:
        """Keep a piece; the answer is its key."""
        key = len(self._offsets)
        offset = self._write(piece)
        if offset == _IN_MEMORY:
            self._in_memory[key] = piece
        self._offsets.append(offset)
        self._sizes.append(len(piece))
        return key

    def get(self, key: int) -> bytes:
        """The piece with this key; OSError when the disk does not give it back, ValueError after `close`."""
        if self._closed:
            raise ValueError("the scratch file of this run is closed")
        if self._offsets[key] == _IN_MEMORY:
            return self._in_memory[key]
        assert self._file is not None
        self._file.seek(self._offsets[key])
        piece = self._file.read(self._sizes[key])
        if len(piece) != self._sizes[key]:
            raise OSError("the scratch file is shorter than what was written to it")
        return piece

    def close(self) -> None:
        """Give file and memory back."""
        self._closed = True
        self._in_memory.clear()
        if self._file is not None:
            self._file.close()

    def _write(self, piece: bytes) -> int:
        """Append to the file; the offset, or `_IN_MEMORY` when that failed."""
        try:
            if self._file is None:
                self._file = self._new_file()
            self._file.seek(self._end)
            rest = memoryview(piece)
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            folder = self._folder or usual_folder() or "?"
            self.problem = f"{folder} ({error.strerror or error})"
            return _IN_MEMORY
        offset, self._end = self._end, self._end + len(piece)
        return offset

    def _new_file(self) -> IO[bytes]:
        folder = self._folder or usual_folder()
        file: IO[bytes] = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - until close
        weakref.finalize(self, file.close)
        return file


def usual_folder() -> Path | None:
    """Where large temporary files go: what the person has set, else not the folder that may lie in memory.

    None when the system names none that can be written to.
    """
    named = any(os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    if not named and os.access(_ROOMY, os.W_OK):
        return _ROOMY
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:
        return None
