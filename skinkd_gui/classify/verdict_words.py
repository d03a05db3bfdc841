"""An answer in words: the verdict first, why, which diagnoses remain, and what else must be known. No Qt."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.classes import ClassSet
from core.data.types import Part
from core.documents import listed
from core.evaluation.decisions import Decision
from core.evaluation.prediction_sets import images_needed
from core.inference.diagnoses import diagnosis_sentence, remaining
from core.inference.results import Classification
from core.inference.trust import DEFAULT_READERSHIP, Assessment, Readership, Verdict
from core.quantities import percent, probability
from skinkd_gui.classify.facts import ModelResult, ShownImage
from skinkd_gui.classify.kinds import NOT_CLASSIFIED, WAITING, agreement

OUT_OF_DISTRIBUTION_REASON = (
    "The picture is not like those that the model knows, so its probabilities mean nothing here, however high they are."
)
"""Why the probabilities of such an image are folded away."""


@dataclass(frozen=True)
class VerdictWords:
    """What a verdict card says. `kind` is success, warning, error or info; `icon` names a picture of resources/icons.

    `title` is the decision, malignant, benign or unclear, where there is one, otherwise the verdict on the diagnosis;
    `decision` says how such decisions did on test lesions, or why there is none. `remaining` names the diagnoses that
    remain at the level, `likeliest` the leading one. All three may be empty.
    """

    kind: str
    icon: str
    title: str
    why: str
    remaining: str = ""
    likeliest: str = ""
    decision: str = ""

    @property
    def spoken(self) -> str:
        """Everything in one text."""
        return " ".join(
            part for part in (f"{self.title}.", self.decision, self.remaining, self.why, self.likeliest) if part
        )


_STYLES = {
    Verdict.CONFIDENT: ("success", "done"),
    Verdict.UNCERTAIN: ("warning", "warning"),
    Verdict.OUT_OF_DISTRIBUTION: ("error", "help"),
    Verdict.UNKNOWN: ("info", "info"),
}

_DECIDED = {
    Decision.MALIGNANT: ("error", "warning"),
    Decision.BENIGN: ("success", "done"),
    Decision.UNCLEAR: ("warning", "help"),
    Decision.OUT_OF_DISTRIBUTION: _STYLES[Verdict.OUT_OF_DISTRIBUTION],
}

_MOST_NAMED = 12

_PARTS = {
    Part.TRAIN: "The model was trained with an image of this name: what it says here shows nothing of its skill.",
    Part.VALIDATION: "An image of this name chose the model: what it says here looks a little too good.",
    Part.CALIBRATION: "An image of this name calibrated the model: what it says here looks a little too good.",
}


def verdict_words(model_result: ModelResult | None, reader: Readership = DEFAULT_READERSHIP) -> VerdictWords:
    """The words for what one model says, to this reader; also while it has said nothing."""
    if model_result is None:
        return VerdictWords("info", "info", "No model", "Choose a model above to have this image classified.")
    result = model_result.result
    if result is None:
        return VerdictWords("info", "info", WAITING, "The image has not been classified yet.")
    if result.code is None:
        return VerdictWords("error", "error", NOT_CLASSIFIED, result.error)
    if result.assessment is None:
        kind, icon = _STYLES[Verdict.UNKNOWN]
        why = "The model file holds nothing to tell that from."
        return VerdictWords(kind, icon, Verdict.UNKNOWN.words, why, "", _likeliest(result))
    return _with_decision(_assessed(result, result.assessment, reader), result.assessment)


def agreement_words(shown: ShownImage) -> str:
    """Whether two models agree, nothing without a second answer."""
    first, second = shown.result, shown.second.result if shown.second else None
    same = agreement(first, second)
    if same is None or first is None or second is None or first.code is None or second.code is None:
        return ""
    disagree = f"The models disagree: {first.name} or {second.name}."
    text = f"Both models say {first.name}." if same else disagree
    unlike = [_verdict(result) is Verdict.OUT_OF_DISTRIBUTION for result in (first, second)]
    if any(unlike):
        whom = "they know" if all(unlike) else "one of them knows"
        return f"{text} That means little: the picture is not like the images that {whom}."
    more = _shared(first, second) if same else shown.reader.advice
    return f"{text} {more}".strip()


def remarks(shown: ShownImage) -> tuple[str, ...]:
    """What else must be known of the image: its truth where the folder tells it, its part in the training, its file."""
    found = []
    result = shown.result
    if shown.truth and result is not None and result.code is not None:
        right = "as the model says" if result.code == shown.truth else "other than the model says"
        found.append(f"By the folder's labels it is: {shown.truth_name}, {right}.")
    elif shown.truth:
        found.append(f"By the folder's labels it is: {shown.truth_name}.")
    if shown.part in _PARTS:
        found.append(_PARTS[shown.part])
    if result is not None and result.note:
        found.append(result.note)
    return tuple(found)


def is_out_of_distribution(model_result: ModelResult | None) -> bool:
    """Whether the image is unlike those that the model knows."""
    return (
        model_result is not None
        and model_result.result is not None
        and _verdict(model_result.result) is Verdict.OUT_OF_DISTRIBUTION
    )


def named(code: str, classes: ClassSet) -> str:
    """A class by its plain name, with its group where that is serious."""
    group = classes.group_of(code)
    return f"{classes.name_of(code)}{f' ({group.value})' if group.serious else ''}"


def _assessed(result: Classification, assessment: Assessment, reader: Readership) -> VerdictWords:
    classes, likeliest, title = result.classes, _likeliest(result), assessment.verdict.words
    kind, icon = _STYLES[assessment.verdict]
    if assessment.verdict is Verdict.CONFIDENT and result.code and classes.group_of(result.code).serious:
        kind, icon = _DECIDED[Decision.MALIGNANT]  # sure of it is no good news
    if assessment.verdict is Verdict.OUT_OF_DISTRIBUTION:
        return VerdictWords(kind, icon, title, assessment.sentence)
    if assessment.verdict is Verdict.UNKNOWN:
        return VerdictWords(
            kind,
            icon,
            title,
            assessment.sentence,
            _remaining(assessment, classes) if assessment.p_values else "",
            likeliest,
        )
    why = diagnosis_sentence(assessment)
    if assessment.verdict is Verdict.UNCERTAIN:
        advice = f" {reader.advice}" if reader.advice else ""
        why += f"{advice}{_always(assessment, classes)}"
    return VerdictWords(kind, icon, title, why, _remaining(assessment, classes), likeliest)


def _with_decision(words: VerdictWords, assessment: Assessment) -> VerdictWords:
    """The words with the decision before the diagnosis."""
    made = assessment.decision
    if made is None or assessment.verdict in (Verdict.OUT_OF_DISTRIBUTION, Verdict.UNKNOWN):
        return words  # the verdict says the same
    if made.decision is None:
        return replace(words, decision=made.sentence)
    kind, icon = _DECIDED[made.decision]
    why = f"Diagnosis: {words.title[0].lower()}{words.title[1:]}. {words.why}"
    return replace(words, kind=kind, icon=icon, title=made.title, decision=made.sentence, why=why)


def _remaining(assessment: Assessment, classes: ClassSet) -> str:
    return f"{remaining(assessment, classes)}; for each class, {percent(assessment.level)} of its images keep it"


def _always(assessment: Assessment, classes: ClassSet) -> str:
    if not assessment.never_excluded:
        return ""
    names = listed([classes.name_of(code) for code in assessment.never_excluded], _MOST_NAMED)
    needed = images_needed(assessment.level)
    return f" {names} can never be excluded at this level: the model was checked on fewer than {needed} such images."


def _likeliest(result: Classification) -> str:
    assert result.code is not None
    total = "" if result.malignant is None else f"; malignant classes together {probability(result.malignant)}"
    return f"Likeliest: {named(result.code, result.classes)}, {probability(result.probability)}{total}"


def _verdict(result: Classification) -> Verdict:
    return Verdict.UNKNOWN if result.assessment is None else result.assessment.verdict


def _shared(first: Classification, second: Classification) -> str:
    """What remains possible for both."""
    if first.assessment is None or second.assessment is None:
        return ""
    if not (first.assessment.p_values and second.assessment.p_values):
        return ""
    both = [code for code in first.assessment.prediction_set if code in second.assessment.prediction_set]
    if len(both) < 2:
        return ""
    if len(both) == len(first.classes):
        return "Neither can exclude any diagnosis."
    return f"For both, {listed([first.classes.name_of(code) for code in both], _MOST_NAMED)} remain possible."
