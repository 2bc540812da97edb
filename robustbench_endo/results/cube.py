"""A quantity at every condition of every model, as the array that the robustness formulas are written for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from robustbench_endo.results.schema import CLEAN
from robustbench_endo.results.scoring import Floats, mean_of_present


@dataclass(frozen=True)
class Cube:
    """Scores; NaN where a condition is missing. The first axis is 1 for the run itself, else the resamples.

    Attributes:
        clean: (R, models).
        damaged: (R, models, corruptions, severities).
        real: (R, models, real conditions), in no mean over corruptions.
    """

    clean: Floats
    damaged: Floats
    real: Floats = field(default_factory=lambda: np.empty((1, 1, 0)))

    def over_severities(self) -> Floats:
        """Mean over severities, (R, models, corruptions), as in the paper's Table VII."""
        return self._over_severities

    def over_corruptions(self) -> Floats:
        """Mean over severities, then over corruptions, (R, models)."""
        return mean_of_present(self.over_severities(), -1)

    def whole(self) -> Floats:
        """Severity 0 (clean) and the others in one array, (R, models, corruptions, 1 + severities)."""
        clean = np.broadcast_to(self.clean[:, :, None, None], (*self.damaged.shape[:3], 1))
        return np.concatenate((clean, self.damaged), axis=-1)

    @cached_property
    def _over_severities(self) -> Floats:
        # Every row of a table starts from these.
        return mean_of_present(self.damaged, -1)


@dataclass(frozen=True)
class Shape:
    """The conditions of a run, in order."""

    models: Sequence[str]
    corruptions: Sequence[str]
    severities: Sequence[int]
    real: Sequence[str] = ()

    def cube(self, keys: pd.DataFrame, values: Floats) -> Cube:
        """Arrange values (R, len(keys)) by ``keys``: model, corruption, severity."""
        model = pd.Index(self.models).get_indexer(keys["model"])
        corruption = pd.Index(self.corruptions, dtype=object).get_indexer(keys["corruption"].astype(object))
        severity = pd.Index(self.severities, dtype=int).get_indexer(keys["severity"].astype(int))
        clean = np.full((len(values), len(self.models)), np.nan)
        damaged = np.full((*clean.shape, len(self.corruptions), len(self.severities)), np.nan)
        plain = np.flatnonzero((keys["corruption"] == CLEAN).to_numpy() & (model >= 0))
        clean[:, model[plain]] = values[:, plain]
        known = np.flatnonzero((model >= 0) & (corruption >= 0) & (severity >= 0))
        damaged[:, model[known], corruption[known], severity[known]] = values[:, known]
        real = np.full((*clean.shape, len(self.real)), np.nan)
        place = pd.Index(self.real, dtype=object).get_indexer(keys["corruption"].astype(object))
        taken = np.flatnonzero((model >= 0) & (place >= 0))
        real[:, model[taken], place[taken]] = values[:, taken]
        return Cube(clean, damaged, real)
