"""What a Ray worker does: load a run once, compute chunks of it, write their records."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pickle import UnpicklingError
from typing import Any

from robustbench_endo.errors import RunError
from robustbench_endo.evaluation.device import choose_device
from robustbench_endo.evaluation.engines.local import local
from robustbench_endo.evaluation.engines.ray_payload import Again, Parcel
from robustbench_endo.evaluation.plan import Work, cut
from robustbench_endo.evaluation.profiler import Clock
from robustbench_endo.evaluation.provenance import data_fingerprint
from robustbench_endo.evaluation.run_folder import RunFolder
from robustbench_endo.results.io import RUN_FILE, read_json


def compute_chunks(numbers: Sequence[int], parcel: Any) -> tuple[dict[str, float], int]:
    """Compute and write chunks; those of them that are written are left alone: this may be a second try.

    Args:
        parcel: reference to a packed :class:`.ray_payload.Parcel`.

    Returns:
        Seconds by phase, and conditions that were computed side by side.

    Raises:
        RunError: this machine does not see the run folder or the data; what :func:`.local.local` raises.
    """
    work, clock = _loaded(parcel), Clock()
    try:
        local(work, [number for number in numbers if not work.folder.has_chunk(number)], clock, lambda done: None)
    except RunError as error:
        raise RunError(f"On {platform.node()}: {error}") from error
    return clock.phases(), clock.lanes


@lru_cache(maxsize=1)
def _loaded(parcel: Any) -> Work:
    """The run, once a process."""
    import ray

    try:
        unpacked = ray.cloudpickle.loads(ray.get(parcel))
    except (ImportError, AttributeError, UnpicklingError) as error:
        raise RunError(
            f"Expected the code of the models and data on {platform.node()}, got {type(error).__name__}: {error}: "
            "install it on every machine of the cluster, or give the model as FILE.py:factory."
        ) from error
    return opened(unpacked)


def opened(parcel: Parcel) -> Work:
    """The run as work on this machine, where its folder and its data are those of the one that sent it.

    Raises:
        RunError: they are not.
        RobustEndoError: this machine has not the device.
    """
    request = replace(parcel.request, device=choose_device(parcel.request.device.type))
    run_file = request.out / RUN_FILE
    if not run_file.is_file() or read_json(run_file).get("identity") != parcel.identity:
        found = "another run" if run_file.is_file() else f"no {RUN_FILE}"
        raise RunError(
            f"Expected the run folder {request.out} on {platform.node()}, got {found} there: give an --out on a "
            "file system that all machines of the cluster share."
        )
    with suppress(OSError):
        os.chdir(parcel.directory)
    indices, fingerprint = parcel.probe
    if data_fingerprint(request.dataset, indices) != fingerprint:
        raise RunError(
            f"Expected the same data {request.dataset.name!r} on {platform.node()}, got other files or none: put the "
            "data on a file system that all machines of the cluster share."
        )
    models = {n: m.load(request.dataset) if isinstance(m, Again) else m for n, m in parcel.models.items()}
    every = [index for chunk in parcel.chunks for index in chunk]
    return replace(cut(replace(request, models=models), every, RunFolder(request.out)), chunks=parcel.chunks)
