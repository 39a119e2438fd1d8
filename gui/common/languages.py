"""The choice of the language, which is spoken from the next start on."""

from collections.abc import Callable
from pathlib import Path

from engine.language import LANGUAGES, choose, chosen, tr

from .actions import ActionSpec

_CODES = ("", *LANGUAGES)
LANGUAGE_ACTIONS = tuple(f"language_{code}" for code in _CODES)


class Languages:
    """The actions for the languages. `folder` is where the choice is kept, `say` shows a sentence, `fail` a fault."""

    def __init__(
        self, folder: Path, say: Callable[[str], None], fail: Callable[[str], None]
    ) -> None:
        self._folder = folder
        self._say = say
        self._fail = fail

    def choose(self, code: str) -> None:
        """Remember a language for the next start; "" for the system's."""
        try:
            choose(self._folder, code)
        except OSError as error:
            sentence = tr("The language cannot be remembered in {folder}: {reason}")
            self._fail(sentence.format(folder=self._folder, reason=error.strerror or error))
            return
        self._say(tr("The lab speaks the chosen language from the next start on"))

    def actions(self) -> list[ActionSpec]:
        """One for the system's language, and one for each that the lab speaks, by its own name."""
        return [self._action(code) for code in _CODES]

    def _action(self, code: str) -> ActionSpec:
        return ActionSpec(
            f"language_{code}",
            LANGUAGES[code] if code else tr("Language of the &system"),
            tr("The language of the window from the next start on"),
            lambda: self.choose(code),
            checked=lambda: chosen(self._folder) == code,
        )
