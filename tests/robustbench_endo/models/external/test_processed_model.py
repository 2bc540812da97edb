"""Models of transformers with their image processor: the pixels that the processor itself gives."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import robustbench_endo as rb
from robustbench_endo.errors import ModelError
from robustbench_endo.models.external.processed_model import from_transformers, target_size

SETTINGS = {"do_resize": True, "size": {"height": 32, "width": 40}, "image_mean": [0.5] * 3, "image_std": [0.25] * 3}
FRAMES = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, 3, 48, 64), dtype=np.uint8))


class Segmenter(nn.Module):
    """Logits of three classes from the pixels themselves, as transformers returns them."""

    def forward(self, pixel_values: Tensor) -> SimpleNamespace:
        return SimpleNamespace(logits=pixel_values)


def test_from_transformers_resizes_and_normalises() -> None:
    model = from_transformers(Segmenter(), SETTINGS)
    logits = model(FRAMES / 255)["segmentation"]
    expected = nn.functional.interpolate(FRAMES / 255, (32, 40), mode="bilinear", antialias=True)
    torch.testing.assert_close(logits, (expected - 0.5) / 0.25)
    untouched = from_transformers(Segmenter(), {**SETTINGS, "do_resize": False, "do_normalize": False})
    assert torch.equal(untouched(FRAMES / 255)["segmentation"], FRAMES / 255)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ({"height": 8, "width": 6}, (8, 6)),
        ({"shortest_edge": 24}, (24, 32)),
        ({"shortest_edge": 48, "longest_edge": 32}, (24, 32)),
        (16, (16, 16)),
        (None, (48, 64)),
    ],
)
def test_target_size_follows_the_settings(size: Any, expected: tuple[int, int]) -> None:
    assert target_size(size, (48, 64)) == expected


@pytest.mark.parametrize(
    ("model", "processor", "text"),
    [
        (3, SETTINGS, "Expected a model of transformers, got int"),
        (Segmenter(), None, "Expected an image processor, got NoneType: load it by AutoImageProcessor"),
        (Segmenter(), {}, "Expected an image processor, got dict"),
        (Segmenter(), {**SETTINGS, "do_center_crop": True}, "got one with do_center_crop: set it to False"),
        (Segmenter(), {**SETTINGS, "resample": 1}, "Expected the resampling of Pillow 0, 2 or 3, got 1"),
        (
            Segmenter(),
            {**SETTINGS, "size": {"pixels": 3}},
            "Expected a processor size with height and width or shortest_edge",
        ),
        (nn.Identity(), SETTINGS, "Cannot run|Expected logits from|unexpected keyword"),
    ],
)
def test_from_transformers_refuses_what_it_cannot_follow(model: Any, processor: Any, text: str) -> None:
    with pytest.raises((ModelError, TypeError), match=text):
        from_transformers(model, processor)(FRAMES / 255)


@pytest.fixture(scope="module")
def segformer() -> Any:
    transformers = pytest.importorskip("transformers")
    config = transformers.SegformerConfig(
        num_encoder_blocks=2, depths=[1, 1], sr_ratios=[2, 1], hidden_sizes=[8, 16], patch_sizes=[7, 3], strides=[4, 2],
        num_attention_heads=[1, 2], mlp_ratios=[2, 2], decoder_hidden_size=16, id2label={0: "tissue", 1: "shaft"},
        label2id={"tissue": 0, "shaft": 1},
    )  # fmt: skip
    torch.manual_seed(0)
    return transformers.SegformerForSemanticSegmentation(config)


@pytest.mark.parametrize("resample", [2, 3])
def test_from_transformers_gives_the_pixels_of_the_processor(segformer: Any, resample: int) -> None:
    transformers = pytest.importorskip("transformers")
    processor = transformers.SegformerImageProcessor(size={"height": 40, "width": 56}, resample=resample)
    wrapped = from_transformers(segformer, processor)
    pixels = processor(images=list(FRAMES), return_tensors="pt")["pixel_values"]
    # The processor rounds the resized image to 8 bits: half a level, divided by the standard deviation.
    ours = wrapped.inner.resize(FRAMES / 255)
    mean, std = (torch.tensor(getattr(processor, name)).view(3, 1, 1) for name in ("image_mean", "image_std"))
    assert ((ours - mean) / std - pixels).abs().max() < 1.5 / 255 / std.min()
    with torch.inference_mode():
        expected = segformer.eval()(pixel_values=pixels).logits
        logits = wrapped.eval()(FRAMES / 255)["segmentation"]
    assert logits.shape == expected.shape
    assert (logits - expected).abs().max() < 0.02 * expected.abs().max()


def test_evaluate_a_model_of_transformers(segformer: Any) -> None:
    transformers = pytest.importorskip("transformers")
    model = from_transformers(
        copy.deepcopy(segformer), transformers.SegformerImageProcessor(size={"height": 32, "width": 32})
    )
    assert model.classes == ("tissue", "shaft")
    frames = [(FRAMES[0], torch.randint(0, 2, (48, 64)))]
    data = rb.from_torch(frames, classes=["tissue", "shaft"])
    assert len(rb.evaluate({"segformer": model}, data, "contrast", 3).frame) == 2
    with pytest.warns(UserWarning, match=r"without its image processor: .* rb.from_transformers\(model, processor\)"):
        rb.evaluate(segformer, data, "clean")
