"""How data, recipe and study depart from the paper's, field by field, and how its unclear sentences are read.

Source: Davidi and Park, "Novel Knowledge Distillation Techniques for Visual Skin Disease Detection".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.data.allocation import PAPERS_SPLIT, wanted_counts
from core.data.corrections import CorrectionKind, corrections_file, read_corrections
from core.data.groups import together
from core.documents import some
from core.errors import SkinKDError
from core.recipe import FieldSpec, Preset, Recipe, field, fields_of, preset, value_of
from core.recipe.changes import recipe_changes
from core.settings import SettingsSection
from core.study.definition import FOLD_FIELD, TEST_FOLD_FIELD, Study, recipe_of
from core.study.paper import has_papers_classes, paper_study
from core.study.published import published_facts
from core.user_paths import expanded

NO_DEPARTURE = {
    "task": "a study trains teacher and students",
    "data.path": "it says where, not what: the number of images is compared",
    "data.layout": "it says how labels are stored, not which",
    "data.image_column": "it says how labels are stored, not which",
    "data.label_column": "it says how labels are stored, not which",
    "data.same_numbers": "it matters to splits that keep lesions together, which are named",
    "data.patient_folders": "it matters to splits that keep patients together, which are named",
    "data.terms": "it changes no number",
    "data.seed": "the paper does not tell its seed",
    "data.corrections": "those that are used are named with their number",
    "data.skip_problems": "what is left out shows in the number of images",
    "teacher.run": "it says where; the recipe of that run is compared",
    "teacher.source": "stored or not, the teacher's logits are the same",
    "teacher.views": "it acts with augmentation, which is named",
    "distillation.method": "the study varies it; its configurations are compared with the paper's",
    "distillation.alpha": "the study varies it; its configurations are compared with the paper's",
    "curriculum.order": "the study varies it; its configurations are compared with the paper's",
    "curriculum.difficulty": "the study varies it; its configurations are compared with the paper's",
    "curriculum.redraw": "the study varies it; its configurations are compared with the paper's",
    "optimisation.seed": "the paper does not tell its seeds",
    "hardware.device": "the paper does not tell its device; in 32 bits devices differ by rounding",
    "hardware.threads": "it changes the order of sums, by rounding",
    "hardware.image_store": "it says where decoded images lie, not what they are",
}
"""The fields that make a recipe no other than the paper's, each with the reason. Every other field that differs is a
departure."""

_OWN_WORDS = {
    *("data.split", "data.rounding", "data.group_by", "classes.set", "classes.own", "classes.mapping"),
    *("teacher.weights", "student.weights"),
}
"""Fields whose departures need more than both values."""


@dataclass(frozen=True)
class Departure:
    """One way in which data or recipe differ from the paper's: what, how it was there, how it is here."""

    what: str
    paper: str
    here: str


@dataclass(frozen=True)
class Reading:
    """A place where the paper leaves something open: what it says, and how the presets `paper` and `paper-lesion` read
    it."""

    what: str
    says: str
    read: str

    @property
    def sentence(self) -> str:
        """The reading for people."""
        return f"{self.what}: the paper {self.says}. Read as: {self.read}."


READINGS = (
    Reading(
        "Curriculum",
        "unloads the training data from the loader, sorts them and reloads them (section 4.3)",
        "drawn and sorted once, and shown in that order in every epoch",
    ),
    Reading("Split", "divides 70:20:10 and says nothing of lesions", "image by image, each class in proportion"),
    Reading(
        "Dropout",
        "names no rates",
        "those of the networks that it cites: EfficientNet-B7 with dropout 0.5 and drop-connect 0.2, MobileNetV2 with "
        "dropout 0.2",
    ),
    Reading(
        "Starting weights",
        "says pretrained on ImageNet",
        "for EfficientNet-B7 those of the code that it cites, for MobileNetV2 timm's",
    ),
    Reading("Precision", "does not name it", "32 bits, as PyTorch computes by itself"),
    Reading("Weight decay", "says Adam with 0.01", "added to the gradient, as PyTorch's Adam does, not AdamW"),
    Reading("Temperature", "names none", "1"),
    Reading(
        "Early stopping",
        'waits five epochs for "a new lowest validation accuracy" (section 5.2)',
        "the highest, and the model is that of the best epoch",
    ),
)
"""What the paper leaves open. Another reading of one of these is a departure, because it is one choice of several."""


def departures(
    recipe: Recipe, images: int | None, *, synthetic: bool = False, corrections: int = 0
) -> tuple[Departure, ...]:
    """How a recipe differs from the paper's, with the number of usable images where it is known and that of corrections
    of them; empty when nowhere. What the study itself varies is no departure of a recipe."""
    return _departures(recipe, _sections(recipe), images, synthetic, corrections)


def study_departures(
    study: Study,
    images: int | None,
    *,
    synthetic: bool = False,
    corrections: int = 0,
    teacher: Recipe | None = None,
) -> tuple[Departure, ...]:
    """The departures of the paper's study: those of its students, those of its teacher that differ from them, and
    those of single configurations.

    `teacher` is the recipe that the teacher was trained with where that is known, otherwise it is the study's own.
    """
    own = next((item for item in study.configurations if item.teacher), None)
    if teacher is None and own is not None and not study.base.teacher.run:
        teacher = recipe_of(study, own)
    facts = (images, synthetic, corrections)
    found = list(_departures(study.base, _sections(study.base, without=("teacher",)), *facts))
    if teacher is None:
        trained = f"{value_of(preset(Preset.PAPER), 'teacher.architecture')}, trained as in section 5"
        found.append(Departure("Teacher", trained, "one of which it is not known how it was trained"))
    else:
        if teacher.data.path != study.base.data.path:
            found.append(Departure("Images (teacher)", "those of the students", "others"))
        students = ("student", "distillation", "curriculum")
        for item in _departures(teacher, _sections(teacher, without=students), *facts):
            if item not in found:
                what = item.what if item.what.startswith("Teacher ") else f"{item.what} (teacher)"
                found.append(Departure(what, item.paper, item.here))
    return (*found, *_of_configurations(study))


def corrections_in_use(recipe: Recipe) -> int:
    """How many corrections of its data a run of this recipe would begin with. Raises `SkinKDError` when they can not be
    read."""
    if not recipe.data.corrections or not recipe.data.path:
        return 0
    return corrected_images(corrections_file(expanded(recipe.data.path)))


def corrected_images(file: Path) -> int:
    """How many images the corrections in a file change; 0 without it. Raises `SkinKDError` when it can not be read."""
    return len({each.path for each in read_corrections(file) if each.kind is not CorrectionKind.NOTE})


def headline(departures: Sequence[Departure]) -> str:
    """One sentence on whether this repeats the paper's study."""
    if not departures:
        return "Data and recipe are the paper's, as far as the paper tells them."
    said = (f"{item.what[0].lower()}{item.what[1:]} {item.here} instead of {item.paper}" for item in departures)
    return f"NOT a reproduction: {'; '.join(said)}."


def _sections(recipe: Recipe, without: Iterable[str] = ()) -> tuple[str, ...]:
    """The names of a recipe's sections, without some."""
    names = (name for name in type(recipe).model_fields if isinstance(getattr(recipe, name), SettingsSection))
    return tuple(name for name in names if name not in without)


def _departures(
    recipe: Recipe, sections: Sequence[str], images: int | None, synthetic: bool, corrections: int
) -> tuple[Departure, ...]:
    found: list[Departure] = []
    there = published_facts()["images"]
    if synthetic:
        found.append(Departure("Pictures", "photographs of patients", "synthetic"))
    if images is not None and images != there:
        found.append(Departure("Images", f"{there:,}", f"{images:,}"))
    if corrections and recipe.data.corrections:
        found.append(Departure("Labels", "as published", f"{corrections:,} images corrected"))
    found += [*_of_classes(recipe), *_of_split(recipe, images)]
    for section in sections:
        found += _of_section(recipe, section)
    return tuple(found)


def _of_section(recipe: Recipe, section: str) -> list[Departure]:
    paper, found = preset(Preset.PAPER), []
    for spec in fields_of(recipe, section):
        there, here = value_of(paper, spec.key), value_of(recipe, spec.key)
        if spec.key in NO_DEPARTURE or spec.key in _OWN_WORDS or _same(spec.key, there, here):
            continue
        found.append(Departure(_what(spec, section), _shown(there, spec), _shown(here, spec)))
    if section in ("teacher", "student"):
        ours, theirs = getattr(recipe, section), getattr(paper, section)
        here, there = (_weights(one.architecture, one.weights) for one in (ours, theirs))
        network = theirs.architecture.partition(".")[0]
        if here != there and (ours.weights != "hub" or ours.architecture.partition(".")[0] == network):
            found.append(Departure(f"{section.capitalize()} starting weights", there, here))
    return found


def _of_classes(recipe: Recipe) -> list[Departure]:
    found, paper = [], preset(Preset.PAPER)
    if not has_papers_classes(recipe):
        found.append(Departure("Classes", some(paper.class_set.codes, 8), some(recipe.class_set.codes, 8)))
    if recipe.classes.mapping:
        mapped = some([f"{label} as {code or 'left out'}" for label, code in recipe.classes.mapping.items()], 4)
        found.append(Departure("Meaning of labels", "as published", mapped))
    return found


def _of_split(recipe: Recipe, images: int | None) -> list[Departure]:
    """Of the counts, where the number of images is known, else of the shares; and of what stays together."""
    (shares, counts), data, found = PAPERS_SPLIT, recipe.data, []
    here = _split_text(data.split)
    if images is None:
        same = data.split == counts or (data.split == shares and data.rounding == "paper")
        here += "" if data.split != shares else ", to the nearest whole number"
    else:
        try:
            reached = wanted_counts(data.split, images, data.rounding)
        except SkinKDError:  # too few images: nothing can be trained
            reached = None
        same = reached == counts
        here = here if reached is None else _split_text(reached)
    if not same:
        found.append(Departure("Training, validation, test", _split_text(counts), here))
    if data.group_by != "image":
        found.append(Departure("Split", "by image", f"{together(data.group_by)} (where these are known)"))
    return found


def _of_configurations(study: Study) -> list[Departure]:
    """How configurations of the paper's keys are made otherwise than there: one departure for all with the same one."""
    theirs = paper_study(study.base, fine_sweep=True)
    known = {item.key: recipe_of(theirs, item) for item in theirs.configurations if not item.teacher}
    titles: dict[tuple[str, str, str], list[str]] = {}
    for item in study.configurations:
        if item.chosen_as not in known:
            continue
        mine, there = recipe_of(study, item), known[item.chosen_as]
        for change in recipe_changes(there, mine):
            if change.key in (FOLD_FIELD, TEST_FOLD_FIELD):  # that there are folds departs, not each of them
                continue
            name = ".".join(change.key.split(".")[:2])  # a term's settings are of the field that holds it
            spec = field(name) if "." in name else None
            shown = (
                (change.key, change.before, change.after)
                if spec is None
                else (spec.title, _shown(value_of(there, spec.key), spec), _shown(value_of(mine, spec.key), spec))
            )
            titles.setdefault(shown, []).append(item.title)
    return [Departure(f"{what} ({some(who, 3)})", there, here) for (what, there, here), who in titles.items()]


def _same(key: str, there: object, here: object) -> bool:
    if key.endswith(".architecture"):
        return str(here).partition(".")[0] == str(there).partition(".")[0]
    return here == there


def _what(spec: FieldSpec, section: str) -> str:
    return f"{section.capitalize()} {spec.title.lower()}" if section in {"teacher", "student"} else spec.title


def _weights(architecture: str, weights: str) -> str:
    """Starting weights in words."""
    network, _, tag = architecture.partition(".")
    if weights != "hub":
        return "random" if weights == "none" else "those of a file"
    if network == "tf_efficientnet_b7":
        words = {"aa_in1k": "ImageNet's alone", "": "timm's default ones, learned with further images"}
        return words.get(tag, f"timm's {tag}")
    return "pretrained"


def _split_text(split: Sequence[float]) -> str:
    return " : ".join(f"{share:,.0f}" if share > 1 else f"{share:g}" for share in split)


def _shown(value: object, spec: FieldSpec) -> str:
    if spec.key == "hardware.precision" and value == "auto":
        return "bf16 or fp16 where the GPU has it"
    if spec.kind == "rate" and isinstance(value, str):
        return "as timm builds the network"
    if isinstance(value, bool):
        return "on" if value else "off"
    if spec.kind == "tables" and isinstance(value, tuple):
        return "none" if not value else f"{len(value)}"
    if isinstance(value, tuple):
        return some([str(item) for item in value], 3) if value else "none"
    text = f"{value:g}" if isinstance(value, float) else dict(spec.titles).get(str(value), str(value))
    return f"{text} {spec.unit}".strip() or "none"
