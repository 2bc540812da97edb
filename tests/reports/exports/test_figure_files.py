"""Every figure in three forms, under names that a file may have."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from PIL import Image

from robustbench_endo.reports.exports import figure_files, write_figures
from robustbench_endo.reports.exports.figure_files import figures


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
        "groups-accuracy",
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
