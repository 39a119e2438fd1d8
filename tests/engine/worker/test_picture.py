"""Pictures of networks, against plain torch: forward passes over the grid, autograd, and the weights themselves."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from engine.data import DataSpec
from engine.data import load as load_data
from engine.stats import Backdrop, Picture
from engine.worker import picture as picture_module
from engine.worker.picture import Painter
from engine.worker.trainer import Trainer

MAKE = Callable[..., Trainer]
RELUS = (
    ("Linear", {"out_features": 20}),
    ("ReLU", {}),
    ("Linear", {"out_features": 6}),
    ("ReLU", {}),
)
TWO, ONE = ("Linear", {"out_features": 2}), ("Linear", {"out_features": 1})
MOONS = {"kind": "moons", "params": {"samples": 80}}
DIGITS = {"kind": "digits"}
CONVOLUTION = (
    ("Conv2d", {"out_channels": 40, "kernel_size": 3}),
    ("ReLU", {}),
    ("Flatten", {}),
    ("Linear", {"out_features": 10}),
)


@pytest.fixture(autouse=True)
def _one_thread() -> Any:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def _trained(trainer: Trainer, steps: int = 12) -> Trainer:
    for _ in range(steps):
        trainer.step()
        if trainer.epoch_is_over:
            trainer.end_epoch()
    return trainer


def _pictured(trainer: Trainer) -> tuple[Picture, Backdrop]:
    painter = Painter(trainer.parts)
    picture = painter.picture((trainer.epochs_done, trainer.steps_done), always=True)
    assert picture is not None
    picture.check(len(trainer.layers))
    assert picture.fits(painter.backdrop)
    painter.backdrop.check()
    return picture, painter.backdrop


def _cells(backdrop: Backdrop, side: int) -> torch.Tensor:
    """The middles of the cells, y slowly, written out once more."""
    (left, right), (low, high) = backdrop.limits
    return torch.tensor(
        [
            [left + (i + 0.5) * (right - left) / side, low + (j + 0.5) * (high - low) / side]
            for j in range(side)
            for i in range(side)
        ],
        dtype=torch.float32,
    )


def _by_hand(trainer: Trainer, inputs: torch.Tensor) -> list[torch.Tensor]:
    """What every layer of a chain of Linear and ReLU gives."""
    found, state = [], trainer.model.state_dict()
    for row, layer in enumerate(trainer.layers):
        if layer.kind == "Linear":
            inputs = inputs @ state[f"layers.{row}.weight"].T + state[f"layers.{row}.bias"]
        elif layer.kind == "ReLU":
            inputs = inputs.clamp(min=0.0)
        found.append(inputs)
    return found


@pytest.mark.parametrize(
    ("last", "loss"), [(TWO, "cross_entropy"), (ONE, "binary_cross_entropy"), (TWO, "mse")]
)
def test_the_surface_is_the_networks_answer_at_every_cell(
    trainer: MAKE, last: Any, loss: str
) -> None:
    trained = _trained(trainer(*RELUS, last, data=MOONS, loss=loss))
    picture, backdrop = _pictured(trained)
    assert picture.surface is not None
    side = len(picture.surface.scores)
    logits = _by_hand(trained, _cells(backdrop, side))[-1]
    if loss == "binary_cross_entropy":
        one = 1 / (1 + (-logits[:, 0]).exp())
        logits = torch.stack((1 - one, one), 1)
    elif loss == "cross_entropy":
        logits = logits.exp() / logits.exp().sum(1, keepdim=True)
    scores = picture.surface.scores.ravel()
    np.testing.assert_allclose(scores, logits.amax(1), rtol=1e-4, atol=1e-6)
    sure = (logits[:, 0] - logits[:, 1]).abs() > 1e-5
    winners = picture.surface.winners.ravel()[sure]
    assert winners.tolist() == (logits[:, 1] > logits[:, 0])[sure].long().tolist()
    assert backdrop.score == ("output" if loss == "mse" else "probability")


def test_unit_maps_are_every_layers_outputs_over_the_plane(trainer: MAKE) -> None:
    trained = _trained(trainer(*RELUS, TWO, data=MOONS))
    with torch.no_grad():  # two units that give nothing, whatever arrives
        trained.model.named_layers()["linear_3"].bias[:2] = -1e4
    picture, backdrop = _pictured(trained)
    assert picture.surface is not None
    maps = picture.surface.units
    outputs = _by_hand(trained, _cells(backdrop, maps.codes.shape[1]))
    assert maps.rows.tolist() == [0, 1, 2, 3, 4]
    assert maps.units.tolist() == [20, 20, 6, 6, 2]
    assert maps.silent.tolist() == [int((o == 0).all(0).sum()) for o in outputs]
    assert maps.silent[3] >= 2
    for place, output in enumerate(outputs):
        codes, scales = maps.layer(place)
        wanted = output[:, : len(codes)].T.reshape(codes.shape).numpy()
        largest = np.abs(wanted).max(axis=(1, 2))
        np.testing.assert_allclose(scales, largest, rtol=1e-4)
        error = np.abs(codes / 127.0 * scales[:, None, None] - wanted)
        assert (error <= largest[:, None, None] / 250 + 1e-6).all()


def test_the_pieces_in_which_the_plane_is_sent_do_not_show(
    trainer: MAKE, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = _trained(trainer(*RELUS, TWO, data=MOONS))
    whole, _ = _pictured(trained)
    monkeypatch.setattr(picture_module, "_MOST_NUMBERS", 1_000)
    pieces, _ = _pictured(trained)
    assert whole.surface is not None
    assert pieces.surface is not None
    np.testing.assert_allclose(whole.surface.scores, pieces.surface.scores, rtol=1e-4)
    assert np.abs(whole.surface.units.codes - pieces.surface.units.codes.astype(int)).max() <= 1
    assert whole.surface.units.silent.tolist() == pieces.surface.units.silent.tolist()


def test_the_curve_is_what_a_regression_says_along_its_axis(trainer: MAKE) -> None:
    data = {"kind": "sine", "params": {"samples": 80}}
    trained = _trained(trainer(*RELUS, ONE, data=data, loss="mse"))
    picture, backdrop = _pictured(trained)
    assert picture.curve is not None
    low, high = backdrop.limits[0]
    places = low + (np.arange(256) + 0.5) * (high - low) / 256
    wanted = _by_hand(trained, torch.tensor(places, dtype=torch.float32)[:, None])[-1][:, 0]
    np.testing.assert_allclose(picture.curve.values, wanted, rtol=1e-4, atol=1e-5)


def test_filters_of_a_convolution_are_its_kernels(trainer: MAKE) -> None:
    trained = _trained(trainer(*CONVOLUTION, data=DIGITS), 3)
    picture, _ = _pictured(trained)
    assert picture.images is not None
    weight = trained.model.state_dict()["layers.0.weight"]
    assert (picture.images.filter_row, picture.images.filter_count) == (0, 40)
    np.testing.assert_allclose(picture.images.filters, weight[:32, 0], rtol=1e-3, atol=1e-6)


def test_filters_of_a_linear_behind_flatten_are_its_weights_as_images(trainer: MAKE) -> None:
    trained = _trained(
        trainer(("Flatten", {}), *RELUS, ("Linear", {"out_features": 10}), data=DIGITS), 3
    )
    picture, _ = _pictured(trained)
    assert picture.images is not None
    weight = trained.model.state_dict()["layers.1.weight"].reshape(20, 8, 8)
    assert (picture.images.filter_row, picture.images.filter_count) == (1, 20)
    np.testing.assert_allclose(picture.images.filters, weight, rtol=1e-3, atol=1e-6)


def test_without_a_layer_that_looks_at_pixels_there_are_no_filters(trainer: MAKE) -> None:
    layers = (*RELUS[:2], ("Flatten", {}), ("Linear", {"out_features": 10}))
    picture, _ = _pictured(trainer(*layers, data=DIGITS))
    assert picture.images is not None
    assert picture.images.filter_row == -1
    assert not picture.images.filters.size


def test_saliency_is_the_gradient_of_the_true_classs_output(trainer: MAKE) -> None:
    trained = _trained(trainer(*CONVOLUTION, data=DIGITS), 3)
    picture, backdrop = _pictured(trained)
    assert picture.images is not None
    assert backdrop.targets.tolist() == [0, 1, 2, 3, 4, 5]
    split = load_data(DataSpec("digits"), None)
    assert all((split.validation_inputs == image).all((1, 2, 3)).any() for image in backdrop.inputs)
    state = trained.model.state_dict()
    for place, (image, target) in enumerate(zip(backdrop.inputs, backdrop.targets, strict=True)):
        pixels = torch.tensor(image)[None].requires_grad_()
        hidden = functional.conv2d(
            pixels, state["layers.0.weight"], state["layers.0.bias"], padding="same"
        ).relu()
        logits = hidden.flatten(1) @ state["layers.3.weight"].T + state["layers.3.bias"]
        logits[0, int(target)].backward()
        assert pixels.grad is not None
        np.testing.assert_allclose(
            picture.images.saliency[place], pixels.grad[0, 0].abs(), rtol=1e-3, atol=1e-6
        )
        shares = torch.softmax(logits[0].detach(), 0)
        assert picture.images.winners[place] == int(shares.argmax())
        assert picture.images.scores[place] == pytest.approx(float(shares.max()), rel=1e-4)


def test_evaluation_mode_holds_for_pictures_only(trainer: MAKE) -> None:
    layers = (*RELUS[:2], ("Dropout", {"p": 0.5}), ("BatchNorm1d", {}), TWO)
    trained = _trained(trainer(*layers, data=MOONS))
    first, second = _pictured(trained)[0], _pictured(trained)[0]
    assert first.surface is not None
    assert second.surface is not None
    np.testing.assert_array_equal(first.surface.scores, second.surface.scores)
    assert trained.model.training


@pytest.mark.parametrize(
    ("layers", "data"),
    [
        ((*RELUS[:2], ("Dropout", {}), ("BatchNorm1d", {}), ("RReLU", {}), TWO), MOONS),
        (
            (
                *CONVOLUTION[:1],
                ("BatchNorm2d", {}),
                ("Dropout", {}),
                *CONVOLUTION[1:],
            ),
            {"kind": "digits", "params": {"validation_share": 0.9}},
        ),
    ],
)
def test_pictures_change_no_bit_of_the_training(trainer: MAKE, layers: Any, data: Any) -> None:
    states = []
    for wanted in (True, False):
        trained = trainer(*layers, data=data, batch_size=16, optimizer="Adam")
        painter = Painter(trained.parts)
        for _ in range(30):
            trained.step()
            if wanted:
                assert painter.picture((trained.epochs_done, trained.steps_done), always=True)
            if trained.epoch_is_over:
                trained.end_epoch()
        states.append([*trained.model.state_dict().values(), torch.get_rng_state()])
    assert all(torch.equal(one, other) for one, other in zip(*states, strict=True))


@pytest.mark.parametrize(("epoch", "cost"), [(0.02, 0.005), (0.02, 0.03), (3.0, 0.2), (3.0, 1.0)])
def test_pictures_take_half_a_second_and_two_per_cent(
    trainer: MAKE, monkeypatch: pytest.MonkeyPatch, epoch: float, cost: float
) -> None:
    now = 0.0

    def tick() -> float:
        nonlocal now
        now += cost
        return now

    monkeypatch.setattr(picture_module.time, "perf_counter", lambda: now)
    painter = Painter(trainer(TWO, data=MOONS).parts)
    painter._paint = {"plane": lambda: tick() and {}}  # type: ignore[assignment, dict-item]
    made = []
    for number in range(2_000):
        picture = painter.picture((number, 0), always=False)
        if picture is not None:
            assert picture.seconds == pytest.approx(cost)
            made.append(number)
        now += epoch
        assert len(made) * cost <= max(0.5, cost) + 0.02 * now + 1e-9
    at_first = int(0.5 / cost + 1e-9)
    assert made[:at_first] == list(range(at_first)), "a short run has a picture of every epoch"
    assert len(made) * cost >= 0.9 * 0.02 * now - cost
    assert painter.picture((3_000, 0), always=True) is not None
    assert painter.picture((3_000, 0), always=True) is None, "it is known already"


@pytest.mark.parametrize("depth", [3, 30, 100])
def test_a_picture_stays_below_a_hundred_kilobytes(trainer: MAKE, depth: int) -> None:
    hidden = (("Linear", {"out_features": 32}), ("Tanh", {})) * depth
    picture, _ = _pictured(trainer(*hidden, TWO, data=MOONS))
    assert picture.surface is not None
    maps = picture.surface.units
    assert maps.codes.nbytes + picture.surface.scores.nbytes + picture.surface.winners.nbytes < 1e5
    assert maps.rows[0] == 0
    assert maps.rows[-1] == 2 * depth
    assert (maps.shown >= 2).all()


def test_two_inputs_of_a_regression_give_a_surface_of_numbers(
    trainer: MAKE, tmp_path: Path
) -> None:
    lines = ["a,b,c", *(f"{i}.5,{i % 3}.25,{i}.125" for i in range(30))]
    (tmp_path / "two.csv").write_text("\n".join(lines))
    data = {"kind": "csv", "params": {"path": str(tmp_path / "two.csv")}}
    trained = trainer(*RELUS[:2], ONE, data=data, loss="mse")
    picture, backdrop = _pictured(trained)
    assert picture.surface is not None
    side = len(picture.surface.scores)
    wanted = _by_hand(trained, _cells(backdrop, side))[-1][:, 0]
    np.testing.assert_allclose(picture.surface.scores.ravel(), wanted, rtol=1e-4, atol=1e-5)
    assert backdrop.input_names == ("a", "b")
    assert not picture.surface.winners.any()


def test_whoever_does_not_ask_pays_nothing(trainer: MAKE) -> None:
    trained = trainer(TWO, data=MOONS)
    assert trained.measure().picture is None
    assert _trained(trained, 2).epochs_done == 1
