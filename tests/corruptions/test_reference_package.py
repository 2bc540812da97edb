"""The reference package as a backend: its own pixels, under our key."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from robustbench_endo.corruptions import Suite, load_suite, select
from robustbench_endo.corruptions.imagecorruptions_backend import ABSENT, imagecorruptions_names, imagecorruptions_suite
from robustbench_endo.errors import RobustEndoError

PICTURE = np.random.default_rng(0).integers(0, 256, (48, 67, 3), dtype=np.uint8)
IMAGES = torch.from_numpy(PICTURE).permute(2, 0, 1)[None] / 255


@pytest.fixture(scope="module")
def suite() -> Suite:
    pytest.importorskip("imagecorruptions")
    return imagecorruptions_suite(load_suite("imagenet-c"))


def damaged(suite: Suite, name: str, image_id: str = "a", severity: int = 3) -> torch.Tensor:
    return suite.corrupt(IMAGES, name, severity, [image_id]).images


@pytest.mark.parametrize("name", imagecorruptions_names())
def test_every_one_of_the_sixteen_is_reproducible_and_leaves_numpy_alone(suite: Suite, name: str) -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = damaged(suite, name)
    assert first.shape == IMAGES.shape
    assert not torch.equal(first, IMAGES)
    assert torch.equal(first, damaged(suite, name))
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.parametrize("name", ["brightness", "defocus_blur", "jpeg_compression", "zoom_blur"])
def test_pixels_are_the_package_s(suite: Suite, name: str) -> None:
    package = pytest.importorskip("imagecorruptions")
    theirs = package.corrupt(PICTURE, 4, name)
    assert np.array_equal((damaged(suite, name, severity=4)[0] * 255).round().byte().permute(1, 2, 0).numpy(), theirs)


@pytest.mark.parametrize("name", ["gaussian_noise", "impulse_noise", "glass_blur", "motion_blur", "elastic_transform"])
def test_another_image_has_other_noise(suite: Suite, name: str) -> None:
    assert not torch.equal(damaged(suite, name), damaged(suite, name, "b"))


def test_threads_do_not_mix_their_noise(suite: Suite) -> None:
    names = [f"image {i}" for i in range(12)]
    alone = [damaged(suite, "gaussian_noise", name) for name in names]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda name: damaged(suite, "gaussian_noise", name), names))
    assert all(torch.equal(*pair) for pair in zip(alone, together, strict=True))


def test_it_is_another_suite(suite: Suite) -> None:
    own = load_suite("imagenet-c")
    assert suite.fingerprint != own.fingerprint
    assert suite.resolution == own.resolution
    assert suite.names == imagecorruptions_names()
    assert "imagecorruptions-imaug 1." in suite.describe()[0]["citation"]
    assert "imagecorruptions-imaug 1." in suite.name


def test_all_and_groups_leave_out_what_it_lacks_and_say_so(suite: Suite) -> None:
    selection = select("endo19", "all", "imagecorruptions")
    assert len(selection.names) == 16
    assert all(name in selection.notes[1] for name in ABSENT)
    assert select("endo19", "occlusion", "imagecorruptions").names == ("brightness", "spatter")
    assert len(select("endo19", "noise", "imagecorruptions").notes) == 1
    assert selection.suite.resolution == 512


@pytest.mark.parametrize("wanted", ["smoke", "contrast,smoke", ["noise", "smoke"]])
def test_by_name_it_refuses_what_it_lacks(suite: Suite, wanted: str | list[str]) -> None:
    with pytest.raises(RobustEndoError, match="that imagecorruptions-imaug has, got smoke: leave them out"):
        select("endo19", wanted, "imagecorruptions")


def test_our_own_code_is_the_default() -> None:
    assert select("endo19", "smoke,noise").names[-1] == "smoke"
    assert select("endo19", "all").notes == ()
    with pytest.raises(RobustEndoError, match="a backend, got 'imagecorruption': did you mean imagecorruptions"):
        select("endo19", "all", "imagecorruption")


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imagecorruptions", None)
    with pytest.raises(RobustEndoError, match=r"pip install robustbench-endo\[imagecorruptions\]"):
        select("endo19", "all", "imagecorruptions")
