"""`evaluate` and `classify`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.classes import Malignancy
from core.cli.classify_commands import (
    PatientsOption,
    keep_record,
    labels_beside,
    labels_document,
    labels_lines,
    lesions_lines,
    patient_columns,
)
from core.cli.console import JsonOption, RunsOption, columns, many, print_json, print_text, say, table_lines
from core.cli.documents import evaluation_lines, problems_document
from core.cli.interrupt import stoppable
from core.cli.progress import shown_progress
from core.cli.run_commands import find_run
from core.data.augmentation.augmentation import POSITIONS
from core.data.choices import Choices
from core.documents import listed as comma_list
from core.errors import SkinKDError
from core.evaluation.decision_levels import BENIGN_LEVEL
from core.evaluation.intervals import Interval
from core.inference.classifier import MODEL_FILE, Classifier, is_exported
from core.inference.export_table import Beside, check_target, flag_text, table_document, write_table
from core.inference.results import RESEARCH_USE, SYNTHETIC_WARNING, Classification
from core.inference.trust import DEFAULT_LEVEL, Verdict
from core.paths import runs_root
from core.quantities import fraction, probability
from core.reporting.words import interval_of

if TYPE_CHECKING:
    from core.runs.evaluating import Evaluation

TestTimeOption = Annotated[
    bool,
    typer.Option(
        "--tta", help="Test-time augmentation: the mean over eight flips and turns of each image, for 8 x the time."
    ),
]
DeviceOption = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or mps.")]


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("evaluate")(evaluate)
    app.command("classify")(classify)
    app.command("calibrate")(calibrate)


def evaluate(
    model: Annotated[str, typer.Argument(metavar="RUN|MODEL", help="A run, or a .safetensors or .onnx model file.")],
    data: Annotated[Path | None, typer.Option("--data", help="Labelled data; default: the run's own.")] = None,
    part: Annotated[
        str,
        typer.Option("--part", help="Only this part of the run's own split: train, validation, calibration or test."),
    ] = "",
    layout: Annotated[str, typer.Option("--layout", help="auto, tables or folders.")] = "auto",
    averaged: TestTimeOption = False,
    device: DeviceOption = "auto",
    keep: Annotated[
        bool, typer.Option("--keep/--no-keep", help="Keep a test on images of another source with the run.")
    ] = True,
    runs: RunsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score a model on a labelled set; without --data, on the test part of the run's own data."""
    from core.evaluation.detailed import detailed_to_json
    from core.evaluation.intervals import intervals_to_json
    from core.reporting.scored_runs import scored_model
    from core.runs.evaluating import FITTED_TO_THEM, evaluate_on

    source = model_source(model, runs or runs_root())
    with stoppable() as token, shown_progress() as emit:
        result = evaluate_on(
            source,
            data,
            choices=Choices(layout),
            part=part,
            device=device,
            averaged=averaged,
            emit=emit,
            token=token,
        )
    recorded = None if part or averaged or not keep else _recorded(source, result, data)
    if as_json:
        facts: dict[str, Any] = {"model": str(result.model_file), "data": str(result.data)}
        facts |= {"part": result.part or "all", "positions": result.positions}
        problems = problems_document(result.problems)
        left_out = {"images": result.images, "left_out": list(result.left_out), "problems": problems}
        remarks = {"notes": list(result.notes), "synthetic": result.synthetic}
        scores = {
            **detailed_to_json(result.detailed, result.classes),
            "intervals": intervals_to_json(result.intervals, result.classes),
        }
        print_json({**facts, **left_out, **remarks, **scores, "kept": recorded and str(recorded)})
        return
    images = many(result.images, "image")
    print_text(str(result.model_file), f"on {result.data} ({result.part or 'all'}: {images})", "")
    scored = scored_model(result.model_file.name, result.classes, result.detailed, result.intervals)
    print_text(*evaluation_lines(scored))
    for note in result.notes:
        say(f"Note: {note}{' --part test scores the others.' if FITTED_TO_THEM in note else ''}")
    if recorded is not None:
        say(f"Kept in {recorded}; reports on the run show it as an external test.")


def _recorded(source: Path, result: Evaluation, data: Path | None) -> Path | None:
    """Where the test on images of another source is kept with the run; None for a file, and for a run's own images."""
    from core.runs.external import is_external, keep_external
    from core.runs.folder import RunFolder

    if data is None or not source.is_dir() or not is_external(RunFolder(source), data):
        return None
    return keep_external(RunFolder(source), result)


def classify(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A run, or a .safetensors or .onnx model file.")],
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Images, or folders of images.")],
    out: Annotated[Path | None, typer.Option("--out", help="Write the table to a .csv or .json file.")] = None,
    level: Annotated[
        float,
        typer.Option("--level", help="Of the prediction sets: the share of each class's images whose set holds it."),
    ] = DEFAULT_LEVEL,
    benign_level: Annotated[
        float,
        typer.Option("--benign-level", help="The share of malignant lesions that are not to be called benign."),
    ] = BENIGN_LEVEL,
    labels: Annotated[
        bool, typer.Option("--labels", help="Score the answers too, with the labels that a folder brings.")
    ] = False,
    threshold: Annotated[
        float | None,
        typer.Option(
            "--melanoma-threshold",
            min=0.0,
            max=1.0,
            help="Flag every image whose melanoma probability is at least this (the operating point of a model card).",
        ),
    ] = None,
    patients: PatientsOption = "",
    averaged: TestTimeOption = False,
    own: Annotated[
        bool,
        typer.Option("--own-calibration/--shipped", help="Use the calibration on your own images, where there is one."),
    ] = True,
    device: DeviceOption = "auto",
    runs: RunsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Classify images. Research use only. Not a medical device.

    Ends with 1 when an image could not be classified; the others still are.
    """
    from core.inference.collect import expand_paths
    from core.inference.decision_rule import check_level
    from core.inference.labelled import score_labelled
    from core.inference.patients.sources import facts_from
    from core.inference.triage import MelanomaThreshold

    check_level(level)
    check_level(benign_level)
    beside = Beside(threshold=None if threshold is None else MelanomaThreshold(threshold))
    if out is not None:
        check_target(out)
    source = model_source(model, runs or runs_root())
    with stoppable() as token, shown_progress() as emit:
        files = expand_paths(paths, token, emit)
        if not files:
            names = ", ".join(str(path) for path in paths)
            raise SkinKDError("No images found", f"{names} holds no file with the ending of an image.")
        facts_of_patients = facts_from(patients, files) if patients else {}
        classifier = Classifier.load(source, device, emit, token, averaged=averaged, local=own)
        classifier.level, classifier.benign_level = level, benign_level
        _check_melanoma(classifier, beside)
        known = labels_beside(paths, classifier.info.classes) if labels else None
        rows = list(classifier.classify(files, emit, token))
        keep_record(rows, classifier)
        beside = replace(beside, patients=patient_columns(facts_of_patients, rows, classifier), local=classifier.local)
    if out is not None:
        write_table(out, rows, classifier.info, beside)
        say(f"Wrote {out}.")
    scored = score_labelled(known, rows) if known else None
    if as_json:
        scores = {"scores": labels_document(scored)} if scored else {}
        facts = {
            "source": str(classifier.source),
            "backend": {"name": "onnxruntime" if is_exported(source) else "torch"},
        }
        print_json({**facts, **table_document(rows, classifier.info, beside), **scores})
    else:
        _print_classifications(rows, classifier, beside, listed=out is None)
        if beside.patients.lesions:
            print_text("", *lesions_lines(beside.patients))
        if scored:
            print_text(*labels_lines(scored))
    if any(row.code is None for row in rows):
        raise typer.Exit(1)


def calibrate(
    model: Annotated[
        str, typer.Argument(metavar="RUN|MODEL", help="A finished run; with --data also a model file of any kind.")
    ],
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Your own labelled images, of 100 lesions or more: calibrate on these."),
    ] = None,
    layout: Annotated[str, typer.Option("--layout", help="Of --data: auto, tables or folders.")] = "auto",
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove a calibration on your own images; the model's own counts again.")
    ] = False,
    averaged: TestTimeOption = False,
    device: DeviceOption = "auto",
    runs: RunsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a finished run what its verdicts rest on, where it was made without, or for test-time augmentation (--tta),
    which its model has from then on. Weights and scores stay as they are.

    With --data: calibrate a model on labelled images of your own clinic. That is kept beside the model file, which
    stays as it is, and measured before and after, on images that it was not made from.
    """
    if data is not None or remove:
        if averaged or (data is not None and remove):
            raise typer.BadParameter("--data, --remove and --tta exclude one another")
        _calibrate_on_own(model_source(model, runs or runs_root()), data, Choices(layout), device, as_json=as_json)
        return
    _calibrate_run(find_run(model, runs or runs_root(), "run folder"), device, averaged=averaged, as_json=as_json)


def _calibrate_on_own(source: Path, data: Path | None, choices: Choices, device: str, *, as_json: bool) -> None:
    """On `data`, or without: remove what is there."""
    from core.inference.classifier import model_file_of
    from core.inference.local_calibration import local_file, measure_to_json, remove_local
    from core.reporting.local_calibration_table import local_calibration_table
    from core.runs.local import calibrate_on_own

    file = local_file(model_file_of(source))
    if data is None:
        removed = remove_local(model_file_of(source))
        if as_json:
            print_json({"file": str(file), "removed": removed})
        else:
            print_text(f"Removed {file}; the model's own calibration counts again." if removed else f"No {file}.")
        return
    with stoppable() as token, shown_progress() as emit:
        local = calibrate_on_own(source, data, emit, token, choices=choices, device=device)
    if as_json:
        facts = {"file": str(file), "model_sha256": local.model, "data_sha256": local.data, "made": local.made}
        counted = {"images": local.images, "lesions": local.lesions, "classes": local.counts}
        numbers = {"temperature": local.temperature, "own_temperature": local.own_temperature}
        measured = {"before": measure_to_json(local.before), "after": measure_to_json(local.after)}
        print_json({**facts, **counted, **numbers, **measured, "notes": list(local.notes)})
        return
    print_text(local.sentence, f"Kept in {file}; the model file and its scores are as they were.", "")
    print_text(*table_lines(local_calibration_table(local)))


def _calibrate_run(folder: Path, device: str, *, averaged: bool, as_json: bool) -> None:
    from core.evaluation.promises import calibrating_images, part_of_calibration, promise_note
    from core.inference.from_statistics import certified_by
    from core.reporting.decision_tables import decision_facts
    from core.runs.assess import assess_run
    from core.runs.folder import RunFolder

    with stoppable() as token, shown_progress() as emit:
        result = assess_run(RunFolder(folder), emit, token, device, POSITIONS if averaged else 1)
    found = result.calibration
    if as_json:
        print_json({"folder": str(result.folder), "calibration": found})
        return
    sets, images = found["prediction_sets"], many(found["images"], f"{found['part']} image")
    part = part_of_calibration(found["fitted_part"])
    rests_on = calibrating_images(found["fitted_on"], part)
    temperature = f"Temperature {found['temperature']:.3f}, from {rests_on}."
    print_text(str(result.folder), temperature, promise_note(part))
    if sets is not None:
        errors = f"{_error(found, 'ece_before')} before, {_error(found, 'ece_after')} after"
        print_text(f"On {images}: calibration error {errors}; taken for unlike: {fraction(found['unlike'])}.")
        print_text(
            f"Prediction sets at {fraction(sets['level'])}: {sets['mean_size']:.2f} classes each; truth in them:"
        )
        rows = [
            [code, fraction(row["coverage"]), f"{row['images']:,}", f"{row['calibrated_on']:,}"]
            for code, row in sets["per_class"].items()
        ]
        titles = ["class", "covered", "images", "calibrated on"]
        print_text(*columns(titles, rows, right=titles[1:]))
    decided = certified_by(result.folder / MODEL_FILE)
    for name, text in () if decided is None else decision_facts(decided):
        print_text(f"{name}: {text}")
    for note in found["notes"]:
        say(f"Note: {note}")


def _error(calibration: dict[str, Any], name: str) -> str:
    within = calibration[f"{name}_interval"]
    return interval_of(calibration[name], None if within is None else Interval(*within))


def _check_melanoma(classifier: Classifier, beside: Beside) -> None:
    if beside.threshold is not None and classifier.info.classes.melanoma is None:
        raise SkinKDError(
            "There is no melanoma to flag",
            f"The model tells {comma_list(classifier.info.classes.names, 12)} apart. Leave --melanoma-threshold out.",
        )


def _print_classifications(rows: list[Classification], classifier: Classifier, beside: Beside, *, listed: bool) -> None:
    if listed:
        titles = ["image", "decision", "verdict", "possible", "diagnosis", "probability"]
        titles += ["malignant"] if classifier.info.classes.of_group(Malignancy.MALIGNANT) else []
        count, flags = len(titles), ["flagged"] if beside.threshold is not None else []
        cells = [[*_cells(row)[:count], *(flag_text(row, beside) for _ in flags)] for row in rows if row.code]
        print_text(*columns([*titles, *flags], cells, right=titles[5:]))
    failed = [row for row in rows if row.code is None]
    for row in failed:
        say(f"Not classified: {row.path}: {row.error}")
    if failed:
        say(f"{many(len(failed), 'file')} of {len(rows):,} could not be classified.")
    unknown = next(
        (row.assessment for row in rows if row.assessment and row.assessment.verdict is Verdict.UNKNOWN), None
    )
    if unknown is not None:
        say(f"No verdict: {unknown.sentence}")
    _say_decisions(rows, classifier)
    if classifier.local is not None:
        say(classifier.local.sentence)
    if classifier.info.synthetic:
        say(SYNTHETIC_WARNING)
    say(RESEARCH_USE)


def _say_decisions(rows: list[Classification], classifier: Classifier) -> None:
    """What the decisions rest on, each once; the levels always."""
    from core.inference.decisions import levels_words

    say(levels_words(classifier.benign_level))
    made = [row.decision for row in rows if row.decision and (row.decision.certificate or row.decision.withheld)]
    for sentence in dict.fromkeys(decision.sentence for decision in made):
        say(sentence)


def _cells(row: Classification) -> list[str]:
    """A row of the table: decision, verdict and the classes that remain, then the diagnosis and its probability."""
    assessment = row.assessment
    verdict = assessment.verdict.value if assessment else "-"
    known = assessment is not None and assessment.p_values and assessment.verdict is not Verdict.OUT_OF_DISTRIBUTION
    possible = " ".join(assessment.prediction_set) or "none" if assessment and known else "-"
    return [
        str(row.path),
        (row.decision and row.decision.decision) or "-",
        verdict,
        possible,
        row.name,
        probability(row.probability),
        probability(row.malignant),
    ]


def model_source(text: str, root: Path) -> Path:
    """The run folder or model file that a user means; a run's own model file means the run."""
    for file in (Path(text), root / text):
        if file.is_file():
            return file.parent if (file.parent / "recipe.toml").is_file() and file.name == MODEL_FILE else file
    return find_run(text, root, "model file or run folder")
