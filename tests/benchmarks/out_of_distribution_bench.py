"""How often a model calls pictures out of distribution, by kind and reason, as a table.

    python -m tests.benchmarks.out_of_distribution_bench RUN [FOLDER OF PHOTOGRAPHS]

Lesions are the run's own test images: nothing was fitted on them. What is no lesion is drawn, or windows of the
photographs in the folder, or of those that scikit-learn and matplotlib bring along; recoloured are photographs in two
tones of skin, or with the means and spreads, or the very histograms, of the colours of a test lesion. From afar: a test
lesion small on skin, with a background beside. Blurred and dark ones are test lesions.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from core.data.decoding import decode_image, resize_image
from core.data.types import Part
from core.events import CancelToken
from core.inference.classifier import Classifier
from core.inference.trust import Verdict
from core.quantities import fraction
from core.runs.folder import RunFolder
from core.runs.pictures import locate_images
from tests.core.inference import no_lesions

Pixels = NDArray[np.uint8]
Maker = Callable[[np.random.Generator], Image.Image]
_SIDE, _PER_KIND, _MOST_LESIONS, _SEED = 300, 60, 400, 11
_OPPONENT = np.array([[1 / 3, 1 / 3, 1 / 3], [1, -1, 0], [0.5, 0.5, -1]])


class Kinds:
    """Makers of pictures by kind, from windows of `photographs` and from `lesions` (n, S, S, 3)."""

    def __init__(self, photographs: list[Path], lesions: Pixels) -> None:
        self._photographs, self._lesions = photographs, lesions

    def makers(self) -> dict[str, Maker]:
        """All kinds in the order of the table."""
        made: dict[str, Maker] = {
            "photograph": self._photograph,
            "recoloured: two tones": self._toned,
            "recoloured: means and spreads": self._transferred,
            "recoloured: histograms": self._matched,
            "lesion from afar": self._far,
        }
        for share in (0.02, 0.04, 0.08):
            made[f"lesion, blurred over {100 * share:.0f} % of its width"] = lambda rng, share=share: self._blurred(
                rng, share
            )
        for light in (0.4, 0.25, 0.12):
            made[f"lesion, {100 * light:.0f} % of its light"] = lambda rng, light=light: self._dark(rng, light)
        drawn = {f"drawn: {kind}": make for kind, make in no_lesions.KINDS.items() if "photograph" not in kind}
        return {**made, **drawn}

    def _photograph(self, rng: np.random.Generator) -> Image.Image:
        with Image.open(self._photographs[int(rng.integers(len(self._photographs)))]) as image:
            picture = image.convert("RGB")
        side = int(min(picture.size) * rng.uniform(0.5, 1.0))
        left, top = (int(rng.integers(0, extent - side + 1)) for extent in picture.size)
        return picture.crop((left, top, left + side, top + side)).resize((_SIDE, _SIDE), Image.Resampling.BILINEAR)

    def _lesion(self, rng: np.random.Generator) -> Pixels:
        found: Pixels = self._lesions[int(rng.integers(len(self._lesions)))]
        return found

    def _toned(self, rng: np.random.Generator) -> Image.Image:
        grey = np.asarray(self._photograph(rng).convert("L"), float)[..., None] / 255
        dark, light = (
            np.array([90.0, 50, 40]) + rng.normal(0, 10, 3),
            np.array([235.0, 190, 175]) + rng.normal(0, 10, 3),
        )
        return _picture(dark * (1 - grey) + light * grey)

    def _transferred(self, rng: np.random.Generator) -> Image.Image:
        """Reinhard et al. 2001, in opponent colours."""
        photograph = np.asarray(self._photograph(rng), float) @ _OPPONENT.T
        lesion = self._lesion(rng).astype(float) @ _OPPONENT.T
        spread = np.maximum(photograph.std((0, 1)), 1)
        moved = (photograph - photograph.mean((0, 1))) / spread * lesion.std((0, 1)) + lesion.mean((0, 1))
        return _picture(moved @ np.linalg.inv(_OPPONENT).T)

    def _matched(self, rng: np.random.Generator) -> Image.Image:
        photograph, lesion = np.asarray(self._photograph(rng)), self._lesion(rng)
        made = np.empty(photograph.shape)
        for channel in range(3):
            values = photograph[..., channel]
            rank = np.argsort(np.argsort(values, axis=None, kind="stable")) / (values.size - 1)
            made[..., channel] = np.quantile(lesion[..., channel], rank).reshape(values.shape)
        return _picture(made)

    def _far(self, rng: np.random.Generator) -> Image.Image:
        lesion = Image.fromarray(self._lesion(rng))
        corners = np.asarray(lesion)[[0, 0, -1, -1], [0, -1, 0, -1]].astype(float).mean(axis=0)
        y, x = np.mgrid[0:_SIDE, 0:_SIDE] / _SIDE - 0.5
        angle = rng.uniform(0, 2 * math.pi)
        light = 1 + rng.uniform(0.1, 0.5) * (x * math.cos(angle) + y * math.sin(angle))
        coarse = Image.fromarray(rng.normal(0, 10, (60, 60)).astype(np.float32))
        skin = (
            corners * light[..., None] + np.asarray(coarse.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC))[..., None]
        )
        width = int(_SIDE * rng.uniform(0.12, 0.3))
        left, top = (int(value) for value in rng.integers(20, _SIDE - 20 - width, 2))
        at = np.s_[top : top + width, left : left + width]
        inside, across = np.mgrid[0:width, 0:width] / (width - 1) - 0.5
        mask = np.clip((0.5 - np.hypot(inside, across)) * 6, 0, 1)[..., None]
        small = np.asarray(lesion.resize((width, width), Image.Resampling.BILINEAR), float) * light[at][..., None]
        skin[at] = skin[at] * (1 - mask) + small * mask
        if rng.random() < 0.7:
            angle, off = rng.uniform(0, 2 * math.pi), rng.uniform(0.15, 0.4)
            beside = (x * math.cos(angle) + y * math.sin(angle)) > off
            skin = np.where(beside[..., None], rng.uniform(0, 255, 3) + rng.normal(0, 4, (_SIDE, _SIDE, 1)), skin)
        return _picture(skin)

    def _blurred(self, rng: np.random.Generator, share: float) -> Image.Image:
        lesion = Image.fromarray(self._lesion(rng))
        blurred = np.asarray(lesion.filter(ImageFilter.GaussianBlur(lesion.width * share)), float)
        return _picture(blurred + rng.normal(0, 1, (*blurred.shape[:2], 1)))

    def _dark(self, rng: np.random.Generator, light: float) -> Image.Image:
        lesion = self._lesion(rng).astype(float)
        return _picture(lesion * light + rng.normal(0, 1.5, lesion.shape))


def _picture(pixels: NDArray[np.floating]) -> Image.Image:
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))


def told(classifier: Classifier, images: Pixels) -> Counter[str]:
    """How many images are out of distribution for each reason; "" for the others."""
    found: Counter[str] = Counter()
    for start in range(0, len(images), 64):
        part = images[start : start + 64]
        for assessment in classifier.decision_rule.assess(*classifier.features(part), part):
            out = assessment.verdict is Verdict.OUT_OF_DISTRIBUTION
            found[str(assessment.reason or "unknown") if out else ""] += 1
    return found


def main(run: Path, photographs: list[Path]) -> None:
    """Print the table."""
    folder, classifier = RunFolder(run), Classifier.load(run, "cpu")
    size = classifier.info.preprocessing.image_size
    names = [row.image for row in folder.split_rows if row.part is Part.TEST]
    files = locate_images(folder.path, names, CancelToken())
    chosen = np.random.default_rng(_SEED).permutation(len(files))[:_MOST_LESIONS]
    lesions = np.stack([decode_image(path, size) for path in np.array(list(files.values()))[chosen]])
    sys.stdout.write(f"{folder.path.name}, measure {classifier.decision_rule.statistics.measure}\n")  # type: ignore[union-attr]
    sys.stdout.write("| pictures | number | out of distribution | reasons |\n|---|---|---|---|\n")
    _print("the run's test images", told(classifier, lesions))
    for number, (kind, make) in enumerate(Kinds(photographs, lesions).makers().items()):
        rng = np.random.default_rng([_SEED, number])
        count = _PER_KIND if not kind.startswith("drawn") else _PER_KIND // 3
        _print(kind, told(classifier, np.stack([resize_image(make(rng), size) for _ in range(count)])))


def _print(kind: str, found: Counter[str]) -> None:
    count = found.total()
    reasons = ", ".join(f"{reason} {number}" for reason, number in found.most_common() if reason)
    sys.stdout.write(f"| {kind} | {count} | {fraction((count - found['']) / count)} | {reasons} |\n")
    sys.stdout.flush()


if __name__ == "__main__":
    endings = (".jpg", ".png")
    given = [file for file in sorted(Path(sys.argv[2]).iterdir()) if file.suffix in endings] if sys.argv[2:] else []
    main(Path(sys.argv[1]), given or no_lesions.photographs())
