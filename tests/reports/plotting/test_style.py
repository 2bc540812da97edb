"""Figures are the same bytes every time and contain no user text as formulas."""

from __future__ import annotations

from matplotlib.figure import Figure

from robustbench_endo.reports.data.curves import severity_curves
from robustbench_endo.reports.palette import model_styles
from robustbench_endo.reports.plotting.severity_curves import curve_figure
from robustbench_endo.reports.plotting.style import add_legend, lay_out, legend_rows, new_figure, shorten, to_svg


def test_to_svg_is_reproducible_without_date_and_names(make_run):
    curves = severity_curves(make_run(models=["$secret$"], gallery=False), "miou")
    first, second = (to_svg(curve_figure(curves, "smoke", (2, 1.5)), "salt") for _ in range(2))
    assert first == second
    assert "secret" not in first
    assert "dc:date" not in first


def test_add_legend_names_the_models_as_text():
    styles = model_styles(["$a$", "b"])
    figure, _ = new_figure(4, 2, len(styles))
    add_legend(figure, styles)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["$a$", "b"]
    assert not any(text.get_parse_math() for text in legend.get_texts())


def test_add_legend_of_one_model_is_empty():
    figure, _ = new_figure(4, 2, 1)
    add_legend(figure, model_styles(["only"]))
    assert figure.legends == []
    assert legend_rows(1, 4) == 0
    assert legend_rows(5, 4) == 3


def test_lay_out_positions_once():
    figure = Figure(figsize=(3, 2), layout="constrained")
    axes = figure.add_subplot()
    axes.set_ylabel("label")
    position = lay_out(figure).axes[0].get_position()
    assert figure.get_layout_engine() is None or not figure.get_layout_engine().adjust_compatible
    assert lay_out(figure).axes[0].get_position().bounds == position.bounds


def test_shorten_preserves_the_end():
    assert shorten("a" * 30 + "end", 10) == "…" + "a" * 6 + "end"
    assert shorten("short") == "short"
