"""Predictions that a run stores: their numbers, resumption, damage, draws, merged shards."""

import numpy as np
import pytest
import torch

from robustbench_endo.errors import RunError
from robustbench_endo.evaluation.merge_shards import merge
from robustbench_endo.evaluation.run_folder import chunk_file as records_file
from robustbench_endo.predictions.files import chunk_file
from robustbench_endo.results import load_results
from robustbench_endo.results.tail_risk import largest_drops


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted((folder / "predictions").glob("*"))}


def test_records_follow_from_stored_label_maps(make_plan, run):
    plan = make_plan(frames=1, save_predictions="all", corruptions="gaussian_noise", replicates=2)
    results = run(plan)
    masks = {sample.id: sample.mask.numpy() for sample in (plan.dataset[i] for i in plan.indices)}
    assert len(list(results.stored_predictions())) == len(results.frame)
    for row in results.frame.to_dict("records"):
        keys = [row[name] for name in ("model", "corruption", "severity", "image_id", "replicate")]
        labels, mask = results.predictions(*keys), masks[row["image_id"]]
        assert labels.shape == mask.shape
        for k in range(3):
            predicted, true = (labels == k) & (mask != 255), mask == k
            assert row[f"tp_{k}"] == (predicted & true).sum()
            assert row[f"fp_{k}"] == (predicted & ~true).sum()
            assert row[f"fn_{k}"] == (~predicted & true).sum()
        probabilities = results.predictions(*keys, task="activity")
        assert row["activity_prediction"] == probabilities.argmax()
        assert row["activity_confidence"] == pytest.approx(probabilities.max(), rel=1e-6)


def test_stored_predictions_are_the_same_bytes_after_an_interruption(make_plan, run, tmp_path):
    plan = make_plan(frames=2, save_predictions="all")
    run(plan)
    before = contents(tmp_path / "run")
    assert len(before) == 4
    assert plan.folder.missing_chunks(range(4)) == []
    # As after SIGKILL: one chunk has records without predictions, another has a damaged file.
    chunk_file(tmp_path / "run", 1).unlink()
    chunk_file(tmp_path / "run", 2).write_bytes(b"PAR1 damaged")
    (tmp_path / "run" / "run.json").unlink()
    assert plan.folder.missing_chunks(range(4)) == [1, 2]
    run(make_plan(frames=2, save_predictions="all"))
    assert contents(tmp_path / "run") == before


def test_changed_predictions_of_a_finished_run_are_noticed(make_plan, run, tmp_path):
    results = run(make_plan(frames=1, save_predictions="all"))
    file = chunk_file(tmp_path / "run", 0)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(RunError, match=r"predictions/chunk-00000\.parquet changed"):
        load_results(results.path)
    run(make_plan(frames=1, save_predictions="all"))
    load_results(results.path)


def test_predictions_can_be_stored_after_the_run(make_plan, run, tmp_path):
    results = run(make_plan(frames=1))
    records = records_file(tmp_path / "run", 0).read_bytes()
    with pytest.raises(RunError, match="Expected a run with stored predictions"):
        results.predictions("low", "clean", 0, results.frame["image_id"][0])
    run(make_plan(frames=1, save_predictions="all"))
    assert records_file(tmp_path / "run", 0).read_bytes() == records
    assert len(contents(tmp_path / "run")) == 2


def test_merge_copies_predictions_of_shards(make_plan, run, run_part, tmp_path):
    run(make_plan(frames=1, save_predictions="all", out=tmp_path / "one"))
    for number in (1, 2):
        run_part(make_plan(frames=1, save_predictions="all", shard=f"{number}/2", out=tmp_path / f"part{number}"))
    merged = merge(tmp_path / "part1", tmp_path / "part2", out=tmp_path / "merged")
    assert contents(tmp_path / "merged") == contents(tmp_path / "one")
    assert len(list(merged.stored_predictions(model=merged.models[0]))) == len(merged.frame) // 2
    chunk_file(tmp_path / "part1", 0).unlink()
    with pytest.raises(RunError, match="Expected all 2 chunks"):
        merge(tmp_path / "part1", tmp_path / "part2", out=tmp_path / "other")


def test_worst_stores_the_largest_drops_of_each_model_and_corruption(make_plan, run):
    results = run(make_plan(frames=2, save_predictions="worst", keep_frames=2))
    drops = largest_drops(results, 1000).groupby(["model", "corruption"]).head(2)
    assert len(drops)
    for row in drops.itertuples():
        assert results.predictions(row.model, row.corruption, row.severity, row.image_id).dtype == np.uint8
        assert results.predictions(row.model, "clean", 0, row.image_id).ndim == 2
    stored = {each.image_id for each in results.stored_predictions()}
    assert stored == set(drops["image_id"])


class Undefined(torch.nn.Module):
    """NaN for bright frames."""

    def forward(self, images):
        logits = torch.zeros(len(images), 3, 8, 8)
        logits[images.mean((1, 2, 3)) > 0, 0] = torch.nan
        return {"segmentation": logits, "activity": torch.zeros(len(images), 2)}


def test_an_invalid_prediction_is_not_stored(make_plan, run):
    results = run(make_plan(frames=1, models={"nan": Undefined()}, save_predictions="all"))
    with pytest.raises(RunError, match="the model gave no valid prediction there"):
        results.predictions("nan", "clean", 0, results.frame["image_id"][0])


def test_stored_logits_give_the_stored_labels(make_plan, run):
    plan = make_plan(frames=1, corruptions="contrast", save_predictions="all+logits")
    results = run(plan)
    for each in results.stored_predictions(model="low", logits=True):
        logits = each.logits["segmentation"]
        assert logits.dtype == np.float16
        assert logits.shape == (3, *each.values["segmentation"].shape)
        differing = logits.argmax(0) != each.values["segmentation"]
        assert differing.mean() < 0.01  # ties of float16
        np.testing.assert_allclose(
            torch.tensor(each.logits["activity"]).float().softmax(0), each.values["activity"], atol=2e-3
        )
