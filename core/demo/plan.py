"""The demo: which runs show the main job on the built-in sample set, and the report of what they reached."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from core.events import CancelToken, Emit
from core.recipe import Recipe, recipe_from_toml, set_values
from core.runs.planning import PlannedRun
from core.runs.status import RunSummary

SAMPLE_IMAGES = 1600
"""Images of the demo's sample set: enough for a small teacher from scratch to learn the classes."""

_SAMPLE_PIXELS = 96

_METHOD_SETTINGS = "distillation."


def sample_recipe(name: str) -> Recipe:
    """One of the recipes in resources/recipes, by its name without `.toml`. Raises FileNotFoundError for another."""
    file = files("resources") / "recipes" / f"{name}.toml"
    return recipe_from_toml(file.read_text(encoding="utf-8"), file.name)


def write_demo_images(folder: Path, images: int, emit: Emit, token: CancelToken) -> Path:
    """Write the demo's sample set into `folder`, unless it is there already; raises as `write_sample_set`."""
    from core.demo.sample_set import write_sample_set

    return write_sample_set(folder, images=images, size=_SAMPLE_PIXELS, emit=emit, token=token)


def demo_plan(data: Path, assignments: Sequence[str] = ()) -> tuple[PlannedRun, ...]:
    """The teacher and the students that wait for it (resources/recipes/demo-students.toml).

    `assignments` (section.key=value) change all of them, those of the distillation the students that have a method.
    """
    general = [f"data.path={data}", *(text for text in assignments if not text.startswith(_METHOD_SETTINGS))]
    found = [PlannedRun(set_values(sample_recipe("demo-teacher"), general), "Demo teacher", None)]
    students = files("resources") / "recipes" / "demo-students.toml"
    for row in tomllib.loads(students.read_text(encoding="utf-8"))["student"]:
        taught = any(text.startswith(_METHOD_SETTINGS) for text in row["set"])
        recipe = set_values(sample_recipe("demo-student"), [*(assignments if taught else ()), *general, *row["set"]])
        found.append(PlannedRun(recipe, f"Demo {row['name']}", 0 if recipe.needs_teacher else None))
    return tuple(found)


_REPORTED = ("kind", "weighted_f1", "accuracy", "balanced_accuracy", "parameters", "time", "state")
"""The columns of the table of the demo's runs."""


def demo_report(summaries: Sequence[RunSummary], seconds: float, pictures: Sequence[str] = ()) -> str:
    """The measured table as Markdown; `seconds` is the wall time of the whole demo. Scores are of the test part.

    `pictures` are the names of files beside the report that it shows.
    """
    from core.quantities import duration
    from core.reporting.run_columns import runs_list

    lines = [
        "# SkinKD demo",
        "",
        "**The images are synthetic.** These numbers show that the program works on this computer; they say nothing "
        "about medicine. Research use only, not a medical device.",
        "",
        runs_list(summaries, _REPORTED).to_markdown().strip(),
    ]
    tested = next((summary.scores for summary in summaries if summary.scores), None)
    if tested:
        images = sum(score.support for score in tested.per_class)
        lines += ["", f"Test images: {images}, of {len(tested.classes)} classes; no training saw them."]
        lines += ["On so few images, differences of a few hundredths are within chance."]
    lines += ["", f"The whole demo took {duration(seconds)}.", ""]
    lines += [f"![{name.removesuffix('.png')}]({name})\n" for name in pictures]
    return "\n".join(lines)
