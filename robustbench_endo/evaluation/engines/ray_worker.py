"""A Ray worker: loads a run once, computes chunks of it, and writes their records."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pickle import UnpicklingError
from typing import Any

from robustbench_endo.errors import RunError
from robustbench_endo.evaluation.data_fingerprint import fingerprint_data
from robustbench_endo.evaluation.engines.ray_payload import RayPayload, ReloadableModel
from robustbench_endo.evaluation.loop import evaluate_chunks
from robustbench_endo.evaluation.plan import EvaluationPlan, build_plan
from robustbench_endo.evaluation.profiler import Profiler
from robustbench_endo.io_utils import read_json
from robustbench_endo.results.integrity import RUN_FILE


def compute_chunks(chunks: Sequence[int], payload: Any) -> tuple[dict[str, float], int]:
    """Compute and write those of the chunks that are not written yet: this may be a second attempt.

    Args:
        payload: reference to a serialized :class:`.ray_payload.RayPayload`.

    Returns:
        Seconds by phase, and conditions that were computed in parallel.

    Raises:
        RunError: this machine does not see the run folder or the data; errors of
            :func:`~robustbench_endo.evaluation.loop.evaluate_chunks`.
    """
    plan, profiler = _load(payload), Profiler()
    try:
        missing = [chunk for chunk in chunks if not plan.folder.has_chunk(chunk)]
        evaluate_chunks(plan, missing, profiler, lambda steps, condition="": None)
    except RunError as error:
        raise RunError(f"On {platform.node()}: {error}") from error
    return profiler.phases(), profiler.lanes


@lru_cache(maxsize=1)
def _load(payload: Any) -> EvaluationPlan:
    """The plan, once per process."""
    import ray

    try:
        content = ray.cloudpickle.loads(ray.get(payload))
    except (ImportError, AttributeError, UnpicklingError) as error:
        raise RunError(
            f"Cannot load the code of the models and data on {platform.node()}: {type(error).__name__}: {error}. "
            "Install it on every machine of the cluster, or give the model as FILE.py:factory."
        ) from error
    return open_payload(content)


def open_payload(payload: RayPayload) -> EvaluationPlan:
    """The plan on this machine, if its folder and data are those of the driver.

    Raises:
        RunError: they are not.
        RobustEndoError: this machine does not have the device.
    """
    config, host = payload.config, platform.node()
    run_file = config.out / RUN_FILE
    if not run_file.is_file() or read_json(run_file).get("identity") != payload.identity:
        got = "another run" if run_file.is_file() else f"no {RUN_FILE}"
        raise RunError(
            f"Expected the run folder {config.out} on {host}, got {got} there: use an --out on a file system that all "
            "machines of the cluster share."
        )
    with suppress(OSError):
        os.chdir(payload.directory)
    before = payload.fingerprint
    here = fingerprint_data(payload.dataset, payload.probe).frames
    if any(before.frames.get(index) != digest for index, digest in here.items()):
        raise RunError(
            f"Expected the same data {payload.dataset.name!r} on {host}, got other files or none: put the data on a "
            "file system that all machines of the cluster share."
        )
    models = {
        name: model.load(payload.dataset) if isinstance(model, ReloadableModel) else model
        for name, model in payload.models.items()
    }
    run = payload.dataset, payload.selected, payload.metrics, payload.chunks, before, payload.calibrations
    plan = build_plan(config, models, *run)
    plan.folder.join(payload.identity)
    return plan
