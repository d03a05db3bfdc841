"""What open means: methods for logits, features and whole batches, a curriculum with pacing, a layout of data and three
classes are added in this one file without touching the sources, and go through whole runs, resumes included."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from core.classes import ClassSet
from core.data.finding import Folder
from core.data.layouts import LAYOUTS, Layout
from core.data.rows import Row
from core.data.tables import Table
from core.distillation.curricula import DIFFICULTIES, PACINGS, TrainingImages
from core.distillation.method import LossContext, Need, settings_as
from core.distillation.methods import METHODS
from core.distillation.outputs import Outputs
from core.models.files import read_model_info
from core.settings import SettingsSection, setting
from tests.core.tiny_runs import run

CODES = ("acne", "eczema", "psoriasis")


class MseSettings(SettingsSection):
    scale: float = setting(0.1, "Scale", "What the squared distance is multiplied by.", gt=0, le=10)


class Mse:
    name, title, help, source = "mse", "Squared distance", "the student's logits are to be the teacher's", ""
    Settings: type[SettingsSection] = MseSettings
    needs, couples_batch = frozenset({Need.LOGITS}), False

    def loss(self, student: Outputs, teachers: Sequence[Outputs], labels: Tensor, context: LossContext) -> Tensor:
        return settings_as(MseSettings, context).scale * (student.logits - teachers[0].logits).square().mean()

    def modules(self, settings: SettingsSection, student_dim: int, teacher_dims: Sequence[int]) -> nn.Module | None:
        return None


class Projected(Mse):
    name, title, help = "projected", "Projected features", "the student's projected features are to be the teacher's"
    Settings, needs = SettingsSection, frozenset({Need.FEATURES})

    def loss(self, student: Outputs, teachers: Sequence[Outputs], labels: Tensor, context: LossContext) -> Tensor:
        assert student.features is not None and teachers[0].features is not None and context.modules  # noqa: PT018
        return 1 - nn.functional.cosine_similarity(context.modules(student.features), teachers[0].features).mean()

    def modules(self, settings: SettingsSection, student_dim: int, teacher_dims: Sequence[int]) -> nn.Module | None:
        return nn.Linear(student_dim, teacher_dims[0])


class Relations(Mse):
    name, title, help, Settings, couples_batch = (
        "relations",
        "Relations",
        "alike as to the teacher",
        SettingsSection,
        True,
    )

    def loss(self, student: Outputs, teachers: Sequence[Outputs], labels: Tensor, context: LossContext) -> Tensor:
        ours, theirs = student.logits.softmax(1), teachers[0].logits.softmax(1)
        return (ours @ ours.T - theirs @ theirs.T).square().sum(1).mean()


class ByLabel:
    name, title, help, source, Settings = "by_label", "By label", "in class order", "", SettingsSection
    needs_teacher = needs_student = False

    def of(self, images: TrainingImages, settings: SettingsSection) -> NDArray[np.float64]:
        return images.labels.astype(np.float64)


class Halves:
    name, title, help, source, Settings = "halves", "In halves", "half of the images, then all", "", SettingsSection

    def share(self, epoch: int, settings: SettingsSection) -> float:
        return epoch / 2


def read(folder: Folder, tables: Sequence[Table], others: Sequence[Table], classes: ClassSet) -> list[Row]:
    return [Row(path.name, classes.index_of(path.name.partition("-")[0]), path, path=path) for path in folder.images]


PREFIXED = Layout("prefixed", "Label, hyphen", "labels in names", str, lambda *found: (), read)
RECIPE = """
data = {{path = '{data}', layout = "prefixed", image_size = 32, split = [0.5, 0.3, 0.2]}}
classes = {{set = "own", own = [{{code = "acne"}}, {{code = "eczema"}}, {{code = "psoriasis"}}]}}
teacher = {{architecture = "test_resnet", weights = "none", run = '{teacher}'}}
student = {{architecture = "test_efficientnet", weights = "none"}}
optimisation = {{learning_rate = 0.003, batch_size = 8, epochs = 3}}
hardware = {{device = "cpu", threads = 1}}
"""
CASES = {
    "logits": 'distillation = {method = "mse", alpha = 0.4, scale = 0.2}',
    "features": 'distillation = {method = "projected", alpha = 0.3}',
    "batch": 'distillation = {method = "relations", alpha = 0.5}',
    "curriculum": 'curriculum = {difficulty = "by_label", order = "easy_first", pacing = "halves"}',
    "terms": 'distillation = {method = "kl", alpha = 0.4, term = [{method = "projected", weight = 0.5}]}',
}


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A recipe over a data set in the layout, with a teacher of the classes, while everything is registered."""
    data, generator = tmp_path_factory.mktemp("prefixed"), np.random.default_rng(0)
    for number in range(60):
        pixels = np.clip(generator.normal(60 + 70 * (number % 3), 60, (32, 32, 3)), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(data / f"{CODES[number % 3]}-{number}.png")
    with ExitStack() as stack:
        stack.enter_context(METHODS.registered(Mse(), Projected(), Relations()))
        stack.enter_context(DIFFICULTIES.registered(ByLabel()))
        stack.enter_context(PACINGS.registered(Halves()))
        stack.enter_context(LAYOUTS.registered(PREFIXED))
        teacher = run(tmp_path_factory.mktemp("runs"), 'task = "teacher"\n' + RECIPE.format(data=data, teacher=""))
        yield RECIPE.format(data=data, teacher=teacher.path)


@pytest.mark.parametrize("case", CASES)
def test_what_is_added_goes_through_a_whole_run_stopped_or_not(
    case: str, recipe: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.training.meter._REPORT_SECONDS", 0.0)
    whole, parts = (run(tmp_path, recipe + CASES[case], stop_in) for stop_in in (0, 2))
    assert [row.train_loss for row in parts.history()] == [row.train_loss for row in whole.history()]
    assert parts.predictions().logits.tolist() == whole.predictions().logits.tolist()
    assert read_model_info(whole.model_file).classes.codes == CODES
    assert (whole.history()[0].train_loss.distillation is not None) is (case != "curriculum")
