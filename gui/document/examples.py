"""The networks that come with the lab, by the names that people read."""

from pathlib import Path

from engine.language import tr

_TITLES = {
    "digits_mlp": tr("Digits: a healthy deep network"),
    "digits_vanishing_sigmoid": tr("Digits: vanishing gradients"),
    "digits_exploding_clipped": tr("Digits: growing gradients, clipped"),
    "digits_dying_relu": tr("Digits: dying ReLUs"),
    "digits_batch_norm": tr("Digits: batch norm between sigmoids"),
    "mnist_lenet": tr("MNIST: a LeNet"),
    "spirals_residual": tr("Spirals: residual connections"),
    "recall_vanishing_rnn": tr("Recall: a recurrent network that forgets"),
    "adding_lstm": tr("Adding: an LSTM that remembers"),
    "book_characters_lstm": tr("A book, character by character: an LSTM"),
}


def examples(folder: Path) -> list[tuple[str, Path]]:
    """Title and file of each, in the order in which they are worth a look; others of the folder come after them."""
    found = {path.stem: path for path in sorted(folder.glob("*.json"))}
    known = [(title, found.pop(name)) for name, title in _TITLES.items() if name in found]
    return known + [(name.replace("_", " ").capitalize(), path) for name, path in found.items()]
