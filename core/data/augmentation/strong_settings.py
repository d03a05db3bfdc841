"""How much the drawn views of the strong augmentation differ from the picture."""

from __future__ import annotations

import hashlib
import json

from core.settings import SettingsSection, setting


class StrongSettings(SettingsSection):
    """Each part can be switched off by itself."""

    smallest_crop: float = setting(
        0.5,
        "Smallest crop",
        "A drawn view shows a random part of the picture, resized to the whole: at least this share of its area. 1: no "
        "crop.",
        expert=True,
        gt=0,
        le=1,
    )
    colour: float = setting(
        0.2,
        "Colour changes",
        "Brightness, contrast and saturation change by up to this share, each colour by up to a quarter of it. 0: not.",
        expert=True,
        ge=0,
        le=0.9,
    )
    blur: float = setting(0.1, "Blur", "Share of the drawn views that are blurred.", expert=True, ge=0, le=1)
    cutout: float = setting(
        0.25,
        "Cutouts",
        "Share of the drawn views in which a rectangle of 2 to 20 % of the area is covered.",
        expert=True,
        ge=0,
        le=1,
    )
    hair: float = setting(
        0.2, "Hair", "Share of the drawn views over which one to eight hairs are drawn.", expert=True, ge=0, le=1
    )
    vignette: float = setting(
        0.2,
        "Vignettes",
        "Share of the drawn views that darken towards the corners, as in a dermatoscope.",
        expert=True,
        ge=0,
        le=1,
    )
    view_seed: int = setting(
        0,
        "Seed of the views",
        "Another seed draws other views. Runs with the same one, whatever their own seed, share a teacher's stored "
        "outputs.",
        expert=True,
        ge=0,
        le=2**31 - 1,
    )

    @property
    def digest(self) -> str:
        """Tells these settings from others, twelve hex digits; what stands beside them in a recipe does not count."""
        values = [getattr(self, name) for name in StrongSettings.model_fields]
        return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:12]
