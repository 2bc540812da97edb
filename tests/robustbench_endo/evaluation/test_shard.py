"""Parts of a run for independent jobs."""

import pytest

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.evaluation.shard import Shard, parse_shard, shards_with


@pytest.mark.parametrize(("chunks", "of"), [(10, 1), (10, 3), (10, 10), (2, 5)])
def test_shard_share_covers_every_chunk_once_in_equal_parts(chunks, of):
    parts = [Shard(number, of).share(chunks) for number in range(1, of + 1)]
    assert sorted(number for part in parts for number in part) == list(range(chunks))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_shards_with_chunks_are_those_that_compute_them():
    assert shards_with([1, 4, 5], 3) == [Shard(2, 3), Shard(3, 3)]
    assert all(4 in shard.share(6) or 5 in shard.share(6) for shard in shards_with([4, 5], 3))


def test_parse_shard_reads_its_own_text():
    assert parse_shard(" 2/8 ") == Shard(2, 8)
    assert str(Shard(2, 8)) == "2/8"


@pytest.mark.parametrize("text", ["", "2", "2/", "a/b", "-1/2", "1/2/3", "1.5/2"])
def test_parse_shard_rejects_other_text(text):
    with pytest.raises(RobustEndoError, match="Expected a shard such as 2/8, the second of eight, got"):
        parse_shard(text)


@pytest.mark.parametrize("text", ["0/3", "4/3", "1/0"])
def test_parse_shard_rejects_number_outside(text):
    with pytest.raises(RobustEndoError, match=f"got {text}: count from 1"):
        parse_shard(text)
