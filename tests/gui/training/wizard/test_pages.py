"""Task, teacher, student, cost and review pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QInputDialog,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QTableWidget,
    QTreeWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot

from core.data.splitting import count_test_groups
from core.distillation.methods import METHODS
from core.recipe import Preset, Recipe, preset, read_recipe, set_values
from core.runs.folder import create_run
from core.runs.status import RunState
from skinkd_gui.training.wizard import flow
from skinkd_gui.training.wizard import state as wizard_state
from skinkd_gui.training.wizard.dialog import TrainingWizard
from skinkd_gui.training.wizard.model import WizardModel
from skinkd_gui.training.wizard.review_page import ReviewPage
from skinkd_gui.training.wizard.schedule_page import SchedulePage
from skinkd_gui.training.wizard.state import Goal, StudyChoice, WizardStep
from skinkd_gui.training.wizard.student_page import StudentPage
from skinkd_gui.training.wizard.task_page import TaskPage
from skinkd_gui.training.wizard.teacher_page import TeacherPage
from skinkd_gui.workers.job_slot import shut_down_jobs
from tests.core.distillation.made_up import Mse
from tests.gui.training.wizard.conftest import MakeWizard


@pytest.fixture
def model(qtbot: QtBot) -> Iterator[WizardModel]:
    model = WizardModel(wizard_state.initial_state(preset(Preset.QUICK), "data"))
    yield model
    model.deleteLater()


def _add(qtbot: QtBot, page: QWidget) -> None:
    qtbot.addWidget(page)
    page.resize(840, 600)
    page.show()


def _finished_teacher(runs: Path, name: str = "Good teacher") -> Path:
    recipe = set_values(preset(Preset.QUICK), ["task=teacher", "data.path=data", "data.image_size=64"])
    folder = create_run(recipe, runs=runs, name=name)
    folder.model_file.touch()
    folder.set_status(state=RunState.FINISHED)
    return folder.path


class TestTask:
    def test_goal_and_preset_go_into_the_recipe(self, model: WizardModel, qtbot: QtBot, tmp_path: Path) -> None:
        page = TaskPage(model, tmp_path)
        _add(qtbot, page)
        page.findChild(QRadioButton, "goalTeacherButton").click()
        page.findChild(QRadioButton, "presetBestButton").click()
        assert model.state.goal is Goal.TEACHER
        assert model.state.recipe.optimisation == preset(Preset.BEST).optimisation
        assert model.state.recipe.data.path == "data"

    def test_both_readings_and_both_splits_are_a_tick_each(
        self, model: WizardModel, qtbot: QtBot, tmp_path: Path
    ) -> None:
        page = TaskPage(model, tmp_path)
        _add(qtbot, page)
        page.findChild(QRadioButton, "goalStudyButton").click()
        assert wizard_state.study_runs(model.state) == 24
        page.study.redraws.click()
        assert wizard_state.study_runs(model.state) == 36
        page.study.splits.click()
        assert wizard_state.study_runs(model.state) == 72
        page.study.redraws.click()
        assert model.state.study == StudyChoice(both_splits=True)

    def test_the_figures_of_the_users_own_data_stand_beside_the_choice(
        self, make_wizard: MakeWizard, qtbot: QtBot, sample_set: Path
    ) -> None:
        wizard = make_wizard(sample_set, preset(Preset.PAPER))
        qtbot.waitUntil(lambda: wizard.model.state.preview is not None)
        preview = wizard.model.state.preview
        assert preview is not None
        wizard.model.update(replace(wizard.model.state, step=WizardStep.TASK))
        page = wizard.pages[WizardStep.TASK]
        leak = page.findChild(QLabel, "presetLeakageLabel")
        assert leak.isVisible()
        assert preview.leakage.sentence in leak.text()
        page.findChild(QRadioButton, "goalStudyButton").click()
        shown = page.findChild(QLabel, "studyCoverageLabel")
        assert shown.text() == preview.coverage.sentence
        assert shown.isVisible()
        page.findChild(QRadioButton, "presetPaperLesionButton").click()
        assert wizard.model.state.recipe.data.group_by == "lesion"
        qtbot.waitUntil(lambda: not leak.isVisible())

    def test_a_finished_teacher_is_found_and_chosen(self, model: WizardModel, qtbot: QtBot, tmp_path: Path) -> None:
        folder = _finished_teacher(tmp_path)
        page = TaskPage(model, tmp_path)
        _add(qtbot, page)
        page.entered()
        qtbot.waitUntil(lambda: page.teachers.topLevelItemCount() == 1)
        page.findChild(QRadioButton, "goalDistilButton").click()
        assert page.teachers.isVisible()
        item = page.teachers.topLevelItem(0)
        assert item is not None
        assert item.text(0) == "Good teacher"
        page.teachers.setCurrentItem(item)
        assert wizard_state.recipe_of(model.state).teacher.run == str(folder)
        assert model.state.recipe.data.image_size == 64
        shut_down_jobs(page)

    def test_a_teacher_may_be_a_file_of_outputs(
        self, model: WizardModel, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        page = TaskPage(model, tmp_path)
        _add(qtbot, page)
        page.findChild(QRadioButton, "goalDistilButton").click()
        assert flow.message_for(model.state, WizardStep.TASK)
        file = tmp_path / "large.npz"
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(file), ""))
        page.file_button.click()
        assert "does not exist" in flow.message_for(model.state, WizardStep.TASK)
        file.touch()
        page.file_button.click()
        assert flow.message_for(model.state, WizardStep.TASK) == ""
        assert "outputs in large.npz" in page.findChild(QLabel, "teacherSplitLabel").text()
        assert wizard_state.recipe_of(model.state).teacher.run == str(file)
        shut_down_jobs(page)


class TestModels:
    def test_a_network_is_looked_up_and_an_unknown_one_named(self, model: WizardModel, qtbot: QtBot) -> None:
        page = TeacherPage(model)
        _add(qtbot, page)
        page.entered()
        facts = page.findChild(QLabel, "teacherFactsLabel")
        qtbot.waitUntil(lambda: "2.2 million parameters" in facts.text())
        combo = page.findChild(QComboBox, "teacherArchitectureCombo")
        line = combo.lineEdit()
        assert line is not None
        line.setText("mobilenetv2_1000")
        line.textEdited.emit(line.text())  # typing would open the list, for which offscreen Qt has no keyboard
        problem = page.findChild(QLabel, "teacherArchitectureProblem")
        qtbot.waitUntil(problem.isVisible)
        assert "mobilenetv2_100" in problem.text()
        assert flow.message_for(model.state, WizardStep.TEACHER)
        suggested = page.findChild(QTreeWidget, "teacherSuggestionsList")
        suggested.setCurrentItem(suggested.topLevelItem(0))
        assert model.state.recipe.teacher.architecture == "tf_efficientnet_b7.aa_in1k"
        qtbot.waitUntil(lambda: "63.8 million parameters" in facts.text())
        assert flow.message_for(model.state, WizardStep.TEACHER) == ""
        shut_down_jobs(page)

    def test_all_networks_can_be_searched_for(self, model: WizardModel, qtbot: QtBot) -> None:
        page = StudentPage(model)
        _add(qtbot, page)
        page.entered()
        completer = page.chooser.combo.completer
        qtbot.waitUntil(lambda: (found := completer()) is not None and found.model().rowCount() > 500)
        found = completer()
        assert found is not None
        found.setCompletionPrefix("ghost")
        assert found.completionCount() > 0
        shut_down_jobs(page)

    def test_weights_of_another_program_are_imported(
        self, model: WizardModel, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import timm
        import torch

        source, out = tmp_path / "tower.pth", tmp_path / "tower.safetensors"
        torch.save(timm.create_model("test_vit").state_dict(), source)
        page = TeacherPage(model)
        _add(qtbot, page)
        model.set_value("teacher.architecture", "test_resnet")
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(source), ""))
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(out), ""))
        monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("MIT", True))
        combo = page.findChild(QComboBox, "teacherWeightsCombo")
        combo.setCurrentIndex(combo.findData("file"))
        combo.activated.emit(combo.currentIndex())
        page.chooser.browse.click()
        qtbot.waitUntil(lambda: any("do not fit" in label.text() for label in page.findChildren(QLabel)))
        model.set_value("teacher.architecture", "test_vit")
        page.chooser.browse.click()
        qtbot.waitUntil(lambda: model.state.recipe.teacher.weights == str(out))
        assert any("licence: MIT" in label.text() for label in page.findChildren(QLabel))
        assert not any("do not fit" in label.text() for label in page.findChildren(QLabel))
        assert flow.message_for(model.state, WizardStep.TEACHER) == ""
        shut_down_jobs(page)

    def test_a_file_of_weights_must_be_chosen_and_exist(
        self, model: WizardModel, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        page = StudentPage(model)
        _add(qtbot, page)
        combo = page.findChild(QComboBox, "studentWeightsCombo")
        combo.setCurrentIndex(combo.findData("file"))
        combo.activated.emit(combo.currentIndex())
        assert "Choose the .safetensors file" in flow.message_for(model.state, WizardStep.STUDENT)
        weights = tmp_path / "weights.safetensors"
        weights.touch()
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(weights), ""))
        page.findChild(QPushButton, "studentWeightsBrowseButton").click()
        assert model.state.recipe.student.weights == str(weights)
        assert page.findChild(QLineEdit, "studentWeightsFileEdit").text() == str(weights)
        assert flow.message_for(model.state, WizardStep.STUDENT) == ""

    def test_the_methods_own_settings_are_shown(self, model: WizardModel, qtbot: QtBot) -> None:
        page = StudentPage(model)
        _add(qtbot, page)

        def settings() -> set[str]:
            return set() if page.settings is None else set(page.settings.rows)

        shared = {"distillation.alpha", "distillation.temperature"}
        shared |= {"teacher.also", "teacher.weighting", "teacher.source", "teacher.views"}
        assert settings() == shared | {"distillation.direction"}
        assert page.settings is not None
        assert page.settings.more is not None
        page.settings.more.setChecked(True)
        combo = page.settings.rows["distillation.direction"].editor.findChild(QComboBox)
        assert combo.isVisible()
        assert [combo.itemText(place) for place in range(combo.count())] == ["Student to teacher", "Teacher to student"]
        model.set_value("distillation.method", "dist")
        assert settings() == shared | {"distillation.beta", "distillation.gamma"}
        assert "DIST" in page.findChild(QLabel, "paperFindingLabel").text()
        model.set_value("distillation.method", "none")
        assert settings() == set()
        assert not page.findChild(QLabel, "alphaSentence").isVisible()

    def test_a_method_that_somebody_added_has_a_form(self, model: WizardModel, qtbot: QtBot) -> None:
        with METHODS.registered(Mse()):
            page = StudentPage(model)
            _add(qtbot, page)
            combo = page.findChild(QComboBox, "distillationMethodField")
            assert combo.itemText(combo.findData("mse")) == "MSE"
            model.set_value("distillation.method", "mse")
            assert page.settings is not None
            own = [key for key in page.settings.rows if key.startswith("distillation.")]
            assert own == ["distillation.alpha", "distillation.margin"]
            assert "did not try" in page.findChild(QLabel, "paperFindingLabel").text()
            model.set_value("distillation.method", "kl")  # the page is closed when there is no such method any more
            shut_down_jobs(page)


def _names(combo: QComboBox) -> int:
    completer = combo.completer()
    return completer.model().rowCount() if completer is not None else 0


class TestSchedule:
    def test_an_augmentations_own_settings_are_shown(self, model: WizardModel, qtbot: QtBot) -> None:
        page = SchedulePage(model)
        _add(qtbot, page)
        assert page.form.more is not None
        page.form.more.setChecked(True)
        strong = {"optimisation.hair", "optimisation.smallest_crop", "optimisation.view_seed"}
        mixing = {"optimisation.mixture_alpha"}

        def shown() -> set[str]:
            return {key for key in strong | mixing if page.form.rows[key].editor.isVisible()}

        assert shown() == set()
        model.set_value("optimisation.augmentation", "strong")
        assert shown() == strong
        model.set_value("optimisation.hair", 0.5)
        model.set_value("optimisation.mixture", "cutmix")
        assert shown() == strong | mixing
        assert model.state.recipe.optimisation.model_dump()["mixture_alpha"] == 1.0
        model.set_value("optimisation.augmentation", "light")
        assert shown() == mixing


class TestReview:
    def test_the_plan_the_recipe_and_the_command(
        self, model: WizardModel, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        page = ReviewPage(model, tmp_path / "runs")
        _add(qtbot, page)
        page.entered()
        plan = page.findChild(QLabel, "planLabel")
        qtbot.waitUntil(lambda: "2 runs" in plan.text())
        saved = tmp_path / "mine"
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(saved), ""))
        page.findChild(QPushButton, "saveRecipeButton").click()
        assert read_recipe(saved.with_suffix(".toml")) == wizard_state.recipe_of(model.state)
        page.findChild(QPushButton, "copyCommandButton").click()
        assert QGuiApplication.clipboard().text().startswith("skinkd-cli train quick --data data")
        shut_down_jobs(page)

    def test_a_teacher_that_is_finished_already_is_used_again(
        self, model: WizardModel, qtbot: QtBot, tmp_path: Path
    ) -> None:
        recipe = wizard_state.plan(model.state, tmp_path)[0].recipe
        folder = create_run(recipe, runs=tmp_path)
        folder.model_file.touch()
        folder.set_status(state=RunState.FINISHED)
        page = ReviewPage(model, tmp_path)
        _add(qtbot, page)
        page.entered()
        plan = page.findChild(QLabel, "planLabel")
        qtbot.waitUntil(lambda: "finished already" in plan.text())
        shut_down_jobs(page)


class TestCost:
    def test_what_was_measured_is_dropped_when_the_settings_change(
        self, make_wizard: MakeWizard, qtbot: QtBot, tiny: Recipe, sample_set: Path
    ) -> None:
        wizard: TrainingWizard = make_wizard(sample_set, tiny)
        qtbot.waitUntil(lambda: flow.can_start(wizard.model.state))
        wizard.model.update(flow.go_to(wizard.model.state, WizardStep.COST))
        headline = wizard.findChild(QLabel, "costHeadline")
        qtbot.waitUntil(headline.isVisible)
        wizard.model.set_value("hardware.threads", 2)
        assert not headline.isVisible()
        assert "Measure again" in wizard.findChild(QLabel, "measureNote").text()

    def test_the_page_says_what_the_test_can_show(
        self, make_wizard: MakeWizard, qtbot: QtBot, tiny: Recipe, sample_set: Path
    ) -> None:
        wizard: TrainingWizard = make_wizard(sample_set, tiny)
        qtbot.waitUntil(lambda: flow.can_start(wizard.model.state))
        state = replace(wizard.model.state, goal=Goal.STUDY, study=StudyChoice(seeds=3))
        wizard.model.update(flow.go_to(state, WizardStep.COST))
        notes = wizard.findChild(QLabel, "planningNotes")
        qtbot.waitUntil(notes.isVisible)
        compared, images = wizard_state.comparisons_of(state), count_test_groups(state.dataset, state.recipe.data)
        assert f"With 3 seeds and the {images} independent test images here" in notes.text()
        assert f"each of {compared} configurations" in notes.text()
        table = wizard.findChild(QTableWidget, "planningTable")
        assert [table.item(row, 0).text() for row in range(3)] == ["0.5 points", "1.0 points", "2.0 points"]

    def test_leaving_the_page_stops_measuring(
        self, make_wizard: MakeWizard, qtbot: QtBot, tiny: Recipe, sample_set: Path
    ) -> None:
        wizard: TrainingWizard = make_wizard(sample_set, tiny)
        qtbot.waitUntil(lambda: flow.can_start(wizard.model.state))
        wizard.model.update(flow.go_to(wizard.model.state, WizardStep.COST))
        wizard.model.update(flow.go_to(wizard.model.state, WizardStep.REVIEW))
        again = wizard.findChild(QPushButton, "measureButton")
        qtbot.waitUntil(again.isEnabled)
