"""Models whose scores follow from theory: the evaluation has to give exactly these, under every corruption."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from science_models import CLASSES, background, opacity_reader, oracle, uniform_labels

import robustbench_endo as rb
from robustbench_endo.corruptions import load_suite

PERFECT = dict.fromkeys(
    ("miou", "dice", "miou_foreground", "dice_foreground", "dice_worst_class", "miou_per_image", "dice_per_image"),
    100.0,
)
PERFECT |= dict.fromkeys(("nsd", "ssim", "accuracy", "balanced_accuracy", "macro_f1"), 100.0)
PERFECT |= dict.fromkeys(("hd", "hd95", "assd", "hd_diagonal", "missed_rate", "ece", "brier", "segmentation_ece"), 0.0)


def truth_pixels(frames=2):
    """Pixels of each class in each frame of the synthetic data, (frames, classes)."""
    data = rb.load_dataset("synthetic", frames=frames, size=(96, 120))
    return np.stack([np.bincount(data[i].mask.numpy().ravel(), minlength=256)[:CLASSES] for i in range(frames)])


def test_oracle_is_perfect_under_every_corruption(evaluate):
    results = evaluate({"oracle": oracle})
    scores = results.scores()
    assert len(scores) == 1 + 2 * 19
    for name, expected in PERFECT.items():
        np.testing.assert_allclose(scores[name].dropna(), expected, atol=2e-3, err_msg=name)
        assert scores[name].notna().any(), name
    moved = results.frame["iou_mean_unwarped"] < results.frame["iou_mean"] - 1e-3
    assert {"elastic_transform", "zoom_blur"} & set(results.frame.loc[moved, "corruption"])
    failed = results.failures().loc[("mean", "all")]
    assert failed["segmentation_failed", "oracle"] == failed["activity_failed", "oracle"] == 0


def test_oracle_is_better_than_background_by_every_metric(evaluate):
    results = evaluate({"oracle": oracle, "background": background}, "elastic_transform,smoke", (5,))
    scores = results.scores().set_index(["model", "corruption"])
    compared = 0
    for metric in results.metrics:
        if metric.higher_is_better is None or metric.name not in scores:
            continue
        good, bad = (scores.loc[(model, "smoke"), metric.name] for model in ("oracle", "background"))
        if np.isfinite(good + bad):
            assert (good > bad) == metric.higher_is_better, metric.name
            compared += good != bad
    assert compared >= 15


def test_background_scores_follow_from_the_pixels(evaluate):
    pixels = truth_pixels()
    results = evaluate({"background": background}, "contrast", (3,))
    clean = results.scores().iloc[0]
    total, by_class = pixels.sum(), pixels.sum(0)
    present = (by_class > 0).sum()
    assert clean["miou"] == pytest.approx(100 * by_class[0] / total / present)
    assert clean["dice"] == pytest.approx(100 * 2 * by_class[0] / (total + by_class[0]) / present)
    per_frame = pixels[:, 0] / pixels.sum(1) / (pixels > 0).sum(1)
    assert clean["miou_per_image"] == pytest.approx(100 * per_frame.mean(), rel=1e-6)
    dice = 2 * pixels[:, 0] / (pixels.sum(1) + pixels[:, 0]) / (pixels > 0).sum(1)
    assert clean["dice_per_image"] == pytest.approx(100 * dice.mean(), rel=1e-6)
    assert clean["missed_rate"] == 100
    assert clean["dice_foreground"] == 0
    assert clean["hd"] == pytest.approx(np.hypot(96, 120), rel=1e-4)
    floors = results.floors().query("floor == 'background everywhere'").iloc[0]
    assert floors["miou"] == pytest.approx(clean["miou"])


@pytest.mark.parametrize("label", [1, 3])
def test_constant_label_scores_follow_from_the_pixels(evaluate, label):
    pixels = truth_pixels().sum(0)
    constant = {"constant": lambda masks, activities, opacity: (torch.full_like(masks, label), activities)}
    clean = evaluate(constant, "contrast", (3,)).scores().iloc[0]
    present = ((pixels > 0) | (np.arange(CLASSES) == label)).sum()
    assert clean["miou"] == pytest.approx(100 * pixels[label] / pixels.sum() / present)


def test_majority_activity_scores_its_share(evaluate):
    frames = 6
    data = rb.load_dataset("synthetic", frames=frames, size=(96, 120))
    counts = np.bincount([data[i].activity for i in range(frames)], minlength=3)
    most = int(counts.argmax())
    majority = {"majority": lambda masks, activities, opacity: (masks, torch.full_like(activities, most))}
    clean = evaluate(majority, "contrast", (3,), frames=frames).scores().iloc[0]
    assert clean["accuracy"] == pytest.approx(100 * counts[most] / frames)
    assert clean["balanced_accuracy"] == pytest.approx(100 / (counts > 0).sum())


def test_uniform_random_labels_score_their_expectation(evaluate):
    pixels = truth_pixels().sum(0)
    share, guess = pixels / pixels.sum(), 1 / CLASSES
    iou = share * guess / (share + guess - share * guess)
    clean = evaluate({"random": uniform_labels}, "contrast", (3,)).scores().iloc[0]
    # Four standard errors of a binomial share of the rarest class.
    assert clean["miou"] == pytest.approx(
        100 * iou.mean(), abs=100 * 4 * np.sqrt(guess / pixels[pixels > 0].min()) / CLASSES
    )
    assert clean["iou[background]"] == pytest.approx(100 * iou[0], abs=0.6)


def test_opacity_reader_loses_exactly_what_smoke_hides(evaluate):
    results = evaluate({"reader": opacity_reader}, "smoke", (1, 3, 5))
    suite, data = load_suite("endo19"), rb.load_dataset("synthetic", frames=2, size=(96, 120))
    for severity in (1, 3, 5):
        hits, pixels = 0, 0
        for index in range(len(data)):
            sample = data[index]
            image = sample.image[None].float() / 255
            opacity = suite.corrupt(image, "smoke", severity, [sample.id], 0).opacity[0, 0]
            foreground = sample.mask > 0
            hits += int((foreground & (opacity < 0.5)).sum())
            pixels += int(foreground.sum())
        row = results.frame.query("corruption == 'smoke' and severity == @severity")
        scored = sum(row[f"tp_{k}"].sum() for k in range(1, CLASSES))
        assert scored == hits
        assert sum(row[f"tp_{k}"].sum() + row[f"fn_{k}"].sum() for k in range(1, CLASSES)) == pixels


def test_oracles_see_and_guess_exactly(evaluate):
    rules = {"amodal": oracle, "visible only": opacity_reader, "nothing": background}
    scores = evaluate(rules, "smoke,bleeding,elastic_transform+spatter,contrast", (5,)).scores().set_index("model")
    occluding = scores[scores["hidden_share"] > 0]
    assert occluding.groupby("model", sort=False).size().tolist() == [3, 3, 3]
    for kind in ("dice", "miou", "nsd"):
        for model, visible, hidden in (("amodal", 100, 100), ("visible only", 100, 0), ("nothing", 0, 0)):
            assert (occluding.loc[model, f"{kind}_visible"] == visible).all()
            assert (occluding.loc[model, f"{kind}_hidden"] == hidden).all()
    assert (occluding["hallucination"] == 0).all()
    assert (occluding.loc["amodal", "guess_precision"] == 100).all()
    others = scores[scores["corruption"].isin(("clean", "contrast"))]
    assert others[["dice_visible", "dice_hidden", "hallucination", "hidden_share"]].isna().all(axis=None)
