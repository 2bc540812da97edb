import pytest
import torch
import torch.nn.functional as F

from robustbench_endo.evaluation.predict import sampled_confidence
from robustbench_endo.metrics.calibration import sampled


@pytest.mark.parametrize("size", [(20, 26), (131, 97), (240, 200), (7, 9)])
def test_equals_the_confidence_of_the_whole_map_at_these_pixels(size):
    torch.manual_seed(0)
    logits = 3 * torch.randn(2, 5, 20, 26)
    whole = F.interpolate(logits, size=size, mode="bilinear", align_corners=False).softmax(1).amax(1)
    torch.testing.assert_close(sampled_confidence(logits, size), sampled(whole), rtol=0, atol=1e-5)


def test_a_batch_is_its_items():
    logits = torch.randn(3, 4, 16, 20)
    whole = sampled_confidence(logits, (100, 120))
    for i in range(3):
        assert torch.equal(whole[i : i + 1], sampled_confidence(logits[i : i + 1], (100, 120)))
