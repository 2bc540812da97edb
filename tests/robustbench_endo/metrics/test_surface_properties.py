"""What must be true of distances between any two label maps."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy import ndimage

from robustbench_endo.metrics import surface_distances

hypothesis = pytest.importorskip("hypothesis", reason="property tests need the extra `test`")
from hypothesis import strategies as st  # noqa: E402
from hypothesis.extra import numpy as hnp  # noqa: E402

NAMES = ("hd", "hd95", "assd", "nsd")
LENGTHS = ("hd", "hd95", "assd")
CLASSES = 3


SIZES = st.tuples(st.integers(1, 14), st.integers(1, 14))


def label_map(sizes=SIZES):
    return sizes.flatmap(lambda shape: hnp.arrays(np.uint8, shape, elements=st.integers(0, CLASSES - 1)))


@st.composite
def pairs(draw):
    first = draw(label_map())
    return first, draw(label_map(st.just(first.shape)))


@st.composite
def triples(draw):
    first, second = draw(pairs())
    return first, second, draw(label_map(st.just(first.shape)))


def check(*strategies):
    settings = hypothesis.settings(max_examples=60, deadline=None, database=None, derandomize=True)
    return lambda test: settings(hypothesis.given(*strategies)(test))


def distances(pred, target, **options):
    maps = (torch.from_numpy(labels.copy())[None] for labels in (pred, target))
    found = surface_distances(*maps, CLASSES, **options)
    return {name: getattr(found, name)[0].numpy() for name in NAMES}


@check(pairs())
def test_symmetric_and_zero_on_the_diagonal(pair):
    pred, target = pair
    there, back = distances(pred, target), distances(target, pred)
    for name in NAMES:
        np.testing.assert_allclose(there[name], back[name], atol=1e-12)
    same = distances(pred, pred)
    assert all(np.nan_to_num(same[name]).max() == 0 for name in LENGTHS)
    assert set(same["nsd"][~np.isnan(same["nsd"])]) <= {1.0}


@check(pairs())
def test_ordered_and_bounded(pair):
    found, shape = distances(*pair), pair[0].shape
    known = ~np.isnan(found["hd"])
    assert (found["assd"][known] <= found["hd"][known] + 1e-12).all()
    assert (found["hd95"][known] <= found["hd"][known]).all()
    assert (found["hd"][known] <= math.hypot(*shape)).all()
    assert ((found["nsd"][known] >= 0) & (found["nsd"][known] <= 1)).all()


@check(pairs(), st.integers(1, 5), st.integers(1, 5))
def test_moving_both_maps_changes_nothing(pair, down, right):
    # A frame of 255 keeps the border of the image away from the classes; 255 in the target belongs to no class.
    size = tuple(side + 6 for side in pair[0].shape)

    def placed(labels, row, column):
        canvas = np.full(size, 255, np.uint8)
        canvas[row : row + labels.shape[0], column : column + labels.shape[1]] = labels
        return canvas

    def at(row, column):
        pred, target = (placed(labels, row, column) for labels in pair)
        return distances(np.where(target == 255, 0, pred), target)

    first, second = at(1, 1), at(down, right)
    for name in NAMES:
        np.testing.assert_allclose(first[name], second[name], atol=1e-12)


@check(pairs(), st.floats(0.01, 100), st.sampled_from([(1.0, 1.0), (0.5, 2.0), (3.0, 0.1)]))
def test_lengths_scale_with_the_spacing(pair, factor, spacing):
    unit = distances(*pair, spacing=spacing, tolerance=1.5)
    scaled = distances(*pair, spacing=(factor * spacing[0], factor * spacing[1]), tolerance=1.5 * factor * (1 + 1e-9))
    for name in LENGTHS:
        np.testing.assert_allclose(scaled[name], factor * unit[name], rtol=1e-9)
    assert (scaled["nsd"] >= unit["nsd"] - 1e-12)[~np.isnan(unit["nsd"])].all()


@check(pairs(), st.permutations(range(CLASSES)))
def test_renamed_classes_keep_their_distances(pair, order):
    names = np.array(order, np.uint8)
    found, renamed = distances(*pair), distances(*(names[labels] for labels in pair))
    for name in NAMES:
        np.testing.assert_array_equal(renamed[name][names], found[name])


@check(triples())
def test_the_hausdorff_distance_keeps_the_triangle_inequality(triple):
    a, b, c = triple
    present = np.array([all((labels == k).any() for labels in triple) for k in range(CLASSES)])
    direct, first, second = distances(a, c)["hd"], distances(a, b)["hd"], distances(b, c)["hd"]
    assert (direct <= first + second + 1e-9)[present].all()


@check(pairs())
def test_turned_and_mirrored_maps_keep_their_distances(pair):
    found = distances(*pair)
    for move in (np.transpose, np.flipud, np.fliplr):
        moved = distances(*(move(labels) for labels in pair))
        for name in NAMES:
            np.testing.assert_allclose(moved[name], found[name], atol=1e-12)


@check(st.integers(6, 14), st.integers(6, 14), st.integers(0, 4))
def test_the_more_a_convex_region_is_eroded_the_farther_it_is(height, width, left):
    target = np.zeros((40, 40), np.uint8)
    target[3 : 3 + 2 * height, 3 + left : 3 + left + width] = 1
    eroded = [ndimage.binary_erosion(target == 1, iterations=n) if n else target == 1 for n in range(width // 2)]
    found = [distances(mask.astype(np.uint8), target) for mask in eroded]
    for before, after in itertools.pairwise(found):
        assert after["hd"][1] > before["hd"][1]
        assert after["assd"][1] > before["assd"][1]
        assert after["nsd"][1] <= before["nsd"][1]


@check(label_map(), st.integers(0, CLASSES - 1))
def test_a_missed_class_is_never_better_than_a_found_one(target, kept):
    empty = np.full_like(target, kept)
    found = distances(empty, target)
    for c in range(CLASSES):
        if c != kept and (target == c).any():
            assert found["hd"][c] == found["hd95"][c] == found["assd"][c] == pytest.approx(math.hypot(*target.shape))
            assert found["nsd"][c] == 0
