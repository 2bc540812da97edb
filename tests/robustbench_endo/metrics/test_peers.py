"""Surface distances compared with other packages on 500 pairs of label maps: recorded and live scores."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import ndimage

from robustbench_endo.metrics import surface_distances

AGREEING = [("monai", "hd"), ("monai", "hd95"), ("monai", "assd"), ("monai", "nsd"), ("torchmetrics", "hd")]


@pytest.fixture(scope="session")
def recorded():
    return np.load(Path(__file__).with_name("peers.npz"))


@pytest.fixture(scope="session")
def ours(peer_maps):
    """Scores of all pairs, (pairs, classes); NaN where a class is not in both maps, as in the record."""
    rows = []
    for index in range(peer_maps["COUNT"]):
        pred, target = (torch.from_numpy(labels.copy())[None] for labels in peer_maps["pair"](index))
        scores = surface_distances(pred, target, peer_maps["CLASSES"], tolerance=1.5)
        rows.append([torch.where(scores.missed, torch.nan, getattr(scores, name))[0].numpy() for name in NAMES])
    return dict(zip(NAMES, np.array(rows).transpose(1, 0, 2), strict=True))


NAMES = ("hd", "hd95", "assd", "nsd")


@pytest.mark.parametrize(("package", "name"), AGREEING)
def test_surface_distances_equal_other_packages(recorded, ours, package, name):
    assert np.isfinite(ours[name]).sum() > 1500
    np.testing.assert_allclose(ours[name], recorded[f"{package}/{name}"], atol=1e-4)


def test_hausdorff_of_regions_equals_that_of_boundaries_without_interior(recorded, ours, peer_maps):
    flat = np.zeros(ours["hd"].shape, bool)
    for index in range(0, len(flat), 5):  # among them all the degenerate ones
        for c in range(flat.shape[1]):
            regions = [labels == c for labels in peer_maps["pair"](index)]
            flat[index, c] = not any(ndimage.binary_erosion(region).any() for region in regions)
    known = flat & np.isfinite(ours["hd"])
    assert known.sum() > 30
    np.testing.assert_allclose(ours["hd"][known], recorded["skimage/hd"][known], atol=1e-4)
    assert np.nanmax(np.abs(ours["hd"] - recorded["skimage/hd"])) > 1  # the definitions do differ


def test_hausdorff_differs_from_surface_elements_by_less_than_a_diagonal(recorded, ours):
    difference = np.abs(ours["hd"] - recorded["surface_distance/hd"])
    assert 0.5 < np.nanmax(difference) < np.sqrt(2)


# Not torchmetrics: its import alone takes longer than all of these tests.
@pytest.mark.parametrize("package", ["monai", "surface_distance", "skimage"])
def test_recorded_scores_equal_live_scores(recorded, peer_maps, peer_scores, package):
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"needs the package {package} (extra `peers`); its recorded numbers are tested above")
    for index in range(0, peer_maps["COUNT"], 55):
        for name, values in peer_scores(package, *peer_maps["pair"](index)).items():
            np.testing.assert_allclose(values, recorded[f"{package}/{name}"][index], atol=1e-4)
