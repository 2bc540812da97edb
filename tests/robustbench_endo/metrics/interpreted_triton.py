"""Compares the Triton kernels of the metrics with plain torch: see tests/triton_kernels/run_interpreter.py."""

from __future__ import annotations

import torch

from robustbench_endo.metrics import surface_gpu, surface_triton


def check_surface() -> None:
    random = torch.Generator().manual_seed(0)
    for size in ((7, 67), (1, 5), (9, 1)):
        pred, target = torch.randint(0, 3, (2, 1, *size), generator=random).byte()
        target[:, size[0] // 3 :] = 2
        edges, sites = surface_gpu._edges(pred, 3), surface_gpu._edges(target, 3)
        image, label = torch.tensor([0, 0]), torch.tensor([1, 2])
        steps = surface_triton.steps_to_site(sites, image, label)
        assert torch.equal(steps, surface_gpu.steps_to_site(sites, image, label)), size
        points = (edges[image] == label[:, None, None]).nonzero()
        for spacing in ((1.0, 1.0), (3.0, 0.7)):
            tables = [surface_gpu._squares(n, s, pred.device) for n, s in zip(size, spacing, strict=True)]
            tables[0][-1] = torch.inf
            squares = surface_triton.nearest_squares(steps, points, *tables)
            assert torch.equal(squares, surface_gpu.nearest_squares(steps, points, *tables)), (size, spacing)
