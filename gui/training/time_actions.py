"""What can be done with the recording of a run: the table's rows, and where they stand."""

from collections.abc import Sequence

from engine.language import tr
from gui.common.actions import ActionSpec

from .player import Player
from .playhead import Playhead


def time_actions(player: Player, playhead: Playhead) -> list[ActionSpec]:
    """Playing, stepping and pinning; each can be done only while there is something that it can be done with."""

    def some() -> bool:
        return player.has_epochs

    return [
        ActionSpec(
            "play",
            tr("&Play the recording"),
            tr("Show the recorded epochs one after the other, or wait at one"),
            player.toggle,
            "F4",
            "replay",
            some,
            checked=lambda: player.playing,
        ),
        ActionSpec(
            "epoch_back",
            tr("One epoch &back"),
            tr("Show the epoch before"),
            lambda: player.step(-1),
            "Alt+Left",
            "epoch-back",
            lambda: player.can_go_back,
        ),
        ActionSpec(
            "epoch_forward",
            tr("One epoch &on"),
            tr("Show the epoch after"),
            lambda: player.step(1),
            "Alt+Right",
            "epoch-forward",
            lambda: player.can_go_forward,
        ),
        ActionSpec(
            "epoch_first",
            tr("&First epoch"),
            tr("Show the network before its first step"),
            player.go_first,
            "Alt+Home",
            "epoch-first",
            lambda: player.can_go_back,
        ),
        ActionSpec(
            "epoch_newest",
            tr("&Newest epoch"),
            tr("Follow the newest epoch as it arrives"),
            player.go_newest,
            "Alt+End",
            "epoch-newest",
            some,
            checked=lambda: player.has_epochs and playhead.epoch is None,
        ),
        ActionSpec(
            "faster",
            tr("F&aster"),
            tr("Play the recording faster"),
            player.faster,
            "Alt+Up",
            "",
            some,
        ),
        ActionSpec(
            "slower",
            tr("&Slower"),
            tr("Play the recording slower"),
            player.slower,
            "Alt+Down",
            "",
            some,
        ),
        ActionSpec(
            "pin",
            tr("P&in this epoch"),
            tr("Keep the shown epoch to compare the others with it, or take the pin away"),
            player.toggle_pin,
            "Alt+P",
            "pin",
            lambda: player.can_pin,
            checked=lambda: playhead.pinned is not None,
        ),
    ]


TIME_MENU: Sequence[str] = (
    "play",
    "faster",
    "slower",
    "|",
    "epoch_first",
    "epoch_back",
    "epoch_forward",
    "epoch_newest",
    "|",
    "pin",
)
TIME_BAR: Sequence[str] = (
    "epoch_first",
    "epoch_back",
    "play",
    "epoch_forward",
    "epoch_newest",
    "pin",
)
