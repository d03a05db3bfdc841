"""One folder per study: the same again goes on, more is added, another one is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import SkinKDError
from core.recipe import set_values
from core.runs.listing import list_runs
from core.study.definition import Study
from core.study.execute import run_study
from core.study.folder import StudyFolder, create_study, list_studies, with_free_name
from tests.core.study.conftest import DIST, KL, PLAIN, TEACHER, StandIn


def test_the_same_study_again_is_the_same_folder(small_study: Study, tmp_path: Path) -> None:
    folder = create_study(small_study, tmp_path)
    assert folder.path == tmp_path / "studies" / "small"
    assert create_study(small_study, tmp_path).path == folder.path
    assert folder.study() == small_study
    assert [item.path for item in list_studies(tmp_path)] == [folder.path]
    assert list_studies(tmp_path / "none") == ()
    assert list_runs(tmp_path) == ()  # a study is no run


def test_further_seeds_and_configurations_are_added(small_study: Study, tmp_path: Path, stand_in: StandIn) -> None:
    run_study(create_study(replace(small_study, configurations=(TEACHER, PLAIN, KL), seeds=(0,)), tmp_path))
    assert len(stand_in.done) == 3
    run_study(create_study(small_study, tmp_path))
    assert len(stand_in.done) == len(set(stand_in.done)) == 7


def test_other_hardware_is_the_same_study(small_study: Study, tmp_path: Path) -> None:
    create_study(small_study, tmp_path)
    folder = create_study(replace(small_study, base=set_values(small_study.base, ["hardware.threads=2"])), tmp_path)
    assert folder.study().base.hardware.threads == 2


@pytest.mark.parametrize("change", ["base", "configuration", "fewer", "seeds"])
def test_another_study_of_the_same_name_is_refused(change: str, small_study: Study, tmp_path: Path) -> None:
    folder = create_study(small_study, tmp_path)
    others = {
        "base": replace(small_study, base=set_values(small_study.base, ["optimisation.epochs=2"])),
        "configuration": replace(
            small_study,
            configurations=(TEACHER, PLAIN, replace(KL, changes=(*KL.changes[:1], ("distillation.alpha", 0.7))), DIST),
        ),
        "fewer": replace(small_study, configurations=(TEACHER, PLAIN)),
        "seeds": replace(small_study, seeds=(5,)),
    }
    with pytest.raises(SkinKDError, match="another name"):
        create_study(others[change], tmp_path)
    assert folder.study() == small_study


def test_relative_paths_become_absolute(small_study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    base = set_values(small_study.base, ["data.path=images"])
    assert create_study(replace(small_study, base=base), Path("runs")).study().base.data.path == str(
        tmp_path / "images"
    )
    assert StudyFolder(tmp_path / "runs" / "studies" / "small").runs_root == tmp_path / "runs"


def test_a_free_name_is_found_beside_other_and_damaged_studies(small_study: Study, tmp_path: Path) -> None:
    first = replace(small_study, name="Mine")
    assert with_free_name(first, tmp_path) == first
    create_study(first, tmp_path)
    assert with_free_name(first, tmp_path) == first  # the same study is gone on with
    other = replace(first, base=set_values(small_study.base, ["optimisation.epochs=3"]))
    assert with_free_name(other, tmp_path).name == "Mine 2"
    create_study(with_free_name(other, tmp_path), tmp_path).study_file.write_text("[")
    assert with_free_name(other, tmp_path).name == "Mine 3"


def test_without_members_json_the_runs_are_found_by_their_annotations(
    small_study: Study, tmp_path: Path, stand_in: StandIn
) -> None:
    folder = create_study(small_study, tmp_path)
    run_study(folder)
    before, done = folder.members(), len(stand_in.done)
    folder.members_file.unlink()
    assert folder.members() == before
    assert not folder.members_file.exists()  # looking changes nothing
    run_study(folder)
    assert len(stand_in.done) == done
    assert folder.members_file.exists()
    assert folder.members() == before


@pytest.mark.parametrize("run", ["../outside", "/etc", "..", "a/b", "a\\b", "C:x", "", 5, "x" * 300, "a\0b"])
def test_a_member_is_never_outside_the_runs(small_study: Study, tmp_path: Path, run: object) -> None:
    (tmp_path / "outside").mkdir()
    folder = create_study(small_study, tmp_path / "runs")
    rows = [{"configuration": "plain", "seed": 0, "run": run}]
    folder.members_file.write_text(json.dumps({"version": 1, "members": rows}))
    with pytest.raises(
        SkinKDError, match=r"members\.json can not be read.*expected the name of a folder among the runs"
    ):
        folder.members()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[", "is damaged"),
        ("[" * 100_000, "nested too deep"),
        ('{"members": 3}', "expected a list of tables"),
        ('{"members": [3]}', "expected a list of tables"),
        ('{"members": [{"configuration": 1, "seed": 0, "run": "a"}]}', "a configuration's key and a seed"),
        ('{"version": 2}', "from a newer SkinKD"),
        ('{"version": "x"}', "version: expected a whole number"),
    ],
)
def test_damaged_members_are_said(small_study: Study, tmp_path: Path, text: str, said: str) -> None:
    folder = create_study(small_study, tmp_path)
    folder.members_file.write_text(text)
    with pytest.raises(SkinKDError, match=said):
        folder.members()


def test_names_of_devices_are_no_folders(small_study: Study, tmp_path: Path) -> None:
    for name in ("CON", "aux", "../../x", "Nul"):
        folder = create_study(replace(small_study, name=name), tmp_path)
        assert folder.path.parent == tmp_path / "studies"
        assert folder.path.name not in {"con", "aux", "nul"}
