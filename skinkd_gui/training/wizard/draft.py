"""What was chosen in an assistant that was left without a start, on the disk until the next one begins with it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.documents import read_json, up_to_date, write_json
from core.errors import SkinKDError
from core.paths import make_private, state_root
from core.recipe import Preset, recipe_to_toml
from core.recipe.files import recipe_from_toml
from skinkd_gui.training.wizard import state as wizard_state
from skinkd_gui.training.wizard.state import Goal, StudyChoice, WizardState

_NAME = "assistant.json"
_VERSION = 1
_MOST_BYTES = 2_000_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WizardDraft:
    """Choices, and when they were written (ISO 8601)."""

    state: WizardState
    saved: str


def draft_file() -> Path:
    """Where the draft is; not made here."""
    return state_root() / _NAME


def save_draft(state: WizardState) -> None:
    """Write down what was chosen; what was found out about data and models is found out again. A disk that can not be
    written is logged: nothing is lost that the user was promised."""
    values = {
        "version": _VERSION,
        "saved": datetime.now(UTC).isoformat(timespec="seconds"),
        "recipe": recipe_to_toml(state.recipe, comments=False),
        "goal": state.goal.value,
        "preset": state.preset.value if state.preset is not None else "",
        "name": state.name,
        "study": asdict(state.study),
        "folds": state.folds,
        "teacher_candidates": state.teacher_candidates,
        "typed": {key: value for key, value in state.drafts if isinstance(value, str)},
    }
    try:
        make_private(draft_file().parent)
        write_json(draft_file(), values)
    except OSError as error:
        _log.warning("the choices of the assistant could not be written: %s", error)


def load_draft() -> WizardDraft | None:
    """What was written last, None without any or where it can not be read."""
    try:
        return _draft(up_to_date(read_json(draft_file(), _MOST_BYTES), "The assistant's draft", _VERSION, {}))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, SkinKDError) as error:
        _log.warning("the assistant's draft can not be read: %s", error)
        return None


def discard_draft() -> None:
    """A training was started with it."""
    with suppress(OSError):
        draft_file().unlink(missing_ok=True)


def _draft(values: Mapping[str, Any]) -> WizardDraft:
    preset, name = str(values["preset"]), str(values["name"])
    state = WizardState(
        recipe=recipe_from_toml(str(values["recipe"])),
        goal=Goal(values["goal"]),
        preset=Preset(preset) if preset else None,
        name=name,
        study=StudyChoice(**values["study"]),
        folds=max(1, int(values["folds"])),
        teacher_candidates=bool(values["teacher_candidates"]),
    )
    for key, value in dict(values["typed"]).items():
        with suppress(SkinKDError, KeyError):
            state = wizard_state.set_value(state, str(key), str(value))
    return WizardDraft(replace(state, reading=False), str(values["saved"]))
