"""The examples and the table of docs/torchmetrics.md."""

import pytest
from docs_pages import DOCS, blocks, missing_links, read_page, run_python

pytestmark = [pytest.mark.docs, pytest.mark.slow]


def test_torchmetrics_page_example_runs(capsys):
    pytest.importorskip("torchmetrics")
    names = run_python(read_page("torchmetrics"), "torchmetrics.md")
    assert {"hd", "hd95", "assd", "nsd", "ssim"} < set(names["metrics"].compute())
    groups = sorted(map(sorted, names["metrics"].compute_groups.values()))
    assert groups == [["assd", "hd", "hd95", "hd95 of each class", "nsd"], ["ssim"]]
    assert "'hd95'" in capsys.readouterr().out


def test_torchmetrics_page_has_the_table_of_its_script(monkeypatch):
    for package in ("torchmetrics", "monai"):
        pytest.importorskip(package)
    monkeypatch.syspath_prepend(str(DOCS))
    import torchmetrics_table

    assert torchmetrics_table.table() in read_page("torchmetrics")


@pytest.mark.filterwarnings("ignore")  # Lightning's hints
def test_torchmetrics_page_training_logs_robustness(tmp_path, monkeypatch, capsys):
    pytest.importorskip("lightning")
    monkeypatch.chdir(tmp_path)
    (training,) = (block for block in blocks(read_page("torchmetrics"), "python") if block.file)
    names = {}
    exec(compile(training.text, training.file, "exec"), names)
    assert "defocus_blur" in capsys.readouterr().out
    last = names["trainer"].callback_metrics["robustness/mean/miou"]
    assert 0 < last <= names["best"].best_model_score < 100


def test_torchmetrics_page_links_exist():
    assert missing_links(read_page("torchmetrics")) == []
