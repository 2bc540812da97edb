"""Runs with several draws of every corruption that uses random numbers."""

import pandas as pd
import pytest

from robustbench_endo.errors import RunError
from robustbench_endo.evaluation.merge_shards import merge
from robustbench_endo.results.tail_risk import largest_drops

KEYS = ["model", "corruption", "severity", "replicate", "image_id"]


def content(folder):
    return (folder / "results.parquet").read_bytes()


def test_run_plan_evaluates_every_draw_of_stochastic_corruptions(make_plan, run):
    plan = make_plan(frames=2, replicates=3)
    results = run(plan)
    frame = results.frame
    draws = frame.groupby(["corruption", "severity"])["replicate"].unique().map(list)
    assert draws["clean", 0] == draws["contrast", 5] == [0]
    assert draws["gaussian_noise", 1] == draws["gaussian_noise", 5] == [0, 1, 2]
    assert len(frame) == 2 * 4 * (1 + 2 * 3 + 2) == len(frame[KEYS].drop_duplicates())
    order = {name: position for position, name in enumerate(plan.dataset.ids)}
    ranks = frame.assign(model=frame["model"] == "high", image_id=frame["image_id"].map(order))
    ranks["corruption"] = frame["corruption"].map({"clean": 0, "gaussian_noise": 1, "contrast": 2})
    assert ranks[KEYS].equals(ranks[KEYS].sort_values(KEYS))
    assert (results.scores()["images"] == 4).all()
    assert (plan.config.out / "summary.csv").read_text().count("\n") == 1 + 2 * 5


def test_run_plan_draws_differ_where_the_corruption_is_stochastic(make_plan, run):
    frame = run(make_plan(frames=2, replicates=3)).frame
    noise = frame[frame["corruption"] == "gaussian_noise"]
    distortions = noise.groupby(["model", "severity", "image_id"])["image_ssim"].nunique()
    assert (distortions == 3).all()


def test_run_plan_first_draw_equals_a_run_of_one(make_plan, run, tmp_path):
    single = run(make_plan(frames=2, out=tmp_path / "one"))
    several = run(make_plan(frames=2, out=tmp_path / "three", replicates=3))
    first = several.frame[several.frame["replicate"] == 0].reset_index(drop=True)
    pd.testing.assert_frame_equal(first, single.frame, check_exact=True)
    pd.testing.assert_frame_equal(largest_drops(several), largest_drops(single), check_exact=True)
    stored = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one/gallery").rglob("*.*"))
    assert stored == sorted(path.relative_to(tmp_path / "three") for path in (tmp_path / "three/gallery").rglob("*.*"))
    assert all((tmp_path / "one" / path).read_bytes() == (tmp_path / "three" / path).read_bytes() for path in stored)


def test_run_plan_draw_depends_on_the_seed(make_plan, run, tmp_path):
    first = run(make_plan(frames=1, out=tmp_path / "0", replicates=2)).frame
    second = run(make_plan(frames=1, out=tmp_path / "1", replicates=2, seed=1)).frame
    noisy = first["corruption"] == "gaussian_noise"
    draws = [
        frame.loc[noisy & (frame["replicate"] == draw), "image_ssim"] for frame in (first, second) for draw in (0, 1)
    ]
    assert all(set(one).isdisjoint(other) for i, one in enumerate(draws) for other in draws[:i])


def test_run_plan_gives_the_same_draws_for_any_chunks(make_plan, run, tmp_path):
    run(make_plan(frames=3, out=tmp_path / "one", replicates=2))
    run(make_plan(frames=3, out=tmp_path / "other", replicates=2, chunks=[range(4), range(4, 6)], batch_size=3))
    assert content(tmp_path / "one") == content(tmp_path / "other")


def test_merge_of_shards_with_several_draws(make_plan, run, run_part, tmp_path):
    run(make_plan(frames=2, out=tmp_path / "full", replicates=3))
    for shard in ("2/2", "1/2"):
        run_part(make_plan(frames=2, out=tmp_path / "shared", replicates=3, shard=shard))
    merge(tmp_path / "shared")
    assert content(tmp_path / "shared") == content(tmp_path / "full")


class KilledError(Exception):
    pass


def test_run_plan_with_several_draws_counts_them_and_resumes(make_plan, run, tmp_path):
    run(make_plan(frames=2, out=tmp_path / "full", replicates=2))
    totals = []

    def kill(done: int, total: int) -> None:
        totals.append(total)
        if done > total / 2:
            raise KilledError

    with pytest.raises(KilledError):
        run(make_plan(frames=2, out=tmp_path / "killed", replicates=2), kill)
    assert set(totals) == {4 * (1 + 2 * 2 + 2)}
    with pytest.raises(RunError, match="replicates changed from 2 to 3"):
        run(make_plan(frames=2, out=tmp_path / "killed", replicates=3))
    run(make_plan(frames=2, out=tmp_path / "killed", replicates=2))
    assert content(tmp_path / "killed") == content(tmp_path / "full")
