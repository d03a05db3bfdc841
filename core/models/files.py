"""Model files: safetensors with everything in their metadata that classifying with them takes.

A file may come from a stranger: nothing in it is run, sizes are bounded before anything is allocated, and every fault
is a `SkinKDError` that names it. The tensors are the network's own, so the file loads strictly in plain timm. In the
metadata stand

- `skinkd`: a JSON text with all that SkinKD knows of the model (`ModelInfo`)
- `skinkd.reference`: what verdicts rest on (`core.models.calibration_statistics`)
- `timm`: a JSON text in the words of timm's own `config.json`, for programs that are not SkinKD: `architecture`,
  `num_classes` and `model_args` for `timm.create_model`, `label_names`, and `pretrained_cfg` for
  `timm.data.create_transform`
- `skinkd.sha256`, first of all: the checksum of the whole file (`core.checksums`); files of before have none
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import atomic, checksums
from core.classes import CLASS_SETS, class_set_from_document, class_set_to_document
from core.data.augmentation.augmentation import POSITIONS
from core.digests import unchanged
from core.documents import Migration, one_line, shown, some, up_to_date
from core.errors import SkinKDError
from core.events import Emit, Level, Notice, ignore
from core.models.calibration_statistics import (
    KEY,
    PREFIX,
    CalibrationStatistics,
    UnknownFormError,
    check_shapes,
    statistics_from_arrays,
    statistics_from_text,
    statistics_to_text,
)
from core.models.catalog import build, model_arguments
from core.models.info import ModelInfo, Preprocessing
from core.quantities import file_size
from core.visible_text import writable

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

METADATA_KEY, TIMM_KEY = "skinkd", "timm"
FORMAT = 4

_MAX_HEADER = 24_000_000  # bytes; timm's largest networks take less than 1 MB, the largest calibration statistics 17 MB
_MAX_BESIDE = 100_000_000  # bytes of what is no weight
_MAX_TEXT = 500
_IMAGE_SIZES = range(32, 1025)
_CHECKSUM_AT = 8 + len(f'{{"__metadata__":{{"{checksums.KEY}":"')
_ANOTHER_COPY = "Take another copy of it, or make it again."


def save_model(path: Path, model: nn.Module, info: ModelInfo, statistics: CalibrationStatistics | None = None) -> None:
    """Write weights, `info` and, where there are any, the calibration statistics to `path`, whole or not at all.

    Raises `SkinKDError` when a weight is not a finite number (a training that diverged) or the file can not be written.
    """
    from safetensors.torch import save

    tensors = {name: value.detach().cpu().clone().contiguous() for name, value in model.state_dict().items()}
    fault = unusable_weight(tensors)
    if fault:
        raise SkinKDError(
            "The model can not be saved",
            f"Its weights are unusable: {fault}. The training has diverged; try a smaller learning rate.",
        )
    metadata = {METADATA_KEY: info_to_text(info), TIMM_KEY: _timm_config(info)}
    if statistics is not None:
        metadata[KEY] = statistics_to_text(statistics)
    try:
        atomic.write_bytes(path, with_checksum(save(tensors, metadata=metadata)))
    except OSError as error:
        raise SkinKDError(
            "The model can not be saved", f"Writing {path} failed. Is the disk full?", str(error)
        ) from error


def with_checksum(content: bytes) -> bytes:
    """A safetensors file with its checksum, and its metadata in the order of their names: safetensors writes them in
    any, and one model is to be one file."""
    begin = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:begin])
    metadata = {checksums.KEY: checksums.BLANK, **dict(sorted(header.pop("__metadata__", {}).items()))}
    text = json.dumps({"__metadata__": metadata, **header}, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return checksums.filled(len(text).to_bytes(8, "little") + text + content[begin:])


def load_model(path: Path, device: str | torch.device = "cpu") -> tuple[nn.Module, ModelInfo]:
    """The network in a file that `save_model` wrote, in eval mode on `device`, 32-bit, and the file's description.

    Raises `SkinKDError` when the file is not such a file or is damaged: header, architecture, names and shapes of all
    weights are checked before the network is built.
    """
    with unchanged(path):
        return _loaded(path, device)


def _loaded(path: Path, device: str | torch.device) -> tuple[nn.Module, ModelInfo]:
    import torch

    info, stored = read_model_info(path), _stored_shapes(path)
    size, classes = info.preprocessing.image_size, len(info.classes)
    with torch.device("meta"):
        model = build(info.architecture, size, classes)
    # The header tells: weights that do not fit are not read, however many they are.
    fault = _misfit({name: tuple(value.shape) for name, value in model.state_dict().items()}, stored)
    if fault:
        raise _damaged(path, f"It says that it is a {info.architecture}, but {fault}.")
    weights = read_weights(path, _MAX_BESIDE + 8 * sum(value.numel() for value in model.state_dict().values()))
    # Copies: the tensors that were read are windows into the file, which may be replaced while they are used.
    copies = {n: v.to(torch.float32 if v.is_floating_point() else v.dtype, copy=True) for n, v in weights.items()}
    # Taking the weights over draws no random numbers, which a training in another thread would miss.
    model.load_state_dict(copies, assign=True)
    if _is_hollow(model):
        model = build(info.architecture, size, classes)
        model.load_state_dict(weights)
    return model.eval().to(device), info


def read_model_info(path: Path) -> ModelInfo:
    """What a model file says of itself. Reads the header only and does not import torch.

    Raises `SkinKDError` for a file that is damaged or no model of SkinKD.
    """
    text = read_metadata(path).get(METADATA_KEY)
    if not isinstance(text, str):
        raise SkinKDError(
            "Not a SkinKD model",
            f"{path.name} holds weights, but does not say which network and classes they are for. "
            "Choose the model.safetensors of a finished run.",
            str(path),
        )
    return info_from_text(text, path)


def info_from_text(text: str, path: Path) -> ModelInfo:
    """What `info_to_text` gave, from the file `path`. Raises `SkinKDError` for anything else."""
    try:
        return _info(_parse(text))
    except (ValueError, RecursionError) as error:
        raise _damaged(path, f"Its description can not be used: {error}.") from error


def read_metadata(path: Path) -> dict[str, Any]:
    """The free metadata of a safetensors file, {} where it has none. Raises `SkinKDError` unless it is such a file."""
    metadata = _read_header(path).get("__metadata__", {})
    if not isinstance(metadata, dict):
        raise _damaged(path, "Its metadata is not a table.")
    return metadata


def _read_header(path: Path) -> dict[str, Any]:
    if writable(str(path)) != str(path):
        raise _damaged(path, "Its name or a folder's has bytes that are no UTF-8, so it can not be read. Rename it.")
    try:
        total = path.stat().st_size if path.is_file() else -1
        if total < 0:
            raise SkinKDError("The model file is missing", f"There is no file {path}. Choose another.")
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(_MAX_HEADER, total - 8):
                raise _damaged(path, "It is not a safetensors file, or not all of it is there.")
            return _parse(file.read(length).decode("utf-8"))
    except OSError as error:
        raise SkinKDError("The model file can not be read", f"{path} could not be opened.", str(error)) from error
    except (ValueError, RecursionError) as error:
        raise _damaged(path, "It is not a safetensors file.", str(error)) from error


def _stored_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of the weights in a safetensors file, by its header alone. Errors as `load_model`."""
    header = _read_header(path)
    try:
        shapes = {name: value["shape"] for name, value in header.items() if name != "__metadata__"}
        if not all(type(size) is int and size >= 0 for shape in shapes.values() for size in shape):
            raise ValueError("a shape is not a list of whole numbers")
    except (TypeError, KeyError, ValueError) as error:
        raise _damaged(path, "Its list of weights is damaged.", f"{type(error).__name__}: {error}") from error
    return {name: tuple(shape) for name, shape in shapes.items() if not name.startswith(PREFIX)}


def check_checksum(path: Path) -> None:
    """Raise `SkinKDError` for a safetensors file whose checksum does not fit; one of before has none and passes."""
    try:
        checksums.is_checked(path, _CHECKSUM_AT, expected=checksums.KEY in read_metadata(path))
    except checksums.ChecksumError as error:
        raise _damaged(path, f"{str(error).capitalize()}. {_ANOTHER_COPY}") from error
    except OSError as error:
        raise SkinKDError("The model file can not be read", f"{path} could not be opened.", str(error)) from error


def load_statistics(path: Path, emit: Emit = ignore, *, checked: bool = False) -> CalibrationStatistics | None:
    """What a model file keeps of its validation and training images; None where it keeps nothing. `checked`: its
    checksum was looked at just now.

    None too where another version keeps it in a form that this one does not know, which is reported: then there are no
    verdicts. Raises `SkinKDError` when the file or the statistics is damaged.
    """
    classes, text = len(read_model_info(path).classes), read_metadata(path).get(KEY)
    if not checked:
        check_checksum(path)
    if text is None:
        return checked_statistics(path, lambda: _statistics_beside(path, classes), emit)
    return checked_statistics(path, lambda: statistics_from_text(str(text), classes), emit)


def checked_statistics(
    path: Path, read: Callable[[], CalibrationStatistics | None], emit: Emit
) -> CalibrationStatistics | None:
    """What `read` gives, the calibration statistics in the file `path` of any format. Of another version's form it is
    None, which is reported; raises `SkinKDError` for one that is damaged."""
    try:
        return read()
    except UnknownFormError as error:
        words = (
            f"Another version of SkinKD made {path.name}: what verdicts rest on is in a form that this one does not "
            f"know ({error}). The model answers, but there is no verdict on its answers. Update SkinKD, or calibrate "
            "the run."
        )
        emit(Notice(words, Level.WARNING))
        return None
    except ValueError as error:
        raise _damaged(path, f"What it keeps of its calibration images can not be used: {error}.") from error


def _statistics_beside(path: Path, classes: int) -> CalibrationStatistics | None:
    """As files of format 1 and 2 have it: tensors, whose types and shapes are checked before a value is read."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            names = [name for name in file.keys() if name.startswith(PREFIX)]  # noqa: SIM118 (not a dictionary)
            if not names:
                return None
            slices = {name.removeprefix(PREFIX): file.get_slice(name) for name in names}
            kinds = {
                name: (_KINDS.get(part.get_dtype(), "?"), tuple(part.get_shape())) for name, part in slices.items()
            }
            check_shapes(kinds, classes)
            return statistics_from_arrays({name: file.get_tensor(PREFIX + name) for name in slices}, classes)
    except (SafetensorError, OSError, KeyError, TypeError) as error:
        raise _damaged(path, "It can not be read; the file may be incomplete.", str(error)) from error


_KINDS = {"F32": "float32", "F16": "float16", "U8": "uint8"}


def read_weights(path: Path, most_bytes: int | None = None) -> dict[str, Tensor]:
    """All weights of a safetensors file by name, on the CPU, in their shapes of the file.

    Raises `SkinKDError` when it or a weight in it is damaged, or when it has more than `most_bytes`.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    read_metadata(path)
    size = path.stat().st_size
    if most_bytes is not None and size > most_bytes:
        raise _damaged(path, f"It has {file_size(size)}; no weights of this network are so large.")
    check_checksum(path)
    try:
        tensors: dict[str, Tensor] = load_file(path, device="cpu")
    except (SafetensorError, OSError, ValueError, KeyError, RuntimeError) as error:
        raise _damaged(path, "Its weights can not be read; the file may be incomplete.", str(error)) from error
    weights = {name: value for name, value in tensors.items() if not name.startswith(PREFIX)}
    fault = unusable_weight(weights)
    if fault:
        raise _damaged(path, f"Its weights are unusable: {fault}.")
    return weights


def info_to_text(info: ModelInfo) -> str:
    """The JSON text that stands under `METADATA_KEY`, in files of any format. Raises ValueError for values that reading
    refuses."""
    values = {"format": FORMAT, **{name: getattr(info, name) for name in _PLAIN}}
    values |= {"preprocessing": asdict(info.preprocessing), "classes": class_set_to_document(info.classes)}
    for name, value in values.items():
        if isinstance(value, str):  # the name of a data folder may be long, and no valid text on Linux
            values[name] = value.encode("utf-8", "replace").decode("utf-8")[:_MAX_TEXT]
    text = json.dumps(values, allow_nan=False)
    _info(_parse(text))
    return text


def _timm_config(info: ModelInfo) -> str:
    """The model in the words of timm's `config.json`, as JSON."""
    given = info.preprocessing
    transform = {
        "input_size": (3, given.image_size, given.image_size),
        "crop_mode": given.resize,
        "crop_pct": 1.0,
        "interpolation": given.interpolation,
        "mean": given.mean,
        "std": given.std,
    }
    values = {
        "architecture": info.architecture,
        "num_classes": len(info.classes),
        "model_args": model_arguments(info.architecture, given.image_size),
        "label_names": info.classes.codes,
        "pretrained_cfg": transform,
    }
    return json.dumps(values, allow_nan=False)


def unusable_weight(weights: dict[str, Tensor]) -> str:
    """What is wrong with the first weight, of any shape (...,), that no network can work with, or nothing."""
    import torch

    kinds = (torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.uint8, torch.bool)
    for name, value in weights.items():
        if value.dtype not in kinds:
            return f"{name[:60]} holds numbers of the type {value.dtype}"
        if value.is_floating_point() and not value.isfinite().all():
            return f"{name[:60]} holds values that are not finite numbers"
        if name.endswith("running_var") and (value < 0).any():
            return f"{name[:60]} holds a negative variance"
    return ""


def _is_hollow(model: nn.Module) -> bool:
    """Whether a network that was built without memory still lacks tensors, because they are not saved with it."""
    kept = (value for module in model.modules() for value in vars(module).values())
    tensors = (*model.parameters(), *model.buffers(), *kept)
    return any(getattr(value, "is_meta", False) for value in tensors)


def _misfit(shapes: Mapping[str, tuple[int, ...]], stored: Mapping[str, tuple[int, ...]]) -> str:
    """How the stored weights differ from a network's, in words, or nothing."""
    missing = [name for name in shapes if name not in stored]
    if missing:
        return f"{len(missing)} of {len(shapes)} tensors are missing ({some([name[:60] for name in missing], 3)})"
    unknown = [name for name in stored if name not in shapes]
    if unknown:
        return f"{len(unknown)} tensors do not belong to it ({some([name[:60] for name in unknown], 3)})"
    wrong = [name for name, shape in shapes.items() if stored[name] != shape]
    if wrong:
        return f"{len(wrong)} of {len(shapes)} tensors have another shape ({some([name[:60] for name in wrong], 3)})"
    return ""


def _damaged(path: Path, why: str, details: str = "") -> SkinKDError:
    return SkinKDError("The model file can not be used", f"{path.name}: {why}", details or str(path))


def _parse(text: str) -> dict[str, Any]:
    """A JSON object without repeated keys and without NaN. Raises ValueError."""
    values = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    if not isinstance(values, dict):
        raise ValueError("it is not a table of values")
    return values


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a name stands twice in it")
    return values


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _info(values: dict[str, Any]) -> ModelInfo:
    """The described model. Raises ValueError, naming the value, for whatever `save_model` would not have written."""
    if "format" not in values:
        raise ValueError("format is missing")
    values = up_to_date(values, "The model file", FORMAT, _MIGRATIONS, key="format")
    values.pop("format", None)
    unknown = set(values) - set(ModelInfo.__dataclass_fields__)
    if unknown:
        raise ValueError(f"it holds the unknown value {min(unknown)[:60]!r}")
    if "preprocessing" not in values:
        raise ValueError("preprocessing is missing")
    values = {**_DEFAULTS, **values}
    if not isinstance(values.get("classes"), dict):
        raise ValueError("it does not say which classes it tells apart")
    if type(values["synthetic"]) is not bool:
        raise ValueError("synthetic is not true or false")
    if values["positions"] not in (1, POSITIONS) or type(values["positions"]) is not int:
        raise ValueError(f"positions is neither 1 nor {POSITIONS}")
    architecture = _text(values, "architecture")
    if not re.fullmatch(r"[A-Za-z0-9_.]{1,100}", architecture):
        raise ValueError("architecture is not the name of a network")
    return ModelInfo(
        architecture=architecture,
        preprocessing=_preprocessing(values["preprocessing"]),
        temperature=_number(values["temperature"], "temperature", 1e-3, 1e3),
        skinkd_version=_text(values, "skinkd_version"),
        recipe_hash=_text(values, "recipe_hash"),
        task=_text(values, "task"),
        trained_on=_text(values, "trained_on"),
        synthetic=values["synthetic"],
        calibrated_on=_text(values, "calibrated_on"),
        positions=values["positions"],
        origin=_text(values, "origin"),
        classes=class_set_from_document(values["classes"]),
    )


def _with_class_set(values: dict[str, Any]) -> dict[str, Any]:
    """Format 1 knew one set of classes, by its codes."""
    known = next((found for found in CLASS_SETS.values() if list(found.codes) == values.get("classes")), None)
    if known is None:
        raise ValueError(f"its classes are none that a file of format 1 has: {shown(values.get('classes'))}")
    return {**values, "classes": class_set_to_document(known)}


def _with_resize(values: dict[str, Any]) -> dict[str, Any]:
    """Format 2 did not say how pictures are resized."""
    given = values.get("preprocessing")
    resize = {name: getattr(Preprocessing, name) for name in _RESIZE}
    return {**values, "preprocessing": {**given, **resize}} if isinstance(given, dict) else values


_RESIZE = ("resize", "interpolation", "antialias")


def _unchanged(values: dict[str, Any]) -> dict[str, Any]:
    """Format 3 did not say where the starting weights are from, nor over how many views outputs are averaged."""
    return values


_MIGRATIONS: dict[int, Migration] = {1: _with_class_set, 2: _with_resize, 3: _unchanged}
_PLAIN = tuple(name for name in ModelInfo.__dataclass_fields__ if name not in {"preprocessing", "classes"})
_DEFAULTS = {name: item.default for name, item in ModelInfo.__dataclass_fields__.items() if item.default is not MISSING}


def _preprocessing(values: Any) -> Preprocessing:
    if not isinstance(values, dict) or set(values) != set(Preprocessing.__dataclass_fields__):
        raise ValueError(f"preprocessing must hold {', '.join(Preprocessing.__dataclass_fields__)}")
    for name in _RESIZE:
        if values[name] != getattr(Preprocessing, name):
            raise ValueError(f"{name} is {shown(values[name])}, not {shown(getattr(Preprocessing, name))}")
    size = values["image_size"]
    if type(size) is not int or size not in _IMAGE_SIZES:
        raise ValueError("image_size is not a whole number from 32 to 1024")
    return Preprocessing(size, _triple(values["mean"], "mean", -10, 10), _triple(values["std"], "std", 1e-3, 10))


def _triple(values: Any, name: str, low: float, high: float) -> tuple[float, float, float]:
    if not isinstance(values, list) or len(values) != 3:
        raise ValueError(f"{name} is not three numbers")
    red, green, blue = (_number(value, name, low, high) for value in values)
    return red, green, blue


def _number(value: Any, name: str, low: float, high: float) -> float:
    if type(value) not in (int, float) or not low <= value <= high:  # NaN is in no range
        raise ValueError(f"{name} is not a number from {low:g} to {high:g}")
    return float(value)


def _text(values: dict[str, Any], name: str) -> str:
    value = values[name]
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise ValueError(f"{name} is not a text of at most {_MAX_TEXT} characters")
    return one_line(value.encode("utf-8", "replace").decode("utf-8"))
