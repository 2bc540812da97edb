"""Everything that a report says, before it has a form: HTML and PDF only lay it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from robustbench_endo.reports.data.breakdown import ClassRow, Sequences, class_rows, sequences
from robustbench_endo.reports.data.calibration import TASKS, Reliability, reliability
from robustbench_endo.reports.data.comparison import PairwiseComparison, pairwise_comparison
from robustbench_endo.reports.data.curves import severity_curves
from robustbench_endo.reports.data.estimates import QUICK, Measured, held_out, measure, trained_on
from robustbench_endo.reports.data.failures import SilentFailures, silent_failures
from robustbench_endo.reports.data.gallery import (
    GalleryGrid,
    GalleryImage,
    WorstFrame,
    gallery_grid,
    worst_frames,
    worst_shots,
)
from robustbench_endo.reports.data.metrics import headline_present, metrics_present
from robustbench_endo.reports.data.operating_envelope import (
    OperatingEnvelope,
    RelativeRobustness,
    operating_envelope,
    relative_robustness,
)
from robustbench_endo.reports.data.provenance import (
    CorruptionFacts,
    Facts,
    corruption_facts,
    failures,
    glossary,
    model_facts,
    notes,
    protocol_statement,
    provenance,
)
from robustbench_endo.reports.data.summary import Summary, summarise
from robustbench_endo.reports.data.table import ScoreTable, score_table
from robustbench_endo.reports.formatting import counted
from robustbench_endo.reports.palette import Style, model_styles
from robustbench_endo.reports.plotting.severity_curves import CurveBlock, curve_block
from robustbench_endo.results import Bootstrap

if TYPE_CHECKING:
    import pandas as pd

    from robustbench_endo.results import Results


PICTURE_WIDTH = 320
"""Pixels; gallery pictures are shrunk to it."""


@dataclass(frozen=True)
class ReportData:
    """The parts of a report, in reading order; a part that the run cannot fill is empty or None.

    ``metrics`` are those with numbers, ``headline`` the ones shown first, in ``curves`` too; ``shown_model`` is the
    one whose masks are shown first; ``lost`` counts the frames left out. ``measured`` holds every number with its
    interval; ``gallery_grid`` is the first of the kept frames, ``sheets`` are all of them.
    """

    name: str
    subtitle: str
    day: str
    seed: str
    models: list[str]
    severities: list[int]
    styles: Mapping[str, Style]
    classes: list[str]
    shown_model: str
    summary: Summary
    metrics: list[str]
    headline: list[str]
    table: ScoreTable
    curves: list[CurveBlock]
    class_rows: list[ClassRow]
    relative_robustness: RelativeRobustness | None
    gallery_grid: GalleryGrid | None
    worst: list[WorstFrame]
    corruptions: list[CorruptionFacts]
    provenance: list[tuple[str, Facts]]
    model_facts: list[Facts]
    failures: Facts
    lost: str
    notes: list[str]
    protocol: str
    glossary: list[tuple[str, str]]
    categories: Mapping[str, str]
    measured: Measured | None
    operating_envelope: OperatingEnvelope | None
    silent_failures: SilentFailures
    reliability: list[tuple[str, dict[str, dict[str, Reliability]]]]
    pairwise_comparison: PairwiseComparison | None
    sequences: Sequences | None
    held_out: list[str] | None
    trained_on: Mapping[str, frozenset[str]]
    sheets: list[GalleryGrid]
    worst_shots: list[tuple[GalleryImage | None, GalleryImage | None]]
    lost_conditions: Mapping[tuple[str, str, int], int]


def content(results: Results, intervals: bool | Bootstrap = False, published: pd.DataFrame | None = None) -> ReportData:
    """Gather the report of a run.

    Args:
        intervals: margins in the tables; the intervals that are shown on demand are there in any case.
        published: numbers to stand beside those of the run, shaped as :meth:`Results.table`.
    """
    metrics = metrics_present(results)
    summary = summarise(results)
    first = headline_present(results)
    bootstrap = intervals if isinstance(intervals, Bootstrap) else Bootstrap() if intervals else QUICK
    measured = measure(results, metrics, bootstrap) if metrics else None
    sheets = [made for frame in results.gallery() if (made := gallery_grid(results, frame, PICTURE_WIDTH))]
    best = summary.model or results.models[0]
    return ReportData(
        name=str(results.info.get("name") or "Robustness run"),
        subtitle=_subtitle(results.info),
        day=_day(results.info),
        seed=str(results.info.get("seed", 0)),
        models=results.models,
        severities=results.severities,
        styles=model_styles(results.models),
        classes=results.classes,
        shown_model=best,
        summary=summary,
        metrics=metrics,
        headline=first,
        table=score_table(results, metrics, bool(metrics) and intervals, measured, published),
        curves=_curves(results, first, bootstrap),
        class_rows=class_rows(results),
        relative_robustness=relative_robustness(results),
        gallery_grid=next(iter(sheets), None),
        worst=worst_frames(results),
        corruptions=corruption_facts(results),
        provenance=provenance(results),
        model_facts=model_facts(results),
        failures=failures(results),
        lost=counted(len({frame for frame, _ in failures(results)}), "frame"),
        notes=notes(results),
        protocol=protocol_statement(str(results.info.get("protocol", ""))),
        glossary=glossary(results, intervals=bool(intervals)),
        categories=results.corruption_categories,
        measured=measured,
        operating_envelope=operating_envelope(results, measured, bootstrap) if measured else None,
        silent_failures=silent_failures(results, bootstrap),
        reliability=[(task, reliability(results, task)) for task in TASKS],
        pairwise_comparison=pairwise_comparison(results, first, best, bootstrap),
        sequences=sequences(results),
        held_out=held_out(results),
        trained_on=trained_on(results),
        sheets=sheets,
        worst_shots=worst_shots(results, PICTURE_WIDTH),
        lost_conditions=_lost_conditions(results),
    )


def _curves(results: Results, metrics: list[str], bootstrap: Bootstrap) -> list[CurveBlock]:
    names = reversed(metrics) if results.corruptions and results.severities else ()
    return [curve_block(severity_curves(results, name, bootstrap)) for name in names]


def _lost_conditions(results: Results) -> dict[tuple[str, str, int], int]:
    """(model, corruption, severity) -> frames without an answer, where there are any."""
    scores = results.scores()
    lost = scores[scores["unanswered"] > 0]
    keys = zip(lost["model"], lost["corruption"], lost["severity"], strict=True)
    return {(str(m), str(c), int(s)): int(n) for (m, c, s), n in zip(keys, lost["unanswered"], strict=True)}


def _subtitle(info: Mapping[str, Any]) -> str:
    data, suite = info.get("data", {}), info.get("suite", {})
    parts = (data.get("name"), data.get("split"), f"suite {suite['name']}" if suite.get("name") else "")
    return " · ".join(str(part) for part in (*parts, _day(info)) if part)


def _day(info: Mapping[str, Any]) -> str:
    return str(info.get("finished") or info.get("created") or "")[:10]
