"""The table of everything that can be done, and where it stands in menus and tool bar."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtGui import QKeySequence, QUndoStack

from gui.canvas import CanvasView
from gui.common.actions import ActionSpec
from gui.common.theme import ThemeChoice, ThemeSource
from gui.document import Document
from gui.document.files import FileControl
from gui.inspector import Inspector, Palette
from gui.training import Playhead, RunControl, Session, State
from gui.training.player import Player
from gui.training.time_actions import time_actions

Keys = QKeySequence.StandardKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the actions act on."""

    document: Document
    files: FileControl
    session: Session
    control: RunControl
    playhead: Playhead
    player: Player
    canvas: CanvasView
    palette: Palette
    inspector: Inspector
    themes: ThemeSource
    choose_theme: Callable[[ThemeChoice], None]
    toggle_figures: Callable[[], None]
    close: Callable[[], object]
    reset_layout: Callable[[], None]
    full_screen: Callable[[], None]
    pane_alone: Callable[[], None]
    is_alone: Callable[[], bool]
    exports: Sequence[ActionSpec]
    comfort: Sequence[ActionSpec]
    show_shortcuts: Callable[[], None]
    show_about: Callable[[], None]
    copy_report: Callable[[], None]


def action_specs(parts: Parts) -> list[ActionSpec]:
    """Every action of the window, in the order in which the shortcuts page lists them."""
    return [
        *_file_actions(parts),
        *_edit_actions(parts),
        *_run_actions(parts),
        *time_actions(parts.player, parts.playhead),
        *_view_actions(parts),
        *_help_actions(parts),
    ]


def _file_actions(parts: Parts) -> list[ActionSpec]:
    files = parts.files
    return [
        ActionSpec("new", "&New", "Begin an empty network", files.new, Keys.New, "new"),
        ActionSpec("open", "&Open …", "Open a network file", files.ask_and_open, Keys.Open, "open"),
        ActionSpec("save", "&Save", "Save the network", files.save, Keys.Save, "save"),
        ActionSpec(
            "save_as",
            "Save &as …",
            "Save to another file",
            files.save_as,
            "Ctrl+Shift+S",
            "save-as",
        ),
        *parts.exports,
        ActionSpec("quit", "&Quit", "Close the lab", parts.close, "Ctrl+Q"),
    ]


def _edit_actions(parts: Parts) -> list[ActionSpec]:
    document, canvas = parts.document, parts.canvas
    stack, selection = document.undo_stack, document.selection

    def some_node() -> bool:
        return bool(selection.nodes)

    def some_item() -> bool:
        return bool(selection.nodes or selection.edges)

    def some_layer() -> bool:
        return bool(document.graph.nodes)

    return [
        _stack_action("undo", "&Undo", stack.undo, stack.canUndo, stack, Keys.Undo),
        _stack_action("redo", "&Redo", stack.redo, stack.canRedo, stack, "Ctrl+Shift+Z"),
        ActionSpec("cut", "Cu&t", "Cut the chosen layers", canvas.cut, Keys.Cut, "cut", some_node),
        ActionSpec(
            "copy", "&Copy", "Copy the chosen layers", canvas.copy, Keys.Copy, "copy", some_node
        ),
        ActionSpec("paste", "&Paste", "Paste copied layers", canvas.paste, Keys.Paste, "paste"),
        ActionSpec(
            "duplicate",
            "&Duplicate",
            "Copy the chosen layers beside themselves",
            canvas.duplicate,
            "Ctrl+D",
            "duplicate",
            some_node,
        ),
        ActionSpec(
            "delete",
            "D&elete",
            "Delete the chosen layers and wires",
            canvas.delete_selected,
            Keys.Delete,
            "delete",
            some_item,
        ),
        ActionSpec(
            "select_all",
            "Select &all",
            "Choose every layer",
            canvas.select_all,
            Keys.SelectAll,
            "select-all",
            some_layer,
        ),
        ActionSpec(
            "find",
            "&Find a layer kind",
            "Go to the search field of the palette",
            parts.palette.focus_search,
            Keys.Find,
            "search",
        ),
    ]


def _stack_action(
    action_id: str,
    text: str,
    run: Callable[[], None],
    enabled: Callable[[], bool],
    stack: QUndoStack,
    shortcut: QKeySequence.StandardKey | str,
) -> ActionSpec:
    def label() -> str:
        what = stack.undoText() if action_id == "undo" else stack.redoText()
        return f"{text}: {what}" if what else text

    tip = "Take back the last change" if action_id == "undo" else "Make the change again"
    return ActionSpec(action_id, text, tip, run, shortcut, action_id, enabled, label=label)


def _run_actions(parts: Parts) -> list[ActionSpec]:
    control, session = parts.control, parts.session

    def resting() -> bool:
        return session.state in (State.IDLE, State.PAUSED)

    def running() -> bool:
        return session.state is State.RUNNING

    def waiting_or_running() -> bool:
        return session.state in (State.RUNNING, State.PAUSED)

    return [
        ActionSpec(
            "run",
            "&Run",
            "Train the network, or go on after a pause",
            lambda: control.advance("run"),
            "F5",
            "run",
            resting,
        ),
        ActionSpec(
            "pause",
            "&Pause",
            "Wait after the batch under way",
            session.pause,
            "F6",
            "pause",
            running,
        ),
        ActionSpec(
            "step_batch",
            "Step a &batch",
            "Train a single batch, and look inside",
            lambda: control.advance("batch"),
            "F7",
            "step-batch",
            resting,
        ),
        ActionSpec(
            "step_epoch",
            "Step an &epoch",
            "Train to the end of the epoch",
            lambda: control.advance("epoch"),
            "F8",
            "step-epoch",
            resting,
        ),
        ActionSpec(
            "look",
            "&Look inside now",
            "Measure every layer at the present weights, without training",
            session.look,
            "F9",
            "search",
            waiting_or_running,
        ),
        ActionSpec(
            "examine",
            "E&xamine thoroughly",
            "Dead units over all data, ranks, gradient noise and the Jacobian; takes a moment",
            session.examine,
            "Shift+F9",
            "search",
            waiting_or_running,
        ),
        ActionSpec(
            "stop",
            "&Stop",
            "End the training; what was recorded stays",
            session.stop,
            "Shift+F5",
            "stop",
            lambda: session.state in (State.BUILDING, State.RUNNING, State.PAUSED),
        ),
        ActionSpec(
            "rewind",
            "Re&wind",
            "Return to the identical initial weights, and wait there",
            control.rewind,
            "Shift+F6",
            "rewind",
            lambda: session.state in (State.IDLE, State.RUNNING, State.PAUSED),
        ),
    ]


def _view_actions(parts: Parts) -> list[ActionSpec]:
    canvas = parts.canvas
    return [
        ActionSpec(
            "zoom_in", "Zoom &in", "Enlarge the canvas", canvas.zoom_in, Keys.ZoomIn, "zoom-in"
        ),
        ActionSpec(
            "zoom_out", "Zoom &out", "Shrink the canvas", canvas.zoom_out, Keys.ZoomOut, "zoom-out"
        ),
        ActionSpec(
            "zoom_reset", "&Actual size", "Show the canvas at 100 %", canvas.zoom_reset, "Ctrl+1"
        ),
        ActionSpec("fit", "&Fit", "Show the whole network", canvas.fit, "Ctrl+0", "zoom-fit"),
        ActionSpec(
            "tidy", "&Tidy up", "Lay the network out in rows", canvas.tidy, "Ctrl+T", "tidy"
        ),
        ActionSpec(
            "figures",
            "Show &gradients on the wires",
            "Draw the gradient on every wire and the outputs in every card while a network trains",
            parts.toggle_figures,
            "Ctrl+G",
            checked=lambda: canvas.live.is_shown,
        ),
        ActionSpec(
            "go_canvas",
            "Go to the &canvas",
            "Put the keyboard on the canvas",
            canvas.setFocus,
            "Ctrl+2",
        ),
        ActionSpec(
            "go_inspector",
            "Go to the i&nspector",
            "Put the keyboard on the properties",
            parts.inspector.setFocus,
            "Ctrl+3",
        ),
        *(_theme_action(parts, choice, text) for choice, text in _THEMES),
        *parts.comfort,
        ActionSpec("full_screen", "F&ull screen", "Fill the screen", parts.full_screen, "F11"),
        ActionSpec(
            "pane_alone",
            "One pan&e alone",
            "Fill the screen with the pane that has the keyboard, and back",
            parts.pane_alone,
            "Shift+F11",
            checked=parts.is_alone,
        ),
        ActionSpec(
            "reset_layout",
            "&Reset the layout",
            "Put every part of the window back to its place",
            parts.reset_layout,
        ),
    ]


_THEMES: tuple[tuple[ThemeChoice, str], ...] = (
    ("system", "Colours of the &system"),
    ("light", "&Light"),
    ("dark", "&Dark"),
    ("projector", "Pro&jector: large and thick"),
    ("high_contrast", "&High contrast"),
)


def _theme_action(parts: Parts, choice: ThemeChoice, text: str) -> ActionSpec:
    return ActionSpec(
        f"theme_{choice}",
        text,
        "Choose the colours of the window",
        lambda: parts.choose_theme(choice),
        checked=lambda: parts.themes.choice == choice,
    )


def _help_actions(parts: Parts) -> list[ActionSpec]:
    return [
        ActionSpec(
            "shortcuts", "&Keyboard", "List every shortcut", parts.show_shortcuts, "F1", "help"
        ),
        ActionSpec(
            "copy_report",
            "Copy &details for a bug report",
            "Put versions and the training process's last words on the clipboard",
            parts.copy_report,
        ),
        ActionSpec(
            "about", "&About Gradient Lab", "Version, licence, data sources", parts.show_about
        ),
    ]


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
