"""The menus of the main window: what they are called, their shortcuts, and which slot they call."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from skinkd_gui.data.recents import RecentDataMenu
from skinkd_gui.edit_menu import EditMenu
from skinkd_gui.tabs import Tabs
from skinkd_gui.training.queue import TrainingQueue
from skinkd_gui.widgets.helper import Helper
from skinkd_gui.widgets.theme import ThemeChoice
from skinkd_gui.window_actions import WindowActions

Key = QKeySequence.StandardKey


class Menus(Helper[QMainWindow]):
    """Builds the menu bar of a window and keeps the actions that change with the queue."""

    def __init__(self, window: QMainWindow, tabs: Tabs, queue: TrainingQueue, actions: WindowActions) -> None:
        super().__init__(window)
        self._make_file(tabs, actions)
        self.edit = EditMenu(window, self._menu("&Edit", "editMenu"))
        self._make_run(tabs, queue)
        self._make_view(tabs, actions)
        self._make_help(actions)

    def _make_file(self, tabs: Tabs, do: WindowActions) -> None:
        menu = self._menu("&File", "fileMenu")
        self._add(menu, "&New training...", "newTrainingAction", tabs.new_training, Key.New)
        self._add(menu, "New training from a &recipe...", "openRecipeAction", do.open_recipe)
        menu.addSeparator()
        self._add(menu, "&Open images...", "openImagesAction", do.open_images, Key.Open)
        self._add(menu, "Open a &folder of images...", "openFolderAction", do.open_folder, "Ctrl+Shift+O")
        menu.addSeparator()
        self._add(menu, "Look at a &data set...", "openDataAction", do.open_data)
        recent = RecentDataMenu(self.owner, "recentDataMenu")
        recent.chosen.connect(tabs.open_data)
        menu.addMenu(recent)
        menu.addSeparator()
        self._add(menu, "&Import runs...", "fileImportAction", do.import_runs)
        self._add(menu, "&Show the runs folder", "showRunsFolderAction", do.show_runs_folder)
        preferences = self._add(menu, "&Preferences...", "preferencesAction", do.show_preferences, "Ctrl+,")
        preferences.setMenuRole(QAction.MenuRole.PreferencesRole)
        menu.addSeparator()
        leave = self._add(menu, "&Quit", "quitAction", self.owner.close, "Ctrl+Q")
        leave.setMenuRole(QAction.MenuRole.QuitRole)

    def _make_run(self, tabs: Tabs, queue: TrainingQueue) -> None:
        menu = self._menu("&Run", "runMenu")
        self.pause = self._add(menu, "&Pause", "pauseAction", queue.toggle_pause, "Ctrl+Shift+P")
        self.stop = self._add(menu, "&Stop", "stopAction", queue.stop_current, "Ctrl+.")
        menu.addSeparator()
        self.start_waiting = self._add(menu, "Start the &waiting runs", "startWaitingAction", queue.start_waiting)
        self.resume = self._add(menu, "&Resume the last unfinished run", "resumeAction", tabs.resume_newest)
        self._run = menu

    def add_to_run(self, *actions: QAction) -> None:
        """Offer what can be done with the runs that are selected in Results."""
        self._run.addSeparator()
        self._run.addActions(actions)

    def _make_view(self, tabs: Tabs, do: WindowActions) -> None:
        menu = self._menu("&View", "viewMenu")
        self._add(menu, "&Classify", "showClassifyAction", tabs.show_classify, "Ctrl+1")
        self._add(menu, "&Train", "showTrainAction", tabs.show_train, "Ctrl+2")
        self._add(menu, "&Results", "showResultsAction", tabs.show_results, "Ctrl+3")
        self._add(menu, "&Data", "showDataAction", tabs.show_data, "Ctrl+4")
        menu.addSeparator()
        self._add(menu, "Look for &new runs", "refreshAction", tabs.refresh, Key.Refresh)
        colours = menu.addMenu("C&olours")
        group = QActionGroup(self)
        self.themes: dict[ThemeChoice, QAction] = {}
        names = {ThemeChoice.SYSTEM: "As the &system", ThemeChoice.LIGHT: "&Light", ThemeChoice.DARK: "&Dark"}
        for choice, text in names.items():
            action = self._add(colours, text, f"{choice}ThemeAction", do.choose_theme)
            action.setCheckable(True)
            action.setData(choice)
            group.addAction(action)
            self.themes[choice] = action
        self._add(menu, "&Larger text", "largerTextAction", do.larger_text, Key.ZoomIn)
        self._add(menu, "S&maller text", "smallerTextAction", do.smaller_text, Key.ZoomOut)
        self.full_screen = self._add(menu, "&Full screen", "fullScreenAction", do.toggle_full_screen, "F11")
        self.full_screen.setCheckable(True)

    def _make_help(self, do: WindowActions) -> None:
        menu = self._menu("&Help", "helpMenu")
        self._add(menu, "&First steps", "firstStepsAction", do.show_first_steps, Key.HelpContents)
        self._add(menu, "&Tour", "tourAction", do.show_tour)
        self._add(menu, "&Classes", "classesAction", do.show_classes)
        menu.addSeparator()
        self._add(menu, "Show the &log", "showLogAction", do.show_log)
        self._add(menu, "&Debug report...", "debugReportAction", do.show_debug_report)
        about = self._add(menu, "&About SkinKD", "aboutAction", do.show_about)
        about.setMenuRole(QAction.MenuRole.AboutRole)

    def _menu(self, title: str, name: str) -> QMenu:
        menu = self.owner.menuBar().addMenu(title)
        menu.setObjectName(name)
        return menu

    def _add(
        self, menu: QMenu, text: str, name: str, slot: Callable[[], object], keys: Key | str | None = None
    ) -> QAction:
        action = QAction(text, self.owner)
        action.setObjectName(name)
        if isinstance(keys, QKeySequence.StandardKey):
            action.setShortcuts(QKeySequence.keyBindings(keys) or [QKeySequence(keys)])
        elif keys:
            action.setShortcut(QKeySequence(keys))
        action.triggered.connect(slot)
        menu.addAction(action)
        return action
