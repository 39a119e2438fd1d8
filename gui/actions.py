"""The table of everything that can be done, and where it stands in menus and tool bar."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtGui import QKeySequence, QUndoStack

from engine.language import tr
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
        ActionSpec("new", tr("&New"), tr("Begin an empty network"), files.new, Keys.New, "new"),
        ActionSpec(
            "open", tr("&Open …"), tr("Open a network file"), files.ask_and_open, Keys.Open, "open"
        ),
        ActionSpec("save", tr("&Save"), tr("Save the network"), files.save, Keys.Save, "save"),
        ActionSpec(
            "save_as",
            tr("Save &as …"),
            tr("Save to another file"),
            files.save_as,
            "Ctrl+Shift+S",
            "save-as",
        ),
        *parts.exports,
        ActionSpec("quit", tr("&Quit"), tr("Close the lab"), parts.close, "Ctrl+Q"),
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
        _stack_action("undo", tr("&Undo"), stack.undo, stack.canUndo, stack, Keys.Undo),
        _stack_action("redo", tr("&Redo"), stack.redo, stack.canRedo, stack, "Ctrl+Shift+Z"),
        ActionSpec(
            "cut",
            tr("Cu&t"),
            tr("Cut the chosen layers"),
            canvas.chosen.cut,
            Keys.Cut,
            "cut",
            some_node,
        ),
        ActionSpec(
            "copy",
            tr("&Copy"),
            tr("Copy the chosen layers"),
            canvas.chosen.copy,
            Keys.Copy,
            "copy",
            some_node,
        ),
        ActionSpec(
            "paste",
            tr("&Paste"),
            tr("Paste copied layers"),
            canvas.chosen.paste,
            Keys.Paste,
            "paste",
        ),
        ActionSpec(
            "duplicate",
            tr("&Duplicate"),
            tr("Copy the chosen layers beside themselves"),
            canvas.chosen.duplicate,
            "Ctrl+D",
            "duplicate",
            some_node,
        ),
        ActionSpec(
            "delete",
            tr("D&elete"),
            tr("Delete the chosen layers and wires"),
            canvas.chosen.delete,
            Keys.Delete,
            "delete",
            some_item,
        ),
        ActionSpec(
            "select_all",
            tr("Select &all"),
            tr("Choose every layer"),
            canvas.chosen.select_all,
            Keys.SelectAll,
            "select-all",
            some_layer,
        ),
        ActionSpec(
            "find",
            tr("&Find a layer kind"),
            tr("Go to the search field of the palette"),
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

    tip = tr("Take back the last change") if action_id == "undo" else tr("Make the change again")
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
            tr("&Run"),
            tr("Train the network, or go on after a pause"),
            lambda: control.advance("run"),
            "F5",
            "run",
            resting,
        ),
        ActionSpec(
            "pause",
            tr("&Pause"),
            tr("Wait after the batch under way"),
            session.pause,
            "F6",
            "pause",
            running,
        ),
        ActionSpec(
            "step_batch",
            tr("Step a &batch"),
            tr("Train a single batch, and look inside"),
            lambda: control.advance("batch"),
            "F7",
            "step-batch",
            resting,
        ),
        ActionSpec(
            "step_epoch",
            tr("Step an &epoch"),
            tr("Train to the end of the epoch"),
            lambda: control.advance("epoch"),
            "F8",
            "step-epoch",
            resting,
        ),
        ActionSpec(
            "look",
            tr("&Look inside now"),
            tr("Measure every layer at the present weights, without training"),
            session.look,
            "F9",
            "search",
            waiting_or_running,
        ),
        ActionSpec(
            "examine",
            tr("E&xamine thoroughly"),
            tr("Dead units over all data, ranks, gradient noise and the Jacobian; takes a moment"),
            session.examine,
            "Shift+F9",
            "search",
            waiting_or_running,
        ),
        ActionSpec(
            "stop",
            tr("&Stop"),
            tr("End the training; what was recorded stays"),
            session.stop,
            "Shift+F5",
            "stop",
            lambda: session.state in (State.BUILDING, State.RUNNING, State.PAUSED),
        ),
        ActionSpec(
            "rewind",
            tr("Re&wind"),
            tr("Return to the identical initial weights, and wait there"),
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
            "zoom_in",
            tr("Zoom &in"),
            tr("Enlarge the canvas"),
            canvas.zoom_in,
            Keys.ZoomIn,
            "zoom-in",
        ),
        ActionSpec(
            "zoom_out",
            tr("Zoom &out"),
            tr("Shrink the canvas"),
            canvas.zoom_out,
            Keys.ZoomOut,
            "zoom-out",
        ),
        ActionSpec(
            "zoom_reset",
            tr("&Actual size"),
            tr("Show the canvas at 100 %"),
            canvas.zoom_reset,
            "Ctrl+1",
        ),
        ActionSpec(
            "fit", tr("&Fit"), tr("Show the whole network"), canvas.fit, "Ctrl+0", "zoom-fit"
        ),
        ActionSpec(
            "tidy", tr("&Tidy up"), tr("Lay the network out in rows"), canvas.tidy, "Ctrl+T", "tidy"
        ),
        ActionSpec(
            "figures",
            tr("Show gradients on the &wires"),
            tr(
                "Draw the gradient on every wire and the outputs in every card while a "
                "network trains"
            ),
            parts.toggle_figures,
            "Ctrl+G",
            checked=lambda: canvas.live.is_shown,
        ),
        ActionSpec(
            "go_canvas",
            tr("Go to the &canvas"),
            tr("Put the keyboard on the canvas"),
            canvas.setFocus,
            "Ctrl+2",
        ),
        ActionSpec(
            "go_inspector",
            tr("Go to the i&nspector"),
            tr("Put the keyboard on the properties"),
            parts.inspector.setFocus,
            "Ctrl+3",
        ),
        *(_theme_action(parts, choice, text) for choice, text in _THEMES),
        *parts.comfort,
        ActionSpec(
            "full_screen", tr("F&ull screen"), tr("Fill the screen"), parts.full_screen, "F11"
        ),
        ActionSpec(
            "pane_alone",
            tr("One pan&e alone"),
            tr("Fill the screen with the pane that has the keyboard, and back"),
            parts.pane_alone,
            "Shift+F11",
            checked=parts.is_alone,
        ),
        ActionSpec(
            "reset_layout",
            tr("&Reset the layout"),
            tr("Put every part of the window back to its place"),
            parts.reset_layout,
        ),
    ]


_THEMES: tuple[tuple[ThemeChoice, str], ...] = (
    ("system", tr("Colours of the &system")),
    ("light", tr("&Light")),
    ("dark", tr("&Dark")),
    ("projector", tr("Pro&jector: large and thick")),
    ("high_contrast", tr("&High contrast")),
)


def _theme_action(parts: Parts, choice: ThemeChoice, text: str) -> ActionSpec:
    return ActionSpec(
        f"theme_{choice}",
        text,
        tr("Choose the colours of the window"),
        lambda: parts.choose_theme(choice),
        checked=lambda: parts.themes.choice == choice,
    )


def _help_actions(parts: Parts) -> list[ActionSpec]:
    return [
        ActionSpec(
            "shortcuts",
            tr("&Keyboard"),
            tr("List every shortcut"),
            parts.show_shortcuts,
            "F1",
            "help",
        ),
        ActionSpec(
            "copy_report",
            tr("Copy &details for a bug report"),
            tr("Put versions and the training process's last words on the clipboard"),
            parts.copy_report,
        ),
        ActionSpec(
            "about",
            tr("&About Gradient Lab"),
            tr("Version, licence, data sources"),
            parts.show_about,
        ),
    ]
