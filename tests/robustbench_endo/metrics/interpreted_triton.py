"""Compares the Triton kernels of the metrics with plain torch: see tests/triton_kernels/run_interpreter.py."""

from __future__ import annotations

from unittest import mock

import torch

from robustbench_endo.metrics import overlap_triton, ssim_triton, surface_gpu, surface_triton
from robustbench_endo.metrics.image_similarity_gpu import ReferenceOnDevice
from robustbench_endo.metrics.mask_ssim_gpu import mask_ssim_torch
from robustbench_endo.metrics.overlap import confusion_matrix


def check_surface() -> None:
    random = torch.Generator().manual_seed(0)
    for size in ((7, 67), (1, 5), (9, 1)):
        maps = torch.randint(0, 3, (2, 2, *size), generator=random).byte()
        maps[1, 0, :, size[1] // 3 :] = 2
        edges = surface_gpu._edges(maps)
        image, label = torch.tensor([0, 0, 1]), torch.tensor([1, 2, 2])
        steps = surface_triton.steps_to_site(edges, image, label)
        assert torch.equal(steps, surface_gpu.steps_to_site(edges, image, label)), size
        pair, *position = (edges[:, image] == label[:, None, None]).flatten(0, 1).nonzero().unbind(1)
        points = ((pair // 3 * 2 + image[pair % 3]) * size[0] + position[0]) * size[1] + position[1]
        for spacing in ((1.0, 1.0), (3.0, 0.7)):
            tables = [torch.from_numpy(surface_gpu.squares(n, s)) for n, s in zip(size, spacing, strict=True)]
            squares = surface_triton.nearest_squares(steps, points, pair.int(), *tables)
            expected = surface_gpu.nearest_squares(steps, points, pair.int(), *tables)
            assert torch.equal(squares, expected), (size, spacing)


def check_confusion() -> None:
    random = torch.Generator().manual_seed(0)
    for classes, size in ((7, (37, 243)), (1, (5, 4)), (overlap_triton.MAX_CLASSES, (9, 31))):
        pred, target = torch.randint(0, classes, (2, 3, *size), generator=random).byte()
        target[0, :3], target[1] = 255, 255
        counts = overlap_triton.confusion(pred, target, classes)
        assert torch.equal(counts, confusion_matrix(pred, target, classes)), classes


def check_mask_ssim() -> None:
    target = (torch.arange(12 * 17).view(1, 12, 17) // 5 % 2 * 255).byte()
    pred = target.roll(2, 2)
    with mock.patch.object(ssim_triton, "_MASK_TILE", (1, 16)):  # the interpreter needs 40 ms for a row
        scores = ssim_triton.mask_ssim(pred, target, 1)
    torch.testing.assert_close(scores, mask_ssim_torch(pred, target, 1), rtol=0, atol=1e-6)
    pred, target = (
        torch.tensor(labels).byte().view(3, 1, 1).repeat(1, 45, 75) for labels in ([1, 2, 255], [1, 0, 255])
    )
    scores = ssim_triton.mask_ssim(pred, target, 3)
    torch.testing.assert_close(scores, mask_ssim_torch(pred, target, 3), rtol=0, atol=1e-12, equal_nan=True)


def check_compare_images() -> None:
    clean, images = torch.rand((2, 1, 3, 12, 17), generator=torch.Generator().manual_seed(0))
    with mock.patch.object(ssim_triton, "_IMAGE_TILE", (1, 16)):
        compared = ssim_triton.compare_images(clean, images)
    torch.testing.assert_close(compared, ReferenceOnDevice(clean).compare(images), rtol=0, atol=2e-6)
    pair = torch.cat((clean, images))[..., :11, :11]
    assert ssim_triton.compare_images(pair, pair).tolist() == [[1, 1], [0, 0]]
