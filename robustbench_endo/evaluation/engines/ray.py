"""The Ray engine: chunks of a run on the machines of a cluster, or on all GPUs of this one."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any, NoReturn

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.evaluation.engines.ray_cluster import count_slots, import_ray, join_cluster
from robustbench_endo.evaluation.engines.ray_payload import serialize
from robustbench_endo.evaluation.loop import Advance
from robustbench_endo.evaluation.plan import EvaluationPlan
from robustbench_endo.evaluation.profiler import Profiler
from robustbench_endo.evaluation.provenance import versions

MAX_RETRIES = 3
"""How often a chunk is retried after a worker was lost."""
PREFETCH = 2
"""Tasks per slot that are submitted: one that computes, one that waits; the driver then tracks few of them."""
CHUNKS_PER_TASK = 4
"""Chunks per task at most on a GPU, where the next one is decoded while one is computed."""
SHUTDOWN_TIMEOUT_S = 10.0
"""Seconds that cancelled tasks have to end by themselves, and that written records have to become visible."""


@dataclass(frozen=True)
class RayEngine:
    """An engine (see ``evaluation.plan.Engine``) whose tasks compute chunks and write their records themselves.

    A task uses one CPU core or one GPU. Only timings are returned; models and data are sent once and loaded once per
    worker process.

    Attributes:
        address: ``auto``, ``HOST:PORT`` or ``ray://HOST:PORT``; None: ``RAY_ADDRESS``, or a cluster on this machine
            that ends with the run.
        debug: print the output of Ray and its workers.
        tasks: running at a time at most; None for twice the slots of the cluster.
    """

    address: str | None = None
    debug: bool = False
    tasks: int | None = None

    def __call__(self, plan: EvaluationPlan, chunks: Sequence[int], profiler: Profiler, advance: Advance) -> None:
        """Compute these chunks.

        Raises:
            OptionalDependencyError: Ray is not installed.
            RunError: no cluster at the address, workers with other versions, without the run folder or the data, or a
                lost worker or GPU; finished work is kept.
            ModelError: a model breaks its contract.
        """
        ray = import_ray()
        with join_cluster(ray, self.address, self.debug):
            device = plan.device.type
            slots = count_slots(ray, device)
            # Inside a list a reference is passed on as it is: every worker process fetches the payload once.
            payload = [ray.put(serialize(ray, plan))]
            resources = {"num_gpus": 1, "num_cpus": 0} if device == "cuda" else {"num_cpus": 1}
            # Without max_calls Ray ends a process that used a GPU after every task.
            remote = ray.remote(max_retries=MAX_RETRIES, max_calls=0, **resources)(make_task())
            groups = list(_group_chunks(chunks, slots, device))
            done = _results(ray, lambda group: remote.remote(group, payload), groups, self.tasks or PREFETCH * slots)
            with closing(done):  # which cancels the remaining tasks whatever happens here
                for group, (phases, lanes) in done:
                    profiler.add(phases)
                    profiler.lanes = lanes * min(self.tasks or slots, len(groups))
                    advance(sum(map(plan.steps, group)))
        _check_written(plan, chunks)


def make_task() -> Callable[[Sequence[int], Any], Any]:
    """A function of chunk numbers and a payload that returns the result of :func:`.ray_worker.compute_chunks`.

    It is defined inside this function so that Ray sends its code: it also runs where this package is missing or has
    another version (it then returns a dict of the differences), and uses only the standard library until it has
    compared the versions.
    """
    expected = {"python": ".".join(platform.python_version_tuple()[:2]), **versions()}

    def compute(chunks: Sequence[int], payload: Sequence[Any]) -> Any:
        import os
        import platform
        from importlib.metadata import PackageNotFoundError, version

        different: dict[str, Any] = {}
        for name, here in expected.items():
            try:
                there = ".".join(platform.python_version_tuple()[:2]) if name == "python" else version(name)
            except PackageNotFoundError:
                there = "not installed as a package"
            if there != here:
                different[name] = [here, there]
        if different:
            return {**different, "host": platform.node()}
        try:
            from robustbench_endo.evaluation.engines.ray_worker import compute_chunks

            return compute_chunks(chunks, payload[0])
        except KeyboardInterrupt:
            # Ray would give this process other tasks, and an interrupted import cannot be repeated.
            os._exit(1)

    return compute


def version_mismatch_message(mismatch: dict[str, Any]) -> str:
    """A sentence about a worker with other versions."""
    packages = {name: each for name, each in mismatch.items() if name != "host"}
    details = "; ".join(f"{name} is {here} here and {there} there" for name, (here, there) in packages.items())
    return (
        f"Expected the same versions on {mismatch['host']} as here, got {details}: install the same on every machine "
        "of the cluster, else its numbers may differ in the last digit."
    )


def _group_chunks(chunks: Sequence[int], slots: int, device: str) -> Iterator[Sequence[int]]:
    size = max(1, min(CHUNKS_PER_TASK, len(chunks) // (PREFETCH * slots))) if device == "cuda" else 1
    return (chunks[start : start + size] for start in range(0, len(chunks), size))


def _results(
    ray: Any, submit: Callable[[Sequence[int]], Any], groups: Iterable[Sequence[int]], max_tasks: int
) -> Generator[tuple[Sequence[int], Any], None, None]:
    """Groups with the result of their task as they finish, ``max_tasks`` tasks at a time."""
    waiting = iter(groups)
    pending: dict[Any, Sequence[int]] = {}
    try:
        while True:
            pending.update((submit(group), group) for group in islice(waiting, max_tasks - len(pending)))
            if not pending:
                return
            for done in ray.wait(list(pending), num_returns=1)[0]:
                yield pending.pop(done), _result(ray, done)
    finally:
        _cancel(ray, list(pending))


def _result(ray: Any, done: Any) -> Any:
    try:
        result = ray.get(done)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, RobustEndoError):
            raise error.cause from None
        raise
    except ray.exceptions.RayError as error:
        _raise_lost_worker(error)
    if isinstance(result, dict):
        raise RunError(version_mismatch_message(result))
    return result


def _raise_lost_worker(error: Exception) -> NoReturn:
    reason = str(error).strip().partition("\n")[0]
    raise RunError(
        f"A Ray worker failed {MAX_RETRIES + 1} times ({type(error).__name__}: {reason}). Completed work is saved; "
        "check the memory of the machines and re-run the same command to resume."
    ) from error


def _cancel(ray: Any, pending: Sequence[Any]) -> None:
    """Leave no running task behind: tasks are interrupted, and killed where they do not respond."""
    if not pending or not ray.is_initialized():
        return
    for reference in pending:
        ray.cancel(reference)
    _, unresponsive = ray.wait(list(pending), num_returns=len(pending), timeout=SHUTDOWN_TIMEOUT_S)
    for reference in unresponsive:
        ray.cancel(reference, force=True)


def _check_written(plan: EvaluationPlan, chunks: Sequence[int]) -> None:
    deadline = time.monotonic() + SHUTDOWN_TIMEOUT_S
    while missing := plan.folder.missing_chunks(chunks):
        if time.monotonic() > deadline:
            raise RunError(
                f"Expected the records of all chunks in {plan.folder.path}, got none of {len(missing)} that workers "
                "have written: use an --out on a file system that all machines of the cluster share."
            )
        time.sleep(0.5)
