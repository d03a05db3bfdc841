"""What Windows and macOS are told: version information that PyInstaller reads, an Info.plist, entitlements, texts."""

from __future__ import annotations

import importlib.util
import plistlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from skinkd_gui.single_instance import INSTALLER_MUTEX

ROOT = Path(__file__).resolve().parents[2]
WINDOWS = ROOT / "installers" / "windows"
MACOS = ROOT / "installers" / "macos"


@pytest.fixture(scope="module")
def identity() -> ModuleType:
    spec = importlib.util.spec_from_file_location("identity", ROOT / "installers" / "identity.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def setup_directives() -> dict[str, str]:
    text = (WINDOWS / "skinkd.iss").read_text(encoding="utf-8")
    section = text.partition("[Setup]\n")[2].partition("\n[")[0]
    return dict(re.findall(r"^(\w+)=(.*)$", section, re.MULTILINE))


def test_the_version_comes_from_one_place(identity: ModuleType) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert identity.version() == project["version"]
    script = [sys.executable, str(ROOT / "installers" / "identity.py")]
    said = [
        subprocess.run([*script, word], check=True, capture_output=True, text=True, timeout=60).stdout.strip()
        for word in ("version", "numbers", "macos")
    ]
    assert said == [identity.version(), ".".join(map(str, identity.numbers(identity.version()))), "14.0"]
    assert setup_directives()["AppVersion"] == "{#AppVersion}"
    assert setup_directives()["VersionInfoVersion"] == "{#Numbers}"


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("0.1.0", (0, 1, 0, 0)), ("2", (2, 0, 0, 0)), ("1.2rc3", (1, 2, 0, 0)), ("1.2.3.4.5", (1, 2, 3, 4))],
)
def test_windows_gets_four_numbers(identity: ModuleType, text: str, numbers: tuple[int, ...]) -> None:
    assert identity.numbers(text) == numbers


def test_a_version_without_a_number_is_refused(identity: ModuleType) -> None:
    with pytest.raises(ValueError, match="does not begin with a number"):
        identity.numbers("unknown")


def test_the_version_resource_is_what_pyinstaller_evaluates(identity: ModuleType) -> None:
    # PyInstaller evaluates the text with classes of these names and arguments.
    names: dict[str, Any] = {
        "VSVersionInfo": lambda ffi, kids: (ffi, kids),
        "FixedFileInfo": lambda filevers, prodvers: (filevers, prodvers),
        "StringFileInfo": lambda kids: dict(kids[0]),
        "StringTable": lambda name, kids: kids if name == "040904B0" else [],
        "StringStruct": lambda name, value: (name, value),
        "VarFileInfo": lambda kids: kids[0],
        "VarStruct": lambda name, values: (name, values),
    }
    fixed, (strings, variables) = eval(identity.version_resource("skinkd-cli", "1.2.3rc1"), names)
    assert fixed == ((1, 2, 3, 0), (1, 2, 3, 0))
    assert strings["ProductVersion"] == "1.2.3rc1"
    assert strings["OriginalFilename"] == "skinkd-cli.exe"
    assert variables == ("Translation", [1033, 1200])


def test_only_the_system_at_hand_is_told(identity: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(identity, "ROOT", tmp_path)
    monkeypatch.setattr(identity, "version", lambda: "1.2.3")
    monkeypatch.delenv("SKINKD_CODESIGN_IDENTITY", raising=False)
    assert identity.program_options("skinkd", "linux") == {}
    assert identity.program_options("skinkd", "darwin") == {}
    options = identity.program_options("skinkd", "win32")
    assert Path(options["version"]).read_text(encoding="utf-8").startswith("VSVersionInfo(")
    assert Path(options["icon"]).name == "skinkd.ico"
    monkeypatch.setenv("SKINKD_CODESIGN_IDENTITY", "Developer ID Application: X (Y)")
    signed = identity.program_options("skinkd", "darwin")
    assert signed["codesign_identity"] == "Developer ID Application: X (Y)"
    assert Path(signed["entitlements_file"]).is_file()


def test_windows_gets_the_runtime_that_pyinstaller_leaves_out(
    identity: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert identity.system_libraries("linux") == identity.system_libraries("darwin") == []
    monkeypatch.setenv("SYSTEMROOT", "C:\\Windows")
    files = identity.system_libraries("win32")
    assert {folder for _, folder in files} == {"."}
    script = (WINDOWS / "build.ps1").read_text(encoding="ascii")
    for name in ("msvcp140.dll", "vcruntime140.dll", "vcruntime140_1.dll", "vcruntime140_threads.dll"):
        assert any(Path(file).name == name for file, _ in files)
        assert f'"{name}"' in script
    spec = (ROOT / "installers" / "skinkd.spec").read_text(encoding="utf-8")
    assert "binaries=identity.system_libraries()" in spec


def test_the_mac_program_is_one_with_a_window(identity: ModuleType) -> None:
    information = plistlib.loads(plistlib.dumps(identity.bundle_information()))
    assert information["CFBundleExecutable"] == "skinkd"
    assert information["LSBackgroundOnly"] is False
    assert information["NSHighResolutionCapable"] is True
    assert "NSRequiresAquaSystemAppearance" not in information
    assert re.fullmatch(r"\d+\.\d+\.\d+", information["CFBundleVersion"])


def test_model_files_are_opened_but_not_taken(identity: ModuleType) -> None:
    information = identity.bundle_information()
    declared = {one["UTTypeIdentifier"]: one for one in information["UTImportedTypeDeclarations"]}
    for kind in information["CFBundleDocumentTypes"]:
        assert kind["LSHandlerRank"] == "Alternate"
        assert set(kind["LSItemContentTypes"]) <= set(declared)
    script = (WINDOWS / "skinkd.iss").read_text(encoding="utf-8")
    for ending in identity.MODEL_ENDINGS:
        assert f'Subkey: "Software\\Classes\\.{ending}\\OpenWithProgids"' in script
        assert f'Subkey: "Software\\Classes\\.{ending}";' not in script  # would become what opens them


def test_the_entitlements_open_two_doors_and_no_third(identity: ModuleType) -> None:
    entitlements = plistlib.loads(identity.ENTITLEMENTS.read_bytes())
    assert entitlements == {
        "com.apple.security.cs.allow-jit": True,
        "com.apple.security.cs.allow-unsigned-executable-memory": True,
    }


def test_the_windows_installer_is_for_one_user_and_finds_its_older_versions() -> None:
    setup = setup_directives()
    assert setup["PrivilegesRequired"] == "lowest"
    assert setup["DefaultDirName"] == "{autopf}\\SkinKD"
    assert re.fullmatch(r"\{\{[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}\}", setup["AppId"])
    assert setup["AppId"][1:] + "_is1" in (WINDOWS / "try.ps1").read_text(encoding="ascii")
    assert setup["AppMutex"] == INSTALLER_MUTEX
    assert "HKLM" not in (WINDOWS / "skinkd.iss").read_text(encoding="utf-8")


def test_the_sources_of_the_windows_installer_exist() -> None:
    text = (WINDOWS / "skinkd.iss").read_text(encoding="utf-8")
    named = re.findall(r"\.\.\\\.\.\\([\w.\\-]+)", text)
    built = ("dist", "build")  # at the time of building
    assert {name for name in named if not name.startswith(built)} == {"LICENSE"}
    assert (ROOT / "LICENSE").is_file()


@pytest.mark.parametrize("script", sorted(path.name for path in WINDOWS.glob("*.ps1")))
def test_powershell_scripts_read_the_same_in_every_code_page(script: str) -> None:
    text = (WINDOWS / script).read_bytes().decode("ascii")
    assert text.count("{") == text.count("}")
    assert text.count("(") == text.count(")")
    assert '$ErrorActionPreference = "Stop"' in text


def test_where_the_work_stays_is_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    from platformdirs.macos import MacOS

    for name in ("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    there = MacOS("SkinKD", appauthor=False)
    home = str(Path.home())
    text = (MACOS / "READ-ME.txt").read_text(encoding="utf-8")
    for folder in (there.user_data_dir, there.user_state_dir, there.user_cache_dir, there.user_log_dir):
        assert folder.replace(home, "~") + " " in text


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_the_mac_script_can_be_read_and_refuses_other_systems() -> None:
    script = str(MACOS / "build.sh")
    assert subprocess.run(["sh", "-n", script], check=False, timeout=60).returncode == 0
    if sys.platform != "darwin":
        result = subprocess.run(["sh", script], capture_output=True, text=True, check=False, timeout=120)
        assert result.returncode == 1
        assert "on macOS" in result.stderr
