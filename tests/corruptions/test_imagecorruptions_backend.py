"""Selection of corruptions, and the package imagecorruptions as a backend."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from robustbench_endo.corruptions import Suite, load_suite, select
from robustbench_endo.corruptions.imagecorruptions_backend import (
    imagecorruptions_names,
    imagecorruptions_suite,
)
from robustbench_endo.errors import RobustEndoError

IMAGE = np.random.default_rng(0).integers(0, 256, (48, 67, 3), dtype=np.uint8)
IMAGES = torch.from_numpy(IMAGE).permute(2, 0, 1)[None] / 255


@pytest.fixture(scope="module")
def suite() -> Suite:
    pytest.importorskip("imagecorruptions")
    return imagecorruptions_suite(load_suite("imagenet-c"))


def corrupted(suite: Suite, name: str, image_id: str = "a", severity: int = 3) -> torch.Tensor:
    return suite.corrupt(IMAGES, name, severity, [image_id]).images


@pytest.mark.parametrize("name", imagecorruptions_names())
def test_imagecorruptions_are_reproducible_and_restore_numpy(suite: Suite, name: str) -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = corrupted(suite, name)
    assert first.shape == IMAGES.shape
    assert not torch.equal(first, IMAGES)
    assert torch.equal(first, corrupted(suite, name))
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.parametrize("name", ["brightness", "defocus_blur", "jpeg_compression", "zoom_blur"])
def test_imagecorruptions_give_the_pixels_of_the_package(suite: Suite, name: str) -> None:
    package = pytest.importorskip("imagecorruptions")
    theirs = package.corrupt(IMAGE, 4, name)
    assert np.array_equal((corrupted(suite, name, severity=4)[0] * 255).round().byte().permute(1, 2, 0).numpy(), theirs)


@pytest.mark.parametrize("name", ["gaussian_noise", "impulse_noise", "glass_blur", "motion_blur", "elastic_transform"])
def test_imagecorruptions_noise_differs_between_images(suite: Suite, name: str) -> None:
    assert not torch.equal(corrupted(suite, name), corrupted(suite, name, "b"))


def test_imagecorruptions_are_stochastic_as_declared(suite: Suite) -> None:
    differing = {name for name in suite.names if not torch.equal(corrupted(suite, name), corrupted(suite, name, "b"))}
    assert differing == {item.name for item in suite.corruptions if item.stochastic}


def test_imagecorruptions_do_not_depend_on_threads(suite: Suite) -> None:
    names = [f"image {i}" for i in range(12)]
    serial = [corrupted(suite, "gaussian_noise", name) for name in names]
    with ThreadPoolExecutor(4) as pool:
        parallel = list(pool.map(lambda name: corrupted(suite, "gaussian_noise", name), names))
    assert all(torch.equal(*pair) for pair in zip(serial, parallel, strict=True))


def test_imagecorruptions_suite_records_the_package(suite: Suite) -> None:
    original = load_suite("imagenet-c")
    assert suite.fingerprint != original.fingerprint
    assert suite.resolution == original.resolution
    assert suite.names == imagecorruptions_names()
    assert "imagecorruptions-imaug 1." in suite.describe()[0]["citation"]
    assert "imagecorruptions-imaug 1." in suite.name


def test_select_notes_unsupported_corruptions_of_a_category(suite: Suite) -> None:
    selection = select("endo19", "all", "imagecorruptions")
    assert len(selection.names) == 16
    assert all(name in selection.notes[1] for name in ("bleeding", "smoke", "gamma_correction"))
    assert select("endo19", "occlusion", "imagecorruptions").names == ("brightness", "spatter")
    assert len(select("endo19", "noise", "imagecorruptions").notes) == 1
    assert selection.suite.resolution == 512


@pytest.mark.parametrize("names", ["smoke", "contrast,smoke", ["noise", "smoke"]])
def test_select_rejects_unsupported_corruptions_by_name(suite: Suite, names: str | list[str]) -> None:
    with pytest.raises(RobustEndoError, match="that imagecorruptions-imaug has, got smoke: leave them out"):
        select("endo19", names, "imagecorruptions")


def test_select_uses_the_builtin_backend_by_default() -> None:
    assert select("endo19", "smoke,noise").names[-1] == "smoke"
    assert select("endo19", "all").notes == ()
    with pytest.raises(RobustEndoError, match="a backend, got 'imagecorruption': did you mean imagecorruptions"):
        select("endo19", "all", "imagecorruption")


def test_select_names_the_extra_of_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imagecorruptions", None)
    with pytest.raises(RobustEndoError, match=r"pip install 'robustbench-endo\[imagecorruptions\]'"):
        select("endo19", "all", "imagecorruptions")
