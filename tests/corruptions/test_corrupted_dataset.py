"""The same pixels whoever reads the data set."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader

from robustbench_endo.corruptions import Corrupt, CorruptedDataset, RandomCorruption
from robustbench_endo.errors import RobustEndoError

FRAMES = [
    (torch.randint(0, 256, (3, 40, 48), dtype=torch.uint8), torch.randint(0, 5, (40, 48)), number)
    for number in range(8)
]


def two_epochs(data: CorruptedDataset, **options: Any) -> list[Any]:
    loader: DataLoader[Any] = DataLoader(data, batch_size=4, **options)
    read = []
    for epoch in range(2):
        data.set_epoch(epoch)
        read += list(loader)
    return [part for batch in read for part in batch]


@pytest.mark.parametrize("persistent", [False, True])
def test_the_number_of_workers_changes_nothing(persistent: bool) -> None:
    data = CorruptedDataset(FRAMES, RandomCorruption(p=0.8, seed=3))
    alone = two_epochs(data)
    together = two_epochs(data, num_workers=2, persistent_workers=persistent)
    assert all(torch.equal(*pair) for pair in zip(alone, together, strict=True))
    assert not torch.equal(alone[0], alone[6])


def test_order_changes_nothing_and_ids_do() -> None:
    transform = Corrupt("gaussian_noise", 3)
    data = CorruptedDataset(FRAMES, transform)
    backwards = [data[i][0] for i in reversed(range(len(data)))]
    assert all(torch.equal(*pair) for pair in zip(backwards[::-1], (item[0] for item in data), strict=True))
    assert torch.equal(data[-1][0], data[7][0])
    named = CorruptedDataset(FRAMES, transform, ids=list("abcdefgh"))
    assert not torch.equal(named[0][0], data[0][0])
    assert torch.equal(named[2][0], transform(FRAMES[2][0], ids="c"))


def test_a_data_set_that_knows_its_ids_is_asked() -> None:
    class Known(list):  # type: ignore[type-arg]
        ids = tuple("abcdefgh")

    transform = Corrupt("gaussian_noise", 3)
    assert torch.equal(CorruptedDataset(Known(FRAMES), transform)[1][0], transform(FRAMES[1][0], ids="b"))


def test_another_number_of_ids() -> None:
    with pytest.raises(RobustEndoError, match="each of the 8 samples, got 1"):
        CorruptedDataset(FRAMES, Corrupt("smoke", 1), ids=["a"])
