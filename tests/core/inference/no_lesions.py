"""Pictures of everything but skin lesions, drawn or taken from installed packages: what a model must call unlike."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

SIZE = 600
_WORDS = "patient the history of lesion left arm since noted dermatology referral please see copy date name signed"

Maker = Callable[[np.random.Generator], Image.Image]


def pictures(per_kind: int, seed: int = 0) -> Iterator[tuple[str, Image.Image]]:
    """(kind, picture), `per_kind` of every kind that can be made here; photographs come from installed packages."""
    for kind, make in KINDS.items():
        generator = np.random.default_rng([seed, sum(kind.encode())])
        for _ in range(per_kind):
            yield kind, make(generator)


def photographs() -> list[Path]:
    """Photographs that scikit-learn and matplotlib bring along: a palace, a flower, a woman's portrait."""
    found = []
    for package, names in (
        ("sklearn", ("datasets/images/china.jpg", "datasets/images/flower.jpg")),
        ("matplotlib", ("mpl-data/sample_data/grace_hopper.jpg",)),
    ):
        spec = find_spec(package)
        for folder in spec.submodule_search_locations or () if spec else ():
            found += [Path(folder, name) for name in names if Path(folder, name).is_file()]
    return found


def _picture(pixels: NDArray[np.float64]) -> Image.Image:
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))


def _colour(generator: np.random.Generator, low: int = 0, high: int = 256) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in generator.integers(low, high, 3))
    return red, green, blue


def _photograph(generator: np.random.Generator) -> Image.Image:
    """A photograph, or a window of at least half its width."""
    files = photographs()
    with Image.open(files[int(generator.integers(len(files)))]) as image:
        picture = image.convert("RGB")
    side = int(min(picture.size) * generator.uniform(0.5, 1.0))
    left, top = (int(generator.integers(0, extent - side + 1)) for extent in picture.size)
    return picture.crop((left, top, left + side, top + side))


def _toned(generator: np.random.Generator) -> Image.Image:
    """A photograph in the colours of skin: brown shadows, pink to beige light."""
    grey = np.asarray(_photograph(generator).convert("L"), float)[..., None] / 255
    dark = np.array([90.0, 50.0, 40.0]) + generator.normal(0, 10, 3)
    light = np.array([235.0, 190.0, 175.0]) + generator.normal(0, 10, 3)
    return _picture(dark * (1 - grey) + light * grey)


def _blank(generator: np.random.Generator) -> Image.Image:
    """A sheet of one colour, white, black and grey ones first, with a camera's little noise."""
    grey = generator.choice([255, 250, 240, 200, 128, 60, 10, 0])
    base = np.full((SIZE, SIZE, 3), float(grey)) if generator.random() < 0.7 else np.zeros((SIZE, SIZE, 3))
    if not base.any() and grey:
        base = base + np.asarray(_colour(generator), float)
    return _picture(base + generator.normal(0, generator.choice([0, 1.5]), base.shape))


def _document(generator: np.random.Generator) -> Image.Image:
    """A scanned page of text, a little turned and yellowed."""
    paper = int(generator.integers(225, 256))
    page = Image.new("RGB", (SIZE, SIZE), (paper, paper, int(paper * generator.uniform(0.9, 1))))
    draw, size = ImageDraw.Draw(page), int(generator.integers(12, 30))
    font = ImageFont.load_default(size)
    words = _WORDS.split()
    for y in range(40, SIZE - 40, int(size * 1.6)):
        if generator.random() < 0.15:
            continue
        line = " ".join(generator.choice(words, int(generator.integers(3, 900 // (size * 4) + 4))))
        draw.text((40, y), line, fill=(30, 30, 35), font=font)
    turned = page.rotate(float(generator.uniform(-3, 3)), fillcolor=(paper, paper, paper))
    return turned.filter(ImageFilter.GaussianBlur(float(generator.uniform(0, 1))))


def _screenshot(generator: np.random.Generator) -> Image.Image:
    """Windows with title bars, buttons, lists and text, light or dark."""
    dark = generator.random() < 0.5
    back, ink = ((38, 40, 46), (220, 220, 225)) if dark else ((240, 240, 243), (30, 30, 30))
    screen = Image.new("RGB", (SIZE, SIZE), _colour(generator, 20, 200))
    draw, font = ImageDraw.Draw(screen), ImageFont.load_default(14)
    for _ in range(int(generator.integers(1, 4))):
        x, y = (int(value) for value in generator.integers(0, 250, 2))
        w, h = (int(value) for value in generator.integers(250, 450, 2))
        draw.rectangle((x, y, x + w, y + h), fill=back, outline=(120, 120, 120))
        draw.rectangle((x, y, x + w, y + 28), fill=_colour(generator, 40, 180))
        draw.text((x + 8, y + 6), "Untitled - Editor", fill=(255, 255, 255), font=font)
        for row in range(y + 40, y + h - 20, 24):
            draw.text((x + 12, row), " ".join(generator.choice(_WORDS.split(), 5)), fill=ink, font=font)
        draw.rectangle((x + w - 90, y + h - 40, x + w - 10, y + h - 10), fill=(60, 120, 220))
    return screen


def _noise(generator: np.random.Generator) -> Image.Image:
    """White, grey or coloured noise, fine or in clouds."""
    side = int(generator.choice([SIZE, 150, 40, 10]))
    depth = 1 if generator.random() < 0.4 else 3
    pixels = np.repeat(generator.uniform(0, 255, (side, side, depth)), 3 // depth, axis=2)
    return _picture(pixels).resize((SIZE, SIZE), Image.Resampling.BICUBIC)


def _gradient(generator: np.random.Generator) -> Image.Image:
    """One colour running into another, straight."""
    angle = generator.uniform(0, 2 * math.pi)
    y, x = np.mgrid[0:SIZE, 0:SIZE] / SIZE - 0.5
    share = np.clip((x * math.cos(angle) + y * math.sin(angle)) / 1.2 + 0.5, 0, 1)[..., None]
    first, second = (np.asarray(_colour(generator), float) for _ in range(2))
    return _picture(first * (1 - share) + second * share)


def _pattern(generator: np.random.Generator) -> Image.Image:
    """Stripes, checks, bricks or rings in two colours."""
    first, second = (np.asarray(_colour(generator), float) for _ in range(2))
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    step = int(generator.integers(8, 90))
    kind = int(generator.integers(4))
    if kind == 0:
        mask = (x * math.cos(step) + y * math.sin(step)) // step % 2
    elif kind == 1:
        mask = (x // step + y // step) % 2
    elif kind == 2:
        mask = np.minimum(y % step, (x + (y // step % 2) * step) % (2 * step)) < 3
    else:
        mask = np.hypot(x - SIZE / 2, y - SIZE / 2) // step % 2
    return _picture(np.where(mask[..., None] > 0, first, second))


def _cat(generator: np.random.Generator) -> Image.Image:
    """A drawing of a cat's face on a plain ground."""
    natural = generator.random() < 0.5
    ground, fur = _colour(generator, 120, 256), _colour(generator, 30, 220)
    if natural:  # the colours of lesions on skin
        ground, fur = (226, 182, 165), ((120, 78, 55), (70, 48, 40), (150, 95, 70))[int(generator.integers(3))]
    picture = Image.new("RGB", (SIZE, SIZE), ground)
    draw = ImageDraw.Draw(picture)
    r = int(generator.integers(120, 220))
    cx, cy = (int(value) for value in generator.integers(r + 40, SIZE - r - 40, 2))
    for side in (-1, 1):
        draw.polygon(
            [(cx + side * r, cy - r * 1.3), (cx + side * r, cy), (cx + side * r * 0.2, cy - r * 0.8)], fill=fur
        )
    draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=fur, outline=(0, 0, 0), width=4)
    for side in (-1, 1):
        ex, ey, e = cx + side * r * 0.4, cy - r * 0.2, r * 0.2
        draw.ellipse((ex - e, ey - e, ex + e, ey + e), fill=(190, 220, 70), outline=(0, 0, 0), width=3)
        draw.ellipse((ex - e / 4, ey - e, ex + e / 4, ey + e), fill=(0, 0, 0))
        for spread in (-0.15, 0, 0.15):
            draw.line(
                (cx + side * r * 0.3, cy + r * 0.35, cx + side * r * 1.3, cy + r * (0.35 + spread)), fill=0, width=3
            )
    draw.polygon([(cx - 18, cy + r * 0.2), (cx + 18, cy + r * 0.2), (cx, cy + r * 0.32)], fill=(230, 120, 140))
    return picture


def _chart(generator: np.random.Generator) -> Image.Image:
    """Bars and a curve on axes."""
    picture = Image.new("RGB", (SIZE, SIZE), (255, 255, 255))
    draw = ImageDraw.Draw(picture)
    count = int(generator.integers(4, 12))
    width = (SIZE - 120) // count
    for bar, height in enumerate(generator.uniform(0.1, 0.9, count)):
        left = 70 + bar * width
        draw.rectangle(
            (left, SIZE - 60 - height * 450, left + width * 0.7, SIZE - 60), fill=_colour(generator, 30, 220)
        )
    draw.line([(60, 40), (60, SIZE - 60), (SIZE - 40, SIZE - 60)], fill=(0, 0, 0), width=3)
    points = [(70 + 10 * i, 300 - 150 * math.sin(i / 5 + float(generator.random()) / 5)) for i in range(46)]
    draw.line(points, fill=_colour(generator), width=4)
    return picture


def _plain_skin(generator: np.random.Generator) -> Image.Image:
    """Healthy skin: one of its tones, lit from a side, with a fine texture and nothing on it."""
    tones = [(241, 194, 180), (224, 172, 140), (198, 134, 100), (141, 85, 60), (92, 56, 40), (225, 165, 160)]
    tone = np.asarray(tones[int(generator.integers(len(tones)))], float) + generator.normal(0, 6, 3)
    y, x = np.mgrid[0:SIZE, 0:SIZE] / SIZE - 0.5
    light = 1 + generator.uniform(0, 0.2) * (x * generator.uniform(-1, 1) + y * generator.uniform(-1, 1))
    texture = generator.normal(0, 12, (SIZE // 3, SIZE // 3))
    fine = np.asarray(Image.fromarray(texture.astype(np.float32)).resize((SIZE, SIZE), Image.Resampling.BICUBIC))
    return _picture(tone * light[..., None] + 0.5 * fine[..., None])


KINDS: dict[str, Maker] = {
    "photograph": _photograph,
    "photograph in skin tones": _toned,
    "blank page": _blank,
    "document scan": _document,
    "screenshot": _screenshot,
    "chart": _chart,
    "noise": _noise,
    "gradient": _gradient,
    "pattern": _pattern,
    "drawing of a cat": _cat,
    "plain skin": _plain_skin,
}
