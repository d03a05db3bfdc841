"""The lines of the probability bars: which classes in which order, under which headings. No Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from core.classes import ClassSet, LesionClass, Malignancy
from core.documents import some
from core.inference.results import Classification

MOST_CLASSES = 24
"""Of more classes only the likeliest have a line; the others are summed up in one."""

_TOGETHER = {Malignancy.MALIGNANT: "Malignant together", Malignancy.BENIGN: "Benign together"}
"""The groups whose total is shown."""


@dataclass(frozen=True)
class Line:
    """A class, or a heading with the total of several `codes`; a heading has no `code`."""

    code: str
    label: str
    tip: str
    group: Malignancy
    codes: tuple[str, ...]

    @property
    def heading(self) -> bool:
        """Whether it is a total."""
        return not self.code

    def value(self, probabilities: Mapping[str, float]) -> float | None:
        """The probability in 0..1 by those of the classes; None where none of its classes is known."""
        known = [probabilities[code] for code in self.codes if code in probabilities]
        return min(1.0, sum(known)) if known else None


def lines_of(results: Sequence[Classification]) -> tuple[Line, ...]:
    """The lines for answers of one model or several: group by group, malignant first, in the order of the classes."""
    known: dict[str, tuple[LesionClass, ClassSet]] = {}
    for result in results:
        for item in result.classes.classes:
            known.setdefault(item.code, (item, result.classes))
    shown = _likeliest(results, tuple(known))
    lines: list[Line] = []
    for group in Malignancy:
        members = [item for item, _ in known.values() if item.group is group]
        if group in _TOGETHER and members:
            lines.append(_total(_TOGETHER[group], group, members))
        lines += [_line(item) for item in members if item.code in shown]
    others = [item for item, _ in known.values() if item.code not in shown]
    if others:
        lines.append(_total(f"{len(others)} other classes together", Malignancy.UNSPECIFIED, others))
    return tuple(lines)


def _likeliest(results: Sequence[Classification], codes: Sequence[str]) -> frozenset[str]:
    """The codes that get a line."""
    if len(codes) <= MOST_CLASSES:
        return frozenset(codes)
    best = dict.fromkeys(codes, 0.0)
    for result in results:
        for code, share in zip(result.classes.codes, result.probabilities or (), strict=False):
            best[code] = max(best[code], share)
    return frozenset(sorted(codes, key=lambda code: -best[code])[:MOST_CLASSES])


def _line(item: LesionClass) -> Line:
    marked = f"{item.name} (precancerous)" if item.group is Malignancy.PRECANCEROUS else item.name
    return Line(item.code, marked, f"<p>{escape(item.about)}</p>", item.group, (item.code,))


def _total(label: str, group: Malignancy, members: Sequence[LesionClass]) -> Line:
    names = some([item.name for item in members], MOST_CLASSES)
    return Line(
        "",
        label,
        f"<p>{escape(names)}</p>",
        group,
        tuple(item.code for item in members),
    )
