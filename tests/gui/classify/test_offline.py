"""Nothing leaves the machine: the whole tab works while every way to the network is closed."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from core.data.decoding import decode_image
from core.inference.heatmap import heat_map
from core.inference.record import RecordBook, record_file
from skinkd_gui.classify.export_dialog import ClassificationExportDialog

from .conftest import MakeTab
from .tab_helpers import classify, idle


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Refuses connections and look-ups of names, and notes who tried."""
    tried: list[str] = []

    def refuse(*arguments: object, **_: object) -> None:
        tried.append(repr(arguments[1:] or arguments))
        raise OSError("the network is closed")

    for name in ("connect", "connect_ex", "sendto", "bind"):
        monkeypatch.setattr(socket.socket, name, refuse)
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "create_connection"):
        monkeypatch.setattr(socket, name, refuse)
    return tried


def test_classifying_explaining_and_exporting_ask_nobody(
    qtbot: QtBot, make_tab: MakeTab, weighed: Path, lesions: list[Path], no_network: list[str], tmp_path: Path
) -> None:
    with pytest.raises(OSError, match="closed"):
        socket.create_connection(("127.0.0.1", 9))
    no_network.clear()
    tab = make_tab(weighed)
    classify(qtbot, tab, [lesions[0].parent])
    tab.compare_with(next(folder for folder in weighed.iterdir() if folder.name.endswith("second")))
    qtbot.waitUntil(lambda: idle(tab) and tab._session.classifier() is not None)
    classifier = tab._session.classifier()
    assert classifier is not None
    heat = heat_map(classifier, decode_image(lesions[0], 64), "MEL")
    assert heat.shape == (64, 64)
    tab.open_export()
    dialog = tab.findChild(ClassificationExportDialog)
    assert isinstance(dialog, ClassificationExportDialog)
    for form, ending in enumerate((".pdf", ".csv", ".json")):
        dialog._form_group.button(form).setChecked(True)
        dialog.target.setText(str(tmp_path / f"out{ending}"))
        dialog.make_button.click()
        qtbot.waitUntil(lambda: not dialog.busy)
        assert (tmp_path / f"out{ending}").stat().st_size > 0
    dialog.reject()
    assert list(RecordBook(record_file()).entries())
    assert no_network == []
