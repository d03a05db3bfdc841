"""A stopped run goes on where its data and teacher lie now, under its own recipe, or under one that says it changed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from core.demo.sample_set import write_sample_set
from core.errors import Cancelled, SkinKDError
from core.events import Event, Notice
from core.recipe import Recipe, recipe_hash, recipe_to_toml, set_values
from core.runs.amending import amend
from core.runs.execute import execute
from core.runs.folder import RunFolder, create_run
from core.runs.planning import finished_like
from core.runs.recorded import recorded_legs
from core.runs.status import RunState
from tests.core.runs.test_execute import StopAfter, assert_same_run, small

KL = ("student.architecture=test_resnet", "distillation.method=kl")


@pytest.fixture(scope="module")
def began(sample_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a teacher, the data, a student that was stopped in its second epoch, and one that was not."""
    root = tmp_path_factory.mktemp("began")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKINKD_CACHE", str(root / "cache"))
        brief = ("task=teacher", "optimisation.epochs=1")
        teacher = create_run(small(sample_set, *brief), runs=root, name="teacher").path.rename(root / "teacher")
        execute(RunFolder(teacher))
        recipe = small(sample_set, *KL, f"teacher.run={teacher}")
        token = StopAfter(2)
        stopped = create_run(recipe, runs=root, name="stopped")
        with pytest.raises(Cancelled):
            execute(stopped, token.seen, token)
        stopped.path.rename(root / "stopped")
        execute(create_run(recipe, runs=root, name="whole")).folder.rename(root / "whole")
    return root


@pytest.fixture
def root(began: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that folder to do with what one likes."""
    copy = tmp_path / "runs"
    shutil.copytree(began, copy)
    monkeypatch.setenv("SKINKD_CACHE", str(copy / "cache"))
    return copy


@pytest.fixture
def run(root: Path) -> RunFolder:
    return RunFolder(root / "stopped")


def assert_same_answers(run: RunFolder, root: Path) -> None:
    """It ends with the numbers of the run that was never stopped, whatever it calls its places."""
    whole = RunFolder(root / "whole")
    assert run.predictions_file.read_bytes() == whole.predictions_file.read_bytes()
    assert run.scores() == whole.scores()


def edit(run: RunFolder, *assignments: str) -> Recipe:
    """Change recipe.toml as a person would, with an editor."""
    recipe = set_values(run.recipe(), assignments)
    run.recipe_file.write_text(recipe_to_toml(recipe))
    return recipe


def test_the_run_and_its_epochs_know_their_recipe_and_teacher(root: Path) -> None:
    whole = RunFolder(root / "whole")
    (leg,) = recorded_legs(whole)
    assert leg.recipe == whole.recipe()
    assert len(leg.teacher) == 64
    assert {record.recipe for record in whole.history()} == {recipe_hash(whole.recipe())}


@pytest.mark.parametrize(
    ("assignments", "named"),
    [
        (["distillation.alpha=0.9", "distillation.method=dist"], ["distillation.method", "distillation.alpha"]),
        (["optimisation.learning_rate=0.3"], [r"--set optimisation\.learning_rate=0\.3"]),
        (["optimisation.optimizer=sgd"], [r'optimisation\.optimizer is "sgd" and was "adam"']),
        (["optimisation.seed=1", "optimisation.sampler=shuffle"], ["optimisation.seed", "optimisation.sampler"]),
        (["data.seed=4"], [r"data\.seed is 4 and was 0"]),
        (["student.architecture=test_vit"], ["student.architecture"]),
    ],
)
def test_an_edited_recipe_is_refused_by_name_and_the_run_waits_unharmed(
    assignments: list[str], named: list[str], run: RunFolder, root: Path
) -> None:
    own = run.recipe_file.read_text()
    edit(run, *assignments)
    for name in named:
        with pytest.raises(SkinKDError, match=name):
            execute(run)
    assert assignments[0].partition("=")[0] in run.status().message
    run.recipe_file.write_text(own)
    execute(run)
    assert_same_run(run, RunFolder(root / "whole"))


def test_an_exchanged_teacher_is_refused_and_its_own_is_found_anywhere(run: RunFolder, root: Path) -> None:
    own = shutil.copytree(root / "teacher", root / "the old one")  # the recipe names the one beside the original
    other = create_run(
        small(Path(run.recipe().data.path), "task=teacher", "optimisation.epochs=1", "optimisation.seed=9"), runs=root
    )
    execute(other)
    shutil.copy(other.model_file, root / "teacher" / "model.safetensors")
    edit(run, f"teacher.run={root / 'teacher'}")
    with pytest.raises(SkinKDError, match="The teacher is another one"):
        execute(run)
    before = run.recipe_file.read_bytes()
    with pytest.raises(SkinKDError, match="The teacher is another one"):
        amend(run, teacher=str(other.path))
    assert run.recipe_file.read_bytes() == before
    (change,) = amend(run, teacher=str(own))
    assert change.key == "teacher.run"
    execute(run)
    assert_same_answers(run, root)
    assert len({leg.teacher for leg in recorded_legs(run)}) == 1


def test_a_teacher_that_is_nothing_but_its_model_file_does(run: RunFolder, root: Path, tmp_path: Path) -> None:
    file = tmp_path / "usb stick" / "a teacher.safetensors"
    file.parent.mkdir()
    (root / "teacher" / "model.safetensors").rename(file)
    amend(run, teacher=str(file))
    said: list[Event] = []
    execute(run, said.append)
    assert any(isinstance(event, Notice) and "not known which images" in event.text for event in said)
    assert_same_answers(run, root)


def test_moved_data_are_named_and_other_data_refused(
    run: RunFolder, root: Path, sample_set: Path, tmp_path: Path
) -> None:
    moved = shutil.copytree(sample_set, tmp_path / "moved data")
    edit(run, "data.path=/nowhere")
    with pytest.raises(SkinKDError, match="--data FOLDER"):
        execute(run)
    with pytest.raises(SkinKDError, match="The data is not there"):
        amend(run, data=tmp_path / "typo")
    amend(run, data=write_sample_set(tmp_path / "others", images=160, seed=99, size=64))
    with pytest.raises(SkinKDError):
        execute(run)
    amend(run, data=moved)
    execute(run)
    assert run.recipe().data.path == str(moved)
    assert_same_answers(run, root)


def test_more_epochs_and_another_rate_are_on_record_everywhere(run: RunFolder) -> None:
    old = run.recipe()
    with pytest.raises(SkinKDError, match="distillation"):
        amend(run, assignments=["distillation.alpha=0.9", "optimisation.epochs=3"])
    assert run.recipe() == old
    amend(run, assignments=["optimisation.learning_rate=0.001", "optimisation.epochs=3"])
    summary = execute(run)
    assert (summary.status.epoch, summary.status.epochs) == (3, 3)
    new = run.recipe()
    first, second, third = run.history()
    hashes = (recipe_hash(old), recipe_hash(new))
    assert (first.recipe, second.recipe, third.recipe) == (hashes[0], "+".join(hashes), hashes[1])
    assert (first.learning_rate, third.learning_rate) == (0.003, 0.001)
    assert [leg.recipe for leg in recorded_legs(run)] == [old, new]
    metrics = run.metrics()
    assert metrics is not None
    assert any("optimisation.learning_rate: 0.003 -> 0.001" in note for note in metrics["notes"])


def test_a_teacher_with_two_recipes_is_no_teacher_like_another(root: Path) -> None:
    teacher = RunFolder(root / "teacher")
    assert finished_like(teacher.recipe(), root) is not None
    text = teacher.environment_file.read_text()
    assert recipe_hash(teacher.recipe()) in text
    leg = '{"epoch": 1, "batch": 0, "hash": "aa", "teacher": "", "recipe": null},'
    teacher.environment_file.write_text(text.replace('"recipes": [', f'"recipes": [{leg}'))
    assert finished_like(teacher.recipe(), root) is None


def test_a_finished_run_is_not_trained_on_and_its_recipe_does_not_change_in_silence(root: Path) -> None:
    whole = RunFolder(root / "whole")
    with pytest.raises(SkinKDError, match="A finished run is not trained on"):
        amend(whole, assignments=["optimisation.epochs=9"])
    amend(whole, assignments=["hardware.threads=2"])
    assert execute(whole).status.state is RunState.FINISHED
    edit(whole, "distillation.alpha=0.9")
    with pytest.raises(SkinKDError, match=r"distillation\.alpha: 0\.1 -> 0\.9"):
        execute(whole)
    assert whole.status().state is RunState.FINISHED


def test_before_the_first_checkpoint_the_division_alone_is_fixed(run: RunFolder) -> None:
    """Stopped while the images were decoded: nothing was trained, but the images are divided."""
    shutil.rmtree(run.checkpoint_folder)
    run.history_file.unlink()
    edit(run, "data.seed=4", "distillation.alpha=0.9")
    with pytest.raises(SkinKDError, match=r"data\.seed: 0 -> 4"):
        execute(run)
    with pytest.raises(SkinKDError, match="divided already"):  # and again: a refusal leaves the record as it was
        execute(run)
    run.split_file.unlink()
    execute(run)
    assert {record.recipe for record in run.history()} == {recipe_hash(run.recipe())}


def of_the_first_version(run: RunFolder) -> None:
    """Make a stopped run what the first version left: a checkpoint and a history that name no recipe."""
    state = torch.load(run.checkpoint_folder / "state.pt", weights_only=True)
    for row in state["history"]:
        del row["recipe"]
    state = {name: value for name, value in state.items() if name not in ("legs", "pictures")} | {"version": 1}
    torch.save(state, run.checkpoint_folder / "state.pt")
    lines = run.history_file.read_text().splitlines()
    run.history_file.write_text("".join(line.rpartition(",")[0] + "\n" for line in lines))
    run.environment_file.unlink()


@pytest.mark.parametrize("change", ["distillation.alpha=0.9", "data.seed=3"])
def test_a_run_of_the_first_version_goes_on_but_not_under_another_recipe(
    change: str, run: RunFolder, root: Path
) -> None:
    of_the_first_version(run)
    with pytest.raises(SkinKDError, match=change.partition("=")[0]):
        amend(run, assignments=[change])
    execute(run)
    assert [record.recipe for record in run.history()] == ["", f"?+{recipe_hash(run.recipe())}"]
    assert_same_answers(run, root)
