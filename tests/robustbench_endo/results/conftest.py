"""Invented records with every column, of any number of frames, groups and models."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from robustbench_endo.results import Results
from robustbench_endo.results.schema import MEASURED, bin_columns

GROUPS = {"smoke": "occlusion", "contrast": "digital", "saturate": "digital"}
MakeResults = Callable[..., Results]


def make(
    frames: int = 24,
    subjects: int = 12,
    models: tuple[str, ...] = ("a", "b"),
    corruptions: tuple[str, ...] = ("smoke", "contrast"),
    severities: tuple[int, ...] = (1, 3),
    seed: int = 0,
    bins: bool = True,
) -> Results:
    """Scores fall with severity; 3 classes, 3 activities."""
    random = np.random.default_rng(seed)
    conditions = [("clean", 0), *((name, severity) for name in corruptions for severity in severities)]
    keys = [(model, *condition, i) for model in models for condition in conditions for i in range(frames)]
    frame = pd.DataFrame(keys, columns=["model", "corruption", "severity", "number"])
    number = frame.pop("number")
    frame["severity"] = frame["severity"].astype(np.int8)
    frame["image_id"] = [f"OP{i % subjects:02d}_img_{i:03d}.png" for i in number]
    frame["subject_id"] = [f"OP{i % subjects:02d}_img" for i in number]
    rows = len(frame)
    kept = np.clip(0.9 - 0.12 * frame["severity"] + random.normal(0, 0.06, rows), 0.05, 0.98).to_numpy()
    measured = {name: np.clip(kept + random.normal(0, 0.05, rows), 0.01, 0.99) for name in MEASURED}
    measured |= {name: 80 * (1 - kept) + random.uniform(0, 2, rows) for name in ("hd", "hd95", "assd")}
    measured["image_psnr"] = np.where(frame["severity"] == 0, np.inf, 30 - frame["severity"])
    measured["image_ssim"] = 1 - 0.1 * frame["severity"].to_numpy()
    measured["hd"] = np.where(random.random(rows) < 0.1, np.nan, measured["hd"])
    truth = number.to_numpy() % 3
    counts = {"missed": random.integers(0, 3, rows), "scored": np.full(rows, 2)}
    counts |= {
        "activity_target": truth,
        "activity_prediction": np.where(random.random(rows) < kept, truth, (truth + 1) % 3),
    }
    for kind, share in (("tp", kept), ("fp", 1 - kept), ("fn", 1 - kept)):
        counts |= {
            f"{kind}_{c}": (random.uniform(0.8, 1.2, rows) * share * (3000, 900, 200)[c]).astype(int) for c in range(3)
        }
    if bins:
        sampled = random.integers(0, 40, (rows, 15))
        middle = (np.arange(15) + 0.5) / 15
        right = random.binomial(sampled, middle)
        for kind, values in (("count", sampled), ("right", right), ("confidence", sampled * middle)):
            counts |= dict(zip(bin_columns(kind), values.T, strict=True))
    info = {
        "name": f"run{seed}",
        "protocol": "standard",
        "seed": 0,
        "models": [{"name": name} for name in models],
        "corruptions": [{"name": name, "category": GROUPS[name]} for name in corruptions],
        "severities": list(severities),
        "suite": {"name": "endo19", "hash": "9f", "resolution": 512},
        "data": {"classes": list("xyz"), "activities": list("pqr"), "fingerprint": "77"},
        "failures": [],
    }
    return Results(pd.concat((frame, pd.DataFrame(measured | counts)), axis=1), info)


@pytest.fixture
def make_results() -> MakeResults:
    """:func:`make`, for tests."""
    return make


@pytest.fixture(scope="session")
def results() -> Results:
    """Two models, two corruptions at two severities, 24 frames of 12 patients."""
    return make()


@pytest.fixture(scope="session")
def lose() -> Callable[[Results, pd.Series], Results]:
    """The same results after a model gave NaN logits for the marked records: what evaluation then stores."""

    def without(results: Results, lost: pd.Series) -> Results:
        frame = results.frame.copy()
        measured = [name for name in MEASURED if not name.startswith(("image_", "diagonal"))]
        frame.loc[lost, measured] = np.nan
        frame.loc[lost, [name for name in frame if name.startswith(("tp_", "fp_", "fn_", "seg_bin_"))]] = 0
        frame.loc[lost, ["missed", "scored"]] = 0
        frame.loc[lost, "activity_prediction"] = -1
        return Results(frame, results.info)

    return without
