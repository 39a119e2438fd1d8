"""The inspector's page for the training settings."""

from engine.graph import SetTraining
from engine.language import tr
from engine.parameters import Value
from engine.training import (
    LIVE_PARAMETERS,
    TRAINING_PARAMETERS,
    WorkerReady,
    training_complaints,
)
from gui.common.theme import ThemeSource
from gui.common.wording import inside
from gui.document import Document

from .clip_instrument import ClipInstrument
from .editors import ChoiceEditor
from .form import ParameterForm
from .pages import Page, Text


class TrainingPage(Page):
    """Optimiser, batch, epochs, seed, clipping; says which settings act at once."""

    def __init__(self, document: Document, themes: ThemeSource) -> None:
        super().__init__(themes)
        self._document = document
        self.form = ParameterForm(TRAINING_PARAMETERS, themes)
        self.form.edited.connect(self._set)
        self._problem = Text(themes, "error")
        self._note = Text(themes, "muted")
        self.clip = ClipInstrument(document, themes)
        for widget in (self._problem, self.form, self.clip, self._note):
            self.column.addWidget(widget)
        document.edited.connect(self._update)
        document.replaced.connect(self._update)
        self.set_running(False)
        self._update()

    def set_running(self, running: bool) -> None:
        """Say what acts at once and what only at the next run."""
        live = ", ".join(inside(p.title) for p in TRAINING_PARAMETERS if p.name in LIVE_PARAMETERS)
        when = (
            tr("The others act when you press Run again.")
            if running
            else tr("The others act at the next run.")
        )
        self._note.say(
            tr("Act at once, also while training runs: {live}. {when}").format(live=live, when=when)
        )

    def offer(self, worker: WorkerReady) -> None:
        """Offer the devices and precisions that the training process has; what a file asks for stays to be seen."""
        precisions = {name for names in worker.precisions.values() for name in names}
        for name, found in (("device", {"auto", *worker.devices}), ("precision", precisions)):
            editor = self.form.editors[name]
            if isinstance(editor, ChoiceEditor) and found:
                editor.offer(found)

    def _update(self) -> None:
        self.form.show_values(self._document.graph.training)
        self._problem.say(
            "\n".join(f"✕ {s}." for s in training_complaints(self._document.graph.training))
        )

    def _set(self, name: str, value: Value) -> None:
        self._document.do(SetTraining({name: value}), merge_key=("training", name))
