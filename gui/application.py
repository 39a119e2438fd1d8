"""The Qt application: its name, its style, its language."""

import os
import sys
from collections.abc import Sequence

from PySide6.QtCore import QLibraryInfo, QTranslator
from PySide6.QtWidgets import QApplication

from engine.language import spoken


def make_application(arguments: Sequence[str] = ()) -> QApplication:
    """The Qt application, in the Fusion style."""
    # Qt would share out every longer curve among threads, and wait for them: a core that trains makes it wait longer
    os.environ.setdefault("QT_NO_GUI_THREADPOOL", "1")
    application = QApplication([sys.argv[0], *arguments])
    application.setApplicationName("gradient-lab")
    application.setApplicationDisplayName("Gradient Lab")
    application.setDesktopFileName("gradient-lab")
    application.setStyle("Fusion")
    _translate_qt(application)
    return application


def _translate_qt(application: QApplication) -> None:
    """Have Qt's own buttons and the names of keys speak the lab's language, where Qt knows it."""
    translator = QTranslator(application)
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    if spoken() != "en" and translator.load(f"qtbase_{spoken()}", folder):
        application.installTranslator(translator)
