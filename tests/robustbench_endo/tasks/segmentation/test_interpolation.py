"""Neighbours and weights of bilinear interpolation."""

from robustbench_endo.tasks.segmentation.interpolation import interpolation_weights


def test_interpolation_weights_stay_inside():
    low, high, weight = interpolation_weights(5, 13)
    assert low.min() == 0
    assert high.max() == 4
    assert ((weight >= 0) & (weight < 1)).all()
