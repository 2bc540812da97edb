"""Figures and images of the PDF as files."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from robustbench_endo.reports.pdf.figures import (
    COLUMNS,
    MAX_MASK_ROWS,
    FigureFolder,
    drop_pages,
    figures,
    gallery_pages,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def test_figures_are_svg_in_the_font_of_the_page(usual_report, folder):
    data = figures(usual_report, FigureFolder(folder))
    entries = [*data["categories"], *data["calibration"]]
    for block in data["curves"]:
        entries += [block["mean"], *block["panels"]]
    assert len(entries) == len({entry["file"] for entry in entries}) == len(list(folder.iterdir()))
    for entry in entries:
        text = (folder / entry["file"]).read_text("utf-8")
        assert ElementTree.fromstring(text).tag.endswith("svg")
        assert "DejaVu" not in text
        assert entry["description"]
        assert re.fullmatch(r"[\w.-]+", entry["file"])


def test_figures_have_one_panel_per_corruption(usual_report, folder):
    data = figures(usual_report, FigureFolder(folder))
    assert [block["label"] for block in data["curves"]] == [block.metric.label for block in usual_report.curves]
    assert all(len(block["panels"]) == len(usual_report.categories) for block in data["curves"])


def test_gallery_pages_show_all_conditions_and_masks(usual_report, folder):
    (grid,) = usual_report.galleries
    pages = gallery_pages(grid, usual_report.models, usual_report.severities, folder, list(grid.rows))
    assert [row["label"] for row in pages["rows"]][:2] == ["Gaussian noise", "Shot noise"]
    assert all(len(row["cells"]) == len(usual_report.severities) for row in pages["rows"])
    assert pages["severity"] == 3
    assert not pages["limited"]
    (masks,) = pages["masks"]
    assert masks["heads"] == ["ground truth", *usual_report.models]
    assert len(masks["rows"]) == 1 + len(grid.rows)
    for row in pages["rows"]:
        for name in row["cells"]:
            with Image.open(folder / name) as image:
                assert image.size == (80, 64)


def test_gallery_pages_of_many_models_show_hardest_corruptions(usual_report, folder):
    (grid,) = usual_report.galleries
    models = [f"m{index}" for index in range(COLUMNS + 1)]
    hardest = list(reversed(grid.rows))
    for image in grid.images():
        assert set(models).isdisjoint(image.predictions)
    with pytest.raises(KeyError):  # a model without scores in the grid is an error, not an empty image
        gallery_pages(grid, models, usual_report.severities, folder, hardest)
    repeated = (usual_report.models * 2)[: COLUMNS + 1]
    pages = gallery_pages(grid, repeated, usual_report.severities, folder, hardest)
    assert pages["limited"]
    assert [len(page["heads"]) for page in pages["masks"]] == [COLUMNS, 3]
    assert len(pages["masks"][0]["rows"]) == 1 + MAX_MASK_ROWS


def test_drop_pages_have_four_images_or_none(usual_report, folder):
    pages = drop_pages(usual_report.drops, folder)
    assert len(pages) == len(usual_report.drops)
    for page, drop in zip(pages, usual_report.drops, strict=True):
        assert (page["model"], page["score"], page["command"]) == (drop.model, drop.score, drop.command)
        assert len(page["files"]) == 4
        assert [name is None for name in page["files"]][:2] == [drop.clean is None, drop.corrupted is None]
        assert all((folder / name).is_file() for name in page["files"] if name)
