"""Each metric has the numbers of a run, and those of surface_distances and mask_ssim for each class."""

import doctest
import math
import sys

import numpy as np
import pytest
import torch

pytest.importorskip("torchmetrics")

import robustbench_endo as rb
from robustbench_endo.errors import OptionalDependencyError, RobustEndoError
from robustbench_endo.metrics import mask_ssim, surface_distances
from robustbench_endo.metrics.torchmetrics import ASSD, HD95, HausdorffDistance, MaskSSIM, SurfaceDice, metrics

SURFACE = {"hd": HausdorffDistance, "hd95": HD95, "assd": ASSD, "nsd": SurfaceDice}


def blobs(images):
    """Logits of 7 classes that depend on the colour of a pixel: every frame lacks some of the classes."""
    bright = images.mean(1, keepdim=True) + 0.3 * images[:, :1]
    return -(bright - torch.linspace(0.1, 1.1, 7).view(1, 7, 1, 1)).abs()


@pytest.fixture(scope="module")
def frames():
    return rb.load_dataset("synthetic", frames=4, size=(48, 64))


@pytest.fixture(scope="module")
def maps():
    generator = torch.Generator().manual_seed(1)
    preds, target = (torch.zeros(3, 20, 30, dtype=torch.uint8) for _ in range(2))
    preds[:, 4:9, 5:12], target[:2, 5:12, 4:13] = 1, 1
    target[1, 14:17, 20:28] = 2
    return preds, target.masked_fill(torch.rand(target.shape, generator=generator) < 0.02, 255)


def test_docstring_examples_run():
    assert doctest.testmod(metrics).failed == 0


@pytest.mark.parametrize("tolerance", [2, 4])
def test_metrics_equal_the_records_of_a_run(frames, tolerance):
    model = {"blobs": lambda images: {"segmentation": blobs(images)}}
    run = rb.evaluate(model, frames, "clean", workers=1, nsd_tolerance=(f"{tolerance}px",))
    scores = run.scores().iloc[0]
    classes = len(frames.classes)
    ours = {name: kind(classes, tolerance=tolerance) for name, kind in SURFACE.items()} | {"ssim": MaskSSIM(classes)}
    for each in (slice(0, 1), slice(1, 4)):  # batches of different sizes
        samples = [frames[i] for i in range(len(frames))[each]]
        logits = blobs(torch.stack([sample.image for sample in samples]) / 255)
        for metric in ours.values():
            metric.update(logits, torch.stack([sample.mask for sample in samples]))
    assert 0 < run.frame["n_missed_classes"].sum() < run.frame["n_scored_classes"].sum()
    for name, metric in ours.items():
        unit = run.metric(name).scale
        # The columns of a run are float32.
        assert metric.compute().item() == pytest.approx(scores[name] / unit, rel=1e-6), name


@pytest.mark.parametrize("background", [False, True])
@pytest.mark.parametrize("name", SURFACE)
def test_surface_metrics_average_the_distances_of_each_class(maps, name, background):
    options = {"spacing": (0.5, 2.0), "tolerance": (1.0, 2.0, 3.0)}
    limits = torch.tensor(options["tolerance"], dtype=torch.float64)
    distances = getattr(surface_distances(*maps, 3, options["spacing"], limits), name)
    distances = distances[:, 0 if background else 1 :].numpy()
    by_class = np.nanmean(distances, axis=0)
    expected = {
        "none": by_class,
        "macro": by_class.mean(),
        "samplewise": np.nanmean(np.nanmean(distances, axis=1)),
    }
    for average, value in expected.items():
        metric = SURFACE[name](3, include_background=background, average=average, **options)
        np.testing.assert_allclose(metric(*maps).numpy(), value, rtol=1e-12)


def test_mask_ssim_averages_the_similarity_of_each_class(maps):
    values = mask_ssim(*maps, 3).numpy()
    np.testing.assert_allclose(MaskSSIM(3, average="none")(*maps).numpy(), np.nanmean(values, axis=0))
    foreground = MaskSSIM(3, include_background=False)(*maps)
    assert foreground.item() == pytest.approx(np.nanmean(np.nanmean(values[:, 1:], axis=1)))


@pytest.mark.parametrize(
    ("pred", "true", "distance", "dice"),
    [(0, 1, math.hypot(12, 16), 0), (1, 0, math.hypot(12, 16), 0), (0, 0, math.nan, math.nan), (1, 1, 0, 1)],
)
def test_surface_metrics_define_absent_and_missed_classes(pred, true, distance, dice):
    labels = torch.zeros(2, 1, 12, 16, dtype=torch.int64)
    labels[:, 0, 3:6, 3:6] = torch.tensor([pred, true]).view(2, 1, 1)
    expected = {"hd": distance, "hd95": distance, "assd": distance, "nsd": dice}
    values = {name: kind(2)(*labels).item() for name, kind in SURFACE.items()}
    assert values == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"spacing": 2}, "spacing of two sizes above 0"),
        ({"spacing": (1, 0)}, "spacing of two sizes above 0"),
        ({"tolerance": -1}, "tolerance of at least 0"),
        ({"tolerance": (1, 2)}, "one for each of 3 classes"),
        ({"average": "micro"}, "Expected average to be one of samplewise, macro, none, got 'micro'"),
        ({"input_format": "rgb"}, "Expected input_format to be one of"),
        ({"num_classes": 1}, "Expected num_classes from 2 to 255, got 1"),
        ({"num_classes": "3"}, "Expected num_classes from 2 to 255, got '3'"),
        ({"tolerance": None}, "Expected a tolerance of at least 0.*got None"),
    ],
)
def test_surface_dice_refuses_options_outside_their_range(options, message):
    with pytest.raises(RobustEndoError, match=message):
        SurfaceDice(**{"num_classes": 3, **options})


def test_import_without_torchmetrics_names_the_extra(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("robustbench_endo.metrics.torchmetrics")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torchmetrics", None)
    with pytest.raises(OptionalDependencyError, match=r"pip install 'robustbench-endo\[torchmetrics\]'"):
        import robustbench_endo.metrics.torchmetrics  # noqa: F401
