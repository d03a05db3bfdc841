"""What is read of finished runs, and what is said when two of them are compared."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.classes import CLASS_SETS
from core.errors import SkinKDError
from core.evaluation.detailed import detailed_intervals
from core.evaluation.subgroups import Person
from core.recipe import Recipe
from core.runs.evidence import compare_as_family, compare_runs, labelled, load_evidence
from core.runs.folder import RunFolder, create_run

ISIC2019 = CLASS_SETS["isic2019"]

WriteRun = Callable[..., Path]
LABELS = np.arange(80) % 4
LESIONS = [f"L{row // 2}" if row < 60 else "" for row in range(80)]


def guesses(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.where(rng.random(80) < 0.6, LABELS, rng.integers(0, 8, 80))


def test_a_finished_run_is_read(write_run: WriteRun) -> None:
    folder = write_run("kl", LABELS, guesses(1), lesions=LESIONS, notes=["A note."])
    evidence = load_evidence(folder, resamples=100)
    assert evidence.name == "kl"
    assert len(evidence.predictions.names) == 80  # the validation image is not among them
    assert evidence.groups == tuple(lesion or f"image t{row}" for row, lesion in enumerate(LESIONS))
    assert evidence.people[5] == Person(35.0, "female", "back")
    assert evidence.detailed.scores == RunFolder(folder).scores()
    logits = evidence.predictions.logits
    assert evidence.intervals == detailed_intervals(LABELS, logits, ISIC2019, LESIONS, resamples=100)
    assert evidence.intervals.by_group
    assert evidence.notes == ("A note.",)
    assert [row.image for row in evidence.split][:2] == ["learned", "t0"]
    assert labelled(evidence).names[:2] == ("t0", "t1")


def test_reading_needs_no_torch(write_run: WriteRun) -> None:
    folder = write_run("kl", LABELS, guesses(1))
    code = (
        "import sys; from pathlib import Path; from core.runs.evidence import load_evidence; "
        "load_evidence(Path(sys.argv[1]), 50); assert not {'torch', 'sklearn', 'scipy.stats'} & set(sys.modules)"
    )
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True, cwd=root, timeout=60)


def test_a_run_without_its_split_says_so(write_run: WriteRun) -> None:
    folder = write_run("kl", LABELS, guesses(1), lesions=LESIONS)
    (folder / "split.csv").unlink()
    evidence = load_evidence(folder, resamples=50)
    assert set(evidence.groups) == {""}
    assert not evidence.intervals.by_group
    assert "split.csv is missing" in evidence.notes[-1]
    other = load_evidence(write_run("dist", LABELS, guesses(2)), resamples=50)
    assert any("not known which images kl learned from" in note for note in compare_runs(evidence, other).notes)


def test_what_can_not_be_shown_is_refused(write_run: WriteRun, tmp_path: Path) -> None:
    waiting = create_run(Recipe(), runs=tmp_path / "runs", name="waiting")
    with pytest.raises(SkinKDError, match="waiting is queued"):
        load_evidence(waiting.path)
    folder = write_run("kl", LABELS, guesses(1))
    lines = (folder / "predictions.csv").read_text().splitlines()
    (folder / "predictions.csv").write_text("\n".join([*lines, lines[-1]]) + "\n")
    with pytest.raises(SkinKDError, match="names an image twice"):
        load_evidence(folder)
    (folder / "predictions.csv").write_text("\n".join(lines[:2]) + "\n")
    with pytest.raises(SkinKDError, match="has no test images"):
        load_evidence(folder)
    (folder / "predictions.csv").unlink()
    with pytest.raises(SkinKDError, match="missing or damaged"):
        load_evidence(folder)


def test_predictions_that_do_not_give_the_noted_scores_are_said(write_run: WriteRun) -> None:
    folder, other = (write_run(name, LABELS, guesses(1)) for name in ("kl", "dist"))
    file = folder / "predictions.csv"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[:-10]))
    evidence = load_evidence(folder, resamples=50)
    (note,) = evidence.notes
    assert "do not agree: weighted F1" in note
    assert "of 70 test images against" in note
    assert f"kl: {note}" in compare_runs(evidence, load_evidence(other, resamples=50), resamples=50).notes


@pytest.mark.parametrize("spoil", [lambda text: "", lambda text: text[:-40], lambda text: text.replace("SCC", "", 1)])
def test_damaged_predictions_are_not_taken_for_few_images(write_run: WriteRun, spoil: Callable[[str], str]) -> None:
    folder = write_run("kl", LABELS, guesses(1))
    file = folder / "predictions.csv"
    file.write_text(spoil(file.read_text()))
    with pytest.raises(SkinKDError, match="missing or damaged"):
        load_evidence(folder)


def test_a_split_with_other_columns_is_damaged(write_run: WriteRun) -> None:
    folder = write_run("kl", LABELS, guesses(1))
    (folder / "split.csv").write_text("foo,bar\n")
    with pytest.raises(SkinKDError, match="missing or damaged") as caught:
        load_evidence(folder)
    assert "lesion_id" in caught.value.details


def test_runs_on_the_same_data_need_no_warning(write_run: WriteRun) -> None:
    one, two = (load_evidence(write_run(f"run {seed}", LABELS, guesses(seed), lesions=LESIONS)) for seed in (1, 2))
    comparison = compare_runs(one, two, resamples=50)
    assert comparison.comparable
    assert comparison.by_group
    assert [note for note in comparison.notes if "do not agree" not in note] == []


def test_data_that_may_explain_a_difference_is_said(write_run: WriteRun) -> None:
    first = write_run("first", LABELS, guesses(1), lesions=LESIONS, train=[("a", ""), ("b", "L1")])
    second = write_run(
        "second",
        LABELS,
        guesses(2),
        lesions=LESIONS,
        begin=8,
        train=[("b", ""), ("c", ""), ("d", "")],
        notes=["Leak: 3 of this run's test images ...", "Something else."],
        synthetic=True,
    )
    notes = compare_runs(load_evidence(first), load_evidence(second), resamples=50).notes
    assert any("tested on different images. Only the" in note for note in notes)
    assert any("1 of the 2 of first were not among the 3 of second, and 2 the other way" in note for note in notes)
    assert not any("lesions in" in note for note in notes)  # t2 and t3 show L1, but only first was tested on them
    assert "second: Leak: 3 of this run's test images ..." in notes
    assert any("second: trained on the built-in synthetic" in note for note in notes)
    assert not any("Something else" in note for note in notes)


def test_lesions_that_a_run_was_trained_on_are_counted(write_run: WriteRun) -> None:
    first = write_run("first", LABELS, guesses(1), lesions=LESIONS, train=[("a", "L1"), ("b", "L2"), ("c", "")])
    second = write_run("second", LABELS, guesses(2), lesions=LESIONS, train=[("a", ""), ("b", ""), ("c", "")])
    notes = compare_runs(load_evidence(first), load_evidence(second), resamples=50).notes
    assert [note for note in notes if "lesions" in note] == [
        "first was trained on other images of the lesions in 4 of its test images here: its scores are too high for "
        "new lesions."
    ]


def test_notes_on_runs_of_one_name_tell_them_apart(write_run: WriteRun) -> None:
    first = write_run("same", LABELS, guesses(1), train=[("a", "")])
    second = write_run("same", LABELS, guesses(2), train=[("b", "")])
    (note,) = compare_runs(load_evidence(first, 50), load_evidence(second, 50), resamples=50).notes[:1]
    assert f"of {first.name} were not among" in note
    assert f"of {second.name}, and" in note


def test_runs_of_one_folder_name_in_two_places_are_two_members(write_run: WriteRun, tmp_path: Path) -> None:
    base, first, second = (write_run(name, LABELS, guesses(seed)) for seed, name in enumerate(("a", "b", "c")))
    elsewhere = tmp_path / "elsewhere" / first.name
    shutil.copytree(second, elsewhere)
    others = [load_evidence(folder, 50) for folder in (first, elsewhere)]
    family = compare_as_family(load_evidence(base, 50), others, resamples=100)
    assert family is not None
    assert [member.key for member in family.members] == [str(first), str(elsewhere)]
    assert family.members[0].difference != family.members[1].difference


def test_what_belongs_together_is_drawn_together(write_run: WriteRun) -> None:
    """Ten patients: the column `group` of split.csv counts, not lesions alone."""
    folder = write_run("kl", LABELS, guesses(1))
    file = folder / "split.csv"
    with file.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    for number, row in enumerate(rows):
        row["group"] = str(number % 10)
    with file.open("w", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    evidence = load_evidence(folder, 50)
    assert len(set(evidence.groups)) == 10
    assert evidence.intervals.by_group


def test_a_run_that_is_deleted_while_it_is_compared_is_said_or_compared_whole(
    write_run: WriteRun, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It goes before each look at one of its files in turn."""
    kept = write_run("kl", LABELS, guesses(1), lesions=LESIONS, notes=["A note."])
    expected = load_evidence(kept, resamples=50)
    folder = tmp_path / "again" / kept.name
    stat, opening = Path.stat, Path.open
    looks, last = 0, 0

    def look(path: Path) -> None:
        nonlocal looks
        if path.is_relative_to(folder):
            looks += 1
            if looks == last:
                shutil.rmtree(folder)

    def watched_stat(path: Path, **named: bool) -> object:
        look(path)
        return stat(path, **named)

    def watched_open(path: Path, *others: object, **named: object) -> object:
        look(path)
        return opening(path, *others, **named)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "stat", watched_stat)
    monkeypatch.setattr(Path, "open", watched_open)
    said = whole = 0
    while looks >= last:
        last, looks = last + 1, -(10**9)
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        looks = 0
        try:
            evidence = load_evidence(folder, resamples=50)
        except SkinKDError as error:
            assert error.summary  # noqa: PT017
            said += 1
        else:
            assert evidence.detailed == expected.detailed
            assert evidence.groups == expected.groups
            assert evidence.notes == expected.notes
            whole += 1
    assert said > 5
    assert whole >= 1
