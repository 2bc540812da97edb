"""Tables on a device: computed once, usable in every mode."""

from __future__ import annotations

import numpy as np
import torch

from robustbench_endo.corruptions.kernels.device_tables import device_table

CPU = torch.device("cpu")


def test_device_table_is_computed_once_for_the_same_arguments() -> None:
    calls = []

    def squares(count: int) -> np.ndarray:
        calls.append(count)
        return np.arange(count) ** 2

    tables = [device_table(squares, CPU, count) for count in (3, 4, 3)]
    assert calls == [3, 4]
    assert tables[0] is tables[2]
    assert tables[1].tolist() == [0, 1, 4, 9]


def test_device_table_made_in_inference_mode_takes_part_in_gradients() -> None:
    def weights() -> np.ndarray:
        return np.full(3, 2.0, np.float32)

    with torch.inference_mode():
        device_table(weights, CPU)
    leaf = torch.ones(3, requires_grad=True)
    (leaf * device_table(weights, CPU)).sum().backward()
    assert leaf.grad is not None
    assert leaf.grad.tolist() == [2.0, 2.0, 2.0]
