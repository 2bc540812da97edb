"""A call of :func:`rb.evaluate`: its configuration, and the plan of its models and data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeGuard

from robustbench_endo.corruptions import Suite
from robustbench_endo.evaluation.call_options import as_corruptions, as_severities, check_metrics, check_options
from robustbench_endo.evaluation.config import EvaluationConfig, config_from_options
from robustbench_endo.evaluation.data_argument import as_dataset, frame_size
from robustbench_endo.evaluation.device import choose_device
from robustbench_endo.evaluation.model_arguments import Models, named_models, prepared_models
from robustbench_endo.evaluation.plan import Engine, EvaluationPlan, build_plan, select_corruptions, select_indices
from robustbench_endo.metrics.base import Metric
from robustbench_endo.tasks.registry import labels_of
from robustbench_endo.types import Dataset

AnySuite = str | Path | Suite | None


def call_config(
    corruptions: str | Sequence[str],
    severities: float | Sequence[float],
    out: Path,
    suite: AnySuite,
    engine: str | Engine,
    options: Mapping[str, Any],
) -> EvaluationConfig:
    """The configuration of a call from Python, where models, data and suite may be objects.

    Raises:
        RobustEndoError: an unknown option, or a value of the wrong kind or outside its range.
    """
    return config_from_options(
        check_options(options),  # type: ignore[arg-type]  # checked one by one
        corruptions=as_corruptions(corruptions),
        severities=as_severities(severities),
        suite=suite.name if _is_suite(suite) else None if suite is None else str(suite),
        engine=engine if isinstance(engine, str) else "local",
        out=out,
    )


@contextmanager
def planned(
    config: EvaluationConfig,
    models: Models,
    data: Dataset | str | Path,
    suite: AnySuite,
    metrics: Sequence[Metric | type[Metric]],
) -> Iterator[EvaluationPlan]:
    """The plan of a call; its networks have their mode and device again when the context ends.

    Raises:
        RobustEndoError: models, data or metrics that the run cannot use.
    """
    user_metrics = check_metrics(metrics)
    device = choose_device(config.device)
    selected = select_corruptions(config, suite if _is_suite(suite) else None)
    named = named_models(models)
    dataset = as_dataset(data)
    indices = select_indices(len(dataset), config.limit)
    size = frame_size(dataset, indices, selected.suite.resolution)
    with prepared_models(named, labels_of(dataset), size, device) as prepared:
        yield build_plan(config, prepared, dataset, selected, user_metrics)


def _is_suite(suite: AnySuite) -> TypeGuard[Suite]:
    return suite is not None and not isinstance(suite, (str, Path))
