"""Numbers of the host: constants made once, and parameters in one copy."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.corruptions.kernels.host_values import constant, upload


def test_constant_is_one_tensor_for_equal_values() -> None:
    first = constant(((1.0, 2.0), (3.0, 4.0)), torch.device("cpu"))
    assert first is constant(((1.0, 2.0), (3.0, 4.0)), torch.device("cpu"))
    assert first.dtype == torch.float32
    assert first.tolist() == [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_upload_returns_the_shapes_of_its_tensors(device: str) -> None:
    tensors = (torch.arange(6.0).reshape(2, 3), torch.tensor([7.0]), torch.arange(4.0).reshape(4, 1, 1))
    moved = upload(tensors, torch.device(device))
    assert [part.shape for part in moved] == [part.shape for part in tensors]
    assert {part.device.type for part in moved} == {device}


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_upload_keeps_the_values_on_a_gpu() -> None:
    tensors = (torch.arange(6.0).reshape(2, 3), torch.tensor([7.0]))
    for part, tensor in zip(upload(tensors, torch.device("cuda")), tensors, strict=True):
        assert torch.equal(part.cpu(), tensor)
