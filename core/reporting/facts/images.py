"""Facts of the images: where they are from, which are used, how they are divided and prepared, whom they show."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence

from core.data.groups import together
from core.data.leakage import recorded_leakage
from core.data.types import Part
from core.distillation.classification import CLASSIFICATION_LOSSES
from core.documents import listed
from core.models.info import Preprocessing
from core.quantities import fraction
from core.reporting.facts.fact import RunFact
from core.reporting.facts.record import RunRecord
from core.reporting.parts import purposes
from core.reporting.privacy import name_of
from core.reporting.words import fold_words
from core.runs.environment import known_preprocessing
from core.runs.tables import SplitRow

_KNOWN = (("age", "age"), ("sex", "sex"), ("site", "site"))


def left_out_counts(record: RunRecord) -> dict[str, int]:
    """How many images were left out for each reason; of older runs, which named them, too."""
    noted = record.data.get("left_out")
    counts = noted.items() if isinstance(noted, dict) else ()
    return {str(kind): len(names) if isinstance(names, list) else int(names) for kind, names in counts if names}


def all_images(record: RunRecord) -> int:
    """How many images there were, used or not; of older runs by the sum over reasons (an image may have two)."""
    noted = record.data.get("in_all")
    reasons = sum(left_out_counts(record).values())
    return noted if isinstance(noted, int) and noted else usable_images(record) + reasons


def usable_images(record: RunRecord) -> int:
    """How many images there were without those that were left out."""
    images = record.data.get("images")
    return images if isinstance(images, int) else len(record.rows)


def part_counts(record: RunRecord) -> Counter[Part | None]:
    """Images per part; those in no part under None."""
    return Counter(row.part for row in record.rows)


def _folder(record: RunRecord) -> str:
    return record.recipe.data.path


def _data_set(record: RunRecord) -> str:
    name = name_of(record.recipe.data.path)
    layout = str(record.data.get("layout", record.recipe.data.layout))
    return f"{name} (read as {layout})" if name else ""


def _terms(record: RunRecord) -> str:
    return str(record.data.get("terms") or "")


def _usable(record: RunRecord) -> str:
    return f"{usable_images(record):,}" if record.data or record.rows else ""


def _left_out(record: RunRecord) -> str:
    return ", ".join(f"{count:,} ({kind})" for kind, count in left_out_counts(record).items())


def _flow(record: RunRecord) -> str:
    if not record.rows or not record.data:
        return ""
    every, used = all_images(record), usable_images(record)
    reasons = f": {_left_out(record)}" if every > used else ""
    return f"{every:,} images found; {every - used:,} left out{reasons}; {used:,} used: {_parts(record)}."


def _parts(record: RunRecord) -> str:
    return ", ".join(purposes(part_counts(record))) if record.rows else ""


def _exclusion(record: RunRecord) -> str:
    if not record.data:
        return ""
    rule = "Used is every image with one clear label of a known class whose file can be read; a picture that is there "
    rule += "twice counts once."
    return f"{rule} Left out: {_left_out(record) or 'none'}."


def _subsets(record: RunRecord) -> str:
    data, classes = record.recipe.data, record.recipe.classes
    kind = f"Of several kinds of pictures only {data.image_type}. " if data.image_type else ""
    mapped = getattr(classes, "mapping", None) or {}
    said = ", ".join(f"{label} to {code or 'left out'}" for label, code in dict(mapped).items())
    mapping = f"Labels mapped: {said}. " if said else ""
    left = part_counts(record)[None]
    rest = f"{left:,} usable images stand in no part." if left else "All usable images stand in one of the parts."
    return f"{kind}{mapping}{rest}" if record.rows else ""


def _grouping(record: RunRecord) -> str:
    rows = record.rows
    words = together(record.recipe.data.group_by)
    if not rows:
        return words
    lesions, patients = sum(bool(row.lesion) for row in rows), sum(bool(row.patient) for row in rows)
    return f"{words}; lesions are known of {lesions:,} and patients of {patients:,} of {len(rows):,} images"


def _leak(record: RunRecord) -> str:
    rows = record.rows
    if not any(row.part is Part.TEST for row in rows):
        return ""
    columns = [row.part for row in rows], [row.group for row in rows], [row.label for row in rows]
    known = sum(bool(row.patient) for row in rows), sum(bool(row.lesion) for row in rows)
    return recorded_leakage(*columns, record.recipe.class_set, *known).sentence


def _fold(record: RunRecord) -> str:
    return fold_words(record.recipe.data)


def _image_size(record: RunRecord) -> str:
    size = record.recipe.data.image_size
    return f"{size} × {size} pixels"


def _preprocessing(record: RunRecord) -> str:
    known = known_preprocessing(record.environment)
    return resizing_words(record.recipe.data.image_size) if known is None else preprocessing_words(known)


def resizing_words(size: int) -> str:
    """What becomes of a picture's shape, for networks that see `size` x `size` pixels."""
    return (
        "Each picture is turned upright as its file says, brought to RGB of 8 bits, and resized as a whole, without "
        f"cropping, to {size} × {size} pixels (bilinear)."
    )


def preprocessing_words(known: Preprocessing) -> str:
    """All that is done to a picture before a network sees it."""
    mean, std = (", ".join(f"{value:.3f}" for value in row) for row in (known.mean, known.std))
    scaled = f"Values from 0 to 1 are normalised per channel (mean {mean}; standard deviation {std})."
    return f"{resizing_words(known.image_size)} {scaled}"


def _missing(record: RunRecord) -> str:
    rows = record.rows
    if not rows:
        return ""
    gaps = [f"{title} of {sum(getattr(row, name) is None for row in rows):,}" for name, title in _KNOWN]
    return (
        "Images without a label or a readable file are left out; nothing is imputed. The model sees pictures alone. "
        f"Not known are {listed(gaps)} of {len(rows):,} images; they count as a group of their own."
    )


def _people(record: RunRecord) -> str:
    rows = record.rows
    told = [_ages(rows), _most(rows, "sex", "sex"), _most(rows, "site", "site")]
    for name, title in (("patient", "patients"), ("lesion", "lesions")):
        known = {getattr(row, name) for row in rows if getattr(row, name)}
        told.append(f"{len(known):,} {title}" if known else "")
    return "; ".join(text for text in told if text)


def _ages(rows: Sequence[SplitRow]) -> str:
    ages = [row.age for row in rows if row.age is not None]
    if not ages:
        return ""
    return f"age {min(ages):g} to {max(ages):g}, median {statistics.median(ages):g}, known of {len(ages):,}"


def _most(rows: Sequence[SplitRow], name: str, title: str) -> str:
    counts = Counter(value.lower() for row in rows if (value := getattr(row, name)))
    shown = ", ".join(f"{value} {count:,}" for value, count in counts.most_common(3))
    return f"{title}: {shown}{' and others' if len(counts) > 3 else ''}" if counts else ""


def _skin_tone(record: RunRecord) -> str:
    noted = Counter(row.skin_type for row in record.rows if row.skin_type is not None)
    if noted:
        types = ", ".join(f"{['I', 'II', 'III', 'IV', 'V', 'VI'][kind - 1]} {noted[kind]:,}" for kind in sorted(noted))
        return (
            f"Fitzpatrick skin type as noted in the data, of {noted.total():,} of {len(record.rows):,} images: {types}."
        )
    people = () if record.evidence is None else record.evidence.people
    tones = Counter(person.tone for person in people if person.tone)
    if not tones:
        return ""
    shown = ", ".join(f"{tone} {count:,}" for tone, count in tones.most_common())
    return f"Not noted in the data. Estimated from the {len(people):,} test pictures: {shown}."


def _classes(record: RunRecord) -> str:
    counts = Counter(row.label for row in record.rows)
    classes = record.recipe.class_set
    if not counts:
        return ", ".join(classes.names)
    return ", ".join(f"{name} {counts[code]:,}" for code, name in zip(classes.codes, classes.names, strict=True))


def _imbalance(record: RunRecord) -> str:
    values = record.recipe.optimisation
    loss, done = CLASSIFICATION_LOSSES[values.classification_loss], []
    if values.sampler == "weighted":
        done.append("Training draws every class equally often, with repeats; validation and test stay as they are.")
    if loss.for_rare_classes:
        done.append(f"The {loss.title.lower()} loss makes up for rare classes.")
    if values.adjust_logits:
        done.append(f"Its logits are adjusted to the shares of the classes afterwards (tau {values.adjust_logits:g}).")
    return " ".join(done) or "Nothing is done about unequal classes: every image is shown once an epoch."


def _test_size(record: RunRecord) -> str:
    evidence = record.evidence
    if evidence is None:
        return ""
    rare = min((row for row in evidence.detailed.per_class if row.support), key=lambda row: row.support, default=None)
    interval = evidence.intervals.weighted_f1
    width = (
        "" if interval is None else f"; the 95 % interval of weighted F1 spans {fraction(interval.high - interval.low)}"
    )
    least = "" if rare is None else f", at least {rare.support:,} of each class that it has ({rare.code})"
    images = len(evidence.predictions.labels)
    return f"The division gives {images:,} test images{least}{width}. No size was calculated beforehand."


def _synthetic(record: RunRecord) -> str:
    if record.summary.status.synthetic:
        return "All images are generated: the scores say nothing of real lesions."
    return ""


def _corrections(record: RunRecord) -> str:
    return "" if record.corrected is None else record.corrected.sentence


def _corrections_digest(record: RunRecord) -> str:
    return str(record.data.get("corrections_sha256") or "")


def _inputs(record: RunRecord) -> str:
    return "The pixels of one picture. No age, sex, site or history, and nothing that a person judged."


def _seed(record: RunRecord) -> str:
    return str(record.recipe.data.seed)


FACTS = (
    RunFact("folder", "Folder", _folder),
    RunFact("data_set", "Data set", _data_set),
    RunFact("terms", "Terms of use", _terms),
    RunFact("usable", "Usable images", _usable),
    RunFact("left_out", "Left out", _left_out),
    RunFact("flow", "Images in and out", _flow),
    RunFact("parts", "Images", _parts),
    RunFact("exclusion", "Which images", _exclusion),
    RunFact("subsets", "Subsets", _subsets),
    RunFact("grouping", "Divided", _grouping),
    RunFact("leak", "Leaking", _leak),
    RunFact("split_seed", "Seed of the division", _seed),
    RunFact("fold", "Fold", _fold),
    RunFact("image_size", "Image size", _image_size),
    RunFact("preprocessing", "Preprocessing", _preprocessing),
    RunFact("missing", "Missing facts", _missing),
    RunFact("people", "People", _people),
    RunFact("skin_tone", "Skin tone", _skin_tone),
    RunFact("classes", "Diagnoses", _classes),
    RunFact("imbalance", "Unequal classes", _imbalance),
    RunFact("test_size", "Size of the test", _test_size),
    RunFact("synthetic", "Generated images", _synthetic),
    RunFact("corrections", "Corrected test images", _corrections),
    RunFact("corrections_digest", "SHA-256 of corrections.csv", _corrections_digest),
    RunFact("inputs", "Inputs", _inputs),
)
"""Facts of the images."""
