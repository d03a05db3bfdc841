"""What verdicts and decisions rest on, computed from the calibration statistics of a model file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.classes import ClassSet
from core.evaluation.class_groups import GROUP_NAMES, group_of_classes
from core.evaluation.decision_levels import BENIGN_LEVEL
from core.evaluation.decisions import Decision, GroupDecisions, LesionOutputs
from core.evaluation.prediction_sets import PredictionSets, probabilities_of
from core.evaluation.selective import MOST_WRONG, GivenDiagnoses
from core.inference.trust import DEFAULT_LEVEL
from core.models.calibration_statistics import CalibrationStatistics


def sets_of(statistics: CalibrationStatistics, temperature: float, classes: ClassSet) -> PredictionSets:
    """The prediction sets; rare classes go by their group."""
    labels, logits = statistics.validation_labels, statistics.validation_logits
    return PredictionSets(labels, logits, temperature, group_of_classes(classes))


def decisions_of(
    statistics: CalibrationStatistics, temperature: float, classes: ClassSet, benign_level: float = BENIGN_LEVEL
) -> GroupDecisions | None:
    """Thresholds and test of the decisions; None for statistics of older versions, which name no lesions."""
    if statistics.lesions is None:
        return None
    return GroupDecisions(classes, *lesions_of(statistics, temperature), benign_level)


def diagnoses_of(
    statistics: CalibrationStatistics,
    temperature: float,
    classes: ClassSet,
    level: float,
    decisions: GroupDecisions | None,
) -> GivenDiagnoses:
    """Thresholds and test of the diagnoses that are given at a level, where the decisions are their group's."""
    return GivenDiagnoses(classes, *lesions_of(statistics, temperature), level, decisions)


def lesions_of(statistics: CalibrationStatistics, temperature: float) -> tuple[LesionOutputs, LesionOutputs]:
    """One picture of each calibration lesion and of each test lesion. Statistics of older versions name no lesions: in
    them every calibration picture stands for one, and there is no test."""
    labels, logits = statistics.validation_labels, statistics.validation_logits
    rows = np.arange(len(labels)) if statistics.lesions is None else statistics.lesions
    tested_labels = labels[:0] if statistics.tested_labels is None else statistics.tested_labels
    tested_logits = logits[:0] if statistics.tested_logits is None else statistics.tested_logits
    return (
        LesionOutputs(labels[rows], probabilities_of(logits[rows], temperature)),
        LesionOutputs(tested_labels, probabilities_of(tested_logits, temperature)),
    )


@dataclass(frozen=True, eq=False)
class CertifiedDecisions:
    """The decisions and diagnoses of a model at the default levels, with what its test lesions say of them."""

    classes: ClassSet
    decisions: GroupDecisions
    diagnoses: GivenDiagnoses


def certified_decisions(
    statistics: CalibrationStatistics, temperature: float, classes: ClassSet
) -> CertifiedDecisions | None:
    """None for statistics of older versions, and where no class has a group."""
    decisions = decisions_of(statistics, temperature, classes)
    if decisions is None or not decisions.has_groups:
        return None
    return CertifiedDecisions(
        classes, decisions, diagnoses_of(statistics, temperature, classes, DEFAULT_LEVEL, decisions)
    )


def certified_by(model_file: Path) -> CertifiedDecisions | None:
    """The same of a model.safetensors file, None where there is no file. Raises `SkinKDError` for one that can not be
    read."""
    from core.models.files import load_statistics, read_model_info

    statistics = load_statistics(model_file) if model_file.is_file() else None
    if statistics is None:
        return None
    info = read_model_info(model_file)
    return certified_decisions(statistics, info.temperature, info.classes)


def decisions_document(tested: CertifiedDecisions) -> dict[str, Any]:
    """What the test lesions say, for metrics.json and `--json`: shares in 0..1, None where nothing was counted."""
    diagnoses = tested.diagnoses
    return {
        **{
            decision.value: {
                "level": item.level,
                "calibrated_on": item.calibrated_on,
                "errors": item.errors,
                "lesions": item.lesions,
                "share": item.share,
                "bound": item.bound,
                "right": item.tally.right,
                "given": item.tally.given,
                "withheld": item.withheld,
            }
            for decision, item in tested.decisions.certificates.items()
        },
        "unclear": sum(made is Decision.UNCLEAR for made in tested.decisions.tested),
        "tested": len(tested.decisions.tested),
        "diagnoses": {
            "level": diagnoses.level,
            "most_wrong": MOST_WRONG,
            **{
                GROUP_NAMES[group] or "no_group": {
                    "threshold": threshold.confidence,
                    "calibrated_on": threshold.lesions,
                    "right": diagnoses.tallies[group].right,
                    "given": diagnoses.tallies[group].given,
                }
                for group, threshold in diagnoses.thresholds.items()
            },
        },
    }
