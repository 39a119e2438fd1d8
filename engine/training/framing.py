"""Frames on a pipe: four bytes of length, then msgpack. Arrays travel as dtype, shape and bytes; nothing is pickled."""

import struct
from collections.abc import Iterator, Mapping
from typing import Any, cast

import msgspec
import numpy as np

from engine.stats import Backdrop, EpochStats, LayerTable

from .messages import Command, EpochEnded, Examined, Measured, Message, Progress, RunStarted

MAXIMUM_FRAME = 256 * 2**20
_ANY_ROW = 2**31
_LENGTH = struct.Struct(">I")
_DTYPES: Mapping[str, np.dtype[Any]] = {
    "f8": np.dtype("<f8"),
    "f4": np.dtype("<f4"),
    "i8": np.dtype("<i8"),
    "u4": np.dtype("<u4"),
    "f2": np.dtype("<f2"),
    "u2": np.dtype("<u2"),
    "u1": np.dtype("u1"),
    "i1": np.dtype("i1"),
}


class FrameError(Exception):
    """What arrived is not a frame of ours; the stream cannot be trusted any further."""


def encode_array(value: object) -> tuple[str, tuple[int, ...], bytes]:
    """An array as dtype, shape and bytes."""
    if not isinstance(value, np.ndarray):
        raise NotImplementedError(f"{type(value).__name__} does not travel")
    array: np.ndarray[Any, Any] = value
    dtype = f"{array.dtype.kind}{array.dtype.itemsize}"
    little = np.ascontiguousarray(array, _DTYPES[dtype])
    return dtype, array.shape, little.tobytes()


def decode_array(_expected: type, value: Any) -> np.ndarray[Any, Any]:
    """Rebuild an array after checking that its three parts agree; ValueError (seen as a bad frame) if not."""
    dtype, shape, content = value
    if dtype not in _DTYPES:
        raise ValueError("array of an unknown type")
    count = size_of(shape)
    if not isinstance(content, bytes) or count * _DTYPES[dtype].itemsize != len(content):
        raise ValueError("array whose bytes do not fill its shape")
    array: np.ndarray[Any, Any] = np.frombuffer(content, _DTYPES[dtype]).reshape(shape)
    return array


def size_of(shape: Any) -> int:
    """How many numbers an array of a shape holds; ValueError when it is none."""
    count = 1
    for size in shape:
        if type(size) is not int or size < 0:
            raise ValueError("array of an impossible shape")
        count *= size
    return count


_encoder = msgspec.msgpack.Encoder(enc_hook=encode_array)
_command_decoder = msgspec.msgpack.Decoder(Command, dec_hook=decode_array)
_message_decoder = msgspec.msgpack.Decoder(Message, dec_hook=decode_array)


def frame(message: Command | Message) -> bytes:
    """A command or message as bytes for the pipe."""
    body = _encoder.encode(message)
    if len(body) > MAXIMUM_FRAME:
        raise FrameError(f"a frame of {len(body):,} bytes is larger than {MAXIMUM_FRAME:,}")
    return _LENGTH.pack(len(body)) + body


class FrameReader:
    """Cuts a stream of bytes, arriving in pieces of any size, into frame bodies."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Take in a piece and yield each body that is now complete; `FrameError` on an impossible length."""
        self._buffer += piece
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer)
            if length > MAXIMUM_FRAME:
                raise FrameError(
                    f"a frame claims {length:,} bytes; at most {MAXIMUM_FRAME:,} are allowed"
                )
            end = _LENGTH.size + length
            if len(self._buffer) < end:
                return
            body = bytes(self._buffer[_LENGTH.size : end])
            del self._buffer[:end]
            yield body


def decode_command(body: bytes) -> Command:
    """The command in a frame body; `FrameError` when it is none."""
    return cast("Command", decode_body(_command_decoder, body))


def decode_message(body: bytes) -> Message:
    """The message in a frame body, its tables checked; `FrameError` when it is none."""
    message = cast("Message", decode_body(_message_decoder, body))
    try:
        _check(message)
    except (ValueError, IndexError) as error:
        raise FrameError(str(error)) from None
    return message


def _check(message: Message) -> None:
    match message:
        case EpochEnded(stats=EpochStats(layers=table, picture=picture)):
            table.check(len(table.weight_rms))
            if picture is not None:
                picture.check(len(table.weight_rms))
        case Examined(examination=found):
            found.check(len(found.dead))
        case Measured(layers=layers, table=LayerTable() as table):
            table.check(len(layers))
        case Progress(layers=table, picture=picture):
            if table is not None:
                table.check(len(table.weight_rms))
            if picture is not None:
                picture.check(_ANY_ROW)  # the history knows how many there are
        case RunStarted(backdrop=Backdrop() as backdrop):
            backdrop.check()


def decode_body(decoder: Any, body: bytes) -> Any:
    """What a decoder of msgspec reads; `FrameError` when it cannot."""
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, ValueError, TypeError, RecursionError) as error:
        raise FrameError(f"a frame could not be read: {error}") from None
