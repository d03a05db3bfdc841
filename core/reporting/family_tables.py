"""Several runs or configurations against one baseline as one family: its table, and what may be said of it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from core.evaluation.families import FEWEST_SEEDS
from core.quantities import fraction, points
from core.reporting import cells
from core.reporting.comparison_tables import MAY_BE_CHANCE, meaning
from core.reporting.table import Cell, Column, ResultsTable
from core.reporting.words import difference_of, score_name, what_is_drawn
from core.study.families import ARM_SCORES
from core.study.results import arms

if TYPE_CHECKING:
    from core.evaluation.families import Family, FamilyMember
    from core.study.families import Controlled, StudyFamily
    from core.study.results import StudyResults

AVERAGED = ", mean over flips and turns"
"""What is added to the title of a teacher whose scores are those with test-time augmentation."""


def family_table(
    family: Family, titles: Mapping[str, str], added: Mapping[str, str] = MappingProxyType({})
) -> ResultsTable:
    """Each member against the baseline on the primary score, with intervals that hold for all of them together; bold is
    more than chance. `titles` name the members and the baseline by their keys, `added` is what is added to what a
    member's difference means."""
    name, baseline = score_name(family.score), titles.get(family.baseline, family.baseline)
    tested = any(member.test is not None for member in family.members)
    columns = (
        Column("Against the baseline", words=True),
        Column("Trainings", "How many trainings of it, with different seeds, were tested"),
        Column(name, f"{name} on the common test images, mean over the trainings"),
        Column("Difference", f"In percentage points from {baseline}", ("Difference", "Low", "High")),
        *([Column("Won / lost", fields=("Won", "Lost")), Column("McNemar, Holm")] if tested else []),
        Column("Meaning", f"{MAY_BE_CHANCE.capitalize()}, where the interval holds 0", words=True),
    )
    rows = tuple(_row(member, titles, added.get(member.key, ""), tested=tested) for member in family.members)
    bold = frozenset((row, 3) for row, member in enumerate(family.members) if not member.within_noise)
    return ResultsTable(f"{name} against {baseline}", columns, rows, family_notes(family, baseline), bold)


def family_notes(family: Family, baseline: str) -> tuple[str, ...]:
    """How many comparisons were made, what the intervals hold for, and what chance alone would have done."""
    count, drawn = family.comparisons, what_is_drawn(by_group=family.by_group)
    drawn += " and trainings" if any(member.seeds > 1 for member in family.members) else ""
    one = count == 1
    notes = [
        f"{count} comparison{'' if one else 's'} with {baseline} ({fraction(family.baseline_score)}) on "
        f"{family.images:,} common test images, on a score chosen before. The 95 % intervals hold for "
        f"{'it' if one else 'all of them together'}, over {drawn}: a difference is more than chance only "
        "where its interval does not hold 0."
    ]
    if not one:
        notes.append(
            f"Of {count} equally good ones, the best would by chance alone seem {points(family.chance_gain)} better "
            "than it is on these test images: do not choose by this table."
        )
    if family.descriptive:
        notes.append(
            f"Descriptive, with fewer than {FEWEST_SEEDS} trainings of some: it holds for these trained models, not "
            "for what another training would give."
        )
    return tuple(notes)


def member_line(family: Family, member: FamilyMember, title: str) -> str:
    """One member in a line of a list: 'DIST: weighted F1 +1.2 (−2.0 to +4.4), may be chance.'"""
    change = difference_of(member.difference, member.interval)
    return f"{title}: {score_name(family.score).lower().replace(' f1', ' F1')} {change}, {meaning(member)}."


def member_sentence(family: Family, key: str, title: str, baseline: str) -> str:
    """What may be said of one member where several are looked at; empty for what is none."""
    member = next((item for item in family.members if item.key == key), None)
    if member is None:
        return ""
    found = MAY_BE_CHANCE if member.within_noise else "is more than chance"
    return (
        f"{title} is one of {family.comparisons} that are compared with {baseline}. On {score_name(family.score)}, "
        "with intervals that hold for all of them together, its difference "
        f"{difference_of(member.difference, member.interval)} {found}."
    )


def study_family_table(results: StudyResults, compared: StudyFamily) -> ResultsTable:
    """The family of a study, which configuration validation chose, and whether curricula beat their random controls;
    without rows where there is none."""
    names = {arm.key: arm.title for arm in arms(results.rows)}
    notes = [] if compared.chosen is None else [chosen_sentence(compared)]
    notes += [control_sentence(item, names) for item in compared.controlled]
    if compared.family is None:
        return ResultsTable("Against the plain student", notes=(compared.why_not, *notes))
    added = {item.key: _against_random(item) for item in compared.controlled}
    table = family_table(compared.family, names, added)
    return ResultsTable(table.title, table.columns, table.rows, (*table.notes, *notes), table.bold)


def control_sentence(item: Controlled, names: Mapping[str, str]) -> str:
    """Whether a curriculum's order helped, which only its random control can tell; `names` are titles by key."""
    title = names.get(item.key, item.key)
    if item.control is None:
        return f"{title}: no run shows the same images in random order, so its order can not be said to help."
    control = names.get(item.control, item.control)
    if item.against is None:
        why = "were not both tested yet, or on too few images in common"
        return f"{title} and its random control ({control}) {why}, so nothing is said of its order."
    change = difference_of(item.against.difference, item.against.interval)
    if item.helps:
        return f"{title} beats its random control ({control}) by {change}: its order helps here."
    if item.against.within_noise:
        told = f"{control}; {change}, may be chance"
        return f"{title} does not beat its random control ({told}): its order is not shown to help."
    return f"{title} is worse than its random control ({control}; {change}): its order does harm here."


def _against_random(item: Controlled) -> str:
    """The same beside what its difference from the plain student means."""
    if item.against is None:
        return "no random control yet"
    return "also than in random order" if item.helps else "not than in random order"


def arms_table(results: StudyResults, compared: StudyFamily) -> ResultsTable:
    """Every configuration on its test images; with test folds those of all folds together, each image tested once."""
    columns = [
        Column("Configuration", words=True),
        Column("Trainings", "How many trainings of it, with different seeds, were tested"),
        Column("Test images"),
    ]
    for name in ARM_SCORES:
        tip = f"{score_name(name)} on the test images; mean and standard deviation over the trainings"
        columns.append(Column(score_name(name), tip, (score_name(name), f"{score_name(name)} sd")))
    rows = tuple(
        (
            cells.words(f"{arm.title}{AVERAGED}" if arm.averaged else arm.title),
            cells.count(arm.trainings),
            cells.count(arm.images),
            *(cells.spread(mean, deviation) for mean, deviation in zip(arm.means, arm.deviations, strict=True)),
        )
        for arm in compared.scores
    )
    folds = results.study.base.data.test_folds
    notes = []
    if folds > 1:
        pooled = f"each image was tested by the models of that one of {folds} test folds which did not learn it."
        notes.append(f"Out of fold: {pooled}")
    if any(arm.averaged for arm in compared.scores):
        notes.append(
            "The mean over flips and turns is the teacher with test-time augmentation, which is what its stored views "
            "teach its students."
        )
    return ResultsTable("All test images", tuple(columns), rows, tuple(notes))


def chosen_sentence(compared: StudyFamily) -> str:
    """The student that validation chose, and its test score; empty without one."""
    if compared.chosen is None:
        return ""
    return (
        f"Best on the validation images, which is the way to choose: {compared.chosen.title} "
        f"({score_name(compared.score)} {fraction(compared.chosen.validation)}); on the test images, which had no say "
        f"in it, it reaches {fraction(compared.chosen.test)}."
    )


def _row(member: FamilyMember, titles: Mapping[str, str], added: str, *, tested: bool) -> tuple[Cell, ...]:
    found = [
        cells.words(titles.get(member.key, member.key)),
        cells.count(member.seeds),
        cells.share(member.score),
        cells.difference(member.difference, member.interval),
    ]
    if tested:
        test = member.test
        counts = None if test is None else (test.only_other_right, test.only_baseline_right)
        found.append(cells.nothing(2) if counts is None else Cell(f"{counts[0]:,} / {counts[1]:,}", counts))
        found.append(cells.chance(member.holm_p))
    better = not member.within_noise and member.difference > 0
    return (*found, cells.words(f"{meaning(member)}, {added}" if better and added else meaning(member)))
