"""Which file a cell of a table means. A table speaks for the files beside or below it, and luck decides nothing."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from core.data.finding import Folder, relative_name, without_downsampled, without_suffix

_ENOUGH = 0.5
"""How many of the names that are found anywhere the folder of a table must have for it to speak of that folder only."""


class ImageIndex:
    """The image files of a folder by their names, without suffix and ISIC's `_downsampled`, in any case."""

    def __init__(self, folder: Folder) -> None:
        self.root = folder.root
        self.names = {path: relative_name(path, folder.root) for path in folder.images}
        self._files: dict[str, list[tuple[str, Path]]] = {}
        for path, name in self.names.items():
            lower = _composed(name.lower())
            self._files.setdefault(_key(lower), []).append((lower, path))

    def has(self, cell: str) -> bool:
        """Whether any file may be meant."""
        return _key(_cleaned(cell)) in self._files

    def scope_of(self, table: Path, cells: Sequence[str]) -> str:
        """The folder whose files a table speaks of, as the beginning of their names: the one beside it of its own name,
        its own or the nearest one above, whichever first holds most of the files that `cells` name."""
        places = (table.with_suffix(""), *table.parents)  # siteA.csv may stand beside siteA
        parents = [folder for folder in places if folder.is_relative_to(self.root)]
        wanted = [cell for cell in cells if self.has(cell)]
        for folder in parents:
            scope = self._beginning(folder)
            if folder == self.root or sum(bool(self.find(cell, scope)) for cell in wanted) > _ENOUGH * len(wanted):
                return scope
        return ""

    def find(self, cell: str, scope: str, *, strict: bool = False) -> list[Path]:
        """The files below `scope` that a cell may mean; more than one where it does not say which.

        The folders in a cell count as far as there are such; with `strict` a file in another folder is another file.
        """
        wanted = _cleaned(cell)
        files = [item for item in self._files.get(_key(wanted), ()) if item[0].startswith(scope)]
        if len(files) == 1 and not strict:
            return [files[0][1]]
        for simplified in (_same, without_suffix, _plain):
            ends = simplified(wanted)
            found = [path for name, path in files if f"/{simplified(name)}".endswith(f"/{ends}")]
            if found:
                at_root = [path for name, path in files if simplified(name) == scope + ends]
                exact = [path for path in found if path.name == PurePosixPath(cell.replace("\\", "/")).name]
                return next(kept for kept in (at_root, exact, found) if len(kept) == 1 or kept is found)
        return [] if strict else [path for _, path in files]

    def distinguished(self, files: Sequence[Path], cells: Sequence[str]) -> list[Path]:
        """Of files that one name fits, the one whose folders the other cells of the row name (a part, a site, a label);
        all of them where the row does not say."""
        words = {cell.lower() for cell in cells if cell}
        named = [sum(folder in words for folder in self.names[path].lower().split("/")[:-1]) for path in files]
        best = [path for path, count in zip(files, named, strict=True) if count == max(named)]
        return best if len(best) == 1 else list(files)

    def names_folders(self, cells: Sequence[str], scope: str) -> bool:
        """Whether the cells name files with folders that are there."""
        return any("/" in _cleaned(cell) and self.find(cell, scope, strict=True) for cell in cells)

    def _beginning(self, folder: Path) -> str:
        below = relative_name(folder, self.root).lower()
        return "" if below == "." else f"{below}/"


def _cleaned(cell: str) -> str:
    """What a cell says of a file: in small letters, with slashes, without leading dots."""
    return _composed(cell.strip().replace("\\", "/").lower().removeprefix("./").lstrip("/"))


def _composed(text: str) -> str:
    """With accents as macOS and others write them alike."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _same(name: str) -> str:
    return name


def _plain(name: str) -> str:
    return without_downsampled(without_suffix(name))


def _key(name: str) -> str:
    """The bare name of a file, in small letters already."""
    return _plain(name.rpartition("/")[2])
