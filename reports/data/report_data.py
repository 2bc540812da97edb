"""The content of a report before it has a form: HTML, PDF and text formats only lay it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from robustbench_endo.metrics.base import Metric
from robustbench_endo.reports.data.breakdown import BySubject, by_subject, label_tables
from robustbench_endo.reports.data.comparison import PairwiseComparison, compare_models, comparison_report
from robustbench_endo.reports.data.confidence import (
    SilentFailures,
    TaskReliability,
    calibration_table,
    reliability,
    silent_failures,
)
from robustbench_endo.reports.data.curves import severity_curves
from robustbench_endo.reports.data.document import Document, document
from robustbench_endo.reports.data.draws import draw_tables
from robustbench_endo.reports.data.estimates import ReportEstimates, estimate_scores
from robustbench_endo.reports.data.failure_detection import FailureDetectionReport, failure_detection_report
from robustbench_endo.reports.data.failure_points import failure_point_tables
from robustbench_endo.reports.data.first_screen import FirstScreen, first_screen, further_screens
from robustbench_endo.reports.data.floors import MetricFloor, floor_of, with_floor_column
from robustbench_endo.reports.data.frames import ConditionFrames, condition_frames
from robustbench_endo.reports.data.gallery import (
    Drop,
    GalleryGrid,
    class_legend,
    drops,
    frame_score_label,
    gallery_grid,
)
from robustbench_endo.reports.data.gate import gate_sha256, gate_tables
from robustbench_endo.reports.data.interactions import interaction_tables
from robustbench_endo.reports.data.many_models import AllModels, select_models
from robustbench_endo.reports.data.methods import method_tables
from robustbench_endo.reports.data.metrics import headline_present, leading_metric, metrics_present
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
from robustbench_endo.reports.data.rankings import RankingReport, ranking_report
from robustbench_endo.reports.data.regions import region_tables
from robustbench_endo.reports.data.rows import trained_on
from robustbench_endo.reports.data.sample import describe_sample
from robustbench_endo.reports.data.scores import change_table, score_table
from robustbench_endo.reports.data.summary import Summary, summarise
from robustbench_endo.reports.data.tables import DAGGER, Table
from robustbench_endo.reports.data.target_distortion import target_tables
from robustbench_endo.reports.data.visibility import visibility_tables
from robustbench_endo.reports.formatting import counted, joined, title
from robustbench_endo.reports.palette import Style, model_styles
from robustbench_endo.reports.plotting.severity_curves import CurveBlock, curve_block
from robustbench_endo.results import Resampling
from robustbench_endo.results.kept_frames import KeptFrame, kept_frames

if TYPE_CHECKING:
    import pandas as pd

    from robustbench_endo.results import Results

IMAGE_WIDTH = 320
"""Pixels; larger images of the gallery are reduced to it."""


@dataclass(frozen=True)
class ReportData:
    """The parts of a report, in reading order; a part that the run does not have is empty or None.

    Attributes:
        name, subtitle, day, seed: of the run, as printed; ``day`` is an ISO date.
        models, severities: of the run.
        categories: corruption -> category.
        styles: model -> colour, dash and marker.
        first_model: whose predictions are shown first.
        document: intended use, data, limitations, and the id of the report.
        first: the first screen: models with intervals and tie groups, worst corruptions, gate.
        first_of_metric: metric -> the first screen by it, for a page with a selection.
        summary: one paragraph and key numbers.
        metrics, headline: names of the metrics with numbers; those shown first.
        leading: the metric of curves and ranges.
        scores: the table of all metrics.
        sample: how many frames and subjects stand behind the numbers.
        overview: every metric in one row.
        floors: metric -> the scores of a predictor that sees no image, for metrics that have one.
        curves: one block per headline metric, the leading one first.
        labels: scores per label.
        by_subject: scores per patient or sequence.
        methods: scores of methods over training seeds; none where each has one.
        draws: variation between the draws of the corruptions; none for a run with one draw.
        regions: scores over the whole frame and over the content area; none where no frame has a surround.
        visibility: scores of visible and of hidden pixels; none where no corruption hides the scene.
        failure_points: at which severity frames fail first; none for a run without a search.
        targets: the severities of a run at a target distortion; none for other runs.
        gate: the acceptance gate of the run folder; none without gate.json.
        interactions: compounds that are worse than the worst of their parts.
        estimates: every number with its interval.
        envelope, relative: up to which severity models are safe.
        silent_failures: confident wrong predictions.
        failure_detection: risk by coverage, and promises of prediction sets; None without clean frames or labels.
        reliability, calibration: diagrams and table.
        comparison: models compared with the best one.
        rankings: how stable their order is; None for a single model.
        galleries: stored frames; ``legend`` their classes; ``frame_score`` the name of their scores.
        drops: the largest drops.
        protocol, notes, provenance, model_facts, corruptions, glossary: text.
        failures: frames that are excluded, ``n_failed`` their number as printed.
        n_invalid: (model, corruption, severity) -> frames without a valid prediction.
        all_models: every model of a run of so many that only some are shown in detail.
        tasks: name -> title.
        plausible: corruption -> lowest and highest severity that clinicians rate plausible, where the suite states it.
        frames: the worst, the median and the best frame of every condition, by task.
        thumbnails: frames that the run stored of each condition; none without ``--keep-frames``.
        settings: of the report, from which ``robust-endo verify`` computes it again.
    """

    name: str
    subtitle: str
    day: str
    seed: str
    models: list[str]
    severities: list[float]
    categories: Mapping[str, str]
    styles: Mapping[str, Style]
    first_model: str
    document: Document
    first: FirstScreen
    first_of_metric: Mapping[str, FirstScreen]
    summary: Summary
    metrics: list[str]
    headline: list[str]
    leading: Metric | None
    scores: Table
    sample: str
    overview: Table
    floors: Mapping[str, MetricFloor]
    curves: list[CurveBlock]
    labels: list[Table]
    by_subject: BySubject | None
    methods: list[Table]
    draws: list[Table]
    regions: list[Table]
    visibility: list[Table]
    failure_points: list[Table]
    targets: list[Table]
    gate: list[Table]
    interactions: list[Table]
    estimates: ReportEstimates | None
    envelope: OperatingEnvelope | None
    relative: RelativeRobustness | None
    silent_failures: SilentFailures
    failure_detection: FailureDetectionReport | None
    reliability: list[TaskReliability]
    calibration: Table | None
    comparison: PairwiseComparison | None
    rankings: RankingReport | None
    galleries: list[GalleryGrid]
    legend: list[tuple[str, str]]
    frame_score: str
    drops: list[Drop]
    protocol: str
    notes: list[str]
    provenance: list[tuple[str, Facts]]
    model_facts: list[Facts]
    corruptions: list[CorruptionFacts]
    glossary: list[tuple[str, str]]
    failures: Facts
    n_failed: str
    n_invalid: Mapping[tuple[str, str, float], int]
    all_models: AllModels | None
    tasks: Mapping[str, str]
    plausible: Mapping[str, tuple[float, float]]
    frames: list[ConditionFrames]
    thumbnails: list[KeptFrame]
    settings: Mapping[str, Any]


def report_data(
    results: Results,
    intervals: bool | Resampling = False,
    published: pd.DataFrame | None = None,
    intended_use: str = "",
) -> ReportData:
    """Compute the content of a report.

    Args:
        results: the run.
        intervals: whether, and how, intervals are printed; those that can be looked up are computed in any case.
        published: published numbers, shaped as :meth:`Results.table`.
        intended_use: of the test, as its user states it; else a note of the run that begins with ``Intended use:``.
    """
    complete = results
    results, all_models, left_out = select_models(complete)
    metrics, headline = metrics_present(results), headline_present(results)
    resampling = intervals if isinstance(intervals, Resampling) else Resampling()
    estimates = estimate_scores(results, metrics, resampling) if metrics else None
    scores = score_table(results, metrics, bool(metrics) and intervals, estimates, published)
    grids = [grid for frame in results.gallery() if (grid := gallery_grid(results, frame, IMAGE_WIDTH))]
    comparison = compare_models(results, headline, resampling)
    summary = summarise(results, comparison)
    leading = leading_metric(results)
    floors = {name: floor for name in metrics if (floor := floor_of(results, name))}
    silent = silent_failures(results, resampling)
    by_leading = scores.subset([leading.name] if leading else [])
    floor = floors.get(leading.name) if leading else None
    first = first_screen(results, by_leading, estimates, floor, comparison, silent)
    caption = f"Every metric: clean frames → mean of all corruptions ({describe_sample(results)})"
    return ReportData(
        name=str(results.info.get("name") or "Robustness run"),
        subtitle=_subtitle(results.info),
        day=_day(results.info),
        seed=str(results.info.get("seed", 0)),
        models=results.models,
        severities=results.severities,
        categories=results.corruption_categories,
        styles=model_styles(results.models),
        first_model=next(iter(summary.models or results.models)),
        document=document(complete, intervals, intended_use, estimates.warning if estimates else ""),
        first=first,
        first_of_metric=further_screens(first, results, scores, estimates, floors, comparison, silent),
        summary=summary,
        metrics=metrics,
        headline=headline,
        leading=leading,
        scores=scores,
        sample=describe_sample(results),
        overview=with_floor_column(change_table(scores, "overview", caption, metrics), floors, scores.metrics),
        floors=floors,
        curves=_curves(results, headline, resampling),
        labels=label_tables(results),
        by_subject=by_subject(results),
        methods=method_tables(complete, headline),
        draws=draw_tables(results, headline, resampling),
        regions=region_tables(results),
        visibility=visibility_tables(results, resampling),
        failure_points=failure_point_tables(results, resampling),
        targets=target_tables(results),
        gate=gate_tables(results),
        interactions=interaction_tables(results, list(headline)),
        estimates=estimates,
        envelope=operating_envelope(results, estimates, resampling) if estimates else None,
        relative=relative_robustness(results),
        silent_failures=silent,
        failure_detection=failure_detection_report(results, resampling),
        reliability=[part for task in reversed(results.tasks) if not (part := reliability(results, task)).empty],
        calibration=calibration_table(results, scores),
        comparison=comparison_report(comparison, results) if comparison else None,
        rankings=ranking_report(results, resampling, comparison),
        galleries=grids,
        legend=class_legend(results, grids),
        frame_score=frame_score_label(results),
        drops=drops(results, IMAGE_WIDTH),
        protocol=protocol_statement(results.protocol),
        notes=[*left_out, *notes(complete), *scores.floor_warnings, *_training_notes(results)],
        provenance=provenance(results),
        model_facts=model_facts(results),
        corruptions=corruption_facts(results),
        glossary=glossary(results, intervals=bool(intervals)),
        failures=failures(results),
        n_failed=counted(len({frame for frame, _ in failures(results)}), "frame"),
        n_invalid=_n_invalid(results),
        all_models=all_models,
        tasks={task.name: task.title for task in reversed(results.tasks)},
        plausible={
            entry["name"]: tuple(entry["plausible"]) for entry in results.info["corruptions"] if entry.get("plausible")
        },
        frames=condition_frames(results),
        thumbnails=kept_frames(results),
        settings={
            "intervals": bool(intervals),
            "resampling": asdict(resampling),
            "published": published is not None,
            "intended_use": intended_use,
            "gate": gate_sha256(results),
        },
    )


def _curves(results: Results, metrics: list[str], resampling: Resampling) -> list[CurveBlock]:
    names = reversed(metrics) if results.corruptions and results.severities else ()
    return [curve_block(severity_curves(results, name, resampling)) for name in names]


def _training_notes(results: Results) -> list[str]:
    return [
        f"{model} was trained on {joined([title(name).lower() for name in sorted(names)])}: its numbers there, and "
        f"every mean that includes them, do not measure robustness ({DAGGER})."
        for model, names in trained_on(results).items()
        if names
    ]


def _n_invalid(results: Results) -> dict[tuple[str, str, float], int]:
    scores = results.scores()
    invalid = scores[scores["n_invalid"] > 0]
    keys = zip(invalid["model"], invalid["corruption"], invalid["severity"], strict=True)
    return {(str(m), str(c), int(s)): int(n) for (m, c, s), n in zip(keys, invalid["n_invalid"], strict=True)}


def _subtitle(info: Mapping[str, Any]) -> str:
    data, suite = info.get("data", {}), info.get("suite", {})
    parts = (data.get("name"), data.get("split"), f"suite {suite['name']}" if suite.get("name") else "")
    return " · ".join(str(part) for part in (*parts, _day(info)) if part)


def _day(info: Mapping[str, Any]) -> str:
    return str(info.get("finished") or info.get("created") or "")[:10]
