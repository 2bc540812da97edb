"""Engines compute the chunks of a run: in this process, or on the workers of a Ray cluster."""

from __future__ import annotations

from robustbench_endo.evaluation.config import EvaluationConfig
from robustbench_endo.evaluation.loop import evaluate_chunks
from robustbench_endo.evaluation.plan import Engine


def choose_engine(config: EvaluationConfig, debug: bool = False) -> Engine:
    """The engine of a configuration.

    Args:
        debug: print the output of Ray and its workers.

    Raises:
        OptionalDependencyError: Ray is not installed.
        RunError: there is no Ray cluster at the address.
        RobustEndoError: an invalid address.
    """
    if config.engine == "local":
        return evaluate_chunks
    from robustbench_endo.evaluation.engines.ray import RayEngine
    from robustbench_endo.evaluation.engines.ray_cluster import check_address, import_ray

    import_ray()
    if config.address is not None:
        check_address(config.address)
    return RayEngine(config.address, debug)
