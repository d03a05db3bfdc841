"""The work that the Data page has done in threads. Knows no Qt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from core.classes import ClassSet
from core.data.choices import Choices
from core.data.types import DataSet
from core.events import CancelToken, Emit
from core.paths import cache_root
from core.user_paths import expanded
from skinkd_gui.training.wizard.labels import other_problems
from skinkd_gui.training.wizard.preview import Example, SplitPreview, examples, split_preview
from skinkd_gui.training.wizard.state import WizardState
from skinkd_gui.widgets.data_paths import data_paths


@dataclass(frozen=True)
class UsableData:
    """A data set, the names of its images that can not be used, and the folders and files whose change on the disk
    means that it is another one."""

    dataset: DataSet
    excluded: frozenset[str]
    paths: tuple[Path, ...] = ()


def read_data(path: str, choices: Choices, classes: ClassSet, emit: Emit, token: CancelToken) -> UsableData:
    """Read the tables of a data set."""
    from core.data.reading import read_dataset

    dataset = read_dataset(expanded(path), classes, choices)
    token.check()
    return replace(_usable(dataset), paths=tuple(data_paths(expanded(path))))


def check_data(dataset: DataSet, emit: Emit, token: CancelToken) -> UsableData:
    """Open every image."""
    from core.data.checking import check_images

    return _usable(check_images(dataset, emit=emit, token=token))


def _usable(dataset: DataSet) -> UsableData:
    from core.data.checking import excluded_names

    return UsableData(dataset, excluded_names(other_problems(dataset)))


def preview_split(state: WizardState, emit: Emit, token: CancelToken) -> SplitPreview:
    """Divide the images as the run would."""
    assert state.dataset is not None
    return split_preview(state.dataset, state.excluded, state.recipe)


def show_examples(dataset: DataSet, excluded: frozenset[str], emit: Emit, token: CancelToken) -> tuple[Example, ...]:
    """Decode one picture per class, and load matplotlib while at it."""
    import matplotlib.backends.backend_qtagg

    import core.reporting.figures

    _ = (matplotlib.backends.backend_qtagg, core.reporting.figures)
    return examples(dataset, excluded, token)


def write_sample(emit: Emit, token: CancelToken) -> Path:
    """The built-in sample set in the cache folder; takes seconds, and nothing when it is there already."""
    from core.demo.sample_set import write_sample_set

    return write_sample_set(cache_root() / "sample-set", emit=emit, token=token)
