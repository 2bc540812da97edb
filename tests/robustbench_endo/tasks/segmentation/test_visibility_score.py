"""Columns of the visible and the hidden part against counting pixel by pixel; cases without either part."""

import numpy as np
import pytest
import torch

from robustbench_endo.evaluation.host_copy import HostColumns
from robustbench_endo.metrics.region_surface import part_surface_dice
from robustbench_endo.tasks.registry import get_task
from robustbench_endo.tasks.segmentation.decode import decode
from robustbench_endo.tasks.segmentation.metrics import count_columns
from robustbench_endo.tasks.segmentation.tolerance import NsdTolerance
from robustbench_endo.tasks.surround import Surround

TASK = get_task("segmentation")
PARTS = ("visible_", "hidden_")


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    logits = torch.nn.functional.interpolate(torch.randn(3, 3, 5, 6, generator=generator), (20, 26), mode="bicubic")
    masks = logits.roll(3, 3).argmax(1).byte()
    masks[1, :5] = 255
    hidden = torch.rand(3, 20, 26, generator=generator) < 0.3
    hidden[2] = False
    return logits, masks, hidden


def columns_of(logits, masks, hidden, surround=None, metrics=None):
    prediction = None if logits is None else decode(logits, tuple(masks.shape[1:]))
    metrics = [metric for metric in metrics or TASK.metrics() if metric.record_columns]
    (columns,) = HostColumns([TASK.score(prediction, masks, masks, 3, metrics, None, surround, hidden)]).wait()
    return columns


def counts(columns, part=""):
    return np.stack([columns[name] for name in count_columns(3, part)], axis=1)


def test_visibility_columns_equal_counting_of_pixels(batch):
    logits, masks, hidden = batch
    columns = columns_of(*batch)
    preds = decode(logits, (20, 26)).label_map
    for part, inside in zip(PARTS, (~hidden, hidden), strict=True):
        inside = inside & (masks != 255)
        expected = [
            [(p & t & inside).sum((1, 2)), (p & ~t & inside).sum((1, 2)), (~p & t & inside).sum((1, 2))]
            for p, t in ((preds == label, masks == label) for label in range(3))
        ]
        np.testing.assert_array_equal(
            counts(columns, part).T, torch.stack([c for kind in zip(*expected, strict=True) for c in kind])
        )
    assert (counts(columns, "visible_") + counts(columns, "hidden_") == counts(columns)).all()
    share = (hidden & (masks != 255)).sum((1, 2)) / (masks != 255).sum((1, 2))
    np.testing.assert_allclose(columns["hidden_share"], share)
    nsd = part_surface_dice(preds, masks, hidden, 3, first=1)[..., 1:].nanmean(2)
    np.testing.assert_array_equal(np.stack([columns["visible_nsd"], columns["hidden_nsd"]]), nsd)


def test_visibility_columns_leave_all_others_unchanged(batch):
    logits, masks, hidden = batch
    without, with_hidden = columns_of(logits, masks, None), columns_of(logits, masks, hidden)
    assert set(without) == set(with_hidden)
    for name in without:
        if not name.startswith(("visible_", "hidden_")):
            np.testing.assert_array_equal(without[name], with_hidden[name], err_msg=name)


@pytest.mark.parametrize("everywhere", [True, False])
def test_visibility_columns_of_one_part_are_those_of_the_frame(batch, everywhere):
    logits, masks, hidden = batch
    columns = columns_of(logits, masks, torch.full_like(hidden, everywhere))
    part, other = PARTS[::-1] if everywhere else PARTS
    assert (counts(columns, part) == counts(columns)).all()
    assert not counts(columns, other).any()
    np.testing.assert_array_equal(columns[f"{part}nsd"], columns["nsd"])
    assert np.isnan(columns[f"{other}nsd"]).all()
    assert columns["hidden_share"].tolist() == [float(everywhere)] * 3


def test_visibility_columns_are_undefined_where_nothing_covers_the_scene(batch):
    columns = columns_of(*batch[:2], None)
    assert not any(counts(columns, part).any() for part in PARTS)
    assert all(np.isnan(columns[name]).all() for name in ("hidden_share", "visible_nsd", "hidden_nsd"))


def test_visibility_columns_without_a_valid_prediction_count_nothing(batch):
    logits, masks, hidden = batch
    logits[0, 0, 0, 0] = torch.nan
    masks[1] = 255  # a frame without a mask
    for part in PARTS:
        assert not counts(columns_of(logits, masks, hidden), part)[:2].any()
        assert not counts(columns_of(None, masks, hidden), part).any()
    assert np.isnan(columns_of(logits, masks, hidden)["hidden_share"][:2]).all()


def test_visibility_columns_of_the_content_leave_out_the_surround(batch):
    logits, masks, hidden = batch
    outside = (torch.arange(26) < 6).expand(3, 20, 26)
    content = columns_of(logits, masks, hidden, Surround(outside, scored=False))
    inside = columns_of(logits, masks.masked_fill(outside, 255), hidden)
    for name in (*count_columns(3, "visible_"), *count_columns(3, "hidden_"), "hidden_share", "hidden_nsd"):
        np.testing.assert_array_equal(content[name], inside[name], err_msg=name)


def test_visibility_columns_use_the_tolerance_of_the_run(batch):
    settings = {"nsd_tolerance": dict.fromkeys("abc", "0 px")}
    assert NsdTolerance.from_settings(settings) is not None
    strict, usual = columns_of(*batch, metrics=TASK.metrics(settings=settings)), columns_of(*batch)
    assert (strict["visible_nsd"] < usual["visible_nsd"]).all()
