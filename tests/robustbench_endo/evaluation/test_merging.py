import json
import shutil
import threading
from dataclasses import replace

import pytest

from robustbench_endo.errors import RunError
from robustbench_endo.evaluation.engines.local import local
from robustbench_endo.evaluation.merge_shards import lacks_pictures, merge
from robustbench_endo.evaluation.run import begin, run, run_shard
from robustbench_endo.evaluation.shard import Shard
from robustbench_endo.results import load_results

THIRDS = [Shard(number, 3) for number in (1, 2, 3)]


def content(folder):
    return (folder / "results.parquet").read_bytes()


@pytest.fixture
def elsewhere(make_request, tmp_path):
    """A request for eight chunks, in a folder of a name."""
    request = make_request(frames=4)
    return lambda name: replace(request, out=tmp_path / name)


@pytest.fixture
def whole(elsewhere):
    """The request after a run by one process."""
    request = elsewhere("whole")
    run(request)
    return request


def test_shards_in_one_folder(whole, elsewhere):
    request = elsewhere("shared")
    done = [run_shard(request, shard) for shard in reversed(THIRDS)]
    assert [part.mine for part in done] == [2, 3, 3]
    assert [len(part.missing) for part in done] == [6, 3, 0]
    results = merge(request.out)
    assert content(request.out) == content(whole.out)
    assert (request.out / "summary.csv").read_bytes() == (whole.out / "summary.csv").read_bytes()
    assert results.info["finished"]
    assert "shards" not in results.info
    assert len(results.gallery()) == 2
    assert lacks_pictures(results)
    run(request)
    assert not lacks_pictures(load_results(request.out))
    assert content(request.out) == content(whole.out)


def test_shards_in_folders_of_their_own(whole, elsewhere, tmp_path):
    for shard in THIRDS:
        run_shard(elsewhere(f"part {shard.number}"), shard)
    results = merge(*(tmp_path / f"part {number}" for number in (3, 1, 2)), out=tmp_path / "made")
    assert content(tmp_path / "made") == content(whole.out)
    assert results.info["name"] == "made"
    kept = {frame.image_id: frame for frame in load_results(whole.out).gallery()}
    for frame in results.gallery():
        assert (frame.image("contrast", 5) == kept.pop(frame.image_id).image("contrast", 5)).all()
        assert frame.prediction("high", "contrast", 5) is not None
    assert not kept
    run(elsewhere("made"))
    assert content(tmp_path / "made") == content(whole.out)


def test_a_killed_shard_goes_on(whole, elsewhere):
    request = elsewhere("killed")

    def kill(done: int, total: int) -> None:
        if done > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_shard(request, THIRDS[0], kill)
    for shard in THIRDS[1:]:
        run_shard(request, shard)
    with pytest.raises(RunError, match=r"got [67]; missing: .*evaluate with --shard 1/3 again, then merge again"):
        merge(request.out)
    assert not (request.out / "results.parquet").exists()
    run_shard(request, THIRDS[0])
    merge(request.out)
    assert content(request.out) == content(whole.out)


def test_chunks_from_the_last_to_the_first(whole, elsewhere):
    run(elsewhere("reversed"), engine=lambda work, numbers, *told: local(work, numbers[::-1], *told))
    assert content(elsewhere("reversed").out) == content(whole.out)


def test_many_begin_at_once(elsewhere):
    request, infos = elsewhere("together"), []
    starts = [threading.Thread(target=lambda: infos.append(begin(request, 3)[1])) for _ in range(8)]
    for start in starts:
        start.start()
    for start in starts:
        start.join()
    assert len(infos) == 8
    assert json.loads((request.out / "run.json").read_text())["identity"]
    assert not list(request.out.glob(".*"))


def test_a_finished_run_stays_finished_when_a_shard_comes_late(whole):
    before = (whole.out / "run.json").read_bytes()
    assert not run_shard(whole, THIRDS[1]).missing
    assert (whole.out / "run.json").read_bytes() == before


def test_unequal_shards(elsewhere):
    run_shard(elsewhere("unequal"), THIRDS[0])
    with pytest.raises(RunError, match="Expected a shard of 3, as the run in .* got one of 4: give --shard i/3"):
        run_shard(elsewhere("unequal"), Shard(2, 4))


def test_unequal_shards_in_folders_of_their_own(elsewhere, tmp_path):
    run_shard(elsewhere("one"), Shard(1, 3))
    run_shard(elsewhere("two"), Shard(2, 4))
    with pytest.raises(RunError, match=r"missing: 2, 4, 7.*without --shard .*\(the folders are cut in 3, 4 shards\)"):
        merge(tmp_path / "one", tmp_path / "two", out=tmp_path / "made")
    assert not (tmp_path / "made").exists()


def test_more_shards_than_chunks(elsewhere):
    assert run_shard(elsewhere("many"), Shard(20, 20)).mine == 0


def test_different_runs(elsewhere, tmp_path):
    run_shard(elsewhere("one"), Shard(1, 2))
    run_shard(replace(elsewhere("two"), seed=3), Shard(2, 2))
    with pytest.raises(RunError, match=r"Expected shards of one run, got another in .*two than .*seed was 0, is 3"):
        merge(tmp_path / "one", tmp_path / "two", out=tmp_path / "made")
    run_shard(elsewhere("two again"), Shard(2, 2))
    with pytest.raises(RunError, match="Expected shards of one run"):
        merge(tmp_path / "one", tmp_path / "two again", out=tmp_path / "two")


def test_different_versions_are_told(elsewhere, tmp_path):
    for shard in (Shard(1, 2), Shard(2, 2)):
        run_shard(elsewhere(f"part {shard.number}"), shard)
    file = tmp_path / "part 2" / "run.json"
    info = json.loads(file.read_text())
    file.write_text(json.dumps({**info, "versions": {**info["versions"], "torch": "1.0"}}))
    results = merge(tmp_path / "part 1", tmp_path / "part 2", out=tmp_path / "made")
    assert "different versions (torch 1.0 and " in results.info["notes"][-1]


def test_no_run(tmp_path):
    with pytest.raises(RunError, match="got no run.json in"):
        merge(tmp_path)
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(RunError, match="got no identity in its run.json"):
        merge(tmp_path)
    with pytest.raises(RunError, match="or several and an --out, got 2"):
        merge(tmp_path, tmp_path / "other")
    with pytest.raises(RunError, match="got 0"):
        merge()


def test_what_a_killed_process_left_goes_away(elsewhere):
    request = elsewhere("left")
    run_shard(request, Shard(1, 1))
    first = next((request.out / "records").glob("*.parquet"))
    shutil.copy(first, first.with_name(f".{first.name}.abc"))
    merge(request.out)
    assert not list((request.out / "records").glob(".*"))
