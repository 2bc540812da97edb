"""Several runs beside each other as one HTML file that loads nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from robustbench_endo.reports.data.comparison import pairwise_comparison
from robustbench_endo.reports.data.metrics import heading, headline_present
from robustbench_endo.reports.data.table import score_table
from robustbench_endo.reports.formatting import ABSENT, counted
from robustbench_endo.reports.html.calibration import inline_svg
from robustbench_endo.reports.palette import DARK, LIGHT, Style, model_styles
from robustbench_endo.reports.plotting.style import svg, swatch
from robustbench_endo.reports.templating import environment
from robustbench_endo.results import Bootstrap, merged

if TYPE_CHECKING:
    from robustbench_endo.results import Results


TEMPLATES = Path(__file__).parent / "templates"


def rendered(template: str, **values: Any) -> str:
    """The page as text; names are text whatever they contain."""
    templates = environment(TEMPLATES, heading=heading, sortable=sortable)
    inside = {
        "css": Markup((TEMPLATES / "page.css").read_text("utf-8")),
        "script": Markup((TEMPLATES / "page.js").read_text("utf-8")),
        "palette": [{"light": light, "dark": dark} for light, dark in zip(LIGHT, DARK, strict=True)],
    }
    return templates.get_template(template).render(**inside, **values)


def sortable(text: str) -> str:
    """The number that a printed one is sorted by; empty for none."""
    return "" if text == ABSENT else text


def model_swatch(style: Style, name: str) -> Markup:
    """A model's line and marker, for beside its name."""
    drawn = inline_svg(svg(swatch(style), name), "")
    return Markup(re.sub("<svg", '<svg class="swatch"', str(drawn), count=1))


def compare_page(
    runs: Sequence[Results],
    metrics: Sequence[str] | None = None,
    against: str | None = None,
    bootstrap: Bootstrap | None = None,
) -> str:
    """Scores, paired differences with intervals and corrected p-values, ranks: the page as text.

    Args:
        runs: of the same data, suite and protocol.
        metrics: what to compare; None: one a task.
        against: the model that the others are compared with; None: the first.
        bootstrap: settings; None: as they stand.

    Raises:
        RunError: runs that cannot be compared; says what differs.
        UnknownNameError: no model of the name ``against``.
        RobustEndoError: a metric that the runs do not hold or that has no direction.
    """
    whole, settings = merged(runs), bootstrap or Bootstrap()
    names = list(metrics or headline_present(whole))
    styles = model_styles(whole.models)
    return rendered(
        "compare.html.j2",
        title=str(whole.info.get("name") or "Comparison"),
        kicker="Comparison",
        subtitle=f"{counted(len(whole.models), 'model')} of {counted(len(runs), 'run')}",
        table=score_table(whole, names, settings),
        models=whole.models,
        swatches={model: model_swatch(style, f"m{style.index}") for model, style in styles.items()},
        comparison=pairwise_comparison(whole, names, against or whole.models[0], settings),
        runs=[_facts(run) for run in runs],
        shared=_shared(whole.info),
        zip=zip,
    )


def _facts(run: Results) -> dict[str, Any]:
    return {
        "name": str(run.info.get("name") or run.path or "a run"),
        "models": ", ".join(run.models),
        "frames": run.frame["image_id"].nunique(),
        "day": str(run.info.get("finished") or run.info.get("created") or "")[:10],
        "version": str(run.info.get("versions", {}).get("robustbench_endo", "")),
    }


def _shared(info: Any) -> str:
    data, suite = info.get("data", {}), info.get("suite", {})
    return (
        f"data {data.get('name', '–')} ({data.get('fingerprint', '–')}), suite {suite.get('name', '–')} "
        f"({suite.get('hash', '–')}), {info.get('protocol', 'standard')} protocol, seed {info.get('seed', '–')}"
    )
