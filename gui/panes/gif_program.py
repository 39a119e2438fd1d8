"""A program that reads PNG pictures from its input and writes an animated GIF; needs Pillow and nothing of the lab.

`python gif_program.py OUT.gif MILLISECONDS`
"""

import io
import struct
import sys
from collections.abc import Iterator
from typing import BinaryIO

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TRUNCATED = "a picture is cut off"


def pictures(stream: BinaryIO) -> Iterator[bytes]:
    """The PNG files that follow one another in a stream; ValueError when it holds anything else."""
    while start := stream.read(len(_SIGNATURE)):
        if start != _SIGNATURE:
            raise ValueError("the input is not a row of PNG pictures")
        parts, kind = [start], b""
        while kind != b"IEND":
            head = stream.read(8)
            if len(head) < 8:
                raise ValueError(_TRUNCATED)
            length, kind = struct.unpack(">I4s", head)
            parts += [head, stream.read(length + 4)]
        yield b"".join(parts)


def main() -> int:
    """Write the GIF; the exit code."""
    from PIL import Image

    frames = (
        Image.open(io.BytesIO(content)).convert("RGB") for content in pictures(sys.stdin.buffer)
    )
    first = next(frames)
    first.save(
        sys.argv[1],
        format="GIF",
        save_all=True,
        append_images=frames,
        duration=int(sys.argv[2]),
        loop=0,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
