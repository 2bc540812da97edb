import numpy as np
import pytest
import torch

from robustbench_endo.evaluation.predict import ask
from robustbench_endo.evaluation.score import judge
from robustbench_endo.results.schema import bin_columns, count_columns


def judged(logits, masks, activities, activity=None):
    answer = {"segmentation": logits} | ({} if activity is None else {"activity": activity})
    said = ask(lambda images: answer, torch.zeros(len(masks), 3, 8, 8), tuple(masks.shape[1:]))
    return judge(said, masks, None, 3, activities)


@pytest.fixture
def batch():
    torch.manual_seed(0)
    logits = 4 * torch.randn(2, 3, 40, 50)
    masks = torch.randint(0, 3, (2, 40, 50), dtype=torch.uint8)
    masks[1, :10] = 255
    return logits, masks, torch.tensor([1, -1])


def test_calibration_counts_every_pixel_of_a_small_frame(batch):
    columns = judged(*batch, activity=torch.zeros(2, 4))
    count, right, confidence = (np.stack([columns[name] for name in bin_columns(kind)], 1)
                                for kind in ("count", "right", "confidence"))  # fmt: skip
    assert count.sum(1).tolist() == [40 * 50, 30 * 50]
    tp = np.stack([columns[name] for name in count_columns(3)[:3]], 1)
    assert (right.sum(1) == tp.sum(1)).all()
    sure = batch[0].softmax(1).amax(1)
    assert confidence[0].sum() == pytest.approx(float(sure[0].sum()), rel=1e-4)
    assert (count[:, :4] == 0).all()  # the largest of three probabilities is at least 1/3, in the fifth bin


def test_brier_needs_an_answer_and_a_target(batch):
    columns = judged(*batch, activity=torch.zeros(2, 4))
    assert columns["activity_brier"][0] == pytest.approx(0.75)
    assert np.isnan(columns["activity_brier"][1])
    assert np.isnan(judged(*batch)["activity_brier"]).all()


def test_nothing_of_a_frame_with_nan_logits_is_scored(batch):
    logits, masks, activities = batch
    logits[0, 1, 2, 3] = torch.nan
    columns = judged(logits, masks, activities, activity=torch.zeros(2, 4))
    assert sum(int(columns[name][0]) for name in (*bin_columns("count"), *count_columns(3))) == 0
    for name in ("activity_brier", "dice", "hd", "ssim", "segmentation_confidence"):
        assert np.isnan(columns[name][0])
    assert columns["activity_prediction"][0] == -1
    assert np.isfinite(columns["dice"][1])
