"""Files and options that have to be refused, and what has to be said of each."""

import itertools
import json
from collections.abc import Mapping
from typing import Any

from tests.integration.command_runs import EXAMPLE


def _network(units: object = 2, **changes: object) -> dict[str, Any]:
    """A small network for points in a plane, as a file says it."""
    chain = ["input_1", "linear_1", "tanh_1", "linear_2", "output_1"]
    settings = {"linear_1": {"out_features": 8}, "linear_2": {"out_features": units}}
    kinds = {"input": "Input", "linear": "Linear", "tanh": "Tanh", "output": "Output"}
    nodes = [
        {"id": name, "kind": kinds[name.split("_")[0]], "params": settings.get(name, {})}
        for name in chain
    ]
    edges = [{"source": a, "target": b} for a, b in itertools.pairwise(chain)]
    network = {"format": "gradient-lab/network", "version": 2, "nodes": nodes, "edges": edges}
    data = {"kind": "moons", "params": {"samples": 100}}
    return {**network, "data": data, "training": {"epochs": 1}, **changes}


def _text(*units: object, **changes: object) -> bytes:
    return json.dumps(_network(*units, **changes)).encode()


def _node(**fields: object) -> list[dict[str, object]]:
    return [{"id": "input_1", "kind": "Input", **fields}]


def _flowers() -> bytes:
    """Three kinds that lie far apart; the label is the first column, and the last one holds quantities."""
    kinds = ("iris", "lily", "rose")
    rows = [
        f"{kinds[n % 3]},{n % 3 * 10 + n / 100},{n % 3 * -5 + n / 90 + 0.5}" for n in range(120)
    ]
    return "\n".join(["kind,length,width", *rows]).encode()


GOOD = _text()
NOT_JSON = "not complete JSON"
MISFIT = "do not fit"

BAD_NETWORKS: Mapping[str, tuple[bytes, str]] = {
    "empty.json": (b"", NOT_JSON),
    "truncated.json": (GOOD[:-40], NOT_JSON),
    "zeros.json": (b"\0" * 5_000, NOT_JSON),
    "binary.json": (bytes(range(256)) * 9, NOT_JSON),
    "utf16.json": (GOOD.decode().encode("utf-16"), NOT_JSON),
    "not_utf8.json": (GOOD.replace(b"Tanh", b"T\xff\xfeh"), NOT_JSON),
    "not_a_number.json": (GOOD.replace(b"100", b"NaN"), NOT_JSON),
    "no_such_number.json": (GOOD.replace(b"100", b"1e999"), NOT_JSON),
    "nested_lists.json": (b"[" * 200_000, "nested too deeply"),
    "nested_objects.json": (b'{"a":' * 200_000, "nested too deeply"),
    "nested_inside.json": (
        GOOD.replace(b"100", b"[" * 5_000 + b"]" * 5_000),
        "nested too deeply",
    ),
    "large.json": (GOOD + b" " * 20 * 2**20, "16,777,216"),
    "list.json": (b"[]", "format"),
    "word.json": (b'"network"', "format"),
    "null.json": (b"null", "format"),
    "other_format.json": (_text(format="somebody/elses"), "format"),
    "newer.json": (_text(version=99), "Update the lab"),
    "zeroth.json": (_text(version=0), "version"),
    "true_version.json": (_text(version=True), "version"),
    "unknown_field.json": (_text(surprise=1), "surprise"),
    "text_for_nodes.json": (_text(nodes="all"), MISFIT),
    "number_for_node.json": (_text(nodes=[7]), MISFIT),
    "path_for_id.json": (_text(nodes=_node(id="../../etc")), MISFIT),
    "number_for_kind.json": (_text(nodes=_node(kind=3)), MISFIT),
    "far_away.json": (_text(nodes=_node(x=1e300)), MISFIT),
    "long_name.json": (_text(nodes=_node(name="n" * 10_000)), MISFIT),
    "list_for_epochs.json": (_text(training={"epochs": [1]}), MISFIT),
    "twins.json": (_text(nodes=_node() * 2, edges=[]), "same id"),
    "loose_wire.json": (_text(edges=[{"source": "input_1", "target": "nobody"}]), "nobody"),
    "from_output.json": (_text(edges=[{"source": "output_1", "target": "tanh_1"}]), "no output"),
}
"""Files that are no network, and what has to be said of each beside its name."""

BROKEN_NETWORKS: Mapping[str, tuple[bytes, str]] = {
    "no_layers.json": (_text(nodes=[], edges=[]), "empty"),
    "unknown_kind.json": (_text(nodes=_node(kind="Dropin"), edges=[]), "'Dropin'"),
    "no_wires.json": (_text(edges=[]), "Output 1 has no input"),
    "too_many_units.json": (_text(10**30), "Linear 2: Units"),
    "negative_units.json": (_text(-1), "Linear 2: Units"),
    "units_in_words.json": (_text("two"), "Linear 2: Units"),
    "half_a_unit.json": (_text(2.5), "Linear 2: Units"),
    "no_units.json": (_text(None), "Linear 2: Units"),
    "wrong_classes.json": (_text(7), "Output 1: softmax wants one number for each class"),
    "unknown_data.json": (_text(data={"kind": "suns"}), "'suns'"),
    "few_samples.json": (_text(data={"kind": "moons", "params": {"samples": -4}}), "Samples"),
    "device.json": (_text(data={"kind": "csv", "params": {"path": "/dev/zero"}}), "/dev/zero"),
    "null_path.json": (_text(data={"kind": "csv", "params": {"path": "a\0b"}}), "null character"),
    "no_table.json": (_text(data={"kind": "csv"}), "No CSV file is chosen"),
    "unknown_setting.json": (_text(training={"speed": 1}), "'speed'"),
    "enormous_rate.json": (_text(training={"learning_rate": 1e6}), "Learning rate must be"),
    "no_epochs.json": (_text(training={"epochs": 0}), "Epochs must be"),
}
"""Networks that cannot be trained, and what has to be said of each."""

BAD_TABLES: Mapping[str, tuple[bytes, str]] = {
    "empty.csv": (b"", "empty"),
    "header.csv": (b"a,b,kind\n", "no rows"),
    "column.csv": (b"a\n1\n2\n3\n", "single column"),
    "headless.csv": (b"1,2,3\n4,5,6\n7,8,9\n", "header"),
    "nameless.csv": (b"," * 50_000, "no name"),
    "twins.csv": (b"a,a,kind\n1,2,x\n", "two columns"),
    "words.csv": (b"a,b,kind\n" + b"tall,thin,x\n" * 9, "line 2 (a is 'tall', not a number)"),
    "ragged.csv": (b"a,b,kind\n" + b"1\n" * 9, "line 2 (1 fields instead of 3)"),
    "infinite.csv": (b"a,b,kind\n" + b"inf,nan,x\n" * 9, "'inf', not a number"),
    "one_class.csv": (b"a,b,kind\n" + b"1,2,x\n" * 9, "at least two classes"),
    "two_rows.csv": (b"a,b,kind\n1,2,x\n3,4,y\n", "at least 3"),
    "binary.csv": (bytes(range(1, 256)), "UTF-8"),
    "zeros.csv": (b"\0" * 5_000, "null characters"),
    "utf16.csv": ("a,b,kind\n1,2,x\n".encode("utf-16"), "UTF-8"),
    "unclosed.csv": (b'a,b,kind\n"1,2,x\n' + b"1,2,x\n" * 5_000, "line"),
    "long_field.csv": (b"a,b,kind\n" + b"1" * 20_000_000 + b",2,x\n", "line 2"),
}
"""Tables that cannot be used, and what has to be said of each beside its name."""

BAD_WORDS: Mapping[str, tuple[list[str], str]] = {
    "no epochs": (["--epochs", "0"], "Epochs must be from 1"),
    "negative epochs": (["--epochs", "-1"], "Epochs must be from 1"),
    "endless epochs": (["--epochs", "9" * 30], "Epochs must be from 1"),
    "negative seed": (["--seed", "-1"], "Seed must be from 0"),
    "long seed": (["--seed", str(2**31)], "Seed must be from 0"),
    "folder as record": (["--out", "."], "Cannot write"),
    "record in no folder": (["--out", "missing/run.csv"], "Cannot write missing/run.csv"),
    "record in a file": (["--out", "good.json/run.csv"], "Cannot write good.json/run.csv"),
    "unknown data": (["--data", "suns"], "moons, circles"),
    "no data": (["--data", ""], "moons, circles"),
    "missing table": (["--data", "missing.csv"], "missing.csv does not exist"),
    "unknown label": (["--data", "flowers.csv", "--label", "colour"], "kind, length, width"),
    "words as inputs": (["--data", "flowers.csv", "--label", "width"], "'iris', not a number"),
    "no label column": (["--label", "kind"], "'label'"),
}
"""Options of `train` that are refused, and what has to be said of each."""


def _diverging() -> bytes:
    network = json.loads(EXAMPLE.read_text("utf-8"))
    network["training"] |= {"learning_rate": 1_000.0, "epochs": 3}
    return json.dumps(network).encode()


FILES: Mapping[str, bytes] = {
    "good.json": GOOD,
    "digits.json": _text(data={"kind": "digits"}),
    "three.json": _text(3),
    "seven.json": _text(7),
    "nested.json": BAD_NETWORKS["nested_lists.json"][0],
    "diverging.json": _diverging(),
    "flowers.csv": _flowers(),
}
