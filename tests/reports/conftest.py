"""Invented runs: random records of a fixed seed and drawn frames, in a real run folder."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from robustbench_endo.reports.data.report_data import ReportData, content
from robustbench_endo.results import Bootstrap, Results, load_results
from robustbench_endo.results.gallery import image_file, prediction_file, target_file
from robustbench_endo.results.io import as_table, write_table
from robustbench_endo.results.schema import COUNTED, MEASURED

GROUPS = {
    "noise": ("gaussian_noise", "shot_noise", "impulse_noise", "speckle_noise"),
    "blur": ("defocus_blur", "gaussian_blur", "glass_blur", "motion_blur", "zoom_blur"),
    "occlusion": ("bleeding", "brightness", "smoke", "spatter"),
    "digital": ("contrast", "elastic_transform", "gamma_correction", "jpeg_compression", "pixelate", "saturate"),
}
GROUP_OF = {name: category for category, names in GROUPS.items() for name in names}
CLASSES = ("background", "shaft", "wrist")
ACTIVITIES = ("idle", "grasp", "cut")
MODELS = ("tiny-resnet/dselect_k", "tiny-resnet/mmoe", "tiny-endoarss/tesla")
PIXELS = 64 * 80


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
                kept = float(np.clip(0.9 - rate[name] * severity + random.normal(0, 0.02), 0.02, 0.98))
                rows.append(_record(model, name, severity, index, kept, random))
    return pd.DataFrame(rows)


def _record(
    model: str, corruption: str, severity: int, index: int, kept: float, random: np.random.Generator
) -> dict[str, Any]:
    truth = index % len(ACTIVITIES)
    shares = np.array([0.8, 0.15, 0.05]) * PIXELS
    counts = {f"tp_{c}": int(share * kept) for c, share in enumerate(shares)}
    counts |= {f"{kind}_{c}": int(share * (1 - kept)) for c, share in enumerate(shares) for kind in ("fp", "fn")}
    keys = {"model": model, "corruption": corruption, "severity": severity}
    return {
        **keys,
        "image_id": f"{truth}/image/OP{index % 2}_img_{index:02d}.png",
        "subject_id": f"OP{index % 2}_img",
        **dict.fromkeys(MEASURED, kept),
        **dict.fromkeys(("hd", "hd95", "assd"), 100 * (1 - kept)),
        "image_psnr": np.inf if corruption == "clean" else 40 - 4 * severity,
        "diagonal": 102.0,
        **dict.fromkeys(COUNTED, 1),
        "activity_target": truth,
        "activity_prediction": truth if random.random() < kept else (truth + 1) % len(ACTIVITIES),
        **counts,
    }


def provenance(models: Sequence[str], corruptions: Sequence[str], severities: Sequence[int], frames: int) -> Any:
    """A run.json."""
    return {
        "name": "invented",
        "created": "2025-03-04T10:11:12+00:00",
        "finished": "2025-03-04T10:14:40+00:00",
        "command": "robust-endo evaluate --corruption all --out runs/invented",
        "commit": "0123abcd",
        "versions": {"robustbench_endo": "0.1.0", "numpy": "2.0.0"},
        "python": "3.11.9",
        "seed": 7,
        "protocol": "standard",
        "suite": {"name": "endo19", "hash": "9f2c51d4c1aa", "resolution": 512, "reference": 256},
        "data": {
            "name": "folder",
            "root": "frames",
            "split": "test",
            "frames": frames,
            "fingerprint": "77aa31cc",
            "classes": list(CLASSES),
            "activities": list(ACTIVITIES),
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
                "category": GROUP_OF.get(name, "custom"),
                "cause": f"Invented cause of {name}.",
                "reference": "Nobody, 2025",
                "severities": [{"strength": 0.1 * severity} for severity in range(1, 6)],
                "units": {"strength": "share of full range"},
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


def draw_gallery(folder: Path, models: Sequence[str], corruptions: Sequence[str], severities: Sequence[int]) -> None:
    """One drawn frame with an elliptic instrument, at every condition."""
    place = folder / "gallery" / "0"
    place.mkdir(parents=True)
    draw_conditions(place, len(models), [("clean", 0), *((c, s) for c in corruptions for s in severities)])
    frames = [{"image_id": "0/image/OP0_img_00.png", "folder": "0"}]
    (folder / "gallery" / "index.json").write_text(json.dumps({"models": list(models), "frames": frames}))


def draw_conditions(place: Path, models: int, conditions: Sequence[tuple[str, int]]) -> None:
    """The frame's pictures and masks at these conditions."""
    rows, columns = np.mgrid[:64, :80]
    scene = np.stack([150 + 40 * np.sin(columns / 9), 60 + rows / 2, 50 + columns / 3], axis=-1)
    ellipse = ((rows - 30) / 14) ** 2 + ((columns - 40) / 26) ** 2 < 1
    mask = (ellipse.astype(np.uint8) + (ellipse & (columns > 52))).astype(np.uint8)
    for corruption, severity in conditions:
        faded = (scene * (1 - 0.12 * severity)).astype(np.uint8)
        Image.fromarray(faded).save(place / image_file(corruption, severity))
        Image.fromarray(mask).save(place / target_file(corruption, severity))
        for index in range(models):
            guess = np.roll(mask, severity * (index + 1), axis=1)
            Image.fromarray(guess).save(place / prediction_file(corruption, severity, index))


def strip_scores(frame: pd.DataFrame, info: Any) -> None:
    """An ``edit`` that leaves neither masks nor activities."""
    frame[[name for name in frame if name.startswith(("tp_", "fp_", "fn_"))]] = -1
    frame[list(MEASURED)] = np.nan
    frame[["activity_target", "activity_prediction"]] = -1
    frame["scored"] = 0


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
    """A function that makes a run in ``tmp_path``: see :func:`build`."""
    return functools.partial(build, tmp_path / "run")


@pytest.fixture(scope="session")
def usual_run(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Three models, nineteen corruptions, five severities."""
    return build(tmp_path_factory.mktemp("usual") / "run")


@pytest.fixture(scope="session")
def told_run(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Two models, the first trained on smoke; three corruptions at severities 1 and 3, and recorded smoke."""

    def edit(frame: pd.DataFrame, info: Any) -> pd.DataFrame:
        info["models"][0]["trained_on"] = ["smoke"]
        info["recorded_conditions"] = [{"name": "recorded_smoke", "category": "recorded", "severity": 1}]
        taken = frame[(frame["corruption"] == "smoke") & (frame["severity"] == 1)]
        return pd.concat((frame, taken.assign(corruption="recorded_smoke")), ignore_index=True)

    folder = tmp_path_factory.mktemp("told") / "run"
    names = ["smoke", "contrast", "spatter"]
    results = build(folder, ["first", "second"], names, [1, 3], edit=edit)
    draw_conditions(folder / "gallery" / "0", 2, [("recorded_smoke", 1)])
    return results


@pytest.fixture(scope="session")
def usual_content(usual_run: Results) -> ReportData:
    """The report of :func:`usual_run`, gathered once."""
    return content(usual_run, Bootstrap(resamples=200))


def build(
    folder: Path,
    models: Sequence[str] = MODELS,
    corruptions: Sequence[str] = tuple(GROUP_OF),
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
    (folder / "run.json").write_text(json.dumps(info))
    write_table(folder / "results.parquet", as_table(frame))
    if gallery:
        draw_gallery(folder, models, corruptions, severities)
    return load_results(folder)
