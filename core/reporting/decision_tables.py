"""What the test lesions say of decisions and diagnoses, as tables."""

from __future__ import annotations

import numpy as np

from core.evaluation.class_groups import GROUP_NAMES, MALIGNANT, group_of_classes
from core.evaluation.decisions import Decision
from core.evaluation.exact_bounds import upper_bound
from core.evaluation.selective import MOST_WRONG
from core.inference.decisions import certificate_sentence, levels_words
from core.inference.from_statistics import CertifiedDecisions
from core.quantities import fraction, percent
from core.reporting import cells
from core.reporting.table import Cell, Column, ResultsTable

NO_DECISIONS = (
    "The model file does not hold what decisions rest on, or its classes are not said to be malignant and benign. If "
    "you have the run, 'skinkd-cli calibrate' adds it."
)


def decision_facts(tested: CertifiedDecisions) -> tuple[tuple[str, str], ...]:
    """Promises and how they were borne out, as pairs of a name and a sentence."""
    made = tested.decisions
    unclear, lesions = sum(item is Decision.UNCLEAR for item in made.tested), len(made.tested)
    share = f" ({fraction(unclear / lesions)})" if lesions else ""
    certificates = made.certificates.items()
    return (
        ("Levels", levels_words(made.benign_level)),
        *((decision.value.capitalize(), certificate_sentence(item, tested.classes)) for decision, item in certificates),
        ("Unclear", f"{unclear:,} of {lesions:,} test lesions{share}"),
        *((_name(group), _given(tested, group)) for group in tested.diagnoses.thresholds),
    )


def _name(group: int) -> str:
    return f"{GROUP_NAMES[group]} diagnoses".strip().capitalize()


def _given(tested: CertifiedDecisions, group: int) -> str:
    """From which probability on diagnoses of a group are given, and how often they were right."""
    least, tally = tested.diagnoses.thresholds[group].confidence, tested.diagnoses.tallies[group]
    if least is None:
        return "not given: with too few calibration lesions, or too many errors among them, nothing can be promised"
    right = f"; {tally.right:,} of {tally.given:,} on test lesions were right" if tally.given else ""
    return f"given from a probability of {fraction(least)}{right}"


def diagnosis_note(tested: CertifiedDecisions) -> str:
    """What is promised of the diagnoses given."""
    return (
        f"Diagnoses are given from the probability on at which, with {percent(tested.diagnoses.level)} certainty, at "
        f"most {percent(MOST_WRONG)} of those given are wrong (Learn then Test, by group, never by rare class)."
    )


def called_table(tested: CertifiedDecisions) -> ResultsTable:
    """What the test lesions of each class were called; of malignant classes the share called benign with its bound."""
    groups = group_of_classes(tested.classes)
    made = np.array([str(item or "") for item in tested.decisions.tested], np.str_)
    rows = []
    for code, item in enumerate(tested.classes.classes):
        own = made[tested.decisions.labels == code]
        said = [int((own == name).sum()) for name in (Decision.MALIGNANT, Decision.UNCLEAR, Decision.BENIGN)]
        missed = _missed(said[2], len(own)) if groups[code] == MALIGNANT and len(own) else cells.nothing(2)
        rows.append((cells.words(item.title), cells.count(len(own)), *map(cells.count, said), missed))
    bound = ("Called benign", "Upper bound")
    columns = (
        Column("Class", words=True),
        *(Column(name) for name in ("Test lesions", "Malignant", "Unclear", "Benign")),
        Column("Malignant called benign", "The share, and its exact upper 95 % bound", bound),
    )
    note = "One picture of each test lesion counts. Of a class with few lesions nothing is promised for itself."
    return ResultsTable("What the test lesions were called", columns, tuple(rows), (note,))


def _missed(errors: int, lesions: int) -> Cell:
    bound = upper_bound(errors, lesions)
    return Cell(f"{fraction(errors / lesions)}, at most {fraction(bound)}", (errors / lesions, bound))
