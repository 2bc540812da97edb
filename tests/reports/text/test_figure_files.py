"""Every figure as PNG, SVG and PDF, under names that a file may have."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from PIL import Image

from robustbench_endo.reports.data.curves import severity_curves
from robustbench_endo.reports.plotting import severity_figure, severity_figures
from robustbench_endo.reports.plotting.style import lay_out
from robustbench_endo.reports.text import figure_files, write_figures
from robustbench_endo.reports.text.figure_files import figures, subset_font


@pytest.fixture(scope="module")
def written(request, tmp_path_factory):
    run = request.getfixturevalue("module_run")
    folder = tmp_path_factory.mktemp("figures")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(figure_files, "DPI", 50)
        return write_figures(run, folder), folder


@pytest.fixture(scope="module")
def module_run(usual_run):
    """One corruption and two models of the usual run: the tests do not depend on their number."""
    selected = usual_run.frame["corruption"].isin(["clean", "smoke"]) & (
        usual_run.frame["model"] != usual_run.models[2]
    )
    frame = usual_run.frame[selected]
    entries = [entry for entry in usual_run.info["corruptions"] if entry["name"] == "smoke"]
    return type(usual_run)(
        frame.reset_index(drop=True),
        {**usual_run.info, "corruptions": entries, "models": usual_run.info["models"][:2]},
        usual_run.path,
    )


def test_write_figures_in_three_formats(written):
    files, folder = written
    names = {file.stem for file in files} - {"contact-sheet"}
    assert {
        "heat-miou",
        "categories-accuracy",
        "severity-miou-mean",
        "severity-miou-smoke",
        "calibration-activity",
    } <= names
    assert {"envelope", "failures", "severity-miou-all"} <= names
    assert {(file.stem, file.suffix) for file in files} == {
        *((name, ending) for name in names for ending in (".png", ".svg", ".pdf")),
        ("contact-sheet", ".png"),
    }
    assert sorted(path.name for path in folder.iterdir()) == sorted(file.name for file in files)


def test_write_figures_files_are_of_their_format(written):
    for file in written[0]:
        if file.suffix == ".png":
            with Image.open(file) as image:
                assert min(image.size) > 50
        elif file.suffix == ".svg":
            assert ElementTree.parse(file).getroot().tag.endswith("svg")
        else:
            assert file.read_bytes().startswith(b"%PDF")


def test_figures_show_hostile_names_as_text(make_run):
    def rename(frame, info):
        frame["corruption"] = frame["corruption"].replace("smoke", "../$s$")
        info["corruptions"][0]["name"] = "../$s$"

    results = make_run(
        models=[r"$\frac{<script>", "b"], corruptions=["smoke"], severities=[1, 2], gallery=False, edit=rename
    )
    for name, figure in figures(results):
        assert re.fullmatch(r"[\w.-]+", name)
        assert not name.startswith(".")
        figure.draw_without_rendering()


def test_figures_of_a_metric_share_one_position(module_run):
    curves = severity_curves(module_run, "miou")
    positions = [figure.axes[0].get_position().bounds for _, figure in severity_figures(curves)]
    assert len(positions) == 2
    assert positions[0] == positions[1]
    single = lay_out(severity_figure(curves, "smoke")).axes[0].get_position().bounds
    assert positions[1] == pytest.approx(single, abs=0.01)


def test_subset_font_has_shapes_of_full_font():
    with subset_font():
        for weight in ("normal", "bold"):
            reduced = TextPath((0, 0), "mIoU 85.13 % ±é", size=10, prop=FontProperties(weight=weight))
            with mpl.rc_context({"font.sans-serif": ["DejaVu Sans"]}):
                full = TextPath((0, 0), "mIoU 85.13 % ±é", size=10, prop=FontProperties(weight=weight))
            np.testing.assert_array_equal(reduced.vertices, full.vertices)
