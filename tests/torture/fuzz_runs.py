"""Run folders, studies' lists and archives that were edited, cut off or sent by a stranger, beside a whole run."""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from core.classes import CLASS_SETS
from core.data.types import Part
from core.errors import SkinKDError
from core.evaluation.detailed import full_document
from core.events import EpochRecord, LossParts
from core.recipe import Preset, preset
from core.runs.amending import rename_run
from core.runs.annotations import Annotations, write_annotations
from core.runs.archive import import_run
from core.runs.evidence import load_evidence
from core.runs.folder import RunFolder, create_run
from core.runs.listing import list_runs, summarise
from core.runs.status import RunState, RunSummary
from core.runs.status_repair import repair_status
from core.runs.tables import Predictions, write_history, write_predictions
from core.runs.teachers import find_teacher
from core.study.definition import Configuration, Study
from core.study.folder import StudyFolder, create_study
from tests.torture.fuzzing import changed, damaged, explore, shares, total, values, words
from tests.torture.tally import Tally

ISIC2019 = CLASS_SETS["isic2019"]

_DOCUMENTS = ("status.json", "metrics.json", "environment.json", "annotations.json")
_TABLES = ("history.csv", "predictions.csv", "split.csv", "recipe.toml")

Change = tuple[str, bytes]
"""The name of a run's file and what stands in it."""


def cases(count: int, seed: int) -> Tally:
    """`count` damaged folders, names, lists of members and archives."""
    with tempfile.TemporaryDirectory() as place:
        bench = _Bench(Path(place))
        broken, named, listed, packed = shares(count, 4)
        return total(
            "run folder edited, cut off or of a stranger",
            [
                explore("run folder", bench.changes(), bench.read, broken, seed),
                explore("name", words | st.text(max_size=400), bench.name, named, seed),
                explore("members", bench.member_lists(), bench.members, listed, seed),
                explore("archive", bench.archives(), bench.unpack, packed, seed),
            ],
        )


class _Bench:
    """A folder with a whole run, and one like it that is damaged again and again."""

    def __init__(self, root: Path) -> None:
        self.runs, self.outside = root / "runs", root / "outside"
        self.outside.mkdir()
        self.whole = _finished(self.runs, "whole")
        self.broken = _finished(self.runs, "broken")
        self.before = _summary(self.runs, self.whole)
        self.files = {file.name: file.read_bytes() for file in self.broken.path.iterdir() if file.is_file()}
        plain = Configuration("plain", "Plain", (("distillation.method", "none"),))
        self.study = create_study(Study("Study", preset(Preset.QUICK), (plain,)), self.runs)

    def changes(self) -> st.SearchStrategy[list[Change]]:
        """One or two of the files in another state."""

        def document(name: str) -> st.SearchStrategy[Change]:
            texts = changed(json.loads(self.files[name])).map(json.dumps) | values.map(json.dumps)
            return st.tuples(st.just(name), texts.map(str.encode))

        def raw(name: str) -> st.SearchStrategy[Change]:
            return st.tuples(st.just(name), damaged(self.files[name]))

        one = st.sampled_from(_DOCUMENTS).flatmap(document) | st.sampled_from([*_DOCUMENTS, *_TABLES]).flatmap(raw)
        return st.lists(one, min_size=1, max_size=2)

    def read(self, changes: list[Change]) -> None:
        """All readers of a run, one after the other; the whole run beside it is not touched."""
        for name, content in {**self.files, **dict(changes)}.items():
            (self.broken.path / name).write_bytes(content)
        assert len(list_runs(self.runs)) == 2
        assert _summary(self.runs, self.whole) == self.before
        summary = summarise(self.broken)
        assert summary.status.name.isprintable() or not summary.status.name
        json.dumps([summary.status.name, summary.status.message, summary.annotations.notes]).encode()
        run = self.broken
        readers: list[Callable[[], object]] = [
            run.history, run.predictions, run.metrics, run.environment, run.scores, lambda: run.split_rows,
            lambda: load_evidence(run.path, resamples=10), lambda: find_teacher(run.path.name, self.runs),
            lambda: rename_run(run.path, "other"), lambda: write_annotations(run.path, Annotations(("tag",))),
            lambda: repair_status(run),
        ]  # fmt: skip
        for reader in readers:
            _survives(reader)
        if summary.recipe is not None and "newer" not in summary.status.message:
            run.status()  # mended

    def name(self, name: str) -> None:
        """A run and a new name for it."""
        made = create_run(preset(Preset.QUICK), runs=self.runs, name=name)
        try:
            assert made.path.parent == self.runs
            assert made.status().name
            _survives(lambda: rename_run(made.path, name))
            _survives(lambda: find_teacher(name, self.runs))
            assert not list(self.outside.iterdir())
        finally:
            shutil.rmtree(made.path)

    def member_lists(self) -> st.SearchStrategy[bytes]:
        """members.json of the study."""
        row = st.fixed_dictionaries({"configuration": st.just("plain") | words, "seed": st.integers(), "run": words})
        document = st.fixed_dictionaries(
            {"version": st.just(1) | values, "members": st.lists(row, max_size=3) | values}
        )
        texts = document.map(json.dumps) | values.map(json.dumps)
        return texts.map(str.encode) | texts.flatmap(lambda text: damaged(text.encode()))

    def members(self, content: bytes) -> None:
        """What the study finds."""
        self.study.members_file.write_bytes(content)
        for member in StudyFolder(self.study.path).members():
            assert member.folder is None or member.folder.parent == self.runs

    def archives(self) -> st.SearchStrategy[bytes]:
        """Zip files with odd names, and with damaged bytes."""
        names = st.lists(
            words | st.sampled_from(["run/x.csv", "../x", "run/../../x", "/x", "run/CON", "run//x"]), max_size=3
        )
        whole = names.map(lambda extra: self._packed(extra))
        return whole | whole.flatmap(damaged)

    def unpack(self, content: bytes) -> None:
        """Import into a folder of its own."""
        with tempfile.TemporaryDirectory(dir=self.outside) as place:
            folder = Path(place)
            (folder / "run.zip").write_bytes(content)
            try:
                made = import_run(folder / "run.zip", folder / "runs")
                assert made.parent == folder / "runs"
                assert list_runs(folder / "runs")
            finally:
                assert {path.name for path in folder.iterdir()} <= {"run.zip", "runs"}
        assert not list(self.outside.iterdir())

    def _packed(self, extra: list[str]) -> bytes:
        with tempfile.TemporaryDirectory() as place:
            file = Path(place) / "run.zip"
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, content in self.files.items():
                    archive.writestr(f"run/{name}", content)
                for name in dict.fromkeys(extra):
                    archive.writestr(zipfile.ZipInfo(name.encode("utf-8", "replace").decode() or "x"), b"content")
            return file.read_bytes()


def _finished(runs: Path, name: str) -> RunFolder:
    folder = create_run(preset(Preset.QUICK), runs=runs, name=name)
    labels = np.arange(16) % 8
    logits = np.random.default_rng(0).normal(size=(16, 8)).astype(np.float32)
    names = tuple(f"i{row}" for row in range(16))
    rows = [f"{image},{ISIC2019.codes[row % 8]},,test,50,female,back" for row, image in enumerate(names)]
    folder.split_file.write_text("\n".join(["image,label,lesion_id,part,age,sex,site", *rows]) + "\n")
    write_predictions(folder.predictions_file, Predictions(names, (Part.TEST,) * 16, labels, logits), ISIC2019)
    document: dict[str, Any] = {
        "test": full_document(labels, logits, ISIC2019, [""] * 16),
        "notes": [],
        "data": {"images": 16},
    }
    folder.metrics_file.write_text(json.dumps(document))
    folder.environment_file.write_text(json.dumps({"parameters": 10, "device": "cpu"}))
    folder.model_file.write_bytes(b"weights")
    write_history(
        folder.history_file, [EpochRecord(1, LossParts(1.0, 1.0), 0.5, 1.0, 0.5, 0.5, 0.5, 1e-3, 1.0, 9.0, True)]
    )
    write_annotations(folder.path, Annotations(("tag",), "a note"))
    folder.set_status(state=RunState.FINISHED)
    return folder


def _summary(runs: Path, folder: RunFolder) -> RunSummary:
    return next(summary for summary in list_runs(runs) if summary.folder == folder.path)


def _survives(reader: Callable[[], object]) -> None:
    """Let a reader end well or with words; anything else is passed on."""
    try:
        reader()
    except SkinKDError as error:
        assert error.title.strip()  # noqa: PT017 (it need not fail)
        assert error.summary.strip()  # noqa: PT017
