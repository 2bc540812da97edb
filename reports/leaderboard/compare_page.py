"""A comparison of several runs as one HTML file that loads nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import ChoiceLoader, FileSystemLoader
from markupsafe import Markup

from robustbench_endo.reports.data.comparison import COMPARISON_NOTE, compare_models, comparison_report
from robustbench_endo.reports.data.metrics import heading, headline_present
from robustbench_endo.reports.data.scores import score_table
from robustbench_endo.reports.data.tables import DAGGER
from robustbench_endo.reports.formatting import MISSING, counted
from robustbench_endo.reports.html.page import TEMPLATES as HTML_TEMPLATES
from robustbench_endo.reports.html.page import breakable
from robustbench_endo.reports.html.svg import inline_svg
from robustbench_endo.reports.palette import DARK, LIGHT, Style, model_styles
from robustbench_endo.reports.plotting.style import swatch, to_svg
from robustbench_endo.reports.templating import environment
from robustbench_endo.results import Resampling, combine_runs

if TYPE_CHECKING:
    from robustbench_endo.results import Results

TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, **values: Any) -> str:
    """The page as text; every name is escaped."""
    templates = environment(TEMPLATES, heading=heading, sort_value=sort_value, breakable=breakable)
    templates.loader = ChoiceLoader([FileSystemLoader(TEMPLATES), FileSystemLoader(HTML_TEMPLATES)])
    styles = (HTML_TEMPLATES / "tables.css", TEMPLATES / "page.css")
    constants = {
        "css": Markup("\n".join(path.read_text("utf-8") for path in styles)),  # nosec B704  # files of this package
        "script": Markup((TEMPLATES / "page.js").read_text("utf-8")),  # nosec B704  # a file of this package
        "palette": [{"light": light, "dark": dark} for light, dark in zip(LIGHT, DARK, strict=True)],
        "dagger": DAGGER,
    }
    return templates.get_template(template).render(**constants, **values)


def sort_value(text: str) -> str:
    """The number by which a printed one, or a range of ranks, is sorted; empty for none."""
    return "" if text == MISSING else text.partition(" to ")[0]


def model_swatch(style: Style, name: str) -> Markup:
    """The line and marker of a model, for the position before its name."""
    svg = inline_svg(to_svg(swatch(style), name), "")
    return Markup(re.sub("<svg", '<svg class="swatch"', str(svg), count=1))  # nosec B704  # markup already


def compare_page(
    runs: Sequence[Results],
    metrics: Sequence[str] | None = None,
    baseline: str | None = None,
    resampling: Resampling | None = None,
) -> str:
    """Scores, paired differences with intervals and corrected p-values, and ranks: the page as text.

    Args:
        runs: of the same data, suite and protocol.
        metrics: names of metrics with a direction; None for one per task.
        baseline: the model that the others are compared with; None for the first.
        resampling: settings; None for the defaults.

    Raises:
        RunError: runs that cannot be compared; the message says what differs.
        UnknownNameError: a baseline that is not a model of the runs.
        RobustEndoError: a metric that the runs lack or that has no direction.
    """
    combined, settings = combine_runs(runs), resampling or Resampling()
    names = list(metrics or headline_present(combined))
    styles = model_styles(combined.models)
    scores = score_table(combined, names, settings)
    comparison = compare_models(combined, names, settings, baseline)
    return render(
        "compare.html.j2",
        title=str(combined.info.get("name") or "Comparison"),
        kicker="Comparison",
        subtitle=f"{counted(len(combined.models), 'model')} of {counted(len(runs), 'run')}",
        comparison_note=COMPARISON_NOTE,
        scores=[(metric, scores.subset([metric.name])) for metric in scores.metrics],
        swatches={model: model_swatch(style, f"m{style.index}") for model, style in styles.items()},
        severities=combined.severities,
        comparison=comparison_report(comparison, combined) if comparison else None,
        runs=[_facts(run) for run in runs],
        common=_common(combined.info),
    )


def _facts(run: Results) -> dict[str, Any]:
    return {
        "name": str(run.info.get("name") or run.path or "a run"),
        "models": ", ".join(run.models),
        "frames": run.frame["image_id"].nunique(),
        "day": str(run.info.get("finished") or run.info.get("created") or "")[:10],
        "version": str(run.info.get("versions", {}).get("robustbench-endo", "")),
    }


def _common(info: Any) -> str:
    data, suite = info.get("data", {}), info.get("suite", {})
    return (
        f"data {data.get('name', MISSING)} ({data.get('fingerprint', MISSING)}), suite {suite.get('name', MISSING)} "
        f"({suite.get('hash', MISSING)}), {info.get('protocol', 'standard')} protocol, "
        f"seed {info.get('seed', MISSING)}"
    )
