"""Classifications as a table for others: CSV or JSON, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from core.atomic import replacing
from core.classes import Malignancy
from core.data.tables import safe_cell
from core.errors import SkinKDError
from core.evaluation.decision_levels import MALIGNANT_LEVEL
from core.inference.local_calibration import LocalCalibration, local_to_json
from core.inference.patients.tables import NO_PATIENTS, PATIENT_HEAD, PatientColumns
from core.inference.results import RESEARCH_USE, SYNTHETIC_WARNING, Classification
from core.inference.review import NO_REVIEW, Review, opinion_of
from core.inference.triage import MelanomaThreshold, is_flagged
from core.inference.trust import Verdict
from core.models.info import ModelInfo
from core.visible_text import visible, writable_values


@dataclass(frozen=True, eq=False)
class Beside:
    """What may stand beside the answers of a model: the class codes that folders give their images (`truths`), the
    answers of a `second` model, described by `second_info`, the reader's `reviews`, a `threshold` in use on the
    melanoma probability, what is known of `patients` and their lesions, and the `local` calibration on the user's own
    images that the answers rest on."""

    truths: Mapping[Path, str] = field(default_factory=dict)
    second: Mapping[Path, Classification] = field(default_factory=dict)
    second_info: ModelInfo | None = None
    reviews: Mapping[Path, Review] = field(default_factory=dict)
    threshold: MelanomaThreshold | None = None
    patients: PatientColumns = NO_PATIENTS
    local: LocalCalibration | None = None


_NOTHING_BESIDE = Beside()
_FLAGS = {None: "", True: "yes", False: "no"}


def write_table(path: Path, rows: Sequence[Classification], info: ModelInfo, beside: Beside = _NOTHING_BESIDE) -> None:
    """Write `rows` as CSV or JSON by the ending of `path`, whole or not at all. Raises `SkinKDError`."""
    check_target(path)
    # The mark in front tells spreadsheets that the letters are UTF-8.
    is_csv = path.suffix.lower() == ".csv"
    text = "\ufeff" + table_to_csv(rows, info, beside) if is_csv else table_to_json(rows, info, beside)
    try:
        _replace(path, text)
    except OSError as error:
        raise SkinKDError("The table was not written", f"{path} can not be written.", str(error)) from error


def check_target(path: Path) -> None:
    """Raise `SkinKDError` when a table can not have this name."""
    if path.suffix.lower() not in {".csv", ".json"}:
        raise SkinKDError("Unknown kind of table", f"{path.name} must end in .csv or .json.")


def table_to_csv(rows: Sequence[Classification], info: ModelInfo, beside: Beside = _NOTHING_BESIDE) -> str:
    """CSV with one row per image: file, decision and its sentence, verdict and prediction set, diagnosis, probabilities
    (fractions), the model.

    `prediction_set` holds class codes with spaces between, `level` its level; what is `beside` adds columns. Every cell
    is quoted, so that a `;` in a name does not begin a cell where spreadsheets divide by it; text that would run as a
    formula gets an apostrophe.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
    head = [
        "image",
        "decision",
        "decision_sentence",
        "verdict",
        "prediction_set",
        "level",
        "novelty",
        "reason",
        "diagnosis",
        "diagnosis_name",
        "probability",
    ]
    malignant = ["malignant_probability"] if info.classes.of_group(Malignancy.MALIGNANT) else []
    head += [*malignant, *info.classes.codes, "note", "error", "model", "trained_on"]
    writer.writerow([*head, *_head_beside(beside)])
    model, origin = _text(info.architecture), _text(_trained_on(info))
    for row in rows:
        shares = [""] * len(info.classes) if row.probabilities is None else [f"{p:.6f}" for p in row.probabilities]
        numbers = [_number(row.probability), *(_number(row.malignant) for _ in malignant), *shares]
        texts = [_text(row.note), _text(row.error), model, origin]
        cells = [
            _text(str(row.path)),
            *_decision_cells(row),
            *_trust_cells(row),
            row.code or "",
            _text(row.name),
            *numbers,
            *texts,
        ]
        writer.writerow([*cells, *_cells_beside(row, beside)])
    return out.getvalue()


def _head_beside(beside: Beside) -> list[str]:
    head = ["truth"] if beside.truths else []
    if beside.second_info is not None:
        head += ["second_verdict", "second_diagnosis", "second_probability", "agreement", "second_model"]
    if beside.threshold is not None:
        head += ["flagged", "melanoma_threshold"]
    if beside.reviews:
        head += ["review", "reader_diagnosis", "reader_diagnosis_name", "reader_note", "review_time"]
    head += PATIENT_HEAD if beside.patients else ()
    return [*head, *(["own_calibration"] if beside.local else ())]


def _cells_beside(row: Classification, beside: Beside) -> list[str]:
    cells = [_text(beside.truths.get(row.path, ""))] if beside.truths else []
    cells += _second_cells(row, beside)
    if beside.threshold is not None:
        cells += [flag_text(row, beside), _number(beside.threshold.value)]
    if beside.reviews:
        review = beside.reviews.get(row.path, NO_REVIEW)
        cells += [opinion_of(review, row), *(_text(value) for value in (review.code, review.name, review.note))]
        cells.append(_text(review.time))
    cells += map(_text, beside.patients.cells(row.path)) if beside.patients else ()
    return [*cells, *([beside.local.data] if beside.local else ())]


def flag_text(row: Classification, beside: Beside) -> str:
    """Whether an image reaches the threshold: `yes`, `no`, or nothing where that can not be told."""
    return _FLAGS[is_flagged(row, beside.threshold)]


def _second_cells(row: Classification, beside: Beside) -> list[str]:
    if beside.second_info is None:
        return []
    second = beside.second.get(row.path)
    answer = ["", "", ""]
    if second is not None:
        verdict = second.assessment.verdict.value if second.assessment else ""
        answer = [verdict, second.code or "", _number(second.probability)]
    return [*answer, _agreement(row, second), _text(beside.second_info.architecture)]


def _agreement(row: Classification, second: Classification | None) -> str:
    """`agree` or `disagree`; nothing where one of the two has no diagnosis."""
    if second is None or row.code is None or second.code is None:
        return ""
    return "agree" if row.code == second.code else "disagree"


def _decision_cells(row: Classification) -> list[str]:
    """The decision, empty where none is given, and its sentence."""
    made = row.decision
    return ["", ""] if made is None else [made.decision or "", _text(made.sentence)]


def _trust_cells(row: Classification) -> list[str]:
    """Verdict, prediction set, its level, out-of-distribution score and the reason why a picture is unlike; empty where
    they are not known."""
    assessment = row.assessment
    if assessment is None:
        return [""] * 5
    ood = [_number(assessment.out_of_distribution_score), assessment.reason or ""]
    if assessment.verdict is Verdict.UNKNOWN:
        return [assessment.verdict.value, "", "", *ood]
    return [assessment.verdict.value, " ".join(assessment.prediction_set), f"{assessment.level:g}", *ood]


def table_to_json(rows: Sequence[Classification], info: ModelInfo, beside: Beside = _NOTHING_BESIDE) -> str:
    """The same as a JSON document: `model`, `classes`, `images`, and `second_model` where there is one."""
    return json.dumps(writable_values(table_document(rows, info, beside)), indent=2, ensure_ascii=False) + "\n"


def table_document(rows: Sequence[Classification], info: ModelInfo, beside: Beside = _NOTHING_BESIDE) -> dict[str, Any]:
    """The JSON document as plain values."""
    second = {} if beside.second_info is None else {"second_model": _model(beside.second_info)}
    return {
        "notice": RESEARCH_USE,
        "warnings": [SYNTHETIC_WARNING] if info.synthetic else [],
        "model": _model(info),
        **second,
        "own_calibration": local_to_json(beside.local),
        **({} if beside.threshold is None else {"melanoma_threshold": asdict(beside.threshold)}),
        "classes": list(info.classes.codes),
        "images": [{**_row(row), **_row_beside(row, beside)} for row in rows],
        **({"lesions": beside.patients.lesions_document(_row)} if beside.patients else {}),
    }


def _model(info: ModelInfo) -> dict[str, Any]:
    return {
        "architecture": info.architecture,
        "task": info.task,
        "trained_on": _trained_on(info),
        "synthetic": info.synthetic,
        "temperature": info.temperature,
        "positions": info.positions,
        "recipe_hash": info.recipe_hash,
        "skinkd_version": info.skinkd_version,
    }


def _row_beside(row: Classification, beside: Beside) -> dict[str, Any]:
    found: dict[str, Any] = {"truth": beside.truths.get(row.path)} if beside.truths else {}
    if beside.second_info is not None:
        second = beside.second.get(row.path)
        answer = None if second is None else {key: value for key, value in _row(second).items() if key != "image"}
        found |= {"second": answer, "agreement": _agreement(row, second) or None}
    if beside.threshold is not None:
        found["flagged"] = is_flagged(row, beside.threshold)
    if beside.reviews:
        found["review"] = _review(row, beside.reviews.get(row.path, NO_REVIEW))
    if beside.patients:
        found["patient_facts"] = beside.patients.document(row.path)
    return found


def _review(row: Classification, review: Review) -> dict[str, Any] | None:
    if not review:
        return None
    diagnosis = {"diagnosis": review.code or None, "diagnosis_name": review.name or None}
    return {"opinion": opinion_of(review, row), **diagnosis, "note": review.note or None, "time": review.time or None}


def _row(row: Classification) -> dict[str, Any]:
    shares = None if row.probabilities is None else dict(zip(row.classes.codes, row.probabilities, strict=True))
    return {
        "image": str(row.path),
        **_decision(row),
        **_trust(row),
        "diagnosis": row.code,
        "diagnosis_name": row.name or None,
        "probability": row.probability,
        **({"malignant_probability": row.malignant} if row.classes.of_group(Malignancy.MALIGNANT) else {}),
        "probabilities": shares,
        "note": row.note or None,
        "error": row.error or None,
    }


def _decision(row: Classification) -> dict[str, Any]:
    """The decision with what it rests on; None where none is given, or a number is not known."""
    made = row.decision
    if made is None:
        return dict.fromkeys(("decision", "decision_basis"))
    tally = made.certificate.tally if made.certificate and made.decision else None
    basis = {
        "sentence": made.sentence,
        "withheld": made.withheld,
        "benign_level": made.benign_level,
        "malignant_level": MALIGNANT_LEVEL,
        "malignant_score": made.malignant,
        "benign_score": made.benign,
        "tested": None if tally is None else {"right": tally.right, "given": tally.given},
    }
    return {"decision": made.decision, "decision_basis": basis}


def _trust(row: Classification) -> dict[str, Any]:
    """What the verdict rests on; None where it is not known."""
    assessment = row.assessment
    if assessment is None:
        return dict.fromkeys(("verdict", "sentence", "prediction_set", "level", "novelty", "reason"))
    known = assessment.verdict is not Verdict.UNKNOWN
    return {
        "verdict": assessment.verdict.value,
        "sentence": assessment.sentence,
        "prediction_set": list(assessment.prediction_set) if known else None,
        "level": assessment.level if known else None,
        "novelty": assessment.out_of_distribution_score,
        "reason": assessment.reason,
    }


def _trained_on(info: ModelInfo) -> str:
    return f"{info.trained_on} (synthetic sample set)" if info.synthetic else info.trained_on


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}"


def _text(value: str) -> str:
    return str(safe_cell(visible(value)))


def _replace(path: Path, text: str) -> None:
    """Write whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")
