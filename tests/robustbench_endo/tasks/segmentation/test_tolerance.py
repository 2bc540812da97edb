"""Tolerances of the surface Dice, per class and in millimetres."""

import numpy as np
import pytest
import torch

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.metrics.surface import surface_distances
from robustbench_endo.tasks.registry import get_task
from robustbench_endo.tasks.segmentation.batch import SegmentationBatch
from robustbench_endo.tasks.segmentation.metrics import SurfaceDice
from robustbench_endo.tasks.segmentation.tolerance import (
    NsdTolerance,
    check_tolerances,
    parse_spacing,
    parse_tolerance,
    resolve_tolerances,
)

CLASSES = ("background", "shaft", "tip", "needle")


def tolerance_of(texts, spacing=None):
    return NsdTolerance.from_settings({"nsd_tolerance": resolve_tolerances(texts, CLASSES), "spacing": spacing})


def scored(label_maps, tolerance, scale=None):
    pred, target = (torch.cat([label_maps(seed), label_maps(seed + 2)]) for seed in (0, 1))
    scale = None if scale is None else torch.tensor(scale, dtype=torch.float64)
    return SegmentationBatch(pred, target, 4, tolerance, scale)


def test_resolve_tolerances_gives_one_to_every_class():
    texts = resolve_tolerances(("3px", "shaft=1.5mm"), CLASSES)
    assert texts == {"background": "3 px", "shaft": "1.5 mm", "tip": "3 px", "needle": "3 px"}
    assert resolve_tolerances((), CLASSES) == {}
    assert set(resolve_tolerances(("tip=4px",), CLASSES).values()) == {"2 px", "4 px"}


@pytest.mark.parametrize(
    ("texts", "spacing", "words"),
    [
        (("3px",), None, "3 px"),
        (("shaft=1.5mm",), [0.5, 0.5], "shaft 1.5 mm (3 px), others 2 px"),
        (("1mm",), [0.5, 0.5], "1 mm (2 px)"),
        (("shaft=1px", "tip=4px", "needle=5px"), None, "shaft 1 px, tip 4 px, needle 5 px"),
    ],
)
def test_surface_dice_states_its_tolerance(texts, spacing, words):
    metric = SurfaceDice(tolerance_of(texts, spacing))
    assert metric.label == f"Surface Dice within {words}"
    assert f"within {words} of the other one" in metric.description
    assert SurfaceDice().label == "Surface Dice within 2 px"


def test_surface_dice_of_two_pixels_is_the_default(label_maps):
    plain, stated = scored(label_maps, None), scored(label_maps, tolerance_of(("2px",)))
    assert torch.equal(SurfaceDice().score(plain), SurfaceDice(stated.tolerance).score(stated))


def test_surface_dice_has_a_tolerance_per_class(label_maps):
    batch = scored(label_maps, tolerance_of(("tip=5px",)))
    two, five = (surface_distances(batch.preds, batch.target, 4, tolerance=t).nsd for t in (2.0, 5.0))
    np.testing.assert_array_equal(batch.surface_dice[:, [1, 3]], two[:, [1, 3]])
    np.testing.assert_array_equal(batch.surface_dice[:, 2], five[:, 2])
    assert (five[:, 2] > two[:, 2]).all()


def test_surface_dice_in_millimetres_follows_the_resize_of_each_frame(label_maps):
    """0.5 mm per original pixel: 3 mm are 6 of them, 6 and 3 scored pixels at factors 1 and 1/2."""
    batch = scored(label_maps, tolerance_of(("3mm",), [0.5, 0.5]), [[1.0, 1.0], [0.5, 0.5]])
    six, three = (surface_distances(batch.preds, batch.target, 4, tolerance=t).nsd for t in (6.0, 3.0))
    np.testing.assert_array_equal(batch.surface_dice[:, 1:], torch.stack((six[0], three[1]))[:, 1:])


def test_surface_dice_of_pixels_that_are_not_square_is_measured_in_millimetres(label_maps):
    batch = scored(label_maps, tolerance_of(("tip=3mm",), [0.5, 0.8]), [[1.0, 1.0], [0.5, 0.8]])
    maps = batch.preds[:1], batch.target[:1]
    exact = surface_distances(*maps, 4, spacing=(0.5, 0.8), tolerance=3.0).nsd
    assert batch.surface_dice[0, 2] == exact[0, 2]
    # The second frame was resized to square pixels of 1 mm.
    square = surface_distances(batch.preds[1:], batch.target[1:], 4, tolerance=3.0).nsd
    assert batch.surface_dice[1, 2] == square[0, 2]
    pixels = surface_distances(*maps, 4, tolerance=2.0)
    np.testing.assert_array_equal(batch.surface_dice[0, [1, 3]], pixels.nsd[0, [1, 3]])
    np.testing.assert_array_equal(batch.surface.hd[0, 1:], pixels.hd[0, 1:])  # distances remain in px


def test_metrics_of_the_task_follow_the_settings():
    task = get_task("segmentation")
    settings = task.metric_settings({"nsd_tolerance": ("shaft=1.5mm",), "spacing": (0.5, 0.5)}, CLASSES)
    assert settings["spacing"] == [0.5, 0.5]
    nsd = next(metric for metric in task.metrics(settings=settings) if metric.name == "nsd")
    assert nsd.label == "Surface Dice within shaft 1.5 mm (3 px), others 2 px"
    assert task.metric_settings({"nsd_tolerance": (), "spacing": None}, CLASSES) == {}


@pytest.mark.parametrize("text", ["3", "shaft=mm", "-1px", "1.5cm", "=", ""])
def test_parse_tolerance_rejects_a_text_without_number_and_unit(text):
    with pytest.raises(RobustEndoError, match="Expected a tolerance such as 3px, 1.5mm or shaft=1.5mm, got"):
        parse_tolerance(text)


@pytest.mark.parametrize("text", ["0", "0.1x0", "0.1x0.1x0.1", "mm", "-1", ""])
def test_parse_spacing_rejects_what_is_no_size(text):
    with pytest.raises(RobustEndoError, match="Expected a spacing in mm per pixel such as 0.1"):
        parse_spacing(text)


def test_check_tolerances_names_what_is_missing_or_twice():
    with pytest.raises(RobustEndoError, match="Expected the size of a pixel for a tolerance in mm, got none: add --sp"):
        check_tolerances(("shaft=1.5mm",), None)
    with pytest.raises(RobustEndoError, match="Expected one tolerance for shaft, got several"):
        check_tolerances(("shaft=1px", "shaft=2px"), None)
    check_tolerances(("3px", "shaft=1.5mm"), (0.1, 0.1))


def test_resolve_tolerances_rejects_an_unknown_class():
    with pytest.raises(RobustEndoError) as error:
        resolve_tolerances(("hook=2px",), CLASSES)
    assert str(error.value) == (
        "Expected a class of the data (background, shaft, tip, needle) in --nsd-tolerance, got 'hook': choose one of "
        "them."
    )
