"""Everything that a report says, before it has a form: HTML and PDF only lay it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .classes import ClassRow, class_rows
from .curves import severity_curves
from .endurance import Endurance, endurance
from .figures import CurveBlock, curve_block
from .gallery import Sheet, sheet
from .glossary import glossary, protocol_statement
from .labels import counted
from .metrics import headline_present, metrics_present
from .palette import Style, model_styles
from .provenance import CorruptionFacts, Facts, corruption_facts, failures, model_facts, notes, provenance
from .summary import Summary, summarise
from .table import HeatTable, heat_table
from .worst import WorstFrame, worst_frames

if TYPE_CHECKING:
    from robustbench_endo.results import Bootstrap, Results


PICTURE_WIDTH = 320
"""Pixels; gallery pictures are shrunk to it."""


@dataclass(frozen=True)
class Content:
    """The parts of a report, in reading order; a part that the run cannot fill is empty or None.

    ``metrics`` are those with numbers, ``headline`` the ones shown first, in ``curves`` too; ``shown_model`` is the
    one whose masks are shown first; ``lost`` counts the frames left out.
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
    table: HeatTable
    curves: list[CurveBlock]
    class_rows: list[ClassRow]
    endurance: Endurance | None
    sheet: Sheet | None
    worst: list[WorstFrame]
    corruptions: list[CorruptionFacts]
    provenance: list[tuple[str, Facts]]
    model_facts: list[Facts]
    failures: Facts
    lost: str
    notes: list[str]
    protocol: str
    glossary: list[tuple[str, str]]


def content(results: Results, intervals: bool | Bootstrap = False) -> Content:
    """Gather the report of a run, with intervals in its tables on request."""
    metrics = metrics_present(results)
    summary = summarise(results)
    first = headline_present(results)
    return Content(
        name=str(results.info.get("name") or "Robustness run"),
        subtitle=_subtitle(results.info),
        day=_day(results.info),
        seed=str(results.info.get("seed", 0)),
        models=results.models,
        severities=results.severities,
        styles=model_styles(results.models),
        classes=results.classes,
        shown_model=summary.model or results.models[0],
        summary=summary,
        metrics=metrics,
        headline=first,
        table=heat_table(results, metrics, intervals),
        curves=_curves(results, first),
        class_rows=class_rows(results),
        endurance=endurance(results),
        sheet=next((made for frame in results.gallery() if (made := sheet(results, frame, PICTURE_WIDTH))), None),
        worst=worst_frames(results),
        corruptions=corruption_facts(results),
        provenance=provenance(results),
        model_facts=model_facts(results),
        failures=failures(results),
        lost=counted(len({frame for frame, _ in failures(results)}), "frame"),
        notes=notes(results),
        protocol=protocol_statement(str(results.info.get("protocol", ""))),
        glossary=glossary(results, intervals=bool(intervals)),
    )


def _curves(results: Results, metrics: list[str]) -> list[CurveBlock]:
    names = reversed(metrics) if results.corruptions and results.severities else ()
    return [curve_block(severity_curves(results, name)) for name in names]


def _subtitle(info: Mapping[str, Any]) -> str:
    data, suite = info.get("data", {}), info.get("suite", {})
    parts = (data.get("name"), data.get("split"), f"suite {suite['name']}" if suite.get("name") else "")
    return " · ".join(str(part) for part in (*parts, _day(info)) if part)


def _day(info: Mapping[str, Any]) -> str:
    return str(info.get("finished") or info.get("created") or "")[:10]
