"""`robust-endo merge` and `evaluate --shard`."""

import pytest

FEW = ("--corruption", "contrast", "--severity", "5", "--format", "none")


@pytest.fixture
def evaluate(robust_endo, model_file, make_folder):
    data = make_folder(frames=2)
    return lambda *arguments: robust_endo("evaluate", "-m", f"{model_file}:build", "-d", data, *FEW, *arguments)


def test_merge_of_shards_equals_the_full_run(evaluate, robust_endo, tmp_path):
    evaluate("--out", tmp_path / "full")
    first = evaluate("--out", tmp_path / "run", "--shard", "1/2")
    assert first.exit_code == 0, first.output
    assert "Shard 1/2: its 2 chunks are in" in first.stdout
    assert "which has 2 of the 4 chunks" in first.stdout
    assert "Missing here: shards 2/2. When all are done: robust-endo merge" in first.stdout
    early = robust_endo("merge", tmp_path / "run")
    assert early.exit_code == 2
    assert "missing: 1, 3: run robust-endo evaluate with --shard 2/2 again" in early.stderr
    assert "All shards are done: robust-endo merge" in evaluate("--out", tmp_path / "run", "--shard", "2/2").stdout
    merged = robust_endo("merge", tmp_path / "run", "--format", "csv")
    assert merged.exit_code == 0, merged.output
    assert "images of the largest drops are missing" in merged.stderr
    assert "results.parquet" in merged.stdout
    for name in ("results.parquet", "summary.csv"):
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "full" / name).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--shard", "two"), "Expected a shard such as 2/8, the second of eight, got 'two'"),
        (("--shard", "3/2"), "Expected a shard from 1/2 to 2/2, got 3/2"),
        (("--engine", "rya"), "Expected --engine to be one of local, ray, got 'rya'"),
        (("--address", "auto"), "Expected an address only with the engine ray, got 'auto'"),
    ],
)
def test_evaluate_rejects_shard_and_engine_options(evaluate, tmp_path, arguments, text):
    result = evaluate("--out", tmp_path / "run", *arguments)
    assert result.exit_code == 2
    assert text in result.stderr
    assert not (tmp_path / "run").exists()


def test_merge_rejects_empty_folder(robust_endo, tmp_path):
    result = robust_endo("merge", tmp_path)
    assert result.exit_code == 2
    assert "Expected a run folder to merge, got no run.json" in result.stderr
