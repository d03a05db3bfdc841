"""What a run notes besides its scores: skin types that the data have, energy, where its weights began."""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from pathlib import Path

import pytest

from core.evaluation.subgroups import subgroup_scores
from core.recipe import Preset, preset, set_values
from core.reporting.facts.record import read_record, whole_record
from core.reporting.facts.told import fact_text
from core.reporting.facts.training import NOT_COUNTED
from core.runs.evidence import load_evidence
from core.runs.execute import execute
from core.runs.folder import RunFolder, create_run
from core.runs.skin_angles import FILE_NAME


class Rising:
    """A counter that shows 100 joules more each time."""

    name = "processor package-0"
    turns_at = 0.0

    def __init__(self) -> None:
        self.shown = 0.0

    def joules(self) -> float:
        self.shown += 100
        return self.shown


@pytest.fixture(scope="module")
def run(sample_set: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run on data with a column of Fitzpatrick types, as PAD-UFES-20 has, on a computer that counts energy."""
    root = tmp_path_factory.mktemp("noted")
    data = Path(shutil.copytree(sample_set, root / "data"))
    (table,) = data.glob("*Metadata.csv")
    with table.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    with table.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, [*rows[0], "fitspatrick"])
        writer.writeheader()
        writer.writerows(
            {**row, "fitspatrick": "" if place % 4 == 0 else place % 6 + 1} for place, row in enumerate(rows)
        )
    changes = ("task=teacher", f"data.path={data}", "data.image_size=32", "teacher.architecture=test_resnet")
    recipe = set_values(preset(Preset.QUICK), (*changes, "teacher.weights=none", "optimisation.epochs=1"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKINKD_CACHE", str(root / "cache"))
        patch.setattr("core.runs.execute.counters", lambda device, devices: (Rising(),))
        folder = create_run(recipe, runs=root / "runs", name="noted")
        execute(folder)
    return folder


def test_skin_types_of_the_data_are_scored_as_groups_and_nothing_is_estimated(run: RunFolder) -> None:
    evidence = load_evidence(run.path)
    noted = Counter(person.skin_type for person in evidence.people)
    assert set(noted) - {None} <= set(range(1, 7))
    assert not (run.path / FILE_NAME).exists()
    predicted = evidence.predictions.logits.argmax(axis=1)
    groups = subgroup_scores(evidence.predictions.labels, predicted, evidence.classes, evidence.people, resamples=20)
    skin = {item.name: item.images for item in groups if item.kind == "skin"}
    assert sum(skin.values()) == len(evidence.people)
    assert skin["not known"] == noted[None]
    assert not [item for item in groups if item.kind == "tone"]


def test_energy_and_weights_are_told_as_they_were_noted(run: RunFolder) -> None:
    record = whole_record(read_record(load_evidence(run.path).summary), load_evidence(run.path))
    joules = record.environment["energy"]["joules"]["processor package-0"]
    assert joules >= 200
    assert joules % 100 == 0
    assert f"{joules / 3600:,.1f} Wh" in fact_text(record, "energy")
    assert fact_text(record, "weights") == "Random weights (seed 0)."
    assert "noted in the data" in fact_text(record, "skin_tone")


def test_a_computer_without_counters_says_so(finished_run: RunFolder) -> None:
    evidence = load_evidence(finished_run.path)
    record = whole_record(read_record(evidence.summary), evidence)
    if "energy" in record.environment:
        pytest.skip("this computer counts energy")
    assert fact_text(record, "energy") == NOT_COUNTED
