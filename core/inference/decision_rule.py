"""The decision rule, from logits to verdicts: out of distribution first, then malignant or benign, then whether the
diagnosis is given and which remain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from core.errors import SkinKDError
from core.evaluation.class_groups import group_scores
from core.evaluation.decision_levels import BENIGN_LEVEL
from core.evaluation.decisions import Decision, GroupDecisions, Withheld
from core.evaluation.prediction_sets import PredictionSets, probabilities_of, sets_at
from core.evaluation.selective import GivenDiagnoses
from core.inference.decisions import ImageDecision, certificate_sentence, reason_words, unclear_sentence
from core.inference.diagnoses import diagnosis_sentence, set_sentence
from core.inference.from_statistics import decisions_of, diagnoses_of, sets_of
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

_ROUNDING = 1e-4  # the threshold is the distance of a validation image, which is to stay on its side of it
_NO_STATISTICS = (
    "The model file does not hold what a verdict rests on, or not in a form that this version of SkinKD knows. If you "
    "have the run, 'skinkd-cli calibrate' adds it. Until then do not rely on the probabilities."
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
        self._decisions: dict[float, GroupDecisions | None] = {}
        self._diagnoses: dict[tuple[float, float], GivenDiagnoses] = {}
        if statistics is not None:
            self._sets = sets_of(statistics, info.temperature, info.classes)

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
        return self._assessed(self._sets.p_values(logits), probabilities, measured, (level, benign_level))

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
        p_values, rows = np.asarray([assessment.p_values]), np.asarray([probabilities], np.float64)
        return self._assessed(p_values, rows, [(assessment.distance, assessment.reason)], (level, benign_level))[0]

    def decisions(self, benign_level: float = BENIGN_LEVEL) -> GroupDecisions | None:
        """Thresholds of the decisions and what the test lesions say of them; None where the file holds no lesions."""
        if self.statistics is None:
            return None
        if benign_level not in self._decisions:
            self._decisions[benign_level] = decisions_of(self.statistics, self._temperature, self.classes, benign_level)
        return self._decisions[benign_level]

    def diagnoses(self, level: float, benign_level: float) -> GivenDiagnoses:
        """Which diagnoses are given at these levels, of a file with calibration statistics."""
        assert self.statistics is not None
        levels = level, benign_level
        if levels not in self._diagnoses:
            self._diagnoses[levels] = diagnoses_of(
                self.statistics, self._temperature, self.classes, level, self.decisions(benign_level)
            )
        return self._diagnoses[levels]

    def _decided(
        self, assessment: Assessment, row: NDArray[np.float64], made: Decision | None, benign_level: float
    ) -> Assessment:
        """With the decision on an image of calibrated probabilities (classes,), `made` by the thresholds alone. Where
        it is withheld for what the test said, or did not, no diagnosis says it in its place."""
        decision, verdict = self._decision(assessment, row, made, benign_level), assessment.verdict
        withheld = decision.certificate is not None and decision.withheld is not None
        if verdict is Verdict.CONFIDENT and withheld:
            verdict = Verdict.UNCERTAIN
        return replace(assessment, decision=decision, verdict=verdict)

    def _decision(
        self, assessment: Assessment, row: NDArray[np.float64], made: Decision | None, benign_level: float
    ) -> ImageDecision:
        decisions = self.decisions(benign_level)
        if assessment.verdict is Verdict.OUT_OF_DISTRIBUTION:
            return ImageDecision(Decision.OUT_OF_DISTRIBUTION, self._sentence(assessment), benign_level)
        if decisions is None or assessment.verdict is Verdict.UNKNOWN:
            why = reason_words(Withheld.NOT_CALIBRATED) if decisions is None else self._sentence(assessment)
            return ImageDecision(None, why, benign_level, withheld=Withheld.NOT_CALIBRATED)
        if not decisions.has_groups:
            return ImageDecision(None, reason_words(Withheld.NO_GROUPS), benign_level, withheld=Withheld.NO_GROUPS)
        (scores,) = group_scores(row[None], decisions.groups)
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

    def p_values(self, logits: NDArray[np.float32]) -> NDArray[np.float64]:
        """The conformal p-values (n, classes) of logits (n, classes). Raises ValueError without calibration
        statistics."""
        if self._sets is None:
            raise ValueError("there are no calibration statistics")
        return self._sets.p_values(logits)

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
        self,
        p_values: NDArray[np.float64],
        rows: NDArray[np.float64],
        measured: list[_Distance],
        levels: tuple[float, float],
    ) -> list[Assessment]:
        """From p-values and calibrated probabilities (n, classes), at the levels of the sets and of benign."""
        diagnoses, decisions = self.diagnoses(*levels), self.decisions(levels[1])
        made = decisions.decide(rows) if decisions is not None and decisions.has_groups else (None,) * len(rows)
        given = diagnoses.gives(rows, made).tolist()
        return [
            self._of_image(p_values[place], rows[place], distance, diagnoses, levels, made[place], given=given[place])
            for place, distance in enumerate(measured)
        ]

    def _of_image(
        self,
        p_values: NDArray[np.float64],
        row: NDArray[np.float64],
        measured: _Distance,
        diagnoses: GivenDiagnoses,
        levels: tuple[float, float],
        made: Decision | None,
        *,
        given: bool,
    ) -> Assessment:
        assert self.statistics is not None
        assert self._sets is not None
        (level, benign_level), codes, (distance, reason) = levels, self.classes.codes, measured
        inside = sets_at(p_values, level)
        assessment = Assessment(
            self._verdict(measured, given=given),
            "",
            prediction_set=tuple(codes[k] for k in np.argsort(-row, kind="stable") if inside[k]),
            level=level,
            distance=distance,
            threshold=None if distance is None else self.statistics.threshold,
            p_values=tuple(p_values.tolist()),
            rare=tuple(codes[code] for code in self._sets.rare),
            never_excluded=tuple(codes[code] for code in self._sets.never_excluded(level)),
            tally=diagnoses.tally(int(row.argmax())),
            reason=reason,
        )
        assessment = self._decided(assessment, row, made, benign_level)
        return replace(assessment, sentence=self._sentence(assessment))

    @staticmethod
    def _verdict(measured: _Distance, *, given: bool) -> Verdict:
        distance, reason = measured
        if distance is None:
            return Verdict.UNKNOWN
        if reason is not None:
            return Verdict.OUT_OF_DISTRIBUTION
        return Verdict.CONFIDENT if given else Verdict.UNCERTAIN

    def _sentence(self, assessment: Assessment) -> str:
        assert self.statistics is not None
        if assessment.verdict is Verdict.UNKNOWN:
            return _why_unknown(self.statistics)
        if assessment.verdict is Verdict.OUT_OF_DISTRIBUTION:
            assert assessment.reason is not None
            return f"{assessment.reason.sentence} What the model says of it means nothing."
        return f"{diagnosis_sentence(assessment)} {set_sentence(assessment, self.classes)}"


def _limit(statistics: CalibrationStatistics) -> float:
    return statistics.threshold * (1 + _ROUNDING)


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
