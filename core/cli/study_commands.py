"""`study` and `study-file`: grids of runs over one teacher, the paper's among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from core.cli.console import JsonOption, RunsOption, print_json, print_text, say, write_new
from core.cli.recipe_commands import SetOption
from core.cli.run_commands import find_run, recipe_of, stoppable_runs
from core.cli.study_documents import plan_document, studies_lines
from core.cli.study_work import (
    AddressOption,
    EngineOption,
    GpusOption,
    carry_out,
    check_begun,
    chosen_engine,
    show_plans,
    show_results,
)
from core.errors import FieldProblem, RecipeError, SkinKDError
from core.paths import runs_root
from core.recipe import Recipe, set_values, with_values
from core.runs.folder import slugify
from core.study.definition import Study, Value, check_study
from core.study.engines import SERIAL
from core.study.every import every_entry_study
from core.study.files import read_study, study_to_toml
from core.study.folder import (
    STUDIES,
    StudyFolder,
    StudyMember,
    create_study,
    list_studies,
    study_folder,
)
from core.study.out_of_fold import across_test_folds
from core.study.paper import PAPER_STUDY, REDRAWN, both_splits, has_papers_classes, paper_study
from core.user_paths import expanded, full_path, is_folder, is_there

PAPER, EVERY = "paper", "every"
# A blank line ends a line of the help, and a square bracket would be read as a style without its backslash.
_FORMAT = "\n\n".join(
    (
        "A study file (TOML; study-file --out FILE writes the paper's to edit):",
        'name = "My grid"',
        r"seeds = \[0, 1, 2]  : every student once for each; one teacher for all",
        r'base = "paper"  : a preset, a recipe file, or a recipe in \[base.data], \[base.optimisation], ...',
        r'\[set]  "data.image_size" = 128  : changes of the base, any number',
        r'\[axes]  "distillation.alpha" = \[0.1, 0.5]  : every combination of the axes is a run',
        r'\[\[configuration]]  key = "plain"  changes = { "distillation.method" = "none" }  : a named run',
        "test_folds = 5  : every run once for each of 5 test folds; each image is tested once",
        "teacher = true in a configuration: the students learn from it. Without one they get the base's teacher.",
        "folds = 5 above: a cross-validation; the test part is withheld until one is chosen (study NAME --test KEY).",
        "once = true in a configuration: not for every seed. paper = true above: the published numbers beside.",
        "All runs use one split. A stopped study goes on with the same command, or with: skinkd-cli study NAME",
    )
)

_WhatArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="paper|every|FILE|NAME",
        help="The paper's study, one of every loss and curriculum, a study file, or one begun before.",
    ),
]
_DataOption = Annotated[Path | None, typer.Option("--data", help="Data folder; goes before the recipe's.")]
_BaseOption = Annotated[
    str,
    typer.Option("--base", metavar="RECIPE", help="What paper and every start from: a preset or a recipe file."),
]
_TeacherSetOption = Annotated[
    list[str] | None,
    typer.Option("--teacher-set", metavar="KEY=VALUE", help="As --set, for the teacher alone. Repeatable."),
]
_SeedsOption = Annotated[
    str, typer.Option("--seeds", help="Seeds of the students, such as 0,1,2; one teacher for all.")
]
_FoldsOption = Annotated[
    int,
    typer.Option(
        "--test-folds", min=1, help="Every run once for each of so many test folds: each image is tested once."
    ),
]
_SplitOption = Annotated[
    Literal["", "image", "lesion", "both"],
    typer.Option(
        "--split",
        help="How the paper's study divides the images: image, as the paper does (the preset's), lesion, or both: "
        "two studies.",
        show_default=False,
    ),
]
_RedrawOption = Annotated[
    Literal["once", "each_epoch", "both"],
    typer.Option(
        "--redraw",
        help="How students with the curriculum draw their images: once, as the paper reads, each_epoch, or both: "
        "twelve runs more.",
    ),
]
_FineOption = Annotated[bool, typer.Option("--fine-sweep", help="KL at further alphas around 0.1 too.")]
_TeacherOption = Annotated[str, typer.Option("--teacher", metavar="RUN", help="A finished teacher run to learn from.")]
_NameOption = Annotated[str, typer.Option("--name", help="Name of the study.")]


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("study", epilog=_FORMAT)(study)
    app.command("study-file", epilog=_FORMAT)(study_file)


def study(
    what: _WhatArgument = None,
    data: _DataOption = None,
    base: _BaseOption = PAPER,
    assignments: SetOption = None,
    teacher_assignments: _TeacherSetOption = None,
    seeds: _SeedsOption = "",
    test_folds: _FoldsOption = 1,
    fine_sweep: _FineOption = False,
    teacher: _TeacherOption = "",
    split: _SplitOption = "",
    redraw: _RedrawOption = "once",
    name: _NameOption = "",
    runs: RunsOption = None,
    engine: EngineOption = SERIAL.name,
    address: AddressOption = "",
    gpus_per_run: GpusOption = None,
    retry: Annotated[bool, typer.Option("--retry", help="Try runs again that failed before.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the runs; make nothing.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Only show what was measured so far; train nothing.")] = False,
    test: Annotated[
        str,
        typer.Option(
            "--test",
            metavar="CANDIDATE",
            help="Evaluate the chosen candidate on the test part that the study withholds: once, and on record.",
        ),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """A grid of runs over one teacher and one split: the paper's whole study, or your own. The same again goes on."""
    root = runs or runs_root()
    request = _Request(
        *(data, base, assignments, teacher_assignments, seeds, test_folds, fine_sweep),
        *(teacher, name, split, redraw),
    )
    chosen = chosen_engine(engine, address, gpus_per_run)
    if what is None:
        _list(root, as_json)
        return
    known = _begun(what, root)
    if known is not None:
        request.check_unused(f"{what} was begun before")
        pairs = [(known, known.study())]
    else:
        pairs = [(study_folder(wanted, root), wanted) for wanted in _wanted(what, request, root)]
    if test:
        _test([folder for folder, _ in pairs], test)
    if show or test:
        show_results([folder for folder, _ in pairs], as_json)
    elif dry_run:
        show_plans(pairs, root, as_json)
    else:
        folders = [folder if known else create_study(wanted, root) for folder, wanted in pairs]
        carry_out(folders, root, runs is not None, retry, as_json, chosen)


def study_file(
    out: Annotated[Path | None, typer.Option("--out", help="File to write; without it the study is printed.")] = None,
    data: _DataOption = None,
    base: _BaseOption = PAPER,
    assignments: SetOption = None,
    teacher_assignments: _TeacherSetOption = None,
    seeds: _SeedsOption = "",
    test_folds: _FoldsOption = 1,
    fine_sweep: _FineOption = False,
    split: _SplitOption = "",
    redraw: _RedrawOption = "once",
    name: _NameOption = "",
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write the paper's study as a file to edit, for `skinkd-cli study FILE`."""
    if split == "both":
        raise typer.BadParameter("--split: a file holds one study; write one for image and one for lesion")
    request = _Request(
        *(data, base, assignments, teacher_assignments, seeds, test_folds, fine_sweep),
        *("", name, split, redraw),
    )
    (chosen,) = (check_study(one) for one in request.paper(runs_root()))
    text = study_to_toml(chosen)
    if out is not None:
        write_new(out, text, force=force)
    if as_json:
        print_json({"path": None if out is None else str(out), "runs": len(chosen.configurations), "toml": text})
    elif out is None:
        print_text(*text.rstrip("\n").split("\n"))
    else:
        say(f"Wrote {out}. Then: skinkd-cli study {out}{'' if chosen.base.data.path else ' --data DATA'}")


class _Request:
    """What the options ask of a study."""

    def __init__(
        self,
        data: Path | None,
        base: str,
        assignments: Sequence[str] | None,
        teacher_assignments: Sequence[str] | None,
        seeds: str,
        test_folds: int,
        fine_sweep: bool,
        teacher: str,
        name: str,
        split: str,
        redraw: str,
    ) -> None:
        self._split, self._redraw = split, redraw
        self._data, self._base, self._name, self._teacher = data, base, name.strip(), teacher
        self._assignments, self._teacher_assignments = tuple(assignments or ()), tuple(teacher_assignments or ())
        self._seeds, self._test_folds, self._fine = seeds_in(seeds), test_folds, fine_sweep

    def check_unused(self, why: str) -> None:
        """Raise wrong usage when options would change a study that is what it is."""
        used = [option for option, value in self._options() if value]
        if used:
            raise typer.BadParameter(
                f"{why}: {', '.join(used)} can not change it. Use only --retry, --show, --dry-run or --test."
            )

    def paper(self, root: Path) -> tuple[Study, ...]:
        """The paper's study with these options, or two that differ in the split."""
        redrawn = [text for text in self._assignments if text.partition("=")[0].strip() == "curriculum.redraw"]
        if redrawn:
            raise typer.BadParameter(f"--set {redrawn[0]}: in the paper's study, --redraw says it")
        if self._split == "both" and self._teacher:
            raise typer.BadParameter("--teacher: a finished teacher was trained with one split; give --split")
        base = self._changed(recipe_of(self._base), root)
        if not has_papers_classes(base):
            raise SkinKDError(
                "These are not the paper's classes",
                f"The paper's study is of ISIC 2019's classes; the recipe has {base.class_set.name} "
                f"({len(base.class_set)} classes). Leave [classes] out, or write a study of your own into a file.",
            )
        plan = partial(
            paper_study,
            fine_sweep=self._fine,
            seeds=self._seeds or (0,),
            teacher_changes=_changes(base, self._teacher_assignments),
            redraws=tuple(REDRAWN) if self._redraw == "both" else (self._redraw,),
        )
        name = self._name or PAPER_STUDY
        if self._split == "both":
            studies = both_splits(plan(base, name=name))
        else:
            grouping = {"data.group_by": self._split} if self._split else {}
            studies = (plan(with_values(base, grouping), name=name),)
        return tuple(across_test_folds(study, self._test_folds) for study in studies)

    def every(self, root: Path) -> Study:
        """The study of every loss and curriculum with these options."""
        if self._fine or self._split or self._redraw != "once":
            raise typer.BadParameter("--fine-sweep, --split, --redraw: for the paper's study only.")
        base = self._changed(recipe_of(self._base), root)
        study = every_entry_study(
            base,
            seeds=self._seeds or (0,),
            name=self._name or "Every loss and curriculum",
            teacher_changes=_changes(base, self._teacher_assignments),
        )
        return across_test_folds(study, self._test_folds)

    def of_file(self, path: Path, root: Path) -> Study:
        """The study of a file with these options on top."""
        paper_only = ("--base", "--fine-sweep", "--split", "--redraw")
        used = [option for option, value in self._options() if value and option in paper_only]
        if used:
            raise typer.BadParameter(f"{', '.join(used)}: for paper and every only; a study file says it itself.")
        found = read_study(path)
        base = self._changed(found.base, root)
        changes = _changes(base, self._teacher_assignments)
        rows = tuple(
            replace(row, changes=(*row.changes, *changes)) if row.teacher else row for row in found.configurations
        )
        found = replace(found, base=base, configurations=rows)
        found = replace(found, name=self._name or found.name, seeds=self._seeds or found.seeds)
        return across_test_folds(found, self._test_folds)

    def _changed(self, recipe: Recipe, root: Path) -> Recipe:
        recipe = set_values(recipe, self._assignments)
        if self._data is not None:
            place = str(full_path(self._data))
            recipe = recipe.model_copy(update={"data": recipe.data.model_copy(update={"path": place})})
        if self._teacher:
            run = str(find_run(self._teacher, root))
            recipe = recipe.model_copy(update={"teacher": recipe.teacher.model_copy(update={"run": run})})
        return recipe

    def _options(self) -> tuple[tuple[str, object], ...]:
        return (
            ("--data", self._data),
            ("--base", self._base if self._base != PAPER else ""),
            ("--set", self._assignments),
            ("--teacher-set", self._teacher_assignments),
            ("--seeds", self._seeds),
            ("--test-folds", self._test_folds > 1),
            ("--fine-sweep", self._fine),
            ("--teacher", self._teacher),
            ("--split", self._split),
            ("--redraw", self._redraw if self._redraw != "once" else ""),
            ("--name", self._name),
        )


def _wanted(what: str, request: _Request, root: Path) -> tuple[Study, ...]:
    """The studies that a new beginning asks for, with data and teacher that are there."""
    if what == PAPER:
        wanted = request.paper(root)
    elif what == EVERY:
        wanted = (request.every(root),)
    elif is_there(Path(what)) and Path(what).is_file():
        wanted = (request.of_file(Path(what), root),)
    else:
        names = ", ".join(folder.slug for folder in list_studies(root))
        known = f"Studies begun before: {names}." if names else f"No study was begun in {root}."
        told = f"{what} is neither 'paper' nor 'every' nor a file nor a study. {known}"
        raise SkinKDError("There is no such study", told)
    base = wanted[0].base
    if not base.data.path:
        raise RecipeError((FieldProblem("data.path", "no data folder is named; give one with --data DATA"),))
    place = expanded(base.data.path)
    if not is_there(place):  # said before a run is made and its starting weights are fetched
        raise SkinKDError("The data is not there", f"{place} does not exist. Choose the folder with your images.")
    if base.teacher.run:
        from core.runs.teachers import find_teacher

        find_teacher(base.teacher.run, root)
    return tuple(check_study(study) for study in wanted)


def _begun(what: str, root: Path) -> StudyFolder | None:
    """The study of this name that was begun before; `paper`, `every` and files always mean themselves."""
    if what in (PAPER, EVERY) or (is_there(Path(what)) and Path(what).is_file()):
        return None
    for folder in (Path(what), root.resolve() / STUDIES / slugify(what)):
        if is_folder(folder) and (folder / "study.toml").is_file():
            return StudyFolder(folder.resolve())
    return None


def _list(root: Path, as_json: bool) -> None:
    found = list_studies(root)
    standing = [(folder, _members(folder)) for folder in found]
    if as_json:
        print_json({"root": str(root), "studies": [plan_document(folder.slug, rows) for folder, rows in standing]})
    elif found:
        print_text(*studies_lines([(folder.slug, rows) for folder, rows in standing]))
    else:
        say(f"No studies in {root}. Begin the paper's with: skinkd-cli study paper --data DATA")


def _members(folder: StudyFolder) -> tuple[StudyMember, ...]:
    """A study's members; none, and a word about it, when it can not be read."""
    try:
        return folder.members()
    except SkinKDError as error:
        say(f"{folder.slug}: {error.title}: {error.summary}")
        return ()


def _test(folders: Sequence[StudyFolder], candidate: str) -> None:
    from core.study.test_part import use_test_part

    for folder in folders:
        check_begun(folder)
        with stoppable_runs(lambda started: f"skinkd-cli study {folders[0].slug} --test {candidate}") as (emit, token):
            use_test_part(folder, candidate, emit, token)


def _changes(recipe: Recipe, assignments: Sequence[str]) -> tuple[tuple[str, Value], ...]:
    """`section.key=value` assignments as a configuration's changes, their values read as `--set` reads them."""
    values = set_values(recipe, assignments).model_dump()
    found: list[tuple[str, Value]] = []
    for assignment in assignments:
        key = assignment.partition("=")[0].strip()
        section, _, name = key.partition(".")
        found.append((key, values[section][name] if name else values[section]))
    return tuple(found)


def seeds_in(text: str) -> tuple[int, ...]:
    """The numbers of `--seeds`. Raises `BadParameter` for anything else."""
    try:
        return tuple(int(part) for part in text.split(",")) if text.strip() else ()
    except ValueError:
        raise typer.BadParameter(f"--seeds: whole numbers with commas between, such as 0,1,2; it is {text!r}") from None
