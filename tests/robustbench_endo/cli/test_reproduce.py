"""`robust-endo reproduce`: complete tables at toy size, the plan, and bad input."""

import pandas as pd
import pytest


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return tmp_path_factory.mktemp("endoarss")


@pytest.mark.slow
def test_reproduce_complete_table_two(robust_endo, out):
    result = robust_endo("reproduce", "table2", "--synthetic", "--quick", "--out", out)
    assert result.exit_code == 0, result.output
    assert "tiny-resnet for ResNet101" in " ".join(result.stdout.split())
    frame = pd.read_csv(out / "quick" / "table2.csv")
    assert len(frame.groupby(["backbone", "architecture", "optimization"])) == 29
    assert (frame["state"] == "done").all()
    assert frame["reproduced"].notna().all()
    assert frame["notes"].str.contains("tiny-endoarss").all()
    for ending in ("html", "tex"):
        text = (out / "quick" / f"table2.{ending}").read_text("utf-8")
        assert "tiny-endoarss" in text
        assert "91.99" not in text  # of the paper: stand-ins are not compared with it
        assert "Aligned-MTL" in text
    latex = (out / "quick" / "table2.tex").read_text("utf-8")
    assert latex.count(r"\toprule") == latex.count(r"\bottomrule") == 2
    rows = [line for line in latex.splitlines() if line.startswith("EndoARSS")]
    assert {row.count("&") for row in rows} == {2 + 6}
    assert frame["published"].isna().all()
    assert "−" not in result.stdout


@pytest.mark.slow
def test_reproduce_table_seven_shares_cells_and_figure_six_runs(robust_endo, out):
    result = robust_endo("reproduce", "table7", "--synthetic", "--quick", "--out", out)
    assert result.exit_code == 0, result.output
    frame = pd.read_csv(out / "quick" / "table7.csv")
    assert len(frame) == 20 * 3 * 2 * 2
    assert frame["reproduced"].notna().all()
    mean = frame[(frame["corruption"] == "mean") & (frame["metric"] == "miou") & (frame["protocol"] == "endoarss")]
    each = frame[(frame["corruption"] != "mean") & (frame["metric"] == "miou") & (frame["protocol"] == "endoarss")]
    assert mean["reproduced"].tolist() == pytest.approx(
        each.groupby("model", sort=False)["reproduced"].mean().tolist(), rel=1e-4
    )
    result = robust_endo("reproduce", "figure6", "--synthetic", "--quick", "--out", out)
    assert result.exit_code == 0, result.output
    assert "<svg" in (out / "quick" / "figure6_miou.svg").read_text("utf-8")
    assert (out / "quick" / "figure6_accuracy.pdf").read_bytes().startswith(b"%PDF")
    page = (out / "quick" / "figure6.html").read_text("utf-8")
    assert page.count("<svg") == 2
    assert "://" not in page.replace("http://www.w3.org", "")


def test_reproduce_of_two_seeds_prints_their_spread(robust_endo, tmp_path):
    options = ("--models", "endoarss/tesla/db_mtl", "--seed", "3", "--seeds", "2", "--out", tmp_path)
    result = robust_endo("reproduce", "table2", "--synthetic", "--quick", *options)
    assert result.exit_code == 0, result.output
    text = " ".join(result.stdout.split())
    assert "over n = 2 trainings with the seeds 3, 4" in text
    assert "it is not a confidence interval" in text
    frame = pd.read_csv(tmp_path / "quick" / "table2.csv")
    assert set(frame["seeds"]) == {2}
    miou = frame[(frame["metric"] == "miou") & (frame["protocol"] == "endoarss")].iloc[0]
    assert f"{miou['reproduced']:.2f} ± {miou['sd']:.2f}" in result.stdout


@pytest.mark.slow
def test_reproduce_table_five_has_the_spread_over_activities(robust_endo, out):
    options = ("--models", "endoarss/tesla", "--format", "csv", "--out", out)
    result = robust_endo("reproduce", "table5", "--synthetic", "--quick", *options)
    assert result.exit_code == 0, result.output
    assert "It is no spread over trainings." in " ".join(result.stdout.split())
    frame = pd.read_csv(out / "quick" / "table5.csv")
    spreads = frame[frame["metric"].isin(["accuracy_std", "miou_std"])]
    assert len(spreads) == 2 * 2 * 2
    assert spreads["reproduced"].between(0, 50).all()


def test_reproduce_figure_five_shows_masks(robust_endo, out):
    options = ("--models", "endoarss", "--format", "html", "--out", out)
    result = robust_endo("reproduce", "figure5", "--synthetic", "--quick", *options)
    assert result.exit_code == 0, result.output
    assert "Ground truth" in (out / "quick" / "figure5.svg").read_text("utf-8")


@pytest.mark.slow
def test_reproduce_dry_run_writes_nothing(robust_endo, tmp_path):
    options = ("--dry-run", "--data", "synthetic", "--models", "endoarss", "--out", tmp_path)
    result = robust_endo("reproduce", "table2", *options)
    assert result.exit_code == 0, result.output
    for text in ("MTLESD (synthetic): train 400 frames (Table I: 1618)", "EndoARSS/TESLA/DB-MTL", "estimates"):
        assert text in result.stdout
    assert not list(tmp_path.iterdir())


WRONG = [
    (("table9",), "got 'table9'"),
    (("table2",), "Expected --data mtlesd:DIR"),
    (("table2", "--data", "./nowhere"), "Expected a data folder"),
    (("table4", "--data", "mtlendovis:x"), "Expected --data-gen"),
    (("table2", "--quick"), "Expected --synthetic with --quick"),
    (("table2", "--synthetic", "--data", "x"), "got both"),
    (("table2", "--synthetic", "--shard", "3/2"), "got 3/2"),
    (("table2", "--synthetic", "--init-weights", "magic"), "got 'magic'"),
    (("table2", "--synthetic", "--format", "docx"), "got 'docx'"),
    (("table2", "--synthetic", "--precision", "8"), "got '8'"),
    (("table2", "--synthetic", "--seeds", "1001"), "Expected 1 to 1000 seeds"),
    (("table2", "--synthetic", "--models", "vgg"), "got 'vgg'"),
]


@pytest.mark.parametrize(("arguments", "text"), WRONG)
def test_reproduce_reports_bad_input_in_one_sentence(robust_endo, tmp_path, arguments, text):
    result = robust_endo("reproduce", *arguments, "--out", tmp_path)
    assert result.exit_code == 2, result.output
    errors = [line for line in result.stderr.splitlines() if line.startswith("Error: Expected ")]
    assert len(errors) == 1, result.output
    assert text in errors[0]


def test_reproduce_reports_a_wrong_layout_before_training(robust_endo, make_folder, tmp_path):
    root = make_folder(splits=("train",), activities=("cutting",))
    result = robust_endo(
        "reproduce", "table2", "--data", f"mtlesd:{root}", "--init-weights", "none", "--out", tmp_path / "out"
    )
    assert result.exit_code == 2, result.output
    assert result.stderr.count("Error: Expected ") == 1


@pytest.mark.slow
def test_reproduce_shows_the_reason_of_a_failed_cell(robust_endo, out):
    folder = out / "quick" / "cells" / "mtlesd" / "endoarss_tesla_rank-16_db_mtl"
    folder.mkdir(parents=True)
    (folder / "cell.json").write_text('{"training": {"epochs": 9}, "finished": true, "seconds": 1}')
    options = ("--models", "endoarss/tesla/db_mtl", "--out", out)
    result = robust_endo("reproduce", "table6", "--synthetic", "--quick", *options)
    assert result.exit_code == 3, result.output
    assert "epochs changed from 9 to 1" in result.stdout
    assert "epochs changed from 9 to 1" in (out / "quick" / "table6.html").read_text("utf-8")
