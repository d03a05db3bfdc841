"""The paper's study (Table 2: one teacher, a plain student, twenty distilled students), and how a recipe departs from
the paper's. Source: Davidi and Park, "Novel Knowledge Distillation Techniques for Visual Skin Disease Detection"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.data.groups import together
from core.recipe import Preset, Recipe, preset
from core.recipe.fields import FieldSpec, fields_of
from core.study.definition import TEACHER_KEY, Configuration, Study, Value, changed, recipe_of
from core.study.published import published_facts, published_table

ALPHAS = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Table 2's weights of the distillation loss."""

FINE_ALPHAS = (0.02, 0.05, 0.15, 0.2)
"""The finer sweep around the best alpha, 0.1 (which Table 2 holds). The text of Table 3 does not name its own."""

CANDIDATES = ("resnetv2_50", "resnetv2_101", "tf_efficientnet_b7")
"""Table 1's teacher candidates by their names in timm: ResNet50V2, ResNet101V2, EfficientNet-B7."""

_NO_CURRICULUM: tuple[tuple[str, Value], ...] = (
    ("curriculum.order", "none"),
    ("curriculum.pacing", "all"),
    ("curriculum.redraw", "each_epoch"),
)
_CURRICULUM: tuple[tuple[str, Value], ...] = (
    ("curriculum.difficulty", "teacher_confidence"),
    ("curriculum.order", "easy_first"),
)
"""Section 4.3. Pacing and redraw are the base recipe's: to the letter, the paper draws once."""

_CONTROLLED_ALPHA = ALPHAS[0]
"""Where the paper's curriculum gets its random control: at the alpha that is best in Table 2."""

_PLAIN: tuple[tuple[str, Value], ...] = (("distillation.method", "none"), *_NO_CURRICULUM)
_METHODS = {"kl": "KL", "dist": "DIST"}
_FINDINGS = {
    ("kl", False): "KL at a small alpha was the only setting that beat the plain student.",
    ("dist", False): "DIST hardly changed with alpha and did not beat the plain student.",
}
_CURRICULUM_FINDING = "The teacher's order made every student of the paper worse."
_FREE = {
    *("data.path", "data.layout", "data.seed", "data.skip_problems", "data.group_by", "teacher.run"),
    *("distillation.method", "distillation.alpha", "curriculum.order", "curriculum.difficulty", "optimisation.seed"),
}
"""Fields that do not make a recipe another one than the paper's, or are spoken of in words of their own."""


@dataclass(frozen=True)
class Departure:
    """One way in which data or recipe differ from the paper's: what, how it was there, how it is here."""

    what: str
    paper: str
    here: str


def study_words() -> str:
    """The students of the paper's study, in a clause."""
    methods = " and ".join(f"with {title}" for title in _METHODS.values())
    alphas = ", ".join(f"{alpha:g}" for alpha in ALPHAS[:-1])
    return f"without a teacher, {methods} at alpha {alphas} and {ALPHAS[-1]:g}, each with and without the curriculum"


def paper_study(
    base: Recipe,
    *,
    fine_sweep: bool = False,
    teacher_candidates: bool = False,
    seeds: Sequence[int] = (0,),
    name: str = "Paper study",
    teacher_changes: Sequence[tuple[str, Value]] = (),
) -> Study:
    """The 22 runs of Table 2 over `base`: keys teacher, plain, kl-0.1 .. kl-0.9, dist-0.1 .. and the same with -cl; and
    for each method the random control of its curriculum at alpha 0.1, kl-0.1-random and dist-0.1-random.

    `fine_sweep` adds KL at `FINE_ALPHAS`, `teacher_candidates` the networks of Table 1 that are not the teacher
    already (once each, whatever the seeds). `teacher_changes` hold for the teacher and the candidates alone. With other
    classes than the paper's it is the same plan, but nothing of it is comparable with the paper (`Study.paper` is
    False).
    """
    teacher_changes = tuple(teacher_changes)
    rows = [
        Configuration(TEACHER_KEY, "Teacher", teacher_changes, teacher=True),
        Configuration("plain", "Plain student", (("task", "student"), *_PLAIN)),
        *(_student(method, alpha, order) for order in (False, True) for method in _METHODS for alpha in ALPHAS),
        *(_random_control(method) for method in _METHODS),
    ]
    if fine_sweep:
        rows += [_student("kl", alpha, False) for alpha in FINE_ALPHAS]
    if teacher_candidates:
        rows += _candidates(changed(base, teacher_changes, TEACHER_KEY), teacher_changes)
    return Study(name, base, tuple(rows), tuple(seeds), paper=has_papers_classes(base), controls=False)


def has_papers_classes(recipe: Recipe) -> bool:
    """Whether a recipe's classes are the paper's, so that scores can stand beside the published ones."""
    return recipe.class_set.same_classes(preset(Preset.PAPER).class_set)


def has_papers_curriculum(recipe: Recipe) -> bool | None:
    """Whether a recipe has the curriculum of section 4.3: False for none, None for one that the paper did not try."""
    section = recipe.applied_curriculum
    if not section.unusual:
        return False
    names = {f"curriculum.{name}": value for name, value in section.model_dump().items()}
    return True if dict(_CURRICULUM).items() <= names.items() and section.pacing == "all" else None


def departures(recipe: Recipe, images: int | None, *, synthetic: bool = False) -> tuple[Departure, ...]:
    """How a recipe, and the number of usable images where it is known, differ from the paper's; empty when nowhere.

    What the study itself varies (method, alpha, order of images, seeds) and the hardware are no departures.
    """
    found: list[Departure] = []
    facts = published_facts()
    if synthetic:
        found.append(Departure("Pictures", "photographs of patients", "synthetic"))
    if images is not None and images != facts["images"]:
        found.append(Departure("Images", f"{facts['images']:,}", f"{images:,}"))
    found += _field_departures(recipe)
    if recipe.data.group_by != "image":
        found.append(Departure("Split", "by image", f"{together(recipe.data.group_by)}, where these are known"))
    if recipe.teacher.architecture == "tf_efficientnet_b7" and recipe.teacher.weights == "hub":
        found.append(
            Departure(
                "Teacher starting weights",
                "ImageNet weights of EfficientNet-PyTorch",
                "timm's default ones, learned with further images (tf_efficientnet_b7.aa_in1k has ImageNet alone)",
            )
        )
    return tuple(found)


def study_departures(
    study: Study, images: int | None, *, synthetic: bool = False, teacher: Recipe | None = None
) -> tuple[Departure, ...]:
    """The departures of the paper's study: those of its students, then those of its teacher that differ from them.

    `teacher` is the recipe that the teacher was trained with where that is known, otherwise it is the study's own.
    """
    configuration = next((item for item in study.configurations if item.teacher), None)
    if teacher is None and configuration is not None and not study.base.teacher.run:
        teacher = recipe_of(study, configuration)
    found = list(departures(study.base, images, synthetic=synthetic))
    if teacher is None:
        return tuple(found)
    found = [item for item in found if not item.what.startswith("Teacher ")]
    for item in departures(teacher, images, synthetic=synthetic):
        if item not in found:
            what = item.what if item.what.startswith("Teacher ") else f"{item.what} (teacher)"
            found.append(Departure(what, item.paper, item.here))
    return tuple(found)


def paper_finding(recipe: Recipe) -> str:
    """What the paper measured nearest to a student's method, alpha and curriculum (table 2, weighted F1); empty for the
    plain student."""
    ordered, method, alpha = has_papers_curriculum(recipe), recipe.distillation.method, recipe.alpha
    if ordered is None:
        return "The paper did not try this curriculum."
    if alpha is None:
        return "The paper did not try the teacher's order without distillation." if ordered else ""
    rows, ending = published_table().rows, "-cl" if ordered else ""
    measured = {
        float(key.removesuffix(ending).removeprefix(f"{method}-")): 100 * row.weighted_f1
        for key, row in rows.items()
        if key.startswith(f"{method}-") and key.endswith("-cl") is ordered
    }
    if not measured or len(recipe.loss_terms) > 1:
        return "The paper did not try this loss."
    nearest = min(measured, key=lambda known: (abs(known - alpha), known))
    score, plain = measured[nearest], 100 * rows["plain"].weighted_f1
    name = _METHODS[method] + (" with the teacher's order" if ordered else "")
    verdict = f"{abs(score - plain):.2f} points {'above' if score > plain else 'below'}"
    return (
        f"In the paper, {name} with alpha {nearest:g} reached a weighted F1 of {score:.1f}%, {verdict} the same "
        f"student without a teacher ({plain:.1f}%). {_FINDINGS.get((method, ordered), _CURRICULUM_FINDING)}"
    )


def headline(departures: Sequence[Departure]) -> str:
    """One sentence on whether this repeats the paper's study."""
    if not departures:
        return "Data and recipe are the paper's, as far as the paper tells them."
    said = (f"{item.what[0].lower()}{item.what[1:]} {item.here} instead of {item.paper}" for item in departures)
    return f"NOT a reproduction: {'; '.join(said)}."


def _student(method: str, alpha: float, curriculum: bool) -> Configuration:
    return Configuration(
        f"{method}-{alpha:g}{'-cl' if curriculum else ''}",
        f"{_METHODS[method]} {alpha:g}{' + curriculum' if curriculum else ''}",
        (
            ("task", "student"),
            ("distillation.method", method),
            ("distillation.alpha", alpha),
            *(_CURRICULUM if curriculum else _NO_CURRICULUM),
        ),
    )


def _random_control(method: str) -> Configuration:
    """The student of the paper's curriculum at its best alpha, with its images in random order."""
    student = _student(method, _CONTROLLED_ALPHA, curriculum=True)
    title = f"{_METHODS[method]} {_CONTROLLED_ALPHA:g} in random order"
    changes = dict(student.changes) | {"curriculum.order": "random"}
    return Configuration(f"{method}-{_CONTROLLED_ALPHA:g}-random", title, tuple(changes.items()))


def _candidates(teacher: Recipe, changes: tuple[tuple[str, Value], ...]) -> list[Configuration]:
    """The candidates besides the teacher. A file of weights fits one network only: the others start from timm's."""
    weights = teacher.teacher.weights if teacher.teacher.weights in {"hub", "none"} else "hub"
    kept = tuple((name, value) for name, value in changes if name not in {"teacher.architecture", "teacher.weights"})
    return [
        Configuration(
            f"teacher-{name}",
            f"Teacher candidate {name}",
            (*kept, ("task", "teacher"), ("teacher.architecture", name), ("teacher.weights", weights)),
            once=True,
        )
        for name in CANDIDATES
        if name != teacher.teacher.architecture.partition(".")[0]
    ]


def _field_departures(recipe: Recipe) -> list[Departure]:
    paper, found = preset(Preset.PAPER), []
    for section in ("data", "teacher", "student", "distillation", "curriculum", "optimisation"):
        for spec in fields_of(recipe, section):
            name = spec.key.partition(".")[2]
            there, here = getattr(getattr(paper, section), name, spec.default), getattr(getattr(recipe, section), name)
            if spec.key not in _FREE and not _same(spec.key, there, here):
                found.append(Departure(_what(spec, section), _shown(there, spec), _shown(here, spec)))
    return found


def _same(key: str, there: object, here: object) -> bool:
    if key == "data.split":
        facts = published_facts()
        return here in (there, tuple(float(facts[part]) for part in ("train", "validation", "test")))
    if key.endswith(".architecture"):
        return str(here).partition(".")[0] == there
    return here == there


def _what(spec: FieldSpec, section: str) -> str:
    return f"{section.capitalize()} {spec.title.lower()}" if section in {"teacher", "student"} else spec.title


def _shown(value: object, spec: FieldSpec) -> str:
    if isinstance(value, tuple):
        return " : ".join(f"{share:g}" for share in value)
    if spec.key.endswith(".weights") and value not in {"hub", "none"}:
        return "those of a file"
    if spec.key.endswith(".weights"):
        return {"hub": "pretrained", "none": "random"}[str(value)]
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{text} {spec.unit}".strip()
