from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.errors import SkinKDError
from core.models.catalog import (
    SUGGESTED_STUDENTS,
    SUGGESTED_TEACHERS,
    build,
    check_architecture,
    describe_model,
    search_models,
)
from core.recipe import Preset, preset


@pytest.mark.parametrize(
    ("architecture", "parameters", "multiply_adds"),
    [("tf_efficientnet_b7", 63_807_448, 5_167_325_632), ("mobilenetv2_100", 2_234_120, 299_504_512)],
)
def test_the_papers_models_have_the_papers_size(architecture: str, parameters: int, multiply_adds: int) -> None:
    facts = describe_model(architecture, 224, 8)
    assert facts.parameters == parameters
    assert facts.multiply_adds == multiply_adds
    assert facts.megabytes == pytest.approx(parameters * 4e-6, rel=0.02)
    assert facts.has_pretrained


def test_multiply_adds_grow_with_the_image_and_parameters_do_not() -> None:
    small, large = describe_model("test_efficientnet", 64, 8), describe_model("test_efficientnet", 128, 8)
    assert small.multiply_adds is not None
    assert large.multiply_adds is not None
    assert large.multiply_adds > 3 * small.multiply_adds
    assert large.parameters == small.parameters


def test_counting_leaves_a_training_in_another_thread_alone() -> None:
    import torch
    from torch.nn.modules import module as hooks

    from core.models.counting import MultiplyAdds

    with MultiplyAdds() as counter:
        assert not hooks._global_forward_pre_hooks
        with ThreadPoolExecutor(1) as pool:
            pool.submit(torch.nn.Linear(3, 5), torch.zeros(2, 3)).result()
        assert counter.total == 0
        torch.nn.Linear(3, 5)(torch.zeros(2, 3))
        assert counter.total == 2 * 3 * 5


def test_suggestions_exist_and_begin_with_the_papers() -> None:
    assert SUGGESTED_TEACHERS[0][0] == preset(Preset.PAPER).teacher.architecture
    assert SUGGESTED_STUDENTS[0][0] == "mobilenetv2_100"
    for architecture, why in SUGGESTED_TEACHERS + SUGGESTED_STUDENTS:
        check_architecture(architecture)
        assert why


def test_search_takes_words_in_any_order() -> None:
    assert search_models("B7 efficientnet") == search_models("efficientnet b7")
    assert search_models("efficientnet b7")[0] == "efficientnet_b7"
    assert "tf_efficientnet_b7" in search_models("efficientnet b7")
    assert search_models("mobilenetv2")[0].startswith("mobilenetv2")
    assert search_models("no such network") == ()
    assert len(search_models("")) > 500


def test_search_with_a_dot_finds_pretrained_tags() -> None:
    assert "mobilenetv2_100.ra_in1k" in search_models("mobilenetv2_100.")
    check_architecture("mobilenetv2_100.ra_in1k")


def test_a_misspelt_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(SkinKDError, match="tf_efficientnet_b7"):
        describe_model("tf_eficientnet_b7", 224, 8)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "hf-hub:timm/resnet18",
        "hf_hub:timm/resnet18",
        "local-dir:/tmp",
        "../resnet18",
        "resnet18.nothing",
        "x" * 10**6,
    ],
)
def test_names_that_timm_does_not_know_are_refused(name: str) -> None:
    with pytest.raises(SkinKDError, match="Unknown network"):
        build(name, 64, 8)


def test_a_network_for_other_image_sizes_is_refused_with_both_named() -> None:
    with pytest.raises(SkinKDError, match="halo2botnet50ts_256 can not classify images of 224 x 224"):
        describe_model("halo2botnet50ts_256", 224, 8)


def test_transformers_are_built_for_the_image_size() -> None:
    assert describe_model("test_vit", 96, 8).parameters != describe_model("test_vit", 160, 8).parameters


def test_the_packages_and_the_light_modules_do_not_import_torch() -> None:
    code = (
        "import sys, core.models, core.distillation, core.models.catalog, core.models.files, core.models.info\n"
        "heavy = {'torch', 'timm', 'torchvision', 'sklearn'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tf_efficientnet_b7_ns", "tf_efficientnet_b7.ns_jft_in1k"),
        ("vit_base_patch16_224_in21k", "vit_base_patch16_224.augreg_in21k"),
    ],
)
def test_timms_old_names_lead_to_those_of_today(old: str, new: str) -> None:
    with pytest.raises(SkinKDError, match=f"it is {new} now"):
        check_architecture(old)
    check_architecture(new)
    with pytest.raises(SkinKDError, match=new):
        check_architecture(f"{old}x")  # a slip of the pen in an old name
