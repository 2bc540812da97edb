import pytest
import torch
import torch.nn.functional as F

from robustbench_endo.evaluation.predict import label_maps


@pytest.mark.parametrize("size", [(40, 52), (80, 104), (33, 17), (20, 26), (131, 97)])
def test_equals_interpolate_and_argmax(size):
    torch.manual_seed(0)
    logits = torch.randn(2, 5, 20, 26)
    up = F.interpolate(logits, size=size, mode="bilinear", align_corners=False)
    found = label_maps(logits, size)
    assert (found.shape, found.dtype) == ((2, *size), torch.uint8)
    differing = found != up.argmax(1)
    # Where they differ, two logits are equal up to rounding.
    two = up.topk(2, dim=1).values
    assert bool(((two[:, 0] - two[:, 1])[differing] < 1e-5).all())
    assert float(differing.float().mean()) < 1e-3


def test_of_equal_logits_the_first_class_wins():
    assert int(label_maps(torch.zeros(1, 4, 3, 3), (6, 6)).max()) == 0
