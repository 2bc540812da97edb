import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import ndimage
from skimage.metrics import hausdorff_distance

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.metrics import surface_distances


def boundary(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return mask & ~ndimage.binary_erosion(mask)


def reference(pred, target, spacing, tolerance):
    """The definitions, on scipy's distance transform."""
    p, t = boundary(pred), boundary(target)
    forward = ndimage.distance_transform_edt(~t, sampling=spacing)[p]
    backward = ndimage.distance_transform_edt(~p, sampling=spacing)[t]
    both = np.concatenate((forward, backward))
    hd95 = max(np.percentile(forward, 95), np.percentile(backward, 95))
    return both.max(), hd95, both.mean(), (both <= tolerance).mean()


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("spacing", [(1.0, 1.0), (0.5, 2.0), (0.01, 40.0)])
def test_surface_distances_equal_scipy_distance_transform(label_maps, seed, spacing):
    pred, target = label_maps(seed), label_maps(seed + 1000)
    distances = surface_distances(pred, target, 4, spacing=spacing, tolerance=1.5)
    for c in range(4):
        p, t = (pred[0] == c).numpy(), (target[0] == c).numpy()
        values = [float(field[0, c]) for field in (distances.hd, distances.hd95, distances.assd, distances.nsd)]
        if p.any() and t.any():
            np.testing.assert_allclose(values, reference(p, t, spacing, 1.5), atol=1e-9)
        elif p.any() or t.any():
            diagonal = math.hypot(48 * spacing[0], 61 * spacing[1])
            np.testing.assert_allclose(values, [diagonal, diagonal, diagonal, 0.0])
        else:
            assert np.isnan(values).all()
        assert bool(distances.missed[0, c]) == (p.any() != t.any())


def test_surface_distances_equal_skimage_hausdorff(label_maps):
    pred, target = label_maps(3), label_maps(4)
    distances = surface_distances(pred, target, 4)
    for c in range(4):
        p, t = boundary((pred[0] == c).numpy()), boundary((target[0] == c).numpy())
        if p.any() and t.any():
            assert float(distances.hd[0, c]) == pytest.approx(hausdorff_distance(p, t))


def test_surface_distances_of_mirrored_mask():
    pred = torch.zeros(1, 40, 40, dtype=torch.uint8)
    pred[0, 10:20, 2:8] = 1
    distances = surface_distances(pred, pred.flip(2), 2)
    assert float(distances.hd[0, 1]) == 30.0


def test_surface_distances_of_single_pixels():
    pred, target = torch.zeros(2, 1, 32, 32, dtype=torch.uint8)
    pred[0, 3, 4], target[0, 6, 8] = 1, 1
    distances = surface_distances(pred, target, 2)
    values = [float(field[0, 1]) for field in (distances.hd, distances.hd95, distances.assd, distances.nsd)]
    assert values == [5, 5, 5, 0]


def test_surface_distances_symmetric_and_zero_for_equal_maps(label_maps):
    pred, target = label_maps(5), label_maps(6)
    forward, backward = surface_distances(pred, target, 4), surface_distances(target, pred, 4)
    for name in ("hd", "hd95", "assd", "nsd"):
        torch.testing.assert_close(getattr(forward, name), getattr(backward, name), equal_nan=True)
    same = surface_distances(pred, pred, 4)
    assert float(same.hd.nan_to_num().max()) == 0
    assert not same.missed.any()


def test_surface_distances_exclude_ignored_pixels(label_maps):
    pred, target = label_maps(7), label_maps(8)
    target[0, :, 30:] = 255
    cropped = surface_distances(pred[:, :, :30].contiguous(), target[:, :, :30].contiguous(), 4)
    full = surface_distances(pred, target, 4)
    present = ~cropped.hd.isnan() & ~cropped.missed
    torch.testing.assert_close(full.hd[present], cropped.hd[present])


@pytest.mark.parametrize(
    ("pred", "target", "options", "text"),
    [
        (
            torch.zeros(1, 8, 8),
            torch.zeros(1, 8, 8),
            {},
            "Expected uint8 labels in the prediction",
        ),
        (torch.zeros(1, 8, 8).byte(), torch.zeros(1, 8, 9).byte(), {}, "Expected two label maps of one shape"),
        (torch.zeros(0, 8, 8).byte(), torch.zeros(0, 8, 8).byte(), {}, "Expected two label maps of one shape"),
        (torch.zeros(1, 8, 0).byte(), torch.zeros(1, 8, 0).byte(), {}, "with B, H, W > 0"),
        (torch.zeros(1, 1, 16384).byte(), torch.zeros(1, 1, 16384).byte(), {}, "a diagonal under 16383 px"),
        (
            torch.zeros(1, 8, 8).byte(),
            torch.zeros(1, 8, 8, device="meta").byte(),
            {},
            "on one device, got cpu and meta",
        ),
        (torch.full((1, 8, 8), 9).byte(), torch.zeros(1, 8, 8).byte(), {}, "got 9"),
        (torch.zeros(1, 8, 8).byte(), torch.zeros(1, 8, 8).byte(), {"spacing": (0, 1)}, "Expected a positive spacing"),
        (torch.zeros(1, 8, 8).byte(), torch.zeros(1, 8, 8).byte(), {"tolerance": -1}, "tolerance of at least 0"),
    ],
)
def test_surface_distances_reject_bad_input(pred, target, options, text):
    with pytest.raises(RobustEndoError, match=text):
        surface_distances(pred, target, 2, **options)


def test_surface_distances_across_blocks_of_columns():
    pred, target = torch.zeros(2, 1, 40, 400, dtype=torch.uint8)
    pred[0, 2:4, 3:5], target[0, 30:33, 380:390] = 1, 1
    distances = surface_distances(pred, target, 2)
    expected = reference((pred[0] == 1).numpy(), (target[0] == 1).numpy(), (1, 1), 2.0)
    values = [float(field[0, 1]) for field in (distances.hd, distances.hd95, distances.assd, distances.nsd)]
    np.testing.assert_allclose(values, expected, atol=1e-9)
