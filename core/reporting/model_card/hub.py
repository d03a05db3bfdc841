"""A model's card as model hubs read it: README.md, with YAML metadata at its head.

Fields and names are those of Hugging Face's model cards (https://huggingface.co/docs/hub/model-cards): licence,
library, task, tags, and the scores as `model-index`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from core.evaluation.intervals import OVERALL
from core.inference.export.onnx_file import read_onnx_info
from core.inference.export.report import ExportReport, explanation, verdict
from core.reporting.measured_tables import exports_table
from core.reporting.model_card.content import CardContent
from core.reporting.model_card.sections import CardSection, card_text
from core.reporting.privacy import paths_of, without_paths
from core.reporting.words import score_name

_TYPES = {"accuracy": "accuracy", "weighted_f1": "f1", "macro_f1": "f1", "balanced_accuracy": "balanced_accuracy"}
"""The names of scores in the metadata."""

_LICENCES = {
    "cc by-nc 4.0": "cc-by-nc-4.0",
    "cc-by-nc 4.0": "cc-by-nc-4.0",
    "cc by 4.0": "cc-by-4.0",
    "cc-by": "cc-by-4.0",
    "cc-0": "cc0-1.0",
    "cc0": "cc0-1.0",
    "apache-2.0": "apache-2.0",
    "mit": "mit",
}
"""Licences that hubs know by a short name; another one is `other`, and told in the text."""

_USE = """```python
import numpy as np, onnxruntime as ort
from PIL import Image, ImageOps

session = ort.InferenceSession("{file}")
picture = ImageOps.exif_transpose(Image.open("lesion.jpg")).convert("RGB")
squashed = np.asarray(picture.resize(({size}, {size}), Image.Resampling.BILINEAR))  # uint8; normalised in the file
logits = session.run(["logits"], {{"images": squashed[None]}})[0][0].astype(float)
powers = np.exp((logits - logits.max()) / {temperature!r})
probabilities = dict(zip({classes}, powers / powers.sum()))
```

The filter that makes the picture smaller is anti-aliased; one that is not gives other answers. Android:
`com.microsoft.onnxruntime:onnxruntime-android`; iOS: `microsoft/onnxruntime-swift-package-manager`.
Input, normalisation, classes and temperature stand in the file's metadata too:
`session.get_modelmeta().custom_metadata_map`.
In SkinKD: `skinkd-cli classify {file} IMAGES`.
"""


def beginning_of_card(file: str) -> str:
    """How the card of a file begins, by which one that SkinKD wrote before is known."""
    return f"---\n# Model card of {json.dumps(file, ensure_ascii=False)}, made by SkinKD; the next export replaces it\n"


def card_readme(card: CardContent, export: ExportReport | None = None, extra: tuple[CardSection, ...] = ()) -> str:
    """The card as README.md, of the model or of a file that it was exported to. Holds no path of this computer."""
    if export is not None and export.file is not None:
        card = replace(card, file=export.file, size=export.rows[-1].size_bytes)
    sections = (*extra, *_written(card), *_exported(card, export))
    body = card_text(card, sections)
    known = () if card.recipe is None else paths_of(card.recipe)
    return f"{beginning_of_card(card.file.name)}{_yaml(metadata(card))}---\n\n{without_paths(body, known)}"


def metadata(card: CardContent) -> dict[str, Any]:
    """What stands at the card's head."""
    found: dict[str, Any] = {
        "license": _licence(card),
        "library_name": "onnx" if card.exported else "timm",
        "pipeline_tag": "image-classification",
        "tags": ["skinkd", "dermatology", "skin-lesions", "medical", "research-only", card.info.architecture],
        "metrics": sorted(set(_TYPES.values())),
    }
    if card.data_name:
        found["datasets"] = [card.data_name]
    if card.evidence is not None:
        found["model-index"] = [{"name": card.name, "results": [_result(card)]}]
    return found


def _result(card: CardContent) -> dict[str, Any]:
    assert card.evidence is not None
    scores = card.evidence.detailed.scores
    listed = [
        {"type": _TYPES[name], "name": score_name(name), "value": round(float(getattr(scores, name)), 4)}
        for name in OVERALL
    ]
    name = card.data_name or "own test images"
    return {
        "task": {"type": "image-classification", "name": "Diagnosis of skin lesions"},
        "dataset": {"type": name, "name": name, "split": "test"},
        "metrics": listed,
    }


def _licence(card: CardContent) -> str:
    """The licence that its authors gave the model; without one it is unknown, whatever the images are under."""
    said = "" if card.record is None else card.record.statement.entry("licence")
    return _LICENCES.get(said.strip().lower(), "other") if said else "unknown"


def _written(card: CardContent) -> Iterable[CardSection]:
    """What its authors wrote in the form."""
    if card.record is None or not card.record.statement.entries:
        return
    from core.runs.statement import QUESTIONS

    entry = card.record.statement.entry
    facts = tuple((each.title, text) for each in QUESTIONS if (text := entry(each.key)))
    yield CardSection("What its authors say", facts)


def _exported(card: CardContent, export: ExportReport | None) -> Iterable[CardSection]:
    if export is None or export.file is None:
        return
    notes = (verdict(export), f"Checked on {export.checked_on}. {explanation(export)}", *export.notes)
    yield CardSection("The exported file", (), notes, exports_table([export]))
    info = read_onnx_info(export.file)  # an export may have a temperature of its own
    facts = {"size": info.preprocessing.image_size, "temperature": info.temperature, "classes": [*info.classes.codes]}
    yield CardSection("How to use it", text=_USE.format(file=export.file.name, **facts))


def _yaml(values: Any, indent: int = 0) -> str:
    """Plain values as YAML; texts are quoted as in JSON, which YAML reads."""
    lines = []
    for key, value in values.items():
        head = f"{' ' * indent}{key}:"
        if isinstance(value, dict):
            lines.append(f"{head}\n{_yaml(value, indent + 2)}")
        elif isinstance(value, list):
            items = "".join(_item(item, indent) for item in value)
            lines.append(f"{head}\n{items}")
        else:
            lines.append(f"{head} {json.dumps(value, ensure_ascii=False)}\n")
    return "".join(lines)


def _item(item: Any, indent: int) -> str:
    if not isinstance(item, dict):
        return f"{' ' * indent}- {json.dumps(item, ensure_ascii=False)}\n"
    text = _yaml(item, indent + 2)
    return f"{' ' * indent}- {text.lstrip()}"
