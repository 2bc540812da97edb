"""What the description of a run, run.json, says: models, conditions, tasks and labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from robustbench_endo.results.metrics import run_tasks
from robustbench_endo.results.severity import as_severity
from robustbench_endo.tasks.base import Task


class RunInfo:
    """A run as its description declares it.

    Attributes:
        info: the content of run.json.
    """

    info: Mapping[str, Any]

    @property
    def models(self) -> list[str]:
        """Names of the models, in the order of the run."""
        return [entry["name"] for entry in self.info["models"]]

    @property
    def methods(self) -> dict[str, list[str]]:
        """Method -> its models: the training seeds of a method, or a single model."""
        methods: dict[str, list[str]] = {}
        for entry in self.info["models"]:
            methods.setdefault(entry.get("method", entry["name"]), []).append(entry["name"])
        return methods

    @property
    def corruption_categories(self) -> dict[str, str]:
        """Corruption -> category, in the order of the suite, without clean."""
        return {entry["name"]: entry["category"] for entry in self.info["corruptions"]}

    @property
    def corruptions(self) -> list[str]:
        """Names of the corruptions, in the order of the suite, without clean."""
        return list(self.corruption_categories)

    @property
    def recorded_conditions(self) -> list[str]:
        """Names of the recorded conditions; most data have none."""
        return [entry["name"] for entry in self.info.get("recorded_conditions", ())]

    @property
    def severities(self) -> list[float]:
        """The severities of the run, without 0."""
        return [as_severity(severity) for severity in self.info["severities"]]

    @property
    def protocol(self) -> str:
        """``standard`` or ``endoarss``; numbers of the two are never in one table."""
        return str(self.info.get("protocol", "standard"))

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The evaluated tasks; the last one leads summaries and curves."""
        return run_tasks(self.info)

    @property
    def labels(self) -> dict[str, list[str]]:
        """Task -> names of its labels."""
        return {task: list(labels) for task, labels in self.info["tasks"].items()}

    @property
    def headlines(self) -> tuple[str, ...]:
        """One metric per task, the default of the tables."""
        return tuple(task.headline for task in self.tasks)
