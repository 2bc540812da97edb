"""Transforms: every kind of sample, and pixels that depend on seed, epoch and id alone."""

from __future__ import annotations

import pickle
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions import Corrupt, RandomCorruption, corrupt
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


def test_the_pixels_are_those_of_corrupt() -> None:
    damaged = Corrupt("shot_noise", 3, seed=4)(IMAGE, ids="a")
    assert torch.equal(damaged, corrupt(IMAGE[None], "shot_noise", 3, ["a"], 4)[0])
    floats = Corrupt("shot_noise", 3, seed=4)(IMAGE / 255, ids="a")
    assert floats.dtype == torch.float32
    assert torch.equal((floats * 255).round().byte(), damaged)


def test_a_batch_is_its_items() -> None:
    transform = Corrupt("elastic_transform", 5)
    images, masks = torch.stack([IMAGE, IMAGE.flip(1)]), torch.stack([MASK, MASK.flip(0)])
    both = transform(images, masks[:, None], ids=["a", "b"])
    for i, name in enumerate("ab"):
        image, mask = transform(images[i], masks[i], ids=name)
        assert torch.equal(both[0][i], image)
        assert torch.equal(both[1][i, 0], mask)


def test_every_kind_of_sample_comes_back_as_it_went_in() -> None:
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
    found = (as_tuple[:2], (as_mapping["image"], as_mapping["mask"]), as_pair, (as_frame.image, as_frame.mask))
    for picture, labels in found:
        assert torch.equal(picture, image)
        assert torch.equal(labels, mask)
    assert transform(Frame(IMAGE, None, "a")).mask is None


def test_a_mask_moves_with_its_picture() -> None:
    """A picture that shows its mask still shows it afterwards."""
    wide = MASK.repeat_interleave(8, 0).repeat_interleave(8, 1)
    picture = (wide / 100).expand(3, -1, -1)
    damaged, moved = Corrupt("elastic_transform", 5)(picture, wide, ids="a")
    agrees = (damaged[0] * 100 - moved).abs() < 0.5
    assert float(agrees.float().mean()) > 0.95 > float(((damaged[0] * 100 - wide).abs() < 0.5).float().mean())


def test_where_nothing_moves_the_mask_is_the_same_object() -> None:
    image, mask = Corrupt("smoke", 5)(IMAGE, MASK)
    assert mask is MASK
    assert not torch.equal(image, IMAGE)


def test_a_float_map_in_a_tuple_is_no_mask() -> None:
    depth = torch.rand(48, 64)
    assert Corrupt("elastic_transform", 5)(IMAGE, depth)[1] is depth


def test_without_an_id_the_picture_names_itself() -> None:
    transform = Corrupt("gaussian_noise", 3)
    assert torch.equal(transform(IMAGE), transform(IMAGE))
    flat = torch.full((2, 3, 48, 64), 0.5)
    flat[1, 0, 0, 0] = 0.25
    noisy = transform(flat)
    assert float((noisy[0] == noisy[1]).float().mean()) < 0.1


def test_torchvision_types_and_pipelines() -> None:
    v2 = pytest.importorskip("torchvision.transforms.v2")
    tv_tensors = pytest.importorskip("torchvision.tv_tensors")
    pipeline = v2.Compose([v2.Identity(), Corrupt("elastic_transform", 3)])
    image, mask = pipeline(tv_tensors.Image(IMAGE), tv_tensors.Mask(MASK))
    assert isinstance(image, tv_tensors.Image)
    assert isinstance(mask, tv_tensors.Mask)
    assert torch.equal(torch.as_tensor(image), Corrupt("elastic_transform", 3)(IMAGE))


def draws(transform: RandomCorruption, count: int = 400) -> list[tuple[str, int]]:
    return [transform.choose(str(i)) for i in range(count)]


def test_draws_are_fair() -> None:
    found = draws(RandomCorruption("noise", severities=(2, 4), p=0.75, seed=1), 2000)
    happened = [pair for pair in found if pair[1]]
    assert len(happened) / 2000 == pytest.approx(0.75, abs=0.04)
    counts = Counter(happened)
    assert len(counts) == 8
    assert all(count / len(happened) == pytest.approx(1 / 8, abs=0.03) for count in counts.values())


def test_seed_epoch_and_id_decide_the_draw() -> None:
    transform = RandomCorruption(p=1.0)
    first = draws(transform)
    assert draws(RandomCorruption(p=1.0)) == first
    assert draws(RandomCorruption(p=1.0, seed=1)) != first
    transform.set_epoch(1)
    assert draws(transform) != first
    transform.set_epoch(0)
    assert draws(transform) == first


def test_an_epoch_has_noise_of_its_own() -> None:
    transform = RandomCorruption("gaussian_noise", severities=(3,), p=1.0)
    first = transform(IMAGE, ids="a")
    assert torch.equal(first, Corrupt("gaussian_noise", 3)(IMAGE, ids="a"))
    transform.set_epoch(1)
    assert not torch.equal(transform(IMAGE, ids="a"), first)


def test_what_is_left_alone_is_unchanged() -> None:
    assert torch.equal(RandomCorruption(p=0.0)(IMAGE), IMAGE)
    assert torch.equal(Corrupt("smoke", 0)(IMAGE), IMAGE)


def test_pickled_it_does_the_same() -> None:
    transform = RandomCorruption("elastic_transform,smoke", p=0.9, seed=3)
    transform.set_epoch(2)
    again = pickle.loads(pickle.dumps(transform))
    assert again.epoch == 2
    assert repr(again) == repr(transform)
    assert torch.equal(again(IMAGE, ids="q"), transform(IMAGE, ids="q"))


WRONG = [
    (lambda: Corrupt("smok", 3), "'smok': did you mean smoke"),
    (lambda: Corrupt("smoke", 6), "from 0 to 5, got 6"),
    (lambda: Corrupt("smoke", 3, suite="endo20"), "'endo20'"),
    (lambda: RandomCorruption(severities=(0,)), r"from 1 to 5, got \[0\]"),
    (lambda: RandomCorruption(severities=()), r"from 1 to 5, got \[\]"),
    (lambda: RandomCorruption(p=1.5), "from 0 to 1, got 1.5"),
    (lambda: Corrupt("smoke", 3)(IMAGE.numpy()), "got ndarray"),
    (lambda: Corrupt("smoke", 3)({"picture": IMAGE}), "got NoneType"),
    (lambda: Corrupt("smoke", 3)(IMAGE[:1]), r"got a tensor \(1, 48, 64\)"),
    (lambda: Corrupt("smoke", 3)(IMAGE.float()), "divide by the white level"),
    (lambda: Corrupt("smoke", 3)(IMAGE[None], ids=["a", "b"]), "each of the 1 images, got 2"),
]


@pytest.mark.parametrize(("call", "text"), WRONG)
def test_bad_input_is_one_sentence(call: object, text: str) -> None:
    with pytest.raises(RobustEndoError, match=text):
        call()  # type: ignore[operator]
