"""Figures of rankings: what is drawn follows from the numbers."""

import numpy as np
import pandas as pd
import pytest

from robustbench_endo.reports.plotting.rankings import (
    MAX_MODELS,
    blob_figure,
    describe_rankings,
    significance_figure,
)
from robustbench_endo.reports.plotting.style import to_svg
from robustbench_endo.results import Rankings


def synthetic(number: int) -> Rankings:
    """Models that are surely in order; each is better than all that follow it but the next one."""
    names = [f"model-{index}" for index in range(number)]
    ranks = np.arange(1, number + 1)
    pairs = [
        (one, other, 0.0, 0.0, j > i + 1) for i, one in enumerate(names) for j, other in enumerate(names) if i != j
    ]
    index = pd.Index(names, name="model")
    return Rankings(
        "miou",
        names,
        pd.DataFrame({"mean": ranks}, index),
        pd.DataFrame({"mean": -1.0 * ranks}, index),
        pd.DataFrame(np.eye(number) * 0.75 + np.eye(number, k=1) * 0.25, index, ranks),
        pd.DataFrame({"rank": ranks, "median": ranks, "low": ranks, "high": np.minimum(ranks + 1, number)}, index),
        pd.DataFrame(pairs, columns=["model", "other", "p", "p_holm", "better"]),
        pd.DataFrame(),
        pd.DataFrame(),
        "",
        [],
    )


@pytest.mark.parametrize("number", [2, 10])
def test_area_of_blobs_is_the_share_of_draws(number):
    (axes,) = blob_figure(synthetic(number)).axes
    blobs = next(each for each in axes.collections if hasattr(each, "get_sizes") and len(each.get_sizes()))
    sizes = {tuple(map(int, at)): size for at, size in zip(blobs.get_offsets(), blobs.get_sizes(), strict=True)}
    assert len(sizes) == 2 * number - 1
    assert sizes[1, 0] == pytest.approx(3 * sizes[2, 0])
    assert axes.get_yticklabels()[0].get_text() == "1  model-0"


def test_cells_are_the_significant_pairs():
    (axes,) = significance_figure(synthetic(4)).axes
    cells = {(round(patch.get_y() + 0.42), round(patch.get_x() - 0.58)) for patch in axes.patches}
    assert cells == {(0, 2), (0, 3), (1, 3)}


def test_many_models_are_limited_to_the_best():
    (axes,) = blob_figure(synthetic(30)).axes
    assert len(axes.get_yticklabels()) == MAX_MODELS
    assert axes.get_xlim() == (0.5, MAX_MODELS + 0.5)
    (pairs,) = significance_figure(synthetic(30)).axes
    assert len(pairs.get_yticklabels()) == MAX_MODELS


def test_figures_are_reproducible_and_described():
    rankings = synthetic(3)
    assert to_svg(blob_figure(rankings), "x") == to_svg(blob_figure(rankings), "x")
    ranks, pairs = describe_rankings(rankings)
    assert "model-0: rank 1, 1 to 2" in ranks
    assert pairs == "Significant pairs. model-0 better than model-2."


def test_figure_without_draws_has_no_blobs(make_run):
    def one_subject(frame, info):
        frame["subject_id"] = "OP0_img"

    run = make_run(models=["a", "b"], corruptions=["smoke"], severities=[1], gallery=False, edit=one_subject)
    (axes,) = blob_figure(run.rankings("miou")).axes
    assert not any(len(each.get_offsets()) for each in axes.collections if len(getattr(each, "get_sizes", list)()))
