"""Suites that select the implementation of a corruption."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions import Corruption, load_suite
from robustbench_endo.corruptions.base import CorruptedBatch
from robustbench_endo.corruptions.errors import UnknownNameError
from robustbench_endo.corruptions.registry import VARIANTS
from robustbench_endo.corruptions.rng import Noise, image_key


def test_imagenet_c_and_endoarss_select_the_models_of_the_reference() -> None:
    for variant in VARIANTS:
        assert type(load_suite("endoarss").get(variant.name)) is type(variant)
        in_package = type(load_suite("imagenet-c").get(variant.name)) is type(variant)
        assert in_package == (variant.model == "imagenet-c")
    assert all(item.region == "frame" for suite in ("imagenet-c", "endoarss") for item in load_suite(suite).corruptions)
    assert all(load_suite("endo19").get(variant.name).model == "endo" for variant in VARIANTS)
    assert [params.under for params in load_suite("endoarss").get("gamma_correction").severities] == [
        1.6,
        1.4,
        1.2,
        0.8,
        0.6,
    ]


def test_suite_files_select_a_model(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[brightness]\nmodel = "imagenet-c"\noffset = 0.2\n', encoding="utf-8")
    assert [params.offset for params in load_suite(str(path)).get("brightness").severities] == [0.2] * 5
    path.write_text('extends = "imagenet-c"\n[contrast]\nmodel = "endo"\n', encoding="utf-8")
    suite = load_suite(str(path))
    assert suite.get("contrast").model == "endo"
    assert suite.fingerprint != load_suite("imagenet-c").fingerprint
    path.write_text('[contrast]\nmodel = "imagenet"\n', encoding="utf-8")
    with pytest.raises(UnknownNameError, match="imagenet-c"):
        load_suite(str(path))


@pytest.mark.parametrize("severity", [1, 5])
@pytest.mark.parametrize("variant", VARIANTS, ids=lambda item: item.name)
def test_model_of_a_batch_in_plain_torch_agrees_with_compiled_items(
    variant: Corruption, severity: int, frames: Callable[..., Tensor], request: pytest.FixtureRequest
) -> None:
    images = frames(2, 96, 112)[..., :111]
    corruption = load_suite("endoarss").get(variant.name)
    expected = corruption(images, severity, ("a", "b"), reference_size=None)
    item = corruption(images[1:], severity, ("b",), reference_size=None)
    assert torch.equal(item.images, expected.images[1:])
    request.getfixturevalue("plain_torch")
    # The base class takes CPU images one by one; a device gets the batch at once.
    noise = Noise(tuple(image_key(0, name, variant.name) for name in ("a", "b")), images.device)
    result = corruption.apply(images, corruption.parameters(severity), noise)
    batch = result if isinstance(result, CorruptedBatch) else CorruptedBatch(result)
    assert ((batch.images.clamp(0, 1) - expected.images).abs() * 255 <= 1).float().mean() >= 0.9999
    assert batch.grid is None or torch.allclose(batch.grid, expected.grid, atol=1e-4)
