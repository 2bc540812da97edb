"""Properties of the distances between any two label maps."""

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
    scores = surface_distances(*maps, CLASSES, **options)
    return {name: getattr(scores, name)[0].numpy() for name in NAMES}


@check(pairs())
def test_distances_symmetric_and_zero_for_equal_maps(pair):
    pred, target = pair
    forward, backward = distances(pred, target), distances(target, pred)
    for name in NAMES:
        np.testing.assert_allclose(forward[name], backward[name], atol=1e-12)
    same = distances(pred, pred)
    assert all(np.nan_to_num(same[name]).max() == 0 for name in LENGTHS)
    assert set(same["nsd"][~np.isnan(same["nsd"])]) <= {1.0}


@check(pairs())
def test_distances_ordered_and_bounded(pair):
    scores, shape = distances(*pair), pair[0].shape
    known = ~np.isnan(scores["hd"])
    assert (scores["assd"][known] <= scores["hd"][known] + 1e-12).all()
    assert (scores["hd95"][known] <= scores["hd"][known]).all()
    assert (scores["hd"][known] <= math.hypot(*shape)).all()
    assert ((scores["nsd"][known] >= 0) & (scores["nsd"][known] <= 1)).all()


@check(pairs(), st.integers(1, 5), st.integers(1, 5))
def test_distances_invariant_to_translation(pair, down, right):
    # A margin of 255 separates the classes from the image border; 255 in the target belongs to no class.
    size = tuple(side + 6 for side in pair[0].shape)

    def padded(labels, row, column):
        canvas = np.full(size, 255, np.uint8)
        canvas[row : row + labels.shape[0], column : column + labels.shape[1]] = labels
        return canvas

    def at(row, column):
        pred, target = (padded(labels, row, column) for labels in pair)
        return distances(np.where(target == 255, 0, pred), target)

    first, second = at(1, 1), at(down, right)
    for name in NAMES:
        np.testing.assert_allclose(first[name], second[name], atol=1e-12)


@check(pairs(), st.floats(0.01, 100), st.sampled_from([(1.0, 1.0), (0.5, 2.0), (3.0, 0.1)]))
def test_distances_scale_with_spacing(pair, factor, spacing):
    unit = distances(*pair, spacing=spacing, tolerance=1.5)
    scaled = distances(*pair, spacing=(factor * spacing[0], factor * spacing[1]), tolerance=1.5 * factor * (1 + 1e-9))
    for name in LENGTHS:
        np.testing.assert_allclose(scaled[name], factor * unit[name], rtol=1e-9)
    assert (scaled["nsd"] >= unit["nsd"] - 1e-12)[~np.isnan(unit["nsd"])].all()


@check(pairs(), st.permutations(range(CLASSES)))
def test_distances_invariant_to_renamed_classes(pair, order):
    names = np.array(order, np.uint8)
    scores, renamed = distances(*pair), distances(*(names[labels] for labels in pair))
    for name in NAMES:
        np.testing.assert_array_equal(renamed[name][names], scores[name])


@check(triples())
def test_hausdorff_satisfies_triangle_inequality(triple):
    a, b, c = triple
    present = np.array([all((labels == k).any() for labels in triple) for k in range(CLASSES)])
    direct, first, second = distances(a, c)["hd"], distances(a, b)["hd"], distances(b, c)["hd"]
    assert (direct <= first + second + 1e-9)[present].all()


@check(pairs())
def test_distances_invariant_to_transpose_and_mirror(pair):
    scores = distances(*pair)
    for move in (np.transpose, np.flipud, np.fliplr):
        moved = distances(*(move(labels) for labels in pair))
        for name in NAMES:
            np.testing.assert_allclose(moved[name], scores[name], atol=1e-12)


@check(st.integers(6, 14), st.integers(6, 14), st.integers(0, 4))
def test_distances_grow_with_erosion(height, width, offset):
    target = np.zeros((40, 40), np.uint8)
    target[3 : 3 + 2 * height, 3 + offset : 3 + offset + width] = 1
    eroded = [ndimage.binary_erosion(target == 1, iterations=n) if n else target == 1 for n in range(width // 2)]
    scores = [distances(mask.astype(np.uint8), target) for mask in eroded]
    for before, after in itertools.pairwise(scores):
        assert after["hd"][1] > before["hd"][1]
        assert after["assd"][1] > before["assd"][1]
        assert after["nsd"][1] <= before["nsd"][1]


@check(label_map(), st.integers(0, CLASSES - 1))
def test_distances_of_missed_class_are_maximal(target, label):
    empty = np.full_like(target, label)
    scores = distances(empty, target)
    for c in range(CLASSES):
        if c != label and (target == c).any():
            assert scores["hd"][c] == scores["hd95"][c] == scores["assd"][c] == pytest.approx(math.hypot(*target.shape))
            assert scores["nsd"][c] == 0
