"""The picture in a DICOM file, and nothing else of it: no element that names or describes a patient is ever decoded
here. (`core.inference.patients.dicom_elements` reads those that a user ticks.)

Errors and notes are sentences of our own for the same reason; a library's message may quote what the file says.
"""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.data.pixel_budget import MOST_PIXELS, PIXEL_BUDGET

if TYPE_CHECKING:
    from pydicom import Dataset
    from pydicom.uid import UID

DICOM_SUFFIXES = frozenset({".dcm", ".dicom"})
"""File names that say DICOM, in lower case."""

HEAD_BYTES = 132
"""How much of a file's beginning `is_dicom` looks at."""

_ELEMENTS = (
    *("SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames", "Rows", "Columns"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "BurnedInAnnotation"),
    *("WindowCenter", "WindowWidth", "VOILUTFunction", "VOILUTSequence"),
    *("RescaleSlope", "RescaleIntercept", "ModalityLUTSequence"),
    *(f"{colour}PaletteColorLookupTableDescriptor" for colour in ("Red", "Green", "Blue")),
    *(f"{colour}PaletteColorLookupTableData" for colour in ("Red", "Green", "Blue")),
    *(f"Segmented{colour}PaletteColorLookupTableData" for colour in ("Red", "Green", "Blue")),
)
"""All that is read besides the pixels."""

_COSTS = 4
"""A pixel of DICOM takes several times the memory of others on its way to RGB."""

_EXPLICIT = frozenset({b"AE", b"CS", b"DA", b"DT", b"LO", b"OB", b"PN", b"SH", b"SQ", b"TM", b"UI", b"UL", b"US"})


class DicomError(ValueError):
    """A DICOM file whose picture can not be had; the message is a whole sentence for the user."""


@dataclass(frozen=True)
class DicomPicture:
    """The first frame as an RGB picture; `note` says what else the file holds that was not used, or nothing."""

    image: Image.Image
    note: str


def is_dicom(head: bytes) -> bool:
    """Whether a file that begins with `head` (132 bytes or more, where it has them) says that it is DICOM."""
    return head[128:132] == b"DICM"


def may_be_bare_dicom(head: bytes) -> bool:
    """Whether a file that is no image may be DICOM without its preamble, as old devices write it."""
    if len(head) < 16 or head[:2] not in (b"\x02\x00", b"\x08\x00") or head[3] != 0:
        return False
    explicit = head[4:6] in _EXPLICIT
    return explicit or (head[:2] == b"\x08\x00" and int.from_bytes(head[4:8], "little") <= 128)


def read_dicom(file: BinaryIO) -> DicomPicture:
    """The picture of an open DICOM file. Raises `DicomError`, or Pillow's `DecompressionBombError`.

    Colour comes as RGB whatever it is stored as. Grey values go through the file's own rescale and window; without a
    window, values of more than 8 bits are stretched from the smallest to the largest.
    """
    # Both would print and keep what pydicom says about a file, and that may quote it.
    warnings.filterwarnings("ignore", module=r"pydicom\.")
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    from pydicom.errors import InvalidDicomError

    try:
        _check_deflated(file)
        header = _header(file)
        with PIXEL_BUDGET.taken(_COSTS * int(header.Rows) * int(header.Columns)):
            rgb = _to_rgb(_pixels(file, header), header)
    except (DicomError, Image.DecompressionBombError, MemoryError):
        raise
    except InvalidDicomError:
        raise DicomError("It is not a DICOM file, or its beginning is damaged.") from None
    except Exception:  # whatever a damaged file makes pydicom raise; its words may quote the file
        raise DicomError("The DICOM file is damaged, or its picture is stored in an unusual way.") from None
    return DicomPicture(Image.fromarray(rgb), _note(header))


def _check_deflated(file: BinaryIO) -> None:
    """Refuse a file that is deflated as a whole: reading any of it would unpack all, whatever size that has."""
    from pydicom.filereader import _read_file_meta_info, read_preamble
    from pydicom.uid import DeflatedExplicitVRLittleEndian

    file.seek(0)
    read_preamble(file, force=True)
    if _read_file_meta_info(file).get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
        raise _not_unpacked(DeflatedExplicitVRLittleEndian.name)


def _header(file: BinaryIO) -> Dataset:
    """The elements that describe the picture. Raises `DicomError` when there is no picture, or none of our kind."""
    from pydicom import dcmread

    file.seek(0)
    header = dcmread(file, stop_before_pixels=True, force=True, specific_tags=list(_ELEMENTS))
    if "TransferSyntaxUID" not in header.file_meta:
        header.file_meta.TransferSyntaxUID = _assumed_syntax(header)
    if not {"Rows", "Columns", "BitsAllocated", "PhotometricInterpretation"} <= set(header.dir()):
        raise DicomError("It is a DICOM file without a picture (a report, a plan or a measurement).")
    area = int(header.Rows) * int(header.Columns)
    if area > MOST_PIXELS // _COSTS:
        raise Image.DecompressionBombError("too many pixels")
    if area == 0:
        raise DicomError("It is a DICOM file whose picture has no pixels.")
    _check_compression(header)
    return header


def _assumed_syntax(header: Dataset) -> UID:
    from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

    implicit, little = header.original_encoding
    if implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if little else ExplicitVRBigEndian


def _check_compression(header: Dataset) -> None:
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.uid import JPEGExtended12Bit

    syntax = header.file_meta.TransferSyntaxUID
    try:
        usable = get_decoder(syntax).is_available
    except NotImplementedError:
        usable = False
    if usable and not (syntax == JPEGExtended12Bit and int(header.get("BitsStored", 8)) > 8):
        return
    kind = syntax.name if syntax.name != str(syntax) else "an unknown kind"
    raise _not_unpacked(kind)


def _not_unpacked(kind: str) -> DicomError:
    return DicomError(
        f"Its picture is compressed in a way that SkinKD can not unpack ({kind}). "
        "Save it as JPEG, or as DICOM without compression."
    )


def _pixels(file: BinaryIO, header: Dataset) -> NDArray[Any]:
    """The first frame: (rows, columns) or (rows, columns, 3); only that frame is read from a long sequence."""
    from pydicom import dcmread
    from pydicom.pixels.utils import pixel_array

    syntax = header.file_meta.TransferSyntaxUID
    file.seek(0)
    if _frames(header) > 1:
        return pixel_array(file, index=0, transfer_syntax_uid=syntax)
    whole = dcmread(file, force=True, specific_tags=[*_ELEMENTS, "PixelData"])
    whole.file_meta.TransferSyntaxUID = syntax
    try:
        return pixel_array(whole, index=0)
    except ValueError as error:
        if "less than expected" in str(error):
            raise DicomError("The DICOM file is cut off before its end.") from None
        raise


def _frames(header: Dataset) -> int:
    return int(header.get("NumberOfFrames") or 1)


def _to_rgb(pixels: NDArray[Any], header: Dataset) -> NDArray[np.uint8]:
    """Decoded values as RGB, uint8 (rows, columns, 3)."""
    kind = str(header.PhotometricInterpretation)
    bits = int(header.get("BitsStored", header.BitsAllocated))
    if pixels.ndim == 3 and pixels.shape[2] == 3 and (kind == "RGB" or kind.startswith("YBR")):
        return _scaled(pixels, 0.0, 2.0**bits - 1.0)  # pydicom has turned YBR into RGB
    if pixels.ndim != 2:
        raise DicomError("The DICOM file stores its colours in a way that SkinKD can not read.")
    if kind == "PALETTE COLOR":
        return _from_palette(pixels, header)
    if kind not in ("MONOCHROME1", "MONOCHROME2"):
        raise DicomError("The DICOM file stores its colours in a way that SkinKD can not read.")
    grey = _grey(pixels, header, bits)
    if kind == "MONOCHROME1":  # its smallest value is white
        grey = 255 - grey
    return np.repeat(grey[..., None], 3, axis=2)


def _from_palette(pixels: NDArray[Any], header: Dataset) -> NDArray[np.uint8]:
    from pydicom.pixels.processing import apply_color_lut

    colours = apply_color_lut(pixels, header)[..., :3]
    # 16-bit tables are often filled with 8-bit values.
    deep = colours.dtype == np.uint16 and int(colours.max(initial=0)) > 255
    return _scaled(colours, 0.0, 65535.0 if deep else 255.0)


def _grey(pixels: NDArray[Any], header: Dataset, bits: int) -> NDArray[np.uint8]:
    """Grey values as a viewer shows them: rescaled, then the first window, VOI table or, without either, stretched."""
    from pydicom.pixels.processing import apply_modality_lut, apply_voi

    values = np.asarray(apply_modality_lut(pixels, header), np.float64)
    values = np.where(np.isfinite(values), values, 0.0)
    if "WindowCenter" in header and "WindowWidth" in header:
        centre, width = _first(header.WindowCenter), _first(header.WindowWidth)
        if centre is not None and width is not None and width > 0:
            return _windowed(values, centre, width, str(header.get("VOILUTFunction") or "LINEAR"))
    if header.get("VOILUTSequence"):
        values = np.asarray(apply_voi(values.astype(np.int64), header), np.float64)
    elif bits <= 8 and float(values.min()) >= 0.0 and float(values.max()) < 2.0**bits:
        return _scaled(values, 0.0, 2.0**bits - 1.0)
    return _scaled(values, float(values.min()), float(values.max()))


def _windowed(values: NDArray[np.float64], centre: float, width: float, function: str) -> NDArray[np.uint8]:
    """DICOM part 3, C.11.2.1.2: LINEAR, LINEAR_EXACT and SIGMOID."""
    if function == "SIGMOID":
        shares = 1.0 / (1.0 + np.exp(np.clip(-4.0 * (values - centre) / width, -50.0, 50.0)))
    elif function == "LINEAR_EXACT":
        shares = (values - centre) / width + 0.5
    elif width <= 1.0:
        shares = (values > centre - 0.5).astype(np.float64)
    else:
        shares = (values - (centre - 0.5)) / (width - 1.0) + 0.5
    return _scaled(shares, 0.0, 1.0)


def _first(value: Any) -> float | None:
    """A number, or the first of several; None where the element is empty."""
    chosen = value if isinstance(value, int | float) else next(iter(value or ()), None)
    return None if chosen is None else float(chosen)


def _scaled(values: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    """`low`..`high` as 0..255; a picture of one value becomes black."""
    if low == 0.0 and high == 255.0 and values.dtype == np.uint8:
        return np.ascontiguousarray(values)
    shares = (values.astype(np.float64) - low) / ((high - low) or 1.0)
    result: NDArray[np.uint8] = np.rint(np.clip(shares, 0.0, 1.0) * 255).astype(np.uint8)
    return result


def _note(header: Dataset) -> str:
    notes = []
    if (frames := _frames(header)) > 1:
        notes.append(f"Only the first of its {frames:,} frames was used.")
    if str(header.get("BurnedInAnnotation", "")).upper() == "YES":
        notes.append("Text is burned into the picture; it may name the patient.")
    return " ".join(notes)
