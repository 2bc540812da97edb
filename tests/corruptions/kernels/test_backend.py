"""Conversion between tensors and numpy planes, and the contexts of a device."""

from __future__ import annotations

import numpy as np
import torch

from robustbench_endo.corruptions.kernels.backend import from_planes, on_device, to_planes, use_numba, without_autocast


def test_to_planes_and_from_planes_are_inverse() -> None:
    images = torch.rand(2, 3, 4, 5)
    planes = to_planes(images.double().permute(0, 1, 3, 2))
    assert (planes.shape, planes.dtype) == ((6, 5, 4), np.float32)
    assert planes.flags.c_contiguous
    assert torch.equal(from_planes(planes, images), images.permute(0, 1, 3, 2))
    assert from_planes(np.zeros((6, 7, 8), np.float32), images).shape == (2, 3, 7, 8)


def test_use_numba_is_true_only_on_the_cpu() -> None:
    assert use_numba(torch.device("cpu"))
    assert not use_numba(torch.device("cuda"))
    assert not use_numba(torch.device("mps"))


def test_on_device_does_nothing_on_the_cpu() -> None:
    with on_device(torch.device("cpu")) as context:
        assert context is None


def test_without_autocast_computes_products_of_matrices_in_float32() -> None:
    matrix = torch.full((2, 2), 1.001)
    expected = matrix @ matrix
    with torch.autocast("cpu", torch.bfloat16):
        with without_autocast(torch.device("cpu")):
            assert torch.equal(matrix @ matrix, expected)
        assert (matrix @ matrix).dtype == torch.bfloat16
