"""Synthetic records with every column, of any number of frames, subjects and models."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from robustbench_endo.results import Results
from robustbench_endo.tasks.segmentation.metrics import SURROUND, bin_columns, count_columns
from robustbench_endo.tasks.segmentation.visibility import HIDDEN, HIDDEN_SHARE, PART_NSD, VISIBLE

CATEGORIES = {"smoke": "occlusion", "contrast": "digital", "saturate": "digital"}
FRACTIONS = (
    "image_ssim", "image_psnr", "iou_mean", "dice_mean", "iou_mean_unwarped", "dice_mean_unwarped", "hd", "hd95",
    "assd", "nsd", "diagonal", "ssim", "segmentation_confidence", "segmentation_entropy", "activity_confidence",
    "activity_entropy", "activity_brier",
)  # fmt: skip
"""Float columns that :func:`make` fills, in this order of random numbers; some are overwritten with other units."""

MakeResults = Callable[..., Results]


def make(
    frames: int = 24,
    subjects: int = 12,
    models: tuple[str, ...] = ("a", "b"),
    corruptions: tuple[str, ...] = ("smoke", "contrast"),
    severities: tuple[int, ...] = (1, 3),
    seed: int = 0,
) -> Results:
    """Scores fall with severity; 3 classes, 3 activities."""
    random = np.random.default_rng(seed)
    conditions = [("clean", 0), *((name, severity) for name in corruptions for severity in severities)]
    keys = [(model, *condition, i) for model in models for condition in conditions for i in range(frames)]
    frame = pd.DataFrame(keys, columns=["model", "corruption", "severity", "number"])
    number = frame.pop("number")
    frame["severity"] = frame["severity"].astype(np.int8)
    frame["replicate"] = np.int16(0)
    frame["image_id"] = [f"OP{i % subjects:02d}_img_{i:03d}.png" for i in number]
    frame["subject_id"] = [f"OP{i % subjects:02d}_img" for i in number]
    digests = pd.util.hash_pandas_object(frame.drop(columns="model"), index=False)
    frame["image_checksum"] = digests.to_numpy().view(np.int64)
    rows = len(frame)
    quality = np.clip(0.9 - 0.12 * frame["severity"] + random.normal(0, 0.06, rows), 0.05, 0.98).to_numpy()
    floats = {name: np.clip(quality + random.normal(0, 0.05, rows), 0.01, 0.99) for name in FRACTIONS}
    floats |= {name: 80 * (1 - quality) + random.uniform(0, 2, rows) for name in ("hd", "hd95", "assd")}
    floats["image_psnr"] = np.where(frame["severity"] == 0, np.inf, 30 - frame["severity"])
    floats["image_ssim"] = 1 - 0.1 * frame["severity"].to_numpy()
    floats["hd"] = np.where(random.random(rows) < 0.1, np.nan, floats["hd"])
    truth = number.to_numpy() % 3
    counts = {"n_missed_classes": random.integers(0, 3, rows), "n_scored_classes": np.full(rows, 2)}
    counts |= {
        "activity_target": truth,
        "activity_prediction": np.where(random.random(rows) < quality, truth, (truth + 1) % 3),
    }
    for kind, share in (("tp", quality), ("fp", 1 - quality), ("fn", 1 - quality)):
        counts |= {
            f"{kind}_{c}": (random.uniform(0.8, 1.2, rows) * share * (3000, 900, 200)[c]).astype(int) for c in range(3)
        }
    counts |= dict.fromkeys(count_columns(3, SURROUND), np.zeros(rows, np.int64))
    floats["content_share"] = np.ones(rows)
    counts |= dict.fromkeys((*count_columns(3, VISIBLE), *count_columns(3, HIDDEN)), np.zeros(rows, np.int64))
    floats |= dict.fromkeys((HIDDEN_SHARE, *PART_NSD), np.full(rows, np.nan))
    for task, names in (("activity", ["margin"]), ("segmentation", ["margin", "region", "boundary"])):
        confidence = floats[f"{task}_confidence"]
        floats |= {f"{task}_confidence_{name}": confidence**power for power, name in enumerate(names, 2)}
        floats[f"{task}_confidence_user"] = np.full(rows, np.nan)
    sampled = random.integers(0, 40, (rows, 15))
    middle = (np.arange(15) + 0.5) / 15
    correct = random.binomial(sampled, middle)
    for kind, values in (("count", sampled), ("correct", correct), ("confidence", sampled * middle)):
        counts |= dict(zip(bin_columns(kind), values.T, strict=True))
    info = {
        "name": f"run{seed}",
        "protocol": "standard",
        "finished": "2026-01-02T03:04:05+00:00",
        "seed": 0,
        "replicates": 1,
        "models": [{"name": name} for name in models],
        "corruptions": [{"name": name, "category": CATEGORIES[name]} for name in corruptions],
        "severities": list(severities),
        "suite": {"name": "endo19", "hash": "9f", "resolution": 512},
        "data": {"fingerprint": "77"},
        "tasks": {"segmentation": list("xyz"), "activity": list("pqr")},
        "failures": [],
    }
    return Results(pd.concat((frame, pd.DataFrame(floats | counts)), axis=1), info)


@pytest.fixture
def make_results() -> MakeResults:
    """:func:`make`, for tests."""
    return make


@pytest.fixture(scope="session")
def results() -> Results:
    """Two models, two corruptions at two severities, 24 frames of 12 patients."""
    return make()


@pytest.fixture(scope="session")
def invalidate() -> Callable[[Results, pd.Series], Results]:
    """The same results after a model gave NaN logits for the marked records: what evaluation then stores."""

    def without(results: Results, marked: pd.Series) -> Results:
        frame = results.frame.copy()
        undefined = [name for name in FRACTIONS if not name.startswith(("image_", "diagonal"))]
        frame.loc[marked, undefined] = np.nan
        frame.loc[marked, [name for name in frame if name.startswith(("tp_", "fp_", "fn_", "seg_bin_"))]] = 0
        frame.loc[marked, ["n_missed_classes", "n_scored_classes"]] = 0
        frame.loc[marked, "activity_prediction"] = -1
        return Results(frame, results.info)

    return without


@pytest.fixture
def four(make_results):
    """One model, four frames; under smoke the mask fails on frames 1 and 2, the activity on 2 and 3."""
    results = make_results(frames=4, subjects=4, models=("a",), corruptions=("smoke",), severities=(1,))
    frame = results.frame
    clean, smoke = frame["corruption"] == "clean", frame["corruption"] == "smoke"
    for task in ("segmentation", "activity"):
        frame.loc[clean, f"{task}_confidence"] = [0.5, 0.6, 0.7, 0.8]  # 10th percentile: 0.53
    frame.loc[smoke, "segmentation_confidence"] = [0.9, 0.9, 0.5, 0.9]
    frame.loc[smoke, "activity_confidence"] = [0.9, 0.9, 0.9, 0.5]
    frame.loc[clean, "dice_mean"] = 0.9
    frame.loc[smoke, "dice_mean"] = [0.9, 0.3, 0.3, 0.9]
    frame["activity_prediction"] = frame["activity_target"]
    frame.loc[smoke, "activity_prediction"] = [0, 1, 0, 1]
    return results
