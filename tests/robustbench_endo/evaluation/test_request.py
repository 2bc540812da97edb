import pytest
import torch

from robustbench_endo.errors import DataError
from robustbench_endo.evaluation.config import chosen, chunked


@pytest.mark.parametrize(("count", "sizes"), [(1, [1]), (4, [1] * 4), (20, [2] * 10), (70, [4] * 17 + [2])])
def test_chunks_are_small_for_small_runs(count, sizes):
    assert [len(part) for part in chunked(range(count), torch.device("cpu"))] == sizes


@pytest.mark.parametrize(
    ("count", "limit", "expected"), [(10, 4, [0, 2, 5, 7]), (3, 9, [0, 1, 2]), (3, None, [0, 1, 2])]
)
def test_a_limit_spreads_over_the_data(count, limit, expected):
    assert chosen(count, limit) == expected


@pytest.mark.parametrize(("count", "limit"), [(0, None), (5, 0)])
def test_no_frames_to_evaluate(count, limit):
    with pytest.raises(DataError, match="Expected at least one frame to evaluate"):
        chosen(count, limit)
