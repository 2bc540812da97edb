"""Transforms and datasets: every type of sample, and pixels that depend only on seed, epoch and id."""

from __future__ import annotations

import pickle
import sys
from collections import Counter
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from PIL import Image
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


def test_corrupt_transform_is_a_torchvision_transform() -> None:
    v2 = pytest.importorskip("torchvision.transforms.v2")
    tv_tensors = pytest.importorskip("torchvision.tv_tensors")
    transform = Corrupt("elastic_transform", 3)
    assert isinstance(transform, v2.Transform)
    before = torch.random.get_rng_state()
    image, mask = v2.Compose([v2.Identity(), transform])(tv_tensors.Image(IMAGE), tv_tensors.Mask(MASK))
    assert type(image) is tv_tensors.Image
    assert type(mask) is tv_tensors.Mask
    assert torch.equal(image.as_subclass(Tensor), transform(IMAGE))
    assert torch.equal(mask.as_subclass(Tensor), transform(IMAGE, MASK)[1])
    assert torch.equal(before, torch.random.get_rng_state())


def test_transforms_work_without_torchvision(monkeypatch: pytest.MonkeyPatch) -> None:
    from robustbench_endo.corruptions import transforms

    monkeypatch.setitem(sys.modules, "torchvision.transforms.v2", None)
    base = transforms._transform_class()

    class Changed(base):  # type: ignore[misc, valid-type]
        def forward(self, image: int, ids: str = "") -> str:
            return f"{image} {ids}"

    assert base.__module__ == transforms.__name__
    assert Changed()(3, ids="a") == "3 a"


def test_corrupt_transform_of_a_nested_sample() -> None:
    tv_tensors = pytest.importorskip("torchvision.tv_tensors")
    canvas = {"canvas_size": (48, 64)}
    target = {
        "boxes": tv_tensors.BoundingBoxes([[8, 8, 24, 32]], format="XYXY", **canvas),
        "masks": tv_tensors.Mask(torch.stack([MASK, MASK]).byte()),
        "labels": torch.tensor([3]),
        "image_id": 17,
    }
    depth = torch.rand(48, 64)
    transform = Corrupt("elastic_transform", 5)
    (image, changed), rest = transform(((tv_tensors.Image(IMAGE), target), [depth, None, "text"]))
    expected, mask = transform(IMAGE, MASK.byte(), ids="17")
    assert torch.equal(image.as_subclass(Tensor), expected)
    assert all(torch.equal(layer, mask) for layer in changed["masks"].as_subclass(Tensor))
    assert not torch.equal(changed["boxes"], target["boxes"])
    assert changed["boxes"].dtype == target["boxes"].dtype
    assert changed["labels"] is target["labels"]
    assert rest[0] is depth
    assert rest[1:] == [None, "text"]


def test_corrupt_transform_gives_all_images_of_a_sample_one_draw() -> None:
    tv_tensors = pytest.importorskip("torchvision.tv_tensors")
    left, right = (tv_tensors.Image(image) for image in (IMAGE, IMAGE.flip(1)))
    transform = Corrupt("gaussian_noise", 5)
    both = transform({"left": left, "right": right, "id": "a"})
    assert torch.equal(both["left"], transform(left, ids="a"))
    assert torch.equal(both["right"], transform(right, ids="a"))


def test_corrupt_transform_of_a_video_does_not_flicker() -> None:
    tv_tensors = pytest.importorskip("torchvision.tv_tensors")
    clip = tv_tensors.Video(IMAGE[None].repeat(3, 1, 1, 1))
    masks = tv_tensors.Mask(MASK[None].repeat(3, 1, 1))
    smoky = Corrupt("smoke", 4)(clip, ids="a")
    assert type(smoky) is tv_tensors.Video
    assert all(torch.equal(frame, smoky[0]) for frame in smoky)
    warped, moved = Corrupt("elastic_transform", 5)(clip, masks, ids="a")
    image, mask = Corrupt("elastic_transform", 5)(IMAGE, MASK, ids="a")
    assert all(torch.equal(frame, image) for frame in warped.as_subclass(Tensor))
    assert all(torch.equal(frame, mask) for frame in moved.as_subclass(Tensor))
    noisy = Corrupt("gaussian_noise", 4)(clip, ids="a")
    assert not torch.equal(noisy[0], noisy[1])
    clips = Corrupt("gaussian_noise", 4)(tv_tensors.Video(torch.stack([clip, clip])), ids=["a", "b"])
    assert torch.equal(clips[0].as_subclass(Tensor), noisy.as_subclass(Tensor))
    assert not torch.equal(clips[1], clips[0])


@pytest.mark.parametrize("mode", ["L", "P", "I;16"])
def test_corrupt_transform_of_pil_images(mode: str) -> None:
    image = Image.fromarray(IMAGE.permute(1, 2, 0).numpy())
    mask = Image.fromarray(MASK.to(torch.uint16 if mode == "I;16" else torch.uint8).numpy())
    if mode == "P":
        mask.putpalette([7, 8, 9] * 256)
    changed, moved = Corrupt("elastic_transform", 5)(image, mask, ids="a")
    expected, labels = Corrupt("elastic_transform", 5)(IMAGE, MASK, ids="a")
    assert torch.equal(torch.from_numpy(np.array(changed)).permute(2, 0, 1), expected)
    assert moved.mode == mode
    assert np.array_equal(np.array(moved), labels.numpy())
    assert moved.getpalette() == mask.getpalette()


def test_random_corruption_in_a_data_loader_does_not_depend_on_the_workers() -> None:
    pytest.importorskip("torchvision")
    data = [{"image": image, "mask": mask, "id": str(number)} for image, mask, number in FRAMES]
    transform = RandomCorruption("elastic_transform,shot_noise", p=0.8, seed=3)
    serial, parallel = (
        list(DataLoader(CorruptedDataset(data, transform), batch_size=4, num_workers=workers)) for workers in (0, 2)
    )
    for one, two in zip(serial, parallel, strict=True):
        assert torch.equal(one["image"], two["image"])
        assert torch.equal(one["mask"], two["mask"])


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
    (lambda: Corrupt("smoke", 3)({"image": "a.png", "frame": IMAGE}), "got str, Tensor: add the image"),
    (lambda: Corrupt("smoke", 3)({"label": 3}), "got int: add the image"),
    (lambda: Corrupt("smoke", 3)(None), "got NoneType"),
    (lambda: Corrupt("smoke", 9), "got 9"),
    (
        lambda: Corrupt("smoke", 3)(torch.cat([IMAGE, IMAGE[:1]])),
        r"got a tensor \(4, 48, 64\): .* drop an alpha channel",
    ),
    (lambda: Corrupt("smoke", 3)(Image.new("RGBA", (64, 48))), r"PIL image of mode RGBA: call its convert\('RGB'\)"),
    (lambda: Corrupt("smoke", 3)(Image.new("L", (64, 48))), "PIL image of mode L"),
    (
        lambda: Corrupt("elastic_transform", 3)({"image": IMAGE, "mask": MASK[:40]}),
        r"masks \(48, 64\) .* got \(40, 64\)",
    ),
    (lambda: Corrupt("elastic_transform", 3)({"image": IMAGE, "boxes": torch.ones(1, 4)}), "Expected 'boxes' as"),
    (lambda: Corrupt("elastic_transform", 3)({"image": IMAGE, "bboxes": [[1, 2, 3, 4]]}), "Expected 'bboxes' as"),
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
