"""Every figure in three forms, under names that a file may have."""

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
from robustbench_endo.reports.plotting.style import laid_out
from robustbench_endo.reports.text import figure_files, write_figures
from robustbench_endo.reports.text.figure_files import figures, light_font


@pytest.fixture(scope="module")
def written(request, tmp_path_factory):
    run = request.getfixturevalue("module_run")
    folder = tmp_path_factory.mktemp("figures")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(figure_files, "DPI", 50)
        return write_figures(run, folder), folder


@pytest.fixture(scope="module")
def module_run(usual_run):
    """One corruption of the usual run: what is tested does not depend on how many there are."""
    keep = usual_run.frame["corruption"].isin(["clean", "smoke"]) & (usual_run.frame["model"] != usual_run.models[2])
    frame = usual_run.frame[keep]
    chosen = [entry for entry in usual_run.info["corruptions"] if entry["name"] == "smoke"]
    return type(usual_run)(
        frame.reset_index(drop=True),
        {**usual_run.info, "corruptions": chosen, "models": usual_run.info["models"][:2]},
        usual_run.path,
    )


def test_three_forms_of_every_figure(written):
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


def test_each_file_is_what_it_says(written):
    for file in written[0]:
        if file.suffix == ".png":
            with Image.open(file) as picture:
                assert min(picture.size) > 50
        elif file.suffix == ".svg":
            assert ElementTree.parse(file).getroot().tag.endswith("svg")
        else:
            assert file.read_bytes().startswith(b"%PDF")


def test_names_in_figures_are_text(make_run):
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


def test_the_panels_of_a_metric_share_one_place(module_run):
    curves = severity_curves(module_run, "miou")
    places = [figure.axes[0].get_position().bounds for _, figure in severity_figures(curves)]
    assert len(places) == 2
    assert places[0] == places[1]
    alone = laid_out(severity_figure(curves, "smoke")).axes[0].get_position().bounds
    assert places[1] == pytest.approx(alone, abs=0.01)


def test_the_light_font_has_the_shapes_of_the_usual_one():
    with light_font():
        for weight in ("normal", "bold"):
            light = TextPath((0, 0), "mIoU 85.13 % ±é", size=10, prop=FontProperties(weight=weight))
            with mpl.rc_context({"font.sans-serif": ["DejaVu Sans"]}):
                usual = TextPath((0, 0), "mIoU 85.13 % ±é", size=10, prop=FontProperties(weight=weight))
            np.testing.assert_array_equal(light.vertices, usual.vertices)
