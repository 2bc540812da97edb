"""Figures 5 and 6 of the paper."""

import numpy as np

from robustbench_endo.reports.reproduction.figures import curve_figures, figure_files, mask_figure, rename_model
from robustbench_endo.results import combine_runs


def test_rename_model_changes_records_and_info(make_run):
    run = rename_model(make_run(models=["a long name"], corruptions=["smoke"], severities=[1], gallery=False), "short")
    assert run.models == ["short"]
    assert set(run.frame["model"]) == {"short"}


def test_curve_figures_have_a_panel_per_corruption(usual_run):
    figures = curve_figures(usual_run)
    assert list(figures) == ["accuracy", "miou"]
    axes = [axes for axes in figures["miou"].axes if axes.axison]
    assert len(axes) == 19
    line = axes[0].lines[0]
    scores = usual_run.scores().set_index(["model", "corruption", "severity"])["miou"].sort_index()
    corruption = usual_run.corruptions[0]
    np.testing.assert_allclose(line.get_ydata()[1:], scores[line.get_label(), corruption])


def test_mask_figure_names_image_target_and_models(tmp_path, build_run):
    runs = [build_run(tmp_path / name, [name], ["smoke"], [1], frames=2) for name in ("first", "second")]
    content = figure_files({"": mask_figure(runs)})
    assert all(name in content[".svg"].decode() for name in ("Ground truth", "first", "second"))
    assert content[".pdf"].startswith(b"%PDF")
    assert combine_runs(runs).models == ["first", "second"]
