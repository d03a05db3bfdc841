from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QTextDocument

from core.classes import CLASS_SETS
from core.inference.results import Classification
from core.inference.similar import SimilarCase
from core.inference.trust import Assessment, Verdict
from core.models.info import ModelInfo, Preprocessing
from core.reporting.classification_report import ReportImage, ReportSubject, classification_report_html
from skinkd_gui.results.pdf_report import write_pdf

ISIC2019 = CLASS_SETS["isic2019"]

PICTURE = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
INFO = ModelInfo(
    "test_resnet", Preprocessing(64, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)), trained_on="a set", classes=ISIC2019
)
SHARES = (0.5, 0.2, 0.1, 0.06, 0.05, 0.04, 0.03, 0.02)
SUBJECT = ReportSubject("model", INFO, "ab" * 32, (("Level of the prediction sets", "90 %"),))


def full(path: Path) -> ReportImage:
    Image.fromarray(PICTURE).save(path)
    sentence = "The model can not tell these apart, and the answer may well be wrong; a person should look."
    assessment = Assessment(Verdict.UNCERTAIN, sentence, ("MEL", "NV", "BCC", "SCC"), 0.9)
    cases = tuple(SimilarCase(str(number), path, "SCC", 0.9, same_picture=True) for number in range(5))
    result = Classification(
        path, SHARES, "MEL", assessment=assessment, note="Only the first of its 3 pages was used.", classes=ISIC2019
    )
    return ReportImage(result, PICTURE, np.ones((8, 8), np.float32), "MEL", similar=cases)


@pytest.mark.usefixtures("qapp")
def test_one_image_fits_one_page(tmp_path: Path) -> None:
    page = classification_report_html([full(tmp_path / "x.png")], SUBJECT, made=datetime.now(UTC))
    document = QTextDocument()
    document.setHtml(page)
    assert document.toPlainText().count("\ufffc") >= 7  # both pictures and the cases
    assert write_pdf(page, tmp_path / "one.pdf") == 1


@pytest.mark.usefixtures("qapp")
def test_a_batch_gives_each_image_a_page(tmp_path: Path) -> None:
    images = [full(tmp_path / f"{number}.png") for number in range(3)]
    page = classification_report_html(images, SUBJECT, made=datetime.now(UTC))
    assert write_pdf(page, tmp_path / "batch.pdf") == 5  # the summary, the images, the model
