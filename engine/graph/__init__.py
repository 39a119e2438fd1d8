"""The document model: graph, edits, shape inference, validation, storage. No Qt, no torch."""

from .edits import (
    AddNodes,
    Connect,
    Disconnect,
    Edit,
    MoveNodes,
    RemoveNodes,
    Rename,
    SetData,
    SetParam,
    SetTraining,
    Together,
)
from .inference import Inference, Problem, infer, task_of
from .model import Edge, EditError, NetworkGraph, Node, id_key
from .schema import json_schema
from .storage import StorageError, decode, encode, load, save, write_atomically

__all__ = [
    "AddNodes",
    "Connect",
    "Disconnect",
    "Edge",
    "Edit",
    "EditError",
    "Inference",
    "MoveNodes",
    "NetworkGraph",
    "Node",
    "Problem",
    "RemoveNodes",
    "Rename",
    "SetData",
    "SetParam",
    "SetTraining",
    "StorageError",
    "Together",
    "decode",
    "encode",
    "id_key",
    "infer",
    "json_schema",
    "load",
    "save",
    "task_of",
    "write_atomically",
]
