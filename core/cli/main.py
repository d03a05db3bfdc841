"""`skinkd-cli`: everything the window does, without a window. Exit codes: 0 done, 1 failed, 2 wrong usage."""

from __future__ import annotations

import logging
import multiprocessing
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli import (
    class_set_commands,
    classify_commands,
    compare_commands,
    correction_commands,
    cross_validation_commands,
    data_commands,
    demonstration_commands,
    doctor,
    export_commands,
    model_commands,
    recipe_commands,
    report_commands,
    run_commands,
    self_test,
    session_commands,
    statement_commands,
    study_commands,
    weights_commands,
)
from core.cli.console import print_json, print_text, say
from core.cli.interrupt import Interrupted
from core.errors import Cancelled, RecipeError, SkinKDError
from core.machine_errors import explained, scarce_memory
from core.paths import log_root, make_private
from core.program import prepare, program_version
from core.terminal import LogFormatter

# The class above BadParameter is click's UsageError, whether typer brings its own click or not.
_UsageError: type[Any] = typer.BadParameter.__bases__[0]

app = typer.Typer(
    name="skinkd-cli",
    help="Distil a large skin-lesion classifier into a small one, measure it, use it. "
    "Research use only. Not a medical device.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)
data_commands.add_to(app)
class_set_commands.add_to(app)
correction_commands.add_to(app)
recipe_commands.add_to(app)
run_commands.add_to(app)
study_commands.add_to(app)
cross_validation_commands.add_to(app)
model_commands.add_to(app)
classify_commands.add_to(app)
session_commands.add_to(app)
compare_commands.add_to(app)
report_commands.add_to(app)
statement_commands.add_to(app)
export_commands.add_to(app)
weights_commands.add_to(app)
doctor.add_to(app)
self_test.add_to(app)
demonstration_commands.add_to(app)


def _show_version(asked: bool) -> None:
    if asked:
        print_text(f"SkinKD {program_version()}")
        raise typer.Exit


@app.callback()
def _options(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options before the command."""


def main() -> None:
    """The program `skinkd-cli`."""
    multiprocessing.freeze_support()
    prepare()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a file name that the terminal can not show must not end the program
            stream.reconfigure(errors="backslashreplace")
    logging.getLogger().addHandler(_log_handler())
    logging.captureWarnings(True)  # of libraries, such as a letter that a figure's font lacks: for the log
    scarce = scarce_memory()
    if scarce:  # said before: a library may end the program without a word
        say(f"Note: {scarce}")
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if scarce and code:
        logging.shutdown()
        os._exit(code)  # threads that got no memory would be waited for
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code. With `--json`, a failure is a JSON document on stdout too."""
    as_json = "--json" in arguments
    try:
        code = app(args=list(arguments), prog_name="skinkd-cli", standalone_mode=False)
    except RecipeError as error:
        problems = [{"key": problem.key, "message": problem.message} for problem in error.problems]
        return _fail(error, 2, as_json, problems=problems)
    except SkinKDError as error:
        return _fail(error, 1, as_json)
    except _UsageError as error:
        return _wrong_usage(error, as_json)
    except Interrupted as stop:
        return _stopped(stop, as_json)
    except (Cancelled, KeyboardInterrupt, typer.Abort):
        return _stopped(Interrupted("Stopped at once."), as_json)
    except BrokenPipeError:
        return 0  # the reader (head, less) has seen enough
    except Exception as error:
        return _fail(_told(error), 1, as_json)
    return code if isinstance(code, int) else 0


def _fail(error: SkinKDError, code: int, as_json: bool, **more: Any) -> int:
    if as_json:
        facts = {"title": error.title, "summary": error.summary, "details": error.details}
        print_json({"error": {**facts, **more}})
    else:
        shown = error.details if error.details and error.details not in error.summary else ""
        say(error.title, *error.lines, *(f"  {line}" for line in shown.split("\n") if line))
    return code


def _wrong_usage(error: Any, as_json: bool) -> int:
    message = str(error.format_message()).replace("Value error, ", "").replace("\n\t", " ")  # a list of choices
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "skinkd-cli"
    if as_json:
        print_json({"error": {"title": "Wrong usage", "summary": message, "details": ""}})
    elif message:  # otherwise it was a bare `skinkd-cli`, and typer has printed the help
        say(message, f"Try: {command} --help")
    return 2


def _stopped(stop: Interrupted, as_json: bool) -> int:
    if as_json:
        run_folder = None if stop.run is None else str(stop.run)
        print_json({"error": {"title": "Stopped", "summary": stop.summary, "details": "", "run": run_folder}})
    else:
        say(stop.summary)
    return stop.code


def _told(error: BaseException) -> SkinKDError:
    """What to say of an error that is none of ours."""
    machine = explained(error)
    if machine is not None:
        logging.getLogger(__name__).warning("%s", machine.title, exc_info=True)
        return machine
    return SkinKDError("A file or folder could not be used", str(error)) if isinstance(error, OSError) else _bug()


def _bug() -> SkinKDError:
    """An error nobody expected: the log gets the whole story, the user a sentence and where the log is."""
    story = traceback.format_exc()
    last = story.strip().splitlines()[-1]
    if os.environ.get("SKINKD_DEBUG"):
        return SkinKDError("Unexpected error", last, story)
    logging.getLogger(__name__).error("unexpected error", exc_info=True)
    why = scarce_memory() or "This is a fault in SkinKD; finished work is safe."
    where = f"The log has the whole message: {_log_file()}. SKINKD_DEBUG=1 shows it here."
    return SkinKDError("Unexpected error", f"{why} {where}", last)


def _log_file() -> Path:
    return log_root() / "cli.log"


def _log_handler() -> logging.Handler:
    """What the program and its libraries log goes to a file: stderr is for words to the user."""
    try:
        make_private(_log_file().parent)
        handler: logging.Handler = logging.FileHandler(
            _log_file(), encoding="utf-8", errors="backslashreplace", delay=True
        )
    except OSError:
        return logging.NullHandler()
    handler.setLevel(logging.WARNING)
    handler.setFormatter(LogFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    return handler


if __name__ == "__main__":
    main()
