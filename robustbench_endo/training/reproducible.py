"""The same seed on the same machine gives the same weights, and the caller's random numbers are left alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


@contextmanager
def reproducible(seed: int, fabric: Any) -> Iterator[None]:
    """Seeds torch, and on a GPU picks deterministic kernels wherever there are any."""
    gpu = fabric.device.type == "cuda"
    devices = [fabric.device] if gpu else []
    with torch.random.fork_rng(devices=devices), _deterministic_kernels() if gpu else _nothing():
        torch.manual_seed(seed)
        yield


@contextmanager
def _deterministic_kernels() -> Iterator[None]:
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # asked for by cuBLAS
    before = (torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled())
    benchmark = torch.backends.cudnn.benchmark
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
        torch.backends.cudnn.benchmark = benchmark


@contextmanager
def _nothing() -> Iterator[None]:
    yield
