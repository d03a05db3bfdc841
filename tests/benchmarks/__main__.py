"""`make bench`: how fast SkinKD is, as ratios that hardly depend on the machine.

Compared things take turns within one run; each line says what it is measured against. Every part runs in a process of
its own, so that one that fails is told and the others still count. Writes .benchmarks/latest.json and latest.md
(parts alone: files of their names).
"""

from __future__ import annotations

import core  # noqa: F401  (before numpy and torch: it says how their threads wait)

# isort: split
import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from ratios import Ratio, Settings, say

from core.training.hardware import available_cores, cpu_name

OUT = Path(".benchmarks")
PARTS = {
    "training": ("training_bench", "Training: epochs, a whole run, the study"),
    "views": ("views_bench", "Training: augmentation and stored views"),
    "torchdistill": ("torchdistill_bench", "Against torchdistill"),
    "decoding": ("decoding_bench", "Decoding"),
    "window": ("window_bench", "Window"),
    "classifying": ("classifying", "Classifying a folder"),
    "tables": ("tables_bench", "Tables and comparisons"),
    "memory": ("memory_bench", "Memory"),
    "scaling": ("scaling_bench", "Several processes against one"),
    "steps": ("steps_bench", "Steps on resident tensors"),
    "paper-epoch": ("paper_epoch_bench", "An epoch of a student of the paper"),
    "teacher-pass": ("teacher_pass_bench", "The teacher's answers by the size of a batch"),
}
"""Name on the command line, module with `measure(Settings) -> list[Ratio]`, title."""
ON_REQUEST = ("steps", "paper-epoch", "teacher-pass")
"""What says something on a GPU alone; `gpu.sh` asks for it."""


@dataclass(frozen=True)
class Part:
    """What a part brought; `problem` says why it brought nothing."""

    name: str
    ratios: list[Ratio]
    seconds: float
    problem: str = ""


def main() -> None:
    """Measure, print the table, write the files."""
    arguments = parsed()
    if arguments.write:
        measure(arguments)
        return
    say(", ".join(machine().values()))
    parts = [measured(name, arguments) for name in arguments.only or (name for name in PARTS if name not in ON_REQUEST)]
    say(f"\n{as_text(parts)}")
    file = OUT / ("-".join(arguments.only) if arguments.only else "latest")  # a part does not replace the whole
    OUT.mkdir(exist_ok=True)
    file.with_suffix(".json").write_text(json.dumps(as_document(parts, arguments), indent=2) + "\n", encoding="utf-8")
    file.with_suffix(".md").write_text(as_markdown(parts), encoding="utf-8")
    say(f"Written to {file}.json and {file}.md")
    sys.exit(any(part.problem for part in parts))


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=PARTS, help="this part alone (more than once for more)")
    parser.add_argument("--quick", action="store_true", help="the smallest measurement that still means something")
    parser.add_argument("--turns", type=int, default=3, help="how often compared things take their turn")
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)  # the process of a part: where its ratios go
    return parser.parse_args()


def measured(name: str, arguments: argparse.Namespace) -> Part:
    """Measure a part in a process of its own."""
    say(f"{PARTS[name][1]} ...")
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ratios.json"
        command = [sys.executable, __file__, "--only", name, "--turns", str(arguments.turns), "--write", str(file)]
        result = subprocess.run([*command, *(["--quick"] if arguments.quick else [])], check=False)
        seconds = time.monotonic() - begin
        if result.returncode or not file.exists():
            say(f"  {name} FAILED (exit status {result.returncode}); the other parts go on")
            return Part(name, [], seconds, f"exit status {result.returncode}")
        return Part(name, [Ratio(**values) for values in json.loads(file.read_text(encoding="utf-8"))], seconds)


def measure(arguments: argparse.Namespace) -> None:
    """The process of a part."""
    module = importlib.import_module(PARTS[arguments.only[0]][0])
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        for name in ("RUNS", "CACHE", "STATE"):  # nothing of the user's is read or changed
            os.environ[f"SKINKD_{name}"] = str(Path(folder) / name.lower())
        work = Path(folder) / "work"
        work.mkdir()
        ratios = module.measure(Settings(work, arguments.turns, arguments.quick))
    arguments.write.write_text(json.dumps([asdict(ratio) for ratio in ratios]), encoding="utf-8")


def machine() -> dict[str, str]:
    """What was measured on."""
    from importlib.metadata import version

    return {
        "processor": cpu_name(),
        "cores": f"{available_cores()} cores",
        "platform": platform.platform(),
        "python": f"Python {platform.python_version()}",
        "torch": f"torch {version('torch')}",
    }


def as_text(parts: list[Part]) -> str:
    """The table for the terminal; notes stand under their lines."""
    lines = [f"{'':56}{'measured':>11}{'reference':>11}{'ratio':>8}  goal"]
    for part in parts:
        lines.append(
            f"{PARTS[part.name][1]} ({part.seconds:.0f} s){': FAILED, ' + part.problem if part.problem else ''}"
        )
        for item in part.ratios:
            figures = f"{item.measured:11.4g}{item.reference:11.4g}{item.ratio:8.3f}"
            lines.append(f"  {item.name:54}{figures}  {verdict(item)}{item.unit}")
            lines += [f"      {text}" for text in item.note.split("; ") if text]
    return "\n".join(lines)


def as_markdown(parts: list[Part]) -> str:
    """The same for the README."""
    lines = [f"Measured on {', '.join(machine().values())}.", ""]
    lines += ["| | measured | reference | unit | ratio | goal | |", "|---|---:|---:|---|---:|---|---|"]
    for part in parts:
        lines.append(f"| **{PARTS[part.name][1]}** | | | | | | {part.problem and 'failed'} |")
        for item in part.ratios:
            goal = {True: f"{item.expected}: met", False: f"{item.expected}: NOT met", None: ""}[item.met]
            figures = f"{item.measured:.4g} | {item.reference:.4g} | {item.unit} | {item.ratio:.3f}"
            lines.append(f"| {item.name} | {figures} | {goal} | {item.note} |")
    return "\n".join(lines) + "\n"


def verdict(item: Ratio) -> str:
    """The goal and whether it is met."""
    return f"{item.expected}, {'met' if item.met else 'NOT MET'}; " if item.expected else ""


def as_document(parts: list[Part], arguments: argparse.Namespace) -> dict[str, object]:
    """Everything, for programs."""
    return {
        **machine(),
        "quick": arguments.quick,
        "turns": arguments.turns,
        "parts": [
            {
                "name": part.name,
                "seconds": round(part.seconds, 1),
                "problem": part.problem,
                "ratios": [{**asdict(item), "ratio": item.ratio, "met": item.met} for item in part.ratios],
            }
            for part in parts
        ],
    }


if __name__ == "__main__":
    main()
