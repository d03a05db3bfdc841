"""The decision rule, from logits to verdicts: out of distribution first, then how many diagnoses remain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.classes import ClassSet
from core.documents import listed
from core.errors import SkinKDError
from core.evaluation.decisions import BENIGN_LEVEL, Decision, GroupDecisions, LesionOutputs, Withheld, group_scores
from core.evaluation.prediction_sets import PredictionSets, images_needed, probabilities_of, sets_at
from core.inference.decisions import ImageDecision, certificate_sentence, reason_words, unclear_sentence
from core.inference.out_of_distribution import (
    MINIMUM,
    RESPECTS,
    Descriptors,
    appearance_of,
    reason_of,
    scaled_distances,
)
from core.inference.trust import DEFAULT_LEVEL, LEVELS, Assessment, Respect, Verdict
from core.models.calibration_statistics import CalibrationStatistics
from core.models.info import ModelInfo
from core.quantities import percent

_ROUNDING = 1e-4  # the threshold is the distance of a validation image, which is to stay on its side of it
_MOST_NAMED = 12
_NO_STATISTICS = (
    "The model file does not hold what a verdict rests on, or not in a form that this version of SkinKD knows. If you "
    "have the run, 'skinkd-cli calibrate' adds it. Until then do not rely on the probabilities."
)


def lesions_of(statistics: CalibrationStatistics, temperature: float) -> tuple[LesionOutputs, LesionOutputs]:
    """One picture of each calibration lesion and of each test lesion, none of statistics without."""
    labels, logits = statistics.validation_labels, statistics.validation_logits
    rows = np.zeros(0, np.int32) if statistics.lesions is None else statistics.lesions
    tested_labels = labels[:0] if statistics.tested_labels is None else statistics.tested_labels
    tested_logits = logits[:0] if statistics.tested_logits is None else statistics.tested_logits
    return (
        LesionOutputs(labels[rows], probabilities_of(logits[rows], temperature)),
        LesionOutputs(tested_labels, probabilities_of(tested_logits, temperature)),
    )


_Distance = tuple[float | None, Respect | None]
"""The score of an image, None where it can not be known, and the reason where it is out of distribution."""


def check_level(level: float) -> None:
    """Raise `SkinKDError` for a level that no prediction set can have."""
    if not LEVELS[0] <= level <= LEVELS[1]:  # NaN is in no range
        raise SkinKDError(
            "There is no such level", f"The level is a fraction from {LEVELS[0]:g} to {LEVELS[1]:g}; it is {level:g}."
        )


class DecisionRule:
    """The decision rule of one model, from its calibration statistics; None where there are none, and `why_none`."""

    def __init__(
        self, statistics: CalibrationStatistics | None, info: ModelInfo, why_none: str = _NO_STATISTICS
    ) -> None:
        self.statistics = statistics
        self._why_none = why_none
        self.classes = info.classes
        self._temperature = info.temperature
        self._sets: PredictionSets | None = None
        self._decisions: dict[float, GroupDecisions] = {}
        if statistics is not None:
            labels = statistics.validation_labels
            self._sets = PredictionSets(labels, statistics.validation_logits, info.temperature)

    def assess(
        self,
        logits: NDArray[np.float32],
        features: NDArray[np.float32] | None,
        images: NDArray[np.uint8],
        level: float = DEFAULT_LEVEL,
        benign_level: float = BENIGN_LEVEL,
    ) -> list[Assessment]:
        """One assessment per image from finite logits (n, classes), features (n, d) and the decoded images.

        Raises `SkinKDError` for a level outside `LEVELS`.
        """
        check_level(level)
        check_level(benign_level)
        if self.statistics is None or self._sets is None:
            return [self._unknown(self._why_none, level, benign_level)] * len(logits)
        measured = self._measured(features, images)
        probabilities = probabilities_of(logits, self._temperature)
        return [
            self._decided(self._assessed(p_values, row, distance, level), row, benign_level)
            for p_values, row, distance in zip(self._sets.p_values(logits), probabilities, measured, strict=True)
        ]

    def at_level(
        self,
        assessment: Assessment,
        probabilities: Sequence[float],
        level: float,
        benign_level: float = BENIGN_LEVEL,
    ) -> Assessment:
        """The same image's assessment at other levels, without asking the network again."""
        check_level(level)
        check_level(benign_level)
        if not assessment.p_values:
            return self._unknown(assessment.sentence, level, benign_level)
        p_values, row = np.asarray(assessment.p_values), np.asarray(probabilities, np.float64)
        return self._decided(
            self._assessed(p_values, row, (assessment.distance, assessment.reason), level), row, benign_level
        )

    def decisions(self, benign_level: float = BENIGN_LEVEL) -> GroupDecisions | None:
        """Thresholds of the decisions and what the test lesions say of them; None where the file holds no lesions."""
        statistics = self.statistics
        if statistics is None or statistics.lesions is None:
            return None
        if benign_level not in self._decisions:
            self._decisions[benign_level] = GroupDecisions(
                self.classes, *lesions_of(statistics, self._temperature), benign_level
            )
        return self._decisions[benign_level]

    def _decided(self, assessment: Assessment, row: NDArray[np.float64], benign_level: float) -> Assessment:
        """With the decision on an image of calibrated probabilities (classes,)."""
        return replace(assessment, decision=self._decision(assessment, row, benign_level))

    def _decision(self, assessment: Assessment, row: NDArray[np.float64], benign_level: float) -> ImageDecision:
        decisions = self.decisions(benign_level)
        if assessment.verdict is Verdict.OUT_OF_DISTRIBUTION:
            return ImageDecision(Decision.OUT_OF_DISTRIBUTION, assessment.sentence, benign_level)
        if decisions is None or assessment.verdict is Verdict.UNKNOWN:
            why = reason_words(Withheld.NOT_CALIBRATED) if decisions is None else assessment.sentence
            return ImageDecision(None, why, benign_level, withheld=Withheld.NOT_CALIBRATED)
        if not decisions.has_groups:
            return ImageDecision(None, reason_words(Withheld.NO_GROUPS), benign_level, withheld=Withheld.NO_GROUPS)
        (made,), (scores,) = decisions.decide(row[None]), group_scores(row[None], decisions.groups)
        made_so = partial(ImageDecision, benign_level=benign_level, benign=float(scores[0]), malignant=float(scores[1]))
        if made is None:
            withheld = Withheld.CLASS_WITHOUT_GROUP
            return made_so(None, reason_words(withheld), withheld=withheld)
        certificate = decisions.certificates.get(made)
        if certificate is None:
            return made_so(made, unclear_sentence(benign_level))
        return made_so(
            made if certificate.withheld is None else None,
            certificate_sentence(certificate, self.classes),
            withheld=certificate.withheld,
            certificate=certificate,
        )

    def _unknown(self, why: str, level: float, benign_level: float) -> Assessment:
        undecided = ImageDecision(None, why, benign_level, withheld=Withheld.NOT_CALIBRATED)
        return Assessment(Verdict.UNKNOWN, why, level=level, decision=undecided)

    def _measured(self, features: NDArray[np.float32] | None, images: NDArray[np.uint8]) -> list[_Distance]:
        statistics = self.statistics
        assert statistics is not None
        wanted = statistics.feature_directions.shape[1] if len(statistics.feature_directions) else 0
        given = 0 if features is None else features.shape[1]
        if statistics.measure not in RESPECTS or not np.isfinite(statistics.threshold) or (wanted and wanted != given):
            return [(None, None)] * len(images)
        appearance = appearance_of(images, statistics.measure)
        scaled = scaled_distances(statistics, Descriptors(features if wanted else None, appearance))
        limit = _limit(statistics)
        return [
            (float(row.max()), None if row.max() <= limit else reason_of(row, statistics.measure, limit))
            for row in scaled
        ]

    def _assessed(
        self, p_values: NDArray[np.float64], order: NDArray[Any], measured: _Distance, level: float
    ) -> Assessment:
        assert self.statistics is not None
        assert self._sets is not None
        inside = sets_at(p_values, level)
        chosen = tuple(self.classes.codes[k] for k in np.argsort(-order, kind="stable") if inside[k])
        always = tuple(self.classes.codes[code] for code in self._sets.never_excluded(level))
        distance, reason = measured
        verdict, sentence = self._verdict(chosen, always, measured, level)
        return Assessment(
            verdict,
            sentence,
            prediction_set=chosen,
            level=level,
            distance=distance,
            threshold=None if distance is None else self.statistics.threshold,
            p_values=tuple(float(value) for value in p_values),
            never_excluded=always,
            reason=reason,
        )

    def _verdict(
        self, chosen: tuple[str, ...], always: tuple[str, ...], measured: _Distance, level: float
    ) -> tuple[Verdict, str]:
        assert self.statistics is not None
        distance, reason = measured
        if distance is None:
            return Verdict.UNKNOWN, _why_unknown(self.statistics)
        if reason is not None:
            return Verdict.OUT_OF_DISTRIBUTION, f"{reason.sentence} What the model says of it means nothing."
        if len(chosen) == 1:
            return Verdict.CONFIDENT, (
                f"At {percent(level)} only {self.classes.name_of(chosen[0])} fits, measured on images with a proven "
                "diagnosis. It can still be wrong."
            )
        return Verdict.UNCERTAIN, _uncertain(chosen, always, level, self.classes)


def _limit(statistics: CalibrationStatistics) -> float:
    return statistics.threshold * (1 + _ROUNDING)


def _uncertain(chosen: tuple[str, ...], always: tuple[str, ...], level: float, classes: ClassSet) -> str:
    if not chosen:
        return f"At {percent(level)} none of the {len(classes)} diagnoses fits."
    names = listed([classes.name_of(code) for code in chosen], _MOST_NAMED)
    which = "every diagnosis is possible" if len(chosen) == len(classes) else f"{names} are possible"
    text = f"At {percent(level)} {which}."
    if always:
        needed = images_needed(level)
        never = listed([classes.name_of(code) for code in always], _MOST_NAMED)
        text += (
            f" {never} can not be excluded at this level in any image: "
            f"the model was checked on fewer than {needed} such images."
        )
    return text


def _why_unknown(statistics: CalibrationStatistics) -> str:
    if statistics.measure not in RESPECTS:
        return (
            "Another version of SkinKD made this model file, which tells in another way whether a picture is like the "
            "training images. If you have the run, 'skinkd-cli calibrate' brings it up to date. Until then do not rely "
            "on the probabilities."
        )
    if not np.isfinite(statistics.threshold):
        return (
            f"The model was checked on {statistics.images} images only; it takes {MINIMUM} to tell whether a picture "
            "is like those it knows. Do not rely on the probabilities."
        )
    return (
        "This form of the model does not show the features by which it would be told whether the picture is like its "
        "training images. Do not rely on the probabilities."
    )
