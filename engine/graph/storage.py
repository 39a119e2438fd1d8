"""Network files: versioned JSON, validated on load, written whole or not at all."""

import contextlib
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec.structs import replace

from engine.data import DataSpec
from engine.language import tr
from engine.parameters import Value

from .edits import MAXIMUM_NAME
from .model import Edge, NetworkGraph, Node

FORMAT: Final = "gradient-lab/network"
VERSION: Final = 2
MAXIMUM_BYTES = 16 * 2**20
MAXIMUM_NODES = 5_000


class StorageError(Exception):
    """The file cannot be read or written; the message is a sentence for the person, with the file's name."""


Id = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_]{1,64}$")]


class StoredNode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A layer in a file. Settings that are left out take their defaults."""

    id: Id
    kind: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    name: Annotated[str, msgspec.Meta(max_length=MAXIMUM_NAME)] = ""
    params: dict[str, Any] = {}
    x: Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)] = 0.0
    y: Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)] = 0.0


class StoredEdge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A wire in a file."""

    source: Id
    target: Id
    port: Annotated[int, msgspec.Meta(ge=0, le=1_000)] = 0


class StoredData(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The data set in a file."""

    kind: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    params: dict[str, Value] = {}


class NetworkFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A network file, version 2."""

    format: Literal["gradient-lab/network"]
    version: Literal[2]
    nodes: Annotated[list[StoredNode], msgspec.Meta(max_length=MAXIMUM_NODES)]
    edges: Annotated[list[StoredEdge], msgspec.Meta(max_length=8 * MAXIMUM_NODES)] = []
    data: StoredData = StoredData("digits")
    training: dict[str, Value] = {}


def _with_own_biases(raw: dict[str, Any]) -> dict[str, Any]:
    """Version 1 had no setting for biases: they were torch's with torch's weights, and zeros with all others."""
    nodes = raw.get("nodes")
    for node in nodes if isinstance(nodes, list) else ():
        params = node.get("params") if isinstance(node, dict) else None
        if not isinstance(params, dict) or node.get("kind") not in ("Linear", "Conv2d"):
            continue
        if params.get("initializer") == "torch_default":
            params.setdefault("bias_initializer", "torch_default")
    return {**raw, "version": 2}


MIGRATIONS: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _with_own_biases}
"""For each old version the function that turns its JSON into that of the next one."""


def encode(graph: NetworkGraph) -> bytes:
    """The document as JSON text (UTF-8): nodes in topological order, so that files compare well line by line."""
    ordered = [graph.nodes[node_id] for node_id in graph.order()]
    stored = NetworkFile(
        format=FORMAT,
        version=VERSION,
        nodes=[StoredNode(n.id, n.kind, n.name, dict(n.params), n.x, n.y) for n in ordered],
        edges=[StoredEdge(e.source, e.target, e.port) for e in sorted(graph.edges)],
        data=StoredData(graph.data.kind, dict(graph.data.params)),
        training=dict(graph.training),
    )
    return msgspec.json.format(msgspec.json.encode(stored), indent=2) + b"\n"


def decode(text: bytes) -> NetworkGraph:
    """Read a document from JSON text; `StorageError` says what is wrong and where in the text."""
    if len(text) > MAXIMUM_BYTES:
        raise StorageError(
            tr("it has {text:,} bytes; a network file has at most {maximum_bytes:,}").format(
                text=len(text), maximum_bytes=MAXIMUM_BYTES
            )
        )
    stored = _validated(_migrated(_parsed(text)))
    graph = NetworkGraph(
        (_filled(node) for node in stored.nodes),
        (Edge(edge.source, edge.target, edge.port) for edge in stored.edges),
        DataSpec(stored.data.kind, stored.data.params),
        stored.training,
    )
    _check_wiring(stored, graph)
    return graph


def _parsed(text: bytes) -> dict[str, Any]:
    try:
        raw = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StorageError(tr("it is not complete JSON ({error})").format(error=error)) from None
    except RecursionError:
        raise StorageError(tr("its JSON is nested too deeply")) from None
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise StorageError(
            tr('it is not a Gradient Lab network: "format" should be "{format}"').format(
                format=FORMAT
            )
        )
    return raw


def _migrated(raw: dict[str, Any]) -> dict[str, Any]:
    version = raw.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise StorageError(tr('its "version" should be a whole number from 1'))
    if version > VERSION:
        raise StorageError(
            tr(
                "it was written by a newer Gradient Lab (version {version}; this one reads "
                "up to {own_version}). Update the lab"
            ).format(version=version, own_version=VERSION)
        )
    while raw["version"] < VERSION:
        raw = MIGRATIONS[raw["version"]](raw)
    return raw


def _validated(raw: dict[str, Any]) -> NetworkFile:
    try:
        return msgspec.convert(raw, NetworkFile, strict=True)
    except msgspec.ValidationError as error:
        raise StorageError(tr("its contents do not fit: {error}").format(error=error)) from None


def _filled(stored: StoredNode) -> Node:
    node = Node(stored.id, stored.kind, stored.name, stored.params, stored.x, stored.y)
    return replace(node, params={**node.spec.defaults, **node.params}) if node.spec else node


def _check_wiring(stored: NetworkFile, graph: NetworkGraph) -> None:
    """What no edit could have made is damage, not a network under construction."""
    if len(graph.nodes) < len(stored.nodes):
        raise StorageError(tr("two of its layers have the same id"))
    taken: set[tuple[str, int]] = set()
    for edge in stored.edges:
        for end in (edge.source, edge.target):
            if end not in graph.nodes:
                raise StorageError(
                    tr("a wire leads to {end!r}, and there is no such layer").format(end=end)
                )
        if (edge.target, edge.port) in taken:
            raise StorageError(
                tr("input {port} of {target!r} has two wires").format(
                    port=edge.port, target=edge.target
                )
            )
        taken.add((edge.target, edge.port))
        target = graph.nodes[edge.target].spec
        if target is not None and edge.port >= target.inputs.maximum:
            raise StorageError(
                tr("{target!r} has no input {port}").format(target=edge.target, port=edge.port)
            )
        source = graph.nodes[edge.source].spec
        if source is not None and not source.has_output:
            raise StorageError(
                tr("{source!r} has no output, and a wire begins there").format(source=edge.source)
            )


def load(path: Path) -> NetworkGraph:
    """Read a network file; `StorageError` names the file and what is wrong with it."""
    try:
        if not path.is_file():
            reason = tr("it is not a file") if path.exists() else tr("there is no such file")
            raise StorageError(reason)
        with path.open("rb") as file:
            text = file.read(MAXIMUM_BYTES + 1)
        return decode(text)
    except OSError as error:
        raise StorageError(
            tr("Cannot open {path}: {strerror}").format(path=path, strerror=error.strerror or error)
        ) from None
    except StorageError as error:
        raise StorageError(
            tr("Cannot open {path}: {error}").format(path=path, error=error)
        ) from None


def save(graph: NetworkGraph, path: Path) -> None:
    """Write a network file atomically: after a crash or on a full disk the old file is still whole."""
    write_atomically(path, encode(graph))


def write_atomically(path: Path, content: bytes) -> None:
    """Write aside, flush to the disk, then rename over `path`; `StorageError` leaves the old file as it was."""
    aside = ""
    try:
        handle, aside = tempfile.mkstemp(
            prefix=f".{path.name[:64]}.", suffix=".part", dir=path.parent
        )
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _copy_permissions(path, aside)
        Path(aside).replace(path)
    except OSError as error:
        if aside:
            with contextlib.suppress(OSError):
                Path(aside).unlink()
        raise StorageError(
            tr("Cannot save {path}: {strerror}. The old file is unchanged").format(
                path=path, strerror=error.strerror or error
            )
        ) from None


def _copy_permissions(path: Path, aside: str) -> None:
    """mkstemp makes files that only their owner can read; keep what the person had, or the usual."""
    try:
        mode = path.stat().st_mode & 0o777
    except FileNotFoundError:
        umask = os.umask(0)
        os.umask(umask)
        mode = 0o666 & ~umask
    Path(aside).chmod(mode)
