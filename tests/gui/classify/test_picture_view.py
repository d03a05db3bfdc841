from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from skinkd_gui.classify.picture_view import MOST, PictureView
from skinkd_gui.classify.pictures import FULL, halves, load_picture


def coloured(width: int, height: int) -> QImage:
    """The left half red, the right half blue."""
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    for x in range(width // 2, width):
        for y in range(height):
            image.setPixelColor(x, y, QColor("blue"))
    return image


@pytest.fixture
def view(qtbot: QtBot) -> PictureView:
    made = PictureView()
    qtbot.addWidget(made)
    made.resize(240, 120)
    made.show()
    return made


def wheel(view: PictureView, place: QPointF, turn: int) -> bool:
    none = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    event = QWheelEvent(place, place, QPoint(), QPoint(0, turn), *none, Qt.ScrollPhase.NoScrollPhase, False)
    QApplication.sendEvent(view, event)
    return event.isAccepted()


def test_a_picture_fits_with_its_proportions(view: PictureView) -> None:
    view.show_layers([coloured(400, 400)])
    assert view.image_rect == QRectF(60, 0, 120, 120)
    assert view.zoom == pytest.approx(0.3)
    view.resize(300, 200)
    assert view.image_rect.size().toSize() == QSize(200, 200)  # it stays fitted


def test_keys_zoom_and_move(qtbot: QtBot, view: PictureView) -> None:
    view.show_layers([coloured(400, 400)])
    qtbot.keyClick(view, Qt.Key.Key_1)
    assert view.zoom == 1.0
    assert view.image_rect.center() == QPointF(120, 60)
    qtbot.keyClick(view, Qt.Key.Key_Right)
    assert view.image_rect.center().x() < 120
    for _ in range(40):
        qtbot.keyClick(view, Qt.Key.Key_Left)
    assert view.image_rect.x() == pytest.approx(0)  # never beyond its edge
    qtbot.keyClick(view, Qt.Key.Key_Plus)
    assert view.zoom > 1.0
    for _ in range(40):
        view.zoom_in()
    assert view.zoom == MOST
    qtbot.keyClick(view, Qt.Key.Key_0)
    assert view.fitted
    view.zoom_out()
    assert view.fitted  # not smaller than the view


def test_arrow_keys_of_a_fitted_picture_go_on_to_what_is_around(qtbot: QtBot) -> None:
    class Around(QWidget):
        keys = 0

        def keyPressEvent(self, event: object) -> None:
            self.keys += 1

    around = Around()
    qtbot.addWidget(around)
    view = PictureView(around)
    view.resize(100, 100)
    view.show_layers([coloured(400, 400)])
    around.show()
    qtbot.keyClick(view, Qt.Key.Key_Left)
    assert around.keys == 1
    view.show_pixels()
    qtbot.keyClick(view, Qt.Key.Key_Left)
    assert around.keys == 1


def test_the_wheel_zooms_around_the_mouse(view: PictureView) -> None:
    view.show_layers([coloured(400, 200)])
    point = QPointF(40, 30)

    def under() -> QPointF:
        place = view.image_rect
        return QPointF((point.x() - place.x()) / place.width(), (point.y() - place.y()) / place.height())

    before = under()
    for _ in range(3):
        assert wheel(view, point, 240)
    assert view.zoom > 1
    assert (under() - before).manhattanLength() < 1e-6
    view.show_layers((), "nothing")
    assert not wheel(view, point, 240)  # what is around may scroll


def test_the_mouse_moves_a_zoomed_picture(qtbot: QtBot, view: PictureView) -> None:
    view.show_layers([coloured(400, 400)])
    view.show_pixels()
    before = view.image_rect
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(100, 50))
    qtbot.mouseMove(view, QPoint(60, 40))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(60, 40))
    assert view.image_rect.topLeft() - before.topLeft() == QPointF(-40, -10)


def test_what_is_painted_is_the_part_that_is_seen(view: PictureView) -> None:
    image = coloured(1600, 800)
    view.show_layers([image, *halves(image)])

    def colour(x: int) -> str:
        return view.grab().toImage().pixelColor(x, 60).name()

    assert (colour(20), colour(220)) == ("#ff0000", "#0000ff")
    view.show_pixels()
    view._move_by(-400, 0)
    assert (colour(20), colour(220)) == ("#ff0000", "#ff0000")


def test_a_heat_map_lies_over_the_whole_picture_and_fades(view: PictureView) -> None:
    view.show_layers([coloured(400, 200)])
    heat = QImage(4, 4, QImage.Format.Format_ARGB32_Premultiplied)
    heat.fill(Qt.GlobalColor.transparent)
    for y in range(4):
        heat.setPixelColor(3, y, QColor(255, 255, 0))  # the right quarter is hot
    view.show_heat(heat)
    view.set_opacity(1.0)
    image = view.grab().toImage()
    assert image.pixelColor(10, 60).name() == "#ff0000"
    assert image.pixelColor(235, 60).name() == "#ffff00"
    view.set_opacity(0.0)
    assert view.grab().toImage().pixelColor(235, 60).name() == "#0000ff"
    view.show_layers([coloured(400, 200)])
    assert view.heat is None  # another picture has another map


def test_layers_are_halves_and_upright(tmp_path: Path) -> None:
    image = Image.new("RGB", (2000, 1000), (0, 0, 255))
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "turned.jpg", exif=exif)
    picture = load_picture(tmp_path / "turned.jpg", FULL, layered=True)
    assert picture.image is not None
    sizes = [layer.size() for layer in (picture.image, *picture.smaller)]
    assert sizes == [QSize(1000, 2000), QSize(500, 1000), QSize(250, 500)]
    assert picture.smaller[-1].pixelColor(100, 100).blue() > 200
