"""Synthetic runs: random records of a fixed seed and synthetic frames, in a real run folder."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from robustbench_endo.reports.data.report_data import ReportData, report_data
from robustbench_endo.results import Resampling, Results
from robustbench_endo.results.gallery import image_file, prediction_file, target_file
from robustbench_endo.results.integrity import write_run
from robustbench_endo.results.io import write_table
from robustbench_endo.tasks.segmentation.metrics import SURROUND, count_columns
from robustbench_endo.tasks.segmentation.visibility import HIDDEN_SHARE, PART_NSD

CATEGORIES = {
    "noise": ("gaussian_noise", "shot_noise", "impulse_noise", "speckle_noise"),
    "blur": ("defocus_blur", "gaussian_blur", "glass_blur", "motion_blur", "zoom_blur"),
    "occlusion": ("bleeding", "brightness", "smoke", "spatter"),
    "digital": ("contrast", "elastic_transform", "gamma_correction", "jpeg_compression", "pixelate", "saturate"),
}
CATEGORY_OF = {name: category for category, names in CATEGORIES.items() for name in names}
CLASSES = ("background", "shaft", "wrist")
ACTIVITIES = ("idle", "grasp", "cut")
MODELS = ("tiny-resnet/dselect_k", "tiny-resnet/mmoe", "tiny-endoarss/tesla")
PIXELS = 64 * 80
FRACTIONS = (
    "image_ssim",
    "iou_mean",
    "dice_mean",
    "iou_mean_unwarped",
    "dice_mean_unwarped",
    "nsd",
    "ssim",
    "segmentation_confidence",
    "segmentation_confidence_margin",
    "segmentation_confidence_region",
    "segmentation_confidence_boundary",
    "segmentation_confidence_user",
    "segmentation_entropy",
    "activity_confidence",
    "activity_confidence_margin",
    "activity_confidence_user",
    "activity_entropy",
    "activity_brier",
)
"""Columns that hold the same random value between 0 and 1."""


def records(
    models: Sequence[str], corruptions: Sequence[str], severities: Sequence[int], frames: int, seed: int
) -> pd.DataFrame:
    """Records that fall with severity, each model and corruption at its own rate."""
    random = np.random.default_rng(seed)
    conditions = [("clean", 0), *((name, severity) for name in corruptions for severity in severities)]
    rows = []
    for model in models:
        rate = {name: random.uniform(0.03, 0.15) for name in ("clean", *corruptions)}
        for name, severity in conditions:
            for index in range(frames):
                value = float(np.clip(0.9 - rate[name] * severity + random.normal(0, 0.02), 0.02, 0.98))
                rows.append(_record(model, name, severity, index, value, random))
    return pd.DataFrame(rows)


def _record(
    model: str, corruption: str, severity: int, index: int, value: float, random: np.random.Generator
) -> dict[str, Any]:
    truth = index % len(ACTIVITIES)
    areas = np.array([0.8, 0.15, 0.05]) * PIXELS
    counts = {f"tp_{c}": int(pixels * value) for c, pixels in enumerate(areas)}
    counts |= {f"{kind}_{c}": int(pixels * (1 - value)) for c, pixels in enumerate(areas) for kind in ("fp", "fn")}
    keys = {"model": model, "corruption": corruption, "severity": severity, "replicate": 0}
    return {
        **keys,
        "image_id": f"{truth}/image/OP{index % 2}_img_{index:02d}.png",
        "subject_id": f"OP{index % 2}_img",
        **dict.fromkeys(FRACTIONS, value),
        **dict.fromkeys(("hd", "hd95", "assd"), 100 * (1 - value)),
        "image_psnr": np.inf if corruption == "clean" else 40 - 4 * severity,
        "diagonal": 102.0,
        "content_share": 1.0,
        **dict.fromkeys((HIDDEN_SHARE, *PART_NSD), np.nan),
        **dict.fromkeys(count_columns(len(CLASSES), SURROUND), 0),
        "n_missed_classes": 1,
        "n_scored_classes": 1,
        "activity_target": truth,
        "activity_prediction": truth if random.random() < value else (truth + 1) % len(ACTIVITIES),
        **counts,
    }


def provenance(models: Sequence[str], corruptions: Sequence[str], severities: Sequence[int], frames: int) -> Any:
    """A run.json."""
    return {
        "name": "synthetic",
        "created": "2025-03-04T10:11:12+00:00",
        "finished": "2025-03-04T10:14:40+00:00",
        "command": "robust-endo evaluate --corruption all --out runs/synthetic",
        "commit": "0123abcd",
        "versions": {"robustbench_endo": "0.1.0", "numpy": "2.0.0"},
        "python": "3.11.9",
        "seed": 7,
        "protocol": "standard",
        "replicates": 1,
        "tasks": {"activity": list(ACTIVITIES), "segmentation": list(CLASSES)},
        "suite": {"name": "endo19", "hash": "9f2c51d4c1aa", "resolution": 512, "reference_size": 256},
        "data": {
            "name": "folder",
            "root": "frames",
            "split": "test",
            "frames": frames,
            "fingerprint": "77aa31cc",
            "subjects": 2,
            "notes": ["The activity is a proxy."],
        },
        "models": [
            {"name": name, "spec": name, "weights_sha256": f"{index:064x}", "parameters": 1_234_567 + index}
            for index, name in enumerate(models)
        ],
        "corruptions": [
            {
                "name": name,
                "category": CATEGORY_OF.get(name, "custom"),
                "cause": f"Cause of {name}.",
                "citation": "Nobody, 2025",
                "severities": [{"strength": 0.1 * severity} for severity in range(1, 6)],
                "units": {"strength": "fraction of the full range"},
            }
            for name in corruptions
        ],
        "severities": list(severities),
        "device": "cpu",
        "platform": "Linux",
        "threads": 2,
        "timings": {"decode": 1.0, "corrupt": 2.0, "forward": 3.0, "metrics": 4.0, "write": 0.5, "total": 10.5},
        "failures": [],
        "notes": [],
    }


def write_gallery(folder: Path, models: Sequence[str], corruptions: Sequence[str], severities: Sequence[int]) -> None:
    """One synthetic frame with an elliptic instrument, at every condition."""
    frame = folder / "gallery" / "0"
    frame.mkdir(parents=True)
    write_conditions(frame, len(models), [("clean", 0), *((c, s) for c in corruptions for s in severities)])
    frames = [{"image_id": "0/image/OP0_img_00.png", "folder": "0"}]
    (folder / "gallery" / "index.json").write_text(json.dumps({"models": list(models), "frames": frames}))


def write_conditions(folder: Path, models: int, conditions: Sequence[tuple[str, int]]) -> None:
    """The images and masks of the frame at these conditions."""
    rows, columns = np.mgrid[:64, :80]
    scene = np.stack([150 + 40 * np.sin(columns / 9), 60 + rows / 2, 50 + columns / 3], axis=-1)
    ellipse = ((rows - 30) / 14) ** 2 + ((columns - 40) / 26) ** 2 < 1
    mask = (ellipse.astype(np.uint8) + (ellipse & (columns > 52))).astype(np.uint8)
    for corruption, severity in conditions:
        faded = (scene * (1 - 0.12 * severity)).astype(np.uint8)
        Image.fromarray(faded).save(folder / image_file(corruption, severity))
        Image.fromarray(mask).save(folder / target_file(corruption, severity))
        for index in range(models):
            predicted = np.roll(mask, severity * (index + 1), axis=1)
            Image.fromarray(predicted).save(folder / prediction_file(corruption, severity, index))


def strip_scores(frame: pd.DataFrame, info: Any) -> None:
    """An ``edit`` that leaves neither masks nor activities."""
    frame[[name for name in frame if name.startswith(("tp_", "fp_", "fn_"))]] = -1
    frame[[*FRACTIONS, "image_psnr", "hd", "hd95", "assd", "diagonal"]] = np.nan
    frame[["activity_target", "activity_prediction"]] = -1
    frame["n_scored_classes"] = 0


MakeRun = Callable[..., Results]


@pytest.fixture(scope="session")
def unscored() -> Callable[[pd.DataFrame, Any], None]:
    """:func:`strip_scores`, for tests."""
    return strip_scores


@pytest.fixture(scope="session")
def build_run() -> MakeRun:
    """:func:`build`, for runs that several tests share."""
    return build


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """A function that writes a run in ``tmp_path``: see :func:`build`."""
    return functools.partial(build, tmp_path / "run")


@pytest.fixture(scope="session")
def usual_run(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Three models, nineteen corruptions, five severities."""
    return build(tmp_path_factory.mktemp("usual") / "run")


@pytest.fixture(scope="session")
def annotated_run(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Two models, the first trained on smoke; three corruptions at severities 1 and 3, and recorded smoke."""

    def edit(frame: pd.DataFrame, info: Any) -> pd.DataFrame:
        info["models"][0]["trained_on"] = ["smoke"]
        info["recorded_conditions"] = [{"name": "recorded_smoke", "category": "recorded", "severity": 1}]
        smoke = frame[(frame["corruption"] == "smoke") & (frame["severity"] == 1)]
        return pd.concat((frame, smoke.assign(corruption="recorded_smoke")), ignore_index=True)

    folder = tmp_path_factory.mktemp("annotated") / "run"
    names = ["smoke", "contrast", "spatter"]
    results = build(folder, ["first", "second"], names, [1, 3], edit=edit)
    write_conditions(folder / "gallery" / "0", 2, [("recorded_smoke", 1)])
    return dataclasses.replace(results, info=write_run(folder, results.info))


@pytest.fixture(scope="session")
def usual_report(usual_run: Results) -> ReportData:
    """The report data of :func:`usual_run`, computed once."""
    return report_data(usual_run, Resampling(resamples=200))


def build(
    folder: Path,
    models: Sequence[str] = MODELS,
    corruptions: Sequence[str] = tuple(CATEGORY_OF),
    severities: Sequence[int] = (1, 2, 3, 4, 5),
    frames: int = 6,
    gallery: bool = True,
    edit: Callable[[pd.DataFrame, Any], pd.DataFrame | None] | None = None,
) -> Results:
    """Write a run and load it; ``edit`` changes the records (or returns others) and the provenance."""
    folder.mkdir()
    frame = records(models, corruptions, severities, frames, seed=7)
    info = provenance(models, corruptions, severities, frames)
    edited = edit(frame, info) if edit else None
    frame = frame if edited is None else edited
    schema = Results(frame, info).schema
    frame = frame.reindex(columns=[*frame, *(name for name in schema.names if name not in frame)], fill_value=0)
    write_table(folder / "results.parquet", pa.Table.from_pandas(frame, schema=schema, preserve_index=False))
    if gallery:
        write_gallery(folder, models, corruptions, severities)
    # Not by load_results, which refuses records that are not complete.
    return Results(pq.read_table(folder / "results.parquet").to_pandas(), write_run(folder, info), folder)
