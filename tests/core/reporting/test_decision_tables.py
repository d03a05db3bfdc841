from __future__ import annotations

import numpy as np
import pytest

from core.classes import CLASS_SETS
from core.evaluation.decisions import GroupDecisions, LesionOutputs
from core.evaluation.selective import GivenDiagnoses
from core.inference.from_statistics import CertifiedDecisions, decisions_document
from core.reporting.decision_figures import called_benign_figure, risk_coverage_figure
from core.reporting.decision_tables import called_table, decision_facts
from core.reporting.style import FigureStyle

ISIC2019 = CLASS_SETS["isic2019"]


def lesions(each: int, seed: int, by: float = 0.7) -> LesionOutputs:
    """`each` lesions of every class, with a good deal of confidence in the truth."""
    labels = np.arange(8 * each) % 8
    shares = np.random.default_rng(seed).dirichlet(np.ones(8), 8 * each) * (1 - by)
    shares[np.arange(8 * each), labels] += by
    return LesionOutputs(labels, shares)


def certified(each: int) -> CertifiedDecisions:
    calibration, test = lesions(20, 0), lesions(each, 1)
    return CertifiedDecisions(
        ISIC2019, GroupDecisions(ISIC2019, calibration, test), GivenDiagnoses(ISIC2019, calibration, test, 0.9)
    )


def test_the_table_counts_what_the_lesions_of_each_class_were_called() -> None:
    table = called_table(certified(20))
    rows = {row[0].text: [cell.values for cell in row[1:]] for row in table.rows}
    melanoma, nevus = rows["Melanoma (MEL)"], rows["Melanocytic nevus (NV)"]
    assert melanoma[0] == nevus[0] == (20,)
    assert sum(values[0] for values in melanoma[1:4]) == 20
    assert melanoma[4] == (0.0, pytest.approx(1 - 0.05 ** (1 / 20)))
    assert nevus[4] == (None, None)


def test_facts_say_the_levels_and_what_was_borne_out() -> None:
    facts = dict(decision_facts(certified(20)))
    assert facts["Levels"].startswith("Benign is said so that at least 95 % of malignant lesions are not called so")
    assert (
        "0 of 80 malignant test lesions were called benign (0.0 %, with 95 % certainty at most 3.7 %)"
        in facts["Benign"]
    )
    assert facts["Unclear"].endswith("of 160 test lesions (0.0 %)")
    tally = certified(20).diagnoses.tally(0)
    assert f"{tally.right} of {tally.given} on test lesions were right" in facts["Malignant diagnoses"]


def test_the_document_has_the_same_numbers() -> None:
    document = decisions_document(certified(20))
    assert document["benign"]["errors"] == 0
    assert document["benign"]["lesions"] == 80
    assert document["benign"]["withheld"] is None
    assert document["tested"] == 160
    tally = certified(20).diagnoses.tally(0)
    assert (document["diagnoses"]["malignant"]["right"], document["diagnoses"]["malignant"]["given"]) == (
        tally.right,
        tally.given,
    )
    assert tally.given > 70


@pytest.mark.parametrize("dark", [False, True])
def test_pictures_have_a_bar_for_each_malignant_class_and_a_curve(dark: bool) -> None:
    found = certified(20)
    bars = called_benign_figure(found, FigureStyle(dark=dark)).axes[0]
    assert [label.get_text() for label in bars.get_yticklabels()] == [
        "MEL (20)",
        "BCC (20)",
        "AK (20)",
        "SCC (20)",
        "All malignant (80)",
    ]
    curve = risk_coverage_figure(found, FigureStyle(dark=dark)).axes[0]
    assert [line.get_label() for line in curve.lines] == ["Promised at most", "Surest lesions first", "Diagnoses given"]
    assert curve.lines[1].get_xdata()[-1] == 1.0


def test_without_test_lesions_the_pictures_say_so() -> None:
    for figure in (called_benign_figure, risk_coverage_figure):
        made = figure(certified(0), FigureStyle())
        assert any("test lesions" in text.get_text() for text in made.findobj(lambda item: hasattr(item, "get_text")))
