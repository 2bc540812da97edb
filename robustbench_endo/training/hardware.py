"""Where training runs: Lightning Fabric brings the devices, the processes and the precision."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

import torch

from robustbench_endo.errors import OptionalDependencyError, TrainingError


@dataclass(frozen=True)
class Hardware:
    """Nothing here changes what is learnt, except by rounding.

    Attributes:
        device: `cpu`, `cuda`, `cuda:1`, ...
        devices: processes with a device each, on every node; under ``torchrun`` its `--nproc-per-node`.
        nodes: machines.
        workers: threads that augment ahead of the steps; None: one on a CPU, up to eight beside a GPU.
    """

    device: str | torch.device = "cpu"
    devices: int = 1
    nodes: int = 1
    workers: int | None = None

    def __post_init__(self) -> None:
        for name in ("devices", "nodes"):
            if getattr(self, name) < 1:
                raise TrainingError(f"Expected {name} >= 1, got {getattr(self, name)}: raise it.")

    @property
    def threads(self) -> int:
        """Threads that prepare batches."""
        if self.workers is not None:
            return max(1, self.workers)
        return 1 if torch.device(self.device).type == "cpu" else min(8, max(1, (os.cpu_count() or 1) // 2))


def make_fabric(hardware: Hardware, precision: str, loggers: Sequence[Any] = ()) -> Any:
    """A launched ``Fabric``.

    Raises:
        OptionalDependencyError: Lightning Fabric is not installed.
        TrainingError: a device, a number of devices or a precision that this machine does not have.
    """
    place = torch.device(hardware.device)
    if precision == "16-mixed" and place.type == "cpu":
        raise TrainingError("Expected a GPU for the precision 16-mixed, got cpu: use bf16-mixed or 32-true.")
    devices: Any = [place.index] if place.index is not None and hardware.devices == 1 else hardware.devices
    several = hardware.devices * hardware.nodes > 1
    logging.getLogger(fabric_library().__name__).setLevel(logging.WARNING)  # it announces its precision
    try:
        with warnings.catch_warnings():
            if hardware.nodes == 1:  # a hint for jobs of several machines alone, given wherever Slurm is installed
                warnings.filterwarnings("ignore", "The `srun` command is available on your system but is not used")
            fabric = fabric_library().Fabric(
                accelerator=place.type,
                devices=devices,
                num_nodes=hardware.nodes,
                strategy="ddp" if several else "auto",
                precision=precision,
                loggers=list(loggers),
            )
            fabric.launch()
    except (ValueError, RuntimeError) as error:
        raise TrainingError(
            f"Expected {hardware.devices} device(s) of kind {place.type} in precision {precision}, got: {error}"
        ) from error
    return fabric


def fabric_library() -> ModuleType:
    """Lightning Fabric, alone or as part of Lightning.

    Raises:
        OptionalDependencyError: neither is installed.
    """
    for name in ("lightning_fabric", "lightning.fabric"):
        try:
            return import_module(name)
        except ModuleNotFoundError as error:
            if not name.startswith(str(error.name).partition(".")[0]):
                raise
    raise OptionalDependencyError(
        "Expected Lightning Fabric for training, got it not installed: install robustbench-endo[train]."
    )


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
