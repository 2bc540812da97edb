"""The first screen of a report: all models with intervals and tie groups, the worst corruptions, the gate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from robustbench_endo.gate.report import load_gate
from robustbench_endo.metrics.base import Metric
from robustbench_endo.reports.data.comparison import rank_range, verdict
from robustbench_endo.reports.data.confidence import SilentFailures
from robustbench_endo.reports.data.floors import MetricFloor
from robustbench_endo.reports.data.metrics import heading
from robustbench_endo.reports.data.tables import FLOOR_ROW, PLAIN, Cell, Column, Row, Table
from robustbench_endo.reports.data.worst_corruptions import by_corruption, worst_corruptions
from robustbench_endo.reports.formatting import MISSING, counted, joined, number
from robustbench_endo.results.schema import CLEAN
from robustbench_endo.results.tie_groups import tie_groups

if TYPE_CHECKING:
    from robustbench_endo.gate import GateReport
    from robustbench_endo.reports.data.estimates import ReportEstimates
    from robustbench_endo.results import Comparison, Results

SYNTHETIC = (
    "Synthetic data: the frames of this run are computer-generated. Its numbers test the procedure and say nothing "
    "about the performance of the models on patients."
)

GROUPS_NOTE = (
    "Models that share a letter are not distinguishable (all pairs, Holm). Possible ranks: what the distinguishable "
    "pairs leave open."
)

NO_GROUPS = "No two models are distinguishable: their order in the table has no meaning."

MEAN = ("mean", "all")

_NO_FLOOR = Cell("")


@dataclass(frozen=True)
class FirstScreen:
    """What a reader has to know first.

    Attributes:
        banner: that the data are synthetic; empty for other data.
        verdict: which models can be told apart, in one sentence; empty for a single model.
        models: a row per model, the best mean over all corruptions first, then the floor; every cell with its interval.
            ``column.keys["part"]`` is ``group`` (models that share a letter are not distinguishable), ``ranks``
            (possible ranks), ``gate`` (the verdict on the model), ``clean``, ``mean`` (over all corruptions), ``worst``
            (its worst corruption, named in ``cell.detail``) or ``silent`` (silent failures of
            ``column.keys["task"]``, with all failures in ``cell.detail``). None for a run without numbers.
        groups_note: how to read the groups; empty without a comparison.
        worst: the corruptions with the worst mean over the models, with the interval of that mean. ``part`` is
            ``mean``, ``change`` (from clean), ``lowest`` and ``highest`` (of several models, named in
            ``cell.detail``), or ``floor``. None for a run without corruptions.
        silent_note: when a failure is silent, and for which models that is not defined; empty without failures.
        gate: the gate in the run folder; None without one, or where it is of other records.
        gate_text: its verdict in one sentence, or that there is none.
        statement: what the intervals rest on.
        warning: why they have to be interpreted with caution; empty without a reason.
    """

    banner: str
    verdict: str
    models: Table | None
    groups_note: str
    worst: Table | None
    silent_note: str
    gate: GateReport | None
    gate_text: str
    statement: str
    warning: str


@dataclass(frozen=True)
class _Column:
    """A column and its cells by model."""

    column: Column
    cells: Mapping[str, Cell]
    floor: Cell


def first_screen(
    results: Results,
    scores: Table,
    estimates: ReportEstimates | None,
    floor: MetricFloor | None,
    comparison: Comparison | None,
    silent: SilentFailures,
) -> FirstScreen:
    """The first screen of a run.

    Args:
        results: the run.
        scores: its scores by the leading metric only; without a column for a run without numbers.
        estimates: with the intervals of these scores.
        floor: of the leading metric.
        comparison: of the models; None for a single one.
        silent: failures and silent failures.
    """
    gate, gate_text = _gate(results)
    banner = SYNTHETIC if is_synthetic(results) else ""
    empty = FirstScreen(banner, "", None, "", None, "", gate, gate_text, "", "")
    if estimates is None or not scores.metrics:
        return empty
    return _of_metric(empty, results, scores, estimates, floor, comparison, silent)


def further_screens(
    first: FirstScreen,
    results: Results,
    scores: Table,
    estimates: ReportEstimates | None,
    floors: Mapping[str, MetricFloor],
    comparison: Comparison | None,
    silent: SilentFailures,
) -> dict[str, FirstScreen]:
    """Metric -> the first screen by it, for every metric with a direction; its tables end with the name of the metric.

    Args:
        first: the first screen of the run, whose gate is that of all.
        results, estimates, comparison, silent: as :func:`first_screen`.
        scores: by all metrics.
        floors: by metric.
    """
    screens: dict[str, FirstScreen] = {}
    for metric in scores.metrics if estimates is not None else ():
        if metric.higher_is_better is not None:
            part, floor = scores.subset([metric.name]), floors.get(metric.name)
            assert estimates is not None
            screen = _of_metric(first, results, part, estimates, floor, comparison, silent)
            models, worst = (
                None if table is None else replace(table, name=f"{table.name}-{metric.name}")
                for table in (screen.models, screen.worst)
            )
            screens[metric.name] = replace(screen, models=models, worst=worst)
    return screens


def _of_metric(
    common: FirstScreen,
    results: Results,
    scores: Table,
    estimates: ReportEstimates,
    floor: MetricFloor | None,
    comparison: Comparison | None,
    silent: SilentFailures,
) -> FirstScreen:
    """The screen by the metric of the scores, with the banner and the gate of another one."""
    metric = scores.metrics[0]
    if comparison is not None and metric.name not in set(comparison.ranks["metric"]):
        comparison = None
    groups = {} if comparison is None else tie_groups(comparison, metric.name)
    columns = [
        *_rank_columns(results, comparison, metric, groups),
        *_gate_columns(results, common.gate),
        *_score_columns(scores, metric, floor),
        *_silent_columns(silent),
    ]
    return replace(
        common,
        verdict="" if comparison is None else verdict(comparison, metric),
        models=_model_table(scores, metric, columns),
        groups_note=_groups_note(groups),
        worst=worst_corruptions(results, scores, estimates, floor),
        silent_note=_silent_note(silent),
        statement=estimates.statement,
        warning=estimates.warning,
    )


def is_synthetic(results: Results) -> bool:
    """Whether the frames are computer-generated, as the data set declares; its name does not matter."""
    return bool(results.info.get("data", {}).get("synthetic", False))


def _groups_note(groups: Mapping[str, str]) -> str:
    if len(groups) < 2:
        return ""
    return GROUPS_NOTE if len(set(groups.values())) > 1 else NO_GROUPS


def _rank_columns(
    results: Results, comparison: Comparison | None, metric: Metric, groups: Mapping[str, str]
) -> list[_Column]:
    """Those of a method for each of its training seeds."""
    if comparison is None:
        return []
    ranks = comparison.ranks[comparison.ranks["metric"] == metric.name]
    possible = {str(row.model): rank_range(float(row.low), float(row.high)) for row in ranks.itertuples()}
    methods = {model: method for method, models in results.methods.items() for model in models}
    return [
        _Column(
            Column(label, keys={"part": part}),
            {model: Cell(texts.get(method, MISSING)) for model, method in methods.items()},
            _NO_FLOOR,
        )
        for label, part, texts in (("Group", "group", groups), ("Possible ranks", "ranks", possible))
    ]


def _gate_columns(results: Results, gate: GateReport | None) -> list[_Column]:
    if gate is None:
        return []
    cells = {model: Cell(gate.of_model(model)) for model in results.models if model in gate.models}
    return [_Column(Column("Gate", keys={"part": "gate"}), cells, _NO_FLOOR)]


def _score_columns(scores: Table, metric: Metric, floor: MetricFloor | None) -> list[_Column]:
    """Clean, the mean over all corruptions and the worst corruption of each model."""
    columns = []
    for label, part, key in (("Clean", "clean", (CLEAN, CLEAN)), ("Mean of all corruptions", "mean", MEAN)):
        if (cells := _row_cells(scores, key)) is not None:
            value = math.nan if floor is None else floor.rows.get(key, math.nan)
            keys = {"part": part, "category": key[0], "corruption": key[1]}
            column = Column(f"{label}, {heading(metric)}", keys=keys)
            columns.append(_Column(column, cells, Cell(number(value, metric.unit), value)))
    if len(by_corruption(scores)) > 1 and metric.higher_is_better is not None:
        worst = {model: _worst(scores, index, metric) for index, model in enumerate(scores.models)}
        column = Column(f"Worst corruption, {heading(metric)}", keys={"part": "worst"})
        columns.append(_Column(column, worst, _NO_FLOOR))
    return columns


def _worst(scores: Table, index: int, metric: Metric) -> Cell:
    """The worst corruption of the model at a position, which ``detail`` names."""
    cells = [
        replace(row.cells[index], detail=row.label, keys={**row.keys, "severity": "all"})
        for row in by_corruption(scores)
    ]
    finite = [cell for cell in cells if math.isfinite(cell.value)]
    return min(finite, key=partial(_goodness, metric), default=Cell(MISSING))


def _row_cells(table: Table, key: tuple[str, str]) -> dict[str, Cell] | None:
    for row in table.rows:
        if (row.keys["category"], row.keys["corruption"]) == key:
            return dict(zip(table.models, row.cells, strict=True))
    return None


def _goodness(metric: Metric, cell: Cell) -> float:
    return -cell.value if metric.higher_is_better is False else cell.value


def _silent_columns(silent: SilentFailures) -> list[_Column]:
    columns = []
    for table in silent.tables:
        cells = {}
        for model, cell in (_row_cells(table, MEAN) or {}).items():
            silent_text, _, failed_text = cell.text.partition(" / ")
            cells[model] = replace(cell, text=silent_text, detail=f"of {failed_text} failed", heat=None)
        task = table.name.removeprefix("failures-")
        keys = {"part": "silent", "task": task, "category": MEAN[0], "corruption": MEAN[1]}
        column = Column(f"Silent failures of {task} (%)", keys=keys)
        columns += [_Column(column, cells, _NO_FLOOR)] if cells else []
    return columns


def _silent_note(silent: SilentFailures) -> str:
    if not silent.tables:
        return silent.reason
    definition = (
        f"Silent failures, % of corrupted frames: {silent.definition}, and the confidence is above the model's own "
        f"{silent.percentile:g}th percentile on clean frames."
    )
    return " ".join((definition, *silent.notes))


def _model_table(scores: Table, metric: Metric, columns: list[_Column]) -> Table:
    rows = [
        Row(
            PLAIN,
            model,
            tuple(replace(each.cells.get(model, Cell(MISSING)), strong=False) for each in columns),
            {"model": model, "metric": metric.name},
        )
        for model in _best_first(scores, metric)
    ]
    if any(math.isfinite(each.floor.value) for each in columns):
        rows.append(Row(FLOOR_ROW, "Floor (no image)", tuple(each.floor for each in columns)))
    return Table(
        "first-models",
        f"All models by {heading(metric)}",
        "Model",
        tuple(each.column for each in columns),
        tuple(rows),
        show_intervals=True,
        statement=scores.statement,
    )


def _best_first(scores: Table, metric: Metric) -> list[str]:
    """The models by their mean, or clean without corruptions; those without a number last."""
    means = _row_cells(scores, MEAN) or _row_cells(scores, (CLEAN, CLEAN)) or {}

    def position(model: str) -> float:
        cell = means.get(model, Cell(MISSING))
        ordered = math.isfinite(cell.value) and metric.higher_is_better is not None
        return -_goodness(metric, cell) if ordered else math.inf

    return sorted(scores.models, key=position)


def _gate(results: Results) -> tuple[GateReport | None, str]:
    """The gate of the run folder and its verdict in a sentence."""
    gate = None if results.path is None else load_gate(results.path)
    if gate is None:
        return None, "No acceptance plan was applied: this report decides nothing."
    if gate.run.checksum != results.info.get("checksum"):
        return None, "The gate.json of this run folder is of other records: run robust-endo gate again."
    verdicts = [each.verdict for each in gate.criteria]
    counts = [f"{verdicts.count(word)} {word}" for word in ("pass", "fail", "undecided") if word in verdicts]
    criteria = counted(len(verdicts), "result") + " of its criteria"
    return gate, f"Acceptance plan {gate.name}: {gate.verdict.upper()} ({criteria}: {joined(counts)})."
