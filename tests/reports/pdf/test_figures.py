"""Figures and images of the PDF as files."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from robustbench_endo.reports.formatting import title
from robustbench_endo.reports.pdf.figures import (
    COLUMNS,
    MAX_DROPS,
    MAX_MASK_ROWS,
    FigureFolder,
    drop_pages,
    figures,
    gallery_part,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def test_figures_are_svg_in_the_font_of_the_page(usual_report, folder):
    data = figures(usual_report, FigureFolder(folder))
    entries = [*data["curves"], *data["categories"], *data["calibration"]]
    assert len(entries) == len({entry["file"] for entry in entries}) == len(list(folder.iterdir()))
    for entry in entries:
        text = (folder / entry["file"]).read_text("utf-8")
        assert ElementTree.fromstring(text).tag.endswith("svg")
        assert "DejaVu" not in text
        assert entry["description"]
        assert re.fullmatch(r"[\w.-]+", entry["file"])


def test_figures_have_a_panel_for_the_mean_and_each_corruption(usual_report, folder):
    data = figures(usual_report, FigureFolder(folder))
    assert [entry["label"] for entry in data["curves"]] == ["mIoU (%)", "Activity accuracy (%)"]
    for entry in data["curves"]:
        text = (folder / entry["file"]).read_text("utf-8")
        assert all(f">{title(name)}<" in text for name in usual_report.categories)
        assert ">Mean of all corruptions<" in text
        assert entry["floor"]


def test_gallery_part_shows_images_and_masks_of_few_models_together(usual_report, folder):
    (grid,) = usual_report.galleries
    part = gallery_part(grid, usual_report.models, usual_report.severities, folder, list(grid.rows))
    (table,) = part["tables"]
    assert table["heads"] == ["severity 1", "severity 3", "severity 5", "ground truth", *usual_report.models]
    assert [row["label"] for row in table["rows"]][:3] == ["Clean", "Gaussian noise", "Shot noise"]
    assert len(table["rows"]) == 1 + len(grid.rows)
    assert all(len(row["cells"]) == len(table["heads"]) for row in table["rows"])
    assert [cell["file"] for cell in table["rows"][0]["cells"]][1:3] == ["", ""]
    assert part["severity"] == 3
    assert not part["limited"]
    for row in table["rows"][1:]:
        assert [bool(cell["score"]) for cell in row["cells"]] == [False] * 4 + [True] * 3
        for cell in row["cells"]:
            with Image.open(folder / cell["file"]) as image:
                assert image.size == (80, 64)


def test_gallery_part_of_many_models_has_masks_of_the_hardest_corruptions(usual_report, folder):
    (grid,) = usual_report.galleries
    repeated = (usual_report.models * 2)[: COLUMNS + 1]
    part = gallery_part(grid, repeated, usual_report.severities, folder, list(reversed(grid.rows)))
    images, *masks = part["tables"]
    assert images["heads"] == [f"severity {severity}" for severity in usual_report.severities]
    assert part["limited"]
    assert [len(table["heads"]) for table in masks] == [COLUMNS, 3]
    assert len(masks[0]["rows"]) == 1 + MAX_MASK_ROWS
    with pytest.raises(KeyError):  # a model without scores in the grid is an error, not an empty image
        gallery_part(grid, ["unknown"], usual_report.severities, folder, [])


def test_gallery_part_without_masks_has_images_of_all_severities(usual_report, folder):
    (grid,) = usual_report.galleries

    def bare(image):
        return image and replace(image, target=None, predictions={})

    rows = {name: tuple(map(bare, row)) for name, row in grid.rows.items()}
    part = gallery_part(replace(grid, clean=bare(grid.clean), rows=rows), ["a"], usual_report.severities, folder, [])
    assert [len(table["heads"]) for table in part["tables"]] == [5]
    assert not part["masks"]


def test_drop_pages_have_four_images_or_none(usual_report, folder):
    pages = drop_pages(usual_report.drops, folder)
    assert len(pages) == MAX_DROPS < len(usual_report.drops)
    for page, drop in zip(pages, usual_report.drops, strict=False):
        assert (page["model"], page["score"]) == (drop.model, drop.score)
        assert len(page["files"]) == 4
        assert [name is None for name in page["files"]][:2] == [drop.clean is None, drop.corrupted is None]
        assert all((folder / name).is_file() for name in page["files"] if name)
