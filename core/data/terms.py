"""The licence terms of data sets that SkinKD recognises."""

from __future__ import annotations

ISIC2019_TERMS = (
    "ISIC 2019 Challenge training data, CC BY-NC 4.0 (non-commercial, with attribution): (c) Hospital Clínic de "
    "Barcelona (BCN_20000, Combalia et al. 2019); ViDIR Group, Medical University of Vienna (HAM10000, Tschandl et "
    "al. 2018); MSK data set (Codella et al. 2017). Models trained on them are for non-commercial use too."
)

HAM10000_TERMS = (
    "HAM10000, (c) ViDIR Group, Medical University of Vienna (Tschandl, Rosendahl and Kittler 2018): non-commercial "
    "use with attribution (CC BY-NC). Models trained on it are for non-commercial use too."
)

SYNTHETIC_TERMS = "Generated pictures, not of people. Scores on them say nothing about real lesions."


def terms_for(of_layout: str, names: tuple[str, ...], *, synthetic: bool) -> str:
    """The terms of a data set by those of its layout (where known) and its image names; empty for an unknown one."""
    if synthetic:
        return SYNTHETIC_TERMS
    if of_layout:
        return of_layout
    known = sum(name.upper().startswith("ISIC_") for name in names)
    # ISIC 2019 numbers end at 73254; a folder with most names from the archive has at least these terms to check.
    return ISIC2019_TERMS if names and known * 2 > len(names) else ""
