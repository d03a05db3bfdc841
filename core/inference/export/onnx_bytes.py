"""What an ONNX file of ours is as a file: the names of what goes in and out, its metadata, its checksum.

A file may come from a stranger: its metadata is read without parsing its network, in bounded pieces. Little is imported
here: the process that opens such files has to start quickly.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from core import checksums
from core.errors import SkinKDError
from core.quantities import file_size

if TYPE_CHECKING:
    import onnx

IMAGES, LOGITS, FEATURES = "images", "logits", "features"
"""The names of the input and of the outputs."""

MAX_BYTES = 2**31 - 1  # what a protobuf file can be
_MAX_METADATA = 64_000_000  # bytes of all values together
_MAX_FIELDS = 10_000  # of a file; ours have some thirty
_GRAPH_FIELD, _METADATA_FIELD = 7, 14  # of ModelProto in onnx.proto


def check_checksum(path: Path) -> None:
    """Raise `SkinKDError` for an exported file whose checksum does not fit; one of before has none and passes."""
    try:
        checksums.is_checked(path, checksums.AT_END, expected=checksums.KEY in read_metadata(path))
    except checksums.ChecksumError as error:
        raise unusable(path, f"{str(error).capitalize()}. Take another copy of it, or export it again.") from error
    except OSError as error:
        raise SkinKDError("The model file can not be read", f"{path} could not be opened.", str(error)) from error


def write_onnx(model: onnx.ModelProto, path: Path) -> None:
    """Write a network that has our metadata; its checksum is the last of them, and so ends the file. Raises OSError."""
    others = [item for item in model.metadata_props if item.key != checksums.KEY]
    del model.metadata_props[:]
    model.metadata_props.extend(others)
    model.metadata_props.add(key=checksums.KEY, value=checksums.BLANK)
    path.write_bytes(checksums.filled(model.SerializeToString()))


def read_metadata(path: Path) -> dict[str, str]:
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
