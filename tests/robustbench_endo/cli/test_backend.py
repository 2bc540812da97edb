"""`robust-endo evaluate --backend imagecorruptions`."""

import json

import pytest

pytest.importorskip("imagecorruptions")


@pytest.fixture
def run(robust_endo, make_folder, model_file, tmp_path):
    root = make_folder()

    def call(*options):
        data = ("--data", root, "--model", f"{model_file}:build", "--out", tmp_path / "run", "--format", "none")
        return robust_endo("evaluate", *data, "--severity", 3, *options)

    return call


def test_the_run_says_so_and_does_not_go_on_with_our_own_code(run, tmp_path):
    options = ("--corruption", "occlusion", "--resolution", "native")
    result = run(*options, "--backend", "imagecorruptions")
    assert result.exit_code == 0, result.output
    assert "because that package lacks them: bleeding, smoke" in " ".join(result.stdout.split())
    info = json.loads((tmp_path / "run" / "run.json").read_text("utf-8"))
    assert info["suite"]["name"].startswith("imagecorruptions-imaug 1.")
    assert [entry["name"] for entry in info["corruptions"]] == ["brightness", "spatter"]
    assert info["notes"][-1] == "Left out, because that package lacks them: bleeding, smoke."
    first = (tmp_path / "run" / "results.parquet").read_bytes()
    assert run(*options, "--backend", "imagecorruptions").exit_code == 0
    assert (tmp_path / "run" / "results.parquet").read_bytes() == first
    result = run("--corruption", "brightness,spatter", "--resolution", "native")
    assert result.exit_code == 2
    assert "suite was" in result.stderr


def test_what_it_lacks_is_refused_by_name(run):
    result = run("--corruption", "smoke", "--backend", "imagecorruptions")
    assert result.exit_code == 2
    assert "that imagecorruptions-imaug has, got smoke" in result.stderr
