"""Which runs the table shows and in which order: filters, groups, sorting. Knows no Qt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from core.recipe import Recipe
from core.reporting.run_columns import COLUMNS, SortValue, data_name
from core.reporting.words import STATE_WORDS, kind_of_run
from core.runs.status import RunState, RunSummary

WITHOUT = ""
"""The study of a run that belongs to none, and the tag of one that has none."""


@dataclass(frozen=True)
class StudyFacts:
    """A study as the table knows it: its name, and how many runs it is to have (None: not known)."""

    slug: str
    name: str
    planned: int | None = None
    folder: Path | None = None


@dataclass(frozen=True)
class Filters:
    """What is shown; None: everything. `study` and `tag` may also be `WITHOUT`."""

    kind: str | None = None
    state: str | None = None
    study: str | None = None
    data: str | None = None
    tag: str | None = None

    @property
    def active(self) -> bool:
        """Whether anything is filtered."""
        return self != Filters()


FILTER_FIELDS = tuple(field.name for field in fields(Filters))


@dataclass(frozen=True)
class RunFacts:
    """What a run is searched and filtered by."""

    search: str
    kind: tuple[str, ...]
    state: tuple[str, ...]
    study: tuple[str, ...]
    data: tuple[str, ...]
    tag: tuple[str, ...]

    def passes(self, words: Sequence[str], filters: Filters) -> bool:
        """Whether the run has every word (lower case) and everything that is asked for."""
        for name in FILTER_FIELDS:
            wanted = getattr(filters, name)
            if wanted is not None and wanted not in getattr(self, name):
                return False
        return all(word in self.search for word in words)


def facts_of(run: RunSummary, texts: Sequence[str]) -> RunFacts:
    """The facts of a run whose columns have these texts."""
    return RunFacts(
        _search_text(run, texts),
        _kinds(run.recipe),
        (STATE_WORDS[run.status.state],),
        (run.annotations.study,),
        (data_name(run),),
        run.annotations.tags or (WITHOUT,),
    )


def _kinds(recipe: Recipe | None) -> tuple[str, ...]:
    """The kinds that a run can be filtered by: what `kind_of_run` says, its curriculum apart."""
    words = kind_of_run(recipe)
    plain = words.removesuffix(" + curriculum")
    return (plain, "With curriculum") if plain != words else (plain,)


def _search_text(run: RunSummary, texts: Sequence[str]) -> str:
    """What the search box looks in, in lower case; `texts` are those of all columns."""
    pairs = zip(COLUMNS, texts, strict=True)
    shown = [text for column, text in pairs if column.column.words or column.key == "started"]
    path = "" if run.recipe is None else run.recipe.data.path
    return "\n".join([*shown, path, run.annotations.notes]).casefold()


def choices(facts: Sequence[RunFacts], name: str) -> tuple[tuple[str, int], ...]:
    """What a filter can be set to, with the number of runs: by name, `WITHOUT` last."""
    counts = Counter(value for item in facts for value in getattr(item, name))
    ordered = sorted(counts, key=lambda value: (value == WITHOUT, value.casefold(), value))
    return tuple((value, counts[value]) for value in ordered)


@dataclass(frozen=True)
class StudyHeading:
    """A heading above the runs of a study: `shown` of those `made` pass the filters, `done` of `planned` are
    finished."""

    slug: str
    title: str
    shown: int
    made: int
    done: int
    planned: int
    collapsed: bool = False

    @property
    def text(self) -> str:
        """The heading in words."""
        runs = "1 run" if self.shown == 1 else f"{self.shown:,} runs"
        if self.slug == WITHOUT:
            return f"{self.title}: {runs}"
        shown = "" if self.shown == self.made else f", {runs} shown"
        return f"{self.title}: {self.done:,} of {self.planned:,} done{shown}"


Row = int | StudyHeading
"""A row of the table: the number of a run, or a heading."""


def sorted_rows(rows: Sequence[int], values: Sequence[SortValue], *, descending: bool) -> list[int]:
    """The rows by their values (one per run); those without a value stay last, equal ones in their order."""
    known = [row for row in rows if values[row] is not None]
    known.sort(key=lambda row: values[row], reverse=descending)  # type: ignore[arg-type,return-value]
    return known + [row for row in rows if values[row] is None]


def grouped_rows(
    rows: Sequence[int], runs: Sequence[RunSummary], studies: Mapping[str, StudyFacts], collapsed: frozenset[str]
) -> list[Row]:
    """The rows under the headings of their studies: that of the newest run first, runs without a study last."""
    members: dict[str, list[int]] = {}
    for row in rows:
        members.setdefault(runs[row].annotations.study, []).append(row)
    every = Counter(run.annotations.study for run in runs)
    done = Counter(run.annotations.study for run in runs if run.status.state is RunState.FINISHED)
    newest = {slug: max(runs[row].status.created for row in found) for slug, found in members.items()}
    result: list[Row] = []
    for slug in sorted(members, key=lambda slug: (slug != WITHOUT, newest[slug]), reverse=True):
        facts = studies.get(slug, StudyFacts(slug, slug or "Not part of a study"))
        planned = every[slug] if facts.planned is None else max(facts.planned, every[slug])
        group = StudyHeading(slug, facts.name, len(members[slug]), every[slug], done[slug], planned)
        result.append(replace(group, collapsed=slug in collapsed))
        if slug not in collapsed:
            result += members[slug]
    return result
