"""Packs the frozen program of one edition for Linux: a .tar.xz to unpack anywhere and a .deb with menu entry and icons.

Usage: python installers/linux/package.py cpu|gpu [VERSION]. Reads dist/EDITION/skinkd, writes both files into dist/ and
prints their names and sizes. The same program packed twice gives the same files. Needs tar, xz, readelf and dpkg-deb.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(HERE.parent)]

import identity  # noqa: E402
import needs  # noqa: E402

_XZ = "--threads=2 -6"  # 2 and not all: each takes its own part of the file, so the number changes the result
_MEBIBYTE = 2**20


def main() -> None:
    """Pack the edition that the command line names."""
    edition = sys.argv[1] if len(sys.argv) > 1 else "cpu"
    version = sys.argv[2] if len(sys.argv) > 2 else identity.version()
    program = ROOT / "dist" / edition / "skinkd"
    if not program.is_dir():
        sys.exit(f"{program} is missing: python installers/build.py {edition}")
    os.environ.setdefault("SOURCE_DATE_EPOCH", _last_change())
    for file in (pack_archive(program, edition, version), pack_deb(program, edition, version)):
        sys.stdout.write(f"{file.relative_to(ROOT)}: {file.stat().st_size / _MEBIBYTE:.0f} MiB\n")


def pack_archive(program: Path, edition: str, version: str) -> Path:
    """The plain archive: one folder, with a page that says how to start it."""
    suffix = "" if edition == "cpu" else f"-{edition}"
    archive = ROOT / "dist" / f"skinkd-{version}-linux-x86_64{suffix}.tar.xz"
    _fill(HERE / "READ-ME.txt", program / "READ-ME.txt", VERSION=version, EDITION=edition.upper())
    owner = ["--owner=0", "--group=0", "--numeric-owner", "--sort=name", f"--mtime=@{os.environ['SOURCE_DATE_EPOCH']}"]
    top = f"--transform=s,^skinkd,skinkd-{version},S"  # S: what symbolic links point to stays
    command = ["tar", "--create", f"--use-compress-program=xz {_XZ}", *owner, top, f"--file={archive}"]
    subprocess.run([*command, f"--directory={program.parent}", "skinkd"], check=True)
    (program / "READ-ME.txt").unlink()
    return archive


def pack_deb(program: Path, edition: str, version: str) -> Path:
    """The Debian package: the program in /usr/lib/skinkd, two links in /usr/bin, and what a desktop wants to know."""
    package = "skinkd" if edition == "cpu" else f"skinkd-{edition}"
    tree = ROOT / "build" / edition / "deb"
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(program, tree / "usr" / "lib" / "skinkd", symlinks=True, copy_function=_link)
    (tree / "usr" / "bin").mkdir()
    for name in ("skinkd", "skinkd-cli"):
        (tree / "usr" / "bin" / name).symlink_to(f"../lib/skinkd/{name}")
    lay_desktop_files(tree / "usr" / "share", version)
    copyright_file = tree / "usr" / "share" / "doc" / package / "copyright"
    copyright_file.parent.mkdir(parents=True)
    copyright_file.write_text(
        "SkinKD is under the Apache License 2.0: /usr/share/common-licenses/Apache-2.0\n"
        "The licences of the packages that it carries: Help, About, Licences in the program.\n",
        encoding="utf-8",
    )
    _write_control(tree, program, package, version)
    _set_modes(tree)
    file = ROOT / "dist" / f"{package}_{version}_amd64.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zxz", "--build", tree, file], check=True, capture_output=True)
    return file


def lay_desktop_files(share: Path, version: str) -> None:
    """What a desktop wants to know, into a folder such as /usr/share: menu entry, icons, file type, description."""
    from icons import write_hicolor

    write_hicolor(share / "icons" / "hicolor")
    _fill(HERE / "share" / "skinkd.desktop", share / "applications" / "skinkd.desktop")
    _fill(HERE / "share" / "skinkd.xml", share / "mime" / "packages" / "skinkd.xml")
    date = subprocess.run(
        ["date", "--utc", f"--date=@{os.environ.get('SOURCE_DATE_EPOCH', '0')}", "+%F"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    name = "org.skinkd.SkinKD.metainfo.xml"
    _fill(HERE / "share" / name, share / "metainfo" / name, VERSION=version, DATE=date)


def control(package: str, version: str, depends: tuple[str, ...], kilobytes: int) -> str:
    """The control file of the package."""
    other = "skinkd-gpu" if package == "skinkd" else "skinkd"
    lines = [
        f"Package: {package}",
        f"Version: {version}",
        "Architecture: amd64",
        "Maintainer: SkinKD contributors <skinkd@localhost>",
        f"Installed-Size: {kilobytes}",
        f"Depends: {', '.join(depends)}",
        f"Recommends: {', '.join(needs.RECOMMENDED)}",
        f"Conflicts: {other}",
        f"Replaces: {other}",
        "Section: science",
        "Priority: optional",
        "Description: distil, compare and use classifiers of skin lesions",
        " SkinKD turns a large skin-lesion classifier into a small one, measures both",
        " honestly, and uses them on your own images. Everything stays on the computer.",
        " .",
        " For research only. Not a medical device.",
    ]
    return "\n".join(lines) + "\n"


def _write_control(tree: Path, program: Path, package: str, version: str) -> None:
    debian = tree / "DEBIAN"
    debian.mkdir()
    files = [file for file in sorted((tree / "usr").rglob("*")) if file.is_file() and not file.is_symlink()]
    kilobytes = sum(file.stat().st_size for file in files) // 1024
    (debian / "control").write_text(control(package, version, needs.depends(program), kilobytes), encoding="utf-8")
    sums = [f"{hashlib.md5(file.read_bytes()).hexdigest()}  {file.relative_to(tree)}" for file in files]
    (debian / "md5sums").write_text("\n".join(sums) + "\n", encoding="utf-8")
    for name in ("postinst", "postrm"):
        shutil.copyfile(HERE / "debian" / name, debian / name)


def _set_modes(tree: Path) -> None:
    """Everybody may read everything, and run what the build made a program."""
    for path in [tree, *tree.rglob("*")]:
        if path.is_symlink():
            continue
        runs = path.is_dir() or path.parent.name == "DEBIAN" or path.stat().st_mode & 0o100
        executable = runs and path.name not in ("control", "md5sums")
        path.chmod(0o755 if executable else 0o644)


def _link(source: str, target: str) -> str:
    """A second name for the same file: copying a gigabyte takes a while."""
    os.link(source, target)
    return target


def _fill(source: Path, target: Path, **words: str) -> None:
    """Copy a text with @NAME@ replaced."""
    text = source.read_text(encoding="utf-8")
    for name, word in words.items():
        text = text.replace(f"@{name}@", word)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


def _last_change() -> str:
    """When the source was last changed, in seconds since 1970: the date of what is packed."""
    command = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.stdout.strip() or str(int((ROOT / "pyproject.toml").stat().st_mtime))


if __name__ == "__main__":
    main()
