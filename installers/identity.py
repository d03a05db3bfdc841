"""What Windows and macOS are told about the program: version, icon, signature, the files that it opens.

`skinkd.spec` hands these to PyInstaller. As a program, `python identity.py version|numbers|macos` prints one fact for
the scripts: the version of pyproject.toml, its four numbers, the oldest macOS. Needs the standard library alone.
"""

from __future__ import annotations

import os
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ICONS = ROOT / "build" / "icons"  # where icons.py draws
ENTITLEMENTS = ROOT / "installers" / "macos" / "entitlements.plist"
BUNDLE_IDENTIFIER = "org.skinkd.SkinKD"
OLDEST_MACOS = "14.0"  # what the wheels of requirements.lock ask for; onnxruntime asks for most
COPYRIGHT = "SkinKD contributors, Apache-2.0"
DESCRIPTIONS = {"skinkd": "SkinKD", "skinkd-cli": "SkinKD command line"}
MODEL_ENDINGS = {"safetensors": "SkinKD model", "onnx": "SkinKD model for exchange"}
CPP_RUNTIME = ("msvcp140.dll", "vcruntime140.dll", "vcruntime140_1.dll", "vcruntime140_threads.dll")
_FOLDERS = ("DesktopFolder", "DocumentsFolder", "DownloadsFolder", "NetworkVolumes", "RemovableVolumes")


def version() -> str:
    """SkinKD's version as pyproject.toml has it; there is no other place."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def numbers(text: str) -> tuple[int, int, int, int]:
    """A version as the four numbers that Windows compares: '1.2rc3' is (1, 2, 0, 0). Raises ValueError."""
    found = re.match(r"\d+(\.\d+){0,3}", text)
    if found is None:
        raise ValueError(f"{text!r} does not begin with a number")
    first, second, third, fourth, *_ = [*map(int, found[0].split(".")), 0, 0, 0]
    return first, second, third, fourth


def version_resource(program: str, text: str) -> str:
    """The version information of a Windows program, in the form that PyInstaller reads from a file."""
    words = {
        "CompanyName": "SkinKD",
        "FileDescription": DESCRIPTIONS[program],
        "FileVersion": text,
        "InternalName": program,
        "LegalCopyright": COPYRIGHT,
        "OriginalFilename": f"{program}.exe",
        "ProductName": "SkinKD",
        "ProductVersion": text,
    }
    strings = ", ".join(f"StringStruct({name!r}, {value!r})" for name, value in words.items())
    # 040904B0 and [1033, 1200]: English (United States), Unicode
    return (
        f"VSVersionInfo(ffi=FixedFileInfo(filevers={numbers(text)}, prodvers={numbers(text)}), kids=[\n"
        f"  StringFileInfo([StringTable('040904B0', [{strings}])]),\n"
        "  VarFileInfo([VarStruct('Translation', [1033, 1200])])])\n"
    )


def program_options(program: str, system: str = sys.platform) -> dict[str, str]:
    """PyInstaller's EXE arguments that only one system has. Writes the version file that it names, on Windows."""
    if system == "win32":
        file = ROOT / "build" / f"{program}-version.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(version_resource(program, version()), encoding="utf-8")
        return {"version": str(file), "icon": str(ICONS / "skinkd.ico")}
    identity = os.environ.get("SKINKD_CODESIGN_IDENTITY", "")
    if system == "darwin" and identity:
        return {"codesign_identity": identity, "entitlements_file": str(ENTITLEMENTS)}
    return {}


def system_libraries(system: str = sys.platform) -> list[tuple[str, str]]:
    """Libraries of the system that go into the program, as PyInstaller's Analysis takes them: (file, folder).

    On Windows the Visual C++ runtime that torch asks for. PyInstaller leaves `vcruntime140_threads.dll` to the system,
    which a clinician's computer may lack, and takes the others from the first folder of the PATH that has them, however
    old; torch dies in a `msvcp140.dll` before 14.40.
    """
    if system != "win32":
        return []
    folder = Path(os.environ["SYSTEMROOT"]) / "System32"
    return [(str(folder / name), ".") for name in CPP_RUNTIME]


def bundle_information() -> dict[str, object]:
    """The Info.plist of SkinKD.app, beyond what PyInstaller writes by itself.

    `NSRequiresAquaSystemAppearance` is left out: with it the window would stay light in dark mode.
    """
    release = ".".join(map(str, numbers(version())[:3]))
    return {
        "CFBundleExecutable": "skinkd",
        "CFBundleShortVersionString": release,
        "CFBundleVersion": release,
        "CFBundleDocumentTypes": [_document_type(ending) for ending in MODEL_ENDINGS],
        "UTImportedTypeDeclarations": [_type_declaration(ending) for ending in MODEL_ENDINGS],
        "LSBackgroundOnly": False,  # PyInstaller would set it, for the sake of skinkd-cli: no window, no menu
        "LSMinimumSystemVersion": OLDEST_MACOS,
        "NSHighResolutionCapable": True,
        "NSHumanReadableCopyright": COPYRIGHT,
        "NSPrincipalClass": "NSApplication",
        **{f"NS{folder}UsageDescription": "SkinKD opens the images and models you choose." for folder in _FOLDERS},
    }


def _type_name(ending: str) -> str:
    return f"{BUNDLE_IDENTIFIER}.{ending}"


def _document_type(ending: str) -> dict[str, object]:
    return {
        "CFBundleTypeName": MODEL_ENDINGS[ending],
        "CFBundleTypeRole": "Viewer",
        "LSHandlerRank": "Alternate",  # offered under "Open With"; takes the files from no other program
        "LSItemContentTypes": [_type_name(ending)],
    }


def _type_declaration(ending: str) -> dict[str, object]:
    return {
        "UTTypeIdentifier": _type_name(ending),
        "UTTypeDescription": MODEL_ENDINGS[ending],
        "UTTypeConformsTo": ["public.data"],
        "UTTypeTagSpecification": {"public.filename-extension": [ending]},
    }


if __name__ == "__main__":
    facts = {"version": version(), "numbers": ".".join(map(str, numbers(version()))), "macos": OLDEST_MACOS}
    if len(sys.argv) != 2 or sys.argv[1] not in facts:
        sys.exit("usage: identity.py version|numbers|macos")
    sys.stdout.write(facts[sys.argv[1]] + "\n")
