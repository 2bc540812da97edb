import pytest
import torch

from robustbench_endo.data.resolution import at_resolution, target_size
from robustbench_endo.types import Sample


@pytest.mark.parametrize(
    ("size", "resolution", "expected"),
    [
        ((1024, 1280), 512, (512, 640)),
        ((256, 320), 512, (256, 320)),
        ((1280, 1024), 512, (640, 512)),
        ((480, 640), "native", (480, 640)),
        ((480, 640), (256, 256), (256, 256)),
    ],
)
def test_target_size_keeps_the_aspect_and_never_enlarges(size, resolution, expected):
    assert target_size(size, resolution) == expected


def test_at_resolution_keeps_image_and_mask_aligned():
    mask = torch.zeros(128, 160, dtype=torch.uint8)
    mask[40:80, 50:100] = 3
    image = (mask * 60)[None].expand(3, -1, -1).contiguous()
    small = at_resolution(Sample.from_labels(image, mask, 1, "a", "g"), 64)
    assert small.image.shape == (3, 64, 80)
    assert small.mask.unique().tolist() == [0, 3]
    inside = small.image[0] > 90
    assert int((inside != (small.mask == 3)).sum()) == 0


def test_at_resolution_returns_the_same_sample_where_nothing_changes():
    sample = Sample.from_labels(torch.zeros(3, 40, 50).byte(), None, None, "a", "g")
    assert at_resolution(sample, 512) is sample
