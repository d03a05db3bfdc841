"""What a Linux desktop is told about SkinKD is right, and the Debian package asks for all that the window needs."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from safetensors.numpy import save_file

from core.models.files import METADATA_KEY
from core.system_libraries import FONT_PACKAGE, PACKAGES

ROOT = Path(__file__).resolve().parents[2]
LINUX = ROOT / "installers" / "linux"
MIME = "application/x-skinkd-model"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the Linux installer")


@pytest.fixture(scope="module", autouse=True)
def scripts() -> Iterator[None]:
    """The installers' Python files can be imported."""
    before, known = list(sys.path), set(sys.modules)
    sys.path[:0] = [str(LINUX), str(LINUX.parent)]
    yield
    sys.path[:] = before
    for name in set(sys.modules) - known:
        if str(LINUX.parent) in (getattr(sys.modules[name], "__file__", None) or ""):
            del sys.modules[name]


@pytest.fixture(scope="module")
def share(tmp_path_factory: pytest.TempPathFactory, scripts: None) -> Path:
    """What the package lays into /usr/share."""
    import package

    folder = tmp_path_factory.mktemp("share")
    package.lay_desktop_files(folder, "1.2.3")
    return folder


def desktop_entry(share: Path) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(share / "applications" / "skinkd.desktop", encoding="utf-8")
    return parser["Desktop Entry"]


def validated(*command: str | Path) -> None:
    if shutil.which(str(command[0])) is None:
        pytest.skip(f"{command[0]} is not installed")
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_menu_entry_starts_the_program_with_its_icon(share: Path) -> None:
    entry = desktop_entry(share)
    assert entry["Type"] == "Application"
    assert entry["Exec"] == "skinkd %f"
    assert entry["MimeType"] == f"{MIME};"
    icons = list((share / "icons" / "hicolor").glob(f"*/apps/{entry['Icon']}.*"))
    assert {"48x48", "256x256", "scalable"} <= {icon.parents[1].name for icon in icons}


def test_the_menu_entry_is_valid(share: Path) -> None:
    validated("desktop-file-validate", share / "applications" / "skinkd.desktop")


def test_the_window_belongs_to_the_menu_entry(share: Path) -> None:
    # Wayland's compositor finds icon and name of a window by this.
    program = (ROOT / "skinkd_gui" / "application.py").read_text(encoding="utf-8")
    assert 'setDesktopFileName("skinkd")' in program
    assert desktop_entry(share)["StartupWMClass"] == "skinkd"


def test_the_description_names_what_there_is(share: Path) -> None:
    component = ElementTree.parse(next((share / "metainfo").glob("*.xml"))).getroot()
    assert component.findtext("launchable") == "skinkd.desktop"
    assert component.findtext("provides/mediatype") == MIME
    assert component.findtext("icon") == desktop_entry(share)["Icon"]
    release = component.find("releases/release")
    assert release is not None
    assert release.get("version") == "1.2.3"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", release.get("date", ""))


def test_the_description_is_valid(share: Path) -> None:
    validated("appstreamcli", "validate", "--no-net", next((share / "metainfo").glob("*.xml")))


def test_only_models_of_skinkd_are_taken_for_such(share: Path, tmp_path: Path) -> None:
    own, other, named = (tmp_path / name for name in ("own.safetensors", "other.safetensors", "model.safetensors"))
    tensors = {"weight": np.zeros(2, np.float32)}
    save_file(tensors, own, metadata={METADATA_KEY: "{}"})
    save_file(tensors, other, metadata={"format": "pt"})
    save_file(tensors, named)
    look = (
        "import sys; from PySide6.QtCore import QMimeDatabase\n"
        "for path in sys.argv[1:]: print(QMimeDatabase().mimeTypeForFile(path).name())"
    )
    environment = os.environ | {"XDG_DATA_HOME": str(share), "XDG_DATA_DIRS": str(tmp_path / "none")}
    command = [sys.executable, "-c", look, own, other, named]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.split() == [MIME, "application/octet-stream", "application/octet-stream"]


def test_the_package_asks_for_every_library_that_the_window_may_need() -> None:
    import needs

    asked = {name for one in needs.packages(PACKAGES) for name in one.split(" | ")}
    assert set(PACKAGES.values()) <= asked
    assert "libglib2.0-0t64 | libglib2.0-0" in needs.packages(["libglib2.0.so.0", "libglib-2.0.so.0"][1:])


def test_a_library_of_no_known_package_is_named() -> None:
    import needs

    with pytest.raises(ValueError, match=r"libnew\.so\.9"):
        needs.packages(["libc.so.6", "libnew.so.9"])


@pytest.mark.skipif(shutil.which("readelf") is None, reason="needs readelf")
def test_what_the_package_asks_for_is_read_from_its_libraries(tmp_path: Path) -> None:
    import needs

    shutil.copy(os.path.realpath(shutil.which("true") or sys.executable), tmp_path / "program")
    (tmp_path / "libreadme.so").write_text("no library")
    found = needs.depends(tmp_path)
    assert any(re.fullmatch(r"libc6 \(>= 2\.\d+\)", name) for name in found)
    assert found[-1].startswith(FONT_PACKAGE)


def test_either_edition_takes_the_place_of_the_other() -> None:
    import package

    for name, other in (("skinkd", "skinkd-gpu"), ("skinkd-gpu", "skinkd")):
        fields = dict(line.split(": ", 1) for line in package.control(name, "1.0", ("libc6",), 7).splitlines()[:11])
        assert fields["Package"] == name
        assert fields["Conflicts"] == fields["Replaces"] == other
        assert fields["Depends"] == "libc6"


def test_removing_says_where_the_runs_stay_and_deletes_nothing() -> None:
    postrm = LINUX / "debian" / "postrm"
    shell = shutil.which("sh")
    assert shell is not None
    command = [shell, postrm, "remove"]  # PATH: the menu of this computer is left alone
    result = subprocess.run(command, env={"PATH": ""}, capture_output=True, text=True, timeout=60, check=True)
    for place in (".local/share/SkinKD", ".config/SkinKD", ".cache/SkinKD"):
        assert place in result.stdout
    assert not re.search(r"\brm\b|\bunlink\b|-delete", postrm.read_text(encoding="utf-8"))
