from __future__ import annotations

from pathlib import Path

from PIL import Image
from PySide6.QtCore import QSize
from pytestqt.qtbot import QtBot

from skinkd_gui.classify.pictures import DecodedPicture, PictureLoader, load_picture
from skinkd_gui.workers.job_slot import shut_down_jobs


def test_pictures_are_upright_and_fit_their_box(tmp_path: Path) -> None:
    image = Image.new("RGB", (400, 200), (0, 0, 255))
    image.paste((255, 0, 0), (0, 0, 200, 200))  # the left half is red
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned right by a quarter: red comes to the top
    image.save(tmp_path / "turned.jpg", exif=exif)
    picture = load_picture(tmp_path / "turned.jpg", QSize(100, 100))
    assert picture.image is not None
    assert picture.image.size() == QSize(50, 100)
    assert picture.image.pixelColor(25, 10).red() > 200
    assert picture.image.pixelColor(25, 90).blue() > 200


def test_small_pictures_are_not_blown_up(tmp_path: Path) -> None:
    Image.new("L", (30, 20), 90).save(tmp_path / "grey.png")
    picture = load_picture(tmp_path / "grey.png", QSize(500, 500))
    assert picture.image is not None
    assert picture.image.size() == QSize(30, 20)


def test_a_bad_file_gives_its_reason(tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_text("no image")
    assert load_picture(tmp_path / "bad.jpg", QSize(10, 10)).error
    assert "does not exist" in load_picture(tmp_path / "absent.jpg", QSize(10, 10)).error


def test_the_loader_brings_all_that_was_asked_for(qtbot: QtBot, pictures: list[Path]) -> None:
    loader = PictureLoader(QSize(20, 20), most_waiting=50)
    got: list[DecodedPicture] = []
    loader.loaded.connect(got.append)
    for file in pictures[:3]:
        loader.request(file)
    qtbot.waitUntil(lambda: len(got) == 3)
    loader.request(pictures[4])  # after the thread has ended, or while it is ending
    qtbot.waitUntil(lambda: len(got) == 4)
    assert {picture.path for picture in got} == {*pictures[:3], pictures[4]}
    shut_down_jobs(loader)


def test_the_loader_forgets_the_oldest_wishes(qtbot: QtBot, pictures: list[Path]) -> None:
    loader = PictureLoader(QSize(20, 20), most_waiting=1)
    for file in pictures:
        loader.request(file)
    assert len(loader._waiting) <= 1
    got: list[Path] = []
    loader.loaded.connect(lambda picture: got.append(picture.path))
    qtbot.waitUntil(lambda: pictures[-1] in got)
    shut_down_jobs(loader)
