"""The rows at the top of the Classify tab: which model, compared with which, and where images come from and go to."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox, QWidget

from core.inference.test_time import ABOUT
from skinkd_gui.classify.model_catalog import ModelCatalog
from skinkd_gui.classify.model_chooser import ClassifierChooser
from skinkd_gui.classify.saved_sessions import SavedAs
from skinkd_gui.widgets.flow_layout import flow_of
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import column_of, named, row_of
from skinkd_gui.widgets.parts import make_button
from skinkd_gui.widgets.turning import TurningRow

_LONGEST_NAME = 16


class TopBar(QWidget):
    """The choosers and buttons; the tab connects them."""

    def __init__(self, catalog: ModelCatalog, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.chooser = ClassifierChooser(catalog, self)
        self.card = make_button("Model card...", "classifyModelCardButton", self, tip="What the model is and how good")
        self.second = ClassifierChooser(catalog, self, none_text="No other model")
        self.open_images = make_button("Open images...", "classifyOpenImagesButton", self)
        self.open_folder = make_button("Open folder...", "classifyOpenFolderButton", self)
        self.paste = make_button("Paste", "classifyPasteButton", self, tip="A picture or copied files")
        self.patients = make_button(
            "Patients...",
            "classifyPatientsButton",
            self,
            tip="Whose pictures these are, so that those of one lesion give one answer; and lesions over time",
        )
        self.sessions = make_button(
            "Sessions...", "classifySessionsButton", self, tip="Save this list, or open another"
        )
        self.export = make_button("Export...", "classifyExportButton", self, tip="Save as CSV, JSON or PDF")
        self.clear = make_button("Clear list", "classifyClearButton", self, tip="Empty the list; no file is deleted")
        self.averaged = named(
            QCheckBox("&Average flips and turns (8 × the time)", self),
            "classifyAveragedCheck",
            "Average over the eight flips and turns of each image",
            f"Test-time augmentation. {ABOUT} A model that was calibrated with it always has it; one that was not "
            "gives probabilities without a verdict.",
        )
        model = make_label("&Model:", "", self, buddy=self.chooser)
        other = make_label("Compare &with:", "", self, buddy=self.second)
        self.averaged.setMinimumHeight(self.clear.sizeHint().height())  # in line with the buttons
        # in two lines where the type is large and the window narrow
        incoming, outgoing = (self.open_images, self.open_folder, self.paste), (self.sessions, self.export, self.clear)
        buttons = flow_of(*incoming, self.patients, *outgoing, self.averaged, parent=self)
        first, second = QWidget(self), QWidget(self)
        row_of(model, (self.chooser, 1), self.card, on=first, margins=0)
        row_of(other, (self.second, 1), on=second, margins=0)
        column_of(
            TurningRow(first, second, fractions=(3, 2), parent=self),
            buttons,
            on=self,
            margins=0,
        )

    def show_session(self, current: SavedAs | None) -> None:
        """Name the session that the list belongs to."""
        name = "" if current is None else current.name
        short = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}..."
        self.sessions.setText(f"Session: {short.replace('&', '&&')}..." if name else "Sessions...")
        self.sessions.setAccessibleName(f"Session {name}" if name else "Sessions")
