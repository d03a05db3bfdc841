"""Weights of elsewhere as a file that a training can start from: .pth, .pt and .bin files, open_clip's and others'.

Nothing in such a file is run: torch reads tensors, numbers and texts alone, and refuses the rest. Names are brought to
timm's; what fits, what is missing and what does not belong is reported.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import atomic
from core.digests import file_digest
from core.documents import some
from core.errors import SkinKDError
from core.models.catalog import build, check_architecture
from core.models.files import read_metadata, read_weights, unusable_weight, with_checksum
from core.models.provenance import Provenance, licence_of
from core.models.weights import head_names, translated
from core.twin_names import TwinNamesError, refuse_twins
from core.visible_text import visible_lines

if TYPE_CHECKING:
    from torch import Tensor, nn

_BELOW = ("state_dict", "model_state_dict", "model_ema", "model", "teacher", "student", "module", "net")
"""Under which names checkpoints keep the weights, the likeliest first."""

_IN_FRONT = ("module.", "model.", "backbone.", "encoder.", "trunk.", "visual.trunk.", "image_encoder.")
"""What trainers put in front of a network's own names."""


_STRANGER = (
    "It holds more than tensors, numbers and texts, and loading that could run a stranger's code. Ask for its "
    "state_dict alone, or for a .safetensors file."
)
_DAMAGED = "It is missing, damaged, or no file of weights."


@dataclass(frozen=True)
class ImportReport:
    """What became of a file of weights: the written file, the network, how many of its tensors matched, the names of
    those that are missing (a last layer, which is made anew), and of what did not belong to it and was left out."""

    out: Path
    architecture: str
    matched: int
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    provenance: Provenance

    @property
    def text(self) -> str:
        """For people."""
        left = f"; {len(self.unexpected)} that do not belong to it were left out" if self.unexpected else ""
        new = "" if not self.missing else f"; {some(self.missing, 3)} start anew"
        return f"{self.matched} tensors of a {self.architecture} were taken{new}{left}. From {self.provenance.text}."


def import_weights(source: Path, architecture: str, out: Path, *, licence: str = "") -> ImportReport:
    """Write the weights in `source` that belong to timm's `architecture` to `out`, a .safetensors file.

    `licence` is what the user says of them; without it what the file says. Raises `SkinKDError` for an unknown network,
    a file that can not be read or holds more than weights, and weights of another network, with the names of what does
    not match.
    """
    import torch

    check_architecture(architecture)
    found, said = _tensors(source)
    with torch.device("meta"):
        model = build(architecture, _native_size(architecture), 2)
    own, head = model.state_dict(), head_names(model)
    weights, left = _best_match(model, found)
    missing = [name for name in own if name not in weights and not name.endswith("num_batches_tracked")]
    lacking = [name for name in missing if name not in head]
    if lacking:
        raise _misfit(source, architecture, len(own), lacking, left)
    fault = unusable_weight(weights)
    if fault:
        raise SkinKDError("The weights can not be used", f"{source.name}: {fault}.")
    provenance = Provenance(source.name, file_digest(source), licence.strip() or said)
    _write(out, weights, {"architecture": architecture, **provenance.to_values()})
    matched = sum(name in own for name in weights)
    return ImportReport(out, architecture, matched, tuple(missing), tuple(left), provenance)


def _tensors(source: Path) -> tuple[Mapping[str, Tensor], str]:
    """All tensors of the file by name, and the licence that it names."""
    if source.suffix.lower() == ".safetensors":
        return read_weights(source), licence_of(read_metadata(source))
    values: Any = _loaded(source)
    for _ in range(3):  # a checkpoint within a checkpoint
        if _is_weights(values):
            break
        inner = next((values[name] for name in _BELOW if isinstance(values, Mapping) and name in values), None)
        if inner is None:
            break
        values = inner
    if not _is_weights(values):
        raise _unreadable(source, "It holds no table of weights by name.")
    return {str(name): value for name, value in values.items() if _is_tensor(value)}, ""


def _loaded(source: Path) -> Any:
    import torch

    try:
        if zipfile.is_zipfile(source):
            with zipfile.ZipFile(source) as archive:
                refuse_twins(archive)
                if any("constants.pkl" in name for name in archive.namelist()):
                    raise _unreadable(
                        source, "It is a TorchScript program, not weights; load it and save its state_dict."
                    )
                if any(item.compress_type != zipfile.ZIP_STORED for item in archive.infolist()):
                    raise _unreadable(source, "It is compressed, which torch never does.")
        return torch.load(source, map_location="cpu", weights_only=True)
    except SkinKDError:
        raise
    except TwinNamesError as error:
        raise _unreadable(source, f"I{str(error)[1:]}.") from error
    except Exception as error:  # torch.load raises anything for a damaged file
        stranger = "weights_only" in str(error) and zipfile.is_zipfile(source)
        raise _unreadable(source, _STRANGER if stranger else _DAMAGED, str(error)) from error


def _is_tensor(value: object) -> bool:
    import torch

    return isinstance(value, torch.Tensor)


def _is_weights(values: object) -> bool:
    return isinstance(values, Mapping) and sum(map(_is_tensor, values.values())) > len(values) // 2


def _best_match(model: nn.Module, tensors: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], list[str]]:
    """Of the ways to name the tensors the one by which most fit the network (its last layer counts whatever its size),
    and the names that are left over."""
    own, head = model.state_dict(), head_names(model)

    def fits(name: str, value: Tensor) -> bool:
        return name in own and (name in head or value.shape == own[name].shape)

    best: dict[str, Tensor] = {}
    in_front = ""
    for front, named in _namings("", tensors):
        taken = {name: value for name, value in translated(model, dict(named)).items() if fits(name, value)}
        if len(taken) > len(best):
            best, in_front = taken, front
    # A tensor that got another name is known by its memory; one that got another shape has its own name.
    memory = {value.untyped_storage().data_ptr() for value in best.values()}
    named_so = {in_front + name for name in best}
    left = [
        name
        for name, value in tensors.items()
        if name not in named_so and value.untyped_storage().data_ptr() not in memory
    ]
    return best, left


def _namings(front: str, tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, Mapping[str, Tensor]]]:
    """The tensors under their names, and under those without what stands in front of them, with what that was."""
    yield front, tensors
    for more in _IN_FRONT:
        inner = {name.removeprefix(more): value for name, value in tensors.items() if name.startswith(more)}
        if inner:
            yield from _namings(front + more, inner)


def _native_size(architecture: str) -> int:
    import timm

    config: Any = timm.get_pretrained_cfg(architecture)
    return int(config.input_size[-1]) if config is not None else 224


def _write(out: Path, weights: dict[str, Tensor], metadata: dict[str, str]) -> None:
    from safetensors.torch import save

    # Copies: tensors of one checkpoint may share their memory, which safetensors refuses.
    content = save({name: value.clone().contiguous() for name, value in weights.items()}, metadata=metadata)
    try:
        atomic.write_bytes(out, with_checksum(content))
    except OSError as error:
        raise SkinKDError("The weights can not be saved", f"Writing {out} failed.", str(error)) from error


def _misfit(source: Path, architecture: str, wanted: int, lacking: list[str], left: list[str]) -> SkinKDError:
    return SkinKDError(
        "The weights do not fit the network",
        f"{source.name} does not hold the weights of a {architecture}: {len(lacking)} of {wanted} tensors are missing "
        f"({some(lacking, 3)}), and {len(left)} belong to something else"
        f"{f' ({some(left, 3)})' if left else ''}. Name the network that the file is for.",
        visible_lines(
            [*(f"missing: {name}" for name in lacking[:200]), *(f"unexpected: {name}" for name in left[:200])]
        ),
    )


def _unreadable(source: Path, why: str, details: str = "") -> SkinKDError:
    return SkinKDError("The file of weights can not be read", f"{source.name}: {why}", details or str(source))
