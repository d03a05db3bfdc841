"""Nothing leaves the computer unless pretrained weights are asked for.

A program of its own does everything that SkinKD can, with every way to the network closed in it and in the programs
that it starts; whoever tries is written down. Nothing in its environment tells libraries to stay offline.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

_GUARD = """
import os, sys

def _watch(event, arguments):
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "urllib.Request",
                 "http.client.connect", "socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind"):
        if event in ("socket.connect", "socket.bind") and isinstance(arguments[1], (str, bytes)):
            return  # a local socket of the system, which is a file
        with open(os.environ["SKINKD_TEST_TRIED"], "a", encoding="utf-8") as tried:
            tried.write(f"{event} {arguments}\\n")
        raise OSError("the network is closed")

sys.addaudithook(_watch)
"""

_EVERYTHING = """
import json, os, sys
from pathlib import Path

place, done = Path(sys.argv[1]), {}

def do(name, *arguments):
    from core.cli.main import run

    done[name] = run([str(argument) for argument in arguments])

small = ["data.image_size=32", "teacher.architecture=test_resnet", "teacher.weights=none", "optimisation.epochs=1",
         "student.architecture=test_resnet", "student.weights=none", "hardware.threads=1"]
changes = [word for change in small for word in ("--set", change)]
data, runs = place / "data", place / "runs"
do("sample-data", "sample-data", data, "--images", 60)
do("inspect", "inspect", data)
student = ["--set", "distillation.method=kl", "--set", "curriculum.order=easy_first"]
do("train", "train", "quick", *changes, *student, "--data", data, "--runs", runs, "--name", "student")
do("runs", "runs", "--runs", runs)
newest, oldest = sorted(runs.glob("*-*"))[::-1][:2]
(newest / "metrics.json").unlink()
do("resume", "resume", newest)
do("study", "study", "paper", "--data", data, "--dry-run", "--runs", runs)
do("evaluate", "evaluate", newest, "--data", data)
do("compare", "compare", newest, oldest)
do("report", "report", newest, "--out", place / "report")
do("classify", "classify", newest, data, "--out", place / "answers.csv")
do("record", "record", "export", place / "record.csv")
do("export", "export", newest, "--format", "onnx", "--without-test", "--out", place / "model.onnx")
do("onnx", "classify", place / "model.onnx", data)
do("doctor", "doctor", "--report", place / "debug.txt")

from skinkd_gui.app import start_logging
from skinkd_gui.application import make_application
start_logging()
application = make_application()
from PySide6.QtCore import QEventLoop, QTimer
from skinkd_gui.main_window import MainWindow
from skinkd_gui.workers.job import running_jobs, shut_down_all

def wait():
    loop = QEventLoop()
    QTimer.singleShot(300, loop.quit)
    loop.exec()
    while running_jobs():
        QTimer.singleShot(50, loop.quit)
        loop.exec()

window = MainWindow(runs)
window.painted.connect(window.start_engine)
window.show()
for number in range(window.tabs.count()):
    window.tabs.setCurrentIndex(number)
    wait()
window.results_tab.select_run(newest)
wait()
window.classify_tab.add_paths([data])
wait()
for action in ("firstStepsAction", "classesAction", "aboutAction", "debugReportAction"):
    from PySide6.QtGui import QAction
    window.findChild(QAction, action).trigger()
wait()
window.close_without_asking()
wait()
done["window"] = int(not shut_down_all())
tried = Path(os.environ["SKINKD_TEST_TRIED"])
quiet = tried.read_text() if tried.exists() else ""
hub = ["--set", "teacher.architecture=mobilenetv2_100", "--set", "teacher.weights=hub", "--set", "task=teacher"]
do("hub", "train", "quick", *changes, *hub, "--data", data, "--runs", runs)
(place / "done.json").write_text(json.dumps({"done": done, "tried": quiet}))
os._exit(0)
"""


@pytest.mark.timeout(600)
def test_everything_works_and_nobody_asks_the_network(tmp_path: Path) -> None:
    (tmp_path / "guard").mkdir()
    (tmp_path / "guard" / "sitecustomize.py").write_text(_GUARD, encoding="utf-8")
    script = tmp_path / "everything.py"
    script.write_text(f"if __name__ == '__main__':\n{_indented(_EVERYTHING)}", encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "TRANSFORMERS_"))}
    environment |= {
        "PYTHONPATH": os.pathsep.join([str(tmp_path / "guard"), str(ROOT)]),
        "SKINKD_TEST_TRIED": str(tmp_path / "tried"),
        "HF_HOME": str(tmp_path / "hub"),
        "HOME": str(tmp_path / "home"),
    }
    result = subprocess.run(
        [sys.executable, str(script), str(tmp_path)],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=580,
        check=False,
    )
    assert (tmp_path / "done.json").is_file(), result.stderr[-3000:]
    answer = json.loads((tmp_path / "done.json").read_text())
    assert answer["tried"] == ""
    failed = {name: code for name, code in answer["done"].items() if code}
    assert set(failed) <= {"hub", "doctor"}, result.stderr[-3000:]  # doctor may miss a library of the window
    assert failed["hub"] == 1  # asking for weights does try, and says what else can be done
    assert "huggingface" in (tmp_path / "tried").read_text()
    assert "The pretrained weights of mobilenetv2_100 could not be fetched" in result.stderr


def _indented(code: str) -> str:
    return "".join(f"    {line}\n" if line else "\n" for line in code.splitlines())


def test_only_one_module_can_fetch() -> None:
    """What opens connections is imported nowhere else, but to look for a cluster; of Qt's network only the socket
    inside this computer."""
    ways = {
        "urllib.request",
        "http",
        "http.client",
        "ssl",
        "requests",
        "httpx",
        "aiohttp",
        "socket",
        "ftplib",
        "smtplib",
    }
    ways |= {"huggingface_hub", "webbrowser", "xmlrpc"}
    found: set[tuple[str, str]] = set()
    for folder in ("core", "skinkd_gui", "resources"):
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom):
                    module = node.module or ""
                    names = [module, *(f"{module}.{alias.name}" for alias in node.names)]
                else:
                    continue
                for name in names:
                    if (
                        name in ways
                        or name.partition(".")[0] in ways - {"http"}
                        or name.startswith("PySide6.QtNetwork.")
                    ):
                        found.add((file.relative_to(ROOT).as_posix(), name))
    allowed = {
        ("skinkd_gui/single_instance.py", f"PySide6.QtNetwork.{name}") for name in ("QLocalServer", "QLocalSocket")
    }
    allowed.add(("skinkd_gui/end_requests.py", "socket"))  # a pair inside the process, for Python's wake-up call
    allowed.add(("core/study/engines/connection.py", "socket"))  # whether a cluster that the user names answers
    others = {(file, name) for file, name in found if file not in ("core/models/hub.py", "core/cli/doctor.py")}
    assert others <= allowed
    assert {name for file, name in found if file == "core/cli/doctor.py"} <= {
        "huggingface_hub.constants",
        "huggingface_hub.constants.HF_HUB_CACHE",
    }
    assert any(file == "core/models/hub.py" for file, _ in found)


def test_recognising_an_attempt_works(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(_GUARD, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "SKINKD_TEST_TRIED": str(tmp_path / "tried")}
    attempt = "import socket; socket.create_connection(('h', 1))"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {attempt!r}])"
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, timeout=60)
    assert "socket.getaddrinfo" in (tmp_path / "tried").read_text()


def test_onnxruntime_tells_its_maker_nothing(tmp_path: Path) -> None:
    # Its own way to the network can not be watched from Python; the files of it would be there before anything is sent.
    code = "import core, onnxruntime"
    quiet = ("CI", "GITHUB_ACTIONS", "TF_BUILD", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS")
    environment = {name: value for name, value in os.environ.items() if name not in quiet}
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, check=True, timeout=120)
    assert [path for path in tmp_path.rglob("*") if "icrosoft" in str(path.relative_to(tmp_path))] == []
