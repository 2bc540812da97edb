"""Record the areas under risk-coverage curves of torch-uncertainty for ``tests/fixtures/torch_uncertainty.json``.

Run it in an environment of its own, because torch-uncertainty is no dependency of this project::

    uv pip install torch-uncertainty==0.13.0 torch torchvision lightning rich
    python tools/torch_uncertainty_reference.py
"""

from __future__ import annotations

import json
import math
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from torch_uncertainty.metrics.classification import AUGRC, AURC, CovAt5Risk, RiskAt80Cov

TARGET = Path(__file__).parents[1] / "tests" / "fixtures" / "torch_uncertainty.json"
METRICS = {"aurc": AURC, "augrc": AUGRC, "coverage_at_5_risk": CovAt5Risk, "risk_at_80_coverage": RiskAt80Cov}


def case(seed: int, frames: int, quality: float) -> dict[str, object]:
    """Confidences without ties, failures that depend on them, and the metrics of both."""
    rng = np.random.default_rng(seed)
    confidence = 0.5 + rng.permutation(frames) / (2 * frames) + 1e-3
    failed = rng.random(frames) < np.clip(0.9 - quality * confidence, 0.02, 0.98)
    probability = torch.tensor(np.stack((confidence, 1 - confidence), axis=1))
    values = {}
    for name, kind in METRICS.items():
        metric = kind()
        metric.update(probability, torch.tensor(failed.astype(np.int64)))
        value = float(metric.compute())
        values[name] = None if math.isnan(value) else value
    return {"confidence": confidence.tolist(), "failed": failed.astype(int).tolist(), **values}


def main() -> None:
    """Write the recorded numbers with the version that computed them."""
    cases = [case(0, 2, 0.5), case(1, 11, 0.9), case(2, 60, 0.85), case(3, 60, 0.0), case(4, 201, 0.9)]
    content = {"torch-uncertainty": version("torch-uncertainty"), "torch": version("torch"), "cases": cases}
    TARGET.write_text(json.dumps(content) + "\n", "utf-8")


if __name__ == "__main__":
    main()
