"""The GPU implementation, run by torch, compared with the compiled CPU implementation."""

import pytest
import torch

from robustbench_endo.metrics import class_counts, mask_ssim, surface_distances, surface_gpu
from robustbench_endo.metrics.surface_cpu import boundary_points
from robustbench_endo.metrics.surface_gpu import surface_table

NAMES = ("hd", "hd95", "assd", "nsd")


@pytest.fixture
def maps(label_maps):
    pred = torch.cat([label_maps(i, size=(37, 52)) for i in range(4)])
    target = torch.cat([label_maps(i + 20, size=(37, 52)) for i in range(4)])
    pred[2] = 0
    pred[2, 5, 7] = 3
    target[3, 8:13] = 255
    return pred, target


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (0.3, 0.7), (0.01, 100.0)])
@pytest.mark.parametrize("memory", [1 << 30, 1], ids=["all at once", "one by one"])
def test_surface_table_equals_compiled_distances(maps, spacing, memory):
    pred, target = maps
    tolerance = max(spacing) * torch.linspace(0.5, 6, 16, dtype=torch.float64).view(4, 4)  # of each image and class
    expected = surface_distances(pred, target, 4, spacing, tolerance)
    assert not torch.equal(expected.nsd.nan_to_num(), surface_distances(pred, target, 4, spacing).nsd.nan_to_num())
    ignored = torch.where(target == 255, target, pred)
    table = surface_table(ignored, target, 4, spacing, tolerance, memory=memory)
    for row, name in zip(table, NAMES, strict=False):
        torch.testing.assert_close(row, getattr(expected, name), rtol=1e-12, atol=1e-9 * max(spacing), equal_nan=True)
    assert torch.equal(table[4].bool(), expected.missed)


def assert_table_equals_compiled_distances(pred, target, classes, memory=1 << 30):
    expected = surface_distances(pred, target, classes, tolerance=1.5)
    pred = torch.where(target == 255, target, pred)
    tolerance = torch.full((len(pred), classes), 1.5, dtype=torch.float64)
    table = surface_table(pred, target, classes, (1.0, 1.0), tolerance, memory=memory)
    for row, name in zip(table, NAMES, strict=False):
        torch.testing.assert_close(row, getattr(expected, name), rtol=1e-12, atol=1e-9, equal_nan=True)
    assert torch.equal(table[4].bool(), expected.missed)


def test_surface_table_of_collapsed_predictions(maps):
    _, target = maps
    assert_table_equals_compiled_distances(torch.zeros_like(target), target, 4)
    everywhere = torch.arange(4, dtype=torch.uint8)[:, None, None].expand_as(target).contiguous()
    assert_table_equals_compiled_distances(everywhere, target, 4)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (7, 1), (2, 2), (5, 6)])
def test_surface_table_of_single_pixels(size):
    pred, target = torch.zeros(2, 3, *size, dtype=torch.uint8)
    pred[:, 0, 0], target[:2, -1, -1], target[2] = 1, 1, 255
    assert_table_equals_compiled_distances(pred, target, 2)


def test_surface_table_of_more_classes_than_fit_into_a_part():
    random = torch.Generator().manual_seed(0)
    pred, target = torch.randint(0, 200, (2, 2, 24, 31), generator=random).byte()
    memory = 80 * 24 * 31 * 37  # 37 classes at a time
    assert_table_equals_compiled_distances(pred, target, 200, memory)


def test_surface_table_of_maps_that_are_entirely_ignored_is_undefined():
    ignored = torch.full((2, 5, 6), 255, dtype=torch.uint8)
    assert surface_table(ignored, ignored, 3, (1.0, 1.0), torch.ones(2, 3))[:4].isnan().all()


def test_surface_table_ignores_autocast(maps):
    arguments = *maps, 4, (0.3, 0.7), torch.ones(4, 4, dtype=torch.float64)
    expected = surface_table(*arguments)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(surface_table(*arguments), expected, rtol=0, atol=0, equal_nan=True)


def test_edges_are_those_of_the_compiled_search(maps):
    pred, _ = maps
    edges = surface_gpu._edges(pred.clone())
    points, starts = boundary_points(pred[0].numpy(), 4)
    for label in range(4):
        expected = sorted(map(tuple, points[starts[label] : starts[label + 1]].tolist()))
        assert [tuple(point) for point in (edges[0] == label).nonzero().tolist()] == expected, label


@pytest.mark.gpu
@pytest.mark.parametrize("plain", [False, True], ids=["fused", "plain"])
def test_surface_distances_on_gpu_equal_cpu(maps, plain, monkeypatch, gpu):
    if plain:
        monkeypatch.setattr("robustbench_endo.metrics.surface_gpu.use_triton", lambda device: False)
    tolerance = torch.linspace(0.5, 6, 16).view(4, 4)
    on_cpu, on_gpu = (
        surface_distances(*pair, 4, None, tolerance) for pair in (maps, [labels.to(gpu) for labels in maps])
    )
    for name in NAMES:
        values = getattr(on_gpu, name)
        assert values.device == gpu
        torch.testing.assert_close(values.cpu(), getattr(on_cpu, name), rtol=0, atol=1e-9, equal_nan=True)
    assert torch.equal(on_gpu.missed.cpu(), on_cpu.missed)


@pytest.mark.gpu
def test_counts_and_ssim_on_gpu_equal_cpu(maps, gpu):
    on_gpu = [labels.to(gpu) for labels in maps]
    assert torch.equal(class_counts(*on_gpu, 4).tp.cpu(), class_counts(*maps, 4).tp)
    torch.testing.assert_close(mask_ssim(*on_gpu, 4).cpu(), mask_ssim(*maps, 4), rtol=0, atol=1e-5, equal_nan=True)


def test_surface_table_without_the_background_has_the_same_other_classes(maps):
    arguments = *maps, 4, (1.0, 1.0), torch.ones(4, 4, dtype=torch.float64)
    table = surface_table(*arguments, first=1)
    torch.testing.assert_close(table[:, :, 1:], surface_table(*arguments)[:, :, 1:], rtol=0, atol=0, equal_nan=True)
    assert table[:4, :, 0].isnan().all()
    assert not table[4, :, 0].any()
