"""The composition root: builds every part of the window and hands it on by constructor."""

import sys
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from importlib.resources import files as resource_files
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import PlatformDirs
from PySide6.QtCore import QObject, QSize, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from engine.graph import SetTraining
from engine.language import tr
from engine.parameters import Value
from gui.actions import Parts, action_specs
from gui.application import make_application
from gui.canvas import CanvasView
from gui.common.actions import ActionTable
from gui.common.cleaning import Cleaning
from gui.common.comfort import SIZE_ACTIONS, Comfort, use_size
from gui.common.crash import CrashKeeper
from gui.common.frames import FrameClock
from gui.common.help import about_text, shortcuts_text, show_text, versions_text
from gui.common.icons import Icons
from gui.common.languages import LANGUAGE_ACTIONS, Languages
from gui.common.notice import NoticeBar, Remedy
from gui.common.settings import Settings
from gui.common.theme import ThemeChoice, ThemeSource
from gui.document import Document
from gui.document.autosave import Autosave
from gui.document.examples import examples
from gui.document.files import FileControl
from gui.document.status import NetworkStatus
from gui.document.theory import TheorySource
from gui.inspector import Inspector, Palette
from gui.inspector.quick_settings import QuickSettings
from gui.main_window import STATE_VERSION, DockSpec, MainWindow
from gui.menus import EDIT_BAR, EDIT_MENU, FILE_MENU, HELP_MENU, RUN_BAR, RUN_MENU, VIEW_MENU
from gui.panes import PANES
from gui.panes.deck import PaneDeck
from gui.panes.exports import WHOLE_WINDOW, Exports, export_actions
from gui.panes.theory import ShownTheory
from gui.tellings import Tellings
from gui.training import Playhead, RunControl, Session, WorkerClient
from gui.training.epoch_bar import EpochBar
from gui.training.player import Player
from gui.training.status import RunStatus
from gui.training.time_actions import TIME_BAR, TIME_MENU

if TYPE_CHECKING:
    from gui.panes.pane import Pane

READY_EXAMPLE = "digits_mlp.json"
_FIRST_SIZE = QSize(1_440, 900)
_SMALL_SCREEN = QSize(880, 560)
"""Smaller than this, docks stand behind each other at first."""


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the lab keeps what is its own, and where its resources lie."""

    config: Path
    state: Path
    examples: Path

    @property
    def settings(self) -> Path:
        """The file of what the window remembers."""
        return self.config / "window.ini"

    @staticmethod
    def of_person() -> "Folders":
        """The usual places of this system."""
        places = PlatformDirs("gradient-lab", appauthor=False)
        examples = Path(str(resource_files("resources"))) / "examples"
        return Folders(places.user_config_path, places.user_state_path, examples)


def worker_program() -> list[str]:
    """The command that starts the training process: the same program, as `worker`."""
    import main

    return [sys.executable, str(Path(main.__file__).resolve()), "worker"]


class Lab(QObject):
    """All parts of the window, wired to each other."""

    def __init__(self, application: QApplication, folders: Folders, program: Sequence[str]) -> None:
        super().__init__(application)
        self.folders = folders
        self.settings = Settings(folders.settings)
        self.themes = ThemeSource(application, self.settings.theme)
        self.icons = Icons(self.themes)
        self.document = Document(self)
        self.autosave = Autosave(self.document, folders.state / "unsaved.json", self)
        self.client = WorkerClient(program, self)
        self.session = Session(self.client, self)
        self.control = RunControl(self.session, self.document, self)
        self.playhead = Playhead(self.session, self)
        self.cleaning = Cleaning()
        self.theory = TheorySource(self.document, self)
        self._essence_of_run = b""
        self.player = Player(self.playhead, self)
        self.notice = NoticeBar(self.themes)
        self.canvas = CanvasView(self.document, self.themes)
        self.canvas.live.set_shown(self.settings.figures_on_canvas)
        self.palette = Palette(self.icons, self.themes)
        self.inspector = Inspector(self.document, self.icons, self.themes)
        self.clock = FrameClock(self)
        self.canvas.live.use_clock(self.clock)
        self.panes = PaneDeck(self.themes, self.clock, self.playhead, self)
        self.inspector.use_clock(self.clock)
        room = application.primaryScreen().availableGeometry().size()
        self._compact = room.boundedTo(_SMALL_SCREEN) != _SMALL_SCREEN
        self.window = self._window()
        self.files = FileControl(self.document, self.window)
        self.tellings = Tellings(self.notice, self.document, self.canvas, self.window)
        self.exports = Exports(
            self.window, self.panes, self.playhead, self.control, self.document, self._versions
        )
        self.languages = Languages(
            folders.config, self.notice.say, lambda sentence: self.notice.say(sentence, "error")
        )
        self.comfort = Comfort(self.settings, self.notice.say, self.player.set_calm)
        self.actions = ActionTable(action_specs(self._parts()), self.icons.icon, self.window)
        self._furnish()
        self._connect()
        self.crashes = CrashKeeper(
            folders.state / "errors.log", self.autosave.write, self.tellings.tell_crash
        )

    def open_first(self, path: Path | None) -> bool:
        """Open what the person named, what a crash left unsaved, the last file, or the ready example.

        True when it is the first start ever: the example then begins to train by itself.
        """
        kept = self.autosave.found()
        recent = self.settings.recent
        if path is not None:
            self.files.open(path)
        elif kept is not None:
            self.document.restore(*kept)
            self.notice.say(
                tr("The lab was not closed properly; the changes that were not saved are back"),
                "info",
            )
        elif recent:
            self.files.open(recent[0])
        else:
            self.files.open(self.folders.examples / READY_EXAMPLE, as_copy=True)
            return self.settings.first_start
        return False

    def show(self, *, run_at_once: bool) -> None:
        """Show the window; the training process is started after the first paint."""
        room = self.window.screen().availableGeometry().size()
        self.window.resize(room.boundedTo(_FIRST_SIZE))
        self.window.restore_layout(*self.settings.window(compact=self._compact))
        self.window.painted.connect(self.session.warm_up)
        self.window.painted.connect(self.theory.begin)
        for build in (self._build_panes, self.palette.draw_icons, self.panes.build_plots):
            self.window.painted.connect(build, Qt.ConnectionType.QueuedConnection)
        if run_at_once:
            self.window.painted.connect(lambda: self.control.advance("run"))
        self.window.show()
        self.canvas.fit()

    def close(self) -> None:
        """Leave nothing behind: layout remembered, worker ended, safety copy removed."""
        self.window.leave_alone()
        layout = self.window.saveGeometry(), self.window.saveState(STATE_VERSION)
        self.settings.keep_window(*layout, compact=self._compact)
        self.player.pause()
        self.exports.work.cancel()
        self.session.close()
        self.theory.close()
        self.cleaning.close()
        self.autosave.forget()
        self.crashes.release()

    def _window(self) -> MainWindow:
        area = Qt.DockWidgetArea
        panes = [
            DockSpec(spec.name, spec.title, None, area.BottomDockWidgetArea, 320, spec.tabbed_with)
            for spec in PANES
        ]
        docks = [
            DockSpec("palette", tr("Layers"), self.palette, area.LeftDockWidgetArea, 248),
            DockSpec("inspector", tr("Inspector"), self.inspector, area.RightDockWidgetArea, 328),
            *panes,
        ]
        centre = [self.notice, self.canvas]
        return MainWindow(centre, docks, self._may_close, compact=self._compact)

    def _parts(self) -> Parts:
        return Parts(
            document=self.document,
            files=self.files,
            session=self.session,
            control=self.control,
            playhead=self.playhead,
            player=self.player,
            canvas=self.canvas,
            palette=self.palette,
            inspector=self.inspector,
            themes=self.themes,
            choose_theme=self._choose_theme,
            toggle_figures=self._toggle_figures,
            close=self.window.close,
            reset_layout=self.window.reset_layout,
            full_screen=self._toggle_full_screen,
            pane_alone=self._toggle_alone,
            is_alone=lambda: self.window.is_alone,
            comfort=[*self.comfort.actions(), *self.languages.actions()],
            exports=export_actions(self.exports, [(spec.name, spec.title) for spec in PANES]),
            show_shortcuts=lambda: show_text(
                self.window, tr("Keyboard"), shortcuts_text(self.actions.shortcuts())
            ),
            show_about=lambda: show_text(self.window, tr("About Gradient Lab"), about_text()),
            copy_report=self._copy_report,
        )

    def _furnish(self) -> None:
        window = self.window
        window.set_icon(self.icons.icon("app"))
        self._recent = QMenu(tr("Open &recent"), window)
        self._recent.aboutToShow.connect(self._fill_recent)
        menu = QMenu(tr("&Examples"), window)
        for title, path in examples(self.folders.examples):
            menu.addAction(title, _opener(self.files, path))
        shown = (WHOLE_WINDOW, *(spec.name for spec in PANES))
        films = [self.actions[f"animate_{name}"] for name in shown]
        animations = window.sub_menu(tr("Export an ani&mation"), films)
        sizes = window.sub_menu(tr("Si&ze of everything"), [self.actions[n] for n in SIZE_ACTIONS])
        languages = window.sub_menu(tr("Lan&guage"), [self.actions[n] for n in LANGUAGE_ACTIONS])
        file_rows: list[str | QMenu] = ["new", "open", self._recent, menu, *FILE_MENU]
        file_rows += [animations, "|", "quit"]
        window.build_menus(
            [
                (tr("&File"), file_rows),
                (tr("&Edit"), EDIT_MENU),
                (tr("&Run"), RUN_MENU),
                (tr("&Time"), TIME_MENU),
                (tr("&View"), [window.dock_menu(tr("&Panels")), sizes, languages, "|", *VIEW_MENU]),
                (tr("&Help"), HELP_MENU),
            ],
            self.actions,
        )
        self.quick_settings = QuickSettings(self.document)
        bar: list[str | QWidget] = [*RUN_BAR, "|", self.quick_settings, "|", *EDIT_BAR]
        window.build_tool_bar(bar, self.actions)
        buttons = [self.actions[name] for name in TIME_BAR]
        self.epoch_bar = EpochBar(self.playhead, self.player, buttons)
        window.build_time_bar(self.epoch_bar)
        self.run_status = RunStatus(self.session)
        self.network_status = NetworkStatus(self.document)
        window.build_status(self.run_status, [self.network_status])

    def _connect(self) -> None:
        document, session, notice = self.document, self.session, self.notice
        self.palette.chosen.connect(self.canvas.insert_kind)
        document.refused.connect(lambda sentence: notice.say(sentence, "warning"))
        document.edited.connect(self.control.follow)
        for signal in (document.inferred, document.file_changed, document.selection.changed):
            signal.connect(self._refresh)
        document.undo_stack.indexChanged.connect(self._refresh)
        document.undo_stack.cleanChanged.connect(self._refresh)
        session.state_changed.connect(self._refresh)
        session.state_changed.connect(lambda: self.inspector.set_running(session.active))
        self.playhead.replaced.connect(self._show_history)
        self.theory.changed.connect(self._show_theory)
        self.theory.changed.connect(lambda: self.inspector.show_theory(self.theory.foretold))
        self.playhead.grown.connect(self._show_growth)
        self.playhead.moved.connect(self._show_epoch)
        self.player.changed.connect(self.actions.refresh)
        session.finished.connect(self._take_end)
        self.tellings.follow(session, self.control)
        session.worker_ready.connect(self.inspector.training_page.offer)
        self.inspector.layer_page.bench.measure_wanted.connect(session.measure)
        session.measured.connect(self.inspector.layer_page.bench.show_measured)
        self.files.failed.connect(lambda sentence: notice.say(sentence, "error"))
        self.files.used.connect(self.settings.add_recent)
        self.autosave.failed.connect(lambda sentence: notice.say(sentence, "warning"))
        document.selection.changed.connect(
            lambda: self.panes.set_selected(document.selection.nodes)
        )
        document.edited.connect(self._show_training)
        document.replaced.connect(self._show_training)
        self.panes.built.connect(lambda pane: self.window.fill(pane.name, pane))
        self.panes.layer_chosen.connect(lambda node_id: document.selection.choose([node_id]))
        self.panes.epoch_chosen.connect(self.playhead.go)
        self.panes.setting_chosen.connect(self._set_training)
        self.panes.failed.connect(lambda sentence: notice.say(sentence, "error"))
        self.panes.alone_wanted.connect(self._toggle_alone)
        self.exports.done.connect(self._tell_export)
        self.exports.failed.connect(lambda sentence: notice.say(sentence, "error"))
        self.network_status.node_wanted.connect(self.canvas.show_node)
        self.themes.changed.connect(self.actions.refresh_icons)
        self.window.alone_changed.connect(self.actions.refresh)
        self.window.closed.connect(self.close)
        self.window.file_dropped.connect(self.files.open)
        self._refresh()
        self._show_training()

    def _refresh(self) -> None:
        self.actions.refresh()
        path = self.document.path
        self.window.show_title(path.name if path else tr("Untitled"), self.document.modified)

    def _build_panes(self) -> None:
        """Build the panes, and give every dock its size once more: with a pane in it, it wants another."""
        self.panes.complete()
        self.cleaning.begin()  # with the panes, pyqtgraph is loaded
        _, state = layout = self.settings.window(compact=self._compact)
        if state.isEmpty():
            self.window.reset_layout()
        else:
            self.window.restore_layout(*layout)

    def _show_history(self) -> None:
        self.canvas.show_history(self.playhead.history)
        self._essence_of_run = self.theory.essence
        self.inspector.show_history(self.playhead.history)
        self._show_theory()

    def _show_theory(self) -> None:
        found = self.theory.foretold
        outdated = bool(self._essence_of_run) and self.theory.essence != self._essence_of_run
        shown = ShownTheory(found.layers, found.prediction, outdated) if found else None
        self.panes.show_theory(shown)

    def _show_growth(self) -> None:
        self.canvas.data_changed()
        self.inspector.data_changed()

    def _show_epoch(self) -> None:
        self.canvas.set_epoch(self.playhead.epoch)
        self.inspector.set_epoch(self.playhead.epoch)

    def _show_training(self) -> None:
        self.panes.set_training(self.document.graph.training)

    def _set_training(self, name: str, value: Value, merge_key: Hashable) -> None:
        self.document.do(SetTraining({name: value}), merge_key)

    def _take_end(self) -> None:
        self._show_growth()
        self.panes.data_changed()

    def _fill_recent(self) -> None:
        self._recent.clear()
        for path in self.settings.recent:
            self._recent.addAction(str(path), _opener(self.files, path, as_copy=False))
        if self._recent.isEmpty():
            self._recent.addAction(tr("No file was saved or opened yet")).setEnabled(False)

    def _may_close(self) -> bool:
        return self.files.may_leave()

    def _choose_theme(self, choice: ThemeChoice) -> None:
        self.settings.theme = choice
        self.themes.choose(choice)
        self.actions.refresh()

    def _toggle_figures(self) -> None:
        self.canvas.toggle_live()
        self.settings.figures_on_canvas = self.canvas.live.is_shown
        self.actions.refresh()

    def _toggle_full_screen(self) -> None:
        if self.window.isFullScreen():
            self.window.showNormal()
        else:
            self.window.showFullScreen()

    def _toggle_alone(self, wanted: "Pane | None" = None) -> None:
        """Fill the screen with a pane: the wanted one, the one with the keyboard, or the first that is seen."""
        if self.window.is_alone:
            self.window.leave_alone()
        else:
            pane = wanted or self.panes.with_focus(self.window.focusWidget())
            if pane is not None:
                self.window.show_alone(pane.name)

    def _tell_export(self, sentence: str, path: Path) -> None:
        show = Remedy(tr("Open it"), lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(path)))
        self.notice.say(f"{sentence}: {path}", "info", show)

    def _versions(self) -> str:
        return versions_text(self.session.worker)

    def _copy_report(self) -> None:
        QGuiApplication.clipboard().setText(f"{self._versions()}\n{self.client.log}")
        self.notice.say(tr("Versions and the training process's last words are on the clipboard"))


def _opener(files: FileControl, path: Path, *, as_copy: bool = True) -> Callable[[], None]:
    return lambda: files.open(path, as_copy=as_copy)


def run(path: Path | None = None) -> int:
    """Open the window and stay until it is closed; the exit code."""
    folders = Folders.of_person()
    use_size(Settings(folders.settings).size)
    application = make_application()
    lab = Lab(application, folders, worker_program())
    lab.show(run_at_once=lab.open_first(path))
    code = application.exec()
    return int(code)
