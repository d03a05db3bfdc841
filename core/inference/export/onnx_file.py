"""Our ONNX files: the names of what goes in and out, and what stands in their metadata.

A file may come from a stranger: its metadata is read without parsing its network, in bounded pieces.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from core.errors import SkinKDError
from core.events import Emit, ignore
from core.inference.results import RESEARCH_USE
from core.models.calibration_statistics import KEY, CalibrationStatistics, statistics_from_text, statistics_to_text
from core.models.files import METADATA_KEY, checked_statistics, info_from_text, info_to_text
from core.models.info import ModelInfo
from core.quantities import file_size

if TYPE_CHECKING:
    import onnx

IMAGES, LOGITS, FEATURES = "images", "logits", "features"
"""The names of the input and of the outputs."""

_AVERAGED = "; outputs are means over the eight flips and quarter turns of each image"

MAX_BYTES = 2**31 - 1  # what a protobuf file can be
_MAX_METADATA = 64_000_000  # bytes of all values together
_MAX_FIELDS = 10_000  # of a file; ours have some thirty
_GRAPH_FIELD, _METADATA_FIELD = 7, 14  # of ModelProto in onnx.proto

RESIZE = (
    "EXIF orientation applied, RGB, transparency on white, then squashed (not cropped) to a square of image_size "
    "pixels with an anti-aliased bilinear filter (Pillow: Image.resize((S, S), Image.Resampling.BILINEAR))"
)


def metadata(
    info: ModelInfo, *, terms: str, quantisation: str, statistics: CalibrationStatistics | None
) -> dict[str, str]:
    """The metadata of an exported file.

    SkinKD reads `skinkd` (and `skinkd.reference`) alone; the others say the same to an engineer, in JSON.
    """
    size = info.preprocessing.image_size
    steps = {
        "input": f"{IMAGES}: uint8 RGB, [batch, {size}, {size}, 3], values 0..255, not normalised",
        "image_size": size,
        "resize": RESIZE,
        "in_the_graph": "(x / 255 - mean) / std, then NCHW" + _AVERAGED * (info.positions > 1),
        "mean": info.preprocessing.mean,
        "std": info.preprocessing.std,
    }
    outputs = {
        LOGITS: f"float32 [batch, {len(info.classes)}]; probabilities = softmax({LOGITS} / temperature)",
        FEATURES: "float32 [batch, d], where present: the input of the last layer",
    }
    plain: dict[str, Any] = {
        "classes": info.classes.codes,
        "class_names": info.classes.names,
        "class_groups": [item.group.value for item in info.classes.classes],
        "preprocessing": steps,
        "outputs": outputs,
        "temperature": info.temperature,
        "architecture": info.architecture,
        "quantisation": quantisation or "none (float32)",
        "recipe_hash": info.recipe_hash,
        "skinkd_version": info.skinkd_version,
        "trained_on": info.trained_on,
        "data_terms": terms,
        "notice": RESEARCH_USE,
    }
    values = {name: json.dumps(value, ensure_ascii=False, allow_nan=False) for name, value in plain.items()}
    values[METADATA_KEY] = info_to_text(info)
    if statistics is not None:
        values[KEY] = statistics_to_text(statistics)
    return values


def read_onnx_info(path: Path) -> ModelInfo:
    """What an exported file says of itself. Reads its metadata only. Raises `SkinKDError` unless SkinKD wrote it."""
    return _info(_read_metadata(path), path)


def read_onnx_statistics(path: Path, emit: Emit = ignore) -> CalibrationStatistics | None:
    """The calibration statistics in an exported file; None where it has none, or one in another version's form, which
    is reported. Raises `SkinKDError` when it is damaged."""
    values = _read_metadata(path)
    if KEY not in values:
        return None
    classes = len(_info(values, path).classes)
    return checked_statistics(path, lambda: statistics_from_text(values[KEY], classes), emit)


def attach(model: onnx.ModelProto, values: dict[str, str], description: str) -> None:
    """Give a network our metadata, and take away what tells of the computer that made it (paths, source lines)."""
    import onnx

    del model.metadata_props[:]
    graph = model.graph
    for item in (graph, *graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        item.doc_string = ""
        if hasattr(item, "metadata_props"):
            del item.metadata_props[:]
    used = {node.domain for node in graph.node}
    for place in reversed(range(len(model.opset_import))):
        if model.opset_import[place].domain not in used:
            del model.opset_import[place]
    model.producer_name, model.producer_version, model.doc_string = "SkinKD", "", description
    graph.name = "skinkd"
    onnx.helper.set_model_props(model, values)


def _info(values: dict[str, str], path: Path) -> ModelInfo:
    if METADATA_KEY not in values:
        raise SkinKDError(
            "Not a SkinKD model",
            f"{path.name} does not say what SkinKD must know of a network. Choose a file that SkinKD exported.",
            str(path),
        )
    return info_from_text(values[METADATA_KEY], path)


def _read_metadata(path: Path) -> dict[str, str]:
    """The metadata of an ONNX file, skipping everything else in it. Raises `SkinKDError` unless it is such a file."""
    try:
        total = path.stat().st_size if path.is_file() else -1
        if total < 0:
            raise SkinKDError("The model file is missing", f"There is no file {path}. Choose another.")
        if total > MAX_BYTES:
            raise unusable(path, f"It has {file_size(total)}; no ONNX file can be so large.")
        with path.open("rb") as file:
            entries = [_entry(content) for content in _metadata_fields(file, total)]
    except OSError as error:
        raise SkinKDError("The model file can not be read", f"{path} could not be opened.", str(error)) from error
    except ValueError as error:
        raise unusable(path, "It is not an ONNX file, or not all of it is there.", str(error)) from error
    values = dict(entries)
    if len(values) != len(entries):
        raise unusable(path, "A name stands twice in its metadata.")
    return values


def _metadata_fields(file: BinaryIO, total: int) -> Iterator[bytes]:
    """The metadata fields of a serialised ModelProto. Raises ValueError when it is none."""
    graphs, texts, fields = 0, 0, 0
    while file.tell() < total:
        fields += 1
        if fields > _MAX_FIELDS:
            raise ValueError("it has too many parts")
        tag = _varint(file)
        field, kind = tag >> 3, tag & 7
        if kind == 0:
            _varint(file)
            continue
        if kind != 2 or not field:
            raise ValueError(f"field {field} of kind {kind}")
        length = _varint(file)
        if length > total - file.tell():
            raise ValueError("a field is longer than the file")
        graphs += field == _GRAPH_FIELD
        if field == _METADATA_FIELD:
            texts += length
            if texts > _MAX_METADATA:
                raise ValueError("its metadata is too long")
            yield file.read(length)
        else:
            file.seek(length, 1)
    if graphs != 1:
        raise ValueError(f"{graphs} networks")


def _entry(content: bytes) -> tuple[str, str]:
    """Key and value of a serialised StringStringEntryProto. Raises ValueError."""
    file, texts = io.BytesIO(content), {1: "", 2: ""}
    while file.tell() < len(content):
        tag, length = _varint(file), _varint(file)
        if tag not in (10, 18) or length > len(content) - file.tell():
            raise ValueError("an entry of its metadata is damaged")
        texts[tag >> 3] = file.read(length).decode("utf-8")
    return texts[1], texts[2]


def _varint(file: BinaryIO) -> int:
    """A number in protobuf's base-128 form, low groups first."""
    value = 0
    for shift in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            break
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    raise ValueError("a number is cut off")


def unusable(path: Path, why: str, details: str = "") -> SkinKDError:
    """The error for a file that can not be used."""
    return SkinKDError("The model file can not be used", f"{path.name}: {why}", details or str(path))
