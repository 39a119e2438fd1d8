"""The published JSON Schema of network files, derived from the declarations."""

from collections.abc import Sequence
from typing import Any

import msgspec

from engine.data import DATA_SETS
from engine.layers import CATALOGUE
from engine.parameters import (
    BoolParameter,
    ChoiceParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    TextParameter,
)

from .storage import VERSION, NetworkFile

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(training: Sequence[Parameter]) -> dict[str, Any]:
    """The schema of this lab's version of the format; `training` are the training settings.

    Unknown kinds are allowed, with any settings: the lab keeps them as they are.
    """
    (schema,), parts = msgspec.json.schema_components([NetworkFile], ref_template="#/$defs/{name}")
    definitions: dict[str, Any] = dict(parts)
    definitions["StoredNode"]["allOf"] = [
        _of_kind(s.kind, s.parameters) for s in CATALOGUE.values()
    ]
    definitions["StoredData"]["allOf"] = [
        _of_kind(s.kind, s.parameters) for s in DATA_SETS.values()
    ]
    definitions["NetworkFile"]["properties"]["training"] = settings_schema(training)
    return {
        "$schema": _DIALECT,
        "title": f"Gradient Lab network, version {VERSION}",
        **schema,
        "$defs": definitions,
    }


def settings_schema(parameters: Sequence[Parameter]) -> dict[str, Any]:
    """An object with these settings and no others; each may be left out."""
    return {
        "type": "object",
        "properties": {parameter.name: parameter_schema(parameter) for parameter in parameters},
        "additionalProperties": False,
    }


def parameter_schema(parameter: Parameter) -> dict[str, Any]:
    """Type, range, default and help of one setting."""
    common = {"title": parameter.title, "description": parameter.help, "default": parameter.initial}
    return {**_type_of(parameter), **common}


def _type_of(parameter: Parameter) -> dict[str, Any]:
    match parameter:
        case IntParameter(minimum=low, maximum=high):
            return {"type": "integer", "minimum": low, "maximum": high}
        case FloatParameter(minimum=low, maximum=high):
            low_word = "exclusiveMinimum" if parameter.open_minimum else "minimum"
            high_word = "exclusiveMaximum" if parameter.open_maximum else "maximum"
            return {"type": "number", low_word: low, high_word: high}
        case BoolParameter():
            return {"type": "boolean"}
        case ChoiceParameter(choices=choices):
            return {"enum": [choice.value for choice in choices]}
        case TextParameter(maximum_length=length):
            return {"type": "string", "maxLength": length}
        case _:
            raise TypeError(f"{type(parameter).__name__} has no schema")


def _of_kind(kind: str, parameters: Sequence[Parameter]) -> dict[str, Any]:
    return {
        "if": {"properties": {"kind": {"const": kind}}},
        "then": {"properties": {"params": settings_schema(parameters)}},
    }
