"""Bad files and bad options on the command line: a sentence each, and nothing changed on disk."""

import pytest

from tests.integration.bad_files import BAD_NETWORKS, BAD_TABLES, BAD_WORDS, BROKEN_NETWORKS, FILES
from tests.integration.command_runs import (
    Batch,
    changes,
    listing,
    run_commands,
    sentences_of,
    write_files,
)

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Batch:
    """Everything that is wrong with files and options, tried in one folder."""
    tables = {**BAD_NETWORKS, **BROKEN_NETWORKS, **BAD_TABLES}
    folder = tmp_path_factory.mktemp("bad")
    write_files(folder, {**FILES, **{name: content for name, (content, _) in tables.items()}})
    (folder / "folder.json").mkdir()
    names = [*BAD_NETWORKS, *BROKEN_NETWORKS, "folder.json", "missing.json", "/dev/zero", "n" * 999]
    commands = {name: ["check", name] for name in names}
    commands |= {name: ["train", "good.json", "--data", name] for name in BAD_TABLES}
    commands |= {name: ["train", "good.json", *words] for name, (words, _) in BAD_WORDS.items()}
    before = listing(folder)
    outcomes = run_commands(folder, list(commands.values()))
    return Batch(dict(zip(commands, outcomes, strict=True)), changes(before, folder))


@pytest.mark.parametrize("name", BAD_NETWORKS)
def test_file_that_is_no_network_is_refused_by_name(batch: Batch, name: str) -> None:
    [sentence] = sentences_of(batch.outcomes[name])
    assert sentence.startswith(f"Cannot open {name}: ")
    assert BAD_NETWORKS[name][1] in sentence
    assert batch.outcomes[name].out == ""


@pytest.mark.parametrize("name", BROKEN_NETWORKS)
def test_network_that_cannot_be_trained_is_refused_with_its_reason(batch: Batch, name: str) -> None:
    assert BROKEN_NETWORKS[name][1] in "\n".join(sentences_of(batch.outcomes[name]))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing.json", "no such file"),
        ("folder.json", "not a file"),
        ("/dev/zero", "not a file"),
        ("n" * 999, "too long"),
    ],
)
def test_path_that_is_no_file_is_refused(batch: Batch, name: str, reason: str) -> None:
    [sentence] = sentences_of(batch.outcomes[name])
    assert name[:100] in sentence
    assert reason in sentence
    assert len(sentence) < 700


@pytest.mark.parametrize("name", BAD_TABLES)
def test_table_that_cannot_be_used_is_refused_by_name(batch: Batch, name: str) -> None:
    [sentence] = sentences_of(batch.outcomes[name])
    assert name in sentence
    assert BAD_TABLES[name][1] in sentence


@pytest.mark.parametrize("name", BAD_WORDS)
def test_option_that_does_not_fit_is_refused(batch: Batch, name: str) -> None:
    outcome = batch.outcomes[name]
    assert BAD_WORDS[name][1] in "\n".join(sentences_of(outcome))
    assert outcome.out == ""


def test_refused_input_leaves_the_disk_as_it_was(batch: Batch) -> None:
    assert batch.changed == set()
