"""What the menus do besides running and going to a tab: open, choose, show, explain."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QMainWindow

from core.errors import SkinKDError
from core.paths import make_private
from skinkd_gui.help_dialog import HelpDialog, classes_text, first_steps
from skinkd_gui.settings.keeper import SettingsKeeper
from skinkd_gui.settings.store import TEXT_PERCENTS
from skinkd_gui.tabs import Tabs
from skinkd_gui.tour import Tour
from skinkd_gui.widgets.error_dialog import log_path, show_error
from skinkd_gui.widgets.helper import Helper
from skinkd_gui.widgets.opening import open_path
from skinkd_gui.widgets.theme import ThemeChoice


class WindowActions(Helper[QMainWindow]):
    """The slots behind those menu entries of a window that no other part answers; dialogs open over the window."""

    def __init__(self, window: QMainWindow, tabs: Tabs, settings: SettingsKeeper, tour: Tour) -> None:
        super().__init__(window)
        self._tabs = tabs
        self._settings = settings
        self.show_tour = tour.begin

    # --- file ---

    @Slot()
    def open_recipe(self) -> None:
        """Open the assistant with a recipe from a file."""
        name, _ = QFileDialog.getOpenFileName(self.owner, "Open a recipe", "", "Recipes (*.toml);;All files (*)")
        if not name:
            return
        from core.recipe import read_recipe

        try:
            recipe = read_recipe(Path(name))
        except SkinKDError as error:
            show_error(self.owner, error)
            return
        self._tabs.show_train()
        self._tabs.train.open_recipe(recipe)

    @Slot()
    def open_images(self) -> None:
        """Choose images to classify."""
        self._tabs.show_classify()
        self._tabs.classify.ask_for_images()

    @Slot()
    def open_folder(self) -> None:
        """Choose a folder of images to classify."""
        self._tabs.show_classify()
        self._tabs.classify.ask_for_folder()

    @Slot()
    def open_data(self) -> None:
        """Choose a folder of labelled pictures to look at."""
        self._tabs.show_data()
        self._tabs.data.ask_for_folder()

    def open_given(self, path: Path) -> None:
        """Open what a file manager hands over: a run is shown in Results, a model classifies.

        A run that lies elsewhere classifies with its model; anything else is explained.
        """
        from skinkd_gui.classify.dropping import is_model

        root = self._settings.runs_root
        if (path / "recipe.toml").is_file() and path.parent.resolve() == root.resolve():
            self._tabs.open_run(root / path.name)
        elif path.exists() and is_model(path):
            self._tabs.show_classify()
            self._tabs.classify.choose_model(path)
        else:
            show_error(self.owner, _not_ours(path))

    @Slot()
    def show_runs_folder(self) -> None:
        """Open the folder of runs in the system's file manager."""
        folder = self._settings.runs_root
        try:
            make_private(folder)
        except OSError as error:
            text = f"{folder} could not be made. Choose another folder in the preferences."
            show_error(self.owner, SkinKDError("There is no folder for runs", text, str(error)))
            return
        self._open(folder)

    @Slot()
    def import_runs(self) -> None:
        """Choose runs to add."""
        self._tabs.show_results()
        self._tabs.results.import_runs()

    @Slot()
    def show_preferences(self) -> None:
        """Open the preferences."""
        from skinkd_gui.settings.dialog import PreferencesDialog

        dialog = PreferencesDialog(self._settings.current, self._settings.folder_fixed, self.owner)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.changed.connect(self._settings.change)
        dialog.open()

    # --- view ---

    @Slot()
    def choose_theme(self) -> None:
        """Take the colours of the menu entry that was chosen."""
        action = self.sender()
        if isinstance(action, QAction):
            choice = ThemeChoice(action.data())
            self._settings.change(replace(self._settings.current, theme=choice))

    @Slot()
    def larger_text(self) -> None:
        """One step larger."""
        self._resize_text([percent for percent in TEXT_PERCENTS if percent > self._settings.current.text_percent][:1])

    @Slot()
    def smaller_text(self) -> None:
        """One step smaller."""
        self._resize_text([percent for percent in TEXT_PERCENTS if percent < self._settings.current.text_percent][-1:])

    def _resize_text(self, percents: list[int]) -> None:
        if percents:
            self._settings.change(replace(self._settings.current, text_percent=percents[0]))

    @Slot()
    def toggle_full_screen(self) -> None:
        """Fill the screen, or not."""
        if self.owner.isFullScreen():
            self.owner.showNormal()
        else:
            self.owner.showFullScreen()

    # --- help ---

    @Slot()
    def show_first_steps(self) -> None:
        """Explain what to do."""
        self._show_help("First steps", first_steps())

    @Slot()
    def show_classes(self) -> None:
        """Describe the lesion classes."""
        self._show_help("Classes", classes_text())

    @Slot()
    def show_about(self) -> None:
        """Say what SkinKD is, and of what it consists."""
        from skinkd_gui.about_dialog import AboutDialog

        AboutDialog(self.owner).show()

    @Slot()
    def show_log(self) -> None:
        """Open the log in the system's viewer."""
        if log_path().is_file():
            self._open(log_path())
        else:
            text = f"{log_path()} does not exist; the folder can perhaps not be written."
            show_error(self.owner, SkinKDError("There is no log", text))

    @Slot()
    def show_debug_report(self) -> None:
        """Gather what helps to mend a fault, and show it."""
        from skinkd_gui.debug_report_dialog import DebugReportDialog

        settings = {name: str(value) for name, value in asdict(self._settings.current).items()}
        DebugReportDialog(self._settings.runs_root, settings, self.owner).show()

    def _show_help(self, title: str, markdown: str) -> None:
        HelpDialog(title, markdown, self.owner).show()

    def _open(self, path: Path) -> None:
        open_path(path)


def _not_ours(path: Path) -> SkinKDError:
    if not path.exists():
        return SkinKDError("There is nothing to open", f"{path} does not exist.")
    return SkinKDError(
        "SkinKD does not open this",
        f"{path} is neither a run's folder nor a model file of SkinKD (.safetensors, .onnx). "
        "To classify images, drop them on the tab Classify.",
    )
