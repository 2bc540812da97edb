"""Label maps and sampled confidences equal those of the interpolated logits."""

import pytest
import torch
import torch.nn.functional as F

from robustbench_endo.metrics.calibration import sample_pixels
from robustbench_endo.tasks.segmentation.decode import decode, label_maps, sampled_confidence


@pytest.mark.parametrize("size", [(40, 52), (80, 104), (33, 17), (20, 26), (131, 97)])
def test_label_maps_equal_interpolate_and_argmax(size):
    torch.manual_seed(0)
    logits = torch.randn(2, 5, 20, 26)
    up = F.interpolate(logits, size=size, mode="bilinear", align_corners=False)
    labels = label_maps(logits, size)
    assert (labels.shape, labels.dtype) == ((2, *size), torch.uint8)
    differing = labels != up.argmax(1)
    # Where they differ, two logits are equal up to rounding.
    two = up.topk(2, dim=1).values
    assert bool(((two[:, 0] - two[:, 1])[differing] < 1e-5).all())
    assert float(differing.float().mean()) < 1e-3


def test_label_maps_of_equal_logits_are_the_first_class():
    assert int(label_maps(torch.zeros(1, 4, 3, 3), (6, 6)).max()) == 0


@pytest.mark.parametrize("size", [(20, 26), (131, 97), (240, 200), (7, 9)])
def test_sampled_confidence_equals_the_full_map_at_these_pixels(size):
    torch.manual_seed(0)
    logits = 3 * torch.randn(2, 5, 20, 26)
    full = F.interpolate(logits, size=size, mode="bilinear", align_corners=False).softmax(1).amax(1)
    torch.testing.assert_close(sampled_confidence(logits, size), sample_pixels(full), rtol=0, atol=1e-5)


def test_sampled_confidence_of_a_batch_is_that_of_its_items():
    logits = torch.randn(3, 4, 16, 20)
    full = sampled_confidence(logits, (100, 120))
    for i in range(3):
        assert torch.equal(full[i : i + 1], sampled_confidence(logits[i : i + 1], (100, 120)))


def test_decode_marks_frames_with_infinite_logits():
    logits = torch.zeros(2, 3, 4, 4)
    logits[1, 0, 0, 0] = torch.inf
    prediction = decode(logits, (8, 8))
    assert prediction.valid.tolist() == [True, False]
    assert prediction.label_map.shape == (2, 8, 8)
    assert prediction.confidence[0] == pytest.approx(1 / 3)
