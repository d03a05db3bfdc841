from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.data.decoding import UnreadableImageError, decode_full, decode_image, decode_noted, decode_picture
from core.data.dicom import DicomError, read_dicom

from .dicom_files import PATIENT, write_dicom

COLOURS = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
RAMP = np.linspace(0, 255, 24 * 32).reshape(24, 32).astype(np.uint8)


def decoded(path: Path) -> Any:
    """Every pixel of the picture, as numbers that can be subtracted."""
    return decode_full(path.read_bytes()).astype(int)


def test_colours_come_as_they_are(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "rgb.dcm", COLOURS)
    assert np.array_equal(decoded(path), COLOURS)
    expected = np.asarray(Image.fromarray(COLOURS).resize((16, 16), Image.Resampling.BILINEAR))
    assert np.array_equal(decode_image(path, 16), expected)
    assert decode_picture(path, 16, 16).size == (16, 12)


def test_ybr_becomes_rgb(tmp_path: Path) -> None:
    smooth = Image.fromarray(COLOURS[:3, :4]).resize((32, 24), Image.Resampling.BICUBIC)
    stored = np.asarray(smooth.convert("YCbCr"))
    path = write_dicom(tmp_path / "ybr.dcm", stored, "YBR_FULL")
    assert np.abs(decoded(path) - np.asarray(smooth)).max() <= 3


def test_deep_colours_lose_only_their_depth(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "deep.dcm", COLOURS.astype(np.uint16) * 257)
    assert np.array_equal(decoded(path), COLOURS)
    twelve = write_dicom(tmp_path / "twelve.dcm", COLOURS.astype(np.uint16) * 16, BitsStored=12, HighBit=11)
    assert np.abs(decoded(twelve) - COLOURS).max() <= 1


def test_grey_and_inverted_grey(tmp_path: Path) -> None:
    black_is_zero = write_dicom(tmp_path / "two.dcm", RAMP, "MONOCHROME2")
    white_is_zero = write_dicom(tmp_path / "one.dcm", RAMP, "MONOCHROME1")
    assert np.array_equal(decoded(black_is_zero), np.repeat(RAMP[..., None], 3, axis=2))
    assert np.array_equal(decoded(white_is_zero), 255 - decoded(black_is_zero))


def test_a_window_chooses_what_is_shown(tmp_path: Path) -> None:
    values = np.arange(24 * 32, dtype=np.uint16).reshape(24, 32)
    windowed = write_dicom(
        tmp_path / "w.dcm", values, "MONOCHROME2", WindowCenter=["300", "9"], WindowWidth=["101", "9"]
    )
    grey = decoded(windowed)[..., 0]
    assert grey[values <= 249].max() == 0
    assert grey[values >= 350].min() == 255
    assert abs(int(grey[values == 300][0]) - 128) <= 2
    # The same window in units of the rescaled values.
    rescaled = write_dicom(
        tmp_path / "r.dcm",
        values,
        "MONOCHROME2",
        RescaleSlope="2",
        RescaleIntercept="-1000",
        WindowCenter="-400",
        WindowWidth="202",
    )
    assert np.abs(decoded(rescaled)[..., 0] - grey).max() <= 3


def test_deep_grey_without_a_window_is_stretched(tmp_path: Path) -> None:
    values = np.linspace(-300, 700, 24 * 32).reshape(24, 32).astype(np.int16)
    grey = decoded(write_dicom(tmp_path / "s.dcm", values, "MONOCHROME2"))[..., 0]
    assert np.abs(grey - (values + 300) / 1000 * 255).max() <= 1
    flat = write_dicom(tmp_path / "flat.dcm", np.full((4, 4), 900, np.uint16), "MONOCHROME2")
    assert decoded(flat).max() == 0


@pytest.mark.parametrize("deep", [False, True])
def test_palettes(tmp_path: Path, deep: bool) -> None:
    bits, factor = (16, 257) if deep else (8, 1)
    table = np.random.default_rng(1).integers(0, 256, (3, 256)).astype(np.uint16 if deep else np.uint8)
    elements: dict[str, Any] = {}
    for colour, row in zip(("Red", "Green", "Blue"), table * factor, strict=True):
        elements[f"{colour}PaletteColorLookupTableDescriptor"] = [256, 0, bits]
        elements[f"{colour}PaletteColorLookupTableData"] = row.tobytes()
    path = write_dicom(tmp_path / "p.dcm", RAMP, "PALETTE COLOR", **elements)
    assert np.abs(decoded(path) - table.T[RAMP]).max() <= 1


def test_the_first_of_several_frames_and_it_says_so(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "clip.dcm", np.stack([COLOURS, 255 - COLOURS, COLOURS]))
    assert np.array_equal(decoded(path), COLOURS)
    assert decode_noted(path, 16).note == "Only the first of its 3 frames was used."
    assert decode_noted(write_dicom(tmp_path / "one.dcm", COLOURS), 16).note == ""


def test_burned_in_text_is_warned_of(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "text.dcm", COLOURS, BurnedInAnnotation="YES")
    assert "may name the patient" in decode_noted(path, 16).note


@pytest.mark.parametrize("name", ["IM000001", "1.2.840.113619.2", "photo.jpg"])
def test_the_content_decides_and_not_the_name(tmp_path: Path, name: str) -> None:
    named = decode_image(write_dicom(tmp_path / name, COLOURS), 16)
    assert np.array_equal(named, decode_image(write_dicom(tmp_path / "usual.dcm", COLOURS), 16))


def test_files_without_a_preamble(tmp_path: Path) -> None:
    content = write_dicom(tmp_path / "x.dcm", COLOURS).read_bytes()
    assert np.array_equal(decode_full(content[132:]), COLOURS)


def test_compressed_pictures(tmp_path: Path) -> None:
    from pydicom import dcmread
    from pydicom.encaps import encapsulate
    from pydicom.uid import JPEGBaseline8Bit, JPEGLSLossless

    smooth = Image.fromarray(COLOURS[:3, :4]).resize((64, 48), Image.Resampling.BICUBIC)
    jpeg = BytesIO()
    smooth.save(jpeg, "JPEG", quality=95, subsampling=0)
    file = dcmread(write_dicom(tmp_path / "raw.dcm", np.asarray(smooth)))
    file.PhotometricInterpretation = "YBR_FULL_422"
    file.PixelData = encapsulate([jpeg.getvalue()])
    file["PixelData"].is_undefined_length = True
    file.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    file.save_as(tmp_path / "jpeg.dcm")
    assert np.abs(decoded(tmp_path / "jpeg.dcm") - np.asarray(smooth)).mean() < 3
    file.file_meta.TransferSyntaxUID = JPEGLSLossless
    file.save_as(tmp_path / "jls.dcm")
    with pytest.raises(UnreadableImageError, match=r"can not unpack.*JPEG-LS") as caught:
        decode_image(tmp_path / "jls.dcm", 16)
    assert "Save it as JPEG" in caught.value.reason


def test_what_has_no_usable_picture_says_why(tmp_path: Path) -> None:
    whole = write_dicom(tmp_path / "whole.dcm", COLOURS).read_bytes()
    (tmp_path / "cut.dcm").write_bytes(whole[:-100])
    (tmp_path / "begin.dcm").write_bytes(whole[:140])
    write_dicom(tmp_path / "odd.dcm", COLOURS, "HSV")
    for name, reason in (("cut", "cut off"), ("begin", "without a picture"), ("odd", "colours")):
        with pytest.raises(UnreadableImageError, match=reason):
            decode_image(tmp_path / f"{name}.dcm", 16)


def test_pixel_floods_are_refused(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "flood.dcm", COLOURS, Rows=60000, Columns=60000)
    with pytest.raises(UnreadableImageError, match="more pixels than any lesion image"):
        decode_image(path, 16)


def test_nothing_says_who_the_patient_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder
) -> None:
    whole = write_dicom(tmp_path / "x.dcm", COLOURS).read_bytes()
    assert PATIENT.encode() in whole
    rng = np.random.default_rng(0)
    said: list[str] = []
    for _ in range(150):
        damaged = bytearray(whole)
        for place in rng.integers(132, len(whole) - COLOURS.size, 6):
            damaged[place] = rng.integers(0, 256)
        try:
            picture = read_dicom(BytesIO(bytes(damaged)))
            said += [picture.note, *map(str, picture.image.info.values())]
        except (DicomError, Image.DecompressionBombError) as error:
            said.append(str(error))
    said += [record.getMessage() for record in caplog.records] + [str(item.message) for item in recwarn.list]
    assert not any("SECRET" in text for text in said)
    assert any("DICOM" in text for text in said)  # some were damaged enough
