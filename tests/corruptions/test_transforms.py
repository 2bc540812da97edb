"""Transforms and datasets: every type of sample, and pixels that depend only on seed, epoch and id."""

from __future__ import annotations

import pickle
from collections import Counter
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from robustbench_endo.corruptions import Corrupt, CorruptedDataset, RandomCorruption, corrupt
from robustbench_endo.errors import RobustEndoError

IMAGE = torch.randint(0, 256, (3, 48, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
MASK = torch.arange(48)[:, None] // 8 * 10 + torch.arange(64)[None] // 8


class Pair(NamedTuple):
    image: Tensor
    mask: Tensor


@dataclass(frozen=True)
class Frame:
    image: Tensor
    mask: Tensor | None
    id: str


@dataclass(frozen=True)
class Targets:
    image: Tensor
    targets: dict[str, Any]
    id: str


def test_corrupt_transform_gives_the_pixels_of_corrupt() -> None:
    corrupted = Corrupt("shot_noise", 3, seed=4)(IMAGE, ids="a")
    assert torch.equal(corrupted, corrupt(IMAGE[None], "shot_noise", 3, ["a"], 4)[0])
    floats = Corrupt("shot_noise", 3, seed=4)(IMAGE / 255, ids="a")
    assert floats.dtype == torch.float32
    assert torch.equal((floats * 255).round().byte(), corrupted)


def test_corrupt_transform_of_a_batch_equals_its_items() -> None:
    transform = Corrupt("elastic_transform", 5)
    images, masks = torch.stack([IMAGE, IMAGE.flip(1)]), torch.stack([MASK, MASK.flip(0)])
    both = transform(images, masks[:, None], ids=["a", "b"])
    for i, name in enumerate("ab"):
        image, mask = transform(images[i], masks[i], ids=name)
        assert torch.equal(both[0][i], image)
        assert torch.equal(both[1][i, 0], mask)


def test_corrupt_transform_keeps_the_type_of_the_sample() -> None:
    transform = Corrupt("elastic_transform", 5)
    image, mask = transform(IMAGE, MASK, ids="a")
    assert not torch.equal(mask, MASK)
    as_tuple = transform((IMAGE, MASK, 2), ids="a")
    assert as_tuple[2] == 2
    as_mapping = transform({"image": IMAGE, "mask": MASK, "id": "a", "label": 2})
    assert (as_mapping["id"], as_mapping["label"]) == ("a", 2)
    as_pair, as_frame = transform(Pair(IMAGE, MASK), ids="a"), transform(Frame(IMAGE, MASK, "a"))
    assert isinstance(as_pair, Pair)
    assert isinstance(as_frame, Frame)
    results = (as_tuple[:2], (as_mapping["image"], as_mapping["mask"]), as_pair, (as_frame.image, as_frame.mask))
    for corrupted, labels in results:
        assert torch.equal(corrupted, image)
        assert torch.equal(labels, mask)
    assert transform(Frame(IMAGE, None, "a")).mask is None


def test_corrupt_transform_moves_the_masks_in_targets() -> None:
    transform = Corrupt("elastic_transform", 5)
    targets = {"segmentation": MASK, "activity": 2, "depth": MASK / 100}
    moved = transform(Targets(IMAGE, targets, "a"))
    image, mask = transform(IMAGE, MASK, ids="a")
    assert torch.equal(moved.image, image)
    assert torch.equal(moved.targets["segmentation"], mask)
    assert moved.targets["activity"] == 2
    assert moved.targets["depth"] is targets["depth"]


def test_corrupt_transform_moves_the_mask_with_the_image() -> None:
    """An image of a mask still shows the mask afterwards."""
    wide = MASK.repeat_interleave(8, 0).repeat_interleave(8, 1)
    image = (wide / 100).expand(3, -1, -1)
    corrupted, moved = Corrupt("elastic_transform", 5)(image, wide, ids="a")
    agrees = (corrupted[0] * 100 - moved).abs() < 0.5
    assert float(agrees.float().mean()) > 0.95 > float(((corrupted[0] * 100 - wide).abs() < 0.5).float().mean())


def test_corrupt_transform_returns_the_same_mask_if_nothing_moves() -> None:
    image, mask = Corrupt("smoke", 5)(IMAGE, MASK)
    assert mask is MASK
    assert not torch.equal(image, IMAGE)


def test_corrupt_transform_does_not_move_a_float_map() -> None:
    depth = torch.rand(48, 64)
    assert Corrupt("elastic_transform", 5)(IMAGE, depth)[1] is depth


def test_corrupt_transform_without_an_id_uses_the_image() -> None:
    transform = Corrupt("gaussian_noise", 3)
    assert torch.equal(transform(IMAGE), transform(IMAGE))
    flat = torch.full((2, 3, 48, 64), 0.5)
    flat[1, 0, 0, 0] = 0.25
    noisy = transform(flat)
    assert float((noisy[0] == noisy[1]).float().mean()) < 0.1


@pytest.mark.slow
def test_corrupt_transform_works_in_torchvision_pipelines() -> None:
    v2 = pytest.importorskip("torchvision.transforms.v2")
    tv_tensors = pytest.importorskip("torchvision.tv_tensors")
    pipeline = v2.Compose([v2.Identity(), Corrupt("elastic_transform", 3)])
    image, mask = pipeline(tv_tensors.Image(IMAGE), tv_tensors.Mask(MASK))
    assert isinstance(image, tv_tensors.Image)
    assert isinstance(mask, tv_tensors.Mask)
    assert torch.equal(torch.as_tensor(image), Corrupt("elastic_transform", 3)(IMAGE))


def draws(transform: RandomCorruption, count: int = 400) -> list[tuple[str, int]]:
    return [transform.select_condition(str(i)) for i in range(count)]


def test_random_corruption_selects_uniformly() -> None:
    selected = draws(RandomCorruption("noise", severities=(2, 4), p=0.75, seed=1), 2000)
    happened = [pair for pair in selected if pair[1]]
    assert len(happened) / 2000 == pytest.approx(0.75, abs=0.04)
    counts = Counter(happened)
    assert len(counts) == 8
    assert all(count / len(happened) == pytest.approx(1 / 8, abs=0.03) for count in counts.values())


def test_random_corruption_depends_on_seed_epoch_and_id() -> None:
    transform = RandomCorruption(p=1.0)
    first = draws(transform)
    assert draws(RandomCorruption(p=1.0)) == first
    assert draws(RandomCorruption(p=1.0, seed=1)) != first
    transform.set_epoch(1)
    assert draws(transform) != first
    transform.set_epoch(0)
    assert draws(transform) == first


def test_random_corruption_noise_differs_between_epochs() -> None:
    transform = RandomCorruption("gaussian_noise", severities=(3,), p=1.0)
    first = transform(IMAGE, ids="a")
    assert torch.equal(first, Corrupt("gaussian_noise", 3)(IMAGE, ids="a"))
    transform.set_epoch(1)
    assert not torch.equal(transform(IMAGE, ids="a"), first)


def test_transforms_can_leave_the_image_unchanged() -> None:
    assert torch.equal(RandomCorruption(p=0.0)(IMAGE), IMAGE)
    assert torch.equal(Corrupt("smoke", 0)(IMAGE), IMAGE)


def test_random_corruption_survives_pickling() -> None:
    transform = RandomCorruption("elastic_transform,smoke", p=0.9, seed=3)
    transform.set_epoch(2)
    restored = pickle.loads(pickle.dumps(transform))
    assert restored.epoch == 2
    assert repr(restored) == repr(transform)
    assert torch.equal(restored(IMAGE, ids="q"), transform(IMAGE, ids="q"))


BAD_INPUT = [
    (lambda: Corrupt("smok", 3), "'smok': did you mean smoke"),
    (lambda: Corrupt("smoke", 6), "for the clean image, got 6"),
    (lambda: Corrupt("smoke", 3, suite="endo20"), "'endo20'"),
    (lambda: RandomCorruption(severities=(0,)), r"from 1 to 5, got \[0\]"),
    (lambda: RandomCorruption(severities=()), r"from 1 to 5, got \[\]"),
    (lambda: RandomCorruption(p=1.5), "from 0 to 1, got 1.5"),
    (lambda: Corrupt("smoke", 3)(IMAGE.numpy()), "got ndarray"),
    (lambda: Corrupt("smoke", 3)({"frame": IMAGE}), "got NoneType"),
    (lambda: Corrupt("smoke", 3)(IMAGE[:1]), r"got a tensor \(1, 48, 64\)"),
    (lambda: Corrupt("smoke", 3)(IMAGE.float()), "divide by the white level"),
    (lambda: Corrupt("smoke", 3)(IMAGE[None], ids=["a", "b"]), "each of the 1 images, got 2"),
]


@pytest.mark.parametrize(("call", "text"), BAD_INPUT)
def test_transforms_reject_bad_input(call: object, text: str) -> None:
    with pytest.raises(RobustEndoError, match=text):
        call()  # type: ignore[operator]


FRAMES = [
    (torch.randint(0, 256, (3, 40, 48), dtype=torch.uint8), torch.randint(0, 5, (40, 48)), number)
    for number in range(8)
]


def two_epochs(data: CorruptedDataset, **options: Any) -> list[Any]:
    loader: DataLoader[Any] = DataLoader(data, batch_size=4, **options)
    items = []
    for epoch in range(2):
        data.set_epoch(epoch)
        items += list(loader)
    return [part for batch in items for part in batch]


@pytest.mark.parametrize("persistent", [False, True])
def test_corrupted_dataset_does_not_depend_on_the_workers(persistent: bool) -> None:
    data = CorruptedDataset(FRAMES, RandomCorruption(p=0.8, seed=3))
    serial = two_epochs(data)
    parallel = two_epochs(data, num_workers=2, persistent_workers=persistent)
    assert all(torch.equal(*pair) for pair in zip(serial, parallel, strict=True))
    assert not torch.equal(serial[0], serial[6])


def test_corrupted_dataset_depends_on_ids_not_on_the_order() -> None:
    transform = Corrupt("gaussian_noise", 3)
    data = CorruptedDataset(FRAMES, transform)
    backwards = [data[i][0] for i in reversed(range(len(data)))]
    assert all(torch.equal(*pair) for pair in zip(backwards[::-1], (item[0] for item in data), strict=True))
    assert torch.equal(data[-1][0], data[7][0])
    named = CorruptedDataset(FRAMES, transform, ids=list("abcdefgh"))
    assert not torch.equal(named[0][0], data[0][0])
    assert torch.equal(named[2][0], transform(FRAMES[2][0], ids="c"))


def test_corrupted_dataset_uses_the_ids_of_the_dataset() -> None:
    class NamedFrames(list):  # type: ignore[type-arg]
        ids = tuple("abcdefgh")

    transform = Corrupt("gaussian_noise", 3)
    assert torch.equal(CorruptedDataset(NamedFrames(FRAMES), transform)[1][0], transform(FRAMES[1][0], ids="b"))


def test_corrupted_dataset_rejects_another_number_of_ids() -> None:
    with pytest.raises(RobustEndoError, match="each of the 8 samples, got 1"):
        CorruptedDataset(FRAMES, Corrupt("smoke", 1), ids=["a"])
