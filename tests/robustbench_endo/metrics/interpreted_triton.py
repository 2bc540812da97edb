"""Compares the Triton kernels of the metrics with plain torch: see tests/triton_kernels/run_interpreter.py."""

from __future__ import annotations

import torch

from robustbench_endo.metrics import overlap_triton, surface_gpu, surface_triton
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
