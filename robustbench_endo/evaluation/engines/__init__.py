"""Who computes the chunks of a run: this process, or the workers of a cluster."""

from __future__ import annotations

from robustbench_endo.errors import RobustEndoError, UnknownNameError
from robustbench_endo.evaluation.engines.local import local
from robustbench_endo.evaluation.engines.ray import RayEngine
from robustbench_endo.evaluation.engines.ray_cluster import check_address, import_ray
from robustbench_endo.evaluation.plan import Engine

ENGINES = ("local", "ray")


def choose_engine(engine: str | Engine, address: str | None = None, debug: bool = False) -> Engine:
    """The engine of a name; one that is none is given back.

    Args:
        address: of a cluster, for ``ray``.
        debug: show what the engine prints.

    Raises:
        UnknownNameError: no such engine.
        OptionalDependencyError: Ray is not installed.
        RunError: nobody listens at the address.
        RobustEndoError: an address for another engine than ``ray``, or a text that is none.
    """
    if engine == "ray":
        import_ray()
        if address is not None:
            check_address(address)
        return RayEngine(address, debug)
    if address is not None:
        raise RobustEndoError(f"Expected an address with the engine ray alone, got {address!r}: add --engine ray.")
    if engine == "local":
        return local
    if isinstance(engine, str):
        raise UnknownNameError(f"Expected an engine of {', '.join(ENGINES)}, got {engine!r}.")
    return engine
