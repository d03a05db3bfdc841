"""The demo: which runs show the main job on the built-in sample set, and the report of what they reached."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from core.recipe import Recipe, recipe_from_toml, set_values

if TYPE_CHECKING:
    from core.runs.planning import PlannedRun
    from core.runs.status import RunSummary

STUDENTS = {
    "Plain student": (),
    "KL student": ("distillation.method=kl",),
    "DIST student": ("distillation.method=dist",),
    "KL student + curriculum": ("distillation.method=kl", "curriculum.order=teacher_confidence"),
}
"""What each of the demo's students changes in the recipe demo-student.toml, in the order of training."""


def sample_recipe(name: str) -> Recipe:
    """One of the recipes in resources/recipes, by its name without `.toml`. Raises FileNotFoundError for another."""
    file = files("resources") / "recipes" / f"{name}.toml"
    return recipe_from_toml(file.read_text(encoding="utf-8"), file.name)


def demo_plan(data: Path, assignments: Sequence[str] = ()) -> tuple[PlannedRun, ...]:
    """The teacher and the four students that wait for it; `assignments` (section.key=value) change all of them."""
    from core.runs.planning import PlannedRun

    common = [f"data.path={data}", *assignments]
    teacher = PlannedRun(set_values(sample_recipe("demo-teacher"), common), "Demo teacher", None)
    student = set_values(sample_recipe("demo-student"), common)
    return (
        teacher,
        *(
            PlannedRun(set_values(student, changes), f"Demo {name}", 0 if changes else None)
            for name, changes in STUDENTS.items()
        ),
    )


def demo_report(summaries: Sequence[RunSummary], seconds: float) -> str:
    """The measured table as Markdown; `seconds` is the wall time of the whole demo. Scores are of the test part."""
    from core.reporting.words import duration, fraction, kind_of_run, million

    lines = [
        "# SkinKD demo",
        "",
        "**The images are synthetic.** These numbers show that the program works on this computer; they say nothing "
        "about medicine. Research use only, not a medical device.",
        "",
        "| run | weighted F1 | accuracy | balanced accuracy | parameters | time | state |",
        "|---|---|---|---|---|---|---|",
    ]
    for summary in summaries:
        scores = summary.scores
        values = (scores.weighted_f1, scores.accuracy, scores.balanced_accuracy) if scores else (None, None, None)
        cells = [
            kind_of_run(summary.recipe),
            *(fraction(value) for value in values),
            million(summary.parameters),
            duration(summary.status.seconds),
            summary.status.state.value,
        ]
        lines.append(f"| {' | '.join(cells)} |")
    tested = next((summary.scores for summary in summaries if summary.scores), None)
    if tested:
        images = sum(score.support for score in tested.per_class)
        lines += ["", f"Test images: {images}, of {len(tested.classes)} classes; no training saw them."]
        lines += ["On so few images, differences of a few hundredths are within chance."]
    lines += ["", f"The whole demo took {duration(seconds)}.", ""]
    return "\n".join(lines)
