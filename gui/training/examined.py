"""What a thorough look found, as a text for people."""

import math
from collections.abc import Sequence

import numpy as np

from engine.language import tr, trn
from engine.stats import Examination
from engine.training import Examined, LayerInfo


def examined_text(layers: Sequence[LayerInfo], message: Examined) -> str:
    """Markdown: a sentence for the whole network, then a row a layer."""
    found = message.examination
    lines = [
        tr("## The network {when}").format(when=_when(message.epoch, message.step)),
        tr("Evaluation mode, {samples:,} training samples. {noise}").format(
            samples=found.samples, noise=_noise(found)
        ),
        _jacobian(found.jacobian),
        "",
        tr(
            "| layer | dead units | effective rank | stable rank |\n|---|--:|--:|--:|\n{rows}"
        ).format(rows=_rows(layers, found)),
        "",
        _legend(found.ranked_samples),
    ]
    return "\n\n".join(line for line in lines if line)


def _when(epoch: int, step: int) -> str:
    when = tr("before training")
    if epoch:
        when = trn("after {count} epoch", "after {count} epochs", epoch).format(count=epoch)
    if step:
        sentence = trn("{when} and {count} step", "{when} and {count} steps", step)
        when = sentence.format(when=when, count=step)
    return when


def _legend(samples: int) -> str:
    return tr(
        "*Dead*: never above zero for any training sample. *Effective rank*: how "
        "many directions the outputs of {samples:,} samples really use; when it "
        "falls from layer to layer, samples become alike."
    ).format(samples=samples)


def _noise(found: Examination) -> str:
    if math.isnan(found.noise_scale):
        return tr(
            "The gradient cannot be told from its noise, or there are too few batches to tell."
        )
    sentence = (
        tr(
            "Gradient noise scale {scale:,.0f} samples, smaller than the batch of {batch}: "
            "larger batches would gain little."
        )
        if found.noise_scale < found.batch
        else tr(
            "Gradient noise scale {scale:,.0f} samples, larger than the batch of {batch}: "
            "larger batches would give a cleaner gradient."
        )
    )
    return sentence.format(scale=found.noise_scale, batch=found.batch)


def _jacobian(values: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> str:
    if not values.size:
        return tr("The network gives too many numbers for its Jacobian to be computed.")
    largest, smallest = float(np.median(values[:, 0])), float(np.median(values[:, -1]))
    return tr(
        "Singular values of ∂output/∂input, median over {count} samples: largest "
        "{largest:.3g}, smallest {smallest:.3g}."
    ).format(count=len(values), largest=largest, smallest=smallest)


def _rows(layers: Sequence[LayerInfo], found: Examination) -> str:
    columns = zip(layers, found.dead, found.effective_rank, found.stable_rank, strict=True)
    return "\n".join(
        f"| {layer.label.replace('|', '/')} | {_share(dead)} | {_number(effective)} | {_number(stable)} |"
        for layer, dead, effective, stable in columns
    )


def _share(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.1%}"


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.1f}"
