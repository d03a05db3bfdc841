"""What goes with `classify`: scores where a folder brings its labels; and `record`, what was classified."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.console import JsonOption, agreed, columns, many, print_json, print_text, say
from core.errors import SkinKDError
from core.quantities import probability

if TYPE_CHECKING:
    from core.classes import ClassSet
    from core.inference.classifier import Classifier
    from core.inference.labelled import KnownLabels, LabelledScores
    from core.inference.patients.facts import PatientFacts
    from core.inference.patients.tables import PatientColumns
    from core.inference.record import RecordBook, RecordEntry
    from core.inference.results import Classification

_SHOWN = 20

PatientsOption = Annotated[
    str,
    typer.Option(
        "--patients",
        metavar="SOURCE",
        help="Whose pictures these are, so that several of one lesion give one visit. A table (whose.csv) with columns"
        " such as image, patient, lesion, date, site; 'folders:patient/lesion/date', the names of the folders above an "
        "image, '-' for one that says nothing; or 'dicom:patient,date', the elements to read.",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    record = typer.Typer(
        help="The record of what was classified, by hash: no names, no paths. It stays on this computer.",
        no_args_is_help=True,
    )
    record.command("show")(show)
    record.command("export")(export)
    record.command("clear")(clear)
    record.command("on")(switch_on)
    record.command("off")(switch_off)
    app.add_typer(record, name="record")


def labels_beside(paths: Sequence[Path], classes: ClassSet) -> KnownLabels:
    """The labels that come with what is to be classified. Raises `SkinKDError` when there are none."""
    from core.inference.labelled import find_labels

    known = find_labels(paths, classes)
    if known is None:
        names = ", ".join(str(path) for path in paths)
        raise SkinKDError(
            "No labels found",
            f"{names} has no labels that the model knows: neither tables beside the images nor a folder per class. "
            "Leave --labels out.",
        )
    return known


def patient_columns(
    facts: Mapping[Path, PatientFacts], rows: Sequence[Classification], classifier: Classifier
) -> PatientColumns:
    """What is known of patients, with the lesions among the classified images."""
    from core.inference.patients.lesions import lesions_over_time
    from core.inference.patients.tables import PatientColumns

    return PatientColumns(facts, lesions_over_time(rows, facts, classifier.decision_rule, classifier.info.temperature))


def lesions_lines(patients: PatientColumns) -> list[str]:
    """The lesions for people, with why some have no visit."""
    from core.cli.console import table_lines
    from core.reporting.lesions_table import lesions_table

    visits = [visit for lesion in patients.lesions for visit in lesion.visits]
    remarks = dict.fromkeys(visit.conflict or visit.how for visit in visits)
    return [*table_lines(lesions_table(patients.lesions)), "", *remarks]


def labels_document(result: LabelledScores) -> dict[str, Any]:
    """The scores for `--json`."""
    from core.evaluation.detailed import detailed_to_json
    from core.evaluation.intervals import intervals_to_json

    document: dict[str, Any] = {
        "labels": [str(place) for place in result.where],
        "scored": result.scored,
        "not_classified": result.not_classified,
        "without_label": result.without_label,
    }
    if result.detailed is not None and result.intervals is not None:
        scores = detailed_to_json(result.detailed, result.classes)
        document |= {**scores, "intervals": intervals_to_json(result.intervals, result.classes)}
    return document


def labels_lines(result: LabelledScores) -> list[str]:
    """The scores for people."""
    from core.cli.documents import evaluation_lines
    from core.reporting.scored_runs import scored_model

    where = ", ".join(str(place) for place in result.where)
    head = f"Scores of {many(result.scored, 'image')} with the labels of {where}"
    left = [f"{result.not_classified:,} with a label were not classified" if result.not_classified else ""]
    left.append(f"{result.without_label:,} have no label" if result.without_label else "")
    rest = "; ".join(text for text in left if text)
    said = head + (f" ({rest})" if rest else "") + ":"
    if result.detailed is None or result.intervals is None:
        return ["", f"{said} none."]
    found = scored_model("these images", result.classes, result.detailed, result.intervals)
    doubt = "They are too high if the model was trained on some of these images; `evaluate` looks for that."
    return ["", said, "", *evaluation_lines(found), "", doubt]


def keep_record(rows: Sequence[Classification], classifier: Classifier) -> None:
    """Add what was classified to the record, unless it is switched off; what goes wrong is said and ends nothing."""
    from core.inference.record import entries_for

    book = _book()
    try:
        if book.enabled:
            book.append(entries_for(rows, classifier.info, classifier.digest, classifier.local))
    except SkinKDError as error:
        say(f"Note: {error.title}: {error.summary}")


def show(
    last: Annotated[int, typer.Option("--last", min=1, help="How many of the newest entries to show.")] = _SHOWN,
    as_json: JsonOption = False,
) -> None:
    """The newest entries of the record."""
    book = _book()
    entries: deque[RecordEntry] = deque(maxlen=last)
    count = 0
    for entry in book.entries():
        entries.append(entry)
        count += 1
    if as_json:
        shown = [asdict(entry) for entry in entries]
        print_json({"file": str(book.path), "on": book.enabled, "entries": count, "newest": shown})
        return
    if entries:
        titles = ["time (UTC)", "image", "model", "verdict", "diagnosis", "probability"]
        print_text(*columns(titles, [_cells(entry) for entry in entries], right=titles[5:]))
    say(f"{_entries(count)} in {book.path}; the record is {_state(book)}.")


def export(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="A .csv or .json file to write.")],
    as_json: JsonOption = False,
) -> None:
    """Write the whole record as a table."""
    count = _book().export(out)
    if as_json:
        print_json({"file": str(out), "entries": count})
    else:
        print_text(f"Wrote {_entries(count)} to {out}.")


def clear(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Remove everything that was recorded. It can not be brought back."""
    book = _book()
    count = sum(1 for _ in book.entries())
    if count and not yes and not agreed(f"Remove {_entries(count)} for good?"):
        raise typer.Abort
    book.clear()
    if as_json:
        print_json({"file": str(book.path), "removed": count})
    else:
        print_text(f"Removed {_entries(count)}.")


def switch_on(as_json: JsonOption = False) -> None:
    """Record what is classified from now on, here and in the window."""
    _switch(True, as_json)


def switch_off(as_json: JsonOption = False) -> None:
    """Record nothing from now on; what is there stays."""
    _switch(False, as_json)


def _switch(on: bool, as_json: bool) -> None:
    book = _book()
    book.switch(on)
    if as_json:
        print_json({"file": str(book.path), "on": book.enabled})
    else:
        print_text(f"The record is {_state(book)}.")


def _book() -> RecordBook:
    from core.inference.record import RecordBook, record_file

    return RecordBook(record_file())


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count:,} entries"


def _state(book: RecordBook) -> str:
    return "switched on" if book.enabled else "switched off"


def _cells(entry: RecordEntry) -> list[str]:
    share = entry.probabilities.get(entry.code)
    when = entry.time[:19].replace("T", " ")
    return [when, entry.image[:12], entry.model[:12], entry.verdict, entry.code, probability(share)]
