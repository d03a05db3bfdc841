"""A changed source in a module's place: files of the program stay as they are, and nothing changed is ever cached."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType


class _Changed(SourceFileLoader):
    """Loads a module from another file's content, under its own name and place."""

    content = b""

    def get_code(self, fullname: str) -> CodeType:
        """Compiled anew: no cached file is read or written."""
        return compile(self.content, self.path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    def __init__(self, module: str, content: bytes) -> None:
        self._module, self._content = module, content

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The changed module's spec, for its name alone."""
        if fullname != self._module:
            return None
        found = PathFinder.find_spec(fullname, path)
        if found is None or found.origin is None:
            return None
        loader = _Changed(fullname, found.origin)
        loader.content = self._content
        return spec_from_file_location(fullname, found.origin, loader=loader)


def install(module: str, file: str) -> None:
    """From now on `module` is imported from `file`. Raises AssertionError when it was imported already."""
    assert module not in sys.modules, f"{module} is imported already"
    sys.meta_path.insert(0, _Finder(module, Path(file).read_bytes()))
