"""The page on transforms: its examples run, its links exist, its speed-up and that of the README are measured."""

import json
import runpy

import pytest
from docs_pages import DOCS, ROOT, code, missing_links, read_page

PAGE = read_page("transforms")
SCRIPT = runpy.run_path(str(DOCS / "drop_in_table.py"))
RESULT = json.loads((ROOT / "benchmarks" / "results" / "drop_in_cpu.json").read_text("utf-8"))

pytestmark = pytest.mark.docs


@pytest.mark.parametrize("example", code(PAGE))
def test_transforms_page_examples_run(example, monkeypatch):
    monkeypatch.setenv("NO_ALBUMENTATIONS_UPDATE", "1")
    for package in ("albumentations", "kornia", "torchvision"):
        if package in example:
            pytest.importorskip(package)
    exec(compile(example, "transforms.md", "exec"), {})


def test_transforms_page_table_is_that_of_the_benchmark():
    assert SCRIPT["updated_page"](PAGE, RESULT) == PAGE, "run python docs/drop_in_table.py --write"
    assert len(RESULT["corruptions"]) == 16
    for row in RESULT["corruptions"].values():
        assert row["ratio"] == pytest.approx(row["imagecorruptions"] / row["ours"])


def test_readme_states_the_measured_speed_up():
    readme = (ROOT / "README.md").read_text("utf-8")
    assert f"{SCRIPT['speed_up'](RESULT)} as fast" in readme


def test_transforms_page_links_exist():
    assert missing_links(PAGE) == []
