"""Small DICOM files made on the spot, with patient data in them that nothing may show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

PATIENT = "SECRET^PATIENT"


def write_dicom(path: Path, pixels: NDArray[Any], kind: str = "RGB", **elements: Any) -> Path:
    """Write uint8 or uint16 values (rows, columns[, 3]), or several frames of them, as `kind`."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = FileDataset(str(path), {}, file_meta=meta, preamble=bytes(128))
    file.SOPClassUID, file.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    file.PatientName, file.PatientID, file.PatientBirthDate = PATIENT, "SECRET-ID", "19500101"
    colour = kind not in ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR")
    frames = pixels.ndim - (3 if colour else 2)
    file.Rows, file.Columns = pixels.shape[frames : frames + 2]
    file.SamplesPerPixel = 3 if colour else 1
    if colour:
        file.PlanarConfiguration = 0
    if frames:
        file.NumberOfFrames = pixels.shape[0]
    file.PhotometricInterpretation = kind
    file.BitsAllocated = file.BitsStored = pixels.dtype.itemsize * 8
    file.HighBit, file.PixelRepresentation = file.BitsStored - 1, int(pixels.dtype.kind == "i")
    for name, value in elements.items():
        setattr(file, name, value)
    file.PixelData = pixels.tobytes()
    file.save_as(path, enforce_file_format=True)
    return path
