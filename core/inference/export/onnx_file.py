"""Our ONNX files: what stands in their metadata, written and read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import SkinKDError
from core.events import Emit, ignore
from core.inference.export.onnx_bytes import FEATURES, IMAGES, LOGITS, check_checksum, read_metadata
from core.inference.results import RESEARCH_USE
from core.models.calibration_statistics import KEY, CalibrationStatistics, statistics_from_text, statistics_to_text
from core.models.files import METADATA_KEY, checked_statistics, info_from_text, info_to_text
from core.models.info import ModelInfo

if TYPE_CHECKING:
    import onnx

_AVERAGED = "; outputs are means over the eight flips and quarter turns of each image"

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
    return _info(read_metadata(path), path)


def read_onnx_statistics(path: Path, emit: Emit = ignore, *, checked: bool = False) -> CalibrationStatistics | None:
    """The calibration statistics in an exported file; None where it has none, or one in another version's form, which
    is reported. Raises `SkinKDError` when it is damaged. `checked`: its checksum was looked at just now."""
    values = read_metadata(path)
    if not checked:
        check_checksum(path)
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
