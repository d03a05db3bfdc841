"""What the Classify tab shows while there is no model or no image."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from skinkd_gui.widgets.empty_state import EmptyState


class NoModel(EmptyState):
    """There is no model to classify with."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            "train",
            "No model yet",
            "Images are classified by a model that you trained. Train one first, or open a model file that someone "
            "gave you (or drop it here). To see how it works, try the demonstration: six drawn pictures, and a model "
            "that knows drawn pictures only.",
            parent,
        )
        self.setObjectName("classifyNoModel")
        self.demonstrate = self.add_button("Try the demonstration", "classifyDemonstrationButton", primary=True)
        self.train = self.add_button("Train a model...", "classifyTrainButton")
        self.open_model = self.add_button("Open a model file...", "classifyOpenModelButton")


class NoImages(EmptyState):
    """There is a model, and nothing to classify."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            "image",
            "Drop images here",
            "Drop pictures of lesions, or folders of them, anywhere on this page, paste them, or open them: JPEG, PNG, "
            "TIFF, WebP, DICOM and others. They stay on this computer.",
            parent,
        )
        self.setObjectName("classifyNoImages")
        self.open_images = self.add_button("Open images...", "classifyEmptyOpenImagesButton", primary=True)
        self.open_folder = self.add_button("Open folder...", "classifyEmptyOpenFolderButton")
