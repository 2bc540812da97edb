"""Ten scientific bugs, each planted and caught: by a known answer, `datasets check`, `evaluate` or `verify`."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from science_models import CLASSES, background, oracle
from torch import nn

import robustbench_endo as rb
from robustbench_endo.corruptions import base, load_suite
from robustbench_endo.data import base as base_reading
from robustbench_endo.data.checking import check
from robustbench_endo.metrics import aggregation
from robustbench_endo.results import verify
from robustbench_endo.tasks.segmentation import metrics
from robustbench_endo.tasks.segmentation.task import Segmentation


def problems(results) -> dict[str, str]:
    return {each.name: each.problem for each in verify(results) if not each.passed}


def test_labels_shifted_by_one_are_caught_by_verify(evaluate):
    shifted = {"shifted": lambda masks, activities, opacity: ((masks + 1) % CLASSES, activities)}
    results = evaluate(shifted, "contrast", (3,), frames=6)
    assert "Check the order" in problems(results)["labels are in the order of the data"]
    assert "labels are in the order of the data" not in problems(
        evaluate({"oracle": oracle}, "contrast", (3,), frames=6)
    )


def test_class_order_is_caught_by_verify(evaluate):
    swap = torch.tensor([0, 4, 2, 3, 1, 5, 6])
    swapped = {"swapped": lambda masks, activities, opacity: (swap[masks.long()], activities)}
    problem = problems(evaluate(swapped, "contrast", (3,), frames=6))["labels are in the order of the data"]
    assert "shaft where scissors is true" in problem
    assert "scissors where shaft is true" in problem


def test_unmoved_masks_are_caught_by_verify(evaluate, monkeypatch):
    monkeypatch.setattr(Segmentation, "warp", lambda self, targets, corrupted: targets)
    results = evaluate({"oracle": oracle}, "elastic_transform", (5,))
    assert "not moved with the image" in problems(results)["masks move where, and only where, the image does"]


def test_seed_reused_across_draws_is_caught(monkeypatch):
    """Noise of two draws is independent; with one seed it would be the same pattern. Severities share theirs."""
    image = torch.full((1, 3, 96, 120), 0.5)

    def correlation() -> float:
        suite = load_suite("endo19")
        noisy = [suite.corrupt(image, "gaussian_noise", 1 + draw, ["frame"], 0, draw).images for draw in (0, 1)]
        residuals = [(images - image).flatten() for images in noisy]
        return float(torch.corrcoef(torch.stack(residuals))[0, 1])

    assert abs(correlation()) < 0.03
    original = base.image_key
    monkeypatch.setattr(base, "image_key", lambda *key: original(*key[:3], 0))
    assert correlation() > 0.9


def test_swapped_channels_are_caught_by_a_model_that_reads_colours(tmp_path, monkeypatch):
    """Instruments are red and tissue is blue: a model that knows this is perfect, unless the channels are swapped."""
    for kind in ("image", "mask"):
        (tmp_path / kind).mkdir()
    mask = np.zeros((32, 40), np.uint8)
    mask[4:20, 8:30] = 1
    for number in range(2):
        Image.fromarray(np.where(mask[..., None] > 0, (200, 30, 10), (10, 30, 200)).astype(np.uint8)).save(
            tmp_path / "image" / f"OP1_{number}.png"
        )
        Image.fromarray(mask).save(tmp_path / "mask" / f"OP1_{number}.png")

    def red_is_instrument(images):
        return {"segmentation": 20 * torch.stack((images[:, 2], images[:, 0]), 1)}

    def iou() -> float:
        data = rb.load_dataset(str(tmp_path))
        return float(rb.evaluate({"m": red_is_instrument}, data, "clean", device="cpu").scores()["miou"].iloc[0])

    assert iou() == 100
    original = base_reading.read_image
    monkeypatch.setattr(base_reading, "read_image", lambda path: original(path).flip(0))
    assert iou() < 5


def test_average_over_nan_is_caught_by_a_known_answer(evaluate, monkeypatch):
    """Frames without a class have no distance to it: an oracle has 0 px whatever the number of such frames."""

    def nan_is_hundred(column):
        values = np.nan_to_num(np.asarray(column, np.float64), nan=100.0)
        return np.stack((values, np.ones_like(values)), axis=1)

    results = evaluate({"oracle": oracle}, "contrast", (3,))
    frame = results.frame.copy()
    frame.loc[frame.index[0], "hd"] = np.nan
    missing = type(results)(frame, results.info)
    assert missing.scores()["hd"].iloc[0] == 0
    monkeypatch.setattr("robustbench_endo.metrics.base.values_and_counts", nan_is_hundred)
    assert type(results)(frame, results.info).scores()["hd"].iloc[0] > 1
    assert np.isfinite(aggregation.values_and_counts(np.array([np.nan]))).all()


class Dropout(nn.Module):
    """A model whose training mode is random."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Sequential(nn.Conv2d(3, CLASSES, 1), nn.Dropout(0.5))

    def forward(self, images):
        return {"segmentation": self.layer(images)}


def test_model_in_train_mode_is_evaluated_in_eval_mode():
    torch.manual_seed(0)
    model = Dropout().train()
    data = rb.load_dataset("synthetic", frames=2, size=(64, 80))
    one, two = (rb.evaluate({"m": model}, data, "contrast", (3,), device="cpu").frame for _ in range(2))
    assert one.equals(two)
    trained = model.eval()
    assert rb.evaluate({"m": trained}, data, "contrast", (3,), device="cpu").frame.equals(one)


def test_duplicate_frames_are_caught_by_check_and_by_verify(make_folder):
    root = make_folder(frames=6)
    frames = sorted(path for path in root.rglob("image/*.png"))
    copy = frames[0].with_name("OP9_img_99.png")
    shutil.copyfile(frames[0], copy)
    shutil.copyfile(frames[0].parents[1] / "mask" / frames[0].name, frames[0].parents[1] / "mask" / copy.name)
    data = rb.load_dataset(str(root))
    findings = check({"test": data})
    texts = [problem.text for problem in (*findings.problems, *findings.remarks)]
    assert any("1 image more than once in a split" in text for text in texts)

    def threshold(images):
        red, green = images[:, :1], images[:, 1:2]
        return {"segmentation": torch.cat((0.6 - red, red - 0.6, green - 1), 1)}

    results = rb.evaluate({"m": threshold}, data, "contrast", (3,), device="cpu")
    assert "2 frames are the same image, such as" in problems(results)["frames are different images"]


def test_shared_patients_are_caught_by_check(make_folder):
    root = make_folder(frames=3, splits=("train", "test"))
    for index, path in enumerate(sorted(root.rglob("image/*.png"))):  # no image occurs twice
        pixels = np.random.default_rng(index).integers(0, 255, np.asarray(Image.open(path)).shape, np.uint8)
        Image.fromarray(pixels).save(path)
    findings = check({split: rb.load_dataset(str(root), split=split) for split in ("train", "test")})
    (problem,) = [problem for problem in findings.problems if problem.kind == "subjects"]
    assert "subjects in several splits" in problem.text or "subject in several splits" in problem.text


@pytest.mark.parametrize("kind", [metrics.HausdorffDistance, metrics.MeanIoU])
def test_wrong_direction_is_caught_by_known_answers(evaluate, monkeypatch, kind):
    monkeypatch.setattr(kind, "higher_is_better", not kind.higher_is_better)
    results = evaluate({"oracle": oracle, "background": background}, "smoke", (5,))
    scores = results.scores().set_index(["model", "corruption"])
    metric = results.metric(kind.name)
    good, bad = (scores.loc[(model, "smoke"), kind.name] for model in ("oracle", "background"))
    assert (good > bad) != metric.higher_is_better
