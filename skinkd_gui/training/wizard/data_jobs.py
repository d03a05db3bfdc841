"""The work that the Data page has done in threads. Knows no Qt."""

from __future__ import annotations

from pathlib import Path

from core.classes import ClassSet
from core.data.types import DataSet
from core.events import CancelToken, Emit
from core.paths import cache_root
from core.user_paths import expanded
from skinkd_gui.training.wizard.preview import Example, SplitPreview, examples, split_preview
from skinkd_gui.training.wizard.state import WizardState


class Reading:
    """Reads the tables of a data set."""

    def __init__(self, path: str, layout: str, classes: ClassSet) -> None:
        self._path, self._layout, self._classes = path, layout, classes

    def __call__(self, emit: Emit, token: CancelToken) -> tuple[DataSet, frozenset[str]]:
        from core.data.checking import excluded_names
        from core.data.reading import read_dataset

        dataset = read_dataset(expanded(self._path), self._classes, self._layout)
        token.check()
        return dataset, excluded_names(dataset.problems)


class Checking:
    """Opens every image."""

    def __init__(self, dataset: DataSet) -> None:
        self._dataset = dataset

    def __call__(self, emit: Emit, token: CancelToken) -> tuple[DataSet, frozenset[str]]:
        from core.data.checking import check_images, excluded_names

        checked = check_images(self._dataset, emit=emit, token=token)
        return checked, excluded_names(checked.problems)


class Preview:
    """Divides the images as the run would."""

    def __init__(self, state: WizardState) -> None:
        self._state = state

    def __call__(self, emit: Emit, token: CancelToken) -> SplitPreview:
        assert self._state.dataset is not None
        return split_preview(self._state.dataset, self._state.excluded, self._state.recipe.data)


class Examples:
    """Decodes one picture per class, and loads matplotlib while it is at it."""

    def __init__(self, dataset: DataSet, excluded: frozenset[str]) -> None:
        self._dataset, self._excluded = dataset, excluded

    def __call__(self, emit: Emit, token: CancelToken) -> tuple[Example, ...]:
        import matplotlib.backends.backend_qtagg

        import core.reporting.figures

        _ = (matplotlib.backends.backend_qtagg, core.reporting.figures)
        return examples(self._dataset, self._excluded, token)


def write_sample(emit: Emit, token: CancelToken) -> Path:
    """The built-in sample set in the cache folder; takes seconds, and nothing when it is there already."""
    from core.demo.sample_set import write_sample_set

    return write_sample_set(cache_root() / "sample-set", emit=emit, token=token)
