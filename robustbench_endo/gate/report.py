"""The outcome of a gate: a verdict per criterion and model, what it rests on, and ``gate.json``."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, cast

from robustbench_endo.errors import RunError
from robustbench_endo.io_utils import read_json, write_atomically

GATE_FILE = "gate.json"
"""In a run folder; it has no checksum in run.json, because it can be computed again from the records."""

FORMAT = 1
"""Version of the content of gate.json."""

Verdict = Literal["pass", "fail", "undecided"]

UNDEFINED = ("value", "low", "high", "p_value", "level")
"""Numbers that are NaN where there is none, and null in gate.json."""


@dataclass(frozen=True)
class CriterionResult:
    """One criterion of the plan, for one model.

    Attributes:
        id: of the criterion; with ``aggregate = "each"`` followed by the condition, as ``id/smoke/3``.
        task: name of the task.
        metric: name of the metric.
        corruption: title of the scope, such as ``Smoke`` or ``Noise (mean of 4)``.
        corruptions: their names.
        severities: of the scope; empty for clean frames and recorded conditions.
        aggregate: ``mean``, ``each`` or ``worst`` over the conditions of the scope.
        kind: ``bound`` for a bound, ``non_inferiority`` for a margin to the baseline.
        direction: whether the value has to be ``at_least`` or ``at_most`` the threshold.
        threshold: in the unit of the metric; of a difference for ``non_inferiority``.
        unit: of ``threshold``, ``value``, ``low`` and ``high``.
        model: name of the model.
        value: of the metric, or new - old; NaN where it is not defined.
        low, high: ends of its interval. The pessimistic end is that of the interval of confidence 1 - ``alpha``, the
            optimistic end that of confidence 1 - ``level``.
        p_value: of the hypothesis that the criterion is violated: the smallest ``alpha`` at which it would pass.
        level: of the optimistic end, corrected for the number of criteria.
        subjects: patients or sequences with a value.
        verdict: ``pass``, ``fail`` or ``undecided``.
        reason: the verdict in one sentence.
    """

    id: str
    task: str
    metric: str
    corruption: str
    corruptions: tuple[str, ...]
    severities: tuple[float, ...]
    aggregate: str
    kind: Literal["bound", "non_inferiority"]
    direction: Literal["at_least", "at_most"]
    threshold: float
    unit: str
    model: str
    value: float
    low: float
    high: float
    p_value: float
    level: float
    subjects: int
    verdict: Verdict
    reason: str

    @property
    def pessimistic(self) -> float:
        """The end of the interval that has to meet the threshold."""
        return self.low if self.direction == "at_least" else self.high


@dataclass(frozen=True)
class RunReference:
    """Which run a gate is about.

    Attributes:
        name: of the run.
        checksum: SHA-256 of its run.json, which names the SHA-256 of all its files.
        data: name of the data set.
        suite: name of the suite.
        frames: number of frames.
        subjects: number of patients or sequences.
    """

    name: str
    checksum: str
    data: str
    suite: str
    frames: int
    subjects: int


@dataclass(frozen=True)
class GateReport:
    """The verdicts of a plan on a run.

    Attributes:
        name: of the plan.
        verdict: ``fail`` if a criterion fails, else ``undecided`` if one is undecided, else ``pass``.
        criteria: one result per criterion, condition (``aggregate = "each"``) and model.
        alpha: largest probability of a wrong pass, and of a wrong fail.
        correction: ``holm``, ``bonferroni`` or ``none``.
        estimand: ``subject`` or ``pooled``.
        min_subjects: below it a criterion is undecided.
        plan_sha256: of the file.
        plan_toml: its text, from which the gate can be computed again.
        run: the run.
        baseline: the run that margins refer to; None without one.
        models: names of the models that were tested.
        notes: what else is important for the interpretation.
    """

    name: str
    verdict: Verdict
    criteria: tuple[CriterionResult, ...]
    alpha: float
    correction: str
    estimand: str
    min_subjects: int
    plan_sha256: str
    plan_toml: str
    run: RunReference
    baseline: RunReference | None
    models: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def of_model(self, model: str) -> Verdict:
        """The verdict of one model."""
        return overall([each.verdict for each in self.criteria if each.model == model])

    def to_json(self) -> dict[str, Any]:
        """The content of gate.json: strict JSON, in which an undefined number is null."""
        content = asdict(self)
        content["criteria"] = [
            {name: _defined(value) if name in UNDEFINED else value for name, value in each.items()}
            for each in content["criteria"]
        ]
        return cast("dict[str, Any]", json.loads(json.dumps({"format": FORMAT, **content}, allow_nan=False)))

    def write(self, path: Path) -> Path:
        """Write gate.json; the same run and plan give the same bytes."""
        text = json.dumps(self.to_json(), indent=1, ensure_ascii=False, allow_nan=False)
        write_atomically(path, f"{text}\n".encode())
        return path


def overall(verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict of several criteria together.

    >>> overall(["pass", "undecided"]), overall(["undecided", "fail"])
    ('undecided', 'fail')
    """
    if "fail" in verdicts:
        return "fail"
    return "pass" if verdicts and set(verdicts) == {"pass"} else "undecided"


def load_gate(run: str | Path) -> GateReport | None:
    """The gate in a run folder; None where there is none.

    Its ``run.checksum`` is that of other records where the folder was evaluated again since.

    Raises:
        RunError: a gate.json that cannot be read, or that ``robust-endo gate`` of this version did not write.
    """
    path = Path(run) / GATE_FILE
    if not path.is_file():
        return None
    content = read_json(path)
    try:
        return from_json(content)
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"Cannot use {path}: no gate of this version. Run robust-endo gate again.") from error


def from_json(content: Mapping[str, Any]) -> GateReport:
    """The report of :meth:`GateReport.to_json`."""
    if content["format"] != FORMAT:
        raise ValueError(content["format"])
    names = {field.name for field in fields(GateReport)}
    values = {name: value for name, value in content.items() if name in names}
    baseline = content["baseline"]
    return GateReport(
        **{
            **values,
            "criteria": tuple(_criterion(each) for each in content["criteria"]),
            "run": RunReference(**content["run"]),
            "baseline": None if baseline is None else RunReference(**baseline),
            "models": tuple(content["models"]),
            "notes": tuple(content["notes"]),
        }
    )


def _criterion(content: Mapping[str, Any]) -> CriterionResult:
    numbers = {name: math.nan if content[name] is None else float(content[name]) for name in UNDEFINED}
    lists = {name: tuple(content[name]) for name in ("corruptions", "severities")}
    return CriterionResult(**{**content, **numbers, **lists})


def _defined(value: float) -> float | None:
    return value if math.isfinite(value) else None
