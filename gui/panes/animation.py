"""An animation of a run: pictures of recorded epochs, piped into an encoder that is installed."""

import importlib.util
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPoint, QProcess, QRect, QSize
from PySide6.QtGui import QImage, QImageWriter

from engine.language import tr
from gui.common.long_work import Pieces, WorkError
from gui.training import Playhead

FRAMES = 200
FRAMES_PER_SECOND = 10
_PIPE_LIMIT = 16_000_000
"""Bytes that may wait for the encoder before the next picture is taken."""
_PATIENCE_MS = 2_000
MISSING = tr(
    "To export animations, install ffmpeg (for MP4 and GIF) or the Python package pillow (for GIF)"
)


@dataclass(frozen=True, slots=True)
class Encoder:
    """A program that makes a film of PNG pictures that it reads from its input."""

    kinds: tuple[str, ...]
    """The endings of the files that it writes."""
    command: Callable[[Path], list[str]]


def find_encoder() -> Encoder | None:
    """The best encoder on this computer; None without any."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg:
        return Encoder((".mp4", ".gif"), lambda path: _ffmpeg(ffmpeg, path))
    if importlib.util.find_spec("PIL") is not None:
        return Encoder((".gif",), _pillow)
    return None


def _ffmpeg(program: str, path: Path) -> list[str]:
    start = [program, "-y", "-loglevel", "error", "-f", "image2pipe"]
    source = ["-framerate", str(FRAMES_PER_SECOND), "-c:v", "png", "-i", "-"]
    if path.suffix.lower() == ".gif":
        how = ["-vf", "split[a][b];[a]palettegen[p];[b][p]paletteuse", "-f", "gif"]
    else:
        how = ["-pix_fmt", "yuv420p", "-movflags", "+faststart", "-f", "mp4"]
    return [*start, *source, *how, str(path)]


def _pillow(path: Path) -> list[str]:
    program = Path(__file__).with_name("gif_program.py")
    return [sys.executable, str(program), str(path), str(1_000 // FRAMES_PER_SECOND)]


def thinned_epochs(count: int) -> list[int]:
    """At most `FRAMES` places of a history of `count` epochs, evenly spread, the first and the newest among them."""
    if count <= 0:
        return []
    places = np.linspace(0, count - 1, min(count, FRAMES)).round().astype(int)
    return [int(place) for place in places]


def film(playhead: Playhead, grab: Callable[[], QImage], encoder: Encoder, path: Path) -> Pieces:
    """Show epoch after epoch, take a picture of each, and have the encoder write `path`.

    The playhead returns to where it was, also when the work is given up; then there is no file either. WorkError
    says in a sentence what went wrong.
    """
    aside = path.with_name(f".{path.stem}.part{path.suffix}")
    before, process = playhead.epoch, QProcess()
    program, *arguments = encoder.command(aside)
    process.start(program, arguments)
    try:
        frames = _Frames(grab)
        for done, epoch in enumerate(thinned_epochs(playhead.last + 1)):
            playhead.go(epoch)
            yield done  # whatever follows the playhead by itself comes to its turn
            process.write(frames.next())
            yield from _drained(process, _PIPE_LIMIT)
        yield from _drained(process, 0)
        process.closeWriteChannel()
        while process.state() != QProcess.ProcessState.NotRunning:
            yield None
        _check(process, program)
        _put_in_place(aside, path)
    finally:
        playhead.go(before)
        _end(process)
        aside.unlink(missing_ok=True)


class _Frames:
    """Takes pictures, all of the first one's size: even numbers of pixels, as MP4 wants."""

    def __init__(self, grab: Callable[[], QImage]) -> None:
        self._grab = grab
        self._size = QSize()

    def next(self) -> bytes:
        image = self._grab()
        if self._size.isEmpty():
            self._size = QSize(image.width() // 2 * 2, image.height() // 2 * 2)
        if image.size().boundedTo(self._size) != self._size:
            image = image.scaled(self._size)
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        frame = image.copy(QRect(QPoint(), self._size))
        QImageWriter(buffer, QByteArray(b"png")).write(frame)
        return bytes(buffer.data().data())


def _drained(process: QProcess, limit: int) -> Iterator[None]:
    """Wait while more than `limit` bytes are under way to the encoder."""
    while process.state() != QProcess.ProcessState.NotRunning and process.bytesToWrite() > limit:
        yield None
    if process.state() == QProcess.ProcessState.NotRunning:
        _check(process, process.program())
        raise WorkError(
            tr("{program} ended before it had all pictures").format(program=process.program())
        )


def _check(process: QProcess, program: str) -> None:
    if process.error() == QProcess.ProcessError.FailedToStart:
        raise WorkError(
            tr("{program} cannot be started: {error}").format(
                program=program, error=process.errorString()
            )
        )
    crashed = process.exitStatus() == QProcess.ExitStatus.CrashExit
    if crashed or process.exitCode() != 0:
        words = bytes(process.readAllStandardError().data()).decode("utf-8", "replace").strip()
        reason = (
            words.splitlines()[-1]
            if words
            else tr("exit code {code}").format(code=process.exitCode())
        )
        raise WorkError(
            tr("{program} could not write the animation: {reason}").format(
                program=Path(program).name, reason=reason
            )
        )


def _put_in_place(aside: Path, path: Path) -> None:
    try:
        aside.replace(path)
    except OSError as error:
        raise WorkError(
            tr("Cannot save {path}: {reason}").format(path=path, reason=error.strerror or error)
        ) from None


def _end(process: QProcess) -> None:
    if process.state() != QProcess.ProcessState.NotRunning:
        process.kill()
        process.waitForFinished(_PATIENCE_MS)
    process.deleteLater()
