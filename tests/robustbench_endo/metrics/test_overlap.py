import numpy as np
import pytest
import torch

from robustbench_endo.metrics import class_counts
from robustbench_endo.metrics.overlap import _confusion, confusion_matrix


@pytest.mark.parametrize("seed", range(5))
def test_class_counts_by_definition(label_maps, seed):
    pred, target = label_maps(seed), label_maps(seed + 50)
    target[0, :5] = 255
    counts = class_counts(pred, target, 4)
    p, t = pred[0].numpy(), target[0].numpy()
    for c in range(4):
        known = t != 255
        assert int(counts.tp[0, c]) == np.sum((p == c) & (t == c))
        assert int(counts.fp[0, c]) == np.sum((p == c) & (t != c) & known)
        assert int(counts.fn[0, c]) == np.sum((p != c) & (t == c))


def test_class_counts_compiled_equal_torch(label_maps):
    pred = torch.cat([label_maps(i) for i in range(3)])
    target = torch.cat([label_maps(i + 9) for i in range(3)])
    target[1, 3:9] = 255
    counts = class_counts(pred, target, 4)
    confusion = _confusion(pred, target, 4)
    torch.testing.assert_close(counts.tp, confusion.diagonal(dim1=1, dim2=2))
    torch.testing.assert_close(counts.fn, confusion.sum(2) - counts.tp)


def test_confusion_of_entirely_ignored_maps_is_zero():
    pred, target = torch.ones(2, 3, 4, dtype=torch.uint8), torch.full((2, 3, 4), 255, dtype=torch.uint8)
    assert not _confusion(pred, target, 2).any()
    assert torch.equal(_confusion(pred, target, 2), confusion_matrix(pred, target, 2))


def test_confusion_of_the_most_classes_counts_the_last_one():
    pred = torch.full((1, 2, 2), 254, dtype=torch.uint8)
    assert _confusion(pred, pred, 255)[0, 254, 254] == confusion_matrix(pred, pred, 255)[0, 254, 254] == 4


def test_overlap_of_absent_class_is_nan_and_of_missed_class_is_zero():
    pred, target = torch.zeros(2, 1, 4, 4, dtype=torch.uint8)
    target[0, 0, 0] = 1
    counts = class_counts(pred, target, 3)
    assert float(counts.iou()[0, 1]) == 0
    assert bool(counts.dice()[0, 2].isnan())
    assert float(counts.iou()[0, 0]) == pytest.approx(15 / 16)


def test_dice_by_hand_where_false_positives_and_negatives_differ():
    target = torch.zeros(1, 4, 5, dtype=torch.uint8)
    target[0, :2] = 1  # 10 pixels
    pred = torch.zeros_like(target)
    pred[0, 1:, :3] = 1  # 9 pixels, 3 of them right
    counts = class_counts(pred, target, 3)
    assert counts.dice()[0, 1].item() == pytest.approx(6 / 19)
    assert counts.iou()[0, 1].item() == pytest.approx(3 / 16)
    assert counts.dice()[0, 2].isnan()


def test_confusion_of_maps_without_the_last_class_has_all_classes():
    empty = torch.zeros(2, 3, 4, dtype=torch.uint8)
    counts = _confusion(empty, empty, 5)
    assert counts.shape == (2, 5, 5)
    assert counts[:, 0, 0].tolist() == [12, 12]


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (3, 8), (5, 33), (16, 40)])
def test_confusion_counts_runs_of_any_length(size):
    random = np.random.default_rng(0)
    for period in (1, 3, 20):
        pred, target = (np.repeat(random.integers(0, 3, size[0] * size[1]), period)[: size[0] * size[1]] for _ in "pt")
        target[random.random(len(target)) < 0.1] = 255
        maps = [torch.from_numpy(each.reshape(1, *size).astype(np.uint8)) for each in (pred, target)]
        counted = target != 255
        expected = np.bincount(target[counted] * 3 + pred[counted], minlength=9).reshape(3, 3)
        assert np.array_equal(confusion_matrix(*maps, 3)[0].numpy(), expected)
