from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
from PIL import Image

from core.classes import CLASS_SETS
from core.errors import Cancelled
from core.evaluation.decisions import Decision
from core.events import CancelSource, Event, Progress
from core.inference.classifier import Classifier
from core.inference.decisions import ImageDecision
from core.inference.heatmap import HEAT_MAP_MEANING, NO_HEAT
from core.inference.network import TorchNetwork
from core.inference.results import RESEARCH_USE, Classification
from core.inference.similar import SimilarCase
from core.inference.trust import Assessment, Verdict
from core.models.info import ModelInfo, Preprocessing
from core.quantities import NONE
from core.reporting.classification_report import (
    PICTURE_SIDE,
    ReportImage,
    ReportSubject,
    classification_report_html,
    display_names,
    gather_images,
)

ISIC2019 = CLASS_SETS["isic2019"]

MADE = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
SHARES = (0.5, 0.2, 0.1, 0.06, 0.05, 0.04, 0.03, 0.02)
PREPROCESSING = Preprocessing(64, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
INFO = ModelInfo(
    "test_resnet", PREPROCESSING, temperature=1.7, skinkd_version="1.2", trained_on="a set", classes=ISIC2019
)
SUBJECT = ReportSubject("My <i>model</i>", INFO, "ab" * 32, (("Level", "90 %"),))
ASSESSMENT = Assessment(Verdict.UNCERTAIN, "It may be one of two.", ("MEL", "NV"), 0.9)
PICTURE = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)


def result(name: str = "x.jpg", **changes: Any) -> Classification:
    return replace(
        Classification(Path("/home/someone/patients", name), SHARES, "MEL", assessment=ASSESSMENT, classes=ISIC2019),
        **changes,
    )


def html(*images: ReportImage, subject: ReportSubject = SUBJECT) -> str:
    return classification_report_html(images, subject, made=MADE)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_data(self, data: str) -> None:
        self.text.append(data.replace("\u200b", ""))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def read(page: str) -> tuple[str, list[tuple[str, dict[str, str | None]]]]:
    """The text that a reader sees, and the tags."""
    reader = _Reader()
    reader.feed(page.partition("</head>")[2])
    return " ".join(" ".join(reader.text).split()), reader.tags


def pictures(page: str) -> list[Image.Image]:
    found = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', page)
    return [Image.open(io.BytesIO(base64.b64decode(content))) for content in found]


def test_one_image_says_everything_verdict_first() -> None:
    heat = np.zeros((64, 64), np.float32)
    heat[20:30, 20:30] = 1.0
    page = html(ReportImage(result(note="Only the first of its 3 pages was used."), PICTURE, heat, "MEL"))
    text, _ = read(page)
    order = (
        RESEARCH_USE,
        "x.jpg",
        "Uncertain",
        "It may be one of two.",
        "Can not be excluded at 90 %: Melanoma, Melanocytic nevus.",
        "Only the first of its 3 pages",
        HEAT_MAP_MEANING,
        "Likeliest: Melanoma, 50.0 %",
        "Malignant 62.0 %",
        "Squamous cell carcinoma 2.0 %",
        "Precancerous 6.0 %",
        "Actinic keratosis",
        "Benign 32.0 %",
        "Dermatofibroma 4.0 %",
        "My <i>model</i>",
        "test_resnet",
        "temperature 1.7",
        "Level 90 %",
        "ab" * 32,
    )
    places = [text.find(words) for words in order]
    assert -1 not in places, order[places.index(-1)]
    assert places == sorted(places)
    assert "2026-03-04 05:06 UTC" in text
    assert "someone" not in page
    assert len(pictures(page)) == 2


def test_names_and_reasons_are_text_and_never_markup() -> None:
    evil = '<script>alert("x")<img src=x onerror=y>&amp;.jpg'
    case = SimilarCase("n", None, "<b>", 0.5)
    images = [
        ReportImage(result(evil), PICTURE, similar=(case,)),
        ReportImage(result("b.jpg", assessment=replace(ASSESSMENT, sentence="<u>hm</u>")), PICTURE),
        ReportImage(Classification(Path(f"/x/{evil}2"), None, None, "<iframe>", classes=ISIC2019)),
    ]
    subject = replace(SUBJECT, info=replace(INFO, trained_on="<object>", architecture="<embed>"))
    text, tags = read(html(*images, subject=subject))
    wanted = {"table", "tr", "td", "th", "thead", "p", "h1", "h2", "b", "br", "span", "img", "body"}
    assert {tag for tag, _ in tags} <= wanted
    assert all((values.get("src") or "").startswith("data:image/jpeg") for tag, values in tags if tag == "img")
    assert not any(name.startswith("on") for _, values in tags for name in values)
    assert "<script>alert" in text
    assert "<iframe>" in text


def test_control_characters_in_names_are_shown_as_escapes() -> None:
    assert display_names([Path("a\nb\x07.jpg")]) == ("a\\nb\\u0007.jpg",)
    assert display_names([Path("Blåbær.jpg")]) == ("Blåbær.jpg",)


def test_names_tell_the_images_apart(tmp_path: Path) -> None:
    assert display_names([tmp_path / "one" / "a.jpg", tmp_path / "two" / "b.jpg"]) == ("a.jpg", "b.jpg")
    assert display_names([tmp_path / "one" / "a.jpg", tmp_path / "two" / "a.jpg"]) == ("one/a.jpg", "two/a.jpg")


def test_a_batch_has_counts_a_table_and_what_was_not_classified() -> None:
    images = [
        ReportImage(result("one.jpg"), PICTURE),
        ReportImage(result("two.jpg", assessment=replace(ASSESSMENT, verdict=Verdict.CONFIDENT))),
        ReportImage(Classification(Path("/x/three.jpg"), None, None, "The file is cut off.", classes=ISIC2019)),
    ]
    text, _ = read(html(*images))
    assert "3 skin lesion images" in text
    assert "Uncertain 1" in text
    assert "Likeliest: Melanoma 2" in text
    assert "Not classified 1" in text
    assert f"two.jpg {NONE} Confident MEL, NV Melanoma 50.0 % 62.0 %" in text
    assert "three.jpg The file is cut off." in text
    assert "1 of these images have no page" in text


def test_the_decision_stands_before_the_diagnosis_and_is_counted() -> None:
    made = ImageDecision(Decision.MALIGNANT, "16 of 21 test lesions called malignant were malignant.")
    withheld = ImageDecision(None, "Too few test lesions.")
    assessments = [replace(ASSESSMENT, decision=decision) for decision in (made, made, withheld, None)]
    images = [ReportImage(result(f"{i}.jpg", assessment=one), PICTURE) for i, one in enumerate(assessments)]
    page = html(*images)
    text, _ = read(page)
    assert f"Decision: {made.title} 2" in text
    assert f"Decision: {withheld.title} 1" in text
    assert f"0.jpg {made.title} Uncertain MEL, NV" in text
    one, _ = read(html(images[0]))
    order = [one.find(words) for words in (made.title, "16 of 21 test lesions", "Uncertain")]
    assert -1 not in order
    assert order == sorted(order)
    assert "#fdeaea" in page
    assert "Too few test lesions." in read(html(images[2]))[0]


def test_synthetic_models_and_missing_verdicts_are_said() -> None:
    subject = replace(SUBJECT, info=replace(INFO, synthetic=True, temperature=1.0))
    text, _ = read(html(ReportImage(result(assessment=None), PICTURE), subject=subject))
    assert "means nothing" in text
    assert "not calibrated" in text
    assert "can not tell whether its answer can be trusted" in text
    assert "excluded at" not in text


def test_what_is_no_such_image_has_no_prediction_set() -> None:
    unlike = ReportImage(result(assessment=replace(ASSESSMENT, verdict=Verdict.OUT_OF_DISTRIBUTION)), PICTURE)
    text, _ = read(html(unlike, unlike))
    assert "Not like the images this model knows" in text
    assert "excluded at" not in text
    assert "MEL, NV" not in text


def test_extreme_probabilities_are_not_rounded_to_certainty() -> None:
    sure = (0.99999, 0.00001, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    text, _ = read(html(ReportImage(result(probabilities=sure), PICTURE)))
    assert "Melanoma, > 99.9 %" in text
    assert "Melanocytic nevus < 0.1 %" in text
    assert "100.0 %" not in text


def test_an_empty_heat_map_says_so() -> None:
    text, _ = read(html(ReportImage(result(), PICTURE, np.zeros((8, 8), np.float32), "MEL")))
    assert NO_HEAT in text
    without, _ = read(html(ReportImage(result(), PICTURE, no_heat="This network has no maps.")))
    assert "This network has no maps." in without


def test_pictures_are_bounded() -> None:
    large = np.zeros((3000, 1000, 3), np.uint8)
    (picture,) = pictures(html(ReportImage(result(), large)))
    assert max(picture.size) == PICTURE_SIDE
    assert picture.width * 3 == pytest.approx(picture.height, abs=3)


def test_similar_cases_show_their_diagnosis(tmp_path: Path) -> None:
    Image.fromarray(PICTURE).save(tmp_path / "case.png")
    cases = (
        SimilarCase("a", tmp_path / "case.png", "BCC", 0.91),
        SimilarCase("b", tmp_path / "gone.png", "NV", 0.8, same_lesion=True),
        SimilarCase("c", None, "DF", 0.7, same_picture=True),
    )
    page = html(ReportImage(result(), PICTURE, similar=cases))
    text, _ = read(page)
    assert "Basal cell carcinoma, similarity 0.91" in text
    assert "Melanocytic nevus (the same lesion)" in text
    assert "Dermatofibroma (this very image)" in text
    assert len(pictures(page)) == 2


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    module = timm.create_model("test_resnet", num_classes=len(ISIC2019.codes)).eval()
    return Classifier(TorchNetwork(module, PREPROCESSING, "cpu"), INFO, "cpu", Path())


def test_pictures_and_heat_maps_are_gathered(classifier: Classifier, tmp_path: Path) -> None:
    rows = []
    for name in ("a.png", "b.png", "c.png"):
        Image.fromarray(PICTURE).save(tmp_path / name)
        rows.append(result(path=tmp_path / name))
    (tmp_path / "b.png").unlink()  # gone since it was classified
    rows.insert(0, Classification(tmp_path / "broken.png", None, None, "damaged", classes=ISIC2019))
    events: list[Event] = []
    images = gather_images(rows, classifier, emit=events.append)
    assert [image.result for image in images] == rows
    assert [image.picture is not None for image in images] == [False, True, False, True]
    assert images[1].picture is not None
    assert np.array_equal(images[1].picture, PICTURE)
    assert images[1].heat is not None
    assert images[1].heat_code == "MEL"
    assert [event.done for event in events if isinstance(event, Progress)] == [0, 1, 2, 3]
    few = gather_images(rows, most=1)
    assert [image.picture is not None for image in few] == [False, True, False, False]
    assert few[1].heat is None


def test_a_network_without_maps_still_has_a_report(tmp_path: Path) -> None:
    module = timm.create_model("test_vit", num_classes=len(ISIC2019.codes)).eval()
    preprocessing = replace(PREPROCESSING, image_size=160)
    info = replace(INFO, architecture="test_vit", preprocessing=preprocessing)
    classifier = Classifier(TorchNetwork(module, preprocessing, "cpu"), info, "cpu", Path())
    Image.fromarray(PICTURE).save(tmp_path / "a.png")
    (image,) = gather_images([result(path=tmp_path / "a.png")], classifier)
    assert image.heat is None
    assert "test_vit keeps no map" in image.no_heat


def test_gathering_can_be_cancelled(tmp_path: Path) -> None:
    source = CancelSource()
    source.cancel()
    with pytest.raises(Cancelled):
        gather_images([result()], token=source.token)
