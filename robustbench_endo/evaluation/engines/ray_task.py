"""What is sent to a Ray worker: it looks at the versions there before anything else is unpacked."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from typing import Any

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
        f"Expected the same versions on {strange['host']} as here, found {details}: install the same on every machine "
        "of the cluster, else its numbers may differ in the last digit."
    )
