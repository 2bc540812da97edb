"""Corruptions in an albumentations pipeline."""

from __future__ import annotations

import importlib
import importlib.util
import pickle
import sys
from typing import Any

import numpy as np
import pytest

from robustbench_endo.errors import RobustEndoError

MODULE = "robustbench_endo.corruptions.albumentations_transform"
IMAGE = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
MASK = (np.arange(48)[:, None] // 8 * 10 + np.arange(64) // 8).astype(np.uint8)

needs_albumentations = pytest.mark.skipif(
    importlib.util.find_spec("albumentations") is None, reason="albumentations (extra train) is not installed"
)


def corruption(*arguments: Any, **options: Any) -> Any:
    return importlib.import_module(MODULE).AlbumentationsCorruption(*arguments, **options)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("NO_ALBUMENTATIONS_UPDATE", "1")
    return pytest.importorskip("albumentations")


def run(pipeline: Any, count: int = 5) -> list[tuple[bytes, bytes]]:
    pipeline.set_random_seed(7)
    results = [pipeline(image=IMAGE, mask=MASK) for _ in range(count)]
    return [(result["image"].tobytes(), result["mask"].tobytes()) for result in results]


def test_albumentations_pipeline_is_reproducible_saved_and_pickled(library: Any) -> None:
    pipeline = library.Compose([library.HorizontalFlip(p=0.5), corruption(["noise", "elastic_transform"], p=0.8)])
    first = run(pipeline)
    assert len(set(first)) > 1
    assert run(pipeline) == first
    assert run(library.from_dict(library.to_dict(pipeline))) == first
    assert run(pickle.loads(pickle.dumps(pipeline))) == first


def test_albumentations_replay_repeats_a_call(library: Any) -> None:
    pipeline = library.ReplayCompose([corruption("elastic_transform,bleeding", p=1.0)])
    result = pipeline(image=IMAGE, mask=MASK)
    replayed = library.ReplayCompose.replay(result["replay"], image=IMAGE, mask=MASK)
    assert np.array_equal(replayed["image"], result["image"])
    assert np.array_equal(replayed["mask"], result["mask"])


@pytest.mark.parametrize("mask_first", [False, True])
def test_albumentations_corruption_moves_masks_with_the_image(library: Any, mask_first: bool) -> None:
    wide = MASK.repeat(8, 0).repeat(8, 1)
    image = np.repeat(wide[..., None] / np.float32(100), 3, 2)
    targets = {"mask": wide, "image": image} if mask_first else {"image": image, "mask": wide}
    transform = corruption("elastic_transform", severities=(5,), p=1.0)
    result = transform(**targets)
    assert result["image"].dtype == np.float32
    assert (np.abs(result["image"][..., 0] * 100 - result["mask"]) < 0.5).mean() > 0.95
    assert (result["mask"] != wide).any()
    layered = library.Compose([transform], seed=1)(image=image, mask=np.dstack([wide, wide]))["mask"]
    assert layered.shape == (*wide.shape, 2)
    assert np.array_equal(layered[..., 0], layered[..., 1])


def test_albumentations_corruption_refuses_boxes_and_points(library: Any) -> None:
    boxes = {"bboxes": [[2, 2, 20, 20]], "labels": [1]}
    for targets, params in (
        (boxes, {"bbox_params": library.BboxParams("pascal_voc", label_fields=["labels"])}),
        ({"keypoints": [[2, 2]]}, {"keypoint_params": library.KeypointParams("xy")}),
    ):
        pipeline = library.Compose([corruption("smoke", p=1.0)], **params)
        with pytest.raises(RobustEndoError, match="RandomCorruption, which moves both"):
            pipeline(image=IMAGE, **targets)


def test_albumentations_corruption_returns_the_mask_if_nothing_moves(library: Any) -> None:
    moving, still = corruption("elastic_transform", p=1.0), corruption("smoke", p=1.0)
    moving(image=IMAGE, mask=MASK)
    result = still(image=IMAGE, mask=MASK)
    assert np.array_equal(result["mask"], MASK)
    assert not np.array_equal(result["image"], IMAGE)


@needs_albumentations
@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"corruptions": "smok"}, "did you mean smoke"),
        ({"severities": (0, 1)}, "severities from 1 to 5"),
        ({"suite": "endo20"}, "'endo20'"),
    ],
)
def test_albumentations_corruption_rejects_bad_options(options: dict[str, Any], text: str) -> None:
    with pytest.raises(RobustEndoError, match=text):
        corruption(**options)


@needs_albumentations
def test_albumentations_corruption_rejects_a_grey_image() -> None:
    with pytest.raises(RobustEndoError, match=r"image \(H, W, 3\), got uint8 \(48, 64\)"):
        corruption(p=1.0)(image=IMAGE[..., 0])


def test_albumentations_corruption_names_the_extra_of_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "albumentations", None)
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    with pytest.raises(ImportError, match=r"pip install 'robustbench-endo\[train\]'"):
        importlib.import_module(MODULE)
