"""The similarity of label maps in torch, compared with that by scipy."""

import pytest
import torch

from robustbench_endo.tasks.segmentation.batch import SegmentationBatch
from robustbench_endo.tasks.segmentation.endoarss import EndoARSSHausdorff, EndoARSSMaskSSIM
from robustbench_endo.tasks.segmentation.endoarss_gpu import label_ssim


def maps(label_maps, size):
    """Blobs, a prediction of one class, labels far apart, and ignored pixels."""
    pred, target = (torch.cat([label_maps(i + seed, size=size) for i in range(4)]) for seed in (0, 20))
    pred[1], pred[2], target[2] = 3, pred[2] * 80, target[2] * 80
    target[3, 2:5] = 255
    return pred, target


@pytest.mark.parametrize("size", [(48, 61), (7, 7), (6, 40)])
def test_label_ssim_in_torch_equals_that_by_scipy(label_maps, size):
    pred, target = maps(label_maps, size)
    expected = EndoARSSMaskSSIM().score(SegmentationBatch(pred, target, 250))
    ignored = target == 255
    scores = label_ssim(pred.masked_fill(ignored, 0), target.masked_fill(ignored, 0), 7)
    torch.testing.assert_close(scores, expected, rtol=0, atol=1e-9, equal_nan=True)
    assert scores[1].isnan()


@pytest.mark.gpu
@pytest.mark.parametrize("metric", [EndoARSSHausdorff, EndoARSSMaskSSIM], ids=lambda metric: metric.name)
def test_endoarss_metric_on_a_gpu_equals_that_of_the_cpu(label_maps, metric, gpu):
    pair = maps(label_maps, (48, 61))
    expected = metric().score(SegmentationBatch(*pair, 250))
    scores = metric().score(SegmentationBatch(*(labels.to(gpu) for labels in pair), 250))
    torch.testing.assert_close(scores.cpu(), expected, rtol=0, atol=1e-9, equal_nan=True)
