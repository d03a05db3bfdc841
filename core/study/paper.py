"""The paper's study (Table 2: one teacher, a plain student, twenty distilled students).

Source: Davidi and Park, "Novel Knowledge Distillation Techniques for Visual Skin Disease Detection".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.data.groups import together
from core.data.types import GroupBy
from core.recipe import Preset, Recipe, preset, with_values
from core.study.definition import TEACHER_KEY, Configuration, Study, Value
from core.study.published import published_table

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
"""Section 4.3, without the redraw, of which there are two readings (`paper_study`). Pacing is the base recipe's."""

REDRAWN = {"once": "", "each_epoch": ", drawn anew for each epoch"}
"""The readings of section 4.3's redraw, the paper's first, and what a student's title says of them."""

_SPLITS: tuple[GroupBy, ...] = ("image", "lesion")

PAPER_STUDY = "Paper study"
"""The name of the paper's study where the user gives none."""

_CONTROLLED_ALPHA = ALPHAS[0]
"""Where the paper's curriculum gets its random control: at the alpha that is best in Table 2."""

_PLAIN: tuple[tuple[str, Value], ...] = (("distillation.method", "none"), *_NO_CURRICULUM)
_METHODS = {"kl": "KL", "dist": "DIST"}
_FINDINGS = {
    ("kl", False): "KL at a small alpha was the only setting that beat the plain student.",
    ("dist", False): "DIST hardly changed with alpha and did not beat the plain student.",
}
_CURRICULUM_FINDING = "The teacher's order made every student of the paper worse."
_OTHER_READING = " As we read it, the paper draws the images once for all epochs; here they are drawn anew for each."


def study_words() -> str:
    """The students of the paper's study, in a clause."""
    methods = " and ".join(f"with {title}" for title in _METHODS.values())
    alphas = ", ".join(f"{alpha:g}" for alpha in ALPHAS[:-1])
    return f"without a teacher, {methods} at alpha {alphas} and {ALPHAS[-1]:g}, each with and without the curriculum"


def paper_study(
    base: Recipe,
    *,
    fine_sweep: bool = False,
    seeds: Sequence[int] = (0,),
    name: str = PAPER_STUDY,
    teacher_changes: Sequence[tuple[str, Value]] = (),
    redraws: Sequence[str] = ("once",),
) -> Study:
    """The 22 runs of Table 2 over `base`: keys teacher, plain, kl-0.1 .. kl-0.9, dist-0.1 .. and the same with -cl; and
    for each method the random control of its curriculum at alpha 0.1, kl-0.1-random and dist-0.1-random.

    `redraws` are how the students with the curriculum draw their images, of `REDRAWS`. The paper unloads the loader,
    sorts and reloads: to the letter `once`, but `each_epoch` is possible. The first has the keys with -cl and stands
    beside the published numbers; a second one adds ten students, with keys such as kl-0.1-cl-each_epoch, and controls.

    `fine_sweep` adds KL at `FINE_ALPHAS`; `teacher_changes` hold for the teacher alone. The candidates of Table 1 are
    cross-validated (`core.study.folds`): test scores choose no teacher. With other classes than the paper's it is the
    same plan, but nothing of it is comparable with the paper (`Study.paper` is False).
    """
    teacher_changes = tuple(teacher_changes)
    rows = [
        Configuration(TEACHER_KEY, "Teacher", teacher_changes, teacher=True),
        Configuration("plain", "Plain student", (("task", "student"), *_PLAIN)),
        *(_student(method, alpha) for method in _METHODS for alpha in ALPHAS),
    ]
    for number, redraw in enumerate(redraws):
        ending = "" if number == 0 else f"-{redraw}"
        rows += [_student(method, alpha, redraw, f"-cl{ending}") for method in _METHODS for alpha in ALPHAS]
        rows += [_random_control(method, redraw, ending) for method in _METHODS]
    if fine_sweep:
        rows += [_student("kl", alpha) for alpha in FINE_ALPHAS]
    return Study(name, base, tuple(rows), tuple(seeds), paper=has_papers_classes(base), controls=False)


def both_splits(study: Study) -> tuple[Study, ...]:
    """The study with its images divided by image, as the paper's, and its honest twin with them divided by lesion."""
    return tuple(
        replace(
            study,
            name=f"{study.name} {together(group_by)}",
            base=with_values(study.base, {"data.group_by": group_by}),
        )
        for group_by in _SPLITS
    )


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
        f"In the paper, {name} with alpha {nearest:g} reached a weighted F1 of {score:.1f} %, {verdict} the same "
        f"student without a teacher ({plain:.1f} %). {_FINDINGS.get((method, ordered), _CURRICULUM_FINDING)}"
        f"{_OTHER_READING if ordered and recipe.curriculum.redraw != next(iter(REDRAWN)) else ''}"
    )


def _student(method: str, alpha: float, redraw: str = "", ending: str = "") -> Configuration:
    """A distilled student; with a redraw one with the curriculum."""
    order = (*_CURRICULUM, ("curriculum.redraw", redraw)) if redraw else _NO_CURRICULUM
    return Configuration(
        f"{method}-{alpha:g}{ending}",
        f"{_METHODS[method]} {alpha:g}{f' + curriculum{REDRAWN[redraw]}' if redraw else ''}",
        (("task", "student"), ("distillation.method", method), ("distillation.alpha", alpha), *order),
    )


def _random_control(method: str, redraw: str, ending: str) -> Configuration:
    """The student of the paper's curriculum at its best alpha, with its images in random order."""
    student = _student(method, _CONTROLLED_ALPHA, redraw)
    title = f"{_METHODS[method]} {_CONTROLLED_ALPHA:g} in random order{REDRAWN[redraw]}"
    changes = dict(student.changes) | {"curriculum.order": "random"}
    return Configuration(f"{method}-{_CONTROLLED_ALPHA:g}-random{ending}", title, tuple(changes.items()))


_NETWORK = ("architecture", "drop_rate", "drop_path_rate")


def network_changes(name: str) -> tuple[tuple[str, Value], ...]:
    """The changes that make a teacher of one of `CANDIDATES`: the paper's own as the preset has it, others with their
    own rates of dropout."""
    papers = preset(Preset.PAPER).teacher
    if papers.architecture.partition(".")[0] == name:
        return tuple((f"teacher.{field}", getattr(papers, field)) for field in _NETWORK)
    return ("teacher.architecture", name), ("teacher.drop_rate", "own"), ("teacher.drop_path_rate", "own")
