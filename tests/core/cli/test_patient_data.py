"""Nothing that a file says of a patient or a photographer comes out again: not in tables, reports, caches or logs.

Pictures carry a mark in every text that DICOM, EXIF and the other formats have; then everything is done with them and
everything that was written is searched for the mark. The names of files are the user's own and stay.
"""

from __future__ import annotations

import base64
import logging
import re
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo
from pydicom.datadict import DicomDictionary
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

from core.cli.main import run
from core.data.decoding import decode_picture
from core.inference.classifier import Classifier
from core.reporting.classification_report import ReportSubject, classification_report_html, gather_images
from core.reporting.debug_report import debug_report

MARK = "Zq7Patient"
PIXELS = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
_WORDS = ("PN", "LO", "SH", "LT", "ST", "UT", "UC")


def dicom(**changes: Any) -> FileDataset:
    """A colour picture with the mark in every element that holds words, in a sequence and in a private element."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = FileDataset("", {}, file_meta=meta, preamble=MARK.encode().ljust(128, b"\0"))
    for tag, (kind, _, _, retired, keyword) in DicomDictionary.items():
        if kind in _WORDS and keyword and not retired and tag >> 16 not in (0x0000, 0x0002):
            setattr(file, keyword, MARK)
    file.PatientBirthDate, file.StudyDate = "19010203", "19010203"
    item = Dataset()
    item.PatientName = item.TextValue = MARK
    file.ContentSequence = [item]
    file.add_new(0x00091001, "LO", MARK)
    file.Rows, file.Columns, file.SamplesPerPixel, file.PlanarConfiguration = 40, 40, 3, 0
    file.PhotometricInterpretation, file.BitsAllocated, file.BitsStored = "RGB", 8, 8
    file.HighBit, file.PixelRepresentation = 7, 0
    file.PixelData = PIXELS.tobytes()
    for name, value in changes.items():
        setattr(file, name, value)
    return file


def saved(file: FileDataset) -> bytes:
    out = BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file.save_as(out, enforce_file_format=True)
    return out.getvalue()


def exif() -> Image.Exif:
    """The mark in every text of EXIF, in the GPS part too, and in UTF-16 as Windows writes it."""
    found = Image.Exif()
    for tag in (0x010D, 0x010E, 0x010F, 0x0110, 0x0131, 0x013B, 0x013C, 0x8298):
        found[tag] = MARK
    for tag in (0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F):
        found[tag] = MARK.encode("utf-16-le") + b"\0\0"
    inner = found.get_ifd(ExifTags.IFD.Exif)
    inner |= {0x9286: b"ASCII\0\0\0" + MARK.encode(), 0xA420: MARK, 0xA430: MARK, 0xA431: MARK, 0xA435: MARK}
    place = found.get_ifd(ExifTags.IFD.GPSInfo)
    place |= {1: "N", 2: (51.0, 30.0, 12.0), 18: MARK, 28: MARK.encode(), 29: "1901:02:03"}
    return found


def pictures() -> Iterator[tuple[str, bytes]]:
    """Named files of every kind, whole and damaged, with the mark inside."""
    image = Image.fromarray(PIXELS)
    xmp = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'><dc:creator>{MARK}</dc:creator></x:xmpmeta>".encode()
    marked: dict[str, dict[str, Any]] = {
        "JPEG": {"exif": exif(), "comment": MARK, "xmp": xmp},
        "WEBP": {"exif": exif(), "xmp": xmp},
        "TIFF": {"exif": exif()},
        "GIF": {"comment": MARK},
    }
    for kind, more in marked.items():
        yield f"whole.{kind.lower()}", _encoded(image, kind, more)
    info = PngInfo()
    for name in ("Author", "Comment", "Description", MARK):
        info.add_text(name, MARK)
        info.add_itxt(name, MARK)
    yield "whole.png", _encoded(image, "PNG", {"pnginfo": info, "exif": exif()})
    whole = saved(dicom())
    yield "whole.dcm", whole
    yield "cut.dcm", whole[:-900]
    yield "header only.dcm", whole[: len(whole) // 3]
    yield "bare.dcm", whole[132:]
    yield "window.dcm", saved(dicom(BurnedInAnnotation="YES")).replace(b"RGB ", MARK[:4].encode(), 1)
    yield "note.dcm", saved(dicom(BurnedInAnnotation="YES"))
    implicit = dicom()
    implicit.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    yield "implicit.dcm", saved(implicit)
    jpeg = _encoded(image, "JPEG", {"exif": exif(), "comment": MARK})
    yield "cut.jpg", jpeg[: len(jpeg) // 2]
    yield (
        "broken exif.jpg",
        jpeg.replace(b"Exif\0\0II*\0", b"Exif\0\0II*\7", 1).replace(b"Exif\0\0MM\0*", b"Exif\0\0MM\7*", 1),
    )
    yield "text.jpg", f"{MARK} is no picture".encode()


def _encoded(image: Image.Image, kind: str, more: dict[str, Any]) -> bytes:
    out = BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


def traces(content: bytes) -> bool:
    """Whether the mark stands in a file, in either width of letters, also inside pictures that a page holds."""
    inside = [base64.b64decode(found) for found in re.findall(rb"base64,([A-Za-z0-9+/=]+)", content)]
    marks = (MARK.encode(), MARK.encode("utf-16-le"), MARK.encode("utf-16-be"), b"19010203", b"1901:02:03")
    return any(mark in part for part in (content, *inside) for mark in marks)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images" / "MEL"
    folder.mkdir(parents=True)
    for name, content in pictures():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """Everything that is logged at any level, warnings of libraries included."""
    path = tmp_path / "everything.log"
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    logging.captureWarnings(True)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        yield path
    logging.captureWarnings(False)
    root.setLevel(level)
    root.removeHandler(handler)
    handler.close()


def test_the_files_do_carry_the_mark() -> None:
    clean = {name for name, content in pictures() if not traces(content)}
    assert clean == set()


def test_nothing_of_a_patient_is_written_or_said(
    trained: Path, images: Path, log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for arguments in (
        ["classify", str(trained), str(images), "--out", str(out / "answers.csv")],
        ["classify", str(trained), str(images), "--json"],
        ["classify", str(trained), str(images), "--out", str(out / "answers.json")],
        ["inspect", str(images.parent), "--json"],
        ["record", "export", str(out / "record.csv")],
    ):
        run(arguments)
    classifier = Classifier.load(trained)
    rows = list(classifier.classify(sorted(images.iterdir())))
    assert sum(row.code is not None for row in rows) >= 8
    subject = ReportSubject("a model", classifier.info, "ab" * 32, ())
    gathered = gather_images(rows, classifier)
    (out / "report.html").write_text(classification_report_html(gathered, subject, made=datetime.now(UTC)), "utf-8")
    for path in sorted(images.iterdir()):
        try:
            decode_picture(path, 24, 24).save(out / f"{path.name} thumbnail.png")
        except Exception as error:
            (out / f"{path.name}.txt").write_text(repr(error), "utf-8")
    (out / "debug.txt").write_text(debug_report(trained.parent), "utf-8")
    said = capsys.readouterr()
    (out / "said.txt").write_text(said.out + said.err, "utf-8")
    logging.getLogger("core").info("the end")
    written = [path for path in tmp_path.rglob("*") if path.is_file() and images not in path.parents]
    assert {"answers.csv", "answers.json", "report.html", "record.csv", "everything.log", "verdicts.sqlite3"} <= {
        path.name for path in written
    }
    assert "the end" in log.read_text("utf-8")
    assert [path.name for path in written if traces(path.read_bytes())] == []
