"""The tutorials, the gallery and the page for other packages: their code runs and prints what the pages store."""

import runpy
from pathlib import Path

import pytest
from docs_pages import DOCS, missing_links

RUNNER = runpy.run_path(str(DOCS / "page_runner.py"))
TOLERANCES = {"video": 3.0}
"""Page -> tolerance of its numbers, where they depend on another library: here the encoder of the video."""


@pytest.mark.slow
@pytest.mark.docs
@pytest.mark.parametrize("page", RUNNER["PAGES"], ids=lambda page: page.stem)
def test_page_prints_its_stored_outputs(page, tmp_path):
    if page.stem == "video":
        pytest.importorskip("av", reason="PyAV is not installed: pip install 'robustbench-endo[video]'")
    outputs = RUNNER["run_page"](page.read_text("utf-8"), tmp_path)
    assert outputs
    for output in outputs:
        same = RUNNER["same_output"](output.stored, output.printed, TOLERANCES.get(page.stem, 0.2))
        assert same, f"{page.name}: stored:\n{output.stored}\nprinted:\n{output.printed}"


@pytest.mark.parametrize(
    ("stored", "printed", "same"),
    [
        ("mIoU 81.2\n", "\nmIoU  81.3  \n", True),
        ("mIoU 81.2\n", "mIoU 86.2\n", False),
        ("mIoU 81.2\n", "Dice 81.2\n", False),
        ("first\n...\nlast\n", "first\nmiddle\nlast\n", True),
        ("first\n...\nlast\n", "first\nmiddle\n", False),
        ("1 passed in 0.30s\n", "1 passed in 12.10s\n", True),
    ],
)
def test_stored_output_is_compared_line_by_line(stored, printed, same):
    assert RUNNER["same_output"](stored, printed) is same


def test_output_that_changed_is_replaced(tmp_path):
    page = "```python\nprint(1 + 1)\n```\n\n```text\n5\n```\n\n```bash\nrobust-endo fly  # exit code 2\n```\n"
    outputs = RUNNER["run_page"](page, tmp_path)
    assert RUNNER["with_outputs"](page, outputs) == page.replace("5", "2")
    with pytest.raises(RuntimeError, match="robust-endo fly: exit code 2"):
        RUNNER["run_page"](page.replace("  # exit code 2", ""), tmp_path)


def test_tutorials_end_with_what_next_and_their_links_exist():
    for page in (DOCS / "tutorials").glob("*.md"):
        text = page.read_text("utf-8")
        assert "\n## What next\n" in text, page.name
        assert missing_links(text, page.parent) == []
    for name in ("gallery", "coming_from", "index"):
        assert missing_links((DOCS / f"{name}.md").read_text("utf-8")) == []


def test_gallery_images_are_small_and_used():
    text = "".join(path.read_text("utf-8") for path in DOCS.rglob("*.md"))
    images = sorted((DOCS / "images" / "gallery").iterdir())
    assert len(images) >= 10
    for image in images:
        assert image.stat().st_size < 200_000, image.name
        assert f"images/gallery/{image.name})" in text, image.name


def test_gallery_without_chromium_is_skipped_with_a_message(tmp_path, monkeypatch, caplog):
    script = runpy.run_path(str(DOCS / "gallery_images.py"))
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert not script["write"](None, Path(tmp_path / "gallery"))
    assert "the gallery is not updated" in caplog.text
