"""The black surround of a scope under every corruption."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

import robustbench_endo as rb
from robustbench_endo.corruptions import Corruption, Noise, load_suite
from robustbench_endo.corruptions.content_area import ContentArea, detect_content_areas
from robustbench_endo.corruptions.surround import (
    fill_bytes,
    fill_surround,
    hold_surround,
    restore_bytes,
    restore_surround,
    reveal_surround,
)

HEIGHT, WIDTH = 96, 128
AREA = ContentArea(HEIGHT, WIDTH, center_x=64, center_y=48, radius_x=44, radius_y=44, feather=2)
SUITES = {name: load_suite(name) for name in ("endo19", "imagenet-c")}


@pytest.fixture
def scope(frames: Callable[..., Tensor]) -> Tensor:
    """A frame seen through a round scope, in 8-bit levels as floats."""
    scene = frames(1, HEIGHT, WIDTH).clamp(0.15, 0.9)
    return (scene * AREA.mask() * 255 + 2 * (1 - AREA.mask())).round() / 255


def detected(images: Tensor) -> ContentArea:
    area = detect_content_areas(images)[0]
    assert area is not None
    return area


@pytest.mark.parametrize("name", SUITES["endo19"].names)
def test_surround_keeps_its_pixels_unless_a_codec_codes_it(name: str, scope: Tensor) -> None:
    suite, outside = SUITES["endo19"], detected(scope).mask() == 0
    corrupted = suite.corrupt(scope, name, 4, ["a"])
    unchanged = torch.equal(corrupted.images[..., outside], scope[..., outside])
    assert unchanged == (name not in {"jpeg_compression", "pixelate"})
    assert suite.region(name) == ("content" if unchanged else "frame")
    assert not torch.equal(corrupted.images[..., ~outside], scope[..., ~outside])
    if corrupted.opacity is not None:
        assert corrupted.opacity[..., outside].max() == 0


def test_suites_of_the_package_change_every_pixel(scope: Tensor) -> None:
    assert {SUITES["imagenet-c"].region(name) for name in SUITES["imagenet-c"].names} == {"frame"}
    corrupted = SUITES["imagenet-c"].corrupt(scope, "gaussian_noise", 3, ["a"]).images
    assert not torch.equal(corrupted[..., AREA.mask() == 0], scope[..., AREA.mask() == 0])


@pytest.mark.parametrize("name", ["defocus_blur", "gaussian_blur", "motion_blur", "zoom_blur", "elastic_transform"])
def test_blur_does_not_pull_black_into_the_scene(name: str) -> None:
    mask = AREA.mask()
    grey = (0.6 * mask + 0.01 * (1 - mask)).expand(1, 3, -1, -1).contiguous()
    corrupted = SUITES["endo19"].corrupt(grey, name, 5, ["a"], areas=[AREA]).images
    assert corrupted[..., mask == 1].min() > 0.59
    edge = (mask > 0) & (mask < 1)
    assert torch.allclose(corrupted[..., edge], grey[..., edge], atol=0.02)


def test_bytes_and_values_of_a_scope_agree(scope: Tensor) -> None:
    levels = (scope * 255).byte()
    for name in ("brightness", "contrast", "gaussian_blur", "gamma_correction", "saturate"):
        array = rb.corrupt(levels[0].permute(1, 2, 0).numpy(), name, 4, ids="a")
        values = SUITES["endo19"].corrupt(scope, name, 4, ["a"]).images
        difference = (values[0] * 255).round().permute(1, 2, 0) - torch.from_numpy(array)
        assert difference.abs().max() <= 1, name


def test_filling_and_restoring_in_plain_torch_agrees_with_compiled(
    scope: Tensor, request: pytest.FixtureRequest
) -> None:
    def both() -> tuple[Tensor, Tensor]:
        filled = fill_surround(scope, [AREA])
        corrupted = (filled * 1.2 + 0.1).clamp(0, 1)
        restore_surround(corrupted, scope, filled, [AREA])
        return filled, corrupted

    compiled = both()
    request.getfixturevalue("plain_torch")
    for one, other in zip(compiled, both(), strict=True):
        assert torch.allclose(one, other, atol=1e-6)
    assert compiled[0].min() > 0.1


def test_identity_restores_the_frame(scope: Tensor) -> None:
    filled = fill_surround(scope, [AREA])
    restored = filled.clone()
    restore_surround(restored, scope, filled, [AREA])
    assert torch.equal(restored, scope)
    frame = (scope[0] * 255).byte().permute(1, 2, 0).contiguous().numpy()
    levels = fill_bytes(frame, AREA)
    assert np.array_equal(restore_bytes(levels.copy(), frame, levels, AREA), frame)
    assert fill_bytes(frame, None) is frame
    assert fill_surround(scope, [None]) is scope


def test_masks_move_within_the_content_area() -> None:
    inside = AREA.mask() >= 0.5
    grid = torch.nn.functional.affine_grid(
        torch.tensor([[[1.0, 0, 0.7], [0, 1, 0]]]), [1, 1, HEIGHT, WIDTH], align_corners=False
    )
    hold_surround(grid, [AREA])
    labels = torch.where(inside, 1, 0)[None]
    assert torch.equal(rb.corruptions.warp_masks(labels, grid), labels)


def test_nothing_hides_the_surround() -> None:
    opacity = torch.ones(2, 1, HEIGHT, WIDTH)
    reveal_surround(opacity, [AREA, None])
    assert torch.equal(opacity[0, 0], AREA.mask())
    assert opacity[1].min() == 1


def test_areas_of_a_batch_are_those_of_its_items(scope: Tensor, frames: Callable[..., Tensor]) -> None:
    batch = torch.cat((scope, frames(1, HEIGHT, WIDTH)))
    both = SUITES["endo19"].corrupt(batch, "smoke", 3, ["a", "b"]).images
    for image, image_id, corrupted in zip(batch, "ab", both, strict=True):
        assert torch.equal(SUITES["endo19"].corrupt(image[None], "smoke", 3, [image_id]).images[0], corrupted)


def test_apply_never_sees_the_surround(scope: Tensor) -> None:
    minima = []

    class Spy(type(SUITES["endo19"].get("contrast"))):  # type: ignore[misc]
        def apply(self, images: Tensor, params: object, noise: Noise) -> Tensor:
            minima.append(images.min())
            return images + 0.0

    spy: Corruption = Spy()
    assert torch.equal(spy(scope, 3, ["a"], areas=[AREA]).images, scope)
    assert minima[0] > 0.1
