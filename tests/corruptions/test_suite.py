"""Suites: selecting, describing, fingerprints, plug-ins."""

from __future__ import annotations

import dataclasses
from typing import Annotated, ClassVar

import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions import CORRUPTIONS, Category, Corruption, Noise, Suite, load_suite
from robustbench_endo.corruptions.noise.gaussian_noise import GaussianNoise, Params
from robustbench_endo.errors import RobustEndoError

TABLE_VII = [
    "gaussian_noise",
    "shot_noise",
    "impulse_noise",
    "speckle_noise",
    "defocus_blur",
    "gaussian_blur",
    "glass_blur",
    "motion_blur",
    "zoom_blur",
    "bleeding",
    "brightness",
    "smoke",
    "spatter",
    "contrast",
    "elastic_transform",
    "gamma_correction",
    "jpeg_compression",
    "pixelate",
    "saturate",
]
ENDO19 = load_suite("endo19")


def test_the_nineteen_in_the_order_of_the_table() -> None:
    assert [item.name for item in CORRUPTIONS] == TABLE_VII
    assert ENDO19.names == tuple(TABLE_VII)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("all", TABLE_VII),
        ("noise", TABLE_VII[:4]),
        ("blur", TABLE_VII[4:9]),
        ("occlusion", TABLE_VII[9:13]),
        ("digital", TABLE_VII[13:]),
        ("smoke, noise", [*TABLE_VII[:4], "smoke"]),
        (["smoke", "bleeding", "smoke"], ["bleeding", "smoke"]),
    ],
)
def test_select(wanted: str | list[str], expected: list[str]) -> None:
    assert list(ENDO19.select(wanted)) == expected


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ("smok", "got 'smok': did you mean smoke"),
        ("noise,digtal", "got 'digtal': did you mean digital"),
        ("xyzzy", "got 'xyzzy': choose from all, noise"),
        ("", "got nothing"),
        ([], "got nothing"),
    ],
)
def test_select_says_what_it_does_not_know(wanted: str | list[str], text: str) -> None:
    with pytest.raises(RobustEndoError, match=text):
        ENDO19.select(wanted)


@pytest.mark.parametrize(
    ("resolution", "size", "expected"),
    [
        (512, (1009, 1306), (512, 663)),
        (512, (300, 400), (300, 400)),
        ("native", (1009, 1306), (1009, 1306)),
        ((256, 256), (1009, 1306), (256, 256)),
    ],
)
def test_size(resolution: object, size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert dataclasses.replace(ENDO19, resolution=resolution).size(*size) == expected


def test_fingerprint_follows_the_pixels_not_the_name() -> None:
    changed = GaussianNoise((Params(0.081), *GaussianNoise().severities[1:]))
    assert dataclasses.replace(ENDO19, name="other").fingerprint == ENDO19.fingerprint
    variants = [
        ENDO19,
        ENDO19.with_corruptions(changed),
        dataclasses.replace(ENDO19, reference_size=None),
        dataclasses.replace(ENDO19, resolution=256),
        dataclasses.replace(ENDO19, corruptions=CORRUPTIONS[1:]),
    ]
    assert len({suite.fingerprint for suite in variants}) == 5


def test_reference_reaches_the_corruption() -> None:
    images = torch.full((1, 3, 512, 512), 0.5)
    by_suite = {
        name: load_suite(name).corrupt(images, "gaussian_noise", 1, ["a"]).images for name in ("endo19", "imagenet-c")
    }
    expected = {"endo19": 256, "imagenet-c": None}
    for name, damaged in by_suite.items():
        assert torch.equal(damaged, GaussianNoise()(images, 1, ["a"], reference_size=expected[name]).images)


@dataclasses.dataclass(frozen=True)
class DimParams:
    factor: Annotated[float, "share"]


@dataclasses.dataclass(frozen=True)
class Dim(Corruption):
    name: ClassVar[str] = "dim"
    category: ClassVar[Category] = "occlusion"
    cause: ClassVar[str] = "lamp at the end of its life"
    citation: ClassVar[str] = "none"
    severities: tuple[DimParams, ...] = tuple(DimParams(0.9 - 0.1 * i) for i in range(5))

    def apply(self, images: Tensor, params: DimParams, noise: Noise) -> Tensor:
        return images * params.factor


def test_a_users_own_corruption() -> None:
    suite = ENDO19.with_corruptions(Dim())
    assert suite.names == (*TABLE_VII, "dim")
    assert "dim" in suite.select("occlusion")
    damaged = suite.corrupt(torch.ones(1, 3, 32, 32), "dim", 1, ["a"])
    assert torch.allclose(damaged.images, torch.tensor(0.9))
    assert suite.describe()[-1]["severities"][4] == {"factor": 0.5}
    assert "dim" not in ENDO19.names


def test_what_is_no_corruption_is_refused() -> None:
    with pytest.raises(RobustEndoError, match=r"Expected an instance of .*Corruption, got <class"):
        ENDO19.with_corruptions(Dim)


def test_two_of_one_name_are_refused() -> None:
    with pytest.raises(RobustEndoError, match="got 'dim' twice"):
        Suite("twice", None, "native", (Dim(), Dim()))
