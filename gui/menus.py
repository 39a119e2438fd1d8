"""Which actions stand in which menu and tool bar, by their names; "|" draws a line."""

from collections.abc import Sequence

FILE_MENU: Sequence[str] = ("|", "save", "save_as", "|", "report")
EDIT_MENU: Sequence[str] = (
    "undo",
    "redo",
    "|",
    "cut",
    "copy",
    "paste",
    "duplicate",
    "delete",
    "|",
    "select_all",
    "find",
)
RUN_MENU: Sequence[str] = (
    "run",
    "pause",
    "step_batch",
    "step_epoch",
    "stop",
    "rewind",
    "|",
    "look",
    "examine",
)
VIEW_MENU: Sequence[str] = (
    "zoom_in",
    "zoom_out",
    "zoom_reset",
    "fit",
    "tidy",
    "figures",
    "|",
    "go_canvas",
    "go_inspector",
    "|",
    "theme_system",
    "theme_light",
    "theme_dark",
    "theme_projector",
    "theme_high_contrast",
    "calm",
    "|",
    "full_screen",
    "pane_alone",
    "reset_layout",
)
HELP_MENU: Sequence[str] = ("shortcuts", "copy_report", "about")
RUN_BAR: Sequence[str] = ("run", "pause", "step_batch", "step_epoch", "stop", "rewind")
EDIT_BAR: Sequence[str] = ("undo", "redo", "|", "fit")
