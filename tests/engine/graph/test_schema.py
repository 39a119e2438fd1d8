"""The published JSON Schema is the one that the declarations give."""

import json
from importlib.resources import files

from engine.graph import json_schema
from engine.graph.storage import VERSION
from engine.layers import CATALOGUE
from engine.training import TRAINING_PARAMETERS


def test_published_schema_is_up_to_date() -> None:
    published = files("resources").joinpath("schema", f"network-{VERSION}.schema.json")
    derived = json.loads(json.dumps(json_schema(TRAINING_PARAMETERS)))
    assert json.loads(published.read_text("utf-8")) == derived


def test_every_kind_and_setting_is_in_it() -> None:
    rules = json_schema(TRAINING_PARAMETERS)["$defs"]["StoredNode"]["allOf"]
    settings = {
        rule["if"]["properties"]["kind"]["const"]: set(
            rule["then"]["properties"]["params"]["properties"]
        )
        for rule in rules
    }
    assert settings == {kind: set(spec.defaults) for kind, spec in CATALOGUE.items()}
