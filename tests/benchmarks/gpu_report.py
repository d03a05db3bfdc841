"""What `gpu.sh` found: `facts FILE` says what the machine has, `summary FOLDER` puts all its files into one page."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("torch", "torchvision", "timm", "lightning-fabric", "lightning", "numpy", "triton")
BENCHES = ("steps", "paper-epoch", "teacher-pass", "scaling")


def facts() -> dict[str, Any]:
    """Versions, GPUs, driver; and whether the program itself sees the GPU."""
    import torch

    found: dict[str, Any] = {"python": platform.python_version(), "os": platform.platform()}
    found["packages"] = {name: _version(name) for name in PACKAGES if _version(name)}
    found["cuda"] = torch.version.cuda
    found["driver"] = _driver()
    found["gpus"] = [
        {"name": own.name, "memory": own.total_memory, "generation": f"{own.major}.{own.minor}"}
        for own in map(torch.cuda.get_device_properties, range(torch.cuda.device_count()))
    ]
    from core.recipe.schema import HardwareRecipe
    from core.training.hardware import resolve

    found["skinkd"] = resolve(HardwareRecipe()).description
    return found


def summary(folder: Path) -> str:
    """All results as Markdown: what was found, the tests, the ratios; and what brought nothing, with its last lines."""
    lines = ["# SkinKD on this machine", ""]
    known = _json(folder / "facts.json")
    gpus = ", ".join(f"{gpu['name']} ({gpu['memory'] / 2**30:.0f} GiB)" for gpu in known.get("gpus", []))
    packages = ", ".join(f"{name} {number}" for name, number in known.get("packages", {}).items())
    lines += [
        f"{gpus or 'no GPU: a dry run, whose speeds mean nothing'}; driver {known.get('driver') or 'none'}; {packages}"
    ]
    lines += ["", *_tests(folder / "tests.xml"), ""]
    for name in BENCHES:
        file = folder / ".benchmarks" / f"{name}.md"
        if file.is_file():
            lines += [file.read_text(encoding="utf-8"), ""]
    for log in sorted(folder.glob("*.failed")):
        lines += [f"**{log.stem} failed** ({log.read_text().strip()}):", "", "```"]
        lines += [*log.with_suffix(".log").read_text(errors="replace").splitlines()[-15:], "```", ""]
    return "\n".join(lines)


def _tests(file: Path) -> list[str]:
    if not file.is_file():
        return ["**tests: no result**"]
    cases = list(ElementTree.parse(file).iter("testcase"))
    bad = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    skipped = [case for case in cases if case.find("skipped") is not None]
    told = [f"Tests: {len(cases) - len(bad) - len(skipped)} passed, {len(bad)} failed, {len(skipped)} skipped."]
    for case in bad:
        found = case.find("failure") if case.find("failure") is not None else case.find("error")
        message = "" if found is None else str(found.get("message", "")).splitlines()[:1]
        told.append(f"- {case.get('name')}: {' '.join(message)[:300]}")
    return told


def _json(file: Path) -> dict[str, Any]:
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else {}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _driver() -> str:
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return ""
    return asked.stdout.split("\n")[0].strip()


if __name__ == "__main__":
    if sys.argv[1] == "facts":
        document = json.dumps(facts(), indent=2)
        Path(sys.argv[2]).write_text(f"{document}\n", encoding="utf-8")
        sys.stdout.write(f"{document}\n")
    else:
        text = summary(Path(sys.argv[2]))
        (Path(sys.argv[2]) / "summary.md").write_text(text, encoding="utf-8")
        sys.stdout.write(text)
