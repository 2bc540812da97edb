"""Lightning Fabric: devices, processes, precision and loggers of a training."""

from __future__ import annotations

import hashlib
import logging
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from robustbench_endo.errors import OptionalDependencyError, TrainingError
from robustbench_endo.evaluation.device import deterministic
from robustbench_endo.evaluation.full_float32 import full_float32
from robustbench_endo.tracking.names import EXTRAS, PROJECT, logger_names, mlflow_uri


@dataclass(frozen=True)
class Hardware:
    """Where a training runs; this changes the weights only by rounding.

    Attributes:
        device: ``cpu``, ``cuda``, ``cuda:1``, ...
        devices: number of processes with a device each, on every node; under ``torchrun`` its ``--nproc-per-node``.
        nodes: number of machines.
        workers: threads that prepare batches; None: one on a CPU, half the cores but at most eight on a GPU.
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
        """Number of threads that prepare batches."""
        if self.workers is not None:
            return max(1, self.workers)
        return 1 if torch.device(self.device).type == "cpu" else min(8, max(1, (os.cpu_count() or 1) // 2))


def make_fabric(hardware: Hardware, precision: str, loggers: Sequence[Any] = ()) -> Any:
    """A launched ``Fabric``.

    Raises:
        OptionalDependencyError: Lightning Fabric is not installed.
        TrainingError: a device, a number of devices or a precision that this machine does not have.
    """
    device = torch.device(hardware.device)
    if precision == "16-mixed" and device.type == "cpu":
        raise TrainingError("Expected a GPU for the precision 16-mixed, got cpu: use bf16-mixed or 32-true.")
    devices: Any = [device.index] if device.index is not None and hardware.devices == 1 else hardware.devices
    several = hardware.devices * hardware.nodes > 1
    logging.getLogger(fabric_library().__name__).setLevel(logging.WARNING)  # it logs its precision
    try:
        # Fabric reads the precision of matrix products on a GPU: with torch's older interface, which raises an error
        # where the newer one was used.
        readable = full_float32() if device.type == "cuda" else nullcontext()
        with warnings.catch_warnings(), readable:
            if hardware.nodes == 1:  # a hint for jobs of several machines, given wherever Slurm is installed
                warnings.filterwarnings("ignore", "The `srun` command is available on your system but is not used")
            fabric = fabric_library().Fabric(
                accelerator=device.type,
                devices=devices,
                num_nodes=hardware.nodes,
                strategy="ddp" if several else "auto",
                precision=precision,
                loggers=list(loggers),
            )
            fabric.launch()
    except (ValueError, RuntimeError) as error:
        raise TrainingError(
            f"Cannot use {hardware.devices} device(s) of type {device.type} in precision {precision}: {error} Choose "
            "others with --device, --devices or --precision."
        ) from error
    return fabric


def fabric_library() -> ModuleType:
    """Lightning Fabric, as its own package or as part of Lightning.

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
    """Seed torch and use deterministic kernels on a GPU where it has them; the caller's random state is restored."""
    gpu = fabric.device.type == "cuda"
    kernels = deterministic(backward=True) if gpu else nullcontext()
    with torch.random.fork_rng(devices=[fabric.device] if gpu else []), kernels:
        torch.manual_seed(seed)
        yield


def make_loggers(names: Sequence[str], folder: Path, step: int) -> list[Any]:
    """Loggers of Lightning by name; a resumed training continues the same curves.

    Args:
        names: among ``tensorboard`` (event files in folder/tensorboard), ``mlflow`` (the tracking server of
            MLFLOW_TRACKING_URI, else folder/mlflow.db) and ``wandb`` (project robustbench-endo).
        folder: of the training; its name is that of the run.
        step: number of finished steps.

    Raises:
        UnknownNameError: another name.
        OptionalDependencyError: the package behind a logger is not installed.
    """
    return [_make_logger(name, folder, step) for name in logger_names(names)]


def _make_logger(name: str, folder: Path, step: int) -> Any:
    try:
        return _FACTORIES[name](folder, step)
    except ModuleNotFoundError as error:
        raise OptionalDependencyError(
            f"Expected the package of the logger {name}, got it not installed ({error}): install "
            f"robustbench-endo[{EXTRAS[name]}], or choose another with --logger."
        ) from error


def _tensorboard(folder: Path, step: int) -> Any:
    # Steps of the interrupted epoch are purged, so that no step is logged twice.
    logger = import_module(f"{fabric_library().__name__}.loggers")
    return logger.TensorBoardLogger(folder, name="tensorboard", version="", purge_step=step or None)


def _mlflow(folder: Path, step: int) -> Any:
    id_file = folder / "mlflow.txt"
    known = id_file.read_text("utf-8") if step and id_file.is_file() else None
    make = import_module("lightning.pytorch.loggers").MLFlowLogger
    logger = make(PROJECT, run_name=folder.name, tracking_uri=mlflow_uri(folder), run_id=known)
    id_file.write_text(str(logger.run_id), "utf-8")
    return logger


def _wandb(folder: Path, step: int) -> Any:
    key = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:8]
    make = import_module("lightning.pytorch.loggers").WandbLogger
    return make(name=folder.name, project=PROJECT, save_dir=folder, id=f"run-{key}", resume="allow")


_FACTORIES: dict[str, Callable[[Path, int], Any]] = {
    "tensorboard": _tensorboard,
    "mlflow": _mlflow,
    "wandb": _wandb,
}
