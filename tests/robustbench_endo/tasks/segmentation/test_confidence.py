"""Margin, least certain region and boundary of logits against their definitions, pixel by pixel."""

import math

import numpy as np
import pytest
import torch

from robustbench_endo.tasks.segmentation.confidence import NAMES, boundary_pixels, summarise
from robustbench_endo.tasks.segmentation.decode import decode


def by_definition(logits):
    """Of one frame, in float64, pixel by pixel."""
    probability = torch.softmax(torch.from_numpy(logits).double(), 0).numpy()
    labels, height, width = logits.argmax(0), *logits.shape[1:]
    ordered = np.sort(probability, axis=0)
    margin = (ordered[-1] - (ordered[-2] if len(ordered) > 1 else 0)).mean()
    regions = [ordered[-1][labels == label].mean() for label in np.unique(labels)]
    # A pixel with several neighbours of other classes counts once.
    pixels = {
        (y, x)
        for y in range(height)
        for x in range(width)
        for i, j in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1))
        if 0 <= i < height and 0 <= j < width and labels[i, j] != labels[y, x]
    }
    boundary = np.mean([ordered[-1][pixel] for pixel in pixels]) if pixels else math.nan
    return margin, min(regions), boundary


def frames(classes, scale):
    coarse = scale * torch.randn(2, classes, 3, 4, generator=torch.Generator().manual_seed(classes))
    return torch.nn.functional.interpolate(coarse, (11, 13), mode="bicubic").float().contiguous()


@pytest.mark.parametrize("classes", [1, 2, 5])
@pytest.mark.parametrize("scale", [0.01, 3, 300])
def test_confidences_equal_their_definitions_on_cpu_and_in_torch(classes, scale):
    logits = frames(classes, scale)
    expected = np.float32([by_definition(item) for item in logits.numpy()]).T
    compiled = decode(logits, (22, 26)).confidences
    assert tuple(compiled) == NAMES
    for name, values, plain in zip(NAMES, expected, summarise(logits), strict=True):
        assert compiled[name].dtype == plain.dtype == torch.float32
        np.testing.assert_allclose(compiled[name], values, rtol=1e-5, atol=1e-6, err_msg=name)
        np.testing.assert_allclose(plain, values, rtol=1e-5, atol=1e-6, err_msg=name)


def test_confidences_of_equal_logits_belong_to_the_first_class():
    prediction = decode(torch.zeros(1, 4, 5, 6), (5, 6))
    margin, region, boundary = (float(prediction.confidences[name]) for name in NAMES)
    assert (margin, region) == (0, 0.25)
    assert math.isnan(boundary)  # one class everywhere has no boundary


def test_region_confidence_is_that_of_the_least_certain_class():
    logits = torch.zeros(1, 2, 4, 4)
    logits[0, 0, :, :3], logits[0, 1, :, 3] = 9.0, 1.0
    prediction = decode(logits, (4, 4))
    assert float(prediction.confidences["region"]) == pytest.approx(1 / (1 + math.exp(-1)))
    assert float(prediction.confidence) > 0.9
    assert boundary_pixels(logits.argmax(1))[0].nonzero()[:, 1].unique().tolist() == [2, 3]
