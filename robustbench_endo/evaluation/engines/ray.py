"""The chunks of a run on the machines of a Ray cluster, or on all GPUs of this one."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any, NoReturn

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.evaluation.engines.ray_cluster import import_ray, joined, slots
from robustbench_endo.evaluation.engines.ray_payload import packed
from robustbench_endo.evaluation.plan import Work
from robustbench_endo.evaluation.profiler import Clock
from robustbench_endo.evaluation.provenance import versions


def task() -> Callable[[Sequence[int], Any], Any]:
    """A function of chunk numbers and a parcel that returns what :func:`.ray_worker.compute_chunks` does.

    It is defined in here so that Ray sends its code: it also answers where this package is missing or another one, by
    a dict of what differs, and touches nothing but the standard library until it knows.
    """
    expected = {"python": ".".join(platform.python_version_tuple()[:2]), **versions()}

    def compute(numbers: Sequence[int], parcel: Sequence[Any]) -> Any:
        import os
        import platform
        from importlib.metadata import PackageNotFoundError, version

        differing: dict[str, Any] = {}
        for name, here in expected.items():
            try:
                there = ".".join(platform.python_version_tuple()[:2]) if name == "python" else version(name)
            except PackageNotFoundError:
                there = "not installed as a package"
            if there != here:
                differing[name] = [here, there]
        if differing:
            return {**differing, "host": platform.node()}
        try:
            from robustbench_endo.evaluation.engines.ray_worker import compute_chunks

            return compute_chunks(numbers, parcel[0])
        except KeyboardInterrupt:
            # Ray would give this process other tasks, and what was interrupted while it was imported cannot be again.
            os._exit(1)

    return compute


def told(strange: dict[str, Any]) -> str:
    """A sentence about a worker that differs."""
    named = {name: versions for name, versions in strange.items() if name != "host"}
    details = "; ".join(f"{name} is {here} here and {there} there" for name, (here, there) in named.items())
    return (
        f"Expected the same versions on {strange['host']} as here, got {details}: install the same on every machine "
        "of the cluster, else its numbers may differ in the last digit."
    )


RETRIES = 3
"""How often a chunk is tried again after a worker was lost."""

AHEAD = 2
"""Tasks a slot that are handed out: one that computes, one that waits; so the driver holds few of them."""

TOGETHER = 4
"""Chunks a task at most on a GPU, where the next one is decoded while one is computed."""

FAREWELL = 10.0
"""Seconds that interrupted tasks have to end by themselves, and records have to be seen here."""


@dataclass(frozen=True)
class RayEngine:
    """An engine (see ``evaluation.plan.Engine``) whose tasks compute chunks and write their records themselves.

    A task computes on one CPU core or one GPU. Only seconds come back; models and data are sent once and loaded once a
    worker process.

    Attributes:
        address: ``auto``, ``HOST:PORT`` or ``ray://HOST:PORT``; None: ``RAY_ADDRESS``, or a cluster of this machine
            alone that ends with the run.
        debug: show what Ray and the workers print.
        tasks: at a time at most; None: as many as the cluster has room for, and as many again that wait.
    """

    address: str | None = None
    debug: bool = False
    tasks: int | None = None

    def __call__(self, work: Work, numbers: Sequence[int], clock: Clock, advance: Callable[[int], None]) -> None:
        """Have these chunks computed.

        Raises:
            OptionalDependencyError: Ray is not installed.
            RunError: nobody at the address, workers with other versions, without the run folder or the data, workers
                or a GPU that are gone; what is finished is kept.
            ModelError: a model breaks its contract.
        """
        ray = import_ray()
        with joined(ray, self.address, self.debug):
            device = work.request.device.type
            places = slots(ray, device)
            # In a list a reference arrives as it is: every worker process fetches the parcel once, not every task.
            parcel = [ray.put(packed(ray, work))]
            resources = {"num_gpus": 1, "num_cpus": 0} if device == "cuda" else {"num_cpus": 1}
            # Without max_calls Ray ends a process that used a GPU after every task.
            remote = ray.remote(max_retries=RETRIES, max_calls=0, **resources)(task())
            groups = list(_groups(numbers, places, device))
            ended = _results(ray, lambda group: remote.remote(group, parcel), groups, self.tasks or AHEAD * places)
            with closing(ended):  # which stops the tasks that are left, whatever happens here
                for group, (phases, lanes) in ended:
                    clock.add(phases)
                    clock.lanes = lanes * min(self.tasks or places, len(groups))
                    advance(sum(map(work.steps, group)))
        _check_written(work, numbers)


def _groups(numbers: Sequence[int], places: int, device: str) -> Iterator[Sequence[int]]:
    size = max(1, min(TOGETHER, len(numbers) // (AHEAD * places))) if device == "cuda" else 1
    return (numbers[start : start + size] for start in range(0, len(numbers), size))


def _results(
    ray: Any, start: Callable[[Sequence[int]], Any], groups: Iterable[Sequence[int]], most: int
) -> Generator[tuple[Sequence[int], Any], None, None]:
    """Groups with what their task returned, as they end, ``most`` tasks at a time."""
    waiting = iter(groups)
    flying: dict[Any, Sequence[int]] = {}
    try:
        while True:
            flying.update((start(group), group) for group in islice(waiting, most - len(flying)))
            if not flying:
                return
            for ended in ray.wait(list(flying), num_returns=1)[0]:
                yield flying.pop(ended), _result(ray, ended)
    finally:
        _stop(ray, list(flying))


def _result(ray: Any, ended: Any) -> Any:
    try:
        result = ray.get(ended)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, RobustEndoError):
            raise error.cause from None
        raise
    except ray.exceptions.RayError as error:
        _lost(error)
    if isinstance(result, dict):
        raise RunError(told(result))
    return result


def _lost(error: Exception) -> NoReturn:
    said = str(error).strip().partition("\n")[0]
    raise RunError(
        f"Expected the Ray workers to finish, got one lost {RETRIES + 1} times ({type(error).__name__}: {said}): "
        "what is finished is kept; look after the memory of the machines, then give the same command again."
    ) from error


def _stop(ray: Any, flying: Sequence[Any]) -> None:
    """Leave nothing behind that computes: tasks are interrupted, and ended where they do not listen."""
    if not flying or not ray.is_initialized():
        return
    for reference in flying:
        ray.cancel(reference)
    _, deaf = ray.wait(list(flying), num_returns=len(flying), timeout=FAREWELL)
    for reference in deaf:
        ray.cancel(reference, force=True)


def _check_written(work: Work, numbers: Sequence[int]) -> None:
    deadline = time.monotonic() + FAREWELL
    while missing := work.folder.without_chunk(numbers):
        if time.monotonic() > deadline:
            raise RunError(
                f"Expected the records of all chunks in {work.folder.path}, got none of {len(missing)} that workers "
                "have written: give an --out on a file system that all machines of the cluster share."
            )
        time.sleep(0.5)
