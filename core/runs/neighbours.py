"""Similar proven cases for a run: the features of its own training images, where the data set is at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.data.names import matched
from core.data.types import DataSet, Part
from core.digests import file_digest
from core.errors import SkinKDError
from core.events import CancelToken, Emit, ignore
from core.inference.classifier import Classifier
from core.inference.similar import FeatureIndex, KnownCase, build_index
from core.runs.corrections import corrections_of
from core.runs.folder import RunFolder
from core.runs.preparing import read_checked, without_problems


def open_neighbours(
    run: Path,
    classifier: Classifier | None = None,
    *,
    data: Path | None = None,
    emit: Emit = ignore,
    token: CancelToken | None = None,
) -> FeatureIndex:
    """The index of the training images of the run in folder `run`, for `core.inference.similar.similar_cases`.

    `classifier` is the run's own, not in use in another thread; without one it is loaded. `data` is where the data set
    lies when it was moved. The first time takes a forward pass per training image (with `Progress`), later ones little.
    Raises `SkinKDError` when the run or its data set is not at hand, and `Cancelled`.
    """
    from core.data.store import open_store

    token = token or CancelToken()
    folder = RunFolder(run)
    recipe = folder.recipe()
    if data is not None:
        recipe = recipe.model_copy(update={"data": recipe.data.model_copy(update={"path": str(data)})})
    trained_on = {row.image: row.label for row in folder.split_rows if row.part is Part.TRAIN}
    if not trained_on:
        raise SkinKDError(
            "No similar cases for this run", f"{run} does not say which images it was trained on (split.csv)."
        )
    if not recipe.data.path or not Path(recipe.data.path).exists():
        raise SkinKDError(
            "The training images are not at hand",
            f"They were in {recipe.data.path or 'a folder that is not known'}, which is not there now. Connect the "
            "disk, or name the folder where they are.",
        )
    recipe = recipe.model_copy(update={"data": recipe.data.model_copy(update={"skip_problems": True})})
    found = read_checked(recipe, ignore, token, corrections_of(folder, recipe))
    dataset, _ = without_problems(found, recipe, ignore)
    classifier = classifier or Classifier.load(run, emit=emit, token=token)
    codes = dataset.classes.codes
    learned = matched(trained_on, (record.name for record in dataset.records))
    trained_on = {own: trained_on[name] for name, own in learned.items()}
    # The whole set, not its training part: this store is there since the run.
    store = open_store(dataset, classifier.info.preprocessing.image_size, emit=emit, token=token)
    rows = [
        row
        for row, record in enumerate(dataset.records)
        if trained_on.get(record.name) == codes[record.label] and row not in store.failed
    ]
    if not rows:
        raise _other_images(dataset, len(trained_on))
    cases = [
        KnownCase(record.name, record.path, codes[record.label], record.lesion or "")
        for record in (dataset.records[row] for row in rows)
    ]
    try:
        digest = file_digest(folder.model_file)
    except OSError as error:
        raise SkinKDError("The model can not be read", f"{folder.model_file} is gone or closed.", str(error)) from error
    return build_index(classifier, store, np.asarray(rows, np.int64), cases, digest, emit=emit, token=token)


def _other_images(dataset: DataSet, images: int) -> SkinKDError:
    return SkinKDError(
        "The training images are not at hand",
        f"{dataset.root} holds none of the {images:,} images that this run was trained on. Name the folder "
        "where they are.",
    )
