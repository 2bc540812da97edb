"""Each check of a run fails for the fault that it is there for, and only that check."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable

import numpy as np
import pytest

import robustbench_endo as rb
from robustbench_endo.results import Results, load_results, verify

CORRUPTIONS = "gaussian_noise,elastic_transform,contrast,smoke"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of two models on eight frames."""
    models = {name: rb.load_model(name, weights="pretrained") for name in ("tiny-resnet/mmoe", "tiny-resnet/dselect_k")}
    data = rb.load_dataset("synthetic", frames=8, size=(64, 80))
    out = tmp_path_factory.mktemp("verify") / "run"
    return rb.evaluate(models, data, CORRUPTIONS, (2, 4), out, gallery_frames=0)


def changed(run: Results, edit: Callable, path=None) -> Results:
    """The run after an edit of its records."""
    frame = run.frame.copy()
    edited = edit(frame)
    return dataclasses.replace(run, frame=frame if edited is None else edited, path=path)


def failed(run: Results) -> list[str]:
    return [check.name for check in verify(run) if not check.passed]


def test_verify_passes_a_correct_run(run):
    assert failed(run) == []
    assert failed(load_results(run.path)) == []


def drop_record(frame):
    return frame.drop(index=frame.index[40])


def repeat_record(frame):
    frame.loc[frame.index[41], frame.columns] = frame.loc[frame.index[40]].to_numpy()


def break_range(frame):
    frame.loc[frame.index[3], "dice_mean"] = 1.2


def corrupt_clean(frame):
    frame.loc[frame["corruption"] == "clean", "image_ssim"] = 0.9


def other_truth(frame):
    frame.loc[(frame["model"] == frame["model"].iloc[0]) & (frame["corruption"] == "contrast"), "fn_0"] += 7


def unmoved_masks(frame):
    moved = frame["corruption"] == "elastic_transform"
    clean = frame[frame["corruption"] == "clean"].set_index(["model", "image_id"])
    for name in (name for name in frame if name.startswith(("tp_", "fn_"))):
        keys = list(zip(frame.loc[moved, "model"], frame.loc[moved, "image_id"], strict=True))
        frame.loc[moved, name] = clean.loc[keys, name].to_numpy()


def reuse_seed(frame):
    noise = frame["corruption"] == "gaussian_noise"
    for severity in (2, 4):
        rows = noise & (frame["severity"] == severity)
        frame.loc[rows, "image_psnr"] = frame.loc[noise & (frame["severity"] == 2), "image_psnr"].to_numpy()


def lose_hidden_pixels(frame):
    frame.loc[(frame["corruption"] == "smoke") & (frame["severity"] == 4), "hidden_tp_0"] -= 1


def hide_without_cover(frame):
    frame.loc[frame["corruption"] == "contrast", "hidden_fp_1"] = 3


def repeat_frame(frame):
    first, second = sorted(frame["image_id"].unique())[:2]
    columns = [name for name in frame.select_dtypes("number") if name not in ("severity", "replicate")]
    frame.loc[frame["image_id"] == second, columns] = frame.loc[frame["image_id"] == first, columns].to_numpy()


@pytest.mark.parametrize(
    ("edit", "name", "text"),
    [
        (drop_record, "every model has every frame", "There are no records for 1 of the models x conditions x"),
        (repeat_record, "every model has every frame", "There are records that occur twice for 1 of"),
        (break_range, "values are in the range", "Dice per frame is 1.2 for"),
        (corrupt_clean, "clean images are unchanged", "differs from itself without a corruption"),
        (other_truth, "targets do not depend on the model", "targets of contrast"),
        (unmoved_masks, "masks move where", "masks under elastic_transform are not moved with the image"),
        (
            reuse_seed,
            "severities and draws are different",
            "severities or draws of gaussian_noise have the same images",
        ),
        (lose_hidden_pixels, "visible and hidden pixels", "under smoke 4 are not those of the frame"),
        (hide_without_cover, "visible and hidden pixels", "under contrast 2 are not those of the frame"),
        (repeat_frame, "frames are different images", "2 frames look the same to every model"),
    ],
)
def test_verify_detects_the_fault(run, edit, name, text):
    checks = [check for check in verify(changed(run, edit)) if not check.passed]
    assert any(check.name.startswith(name) and text in check.problem for check in checks), checks


def test_verify_detects_masks_that_move_without_the_image(run):
    def move(frame):
        rows = frame["corruption"] == "contrast"
        frame.loc[rows, "fn_0"] += 5

    assert "masks move where, and only where, the image does" in failed(changed(run, move))


@pytest.mark.parametrize("order", [(0, 2, 1), (1, 2, 0)])
def test_verify_detects_labels_in_another_order(make_results, order):
    results = make_results(models=("a",), frames=12, corruptions=("contrast",), severities=(1,))
    random = np.random.default_rng(0)
    true = random.uniform(0.5, 2, (len(results.frame), 3)) * [3000, 900, 200]
    correct = np.array(order) == np.arange(3)
    for label in range(3):
        predicted = true[:, order.index(label)]
        results.frame[f"tp_{label}"] = np.where(correct[label], 0.9 * true[:, label], 0).astype(int)
        results.frame[f"fn_{label}"] = true[:, label].astype(int) - results.frame[f"tp_{label}"]
        results.frame[f"fp_{label}"] = (predicted - results.frame[f"tp_{label}"]).clip(lower=0).astype(int)
    (problem,) = [check.problem for check in verify(results) if check.name.startswith("labels are in the order")]
    assert "Check the order of the classes" in problem or "order of the masks" in problem
    assert " where " in problem


def test_verify_detects_activities_in_another_order(make_results):
    results = make_results(models=("a",), frames=12, corruptions=("contrast",), severities=(1,))
    results.frame["activity_prediction"] = (results.frame["activity_target"] + 1) % 3
    (problem,) = [check.problem for check in verify(results) if check.name.startswith("labels are in the order")]
    assert problem.startswith("a: it predicts q where p is true, r where q is true, p where r is true.")


def test_verify_detects_a_changed_summary(run, tmp_path):
    folder = shutil.copytree(run.path, tmp_path / "run")
    text = (folder / "summary.csv").read_text("utf-8")
    header, first, *rest = text.splitlines()
    cells = first.split(",")
    cells[header.split(",").index("miou")] = "99.9"
    (folder / "summary.csv").write_text("\n".join((header, ",".join(cells), *rest)) + "\n", "utf-8")
    assert failed(dataclasses.replace(run, path=folder)) == ["summary.csv agrees with the records"]
