"""Suites: selecting, describing, fingerprints, plug-ins."""

from __future__ import annotations

import dataclasses
from typing import Annotated, ClassVar

import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions import CORRUPTIONS, Category, Corruption, Noise, Suite, load_suite
from robustbench_endo.corruptions.noise.gaussian_noise import GaussianNoise, GaussianNoiseParams
from robustbench_endo.errors import RobustEndoError

ENDO19 = load_suite("endo19")
NAMES = [item.name for item in CORRUPTIONS]


def test_suite_names_are_those_of_its_corruptions() -> None:
    assert ENDO19.names == tuple(NAMES)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("all", NAMES),
        ("noise", NAMES[:4]),
        ("blur", NAMES[4:9]),
        ("occlusion", NAMES[9:13]),
        ("digital", NAMES[13:]),
        ("smoke, noise", [*NAMES[:4], "smoke"]),
        (["smoke", "bleeding", "smoke"], ["bleeding", "smoke"]),
    ],
)
def test_suite_select_accepts_names_and_categories(names: str | list[str], expected: list[str]) -> None:
    assert list(ENDO19.select(names)) == expected


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ("smok", "got 'smok': did you mean smoke"),
        ("noise,digtal", "got 'digtal': did you mean digital"),
        ("xyzzy", "got 'xyzzy': choose from all, pairwise, noise"),
        ("", "got nothing"),
        ([], "got nothing"),
    ],
)
def test_suite_select_rejects_unknown_names(names: str | list[str], text: str) -> None:
    with pytest.raises(RobustEndoError, match=text):
        ENDO19.select(names)


@pytest.mark.parametrize(
    ("resolution", "size", "expected"),
    [
        (512, (1009, 1306), (512, 663)),
        (512, (300, 400), (300, 400)),
        ("native", (1009, 1306), (1009, 1306)),
        ((256, 256), (1009, 1306), (256, 256)),
    ],
)
def test_suite_size_follows_the_resolution(
    resolution: object, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert dataclasses.replace(ENDO19, resolution=resolution).size(*size) == expected


def test_suite_fingerprint_depends_on_the_pixels_only() -> None:
    changed = GaussianNoise((GaussianNoiseParams(0.081), *GaussianNoise().severities[1:]))
    assert dataclasses.replace(ENDO19, name="other").fingerprint == ENDO19.fingerprint
    variants = [
        ENDO19,
        ENDO19.with_corruptions(changed),
        dataclasses.replace(ENDO19, reference_size=None),
        dataclasses.replace(ENDO19, resolution=256),
        dataclasses.replace(ENDO19, corruptions=CORRUPTIONS[1:]),
    ]
    assert len({suite.fingerprint for suite in variants}) == 5


def test_suite_corrupt_uses_its_reference_size() -> None:
    images = torch.full((1, 3, 512, 512), 0.5)
    by_suite = {
        name: load_suite(name).corrupt(images, "gaussian_noise", 1, ["a"]).images for name in ("endo19", "imagenet-c")
    }
    expected = {"endo19": 256, "imagenet-c": None}
    for name, corrupted in by_suite.items():
        assert torch.equal(corrupted, GaussianNoise()(images, 1, ["a"], reference_size=expected[name]).images)


@dataclasses.dataclass(frozen=True)
class DimParams:
    factor: Annotated[float, "share"]


@dataclasses.dataclass(frozen=True)
class Dim(Corruption):
    name: ClassVar[str] = "dim"
    category: ClassVar[Category] = "occlusion"
    cause: ClassVar[str] = "The lamp is at the end of its life."
    citation: ClassVar[str] = "none"
    severities: tuple[DimParams, ...] = tuple(DimParams(0.9 - 0.1 * i) for i in range(5))

    def apply(self, images: Tensor, params: DimParams, noise: Noise) -> Tensor:
        return images * params.factor


def test_suite_with_corruptions_adds_a_user_corruption() -> None:
    suite = ENDO19.with_corruptions(Dim())
    assert suite.names == (*NAMES, "dim")
    assert "dim" in suite.select("occlusion")
    batch = suite.corrupt(torch.ones(1, 3, 32, 32), "dim", 1, ["a"])
    assert torch.allclose(batch.images, torch.tensor(0.9))
    assert suite.describe()[-1]["severities"][4] == {"factor": 0.5}
    assert "dim" not in ENDO19.names


def test_suite_with_corruptions_rejects_other_objects() -> None:
    with pytest.raises(RobustEndoError, match=r"Expected an instance of .*Corruption, got <class"):
        ENDO19.with_corruptions(Dim)


def test_suite_rejects_repeated_names() -> None:
    with pytest.raises(RobustEndoError, match="got 'dim' twice"):
        Suite("twice", None, "native", (Dim(), Dim()))
