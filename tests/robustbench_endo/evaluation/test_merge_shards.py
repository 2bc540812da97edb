"""Shards of a run, merged without models and data."""

import json
import shutil
import threading

import pytest

from robustbench_endo.errors import RunError
from robustbench_endo.evaluation.loop import evaluate_chunks
from robustbench_endo.evaluation.merge_shards import lacks_largest_drops, merge
from robustbench_endo.evaluation.run import open_run
from robustbench_endo.results import load_results
from robustbench_endo.results.integrity import write_run

THIRDS = ["1/3", "2/3", "3/3"]


def content(folder):
    return (folder / "results.parquet").read_bytes()


@pytest.fixture
def plan_in(make_plan, tmp_path):
    """A plan of eight chunks in a folder of a name, of a shard if one is given."""
    return lambda name, shard=None, **options: make_plan(frames=4, out=tmp_path / name, shard=shard, **options)


@pytest.fixture
def full(plan_in, run):
    """The folder of a run by one process."""
    plan = plan_in("full")
    run(plan)
    return plan.config.out


def test_merge_of_shards_in_one_folder(full, plan_in, run, run_part, tmp_path):
    folder = tmp_path / "shared"
    done = [run_part(plan_in("shared", shard)) for shard in reversed(THIRDS)]
    assert [part.done for part in done] == [2, 3, 3]
    assert [len(part.missing) for part in done] == [6, 3, 0]
    results = merge(folder)
    assert content(folder) == content(full)
    assert (folder / "summary.csv").read_bytes() == (full / "summary.csv").read_bytes()
    assert results.info["finished"]
    assert "shards" not in results.info
    assert len(results.gallery()) == 2
    assert lacks_largest_drops(results)
    run(plan_in("shared"))
    assert not lacks_largest_drops(load_results(folder))
    assert content(folder) == content(full)


def test_merge_of_shards_in_several_folders(full, plan_in, run, run_part, tmp_path):
    for shard in THIRDS:
        run_part(plan_in(f"part {shard[0]}", shard))
    results = merge(*(tmp_path / f"part {number}" for number in (3, 1, 2)), out=tmp_path / "merged")
    assert content(tmp_path / "merged") == content(full)
    assert results.info["name"] == "merged"
    expected = {frame.image_id: frame for frame in load_results(full).gallery()}
    for frame in results.gallery():
        assert (frame.image("contrast", 5) == expected.pop(frame.image_id).image("contrast", 5)).all()
        assert frame.prediction("high", "contrast", 5) is not None
    assert not expected
    run(plan_in("merged"))
    assert content(tmp_path / "merged") == content(full)


def test_run_shard_resumes_after_an_interruption(full, plan_in, run_part, tmp_path):
    folder = tmp_path / "killed"

    def kill(done: int, total: int) -> None:
        if done > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_part(plan_in("killed", THIRDS[0]), kill)
    for shard in THIRDS[1:]:
        run_part(plan_in("killed", shard))
    with pytest.raises(RunError, match=r"got [67]; missing: .*evaluate with --shard 1/3 again, then merge again"):
        merge(folder)
    assert not (folder / "results.parquet").exists()
    run_part(plan_in("killed", THIRDS[0]))
    merge(folder)
    assert content(folder) == content(full)


def test_run_plan_gives_the_same_bytes_for_chunks_in_reverse_order(full, plan_in, run, tmp_path):
    run(plan_in("reversed"), engine=lambda plan, chunks, *rest: evaluate_chunks(plan, chunks[::-1], *rest))
    assert content(tmp_path / "reversed") == content(full)


def test_open_run_by_many_processes_at_once(plan_in, tmp_path):
    plan, infos = plan_in("together", "1/3"), []
    threads = [threading.Thread(target=lambda: infos.append(open_run(plan))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(infos) == 8
    assert json.loads((tmp_path / "together" / "run.json").read_text())["identity"]
    assert not list((tmp_path / "together").glob(".*"))


def test_run_shard_of_a_finished_run_changes_nothing(full, plan_in, run_part):
    before = (full / "run.json").read_bytes()
    assert not run_part(plan_in("full", THIRDS[1])).missing
    assert (full / "run.json").read_bytes() == before


def test_run_shard_of_another_division_raises(plan_in, run_part):
    run_part(plan_in("unequal", THIRDS[0]))
    with pytest.raises(RunError, match=r"Cannot resume .*: it is divided into 3 shards, not 4\. Use --shard i/3"):
        run_part(plan_in("unequal", "2/4"))


def test_merge_of_unequal_shards_in_several_folders_raises(plan_in, run_part, tmp_path):
    run_part(plan_in("one", "1/3"))
    run_part(plan_in("two", "2/4"))
    message = r"missing: 2, 4, 7.*without --shard .*\(the folders are divided into 3, 4 shards\)"
    with pytest.raises(RunError, match=message):
        merge(tmp_path / "one", tmp_path / "two", out=tmp_path / "merged")
    assert not (tmp_path / "merged").exists()


def test_run_shard_without_chunks_does_nothing(plan_in, run_part):
    assert run_part(plan_in("many", "20/20")).done == 0


def test_merge_of_different_runs_raises(plan_in, run_part, tmp_path):
    run_part(plan_in("one", "1/2"))
    run_part(plan_in("two", "2/2", seed=3))
    message = r"Expected shards of one run, got another one in .*two than .*seed changed from 0 to 3"
    with pytest.raises(RunError, match=message):
        merge(tmp_path / "one", tmp_path / "two", out=tmp_path / "merged")
    run_part(plan_in("two again", "2/2"))
    with pytest.raises(RunError, match="Expected shards of one run"):
        merge(tmp_path / "one", tmp_path / "two again", out=tmp_path / "two")


def test_merge_notes_different_versions(plan_in, run_part, tmp_path):
    for shard in ("1/2", "2/2"):
        run_part(plan_in(f"part {shard[0]}", shard))
    file = tmp_path / "part 2" / "run.json"
    info = json.loads(file.read_text())
    write_run(file.parent, {**info, "versions": {**info["versions"], "torch": "1.0"}}, finished=False)
    results = merge(tmp_path / "part 1", tmp_path / "part 2", out=tmp_path / "merged")
    assert "different versions (torch 1.0 and " in results.info["notes"][-1]


def test_merge_without_a_run_raises(tmp_path):
    with pytest.raises(RunError, match=r"got no run\.json in"):
        merge(tmp_path)
    write_run(tmp_path, {}, finished=False)
    with pytest.raises(RunError, match=r"got no identity in its run\.json"):
        merge(tmp_path)
    with pytest.raises(RunError, match="or several and an --out, got 2"):
        merge(tmp_path, tmp_path / "other")
    with pytest.raises(RunError, match="got 0"):
        merge()


def test_merge_removes_what_a_killed_process_left(plan_in, run_part, tmp_path):
    run_part(plan_in("left", "1/1"))
    first = next((tmp_path / "left" / "records").glob("*.parquet"))
    shutil.copy(first, first.with_name(f".writing-{first.name}.abc"))
    merge(tmp_path / "left")
    assert not list((tmp_path / "left" / "records").glob(".*"))
