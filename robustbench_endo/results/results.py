"""The outcome of a run: records, where they come from, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from robustbench_endo.results.gallery import GalleryFrame, read_gallery
from robustbench_endo.results.schema import CLEAN
from robustbench_endo.results.scoring import scores
from robustbench_endo.results.table import severity_mean_table


@dataclass(frozen=True)
class Results:
    """Per-image records of a run and its provenance.

    Attributes:
        frame: one row an image x condition x model, columns as in :mod:`robustbench_endo.results.schema`.
        info: the content of run.json.
        path: the run folder; None for records without one.
    """

    frame: pd.DataFrame = field(repr=False)
    info: Mapping[str, Any] = field(repr=False)
    path: Path | None = None

    @property
    def models(self) -> list[str]:
        """Names of the models, in the order they were given."""
        return [entry["name"] for entry in self.info["models"]]

    @property
    def corruption_groups(self) -> dict[str, str]:
        """Corruption -> group, in the order of the suite, without clean."""
        return {entry["name"]: entry["group"] for entry in self.info["corruptions"]}

    @property
    def corruptions(self) -> list[str]:
        """Names of the corruptions, in the order of the suite, without clean."""
        return list(self.corruption_groups)

    @property
    def severities(self) -> list[int]:
        """The severities of the run, without 0."""
        return list(self.info["severities"])

    @property
    def classes(self) -> list[str]:
        """Names of the mask labels."""
        return list(self.info["data"]["classes"])

    @property
    def activities(self) -> list[str]:
        """Names of the activities."""
        return list(self.info["data"]["activities"])

    def scores(self) -> pd.DataFrame:
        """A row per model x corruption x severity (``clean`` included): ``images`` and every quantity, in its unit."""
        return self._scores.copy()

    def table(self, metrics: Sequence[str] = ("accuracy", "miou")) -> pd.DataFrame:
        """Table VII: rows (group, corruption), columns (metric, model), means over severities, in the metric's unit.

        Raises:
            RobustEndoError: a metric that the run does not hold.
        """
        return severity_mean_table(self._scores, metrics, self.corruption_groups, self.models)

    def gallery(self) -> list[GalleryFrame]:
        """The frames kept with their pictures and masks; empty without a run folder."""
        return [] if self.path is None else read_gallery(self.path)

    @cached_property
    def _scores(self) -> pd.DataFrame:
        return scores(self.frame, len(self.classes), max(1, len(self.activities)))

    def _repr_html_(self) -> str:
        html: str = self.table().style.format(precision=2, na_rep="–").to_html()
        return html

    def __repr__(self) -> str:
        conditions = len(self.corruptions) * len(self.severities) + (CLEAN in set(self.frame["corruption"]))
        frames = self.frame["image_id"].nunique()
        return f"Results({len(self.models)} models x {frames} frames x {conditions} conditions, path={self.path})"
