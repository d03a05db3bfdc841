"""The choice of hardware is said aloud, and an impossible wish is an error."""

from __future__ import annotations

import warnings

import pytest
import torch

from core.errors import SkinKDError
from core.events import Event, Level, Notice
from core.recipe.schema import HardwareRecipe
from core.training import hardware
from core.training.hardware import DeviceFacts, available_cores, fixed_threads, resolve

CPU = DeviceFacts("cpu", "Processor", 2**30, True)


def offer(monkeypatch: pytest.MonkeyPatch, *devices: DeviceFacts) -> None:
    """Pretend that torch sees these devices and the CPU."""
    monkeypatch.setattr(hardware, "_devices", lambda own=None: iter((*devices, CPU)))


def test_the_cpu_computes_with_32_bits_on_all_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch)
    said: list[Event] = []
    found = resolve(HardwareRecipe(), said.append)
    assert (found.device, found.precision, found.threads) == ("cpu", "32", available_cores())
    assert isinstance(said[-1], Notice)
    assert "no GPU was found" in said[-1].text
    assert "(1 thread, 32-bit)" in resolve(HardwareRecipe(threads=1)).description


def test_a_gpu_that_does_not_work_is_left_aside_aloud(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, DeviceFacts("cuda:0", "Old GPU", 2**30, False, "no kernel image"))
    said: list[Event] = []
    assert resolve(HardwareRecipe(), said.append).device == "cpu"
    warnings = [event.text for event in said if isinstance(event, Notice) and event.level is Level.WARNING]
    assert warnings == ["Old GPU can not be used and is left aside: no kernel image"]


def test_a_device_asked_for_by_name_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch)
    with pytest.raises(SkinKDError, match="There is no cuda device"):
        resolve(HardwareRecipe(device="cuda"))
    offer(monkeypatch, DeviceFacts("cuda:0", "Old GPU", 2**30, False, "no kernel image"))
    with pytest.raises(SkinKDError, match="Old GPU does not work"):
        resolve(HardwareRecipe(device="cuda"))


def test_fp16_on_the_cpu_is_a_said_fallback(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch)
    said: list[Event] = []
    assert resolve(HardwareRecipe(precision="16"), said.append).precision == "32"
    assert any(isinstance(event, Notice) and "fp16 needs a GPU" in event.text for event in said)
    assert resolve(HardwareRecipe(precision="bf16")).precision == "bf16"


def test_only_the_first_gpu_that_works_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    good = DeviceFacts("cuda:1", "New GPU", 2**30, True)
    offer(monkeypatch, DeviceFacts("cuda:0", "Old GPU", 2**30, False, "no kernel image"), good)
    monkeypatch.setattr(hardware, "_generation", lambda device: 8)
    found = resolve(HardwareRecipe())
    assert (found.device, found.precision, found.name) == ("cuda:1", "bf16", "New GPU")
    assert [facts.device for facts in hardware.list_devices()] == ["cuda:0", "cuda:1", "cpu"]


class TestOneOfSeveralProcesses:
    """Each takes the GPU of its own number and tries no other: a trial takes memory of the GPU."""

    @pytest.fixture(autouse=True)
    def four(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        tried: list[int] = []

        def properties(index: int) -> object:
            tried.append(index)
            return type("Properties", (), {"name": "GPU", "total_memory": 2**30})

        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
        monkeypatch.setattr(torch.cuda, "get_device_properties", properties)
        monkeypatch.setattr(hardware, "_trial", lambda device: "no kernel image" if device == "cuda:3" else "")
        monkeypatch.setattr(hardware, "_generation", lambda device: 9)
        return tried

    @pytest.mark.parametrize(("number", "device"), [(0, "cuda"), (2, "cuda:2")])
    @pytest.mark.parametrize("asked", ["auto", "cuda"])
    def test_its_own(
        self, number: int, device: str, asked: str, four: list[int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LOCAL_RANK", str(number))
        found = resolve(HardwareRecipe.model_validate({"device": asked, "devices": 4, "nodes": 2}))
        assert found.device == device
        assert four == [number]
        assert "GPU (8 GPUs on 2 computers, bf16)" in found.description

    @pytest.mark.parametrize(("number", "why"), [(3, "no kernel image"), (5, "torch sees 4 here")])
    @pytest.mark.parametrize("asked", ["auto", "cuda"])
    def test_where_its_own_does_not_work_it_takes_no_other(
        self, number: int, why: str, asked: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LOCAL_RANK", str(number))
        with pytest.raises(SkinKDError) as caught:
            resolve(HardwareRecipe.model_validate({"device": asked, "devices": 6}))
        assert why in f"{caught.value.summary} {caught.value.details}"


class TestCudaThatDoesNotStart:
    """torch only warns and says that there is no GPU; a person who has one must be told."""

    @pytest.fixture(autouse=True)
    def driver(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def unavailable() -> bool:
            warnings.warn("CUDA initialization: The NVIDIA driver on your system is too old\nmore", stacklevel=2)
            return False

        monkeypatch.setattr(torch.cuda, "is_available", unavailable)
        monkeypatch.setattr(torch.version, "cuda", "13.2")
        monkeypatch.setattr(hardware, "has_nvidia_driver", lambda: True)

    def test_the_cpu_is_not_taken_silently(self) -> None:
        said: list[Event] = []
        assert resolve(HardwareRecipe(), said.append).device == "cpu"
        texts = [event.text for event in said if isinstance(event, Notice)]
        assert "can not be used and is left aside: CUDA initialization" in texts[0]
        assert "too old" in texts[0]
        assert "more" not in texts[0]
        assert "no GPU works" in texts[1]

    def test_asked_for_by_name_it_is_an_error(self) -> None:
        with pytest.raises(SkinKDError, match="The NVIDIA GPU does not work") as caught:
            resolve(HardwareRecipe(device="cuda"))
        assert "too old" in caught.value.details

    def test_a_torch_without_cuda_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        monkeypatch.setattr(torch.version, "cuda", None)
        assert "built without CUDA" in hardware.list_devices()[0].reason

    def test_a_gpu_that_fails_while_it_is_looked_at(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(index: int) -> object:
            raise RuntimeError("CUDA unknown error - this may be due to an incorrectly set up environment")

        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
        monkeypatch.setattr(torch.cuda, "get_device_properties", broken)
        facts = hardware.list_devices()
        assert [item.works for item in facts] == [False, True]
        assert "CUDA unknown error" in facts[0].reason

    def test_a_computer_without_nvidias_driver_has_nothing_to_be_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        monkeypatch.setattr(hardware, "has_nvidia_driver", lambda: False)
        assert [facts.device for facts in hardware.list_devices()] == ["cpu"]


@pytest.mark.parametrize(("generation", "training", "answers"), [(6, "32", "32"), (7, "16", "16"), (9, "bf16", "16")])
def test_each_gpu_gets_the_precision_it_is_fast_in(
    generation: int, training: str, answers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(monkeypatch, DeviceFacts("cuda:0", "GPU", 2**30, True))
    monkeypatch.setattr(hardware, "_generation", lambda device: generation)
    found = resolve(HardwareRecipe())
    assert (found.precision, found.inference_precision) == (training, answers)
    for asked in ("32", "bf16", "16"):
        named = resolve(HardwareRecipe.model_validate({"precision": asked}))
        assert (named.precision, named.inference_precision) == (asked, asked)


def test_the_cpu_asks_teachers_with_32_bits_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch)
    assert resolve(HardwareRecipe()).inference_precision == "32"
    assert resolve(HardwareRecipe(precision="bf16")).inference_precision == "bf16"


def test_threads_are_given_back() -> None:
    before = torch.get_num_threads()
    with fixed_threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before
