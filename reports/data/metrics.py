"""Which metrics a run holds, and what each is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from robustbench_endo.results.metric_info import METRICS, MetricInfo

if TYPE_CHECKING:
    from robustbench_endo.results import Results

HEADLINE = ("accuracy", "miou")
"""The two metrics of the paper's Table VII, one a task; every other metric follows them."""

_ENDOARSS_HEADLINE = ("endoarss_accuracy", "endoarss_miou")

_KEYS = ("model", "corruption", "severity", "images", "unanswered")


def headline(results: Results) -> tuple[str, str]:
    """:data:`HEADLINE` by the definitions of the run's protocol."""
    return _ENDOARSS_HEADLINE if results.protocol == "endoarss" else HEADLINE


def headline_present(results: Results) -> list[str]:
    """The headline metrics that the run has numbers for; without any, its first one."""
    present = metrics_present(results)
    return [name for name in headline(results) if name in present] or present[:1]


def metric(name: str) -> MetricInfo:
    """What a metric is; one of the user's own has its name as label and no direction."""
    own = MetricInfo(name, name, "", None, 1, "A metric of this run's own.")
    return METRICS.get(name, own)


def metrics_present(results: Results) -> list[str]:
    """The metrics for which the run holds any finite number: headline, the defined ones, the user's own."""
    scores = results.scores()
    order = dict.fromkeys([*headline(results), *METRICS, *scores.columns.difference(_KEYS, sort=False)])
    return [name for name in order if name in scores and np.isfinite(scores[name].to_numpy(float)).any()]


def leading_metric(results: Results) -> str | None:
    """mIoU when there are masks, else accuracy, else whatever there is; None for a run without numbers."""
    return leading_metric_of(metrics_present(results))


def leading_metric_of(present: Sequence[str]) -> str | None:
    """:func:`leading_metric` of a run that holds these metrics."""
    preferred = [name for pair in (_ENDOARSS_HEADLINE, HEADLINE) for name in reversed(pair) if name in present]
    return next((name for name in (*preferred, *present)), None)


def heading(quantity: MetricInfo) -> str:
    """``mIoU (%)``."""
    return f"{quantity.label} ({quantity.unit})" if quantity.unit else quantity.label
