"""The notebook: executed, with outputs that belong to its code, and displayed on the site with them."""

import json
import runpy

import pytest
from docs_pages import DOCS

with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(str(DOCS))  # as for `python docs/notebook_run.py`
    SCRIPT = runpy.run_path(str(DOCS / "notebook_run.py"))
CELLS = runpy.run_path(str(DOCS / "notebook_cells.py"))
SAME = runpy.run_path(str(DOCS / "page_runner.py"))["same_output"]
NOTEBOOK = DOCS / "notebooks" / "from_checkpoint_to_figure.ipynb"


def test_notebook_outputs_belong_to_its_code():
    for cell in json.loads(NOTEBOOK.read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            recorded = cell["metadata"]["source_sha256"]
            assert recorded == SCRIPT["fingerprint"](cell["source"]), "make figures executes the notebook again"
    assert NOTEBOOK.stat().st_size < 200_000


@pytest.mark.slow
@pytest.mark.docs
def test_notebook_runs_and_prints_its_stored_outputs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stored, names = json.loads(NOTEBOOK.read_text("utf-8")), {}
    outputs = SCRIPT["plain_outputs"](SCRIPT["executed"](stored, names))
    for before, now in zip(SCRIPT["plain_outputs"](stored), outputs, strict=True):
        # The network is trained on this machine: its scores are only roughly the same elsewhere.
        assert SAME(before, now, 15.0), f"stored:\n{before}\nprinted:\n{now}"
    assert (tmp_path / "severity.pdf").read_bytes().startswith(b"%PDF")
    assert "</html>" in (tmp_path / "runs" / "mine" / "report.html").read_text("utf-8")
    scores = names["results"].scores().set_index(["corruption", "severity"])["miou"]
    assert scores["clean", 0] > scores["smoke", 5], "the trained network scores less under smoke"


def test_outputs_of_a_cell_are_text_tables_and_figures():
    figure = "import matplotlib.figure\nmatplotlib.figure.Figure(figsize=(1, 1))"
    sources = ("print(1)\n2", "import pandas\npandas.DataFrame({'a': [1]})", figure, "3;")
    cells = [{"cell_type": "code", "metadata": {"alt": "nothing"}, "source": source} for source in sources]
    notebook = SCRIPT["executed"]({"cells": cells})
    assert SCRIPT["plain_outputs"](notebook)[:2] == ["1\n", "2"]
    assert notebook["cells"][3]["outputs"] == []
    page = CELLS["as_markdown"](notebook)
    assert "```text\n2\n```" in page
    assert "<td>1</td>" in page
    assert "<th></th>" not in page
    assert "![nothing](data:image/png;base64," in page
