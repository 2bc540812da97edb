"""Surface Dice of the visible and the hidden part, against a search over all pairs of pixels."""

import numpy as np
import pytest
import torch

from robustbench_endo.metrics import region_surface
from robustbench_endo.metrics.region_surface import part_surface_dice
from robustbench_endo.metrics.surface import surface_distances
from robustbench_endo.metrics.surface_gpu import edges_table


def boundary(labels, part, label):
    """Pixels of a class in a part with a 4-neighbour of another class in the part, or beyond the image."""
    height, width = labels.shape
    pixels = []
    for y, x in zip(*np.nonzero((labels == label) & part), strict=True):
        for i, j in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            outside = not (0 <= i < height and 0 <= j < width)
            if outside or (part[i, j] and labels[i, j] != label):
                pixels.append((y, x))
                break
    return np.array(pixels, float).reshape(-1, 2)


def by_definition(pred, target, part, label, tolerance, spacing):
    pred = np.where(target == 255, 255, pred)
    points = [boundary(labels, part, label) * spacing for labels in (pred, target)]
    number = sum(map(len, points))
    if not number:
        return np.nan
    if not all(map(len, points)):
        return 0.0
    distances = np.linalg.norm(points[0][:, None] - points[1][None], axis=2)
    return ((distances.min(1) <= tolerance).sum() + (distances.min(0) <= tolerance).sum()) / number


@pytest.fixture
def maps():
    generator = torch.Generator().manual_seed(3)
    noise = torch.nn.functional.interpolate(torch.randn(3, 5, 5, 6, generator=generator), (23, 31), mode="bicubic")
    pred, target = noise[:, :3].argmax(1).byte(), noise[:, 1:4].argmax(1).byte()
    target[0, :4] = 255
    hidden = noise[:, 4] > 0
    hidden[2] = False
    return pred, target, hidden


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (0.5, 0.75)])
@pytest.mark.parametrize("tolerance", [0.0, 1.0, 2.0])
def test_part_surface_dice_equals_all_pairs(maps, spacing, tolerance):
    table = part_surface_dice(*maps, 4, tolerance, spacing, first=1)
    assert table[:, :, 0].isnan().all()
    for image, (pred, target, hidden) in enumerate(zip(*(each.numpy() for each in maps), strict=True)):
        for part, inside in enumerate((~hidden, hidden)):
            expected = [by_definition(pred, target, inside, label, tolerance, spacing) for label in (1, 2, 3)]
            np.testing.assert_array_equal(table[part, image, 1:], expected)


def test_part_surface_dice_in_plain_torch_has_the_bits_of_the_compiled_one(maps):
    pred, target, hidden = maps
    pred = pred.masked_fill(target == 255, 255)
    edges = torch.stack([region_surface._part_edges(labels, hidden) for labels in (pred, target)])
    limits = torch.tensor([[2.0, 1.0, 0.0]]).double().expand(6, 3).contiguous()
    expected = part_surface_dice(pred, target, hidden, 3, limits[:3])
    table = edges_table(edges, 3, (1.0, 1.0), limits)[3].view(2, 3, 3)
    torch.testing.assert_close(table, expected, rtol=0, atol=0, equal_nan=True)


def test_part_surface_dice_of_one_part_is_that_of_the_image(maps):
    pred, target, hidden = maps
    expected = surface_distances(pred, target, 3).nsd
    for part, everywhere in enumerate((torch.zeros_like(hidden), torch.ones_like(hidden))):
        table = part_surface_dice(pred, target, everywhere, 3)
        torch.testing.assert_close(table[part], expected, rtol=0, atol=0, equal_nan=True)
        assert table[1 - part].isnan().all()


def test_part_surface_dice_ends_no_object_where_the_cover_begins():
    target = torch.zeros(1, 20, 20, dtype=torch.uint8)
    target[:, 5:15, 2:18] = 1
    hidden = (torch.arange(20) >= 10).expand(1, 20, 20)
    visible_only = target.masked_fill(hidden, 0)
    assert part_surface_dice(visible_only, target, hidden, 2, first=1)[..., 1].tolist() == [[1.0], [0.0]]
    assert part_surface_dice(target, target, hidden, 2, first=1)[..., 1].tolist() == [[1.0], [1.0]]
