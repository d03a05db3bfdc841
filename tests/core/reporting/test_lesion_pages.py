from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.inference.decision_rule import DecisionRule
from core.inference.patients.facts import PatientFacts
from core.inference.patients.lesions import lesions_over_time
from core.inference.results import Classification
from core.reporting.classification_report import ReportImage, ReportSubject, classification_report_html
from core.reporting.lesion_pages import gather_lesions
from core.reporting.lesions_table import lesions_table
from tests.core.reporting.test_classification_report import ISIC2019, SUBJECT

FIRST, LATER = date(2026, 1, 1), date(2026, 6, 1)


def shown(path: Path, top: float) -> Classification:
    rest = (1 - top) / 7
    return Classification(path, (top, *[rest] * 7), "MEL", classes=ISIC2019)


@pytest.fixture
def rows(tmp_path: Path) -> list[Classification]:
    found = []
    for number, top in enumerate((0.9111, 0.4111, 0.3111)):
        path = tmp_path / f"{number}.png"
        Image.fromarray(np.full((40, 40, 3), 60 * number, np.uint8)).save(path)
        found.append(shown(path, top))
    return found


def pages(rows: list[Classification], *facts: PatientFacts) -> tuple[ReportImage, ...]:
    known = dict(zip([row.path for row in rows], facts, strict=True))
    rule = DecisionRule(None, replace(SUBJECT.info))
    return gather_lesions(lesions_over_time(rows, known, rule, SUBJECT.info.temperature), most=10)


def html(images: tuple[ReportImage, ...], subject: ReportSubject = SUBJECT) -> str:
    return classification_report_html(images, subject, made=datetime(2026, 3, 4, tzinfo=UTC))


def test_a_page_holds_all_pictures_the_facts_and_space_to_sign(rows: list[Classification]) -> None:
    found = pages(
        rows,
        PatientFacts("P<7>", "1", FIRST, "back"),
        PatientFacts("P<7>", "1", FIRST),
        PatientFacts("P<7>", "1", LATER),
    )
    page = html(found)
    assert len(found) == 2
    assert page.count("data:image/jpeg") == 2 + 1 + 2 * 2  # first pictures, one more of the first date, two histories
    for words in ("P&lt;7&gt;", "2026-01-01", "back", "mean logits of 2 pictures", "The lesion over time"):
        assert words in page
    assert page.count("The reader's own assessment") == page.count("Signature") == 2
    assert "<7>" not in page
    assert "2 skin lesions" in page


def test_pictures_that_may_be_of_two_lesions_have_no_answer_anywhere(rows: list[Classification]) -> None:
    """Neither on the page nor in the table or the counts, not even that of the first picture."""
    found = pages(
        rows, PatientFacts("A", "1", None, "back"), PatientFacts("A", "1", None, "arm"), PatientFacts("A", "2")
    )
    page = html(found)
    assert "No answer for this lesion" in page
    assert "name several sites (arm and back)" in page
    assert "91.1" not in page.replace("alone: Melanoma, 91.1", "")
    assert page.count("31.1 %") >= 2  # of the other lesion
    table = lesions_table(
        lesions_over_time(rows, {rows[0].path: PatientFacts("A", "1")}, DecisionRule(None, SUBJECT.info), 1.0)
    )
    assert table.values[0][-1] == pytest.approx(0.9111)


def test_an_image_without_facts_has_no_space_to_sign(rows: list[Classification]) -> None:
    picture = np.zeros((30, 30, 3), np.uint8)
    assert "Signature" not in html((ReportImage(rows[0], picture),))
    assert "Signature" in html((ReportImage(rows[0], picture, facts=(("Patient", "P"),)),))
