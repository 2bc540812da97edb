"""Columns on their way to the host, packed in one tensor where they are not there yet."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from robustbench_endo.evaluation import host_copy
from robustbench_endo.evaluation.host_copy import HostColumns, HostCopy

COLUMNS = {
    "valid": torch.tensor([True, False, True]),
    "label": torch.tensor([-1, 3, 254], dtype=torch.int16),
    "pixels": torch.tensor([0, (1 << 31) - 1, 7], dtype=torch.int32),
    "large": torch.tensor([(1 << 53) - 1, -(1 << 53), 5]),
    "dice": torch.tensor([0.1, torch.nan, -0.0]),
    "hd": torch.tensor([1 / 3, torch.inf, 5e-324], dtype=torch.float64),
    "level": torch.tensor([0, 128, 255], dtype=torch.uint8),
}


class OnDevice(torch.Tensor):
    """A tensor that says that it is on another device, and computes on the CPU."""

    device = torch.device("meta")


def assert_same(columns, expected):
    assert list(columns) == list(expected)
    for name, values in expected.items():
        assert columns[name].dtype == values.numpy().dtype, name
        assert columns[name].tobytes() == values.numpy().tobytes(), name


def test_host_columns_of_the_cpu_are_views_of_the_tensors():
    (columns,) = HostColumns([COLUMNS]).wait()
    assert_same(columns, COLUMNS)
    assert np.shares_memory(columns["hd"], COLUMNS["hd"].numpy())


def test_host_columns_of_a_device_have_the_same_bits_and_types(monkeypatch):
    copied = []
    monkeypatch.setattr(host_copy, "HostCopy", lambda packed: copied.append(packed.shape) or HostCopy(packed))
    on_device = {name: values.as_subclass(OnDevice) for name, values in COLUMNS.items()}
    host = {"array": np.arange(3), "tensor": torch.ones(3)}
    shared = {"dice": on_device["dice"], "again": on_device["dice"]}
    first, second = HostColumns([{**on_device, **host}, shared]).wait()
    assert copied == [(len(COLUMNS), 3)]  # one copy, of each column once
    assert_same({name: first[name] for name in COLUMNS}, COLUMNS)
    assert first["array"] is host["array"]
    assert_same(second, {"dice": COLUMNS["dice"], "again": COLUMNS["dice"]})


@pytest.mark.gpu
def test_host_columns_of_a_gpu_equal_those_of_the_cpu(gpu: torch.device):
    (columns,) = HostColumns([{name: values.to(gpu) for name, values in COLUMNS.items()}]).wait()
    assert_same(columns, COLUMNS)
    assert HostCopy(COLUMNS["level"].to(gpu)).wait().is_pinned() == (gpu.type == "cuda")
